//! The state machine of one agent: a car, and whether its episode runs.
//!
//! ```text
//!          step: first observation               step: crash → TERMINATED, horizon or lap → INTERRUPTED
//!   FRESH ─────────────────────────▶ RUNNING ──────────────────────────────────────────────────────▶ OVER
//!                                    ▲  │  └─ the world is reset ─▶ CUT ── step: INTERRUPTED ──────▶  │
//!                                    │  └──── reset ────────────────────────────────────────────▶     │
//!                                    └──── step: the next episode begins, its first observation ──────┘
//! ```

use std::collections::BTreeMap;

use spikedrive_env::{ConfigError, EndReason, VectorWorld, WorldConfig};
use spikedrive_proto::convert;
use spikedrive_proto::convert::dm_env_rpc::{REWARD, SENSORS, check_observation_uid, observation, read_actions};
use spikedrive_proto::dm_env_rpc::v1::{EnvironmentStateType, StepRequest, StepResponse, Tensor};
use tonic::Status;

/// Where an agent is in its episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The present episode has not been seen yet.
    Fresh,
    /// It is driven.
    Running,
    /// It was driven when somebody else reset the world; the agent has not been told.
    Cut,
    /// It has ended: the next step begins the next one.
    Over,
}

/// One agent's car. Whoever else drives in the same world changes nothing of it.
#[derive(Debug)]
pub(super) struct Agent {
    world: VectorWorld,
    stage: Stage,
}

impl Agent {
    /// A car at the start of its first episode: lane 0 of `config`, in autoreset mode DISABLED.
    pub(super) fn new(config: WorldConfig) -> Result<Self, ConfigError> {
        Ok(Self { world: VectorWorld::new(config)?, stage: Stage::Fresh })
    }

    /// Steps, or, from a state that is not RUNNING, ignores the actions and begins the next episode. What a step gave is told with
    /// the response to it: the last observation and reward with the state that ends the episode.
    ///
    /// Errs, and changes nothing, on a requested observation that there is none of and, in state RUNNING, on actions that do not
    /// fit.
    pub(super) fn step(&mut self, request: &StepRequest) -> Result<StepResponse, Status> {
        let requested = &request.requested_observations;
        requested.iter().try_for_each(|&uid| check_observation_uid(uid))?;
        let (state, reward) = match self.stage {
            Stage::Fresh => (EnvironmentStateType::Running, 0.0),
            Stage::Over => {
                self.world.reset(&[true]).map_err(|error| convert::lane_status(error, "actions"))?;
                (EnvironmentStateType::Running, 0.0)
            }
            // Its episode was over before this step: the action comes too late.
            Stage::Cut => (EnvironmentStateType::Interrupted, 0.0),
            Stage::Running => {
                let action = read_actions(&request.actions)?;
                let batch = self.world.step(&[action]).map_err(|error| convert::lane_status(error, "actions"))?;
                (state(batch.ends[0]), batch.rewards[0])
            }
        };
        self.stage = if state == EnvironmentStateType::Running { Stage::Running } else { Stage::Over };
        let wanted = [SENSORS, REWARD].into_iter().filter(|uid| requested.contains(uid));
        let observations: BTreeMap<u64, Tensor> =
            wanted.map(|uid| (uid, observation(uid, self.world.observations(), reward))).collect();
        Ok(StepResponse { state: state.into(), observations })
    }

    /// Ends the episode, so that the next step begins the next one. One that has not been seen is kept.
    pub(super) fn reset(&mut self) {
        if self.stage != Stage::Fresh {
            self.stage = Stage::Over;
        }
    }

    /// Somebody else has reset the world: an episode that runs will be told to have been interrupted.
    pub(super) fn cut(&mut self) {
        if self.stage == Stage::Running {
            self.stage = Stage::Cut;
        }
    }
}

/// A crash lies in the task itself; horizon and lap are set from outside.
fn state(end: Option<EndReason>) -> EnvironmentStateType {
    match end {
        None => EnvironmentStateType::Running,
        Some(end) if end.is_terminated() => EnvironmentStateType::Terminated,
        Some(_) => EnvironmentStateType::Interrupted,
    }
}

#[cfg(test)]
mod tests {
    use spikedrive_env::{Action, Autoreset, Course, Phase, Split};
    use spikedrive_proto::dm_env_rpc::v1::tensor::{Int32Array, Payload};

    use super::*;

    const RUNNING: EnvironmentStateType = EnvironmentStateType::Running;
    const TERMINATED: EnvironmentStateType = EnvironmentStateType::Terminated;
    const INTERRUPTED: EnvironmentStateType = EnvironmentStateType::Interrupted;

    fn config(horizon: usize) -> WorldConfig {
        let course = Course::Phase { phase: Phase::Complex, split: Split::Train };
        WorldConfig { seed: 7, autoreset: Autoreset::Disabled, ..WorldConfig::base(course, 1, horizon) }
    }

    fn request(action: i32, requested: &[u64]) -> StepRequest {
        let steer = Payload::Int32s(Int32Array { array: vec![action] });
        let actions = [(1, Tensor { shape: vec![], payload: Some(steer) })].into();
        StepRequest { actions, requested_observations: requested.to_vec() }
    }

    /// State, sensors and reward.
    fn step(agent: &mut Agent, action: i32) -> (EnvironmentStateType, Vec<f32>, f64) {
        let response = agent.step(&request(action, &[1, 2])).unwrap();
        match (&response.observations[&1].payload, &response.observations[&2].payload) {
            (Some(Payload::Floats(sensors)), Some(Payload::Doubles(reward))) => {
                (response.state(), sensors.array.clone(), reward.array[0])
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_agent_drives_what_its_world_says() {
        for (action, horizon, end) in [(1, 5, INTERRUPTED), (0, 100, TERMINATED)] {
            let config = config(horizon);
            let (mut agent, mut world) = (Agent::new(config.clone()).unwrap(), VectorWorld::new(config).unwrap());
            for _ in 0..3 {
                assert_eq!(step(&mut agent, action), (RUNNING, world.observations().to_vec(), 0.0));
                loop {
                    let batch = world.step(&[Action::try_from(action as u8).unwrap()]).unwrap();
                    let state = if batch.ends[0].is_some() { end } else { RUNNING };
                    assert_eq!(step(&mut agent, action), (state, batch.observations.clone(), batch.rewards[0]));
                    if state != RUNNING {
                        break;
                    }
                }
                world.reset(&[true]).unwrap();
            }
        }
    }

    #[test]
    fn a_crash_terminates_and_whatever_else_ends_an_episode_interrupts() {
        let ends = [None, Some(EndReason::Crash), Some(EndReason::Horizon), Some(EndReason::Lap)];
        assert_eq!(ends.map(state), [RUNNING, TERMINATED, INTERRUPTED, INTERRUPTED]);
    }

    #[test]
    fn only_requested_observations_are_returned() {
        let mut agent = Agent::new(config(8)).unwrap();
        for requested in [&[][..], &[1], &[2], &[2, 1, 2, 2]] {
            let response = agent.step(&request(1, requested)).unwrap();
            let mut expected = requested.to_vec();
            expected.sort_unstable();
            expected.dedup();
            assert_eq!(response.observations.into_keys().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn a_rejected_step_changes_nothing() {
        let (mut agent, mut other) = (Agent::new(config(8)).unwrap(), Agent::new(config(8)).unwrap());
        for _ in 0..20 {
            let unknown = agent.step(&request(1, &[1, 77])).unwrap_err();
            assert!(unknown.message().contains("uid 77 is no observation"), "{unknown}");
            if agent.stage == Stage::Running {
                assert!(agent.step(&request(3, &[1])).unwrap_err().message().contains("3 is outside 0..=2"));
            }
            assert_eq!(step(&mut agent, 1), step(&mut other, 1));
        }
    }

    #[test]
    fn a_reset_begins_the_next_episode_unless_the_present_one_is_unseen() {
        let mut agent = Agent::new(config(8)).unwrap();
        let mut world = VectorWorld::new(config(8)).unwrap();
        agent.reset();
        assert_eq!(step(&mut agent, 1).1, world.observations());
        for _ in 0..2 {
            agent.reset();
        }
        world.reset(&[true]).unwrap();
        assert_eq!(step(&mut agent, 1), (RUNNING, world.observations().to_vec(), 0.0));
    }

    #[test]
    fn an_agent_whose_world_was_reset_is_told_once_and_drives_its_next_episode() {
        let mut agent = Agent::new(config(8)).unwrap();
        agent.cut();
        let first = step(&mut agent, 1);
        assert_eq!(first.0, RUNNING, "there was nothing to interrupt");
        agent.cut();
        assert!(agent.step(&request(1, &[3])).is_err());
        assert_eq!(step(&mut agent, 0), (INTERRUPTED, first.1, 0.0), "the last observation, and no step");
        agent.cut();
        let mut world = VectorWorld::new(config(8)).unwrap();
        world.reset(&[true]).unwrap();
        assert_eq!(step(&mut agent, 1), (RUNNING, world.observations().to_vec(), 0.0));
    }

    #[test]
    fn actions_are_ignored_where_no_episode_runs_and_optional_where_one_does() {
        let (mut agent, mut other) = (Agent::new(config(8)).unwrap(), Agent::new(config(8)).unwrap());
        let nonsense = StepRequest { actions: [(9, Tensor::default())].into(), requested_observations: vec![] };
        assert_eq!(agent.step(&nonsense).unwrap().state(), RUNNING);
        assert_eq!(agent.step(&nonsense).unwrap_err().message(), "actions: uid 9 is no action: use 1 (steer)");
        step(&mut other, 1);
        let none = StepRequest { actions: BTreeMap::new(), requested_observations: vec![1] };
        assert_eq!(agent.step(&none).unwrap(), other.step(&request(1, &[1])).unwrap(), "straight on");
    }
}
