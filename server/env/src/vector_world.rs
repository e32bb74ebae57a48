//! Many lanes, stepped together, in autoreset mode NEXT_STEP.

use std::sync::Arc;

use crate::drive::Start;
use crate::random::{self, Purpose, below};
use crate::{
    Action, ConfigError, Course, Drive, EndReason, OBSERVATION_SIZE, Phase, Split, Track, Transition, WorldConfig,
};

/// What one step of all lanes gave.
#[derive(Clone, Debug, PartialEq)]
pub struct StepBatch {
    /// `lanes × 3` distances, lane by lane. After the last step of an episode: what the car sees at its end.
    pub observations: Vec<f32>,
    /// Reward of each lane.
    pub rewards: Vec<f64>,
    /// Why each lane's episode ended, if it ended with this step.
    pub ends: Vec<Option<EndReason>>,
}

/// A batch of actions that does not have one action for each lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{given} actions for {lanes} lanes: send one action for each lane")]
pub struct WrongLaneCount {
    /// Actions given.
    pub given: usize,
    /// Lanes there are.
    pub lanes: usize,
}

/// `lanes` independent cars. Lane k of seed s lives the same episodes whatever the number of lanes.
///
/// Autoreset mode NEXT_STEP (Gymnasium's default): the step after the end of an episode ignores the lane's action and
/// returns the first observation of its next episode with reward 0. It is no step of either episode.
#[derive(Clone, Debug)]
pub struct VectorWorld {
    config: WorldConfig,
    lanes: Vec<Lane>,
    batch: StepBatch,
}

#[derive(Clone, Debug)]
struct Lane {
    drive: Drive,
    episode: u64,
    ended: bool,
}

impl VectorWorld {
    /// Makes the lanes and resets each to the first episode.
    pub fn new(config: WorldConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let lanes: Vec<Lane> = (0..config.lanes as u64)
            .map(|lane| Lane {
                drive: first_pose(&config, lane, config.first_episode),
                episode: config.first_episode,
                ended: false,
            })
            .collect();
        let observations = lanes.iter().flat_map(|lane| lane.drive.observe()).collect();
        let batch = StepBatch { observations, rewards: vec![0.0; config.lanes], ends: vec![None; config.lanes] };
        Ok(Self { config, lanes, batch })
    }

    /// What the world was made from.
    pub fn config(&self) -> &WorldConfig {
        &self.config
    }

    /// The observations that the next actions answer: `lanes × 3`.
    pub fn observations(&self) -> &[f32] {
        &self.batch.observations
    }

    /// The state of a lane.
    pub fn drive(&self, lane: usize) -> Option<&Drive> {
        self.lanes.get(lane).map(|lane| &lane.drive)
    }

    /// Steps every lane. A wrong number of actions changes nothing.
    pub fn step(&mut self, actions: &[Action]) -> Result<&StepBatch, WrongLaneCount> {
        if actions.len() != self.lanes.len() {
            return Err(WrongLaneCount { given: actions.len(), lanes: self.lanes.len() });
        }
        for (k, (lane, &action)) in self.lanes.iter_mut().zip(actions).enumerate() {
            let Transition { reward, end } = lane.step(action, &self.config, k as u64);
            self.batch.rewards[k] = reward;
            self.batch.ends[k] = end;
            self.batch.observations[k * OBSERVATION_SIZE..][..OBSERVATION_SIZE].copy_from_slice(&lane.drive.observe());
        }
        Ok(&self.batch)
    }
}

impl Lane {
    fn step(&mut self, action: Action, config: &WorldConfig, number: u64) -> Transition {
        if std::mem::take(&mut self.ended) {
            self.episode = self.episode.wrapping_add(1);
            self.drive = first_pose(config, number, self.episode);
            return Transition { reward: 0.0, end: None };
        }
        let transition = self.drive.step(action);
        self.ended = transition.end.is_some();
        transition
    }
}

/// The car at the start of an episode of a lane.
///
/// Training draws track and start from the lane's stream. A held-out split is a fixed list: lane k drives track
/// `(k + episode) mod tracks` in that episode, always from the same start, so that one lane over 50 episodes and 50 lanes
/// over one episode drive the same test.
fn first_pose(config: &WorldConfig, lane: u64, episode: u64) -> Drive {
    let mut rng = random::stream(config.seed, Purpose::Episode, lane, episode);
    let (track, start) = match &config.course {
        Course::Circuit(circuit) => (Arc::clone(circuit.track()), Start::draw(circuit.track(), &mut rng)),
        Course::Phase { phase, split: Split::Train } => {
            let seed = Split::Train.first_track() + below(&mut rng, Split::Train.tracks());
            let track = generated(*phase, seed, config.horizon);
            let start = Start::draw(&track, &mut rng);
            (track, start)
        }
        Course::Phase { phase, split } => {
            let seed = split.first_track() + lane.wrapping_add(episode) % split.tracks();
            let track = generated(*phase, seed, config.horizon);
            let start =
                Start::draw(&track, &mut random::stream(seed, Purpose::HeldOutStart, u64::from(phase.number()), 0));
            (track, start)
        }
    };
    Drive::new(track, start, config.horizon)
}

fn generated(phase: Phase, seed: u64, horizon: usize) -> Arc<Track> {
    Arc::new(phase.track(seed, Drive::road_length(horizon)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(lanes: usize, split: Split) -> WorldConfig {
        WorldConfig {
            course: Course::Phase { phase: Phase::Complex, split },
            lanes,
            seed: 7,
            horizon: 30,
            first_episode: 0,
        }
    }

    /// Steers towards the side with more room: stays on the road, so that episodes reach their horizon.
    fn steer(observation: &[f32]) -> Action {
        match observation[0] - observation[2] {
            d if d > 1.0 => Action::Left,
            d if d < -1.0 => Action::Right,
            _ => Action::Straight,
        }
    }

    fn record(mut world: VectorWorld, lane: usize, steps: usize) -> Vec<(Vec<f32>, f64, Option<EndReason>)> {
        (0..steps)
            .map(|_| {
                let actions: Vec<_> = world.observations().chunks(OBSERVATION_SIZE).map(steer).collect();
                let batch = world.step(&actions).unwrap();
                (batch.observations[lane * 3..][..3].to_vec(), batch.rewards[lane], batch.ends[lane])
            })
            .collect()
    }

    #[test]
    fn a_lane_lives_the_same_episodes_alone_or_among_others() {
        for split in Split::ALL {
            let few = record(VectorWorld::new(config(2, split)).unwrap(), 1, 100);
            let many = record(VectorWorld::new(config(9, split)).unwrap(), 1, 100);
            assert_eq!(few, many, "{split:?}");
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
    fn first_episode_continues_the_sequence() {
        let whole = record(VectorWorld::new(config(1, Split::Train)).unwrap(), 0, 93);
        let resumed = VectorWorld::new(WorldConfig { first_episode: 2, ..config(1, Split::Train) }).unwrap();
        assert_eq!(resumed.observations(), whole[61].0);
        assert_eq!(record(resumed, 0, 30), whole[62..92]);
    }

    #[test]
    fn one_lane_over_many_episodes_and_many_lanes_over_one_drive_the_same_test() {
        let wide = VectorWorld::new(config(20, Split::Validation)).unwrap();
        for episode in 0..20 {
            let narrow = VectorWorld::new(WorldConfig {
                first_episode: episode as u64,
                seed: 99,
                ..config(1, Split::Validation)
            });
            assert_eq!(narrow.unwrap().observations(), &wide.observations()[episode * 3..][..3]);
        }
    }

    #[test]
    fn a_wrong_number_of_actions_changes_nothing() {
        let mut world = VectorWorld::new(config(2, Split::Train)).unwrap();
        let before = world.observations().to_vec();
        let error = world.step(&[Action::Left]).unwrap_err();
        assert_eq!(error.to_string(), "1 actions for 2 lanes: send one action for each lane");
        assert_eq!(world.observations(), before);
    }

    #[test]
    fn bang_bang_drives_every_phase_without_a_crash() {
        for phase in Phase::ALL {
            let course = Course::Phase { phase, split: Split::Test };
            let mut world =
                VectorWorld::new(WorldConfig { course, lanes: 50, seed: 0, horizon: 100, first_episode: 0 }).unwrap();
            let mut total = 0.0;
            for _ in 0..100 {
                let actions: Vec<_> = world.observations().chunks(OBSERVATION_SIZE).map(steer).collect();
                let batch = world.step(&actions).unwrap();
                assert!(batch.ends.iter().all(|end| *end != Some(EndReason::Crash)), "{phase:?}");
                total += batch.rewards.iter().sum::<f64>() / 50.0;
            }
            let expected = [241.5, 243.4, 235.6, 232.6][phase as usize - 1];
            assert!((total - expected).abs() < 3.0, "{phase:?}: {total} instead of about {expected}");
        }
    }
}
