//! Many lanes, stepped together.

use rayon::prelude::*;

use crate::config::Autoreset;
use crate::lane::{Lane, SharedTracks};
use crate::state::LaneState;
use crate::{Action, ConfigError, Drive, EndReason, LaneInfo, LaneRoad, Pose, Road, Transition, WorldConfig};

/// From this many lanes on, a step is worth the threads that it wakes: on two cores 256 lanes gain nothing, 512 a third or more (`cargo bench -p
/// spikedrive-env -- threads`).
const PARALLEL_LANES: usize = 512;
/// Lanes that a thread drives before it looks for more.
const LANES_A_TASK: usize = 128;

/// What one step of all lanes gave.
#[derive(Clone, Debug, PartialEq)]
pub struct StepBatch {
    /// `lanes × rays` distances, lane by lane. After the last step of an episode: what the car sees at its end; in mode SAME_STEP
    /// the first observation of the lane's next episode.
    pub observations: Vec<f32>,
    /// Reward of each lane.
    pub rewards: Vec<f64>,
    /// Why each lane's episode ended, if it ended with this step.
    pub ends: Vec<Option<EndReason>>,
    /// In mode SAME_STEP what the cars saw at the end of the episodes that ended with this step: `ended lanes × rays`, in the order
    /// of the lanes. In the other modes empty.
    pub final_observations: Vec<f32>,
    /// Return and length of the episodes that ended with this step, in the order of the lanes.
    pub finished: Vec<Finished>,
}

/// An episode that is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finished {
    /// Sum of its rewards.
    pub episode_return: f64,
    /// Its steps.
    pub length: u32,
}

/// Why lanes cannot be stepped or reset. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LaneError {
    /// There is not one action, or one mark of the mask, for each lane.
    #[error("{given} values for {lanes} lanes: send one for each lane")]
    WrongCount {
        /// Actions or marks given.
        given: usize,
        /// Lanes there are.
        lanes: usize,
    },
    /// Autoreset is disabled, and the lane's episode is over.
    #[error("the episode of lane {0} is over and autoreset is DISABLED: reset it first")]
    EpisodeOver(usize),
}

/// `lanes` independent cars. Lane k of seed s lives the same episodes whatever the number of lanes.
///
/// In autoreset mode NEXT_STEP (Gymnasium's default) the step after the end of an episode ignores the lane's action and returns
/// the first observation of its next episode with reward 0: it is no step of either episode. In mode SAME_STEP the step that ends
/// an episode begins the next one as well. In mode DISABLED a step after the end is an error, and [`VectorWorld::reset`] starts the
/// next episode. In every mode a lane lives the same episodes.
#[derive(Clone, Debug)]
pub struct VectorWorld {
    config: WorldConfig,
    lanes: Vec<Lane>,
    tracks: SharedTracks,
    batch: StepBatch,
    info: Option<LaneInfo>,
    driven: u64,
}

impl VectorWorld {
    /// Makes the lanes and resets each to the first episode.
    pub fn new(config: WorldConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let mut tracks = SharedTracks::default();
        let lanes: Vec<Lane> = (0..config.lanes as u64)
            .map(|number| Lane::begin(number, config.first_episode, &config, &mut tracks))
            .collect();
        Ok(Self::of(config, lanes, tracks))
    }

    fn of(config: WorldConfig, lanes: Vec<Lane>, tracks: SharedTracks) -> Self {
        let batch = StepBatch {
            observations: lanes.iter().flat_map(|lane| lane.drive.observation()).copied().collect(),
            rewards: vec![0.0; config.lanes],
            ends: vec![None; config.lanes],
            final_observations: Vec::new(),
            finished: Vec::new(),
        };
        let info = config.info.then(LaneInfo::default);
        let mut world = Self { config, lanes, tracks, batch, info, driven: 0 };
        world.inform();
        world
    }

    /// The present moment of every lane. [`VectorWorld::resume`] makes of it, with the same configuration, a world with the same
    /// future bit for bit.
    pub fn state(&self) -> Vec<LaneState> {
        self.lanes.iter().map(Lane::state).collect()
    }

    /// A world that goes on where another was when it told its state. Its batch is that of a reset: the present observations, no
    /// reward and no end; its info tells all roads.
    pub fn resume(config: WorldConfig, state: &[LaneState]) -> Result<Self, ConfigError> {
        config.validate()?;
        if state.len() != config.lanes {
            let reason = format!("{} lanes instead of {}", state.len(), config.lanes);
            return Err(ConfigError { field: "lanes", reason });
        }
        let mut tracks = SharedTracks::default();
        let lanes = state.iter().zip(0..).map(|(state, number)| Lane::resume(number, state, &config, &mut tracks));
        let lanes = lanes.collect::<Result<_, _>>()?;
        Ok(Self::of(config, lanes, tracks))
    }

    /// What the world was made from.
    pub fn config(&self) -> &WorldConfig {
        &self.config
    }

    /// The observations that the next actions answer: `lanes × rays`.
    pub fn observations(&self) -> &[f32] {
        &self.batch.observations
    }

    /// What the last step or reset gave; before the first, what a reset gives.
    pub fn batch(&self) -> &StepBatch {
        &self.batch
    }

    /// Where the cars are now, and the roads of the episodes that the last step or reset began, if the configuration asks for it.
    pub fn info(&self) -> Option<&LaneInfo> {
        self.info.as_ref()
    }

    /// Steps of all lanes since this world was made: no resets.
    pub fn driven(&self) -> u64 {
        self.driven
    }

    /// The state of a lane.
    pub fn drive(&self, lane: usize) -> Option<&Drive> {
        self.lanes.get(lane).map(|lane| &lane.drive)
    }

    /// Steps every lane; one action for each.
    pub fn step(&mut self, actions: &[Action]) -> Result<&StepBatch, LaneError> {
        self.check_count(actions.len())?;
        if self.config.autoreset == Autoreset::Disabled
            && let Some(lane) = self.lanes.iter().position(|lane| lane.ended)
        {
            return Err(LaneError::EpisodeOver(lane));
        }
        let resting = self.lanes.iter().filter(|lane| lane.ended).count();
        self.driven += (self.lanes.len() - resting) as u64;
        self.drive_all(actions);
        self.begin_and_finish();
        self.inform();
        Ok(&self.batch)
    }

    /// Starts the next episode on every lane that `mask` marks, whether the present one is over or not. The rewards and ends of
    /// the batch are those of no step: 0 and none.
    pub fn reset(&mut self, mask: &[bool]) -> Result<&StepBatch, LaneError> {
        self.check_count(mask.len())?;
        let observations = self.batch.observations.chunks_exact_mut(self.config.options.rays);
        for ((lane, observation), &marked) in self.lanes.iter_mut().zip(observations).zip(mask) {
            lane.began = marked;
            if marked {
                lane.begin_next(&self.config, &mut self.tracks);
                observation.copy_from_slice(lane.drive.observation());
            }
        }
        self.batch.rewards.fill(0.0);
        self.batch.ends.fill(None);
        self.batch.final_observations.clear();
        self.batch.finished.clear();
        self.inform();
        Ok(&self.batch)
    }

    /// Drives every lane whose episode is not over, on several threads where there are many.
    fn drive_all(&mut self, actions: &[Action]) {
        let Self { config, lanes, batch, .. } = self;
        let rays = config.options.rays;
        let drive =
            |lanes: &mut [Lane], actions: &[Action], batch: (&mut [f32], &mut [f64], &mut [Option<EndReason>])| {
                let (observations, rewards, ends) = batch;
                let answers = observations.chunks_exact_mut(rays).zip(rewards).zip(ends);
                for ((lane, &action), ((observation, reward), end)) in lanes.iter_mut().zip(actions).zip(answers) {
                    (*reward, *end) = (0.0, None);
                    if !lane.ended {
                        Transition { reward: *reward, end: *end } = lane.step(action);
                        observation.copy_from_slice(lane.drive.observation());
                    }
                }
            };
        if lanes.len() < PARALLEL_LANES {
            return drive(lanes, actions, (&mut batch.observations, &mut batch.rewards, &mut batch.ends));
        }
        let answers = batch.observations.par_chunks_mut(LANES_A_TASK * rays);
        let answers =
            answers.zip(batch.rewards.par_chunks_mut(LANES_A_TASK)).zip(batch.ends.par_chunks_mut(LANES_A_TASK));
        let driven = lanes.par_chunks_mut(LANES_A_TASK).zip(actions.par_chunks(LANES_A_TASK));
        driven.zip(answers).for_each(|((lanes, actions), ((observations, rewards), ends))| {
            drive(lanes, actions, (observations, rewards, ends));
        });
    }

    /// Begins the episodes that are due, and tells of those that ended.
    fn begin_and_finish(&mut self) {
        let Self { config, lanes, tracks, batch, .. } = self;
        batch.final_observations.clear();
        batch.finished.clear();
        let observations = batch.observations.chunks_exact_mut(config.options.rays);
        for ((lane, end), observation) in lanes.iter_mut().zip(&batch.ends).zip(observations) {
            if !lane.ended {
                continue;
            }
            let ended_now = end.is_some();
            if ended_now {
                let length = u32::try_from(lane.drive.steps()).unwrap_or(u32::MAX);
                batch.finished.push(Finished { episode_return: lane.episode_return, length });
            }
            match config.autoreset {
                Autoreset::NextStep if ended_now => continue,
                Autoreset::Disabled => continue,
                Autoreset::SameStep => batch.final_observations.extend(lane.drive.observation()),
                Autoreset::NextStep => {}
            }
            lane.begin_next(config, tracks);
            observation.copy_from_slice(lane.drive.observation());
        }
    }

    fn check_count(&self, given: usize) -> Result<(), LaneError> {
        let lanes = self.lanes.len();
        if given == lanes { Ok(()) } else { Err(LaneError::WrongCount { given, lanes }) }
    }

    fn inform(&mut self) {
        let Some(info) = &mut self.info else { return };
        info.poses.clear();
        info.poses.extend(self.lanes.iter().map(|lane| Pose::of(&lane.drive)));
        let begun = self.lanes.iter().enumerate().filter(|(_, lane)| lane.began);
        info.roads =
            begun.map(|(k, lane)| LaneRoad { lane: k, road: Road::of(lane.drive.track(), lane.track) }).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Course, Phase, Split, WorldOptions, WorldPreset};

    fn config(lanes: usize, split: Split) -> WorldConfig {
        WorldConfig { seed: 7, ..WorldConfig::base(Course::Phase { phase: Phase::Complex, split }, lanes, 30) }
    }

    /// Steers towards the side with more room: stays on the road, so that episodes reach their horizon.
    fn steer(observation: &[f32]) -> Action {
        match observation[0] - observation[observation.len() - 1] {
            d if d > 1.0 => Action::Left,
            d if d < -1.0 => Action::Right,
            _ => Action::Straight,
        }
    }

    fn steer_all(world: &VectorWorld) -> Vec<Action> {
        world.observations().chunks(world.config().options.rays).map(steer).collect()
    }

    fn record(mut world: VectorWorld, lane: usize, steps: usize) -> Vec<(Vec<f32>, f64, Option<EndReason>)> {
        let rays = world.config().options.rays;
        (0..steps)
            .map(|_| {
                let actions = steer_all(&world);
                let batch = world.step(&actions).unwrap();
                (batch.observations[lane * rays..][..rays].to_vec(), batch.rewards[lane], batch.ends[lane])
            })
            .collect()
    }

    #[test]
    fn a_lane_lives_the_same_episodes_alone_or_among_others_in_every_world() {
        let wide =
            WorldOptions { rays: 7, varying_width: true, predictive_reward: 0.5, ..WorldPreset::HardStorm.options() };
        for options in [WorldOptions::default(), wide] {
            for split in Split::ALL {
                let of =
                    |lanes| record(VectorWorld::new(WorldConfig { options, ..config(lanes, split) }).unwrap(), 1, 100);
                assert_eq!(of(2), of(9), "{split:?} {options:?}");
            }
        }
    }

    #[test]
    fn the_step_after_the_end_resets_and_counts_for_nothing() {
        let steps = record(VectorWorld::new(config(1, Split::Train)).unwrap(), 0, 62);
        assert_eq!(steps[29].2, Some(EndReason::Horizon));
        assert_eq!((steps[30].1, steps[30].2), (0.0, None));
        assert_ne!(steps[29].0, steps[30].0);
        assert_eq!(steps[60].2, Some(EndReason::Horizon));
    }

    #[test]
    fn without_autoreset_an_ended_lane_waits_for_its_reset() {
        let disabled = WorldConfig { autoreset: Autoreset::Disabled, ..config(2, Split::Train) };
        let mut world = VectorWorld::new(disabled).unwrap();
        for _ in 0..30 {
            let actions = steer_all(&world);
            world.step(&actions).unwrap();
        }
        let before = world.observations().to_vec();
        let error = world.step(&[Action::Straight; 2]).unwrap_err();
        assert_eq!(error, LaneError::EpisodeOver(0));
        assert!(error.to_string().contains("lane 0 is over and autoreset is DISABLED: reset it first"));
        assert_eq!(world.reset(&[true]).unwrap_err(), LaneError::WrongCount { given: 1, lanes: 2 });
        assert_eq!(world.observations(), before);

        let automatic = record(VectorWorld::new(config(2, Split::Train)).unwrap(), 0, 62);
        let reset = world.reset(&[true, false]).unwrap();
        assert_eq!(reset.observations[..3], automatic[30].0);
        assert_eq!((reset.observations[3..].to_vec(), &reset.rewards[..]), (before[3..].to_vec(), &[0.0; 2][..]));
        assert_eq!(world.step(&[Action::Straight; 2]).unwrap_err(), LaneError::EpisodeOver(1));
    }

    #[test]
    fn in_mode_same_step_the_next_episode_begins_where_one_ends() {
        let next_step = record(VectorWorld::new(config(2, Split::Train)).unwrap(), 1, 62);
        let mut world =
            VectorWorld::new(WorldConfig { autoreset: Autoreset::SameStep, ..config(2, Split::Train) }).unwrap();
        for (step, then) in next_step.iter().enumerate().filter(|(step, _)| step % 31 != 30) {
            let actions = steer_all(&world);
            let batch = world.step(&actions).unwrap();
            let (seen, ended) = (&batch.observations[3..], step % 31 == 29);
            assert_eq!((batch.rewards[1], batch.ends[1], batch.ends[1].is_some()), (then.1, then.2, ended));
            if ended {
                assert_eq!((seen, &batch.final_observations[3..]), (&next_step[step + 1].0[..], &then.0[..]));
            } else {
                assert_eq!((seen, &batch.final_observations[..]), (&then.0[..], &[][..]));
            }
        }
    }

    #[test]
    fn first_episode_continues_the_sequence() {
        let whole = record(VectorWorld::new(config(1, Split::Train)).unwrap(), 0, 93);
        let resumed = VectorWorld::new(WorldConfig { first_episode: 2, ..config(1, Split::Train) }).unwrap();
        assert_eq!(resumed.observations(), whole[61].0);
        assert_eq!(record(resumed, 0, 30), whole[62..92]);
    }

    #[test]
    fn one_lane_over_many_episodes_and_many_lanes_over_one_drive_the_same_test() {
        let options = WorldPreset::HardStorm.options();
        let wide = VectorWorld::new(WorldConfig { options, ..config(20, Split::Validation) }).unwrap();
        for episode in 0..20 {
            let first_episode = episode as u64;
            let narrow =
                VectorWorld::new(WorldConfig { first_episode, seed: 99, options, ..config(1, Split::Validation) })
                    .unwrap();
            assert_eq!(narrow.observations(), &wide.observations()[episode * 3..][..3]);
        }
    }

    #[test]
    fn a_wrong_number_of_actions_changes_nothing() {
        let mut world = VectorWorld::new(config(2, Split::Train)).unwrap();
        let before = world.observations().to_vec();
        let error = world.step(&[Action::Left]).unwrap_err();
        assert_eq!(error.to_string(), "1 values for 2 lanes: send one for each lane");
        assert_eq!(world.observations(), before);
    }

    #[test]
    fn info_tells_where_the_cars_are_and_changes_nothing() {
        let quiet = config(2, Split::Validation);
        let mut told = VectorWorld::new(WorldConfig { info: true, ..quiet.clone() }).unwrap();
        let mut plain = VectorWorld::new(quiet).unwrap();
        let tracks = |world: &VectorWorld| {
            world.info().unwrap().roads.iter().map(|road| (road.lane, road.road.track)).collect::<Vec<_>>()
        };
        let first = Split::Validation.first_track();
        assert_eq!((tracks(&told), plain.info()), (vec![(0, first), (1, first + 1)], None));
        for step in 0..62 {
            let actions = steer_all(&told);
            assert_eq!(told.step(&actions).unwrap(), plain.step(&actions).unwrap());
            let info = told.info().unwrap();
            for (lane, pose) in info.poses.iter().enumerate() {
                let motion = plain.drive(lane).unwrap().motion();
                assert_eq!((pose.position, pose.heading_rad), (motion.car.position, motion.car.heading_rad));
                assert_eq!(pose.lateral_deviation, motion.lateral_deviation);
            }
            let begun = if step == 30 || step == 61 { 2 } else { 0 };
            assert_eq!((info.roads.len(), plain.info()), (begun, None), "step {step}");
        }
        told.reset(&[false, true]).unwrap();
        assert_eq!(tracks(&told), [(1, first + 4)]);
        told.reset(&[false, false]).unwrap();
        assert_eq!(tracks(&told), []);
    }

    #[test]
    fn roads_that_no_message_holds_are_refused() {
        let info = WorldConfig { info: true, ..config(769, Split::Train) };
        assert!(info.validate().is_ok() && info.clone().with_info(true).info);
        let more = WorldConfig { lanes: 770, ..info };
        let text = more.validate().unwrap_err().to_string();
        assert!(text.starts_with("info: the roads of 770 lanes are 200200 units long, more than 200000: "), "{text}");
        assert!(!more.clone().with_info(true).info && !config(1, Split::Train).with_info(false).info);
        assert!(VectorWorld::new(more).is_err());
    }

    #[test]
    fn bang_bang_drives_every_phase_without_a_crash() {
        for phase in Phase::ALL {
            let course = Course::Phase { phase, split: Split::Test };
            let mut world = VectorWorld::new(WorldConfig::base(course, 50, 100)).unwrap();
            let mut total = 0.0;
            for _ in 0..100 {
                let actions = steer_all(&world);
                let batch = world.step(&actions).unwrap();
                assert!(batch.ends.iter().all(|end| *end != Some(EndReason::Crash)), "{phase:?}");
                total += batch.rewards.iter().sum::<f64>() / 50.0;
            }
            let expected = [241.5, 243.4, 235.6, 232.6][phase as usize - 1];
            assert!((total - expected).abs() < 3.0, "{phase:?}: {total} instead of about {expected}");
        }
    }
}
