//! The seed's agent: drives an episode without learning, then changes every weight once.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::config::{Mode, SeedConfig};
use super::dopamine::{self, Baseline};
use super::network::{SeedNetwork, SeedState, SeedStreams};
use super::stdp::SpikePairs;
use crate::activity::{Activity, Watch};
use crate::op_count::{Operations, TrainingOperations};
use crate::snn::EpisodeSummary;
use crate::snn::config::NEURONS;
use crate::snn::error::NetworkError;
use crate::snn::synapses::{WeightBounds, dale_sign};

/// An agent in the middle of a run.
///
/// It never explores: it drives as it does in an evaluation. What varies are its spike trains and membrane noise.
#[derive(Clone, Debug)]
pub struct SeedLearner {
    network: SeedNetwork,
    lanes: Vec<Lane>,
    bounds: WeightBounds,
    baseline: Baseline,
    episode: usize,
    operations: TrainingOperations,
}

/// What belongs to one car.
#[derive(Clone, Debug)]
struct Lane {
    state: SeedState,
    pairs: SpikePairs,
    episode_return: f64,
}

/// All of an agent that outlives an episode, beside its parameters: what a resumed run goes on from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedLearnerState {
    weights: Array2<f32>,
    baseline: Baseline,
    episode: usize,
    lanes: Vec<SeedStreams>,
    /// States of older versions have none: the count begins where such a run goes on.
    #[serde(default)]
    operations: TrainingOperations,
}

impl Lane {
    fn new(config: &SeedConfig, streams: SeedStreams) -> Self {
        let pairs = SpikePairs::new(config.stdp, NEURONS);
        Self { state: SeedState::with_streams(streams), pairs, episode_return: 0.0 }
    }
}

impl SeedLearner {
    /// A blank agent on so many lanes.
    pub fn new(config: SeedConfig, seed: u64, lanes: usize) -> Result<Self, NetworkError> {
        let lanes = (0..lanes as u64).map(|lane| SeedStreams::new(seed, lane)).collect();
        Ok(Self::with(SeedNetwork::new(config, seed)?, lanes))
    }

    /// An agent that goes on from a state, between two episodes.
    pub fn restored(config: SeedConfig, state: SeedLearnerState) -> Result<Self, NetworkError> {
        let SeedLearnerState { weights, baseline, episode, lanes, operations } = state;
        Ok(Self { baseline, episode, operations, ..Self::with(SeedNetwork::with_weights(config, &weights)?, lanes) })
    }

    fn with(network: SeedNetwork, lanes: Vec<SeedStreams>) -> Self {
        Self {
            lanes: lanes.into_iter().map(|streams| Lane::new(network.config(), streams)).collect(),
            network,
            bounds: WeightBounds::of_signs((0..NEURONS).map(dale_sign)),
            baseline: Baseline::default(),
            episode: 0,
            operations: TrainingOperations::default(),
        }
    }

    /// All that [`Self::restored`] needs, between two episodes.
    pub fn state(&self) -> SeedLearnerState {
        SeedLearnerState {
            weights: self.network.weights().clone(),
            baseline: self.baseline,
            episode: self.episode,
            lanes: self.lanes.iter().map(|lane| lane.state.streams().clone()).collect(),
            operations: self.operations,
        }
    }

    /// The network as it is now.
    pub fn network(&self) -> &SeedNetwork {
        &self.network
    }

    /// The baseline as it is now.
    pub fn baseline(&self) -> f64 {
        self.baseline.value()
    }

    /// What decisions and learning cost so far.
    pub fn operations(&self) -> TrainingOperations {
        self.operations
    }

    /// Cars that it drives at the same time.
    pub fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// Episodes finished.
    pub fn episode(&self) -> usize {
        self.episode
    }

    /// Forgets the last episode of a lane and prepares for the next.
    pub fn begin_episode(&mut self, lane: usize) {
        self.lanes[lane].pairs.reset();
        self.lanes[lane].episode_return = 0.0;
    }

    /// Sees and decides. Returns an action index.
    pub fn act(&mut self, lane: usize, observation: &[f32]) -> usize {
        let Lane { state, pairs, .. } = &mut self.lanes[lane];
        let pairs = (self.network.config().mode != Mode::Frozen).then_some(pairs);
        self.operations.learning += self.network.simulate(state, observation, pairs);
        self.operations.decisions += state.operations();
        state.action()
    }

    /// Is told the reward of the lane's last action.
    pub fn reward(&mut self, lane: usize, reward: f64) {
        self.lanes[lane].episode_return += reward;
    }

    /// From the lane's next step on, spikes are noted.
    pub fn watch(&mut self, lane: usize, watch: Watch) {
        self.lanes[lane].state.watch(watch);
    }

    /// What there is to see of the lane's last decision.
    pub fn activity(&self, lane: usize) -> Activity<'_> {
        self.lanes[lane].state.activity()
    }

    /// What the spike pairs of the lane's episode would change: `e[post, pre]`.
    pub fn eligibility(&self, lane: usize) -> Array2<f32> {
        self.lanes[lane].pairs.eligibility()
    }

    /// Learns from the episode of a lane as a whole, and counts it.
    pub fn end_episode(&mut self, lane: usize) -> EpisodeSummary {
        self.episode += 1;
        let Lane { pairs, episode_return, .. } = &self.lanes[lane];
        let SeedConfig { mode, dopamine: params, .. } = *self.network.config();
        let dopamine = self.baseline.dopamine(&params, *episode_return);
        let gate = match mode {
            Mode::Dopamine => dopamine,
            Mode::StdpOnly => 1.0,
            Mode::Frozen => return EpisodeSummary { mean_dopamine: dopamine, learning_rate: 0.0 },
        };
        dopamine::update(&params, gate, &pairs.eligibility(), &self.bounds, self.network.weights_mut());
        // A₊, A₋ and η·δ at every synapse.
        self.operations.learning += Operations::of_macs(3 * NEURONS * NEURONS);
        EpisodeSummary { mean_dopamine: dopamine, learning_rate: params.learning_rate }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Reading;

    /// One episode of one step, in which neuron 33 alone spikes, at each tick.
    fn episode(reading: Reading, mode: Mode, reward: f64) -> (SeedLearner, SeedLearner) {
        let before = SeedLearner::new(SeedConfig::new(reading, mode), 1, 1).unwrap();
        let mut after = before.clone();
        after.begin_episode(0);
        after.act(0, &[0.0, 20.0, 0.0]);
        after.reward(0, reward);
        after.end_episode(0);
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
    fn the_cost_of_one_episode_worked_out_by_hand() {
        let (_, after) = episode(Reading::B, Mode::Dopamine, -2.0);
        let TrainingOperations { decisions, learning } = after.operations();
        // One spike a tick reaches 100 neurons a tick later; 100 neurons for 100 ticks.
        assert_eq!(decisions, Operations { acs: 9900, macs: 0, neuron_updates: 10_000 });
        // 100 traces decay for 100 ticks; each spike meets 100 of them and adds to its own; then three factors at 10 000 synapses.
        assert_eq!(learning, Operations { acs: 10_100, macs: 10_000 + 30_000, neuron_updates: 0 });
        assert_eq!(
            SeedLearner::restored(*after.network().config(), after.state()).unwrap().operations(),
            after.operations()
        );
        assert_eq!(episode(Reading::B, Mode::Frozen, -2.0).1.operations().learning, Operations::NONE);
    }

    #[test]
    fn one_episode_drives_reading_a_into_its_bounds() {
        let mut learner = SeedLearner::new(SeedConfig::new(Reading::A, Mode::Dopamine), 1, 1).unwrap();
        learner.begin_episode(0);
        (0..30).for_each(|_| _ = learner.act(0, &[6.0, 20.0, 6.0]));
        learner.reward(0, -60.0);
        learner.end_episode(0);
        let weights = learner.network().weights();
        let at_bound = weights.iter().filter(|weight| [0.01, 0.9].contains(&weight.abs())).count();
        assert!(at_bound > 8000, "{at_bound} of 10000");
    }

    #[test]
    fn the_same_seed_gives_the_same_weights() {
        let weights = |seed| {
            let mut learner = SeedLearner::new(SeedConfig::new(Reading::C, Mode::Dopamine), seed, 1).unwrap();
            for k in 0..3 {
                learner.begin_episode(0);
                let action = learner.act(0, &[6.0, 9.0, 5.0]);
                learner.reward(0, f64::from(k) + action as f64);
                learner.end_episode(0);
            }
            learner.network().weights().clone()
        };
        assert_eq!(weights(7), weights(7));
        assert_ne!(weights(7), weights(8));
    }
}
