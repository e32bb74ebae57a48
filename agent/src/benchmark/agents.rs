//! The agents that this program measures: its presets, variants of the deep ones, and scripts that do not learn.

use std::fmt;
use std::str::FromStr;

use spikedrive_env::oracle::{BangBang, Driver, Planner, Random, Straight};
use spikedrive_env::{Phase, WorldOptions};
use spikedrive_learners::dense::Inputs as Seen;
use spikedrive_learners::{LearnerConfig, Preset, snn};

use super::row::Inputs;
use super::variants::{STACK, Variant};
use crate::failure::Failure;

/// An agent, by its name in rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agent {
    /// A preset, which is trained.
    Preset(Preset),
    /// A variant of one, likewise.
    Variant(Variant),
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
        let variants = Variant::ALL.map(Self::Variant);
        Preset::all().map(Self::Preset).chain(variants).chain(Script::ALL.map(Self::Script))
    }

    /// All agents, in the order of tables: the twin without hidden layer stands beside its preset.
    pub fn beside() -> Vec<Self> {
        let mut agents: Vec<Self> = Self::all().collect();
        agents.sort_by_key(|agent| {
            let twin_of = agent.without_hidden_of();
            let preset = twin_of.map_or(*agent, |preset| Self::Preset(Preset::Snn(preset)));
            (Self::all().position(|other| other == preset), twin_of.is_some())
        });
        agents
    }

    fn without_hidden_of(self) -> Option<snn::Preset> {
        if let Self::Variant(variant) = self { variant.without_hidden_of() } else { None }
    }

    /// Its name in rows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preset(preset) => preset.name(),
            Self::Variant(variant) => variant.name,
            Self::Script(script) => script.name(),
        }
    }

    /// What is to be trained in a world of so many rays; nothing where a script drives.
    pub fn learner(self, rays: usize) -> Result<Option<LearnerConfig>, Failure> {
        match self {
            Self::Preset(preset) => Ok(Some(preset.for_rays(rays)?)),
            Self::Variant(variant) => variant.for_rays(rays).map(Some).map_err(Failure::System),
            Self::Script(_) => Ok(None),
        }
    }

    /// What is to be trained in the usual world; a script is refused.
    pub fn trained(self) -> Result<LearnerConfig, Failure> {
        let config = self.learner(WorldOptions::default().rays)?;
        config.ok_or_else(|| Failure::Usage(format!("{self} cannot learn here: leave it out")))
    }

    /// What it sees.
    pub fn inputs(self) -> Result<Inputs, Failure> {
        let seen = match self.learner(3)? {
            Some(LearnerConfig::Snn(_)) => return Ok(Inputs::Code),
            Some(LearnerConfig::Dqn(config)) => config.inputs,
            Some(LearnerConfig::Ppo(config)) => config.inputs,
            Some(LearnerConfig::Seed(_)) => Seen::Sensors,
            None if self == Self::Script(Script::Planner) => return Ok(Inputs::State),
            None => Seen::Sensors,
        };
        match seen {
            Seen::Sensors => Ok(Inputs::Sensors),
            Seen::SensorsAction => Ok(Inputs::SensorsAction),
            Seen::Stack { k: STACK } => Ok(Inputs::SensorsX4),
            Seen::Code => Ok(Inputs::Code),
            Seen::Stack { k } => Err(Failure::System(format!("rows know no stack of {k} steps: use {STACK}"))),
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
    fn twins_stand_beside_their_presets() {
        let names: Vec<&str> = Agent::beside().into_iter().map(Agent::name).collect();
        assert_eq!(names[..5], ["stdp", "stdp-no-hidden", "pathway", "pathway-no-hidden", "spikeless"]);
        assert_eq!(names.len(), Agent::all().count());
    }

    #[test]
    fn a_script_is_not_trained() {
        let refusal = Agent::Script(Script::Planner).trained().unwrap_err().to_string();
        assert_eq!(refusal, "planner cannot learn here: leave it out");
        let whole = Agent::Preset(Preset::Snn(snn::Preset::Stdp)).trained().unwrap();
        assert_ne!("stdp-no-hidden".parse::<Agent>().unwrap().trained().unwrap(), whole);
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
