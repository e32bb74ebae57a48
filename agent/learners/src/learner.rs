//! What every learner and every network can do, whatever its rule: all that training, evaluation and weight files need.

use std::fmt::Debug;

use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::activity::{Activity, Population, Watch};
use crate::arrays::NamedArray;
use crate::dense::{DqnConfig, DqnLearner, DqnState, PpoConfig, PpoLearner, PpoState};
use crate::op_count::{Operations, TrainingOperations};
use crate::seed::{SeedConfig, SeedLearner, SeedLearnerState, SeedNetwork};
use crate::snn::error::NetworkError;
use crate::snn::synapses::Layout;
use crate::snn::tuning::Tuning;
use crate::snn::{Critic, EpisodeSummary, Network, SnnConfig, SpikingLearner, SpikingState, StepEnd};

/// An agent in the middle of a run, with one car or several, each on a lane from 0.
///
/// A round is an episode on every lane: begin it, act and be rewarded until the lane's episode ends, and when those of all lanes
/// have ended, end them in the order of the lanes.
pub trait Learner {
    /// Is told that another phase begins with the next round.
    fn begin_phase(&mut self);

    /// Is told that its schedules begin again with the next round, to last to the end of the run: learning rate, homeostasis,
    /// exploration. What it has learned and what it remembers stays.
    fn begin_again(&mut self);

    /// Loses so many percent of its neurons for good, between two rounds: of the sensory and hidden ones of a spiking network, of
    /// the units of each hidden layer of a dense one. They put out nothing and learn nothing, now and in a run that goes on from
    /// [`Self::state`].
    fn cut(&mut self, percent: usize, rng: &mut ChaCha8Rng) -> Result<(), NetworkError>;

    /// Forgets the last episode of a lane and prepares for the next.
    fn begin_episode(&mut self, lane: usize);

    /// Sees and decides. Returns an action index.
    fn act(&mut self, lane: usize, observation: &[f32]) -> usize;

    /// Is told the reward of the lane's last action, and whether its episode ended with it.
    fn reward(&mut self, lane: usize, reward: f64, end: Option<StepEnd>);

    /// Counts the episode of a lane.
    fn end_episode(&mut self, lane: usize) -> EpisodeSummary;

    /// What decisions and learning cost so far, on all lanes.
    fn operations(&self) -> TrainingOperations;

    /// Number of lanes.
    fn lanes(&self) -> usize;

    /// Episodes finished, on all lanes.
    fn episode(&self) -> usize;

    /// The network as it is now.
    fn policy(&self) -> &dyn Policy;

    /// Its parameters.
    fn config(&self) -> LearnerConfig;

    /// What it has learned beside the weights.
    fn memory(&self) -> Memory;

    /// All that it goes on from, between two rounds: see [`LearnerConfig::restored`].
    fn state(&self) -> LearnerState;

    /// From the lane's next step on, these spikes are noted. It changes no number of the run.
    fn watch(&mut self, lane: usize, watch: Watch);

    /// What there is to see of the lane's last decision, until it is told the reward.
    fn activity(&self, lane: usize) -> Activity<'_>;

    /// The neurons whose spikes are noted, layer by layer.
    fn populations(&self, watch: Watch) -> Vec<Population>;

    /// The lane's eligibility traces as they are now, in the places of their synapses, `e[post, pre]`; none where there are no
    /// synapses.
    fn eligibility(&self, lane: usize) -> Option<Array2<f32>>;
}

/// What a learner of any kind carries from one round to the next: weights, critic or baseline, random streams, counters, remembered
/// episodes or steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LearnerState {
    /// Of the spiking agent.
    Snn(Box<SpikingState>),
    /// Of the first design.
    Seed(SeedLearnerState),
    /// Of DQN.
    Dqn(Box<DqnState>),
    /// Of PPO.
    Ppo(Box<PpoState>),
}

pub use crate::snn::saved::{AHEAD, FILTERED, FORWARD, WEIGHTS};

/// A network that drives and does not learn.
pub trait Policy: Debug + Send + Sync {
    /// All that was learned and is needed to drive: what a file keeps. A spiking network mostly has one, [`WEIGHTS`].
    fn arrays(&self) -> Vec<NamedArray>;

    /// `W[post, pre]` of a spiking network, to be looked at; none of another.
    fn synapses(&self) -> Option<&Array2<f32>> {
        None
    }

    /// Checks that an observation of `rays` distances is what the network takes.
    fn check_rays(&self, rays: usize) -> Result<(), NetworkError>;

    /// A driver for one lane of a run with this seed, at the start of an episode.
    fn driver(&self, seed: u64, lane: u64) -> Box<dyn Driver + '_>;
}

/// A network with the state of one lane.
pub trait Driver: Send {
    /// Sees, and takes the action of the winning pool. Returns an action index.
    fn act_greedily(&mut self, observation: &[f32]) -> usize;

    /// What the step just driven cost.
    fn operations(&self) -> Operations;

    /// From the next step on, these spikes are noted. It changes nothing else.
    fn watch(&mut self, watch: Watch);

    /// What there is to see of the step just driven.
    fn activity(&self) -> Activity<'_>;
}

/// The parameters of any learner; `kind` tells which in files.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[expect(clippy::large_enum_variant, reason = "it is copied a few times in a run")]
pub enum LearnerConfig {
    /// The spiking agent of [`crate::snn`].
    Snn(SnnConfig),
    /// The first design, [`crate::seed`].
    Seed(SeedConfig),
    /// Deep Q-learning, [`crate::dense::dqn`].
    Dqn(DqnConfig),
    /// Proximal policy optimisation, [`crate::dense::ppo`].
    Ppo(PpoConfig),
}

/// What a learner has learned beside the weights; in files a field of its own name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Memory {
    /// The critic of the spiking agent.
    Critic(Critic),
    /// The moving baseline of the first design.
    Baseline(f64),
    /// Steps of DQN so far, by which its exploration goes.
    Steps(u64),
    /// Rollouts from which PPO has learned.
    Updates(u64),
}

impl LearnerConfig {
    /// A blank learner for a run of `run_episodes` episodes on so many lanes.
    pub fn learner(self, seed: u64, run_episodes: usize, lanes: usize) -> Result<Box<dyn Learner>, NetworkError> {
        Ok(match self {
            Self::Snn(config) => Box::new(SpikingLearner::new(config, seed, run_episodes, lanes)?),
            Self::Seed(config) => Box::new(SeedLearner::new(config, seed, lanes)?),
            Self::Dqn(config) => Box::new(DqnLearner::new(config, seed, run_episodes, lanes)?),
            Self::Ppo(config) => Box::new(PpoLearner::new(config, seed, run_episodes, lanes)?),
        })
    }

    /// A learner that goes on from a state, bit for bit as the one that it was taken from.
    pub fn restored(self, run_episodes: usize, state: LearnerState) -> Result<Box<dyn Learner>, NetworkError> {
        Ok(match (self, state) {
            (Self::Snn(config), LearnerState::Snn(state)) => {
                Box::new(SpikingLearner::restored(config, run_episodes, *state)?)
            }
            (Self::Seed(config), LearnerState::Seed(state)) => Box::new(SeedLearner::restored(config, state)?),
            (Self::Dqn(config), LearnerState::Dqn(state)) => {
                Box::new(DqnLearner::restored(config, run_episodes, *state)?)
            }
            (Self::Ppo(config), LearnerState::Ppo(state)) => {
                Box::new(PpoLearner::restored(config, run_episodes, *state)?)
            }
            _ => return Err(NetworkError::Config("the state belongs to a learner of another kind".to_owned())),
        })
    }

    /// A network from the arrays that [`Policy::arrays`] told of it.
    pub fn policy(self, arrays: &[NamedArray]) -> Result<Box<dyn Policy>, NetworkError> {
        let weights = || {
            let weights = arrays.iter().find(|array| array.name == WEIGHTS);
            weights
                .map(|array| &array.values)
                .ok_or_else(|| NetworkError::Array(format!("there is no array {WEIGHTS}")))
        };
        Ok(match self {
            Self::Snn(config) => Box::new(Network::with_arrays(config, arrays)?),
            Self::Seed(config) => Box::new(SeedNetwork::with_weights(config, weights()?)?),
            Self::Dqn(config) => Box::new(config.policy(arrays)?),
            Self::Ppo(config) => Box::new(config.policy(arrays)?),
        })
    }

    /// Checks every parameter that a file could hold.
    pub fn validate(&self) -> Result<(), String> {
        match self {
            Self::Snn(config) => config.validate(),
            Self::Seed(config) => config.validate(),
            Self::Dqn(config) => config.validate(),
            Self::Ppo(config) => config.validate(),
        }
    }

    /// How many rays it takes; none where it does not say.
    pub fn rays(&self) -> Option<usize> {
        match self {
            Self::Snn(config) => Some(config.code.rays),
            Self::Seed(_) => None,
            Self::Dqn(config) => Some(config.rays),
            Self::Ppo(config) => Some(config.rays),
        }
    }

    /// Whether its network has synapses, [`WEIGHTS`].
    pub fn has_synapses(&self) -> bool {
        matches!(self, Self::Snn(_) | Self::Seed(_))
    }

    /// Whether a file keeps its network as one array, [`WEIGHTS`].
    pub fn is_one_array(&self) -> bool {
        match self {
            Self::Snn(config) => {
                config.forward.is_none() && config.code.ahead.is_none() && config.temporal.copies() == 1
            }
            Self::Seed(_) => true,
            Self::Dqn(_) | Self::Ppo(_) => false,
        }
    }

    /// How sensors become spikes, or the inputs of a dense network.
    pub fn encoder(&self) -> &'static str {
        match self {
            Self::Snn(config) => match config.code.tuning {
                Tuning::Gaussian { .. } => "gaussian-population",
                Tuning::Rate => "rate",
                Tuning::Thresholds { .. } => "threshold-rate",
                Tuning::OnOff => "on-off",
                Tuning::OneHot => "one-hot",
            },
            Self::Seed(_) => "bernoulli-rate",
            Self::Dqn(_) | Self::Ppo(_) => "dense",
        }
    }

    /// Whether a learner with these parameters could remember this.
    pub fn fits(&self, memory: &Memory) -> bool {
        match (self, memory) {
            (Self::Snn(config), Memory::Critic(critic)) => critic.is_valid(Layout::new(config).features()),
            (Self::Seed(_), Memory::Baseline(baseline)) => baseline.is_finite(),
            (Self::Dqn(_), Memory::Steps(_)) | (Self::Ppo(_), Memory::Updates(_)) => true,
            _ => false,
        }
    }
}

impl From<SnnConfig> for LearnerConfig {
    fn from(config: SnnConfig) -> Self {
        Self::Snn(config)
    }
}

impl From<SeedConfig> for LearnerConfig {
    fn from(config: SeedConfig) -> Self {
        Self::Seed(config)
    }
}

impl From<DqnConfig> for LearnerConfig {
    fn from(config: DqnConfig) -> Self {
        Self::Dqn(config)
    }
}

impl From<PpoConfig> for LearnerConfig {
    fn from(config: PpoConfig) -> Self {
        Self::Ppo(config)
    }
}

#[cfg(test)]
mod tests;
