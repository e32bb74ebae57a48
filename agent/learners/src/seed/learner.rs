//! The seed's agent: drives an episode without learning, then changes every weight once.

use ndarray::Array2;

use super::config::{Mode, SeedConfig};
use super::dopamine::{self, Baseline};
use super::network::{SeedNetwork, SeedState};
use super::stdp::SpikePairs;
use crate::activity::{Activity, Watch};
use crate::snn::EpisodeSummary;
use crate::snn::config::NEURONS;
use crate::snn::network::NetworkError;
use crate::snn::synapses::{WeightBounds, dale_sign};

/// The lane of the training car; evaluations use others.
const TRAINING_LANE: u64 = 0;

/// An agent in the middle of a run.
///
/// It never explores: it drives as it does in an evaluation. What varies are its spike trains and membrane noise.
#[derive(Clone, Debug)]
pub struct SeedLearner {
    network: SeedNetwork,
    state: SeedState,
    pairs: SpikePairs,
    bounds: WeightBounds,
    baseline: Baseline,
    episode_return: f64,
    episode: usize,
}

impl SeedLearner {
    /// A blank agent.
    pub fn new(config: SeedConfig, seed: u64) -> Result<Self, NetworkError> {
        Ok(Self {
            network: SeedNetwork::new(config, seed)?,
            state: SeedState::new(seed, TRAINING_LANE),
            pairs: SpikePairs::new(config.stdp, NEURONS),
            bounds: WeightBounds::of_signs((0..NEURONS).map(dale_sign)),
            baseline: Baseline::default(),
            episode_return: 0.0,
            episode: 0,
        })
    }

    /// The network as it is now.
    pub fn network(&self) -> &SeedNetwork {
        &self.network
    }

    /// The baseline as it is now.
    pub fn baseline(&self) -> f64 {
        self.baseline.value()
    }

    /// Episodes finished.
    pub fn episode(&self) -> usize {
        self.episode
    }

    /// Forgets the last episode and prepares for the next.
    pub fn begin_episode(&mut self) {
        self.pairs.reset();
        self.episode_return = 0.0;
    }

    /// Sees and decides. Returns an action index.
    pub fn act(&mut self, observation: &[f32]) -> usize {
        let pairs = (self.network.config().mode != Mode::Frozen).then_some(&mut self.pairs);
        self.network.simulate(&mut self.state, observation, pairs);
        self.state.action()
    }

    /// Is told the reward of the last action.
    pub fn reward(&mut self, reward: f64) {
        self.episode_return += reward;
    }

    /// From the next step on, spikes are noted.
    pub fn watch(&mut self, watch: Watch) {
        self.state.watch(watch);
    }

    /// What there is to see of the last decision.
    pub fn activity(&self) -> Activity<'_> {
        self.state.activity()
    }

    /// What the spike pairs of this episode would change: `e[post, pre]`.
    pub fn eligibility(&self) -> Array2<f32> {
        self.pairs.eligibility()
    }

    /// Learns from the episode as a whole, and counts it.
    pub fn end_episode(&mut self) -> EpisodeSummary {
        self.episode += 1;
        let SeedConfig { mode, dopamine: params, .. } = *self.network.config();
        let dopamine = self.baseline.dopamine(&params, self.episode_return);
        let gate = match mode {
            Mode::Dopamine => dopamine,
            Mode::StdpOnly => 1.0,
            Mode::Frozen => return EpisodeSummary { mean_dopamine: dopamine, learning_rate: 0.0 },
        };
        dopamine::update(&params, gate, &self.pairs.eligibility(), &self.bounds, self.network.weights_mut());
        EpisodeSummary { mean_dopamine: dopamine, learning_rate: params.learning_rate }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Reading;

    /// One episode of one step, in which neuron 33 alone spikes, at each tick.
    fn episode(reading: Reading, mode: Mode, reward: f64) -> (SeedLearner, SeedLearner) {
        let before = SeedLearner::new(SeedConfig::new(reading, mode), 1).unwrap();
        let mut after = before.clone();
        after.begin_episode();
        after.act(&[0.0, 20.0, 0.0]);
        after.reward(reward);
        after.end_episode();
        (before, after)
    }

    /// `Σ_{s<t} exp(−(t − s)/20)` over 100 ticks.
    fn kernel_sum() -> f32 {
        (1..100u8).map(|delay| f32::from(100 - delay) * libm::expf(-f32::from(delay) / 20.0)).sum()
    }

    #[test]
    fn golden_update_of_one_episode() {
        // Only the synapse of neuron 33 with itself has spike pairs: e = (A₊ − A₋)·Σ, and dopamine is the first return.
        for (mode, gate) in [(Mode::Dopamine, -2.0), (Mode::StdpOnly, 1.0), (Mode::Frozen, 0.0)] {
            let (before, after) = episode(Reading::B, mode, -2.0);
            let mut expected = before.network().weights().clone();
            expected[[33, 33]] += 0.01 * gate * (0.005 - 0.00525) * kernel_sum();
            for (at, weight) in after.network().weights().indexed_iter() {
                assert!((weight - expected[at]).abs() < 1e-6, "{mode} {at:?}: {weight} instead of {}", expected[at]);
            }
            assert!((after.baseline() + 0.2).abs() < 1e-12);
        }
    }

    #[test]
    fn one_episode_drives_reading_a_into_its_bounds() {
        let mut learner = SeedLearner::new(SeedConfig::new(Reading::A, Mode::Dopamine), 1).unwrap();
        learner.begin_episode();
        (0..30).for_each(|_| _ = learner.act(&[6.0, 20.0, 6.0]));
        learner.reward(-60.0);
        learner.end_episode();
        let weights = learner.network().weights();
        let at_bound = weights.iter().filter(|weight| [0.01, 0.9].contains(&weight.abs())).count();
        assert!(at_bound > 8000, "{at_bound} of 10000");
    }

    #[test]
    fn the_same_seed_gives_the_same_weights() {
        let weights = |seed| {
            let mut learner = SeedLearner::new(SeedConfig::new(Reading::C, Mode::Dopamine), seed).unwrap();
            for k in 0..3 {
                learner.begin_episode();
                let action = learner.act(&[6.0, 9.0, 5.0]);
                learner.reward(f64::from(k) + action as f64);
                learner.end_episode();
            }
            learner.network().weights().clone()
        };
        assert_eq!(weights(7), weights(7));
        assert_ne!(weights(7), weights(8));
    }
}
