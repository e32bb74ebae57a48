//! The network: 100 LIF neurons, each connected to all, and the state of one lane.

use ndarray::{Array2, ShapeBuilder};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::config::{Reading, SENSORS, SeedConfig};
use super::readout::{self, POOLS};
use super::stdp::SpikePairs;
use crate::activity::{Activity, Population, Raster, Watch};
use crate::op_count::Operations;
use crate::random::{Purpose, stream, uniform, uniform_in};
use crate::snn::config::NEURONS;
use crate::snn::error::NetworkError;
use crate::snn::readout::greedy;
use crate::snn::synapses::{WEIGHT_BOUNDS, dale_sign};
use crate::snn::{lif, noise};

/// Range of the sensors, in units.
const RANGE: f32 = 20.0;

/// Parameters and weights.
#[derive(Clone, Debug, PartialEq)]
pub struct SeedNetwork {
    config: SeedConfig,
    /// `W[post, pre]`, in column-major order: what a spike adds to the currents is one run of memory.
    weights: Array2<f32>,
    /// Synapses of each presynaptic neuron. Learning makes and removes none.
    fan_out: Vec<usize>,
}

fn fan_out(weights: &Array2<f32>) -> Vec<usize> {
    weights.columns().into_iter().map(|column| column.iter().filter(|&&weight| weight != 0.0).count()).collect()
}

impl SeedNetwork {
    /// A blank network: `|W_ij|` from U[0.01, 0.9), drawn column by column; every fifth neuron is inhibitory, with a negative
    /// column (Dale's law).
    pub fn new(config: SeedConfig, seed: u64) -> Result<Self, NetworkError> {
        config.validate().map_err(NetworkError::Config)?;
        let [low, high] = WEIGHT_BOUNDS;
        let mut rng = stream(seed, Purpose::Wiring, 0);
        let mut weights = Array2::zeros((NEURONS, NEURONS).f());
        for (pre, mut column) in weights.columns_mut().into_iter().enumerate() {
            column.iter_mut().for_each(|weight| *weight = dale_sign(pre) * uniform_in(&mut rng, low, high));
        }
        Ok(Self { config, fan_out: fan_out(&weights), weights })
    }

    /// A network with given weights `W[post, pre]`.
    pub fn with_weights(config: SeedConfig, given: &Array2<f32>) -> Result<Self, NetworkError> {
        config.validate().map_err(NetworkError::Config)?;
        if given.dim() != (NEURONS, NEURONS) {
            return Err(NetworkError::Shape { rows: given.nrows(), columns: given.ncols() });
        }
        if let Some(((post, pre), &weight)) = given.indexed_iter().find(|(_, weight)| !weight.is_finite()) {
            return Err(NetworkError::NotFinite { post, pre, weight });
        }
        let mut weights = Array2::zeros((NEURONS, NEURONS).f());
        weights.assign(given);
        Ok(Self { config, fan_out: fan_out(&weights), weights })
    }

    /// Checks that an observation of `rays` distances is what the network takes.
    pub fn check_rays(&self, rays: usize) -> Result<(), NetworkError> {
        SeedConfig::check_rays(rays)
    }

    /// The parameters.
    pub fn config(&self) -> &SeedConfig {
        &self.config
    }

    /// `W[post, pre]`.
    pub fn weights(&self) -> &Array2<f32> {
        &self.weights
    }

    pub(crate) fn weights_mut(&mut self) -> &mut Array2<f32> {
        &mut self.weights
    }

    /// Runs the network for one step of the car, T ticks, from membranes at rest; `pairs` are noted if wanted. `observation`
    /// holds the distances to the left, ahead and to the right.
    ///
    /// In each tick a sensor at distance d spikes with probability d/20 (rate coding in Bernoulli trains), then
    /// `pathway[t, i] = Σ_j W_ij·s_j(t−1)`, and the membranes take the current `gain·pathway[t, i]` and the input.
    ///
    /// Returns what was done for `pairs` alone; what the decision costs is in [`SeedState::operations`].
    pub fn simulate(
        &self,
        state: &mut SeedState,
        observation: &[f32],
        mut pairs: Option<&mut SpikePairs>,
    ) -> Operations {
        state.begin_step(observation);
        if let Some(pairs) = pairs.as_deref_mut() {
            pairs.begin_step();
        }
        let mut for_pairs = Operations::NONE;
        for _ in 0..self.config.ticks {
            self.tick(state);
            if state.watch != Watch::Nothing {
                state.raster.tick(state.spikes.iter().copied());
            }
            if let Some(pairs) = pairs.as_deref_mut() {
                for_pairs += pairs.tick(&state.spikes);
            }
        }
        state.operations += Operations::of_neuron_updates(self.config.ticks * NEURONS);
        for_pairs
    }

    /// The three pools, which are all there is.
    pub fn populations() -> Vec<Population> {
        let pools = ["pool left", "pool straight", "pool right"].into_iter().zip(POOLS);
        pools.map(|(name, neurons)| Population { name, neurons }).collect()
    }

    fn tick(&self, state: &mut SeedState) {
        let SeedState { v, spikes, current, noise, pathway, .. } = state;
        self.propagate(spikes, current);
        let mut acs = spikes.iter().map(|&pre| self.fan_out[pre]).sum();
        pathway.iter_mut().zip(&*current).for_each(|(sum, current)| *sum += current);
        let gain = self.config.reading.gain();
        current.iter_mut().for_each(|current| *current *= gain);
        if self.config.reading == Reading::C {
            for (probability, pool) in state.probabilities.iter().zip(POOLS) {
                for current in &mut current[pool] {
                    if uniform(&mut state.streams.input) < *probability {
                        *current += self.config.input_current;
                        acs += 1;
                    }
                }
            }
        }
        state.operations += Operations::of_acs(acs);
        noise::fill(&mut state.streams.noise, noise);
        spikes.clear();
        lif::tick(&self.config.lif, v, current, noise, spikes);
        if self.config.reading != Reading::C {
            state.force_sensor_spikes(self.config.lif.v_reset);
        }
        state.spike_count += state.spikes.len();
    }

    /// `current_i = Σ_j W_ij·s_j`, spike by spike.
    fn propagate(&self, spikes: &[usize], current: &mut [f32]) {
        current.fill(0.0);
        for &pre in spikes {
            if let Some(column) = self.weights.column(pre).to_slice() {
                current.iter_mut().zip(column).for_each(|(current, weight)| *current += weight);
            }
        }
    }

    /// Simulates a step and takes the action of the winning pool, without learning.
    pub fn act_greedily(&self, state: &mut SeedState, observation: &[f32]) -> usize {
        self.simulate(state, observation, None);
        state.action()
    }
}

/// What one lane needs in a step; only the random streams outlive it.
#[derive(Clone, Debug, PartialEq)]
pub struct SeedState {
    v: Vec<f32>,
    /// Neurons that spiked in the last tick.
    spikes: Vec<usize>,
    /// Probability of a spike of each sensor in a tick.
    probabilities: [f32; SENSORS],
    /// Spikes of all neurons in this step.
    spike_count: usize,
    pathway: Vec<f32>,
    operations: Operations,
    streams: SeedStreams,
    current: Vec<f32>,
    noise: Vec<f32>,
    watch: Watch,
    raster: Raster,
}

/// The random streams of a lane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedStreams {
    input: ChaCha8Rng,
    noise: ChaCha8Rng,
}

impl SeedStreams {
    /// The streams of a lane of a run with this seed, at their beginning.
    pub fn new(seed: u64, lane: u64) -> Self {
        Self { input: stream(seed, Purpose::Encoder, lane), noise: stream(seed, Purpose::HiddenNoise, lane) }
    }
}

impl SeedState {
    /// The state of a lane of a run with this seed.
    pub fn new(seed: u64, lane: u64) -> Self {
        Self::with_streams(SeedStreams::new(seed, lane))
    }

    /// The state of a lane whose streams are given.
    pub fn with_streams(streams: SeedStreams) -> Self {
        Self {
            streams,
            v: vec![0.0; NEURONS],
            spikes: Vec::new(),
            probabilities: [0.0; SENSORS],
            spike_count: 0,
            pathway: vec![0.0; NEURONS],
            operations: Operations::NONE,
            current: vec![0.0; NEURONS],
            noise: vec![0.0; NEURONS],
            watch: Watch::Nothing,
            raster: Raster::new(NEURONS),
        }
    }

    /// From the next step on, spikes are noted. It changes nothing else.
    pub fn watch(&mut self, watch: Watch) {
        self.watch = watch;
    }

    /// What there is to see of the step just simulated. Its pools compete by sums that are no shares, and nothing is learned before
    /// the episode's end.
    pub fn activity(&self) -> Activity<'_> {
        Activity { raster: (self.watch != Watch::Nothing).then_some(&self.raster), ..Activity::default() }
    }

    /// Its random streams as they stand.
    pub fn streams(&self) -> &SeedStreams {
        &self.streams
    }

    /// The pathway of each neuron in the step just simulated, summed over its ticks.
    pub fn pathway(&self) -> &[f32] {
        &self.pathway
    }

    /// What the decision of the step just simulated cost. The pathways read the currents that the membranes get anyway.
    pub fn operations(&self) -> Operations {
        self.operations
    }

    /// Spikes a neuron and tick in the step that `network` just simulated.
    pub fn firing_rate(&self, network: &SeedNetwork) -> f32 {
        self.spike_count as f32 / (network.config.ticks * NEURONS) as f32
    }

    /// The winner of the step just simulated.
    pub fn action(&self) -> usize {
        greedy(readout::votes(&self.pathway))
    }

    fn begin_step(&mut self, observation: &[f32]) {
        self.v.fill(0.0);
        self.spikes.clear();
        self.spike_count = 0;
        self.operations = Operations::NONE;
        self.raster.clear();
        self.pathway.fill(0.0);
        self.probabilities.iter_mut().zip(observation).for_each(|(p, distance)| *p = distance / RANGE);
    }

    /// A sensor's spike makes the first neuron of its pool spike, beside those that its membrane fires.
    fn force_sensor_spikes(&mut self, v_reset: f32) {
        for (probability, neuron) in self.probabilities.iter().zip(POOLS.map(|pool| pool.start)) {
            if uniform(&mut self.streams.input) < *probability && !self.spikes.contains(&neuron) {
                self.v[neuron] = v_reset;
                self.spikes.push(neuron);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Mode;
    use crate::seed::stdp::StdpParams;

    fn network(reading: Reading) -> SeedNetwork {
        SeedNetwork::new(SeedConfig::new(reading, Mode::Dopamine), 1).unwrap()
    }

    /// Spikes of each neuron in one step.
    fn spike_counts(network: &SeedNetwork, observation: &[f32]) -> Vec<u32> {
        let (mut state, mut counts) = (SeedState::new(1, 0), vec![0; NEURONS]);
        state.begin_step(observation);
        for _ in 0..network.config.ticks {
            network.tick(&mut state);
            state.spikes.iter().for_each(|&spike| counts[spike] += 1);
        }
        counts
    }

    #[test]
    fn weights_are_complete_signed_and_bounded() {
        let network = network(Reading::A);
        for ((post, pre), &weight) in network.weights().indexed_iter() {
            assert!((0.01..=0.9).contains(&(weight * dale_sign(pre))), "{post} <- {pre}: {weight}");
        }
        let inhibitory = (0..NEURONS).filter(|&pre| dale_sign(pre) < 0.0).count();
        assert_eq!(inhibitory, 20);
        assert!([0, 33, 66].iter().all(|&neuron| dale_sign(neuron) > 0.0));
    }

    #[test]
    fn the_pathway_of_a_hand_made_matrix() {
        let mut weights = Array2::zeros((100, 100));
        (weights[[5, 33]], weights[[40, 33]], weights[[70, 33]]) = (0.5, -0.25, 0.125);
        let network = SeedNetwork::with_weights(*network(Reading::B).config(), &weights).unwrap();
        let mut state = SeedState::new(1, 0);
        // The sensor ahead sees 20 units: neuron 33 spikes in each tick. Its current arrives a tick later, 99 times.
        network.simulate(&mut state, &[0.0, 20.0, 0.0], None);
        assert_eq!([5, 40, 70].map(|post| state.pathway()[post]), [49.5, -24.75, 12.375]);
        assert_eq!(state.pathway().iter().filter(|&&sum| sum != 0.0).count(), 3);
        assert_eq!(readout::votes(state.pathway()), [49.5, -24.75, 12.375]);
        // Three synapses, 99 spikes that arrive; 100 neurons, 100 ticks.
        assert_eq!(state.operations(), Operations { acs: 297, macs: 0, neuron_updates: 10_000 });
        assert_eq!(network.act_greedily(&mut state, &[0.0, 20.0, 0.0]), 0);
    }

    #[test]
    fn sensors_are_coded_by_rate() {
        let network = network(Reading::B);
        let (mut state, mut left) = (SeedState::new(3, 0), 0);
        for _ in 0..100 {
            state.begin_step(&[5.0, 20.0, 0.0]);
            for _ in 0..100 {
                network.tick(&mut state);
                assert!(state.spikes.contains(&33) && !state.spikes.contains(&66));
                left += usize::from(state.spikes.contains(&0));
            }
        }
        assert!((left as f32 / 10_000.0 - 0.25).abs() < 0.02, "{left}");
    }

    #[test]
    fn reading_b_is_silent_outside_the_forced_neurons() {
        let counts = spike_counts(&network(Reading::B), &[12.0, 20.0, 12.0]);
        for (neuron, &count) in counts.iter().enumerate() {
            assert_eq!(count > 0, [0, 33, 66].contains(&neuron), "neuron {neuron}: {count}");
        }
    }

    #[test]
    fn reading_a_runs_away_and_reading_c_fires_every_pool() {
        let total = |reading| spike_counts(&network(reading), &[6.0, 20.0, 6.0]).iter().sum::<u32>();
        assert!(total(Reading::A) > 2500, "{} of 10000", total(Reading::A));
        let counts = spike_counts(&network(Reading::C), &[6.0, 20.0, 6.0]);
        for pool in POOLS {
            let active = counts[pool.clone()].iter().filter(|&&count| count > 0).count();
            assert!(active > pool.len() / 2, "{pool:?}: {active}");
        }
    }

    #[test]
    fn noting_pairs_changes_nothing_and_steps_start_at_rest() {
        let network = network(Reading::C);
        let (mut with, mut without) = (SeedState::new(2, 0), SeedState::new(2, 0));
        let mut pairs = SpikePairs::new(StdpParams::default(), NEURONS);
        for _ in 0..3 {
            network.simulate(&mut with, &[6.0, 9.0, 4.0], Some(&mut pairs));
            network.simulate(&mut without, &[6.0, 9.0, 4.0], None);
            assert_eq!(with, without);
        }
        with.begin_step(&[6.0, 9.0, 4.0]);
        assert!(with.v.iter().all(|&v| v == 0.0) && with.spikes.is_empty());
        assert_ne!(SeedState::new(2, 0), SeedState::new(2, 1));
    }

    #[test]
    fn the_raster_holds_every_spike_and_noting_it_changes_nothing() {
        let network = network(Reading::A);
        let (mut seen, mut unseen) = (SeedState::new(2, 0), SeedState::new(2, 0));
        seen.watch(Watch::Everything);
        network.simulate(&mut seen, &[6.0, 9.0, 4.0], None);
        network.simulate(&mut unseen, &[6.0, 9.0, 4.0], None);
        assert_eq!((seen.pathway(), &seen.v), (unseen.pathway(), &unseen.v));
        assert_eq!(unseen.activity().raster, None);
        let raster = seen.activity().raster.unwrap();
        let spikes = (0..100).flat_map(|tick| (0..NEURONS).map(move |neuron| (tick, neuron)));
        assert_eq!(spikes.filter(|&(tick, neuron)| raster.spiked(tick, neuron)).count(), seen.spike_count);
        assert_eq!((raster.ticks(), SeedNetwork::populations()[2].neurons.clone()), (100, 66..100));
    }

    #[test]
    fn weights_that_do_not_fit_are_refused() {
        let config = *network(Reading::A).config();
        let text = |weights: Array2<f32>| SeedNetwork::with_weights(config, &weights).unwrap_err().to_string();
        assert_eq!(text(Array2::zeros((99, 100))), "the weights are 99 × 100: they must be 100 × 100, W[post, pre]");
        assert!(text(Array2::from_elem((100, 100), f32::NAN)).contains("weight [0, 0] is NaN"));
        let row_major = network(Reading::A).weights().as_standard_layout().into_owned();
        assert_eq!(SeedNetwork::with_weights(config, &row_major).unwrap(), network(Reading::A));
    }
}
