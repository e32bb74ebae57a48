//! Whatever the autoreset mode, a lane lives the same episodes.
#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use proptest::sample::select;
use spikedrive_env::{
    Action, Autoreset, Course, EndReason, Phase, Split, StepBatch, VectorWorld, WorldConfig, WorldOptions, WorldPreset,
};

/// What a driver gets of an episode.
#[derive(Clone, Debug, Default, PartialEq)]
struct Episode {
    /// From the first to the final one.
    observations: Vec<Vec<f32>>,
    rewards: Vec<f64>,
    end: Option<EndReason>,
}

/// Chooses by the observation, and sometimes badly: the same in every mode, because it looks at nothing but the episode so far.
fn drive(episode: &Episode, badness: usize) -> Action {
    let (seen, steps) = (episode.observations.last().unwrap(), episode.rewards.len());
    match seen[0] - seen[seen.len() - 1] {
        _ if steps >= badness => Action::Left,
        difference if difference > 1.0 => Action::Left,
        difference if difference < -1.0 => Action::Right,
        _ => Action::Straight,
    }
}

/// The lanes as their driver sees them, in any autoreset mode.
struct Log {
    world: VectorWorld,
    past: Vec<Vec<Episode>>,
    present: Vec<Episode>,
}

impl Log {
    fn new(config: WorldConfig) -> Self {
        let (lanes, world) = (config.lanes, VectorWorld::new(config).unwrap());
        let present = vec![Episode::default(); lanes];
        let mut log = Self { world, past: vec![Vec::new(); lanes], present };
        (0..lanes).for_each(|lane| log.begin(lane));
        log
    }

    fn lane<'a>(&self, values: &'a [f32], lane: usize) -> &'a [f32] {
        let rays = self.world.config().options.rays;
        &values[lane * rays..][..rays]
    }

    fn begin(&mut self, lane: usize) {
        let first = self.lane(self.world.observations(), lane).to_vec();
        let ended =
            std::mem::replace(&mut self.present[lane], Episode { observations: vec![first], ..Episode::default() });
        if ended.end.is_some() {
            self.past[lane].push(ended);
        }
    }

    fn step(&mut self, badness: usize) {
        let mode = self.world.config().autoreset;
        if mode == Autoreset::Disabled && self.present.iter().any(|episode| episode.end.is_some()) {
            let mask: Vec<bool> = self.present.iter().map(|episode| episode.end.is_some()).collect();
            self.world.reset(&mask).unwrap();
            (0..mask.len()).filter(|&lane| mask[lane]).for_each(|lane| self.begin(lane));
        }
        let actions: Vec<Action> = self.present.iter().map(|episode| drive(episode, badness)).collect();
        let batch = self.world.step(&actions).unwrap().clone();
        let mut ended = 0;
        for lane in 0..actions.len() {
            if self.present[lane].end.is_some() {
                assert_eq!((mode, batch.rewards[lane], batch.ends[lane]), (Autoreset::NextStep, 0.0, None));
                self.begin(lane);
                continue;
            }
            let same_step = mode == Autoreset::SameStep && batch.ends[lane].is_some();
            let (values, row) =
                if same_step { (&batch.final_observations, ended) } else { (&batch.observations, lane) };
            let seen = self.lane(values, row).to_vec();
            let episode = &mut self.present[lane];
            episode.observations.push(seen);
            episode.rewards.push(batch.rewards[lane]);
            episode.end = batch.ends[lane];
            if same_step {
                ended += 1;
                self.begin(lane);
            }
        }
        assert_eq!(batch.final_observations.len(), ended * self.world.config().options.rays);
    }
}

/// The first `episodes` episodes of each lane.
fn episodes(config: &WorldConfig, autoreset: Autoreset, episodes: usize, badness: usize) -> Vec<Vec<Episode>> {
    let mut log = Log::new(WorldConfig { autoreset, ..config.clone() });
    while log.past.iter().any(|past| past.len() < episodes) {
        log.step(badness);
    }
    log.past.into_iter().map(|past| past[..episodes].to_vec()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_mode_gives_the_same_episodes(
        (phase, split) in (select(Phase::ALL.to_vec()), select(Split::ALL.to_vec())),
        preset in select(WorldPreset::ALL.to_vec()),
        rays in select(vec![3, 5, 9]),
        (lanes, horizon, badness) in (1usize..6, 1usize..50, 1usize..60),
        (seed, first_episode) in (any::<u64>(), any::<u64>()),
    ) {
        let options = WorldOptions { rays, ..preset.options() };
        let base = WorldConfig::base(Course::Phase { phase, split }, lanes, horizon);
        let config = WorldConfig { seed, first_episode, options, ..base };
        let expected = episodes(&config, Autoreset::NextStep, 3, badness);
        prop_assert_eq!(&episodes(&config, Autoreset::SameStep, 3, badness), &expected);
        prop_assert_eq!(&episodes(&config, Autoreset::Disabled, 3, badness), &expected);
    }
}

fn same_step(lanes: usize) -> VectorWorld {
    let course = Course::Phase { phase: Phase::Straight, split: Split::Train };
    VectorWorld::new(WorldConfig { autoreset: Autoreset::SameStep, info: true, ..WorldConfig::base(course, lanes, 2) })
        .unwrap()
}

#[test]
fn the_step_that_ends_an_episode_begins_the_next_one() {
    let mut world = same_step(2);
    // Lane 1 begins anew: its horizon of 2 is reached one step after that of lane 0.
    world.step(&[Action::Straight; 2]).unwrap();
    world.reset(&[false, true]).unwrap();
    let StepBatch { observations, rewards, ends, final_observations, .. } = world.step(&[Action::Straight; 2]).unwrap();
    assert_eq!(ends, &[Some(EndReason::Horizon), None]);
    assert!(rewards.iter().all(|reward| (0.4..=2.5).contains(reward)), "of the episode that ended: {rewards:?}");
    assert_eq!(final_observations.len(), 3);
    assert_ne!(observations[..3], final_observations[..], "lane 0 sees its next episode");
    let (begun, steps) = (&world.info().unwrap().roads, [0, 1].map(|lane| world.drive(lane).unwrap().steps()));
    assert_eq!((begun.iter().map(|road| road.lane).collect::<Vec<_>>(), steps), (vec![0], [0, 1]));
    assert_eq!(world.info().unwrap().poses[0], spikedrive_env::Pose::of(world.drive(0).unwrap()));
    let next = world.step(&[Action::Straight; 2]).unwrap();
    assert_eq!((&next.ends[..], next.final_observations.len()), (&[None, Some(EndReason::Horizon)][..], 3));
}

#[test]
fn a_reset_begins_the_next_episode_at_once_and_has_no_final_observations() {
    let mut world = same_step(2);
    world.step(&[Action::Straight; 2]).unwrap();
    let ended = world.step(&[Action::Straight; 2]).unwrap();
    assert_eq!(ended.final_observations.len(), 6);
    let second = ended.observations.clone();
    let reset = world.reset(&[true, false]).unwrap();
    assert_eq!((&reset.rewards[..], &reset.ends[..]), (&[0.0; 2][..], &[None; 2][..]));
    assert_eq!(reset.final_observations, []);
    assert_ne!(reset.observations[..3], second[..3], "lane 0 is in its third episode");
    assert_eq!(reset.observations[3..], second[3..]);
}
