//! What every learner and every network can do, whatever its rule: all that training, evaluation and weight files need.

use std::fmt::Debug;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::activity::{Activity, Population, Watch};
use crate::seed::{SeedConfig, SeedLearner, SeedNetwork, SeedState};
use crate::snn::network::NetworkError;
use crate::snn::synapses::Layout;
use crate::snn::{Critic, EpisodeSummary, Network, NetworkState, SnnConfig, SpikingLearner, StepEnd};

/// An agent in the middle of a run: begin, then act and be rewarded until the episode ends, then end it.
pub trait Learner {
    /// Is told that another phase begins with the next episode.
    fn begin_phase(&mut self);

    /// Forgets the last episode and prepares for the next.
    fn begin_episode(&mut self);

    /// Sees and decides. Returns an action index.
    fn act(&mut self, observation: &[f32]) -> usize;

    /// Is told the reward of the last action, and whether the episode ended with it.
    fn reward(&mut self, reward: f64, end: Option<StepEnd>);

    /// Counts the episode.
    fn end_episode(&mut self) -> EpisodeSummary;

    /// Episodes finished.
    fn episode(&self) -> usize;

    /// The network as it is now.
    fn policy(&self) -> &dyn Policy;

    /// Its parameters.
    fn config(&self) -> LearnerConfig;

    /// What it has learned beside the weights.
    fn memory(&self) -> Memory;

    /// From the next step on, these spikes are noted. It changes no number of the run.
    fn watch(&mut self, watch: Watch);

    /// What there is to see of the last decision, until the next one or the end of the episode.
    fn activity(&self) -> Activity<'_>;

    /// The neurons whose spikes are noted, layer by layer.
    fn populations(&self, watch: Watch) -> Vec<Population>;

    /// The eligibility traces as they are now, in the places of their weights: `e[post, pre]`.
    fn eligibility(&self) -> Array2<f32>;
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

    /// From the next step on, these spikes are noted. It changes nothing else.
    fn watch(&mut self, watch: Watch);

    /// What there is to see of the step just driven.
    fn activity(&self) -> Activity<'_>;
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
    /// A blank learner for a run of `run_episodes` episodes.
    pub fn learner(self, seed: u64, run_episodes: usize) -> Result<Box<dyn Learner>, NetworkError> {
        Ok(match self {
            Self::Snn(config) => Box::new(SpikingLearner::new(config, seed, run_episodes)?),
            Self::Seed(config) => Box::new(SeedLearner::new(config, seed)?),
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

    fn begin_episode(&mut self) {
        Self::begin_episode(self);
    }

    fn act(&mut self, observation: &[f32]) -> usize {
        Self::act(self, observation)
    }

    fn reward(&mut self, reward: f64, end: Option<StepEnd>) {
        Self::reward(self, reward, end);
    }

    fn end_episode(&mut self) -> EpisodeSummary {
        Self::end_episode(self)
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

    fn watch(&mut self, watch: Watch) {
        Self::watch(self, watch);
    }

    fn activity(&self) -> Activity<'_> {
        Self::activity(self)
    }

    fn populations(&self, watch: Watch) -> Vec<Population> {
        Self::populations(self, watch)
    }

    fn eligibility(&self) -> Array2<f32> {
        Self::eligibility(self)
    }
}

impl Learner for SeedLearner {
    /// Its learning rate follows no schedule.
    fn begin_phase(&mut self) {}

    fn begin_episode(&mut self) {
        Self::begin_episode(self);
    }

    fn act(&mut self, observation: &[f32]) -> usize {
        Self::act(self, observation)
    }

    /// An episode is one sum to this learner: how it ended does not matter.
    fn reward(&mut self, reward: f64, _end: Option<StepEnd>) {
        Self::reward(self, reward);
    }

    fn end_episode(&mut self) -> EpisodeSummary {
        Self::end_episode(self)
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

    fn watch(&mut self, watch: Watch) {
        Self::watch(self, watch);
    }

    fn activity(&self) -> Activity<'_> {
        Self::activity(self)
    }

    fn populations(&self, _watch: Watch) -> Vec<Population> {
        SeedNetwork::populations()
    }

    fn eligibility(&self) -> Array2<f32> {
        Self::eligibility(self)
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

    fn watch(&mut self, watch: Watch) {
        self.1.watch(watch);
    }

    fn activity(&self) -> Activity<'_> {
        self.0.activity(&self.1)
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

    fn watch(&mut self, watch: Watch) {
        self.1.watch(watch);
    }

    fn activity(&self) -> Activity<'_> {
        self.1.activity()
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
                let learner = config.learner(1, 10).unwrap();
                assert_eq!(learner.policy().check_rays(rays), Ok(()), "{preset}");
                let refusal = learner.policy().check_rays(rays + 2).unwrap_err().to_string();
                let expected = format!("the world casts {} rays and the network takes {rays}: ", rays + 2);
                assert!(refusal.starts_with(&expected), "{preset}: {refusal}");
                assert!(refusal.ends_with(&format!("use a world of {rays} rays")), "{preset}: {refusal}");
            }
        }
    }

    /// A run of three episodes; every other step is watched as `watch` says.
    fn watched_run(preset: Preset, watch: Watch) -> Box<dyn Learner> {
        let mut learner = preset.config().learner(3, 10).unwrap();
        for episode in 0..3u8 {
            learner.begin_episode();
            for step in 0..12u8 {
                learner.watch(if step % 2 == 0 { watch } else { Watch::Nothing });
                let action = learner.act(&[f32::from(step), 12.0, 7.0]);
                let activity = learner.activity();
                assert_eq!(activity.raster.is_some(), step % 2 == 0 && watch != Watch::Nothing);
                if let Preset::Snn(_) = preset {
                    let shares = activity.shares.unwrap();
                    assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-5 && shares[action] > 0.0, "{preset}");
                    assert_eq!((activity.value.is_some(), activity.dopamine.is_some()), (true, step > 0), "{preset}");
                }
                let end = (step == 11).then(|| match episode {
                    0 => StepEnd::Terminated,
                    _ => StepEnd::Truncated(vec![3.0, 4.0, 5.0]),
                });
                learner.reward(f64::from(step) - 3.0, end);
            }
            assert_ne!(learner.eligibility(), Array2::zeros((100, 100)), "{preset}");
            learner.end_episode();
        }
        learner
    }

    #[test]
    fn watching_changes_no_number_of_any_preset() {
        for preset in Preset::all() {
            let unwatched = watched_run(preset, Watch::Nothing);
            for watch in [Watch::Simulated, Watch::Everything] {
                let watched = watched_run(preset, watch);
                assert_eq!(watched.policy().weights(), unwatched.policy().weights(), "{preset}");
                assert_eq!(watched.memory(), unwatched.memory(), "{preset}");
                let neurons = watched.populations(watch).iter().map(|shown| shown.neurons.len()).sum::<usize>();
                assert!((36..=100).contains(&neurons), "{preset}: {neurons}");
            }
        }
    }

    #[test]
    fn every_preset_drives_learns_and_is_restored_from_its_parts() {
        for preset in Preset::all() {
            let config = preset.config();
            let mut learner = config.learner(3, 10).unwrap();
            for episode in 1..=2 {
                learner.begin_phase();
                learner.begin_episode();
                for _ in 0..5 {
                    assert!(learner.act(&[5.0, 12.0, 7.0]) < crate::ACTIONS);
                    learner.reward(2.0, None);
                }
                learner.act(&[5.0, 12.0, 7.0]);
                learner.reward(-100.0, Some(StepEnd::Terminated));
                assert!(learner.end_episode().learning_rate > 0.0);
                assert_eq!(learner.episode(), episode);
            }
            assert_eq!(learner.config(), config);
            assert_ne!(learner.policy().weights(), config.learner(3, 10).unwrap().policy().weights(), "{preset}");
            let restored = config.policy(learner.policy().weights()).unwrap();
            let actions = |policy: &dyn Policy| {
                let mut driver = policy.driver(3, 9);
                (0..20).map(|k| driver.act_greedily(&[k as f32, 10.0, 9.0])).collect::<Vec<_>>()
            };
            assert_eq!(actions(restored.as_ref()), actions(learner.policy()), "{preset}");
            for other in Preset::all() {
                let memory = other.config().learner(1, 1).unwrap().memory();
                let same_kind = std::mem::discriminant(&config) == std::mem::discriminant(&other.config());
                assert!(same_kind || !config.fits(&memory), "{preset} with the memory of {other}");
            }
            assert!(config.fits(&learner.memory()), "{preset}");
        }
    }
}
