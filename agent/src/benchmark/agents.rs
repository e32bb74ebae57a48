//! The agents that this program measures: its presets, and scripts that do not learn.

use std::fmt;
use std::str::FromStr;

use spikedrive_env::Phase;
use spikedrive_env::oracle::{BangBang, Driver, Planner, Random, Straight};
use spikedrive_learners::{LearnerConfig, Preset};

use super::row::Inputs;

/// An agent, by its name in rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agent {
    /// A preset, which is trained.
    Preset(Preset),
    /// A script, which is not.
    Script(Script),
}

/// A driver that does not learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Any action, each with probability ⅓.
    Random,
    /// Always straight.
    Straight,
    /// Steers by the difference of the side sensors, tuned on validation tracks.
    BangBang,
    /// Knows the true state, the road and the reward, and compares every sequence of six actions.
    Planner,
}

/// A text that names no agent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no agent: use {names}")]
pub struct AgentError {
    text: String,
    names: String,
}

/// Numbers of lanes that the random drivers of two seeds do not share.
const LANES: u64 = 1 << 16;

impl Script {
    /// All scripts.
    pub const ALL: [Self; 4] = [Self::Random, Self::Straight, Self::BangBang, Self::Planner];

    /// Its name in rows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Straight => "straight",
            Self::BangBang => "bang-bang",
            Self::Planner => "planner",
        }
    }

    /// A driver for a lane.
    pub fn driver(self, seed: u64, lane: u64) -> Box<dyn Driver> {
        match self {
            Self::Random => Box::new(Random::new(seed.wrapping_mul(LANES).wrapping_add(lane))),
            Self::Straight => Box::new(Straight),
            Self::BangBang => Box::new(BangBang::tuned(Phase::Complex)),
            Self::Planner => Box::new(Planner::exhaustive(6)),
        }
    }
}

impl Agent {
    /// All agents.
    pub fn all() -> impl Iterator<Item = Self> {
        Preset::all().map(Self::Preset).chain(Script::ALL.map(Self::Script))
    }

    /// Its name in rows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preset(preset) => preset.name(),
            Self::Script(script) => script.name(),
        }
    }

    /// What it sees.
    pub fn inputs(self) -> Inputs {
        match self {
            Self::Preset(preset) => match preset.config() {
                LearnerConfig::Snn(_) => Inputs::Code,
                LearnerConfig::Seed(_) => Inputs::Sensors,
            },
            Self::Script(Script::Planner) => Inputs::State,
            Self::Script(_) => Inputs::Sensors,
        }
    }
}

impl fmt::Display for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Agent {
    type Err = AgentError;

    fn from_str(text: &str) -> Result<Self, AgentError> {
        Self::all().find(|agent| agent.name() == text).ok_or_else(|| {
            let names: Vec<&str> = Self::all().map(Self::name).collect();
            AgentError { text: text.to_owned(), names: names.join(", ") }
        })
    }
}

#[cfg(test)]
mod tests {
    use spikedrive_env::{Course, Split, WorldConfig, oracle::drive_all};

    use super::*;

    #[test]
    fn names_lead_back_to_agents() {
        for agent in Agent::all() {
            assert_eq!(agent.name().parse(), Ok(agent));
        }
        let message = "stpd".parse::<Agent>().unwrap_err().to_string();
        assert!(message.starts_with("\"stpd\" is no agent: use stdp, pathway,"), "{message}");
        assert!(message.ends_with("random, straight, bang-bang, planner"), "{message}");
    }

    #[test]
    fn random_drivers_differ_from_seed_to_seed_and_lane_to_lane() {
        let course = Course::Phase { phase: Phase::Complex, split: Split::Test };
        let drive = |seed| {
            let episodes =
                drive_all(&WorldConfig::base(course.clone(), 3, 100), |lane| Script::Random.driver(seed, lane));
            episodes.unwrap().iter().map(|episode| episode.episode_return).collect::<Vec<_>>()
        };
        assert_eq!(drive(1), drive(1));
        assert_ne!(drive(1), drive(2));
    }
}
