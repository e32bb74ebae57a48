//! What changes in the world, or in the network, after it has been mastered; and what is done about it.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use spikedrive_env::WorldOptions;
use spikedrive_learners::dense::{DqnConfig, PpoConfig};
use spikedrive_learners::snn::SnnConfig;
use spikedrive_learners::snn::homeostasis::HomeostasisParams;
use spikedrive_learners::{LearnerConfig, Schedule};

/// What is not any more as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Nothing: what it costs to learn on where nothing is to be learned.
    Nothing,
    /// The car steers less far.
    WeakSteering,
    /// The car steers to the other side.
    Mirrored,
    /// The left ray reads too little.
    WeakSensor,
    /// Neurons are lost, and stay so.
    Cut,
}

/// The steering gain of [`Change::WeakSteering`]: the tightest circle has a radius of 14.3 units, the tightest bend one of 12.5, so that
/// bends must be cut. It is the weakest, in tenths, with which a planner of 14 steps drives all test tracks: with 0.6 it crashes on 18 %
/// of them, with 0.5 on 54 %.
pub const WEAK_STEERING: f64 = 0.7;
/// What the left ray reads of what is.
pub const WEAK_SENSOR: f64 = 0.7;
/// Neurons that are lost, in percent.
pub const CUT: usize = 25;

impl Change {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Nothing, Self::WeakSteering, Self::Mirrored, Self::WeakSensor, Self::Cut];

    /// The world after it.
    pub fn world(self) -> WorldOptions {
        let base = WorldOptions::default();
        match self {
            Self::Nothing | Self::Cut => base,
            Self::WeakSteering => WorldOptions { steering_gain: WEAK_STEERING, ..base },
            Self::Mirrored => WorldOptions { steering_gain: -1.0, ..base },
            Self::WeakSensor => WorldOptions { left_ray_gain: WEAK_SENSOR, ..base },
        }
    }

    /// How many neurons are lost, in percent.
    pub fn lost(self) -> usize {
        if self == Self::Cut { CUT } else { 0 }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing changes"),
            Self::WeakSteering => write!(f, "a turn is {:.0} % of what it was", 100.0 * WEAK_STEERING),
            Self::Mirrored => f.write_str("left steers right, right steers left"),
            Self::WeakSensor => write!(f, "the left ray reads {:.0} % of what is", 100.0 * WEAK_SENSOR),
            Self::Cut => write!(f, "{CUT} % of the neurons are lost"),
        }
    }
}

/// Who learns in the changed world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// A trained network whose schedule begins again: somebody saw the change.
    Schedule,
    /// A trained network whose learning rate has been the same from its first episode on: nobody tells it anything.
    Unaware,
    /// A blank network with a schedule of its own.
    Fresh,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Schedule, Self::Unaware, Self::Fresh];

    /// Its name in rows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Unaware => "unaware",
            Self::Fresh => "fresh",
        }
    }

    /// The settings of an agent that learns so.
    pub fn config(self, agent: LearnerConfig) -> LearnerConfig {
        if self == Self::Unaware { steady(agent) } else { agent }
    }
}

/// A fixed learning rate of half the peak. Homeostasis, which is counted in learning rates, is as strong as at the peak.
fn steady(agent: LearnerConfig) -> LearnerConfig {
    let schedule = Schedule::Fixed;
    match agent {
        LearnerConfig::Snn(config) => {
            let homeostasis = HomeostasisParams { strength: 2.0 * config.homeostasis.strength, ..config.homeostasis };
            SnnConfig { schedule, homeostasis, learning_rate: config.learning_rate / 2.0, ..config }.into()
        }
        LearnerConfig::Dqn(config) => {
            DqnConfig { schedule, learning_rate: config.learning_rate / 2.0, ..config }.into()
        }
        LearnerConfig::Ppo(config) => {
            PpoConfig { schedule, learning_rate: config.learning_rate / 2.0, ..config }.into()
        }
        LearnerConfig::Seed(_) => agent,
    }
}

#[cfg(test)]
mod tests {
    use spikedrive_env::Phase;
    use spikedrive_env::ceiling::ceiling;

    use super::*;
    use crate::ceilings::attainable;
    use crate::lesson::HORIZON;

    #[test]
    fn every_changed_world_is_possible_and_all_but_one_has_the_ceiling_that_it_had() {
        for change in Change::ALL {
            let world = change.world();
            assert_eq!(world.validate(), Ok(()));
            if change != Change::WeakSteering {
                let base = ceiling(Phase::Complex, HORIZON).unwrap();
                assert_eq!(attainable(Phase::Complex, HORIZON, &world).unwrap(), base, "{change}");
            }
        }
    }

    #[test]
    fn who_is_told_nothing_learns_at_the_same_rate_from_first_to_last() {
        for name in ["stdp", "dqn", "ppo"] {
            let preset: spikedrive_learners::Preset = name.parse().unwrap();
            let agent = preset.config();
            assert_eq!((Way::Schedule.config(agent), Way::Fresh.config(agent)), (agent, agent));
            let steady = Way::Unaware.config(agent);
            assert_ne!(steady, agent);
            let mut learner = steady.learner(1, 300, 1).unwrap();
            let mut rate = || {
                learner.begin_episode(0);
                learner.end_episode(0).learning_rate
            };
            let first = rate();
            assert!((0..300).all(|_| rate() == first) && first > 0.0, "{name}");
        }
    }
}
