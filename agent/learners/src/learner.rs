//! What every learner and every network can do, whatever its rule: all that training, evaluation and weight files need.

use std::fmt::Debug;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::seed::{SeedConfig, SeedLearner, SeedLearnerState, SeedNetwork, SeedState};
use crate::snn::network::NetworkError;
use crate::snn::synapses::Layout;
use crate::snn::{Critic, EpisodeSummary, Network, NetworkState, SnnConfig, SpikingLearner, SpikingState, StepEnd};

/// An agent in the middle of a run, with one car or several, each on a lane from 0.
///
/// A round is an episode on every lane: begin it, act and be rewarded until the lane's episode ends, and when those of all lanes
/// have ended, end them in the order of the lanes.
pub trait Learner {
    /// Is told that another phase begins with the next round.
    fn begin_phase(&mut self);

    /// Forgets the last episode of a lane and prepares for the next.
    fn begin_episode(&mut self, lane: usize);

    /// Sees and decides. Returns an action index.
    fn act(&mut self, lane: usize, observation: &[f32]) -> usize;

    /// Is told the reward of the lane's last action, and whether its episode ended with it.
    fn reward(&mut self, lane: usize, reward: f64, end: Option<StepEnd>);

    /// Counts the episode of a lane.
    fn end_episode(&mut self, lane: usize) -> EpisodeSummary;

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
}

/// What a learner of either kind carries from one round to the next: weights, critic or baseline, random streams, counters, remembered
/// episodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LearnerState {
    /// Of the spiking agent.
    Snn(Box<SpikingState>),
    /// Of the first design.
    Seed(SeedLearnerState),
}

/// A network that drives and does not learn.
pub trait Policy: Debug + Send + Sync {
    /// `W[post, pre]`.
    fn weights(&self) -> &Array2<f32>;

    /// Checks that an observation of `rays` distances is what the network takes.
    fn check_rays(&self, rays: usize) -> Result<(), NetworkError>;

    /// A driver for one lane of a run with this seed, at the start of an episode.
    fn driver(&self, seed: u64, lane: u64) -> Box<dyn Driver + '_>;
}

/// A network with the state of one lane.
pub trait Driver: Send {
    /// Sees, and takes the action of the winning pool. Returns an action index.
    fn act_greedily(&mut self, observation: &[f32]) -> usize;
}

/// The parameters of any learner; `kind` tells which in files.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[expect(clippy::large_enum_variant, reason = "a run holds one: to be Copy is worth more than its bytes")]
pub enum LearnerConfig {
    /// The spiking agent of [`crate::snn`].
    Snn(SnnConfig),
    /// The first design, [`crate::seed`].
    Seed(SeedConfig),
}

/// What a learner has learned beside the weights; in files a field of its own name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Memory {
    /// The critic of the spiking agent.
    Critic(Critic),
    /// The moving baseline of the first design.
    Baseline(f64),
}

impl LearnerConfig {
    /// A blank learner for a run of `run_episodes` episodes on so many lanes.
    pub fn learner(self, seed: u64, run_episodes: usize, lanes: usize) -> Result<Box<dyn Learner>, NetworkError> {
        Ok(match self {
            Self::Snn(config) => Box::new(SpikingLearner::new(config, seed, run_episodes, lanes)?),
            Self::Seed(config) => Box::new(SeedLearner::new(config, seed, lanes)?),
        })
    }

    /// A learner that goes on from a state, bit for bit as the one that it was taken from.
    pub fn restored(self, run_episodes: usize, state: LearnerState) -> Result<Box<dyn Learner>, NetworkError> {
        Ok(match (self, state) {
            (Self::Snn(config), LearnerState::Snn(state)) => {
                Box::new(SpikingLearner::restored(config, run_episodes, *state)?)
            }
            (Self::Seed(config), LearnerState::Seed(state)) => Box::new(SeedLearner::restored(config, state)?),
            _ => return Err(NetworkError::Config("the state belongs to a learner of another kind".to_owned())),
        })
    }

    /// A network with given weights `W[post, pre]`.
    pub fn policy(self, weights: &Array2<f32>) -> Result<Box<dyn Policy>, NetworkError> {
        Ok(match self {
            Self::Snn(config) => Box::new(Network::with_weights(config, weights)?),
            Self::Seed(config) => Box::new(SeedNetwork::with_weights(config, weights)?),
        })
    }

    /// How sensors become spikes.
    pub fn encoder(&self) -> &'static str {
        match self {
            Self::Snn(_) => "gaussian-population",
            Self::Seed(_) => "bernoulli-rate",
        }
    }

    /// Whether a learner with these parameters could remember this.
    pub fn fits(&self, memory: &Memory) -> bool {
        match (self, memory) {
            (Self::Snn(config), Memory::Critic(critic)) => critic.is_valid(Layout::new(config).afferents().len()),
            (Self::Seed(_), Memory::Baseline(baseline)) => baseline.is_finite(),
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

impl Learner for SpikingLearner {
    fn begin_phase(&mut self) {
        Self::begin_phase(self);
    }

    fn begin_episode(&mut self, lane: usize) {
        Self::begin_episode(self, lane);
    }

    fn act(&mut self, lane: usize, observation: &[f32]) -> usize {
        Self::act(self, lane, observation)
    }

    fn reward(&mut self, lane: usize, reward: f64, end: Option<StepEnd>) {
        Self::reward(self, lane, reward, end);
    }

    fn end_episode(&mut self, lane: usize) -> EpisodeSummary {
        Self::end_episode(self, lane)
    }

    fn lanes(&self) -> usize {
        Self::lanes(self)
    }

    fn episode(&self) -> usize {
        Self::episode(self)
    }

    fn policy(&self) -> &dyn Policy {
        self.network()
    }

    fn config(&self) -> LearnerConfig {
        LearnerConfig::Snn(*self.network().config())
    }

    fn memory(&self) -> Memory {
        Memory::Critic(self.critic().clone())
    }

    fn state(&self) -> LearnerState {
        LearnerState::Snn(Box::new(Self::state(self)))
    }
}

impl Learner for SeedLearner {
    /// Its learning rate follows no schedule.
    fn begin_phase(&mut self) {}

    fn begin_episode(&mut self, lane: usize) {
        Self::begin_episode(self, lane);
    }

    fn act(&mut self, lane: usize, observation: &[f32]) -> usize {
        Self::act(self, lane, observation)
    }

    /// An episode is one sum to this learner: how it ended does not matter.
    fn reward(&mut self, lane: usize, reward: f64, _end: Option<StepEnd>) {
        Self::reward(self, lane, reward);
    }

    fn end_episode(&mut self, lane: usize) -> EpisodeSummary {
        Self::end_episode(self, lane)
    }

    fn lanes(&self) -> usize {
        Self::lanes(self)
    }

    fn episode(&self) -> usize {
        Self::episode(self)
    }

    fn policy(&self) -> &dyn Policy {
        self.network()
    }

    fn config(&self) -> LearnerConfig {
        LearnerConfig::Seed(*self.network().config())
    }

    fn memory(&self) -> Memory {
        Memory::Baseline(self.baseline())
    }

    fn state(&self) -> LearnerState {
        LearnerState::Seed(Self::state(self))
    }
}

impl Policy for Network {
    fn weights(&self) -> &Array2<f32> {
        Self::weights(self)
    }

    fn check_rays(&self, rays: usize) -> Result<(), NetworkError> {
        Self::check_rays(self, rays)
    }

    fn driver(&self, seed: u64, lane: u64) -> Box<dyn Driver + '_> {
        Box::new((self, NetworkState::new(self, seed, lane)))
    }
}

impl Driver for (&Network, NetworkState) {
    fn act_greedily(&mut self, observation: &[f32]) -> usize {
        self.0.act_greedily(&mut self.1, observation)
    }
}

impl Policy for SeedNetwork {
    fn weights(&self) -> &Array2<f32> {
        Self::weights(self)
    }

    fn check_rays(&self, rays: usize) -> Result<(), NetworkError> {
        Self::check_rays(self, rays)
    }

    fn driver(&self, seed: u64, lane: u64) -> Box<dyn Driver + '_> {
        Box::new((self, SeedState::new(seed, lane)))
    }
}

impl Driver for (&SeedNetwork, SeedState) {
    fn act_greedily(&mut self, observation: &[f32]) -> usize {
        self.0.act_greedily(&mut self.1, observation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::Preset;

    #[test]
    fn a_network_takes_as_many_rays_as_it_was_made_for() {
        for preset in Preset::all() {
            for rays in [3, 5, 7, 9] {
                let Ok(config) = preset.for_rays(rays) else {
                    assert_eq!((preset.name(), rays > 3), ("seed", true));
                    continue;
                };
                let learner = config.learner(1, 10, 1).unwrap();
                assert_eq!(learner.policy().check_rays(rays), Ok(()), "{preset}");
                let refusal = learner.policy().check_rays(rays + 2).unwrap_err().to_string();
                let expected = format!("the world casts {} rays and the network takes {rays}: ", rays + 2);
                assert!(refusal.starts_with(&expected), "{preset}: {refusal}");
                assert!(refusal.ends_with(&format!("use a world of {rays} rays")), "{preset}: {refusal}");
            }
        }
    }

    #[test]
    fn every_preset_drives_learns_and_is_restored_from_its_parts() {
        for preset in Preset::all() {
            let config = preset.config();
            let mut learner = config.learner(3, 10, 1).unwrap();
            for episode in 1..=2 {
                learner.begin_phase();
                learner.begin_episode(0);
                for _ in 0..5 {
                    assert!(learner.act(0, &[5.0, 12.0, 7.0]) < crate::ACTIONS);
                    learner.reward(0, 2.0, None);
                }
                learner.act(0, &[5.0, 12.0, 7.0]);
                learner.reward(0, -100.0, Some(StepEnd::Terminated));
                assert!(learner.end_episode(0).learning_rate > 0.0);
                assert_eq!(learner.episode(), episode);
            }
            assert_eq!(learner.config(), config);
            assert_ne!(learner.policy().weights(), config.learner(3, 10, 1).unwrap().policy().weights(), "{preset}");
            let restored = config.policy(learner.policy().weights()).unwrap();
            let actions = |policy: &dyn Policy| {
                let mut driver = policy.driver(3, 9);
                (0..20).map(|k| driver.act_greedily(&[k as f32, 10.0, 9.0])).collect::<Vec<_>>()
            };
            assert_eq!(actions(restored.as_ref()), actions(learner.policy()), "{preset}");
            for other in Preset::all() {
                let memory = other.config().learner(1, 1, 1).unwrap().memory();
                let same_kind = std::mem::discriminant(&config) == std::mem::discriminant(&other.config());
                assert!(same_kind || !config.fits(&memory), "{preset} with the memory of {other}");
            }
            assert!(config.fits(&learner.memory()), "{preset}");
        }
    }
}
