//! The network: weights that all lanes share, and the state of one lane.

use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::competition::{Competition, Readout};
use super::config::{Firing, NEURONS, Signal, SnnConfig};
use super::encoder::{CodeMemory, FIRST_ACTION, SpikeEncoder};
use super::escape::EscapeNoise;
use super::fan_out::FanOut;
use super::forward::{Estimate, ForwardModel, Prediction};
use super::lif::LifParams;
use super::stdp::PairStdp;
use super::synapses::{Layout, initial_weights};
use super::{lif, noise, readout};
use crate::ACTIONS;
use crate::activity::{Activity, Population as Shown, Raster, Watch};
use crate::op_count::Operations;
use crate::random::{Purpose, stream};

/// Parameters and weights: what learning changes and what a file keeps.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    config: SnnConfig,
    layout: Layout,
    /// `W[post, pre]`, in row-major order.
    weights: Array2<f32>,
    fan_out: FanOut,
    forward: Option<Prediction>,
    /// Sensory and hidden neurons that are lost: they never spike.
    cut: Vec<usize>,
}

/// Why weights do not fit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NetworkError {
    /// The configuration is impossible.
    #[error("impossible network: {0}")]
    Config(String),
    /// The matrix has another shape.
    #[error("the weights are {rows} × {columns}: they must be {NEURONS} × {NEURONS}, W[post, pre]")]
    Shape {
        /// Rows.
        rows: usize,
        /// Columns.
        columns: usize,
    },
    /// A weight is no number.
    #[error("weight [{post}, {pre}] is {weight}: every weight must be finite")]
    NotFinite {
        /// Row.
        post: usize,
        /// Column.
        pre: usize,
        /// Value.
        weight: f32,
    },
    /// An array is missing, of another shape, or holds what is no number.
    #[error("{0}")]
    Array(String),
    /// The world has other sensors than the network.
    #[error("the world casts {world} rays and the network takes {network}: use a world of {network} rays")]
    Rays {
        /// Rays of the world.
        world: usize,
        /// Rays of the network.
        network: usize,
    },
}

impl Network {
    /// A blank network: the weights that `seed` draws.
    pub fn new(config: SnnConfig, seed: u64) -> Result<Self, NetworkError> {
        config.validate().map_err(NetworkError::Config)?;
        let layout = Layout::new(&config);
        let weights = initial_weights(&layout, &config.wiring, &mut stream(seed, Purpose::Wiring, 0));
        let forward = config.forward.map(|params| Prediction::new(params, config.code.rays, layout.sensory().len()));
        let fan_out = FanOut::new(&layout, config.readout, &weights);
        Ok(Self { config, layout, fan_out, weights, forward, cut: Vec::new() })
    }

    /// A network with given weights `W[post, pre]`, and with M of its forward model where it has one.
    pub fn with_arrays(
        config: SnnConfig,
        weights: &Array2<f32>,
        changes: Option<&Array2<f32>>,
    ) -> Result<Self, NetworkError> {
        let network = Self::with_weights(config, weights)?;
        let forward = match (config.forward, changes) {
            (None, _) => None,
            (Some(params), Some(changes)) => {
                let rays = config.code.rays;
                let (rows, columns) = ForwardModel::shape(rays, network.layout.sensory().len());
                if changes.dim() != (rows, columns) || changes.iter().any(|change| !change.is_finite()) {
                    let (r, c) = changes.dim();
                    return Err(NetworkError::Array(format!(
                        "the forward model is {r} × {c}: it must be {rows} × {columns}, of finite numbers"
                    )));
                }
                Some(Prediction::with_changes(params, rays, changes.clone()))
            }
            (Some(_), None) => return Err(NetworkError::Array("the array of the forward model is missing".to_owned())),
        };
        Ok(Self { forward, ..network })
    }

    /// A network with given weights `W[post, pre]`, whose forward model, if there is one, expects nothing to change.
    pub fn with_weights(config: SnnConfig, weights: &Array2<f32>) -> Result<Self, NetworkError> {
        config.validate().map_err(NetworkError::Config)?;
        if weights.dim() != (NEURONS, NEURONS) {
            return Err(NetworkError::Shape { rows: weights.nrows(), columns: weights.ncols() });
        }
        if let Some(((post, pre), &weight)) = weights.indexed_iter().find(|(_, weight)| !weight.is_finite()) {
            return Err(NetworkError::NotFinite { post, pre, weight });
        }
        let layout = Layout::new(&config);
        let weights = weights.as_standard_layout().into_owned();
        let forward = config.forward.map(|params| Prediction::new(params, config.code.rays, layout.sensory().len()));
        let fan_out = FanOut::new(&layout, config.readout, &weights);
        Ok(Self { config, layout, fan_out, weights, forward, cut: Vec::new() })
    }

    /// Takes sensory and hidden neurons away: they never spike again. Those that were lost before stay lost.
    pub fn cut(&mut self, neurons: &[usize]) -> Result<(), NetworkError> {
        let known = self.layout.presynaptic();
        if let Some(neuron) = neurons.iter().find(|neuron| **neuron >= known) {
            return Err(NetworkError::Config(format!("neuron {neuron} cannot be lost: use 0 to {}", known - 1)));
        }
        self.cut.extend(neurons);
        self.cut.sort_unstable();
        self.cut.dedup();
        self.fan_out = FanOut::new(&self.layout, self.config.readout, &self.heard(&self.weights));
        Ok(())
    }

    /// The neurons that are lost.
    pub fn lost(&self) -> &[usize] {
        &self.cut
    }

    /// An array whose columns are presynaptic neurons, without what lost ones would say: learning bounds the weights of a neuron that
    /// is silent as it does all others.
    pub(crate) fn heard(&self, array: &Array2<f32>) -> Array2<f32> {
        let mut heard = array.clone();
        for &neuron in self.cut.iter().filter(|neuron| **neuron < array.ncols()) {
            heard.column_mut(neuron).fill(0.0);
        }
        heard
    }

    /// Checks that an observation of `rays` distances is what the network has cells for.
    pub fn check_rays(&self, rays: usize) -> Result<(), NetworkError> {
        let network = self.config.code.rays;
        if rays == network { Ok(()) } else { Err(NetworkError::Rays { world: rays, network }) }
    }

    /// The parameters.
    pub fn config(&self) -> &SnnConfig {
        &self.config
    }

    /// Which neuron is what.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// `W[post, pre]`.
    pub fn weights(&self) -> &Array2<f32> {
        &self.weights
    }

    /// Its forward model, if it has one.
    pub fn forward(&self) -> Option<&Prediction> {
        self.forward.as_ref()
    }

    /// The forward model learns from what was just seen. Returns what it cost.
    pub(crate) fn learn_forward(&mut self, state: &NetworkState, lanes: usize) -> Operations {
        let Some(model) = &mut self.forward else { return Operations::NONE };
        model.learn(&state.estimate, state.last_action, lanes)
    }

    pub(crate) fn weights_mut(&mut self) -> &mut Array2<f32> {
        &mut self.weights
    }

    /// The layers; the motor pools among them where their spikes are noted. `stdp` tells whether learning pairs those. None where
    /// nothing spikes.
    pub fn populations(&self, watch: Watch, stdp: bool) -> Vec<Shown> {
        if self.config.signal == Signal::Rates {
            return Vec::new();
        }
        let mut shown = vec![("sensory", self.layout.sensory()), ("hidden", self.layout.hidden())];
        if watch == Watch::Everything || self.needs_motor(stdp) {
            let names = ["motor left", "motor straight", "motor right"];
            shown.extend(names.into_iter().enumerate().map(|(action, name)| (name, self.layout.pool(action))));
        }
        let filled = shown.into_iter().filter(|(_, neurons)| !neurons.is_empty());
        filled.map(|(name, neurons)| Shown { name, neurons }).collect()
    }

    fn needs_motor(&self, stdp: bool) -> bool {
        stdp || self.config.readout == Readout::Vote
    }

    /// Runs the network for one step of the car, T ticks. With `stdp`, it pairs the spikes of the motor neurons. Where neither it
    /// nor the readout asks for them, the motor neurons are left out: their spikes change nothing else. Those that are simulated for
    /// a watcher alone have membranes and random numbers of their own. Without spikes, the rates of the code are all there is.
    ///
    /// Returns what was done for `stdp` alone; what the decision costs is in [`NetworkState::operations`].
    pub fn simulate(
        &self,
        state: &mut NetworkState,
        observation: &[f32],
        mut stdp: Option<&mut PairStdp>,
    ) -> Operations {
        let (hidden, motor) = (self.layout.hidden(), self.layout.motor());
        let motor_runs = self.needs_motor(stdp.is_some());
        let watch = state.witnessed.watch;
        let motor_is_shown = watch == Watch::Everything && !motor_runs;
        state.witnessed.raster.clear();
        let mut for_estimate = Operations::NONE;
        let seen = match &self.forward {
            Some(model) => {
                let counts = &state.counts[self.layout.sensory()];
                for_estimate = model.observe(&mut state.estimate, observation, counts, state.last_action);
                state.estimate.distances()
            }
            None => observation,
        };
        self.config.code.rates(seen, &mut state.memory, &mut state.rates);
        for &neuron in self.cut.iter().filter(|neuron| self.layout.sensory().contains(neuron)) {
            state.rates[neuron] = 0.0;
        }
        if self.config.signal == Signal::Rates {
            state.counts.copy_from_slice(&state.rates);
            // A rate is a number: at each synapse it is multiplied.
            state.operations = for_estimate + Operations { macs: self.fan_out.synapses(), ..Operations::NONE };
            return Operations::NONE;
        }
        state.counts.fill(0.0);
        state.motor_counts.fill(0.0);
        let carried_in = self.fan_out.on_their_way(&state.arriving);
        let mut for_stdp = Operations::NONE;
        for _ in 0..self.config.ticks {
            if let Some(layer) = state.witnessed.motor.as_deref_mut().filter(|_| motor_is_shown) {
                self.motor_tick(&mut layer.neurons, &state.arriving, &mut layer.noise, &mut layer.escape);
            }
            if motor_runs {
                let Streams { motor: noise, escape, .. } = &mut state.streams;
                let spikes = self.motor_tick(&mut state.motor, &state.arriving, noise, escape);
                spikes.iter().for_each(|&i| state.motor_counts[i] += 1.0);
                if let Some(stdp) = stdp.as_deref_mut() {
                    for_stdp += stdp.tick(&state.arriving, spikes);
                }
            }
            state.hidden.receive(self, hidden.start, 1.0, &state.arriving, &mut state.streams.hidden);
            let hidden_spikes = state.hidden.fire(&self.config.lif);
            state.arriving.clear();
            state.encoder.tick(&state.rates, &mut state.streams.encoder, &mut state.arriving);
            let hidden_spikes = hidden_spikes.iter().map(|spike| spike + hidden.start);
            state.arriving.extend(hidden_spikes.filter(|spike| !self.cut.contains(spike)));
            for &spike in &state.arriving {
                state.counts[spike] += 1.0;
            }
            if watch != Watch::Nothing {
                let of_motor: &[usize] = match &state.witnessed.motor {
                    _ if motor_runs => &state.motor.spikes,
                    Some(layer) if motor_is_shown => &layer.neurons.spikes,
                    _ => &[],
                };
                let of_motor = of_motor.iter().map(|spike| spike + motor.start);
                state.witnessed.raster.tick(state.arriving.iter().copied().chain(of_motor));
            }
        }
        state.operations = for_estimate + self.decision_cost(state, carried_in);
        let ticks = self.config.ticks as f32;
        state.counts.iter_mut().for_each(|count| *count /= ticks);
        let only_for_stdp = motor_runs && self.config.readout != Readout::Vote;
        let motor_updates = if only_for_stdp { self.config.ticks * motor.len() } else { 0 };
        for_stdp + Operations::of_neuron_updates(motor_updates)
    }

    /// What the step just simulated cost its decision, from its spikes: with the accumulates that were on their way when it began
    /// (`carried_in`), without those that are when it ends.
    fn decision_cost(&self, state: &NetworkState, carried_in: u64) -> Operations {
        let carried_out = self.fan_out.on_their_way(&state.arriving);
        let motor = if self.config.readout == Readout::Vote { self.layout.motor().len() } else { 0 };
        let neuron_updates = self.config.ticks * (self.layout.presynaptic() - self.cut.len() + motor);
        let acs = self.fan_out.accumulates(&state.counts) + carried_in - carried_out;
        Operations { acs, macs: 0, neuron_updates: neuron_updates as u64 }
    }

    /// One tick of the motor neurons. Returns those that spike, from 0.
    fn motor_tick<'a>(
        &self,
        neurons: &'a mut Population,
        arriving: &[usize],
        noise: &mut ChaCha8Rng,
        escape: &mut ChaCha8Rng,
    ) -> &'a [usize] {
        neurons.receive(self, self.layout.motor().start, self.config.motor_gain, arriving, noise);
        match self.config.motor_firing {
            Firing::Threshold => neurons.fire(&self.config.lif),
            Firing::Escape(params) => neurons.fire_softly(&self.config.lif, &params, escape),
        }
    }

    /// What there is to see of the step just simulated, by a driver that does not learn.
    pub fn activity<'a>(&self, state: &'a NetworkState) -> Activity<'a> {
        Activity { raster: state.raster(), shares: Some(self.competition(state).shares()), ..Activity::default() }
    }

    /// How the pools stand after the step just simulated.
    pub fn competition(&self, state: &NetworkState) -> Competition {
        match self.config.readout {
            Readout::Pathway { inverse_temperature } => {
                let features = state.features(&self.layout);
                let drive = readout::pool_drive(&self.weights, &self.layout, inverse_temperature, features);
                Competition::Pathway(drive)
            }
            Readout::Vote => Competition::Vote(state.pool_spikes(&self.layout)),
        }
    }

    /// Simulates a step and takes the action of the winning pool, without exploring or learning.
    pub fn act_greedily(&self, state: &mut NetworkState, observation: &[f32]) -> usize {
        self.simulate(state, observation, None);
        let action = self.competition(state).decide(&mut state.streams.ties);
        state.note_action(action);
        action
    }
}

/// What one lane remembers between ticks and steps of an episode: membranes, phases, spikes on their way.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkState {
    /// Whether there is anything to watch.
    spikes: bool,
    streams: Streams,
    encoder: SpikeEncoder,
    memory: CodeMemory,
    estimate: Estimate,
    /// What the car did in the step before.
    last_action: usize,
    hidden: Population,
    motor: Population,
    /// Sensory and hidden neurons that spiked in the last tick.
    arriving: Vec<usize>,
    rates: Vec<f32>,
    counts: Vec<f32>,
    motor_counts: Vec<f32>,
    operations: Operations,
    witnessed: Witnessed,
}

/// What is there for a watcher alone.
#[derive(Clone, Debug, PartialEq)]
struct Witnessed {
    watch: Watch,
    raster: Raster,
    /// Motor neurons for his eyes only, where nothing else needs any.
    motor: Option<Box<ShownMotor>>,
}

/// Motor neurons that nothing depends on.
#[derive(Clone, Debug, PartialEq)]
struct ShownMotor {
    neurons: Population,
    noise: ChaCha8Rng,
    escape: ChaCha8Rng,
}

/// The random streams of a lane: all of its state that outlives an episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Streams {
    encoder: ChaCha8Rng,
    hidden: ChaCha8Rng,
    motor: ChaCha8Rng,
    escape: ChaCha8Rng,
    ties: ChaCha8Rng,
}

impl Streams {
    /// The streams of a lane of a run with this seed, at their beginning.
    pub fn new(seed: u64, lane: u64) -> Self {
        let stream = |purpose| stream(seed, purpose, lane);
        Self {
            encoder: stream(Purpose::Encoder),
            hidden: stream(Purpose::HiddenNoise),
            motor: stream(Purpose::MotorNoise),
            escape: stream(Purpose::EscapeNoise),
            ties: stream(Purpose::Ties),
        }
    }
}

impl NetworkState {
    /// The state of a lane of a run with this seed, at the start of an episode.
    pub fn new(network: &Network, seed: u64, lane: u64) -> Self {
        let mut state = Self::between_episodes(network, Streams::new(seed, lane));
        state.reset(network);
        state
    }

    /// The state of a lane whose streams are given, to be [`reset`](Self::reset) before it is used.
    pub fn between_episodes(network: &Network, streams: Streams) -> Self {
        let layout = network.layout();
        Self {
            spikes: network.config.signal == Signal::Spikes,
            streams,
            encoder: SpikeEncoder::new(network.config.code.spikes, layout.sensory().len()),
            memory: CodeMemory::default(),
            estimate: Estimate::default(),
            last_action: FIRST_ACTION,
            hidden: Population::new(layout.hidden().len()),
            motor: Population::new(layout.motor().len()),
            arriving: Vec::new(),
            rates: vec![0.0; layout.sensory().len()],
            counts: vec![0.0; layout.presynaptic()],
            motor_counts: vec![0.0; layout.motor().len()],
            operations: Operations::NONE,
            witnessed: Witnessed { watch: Watch::Nothing, raster: Raster::new(NEURONS), motor: None },
        }
    }

    /// The start of another episode.
    pub fn reset(&mut self, network: &Network) {
        self.encoder.reset(&mut self.streams.encoder);
        self.hidden.v.fill(0.0);
        self.motor.v.fill(0.0);
        if let Some(layer) = &mut self.witnessed.motor {
            layer.neurons.v.fill(0.0);
        }
        self.arriving.clear();
        self.memory.reset(&network.config.code);
        self.estimate.reset();
        self.last_action = FIRST_ACTION;
    }

    /// Its random streams as they stand.
    pub fn streams(&self) -> &Streams {
        &self.streams
    }

    /// From the next step on, these spikes are noted. It changes no number that learning or driving uses.
    pub fn watch(&mut self, watch: Watch) {
        let watch = if self.spikes { watch } else { Watch::Nothing };
        self.witnessed.watch = watch;
        if watch == Watch::Everything && self.witnessed.motor.is_none() {
            let Streams { motor: noise, escape, .. } = self.streams.clone();
            self.witnessed.motor = Some(Box::new(ShownMotor { neurons: self.motor.clone(), noise, escape }));
        }
    }

    /// The spikes of the step just simulated, if they were watched.
    pub fn raster(&self) -> Option<&Raster> {
        (self.witnessed.watch != Watch::Nothing).then_some(&self.witnessed.raster)
    }

    /// Tells the network what the car did: the efference copy of the next step.
    pub fn note_action(&mut self, action: usize) {
        self.memory.note_action(action);
        self.last_action = action;
    }

    /// Spikes per tick of each sensory and hidden neuron in the step just simulated, each in `[0, 1]`; without spikes, the rates.
    pub fn counts(&self) -> &[f32] {
        &self.counts
    }

    /// What the decision of the step just simulated cost.
    pub fn operations(&self) -> Operations {
        self.operations
    }

    /// x: those of the neurons that motor neurons and critic hear.
    pub fn features(&self, layout: &Layout) -> &[f32] {
        &self.counts[layout.afferents()]
    }

    /// Spikes of each pool in the step just simulated; 0 where motor neurons were left out.
    pub fn pool_spikes(&self, layout: &Layout) -> [f32; ACTIONS] {
        let first = layout.motor().start;
        std::array::from_fn(|action| layout.pool(action).map(|post| self.motor_counts[post - first]).sum())
    }
}

/// A layer of LIF neurons.
#[derive(Clone, Debug, PartialEq)]
struct Population {
    v: Vec<f32>,
    current: Vec<f32>,
    noise: Vec<f32>,
    spikes: Vec<usize>,
}

impl Population {
    fn new(neurons: usize) -> Self {
        Self { v: vec![0.0; neurons], current: vec![0.0; neurons], noise: vec![0.0; neurons], spikes: Vec::new() }
    }

    /// One tick's input: `I_i = gain·Σ_j W_ij·S_j(t−1)` for the neurons from `first` on, and noise.
    fn receive(&mut self, network: &Network, first: usize, gain: f32, arriving: &[usize], rng: &mut ChaCha8Rng) {
        for (current, row) in self.current.iter_mut().zip(network.weights.outer_iter().skip(first)) {
            *current = gain * arriving.iter().map(|&pre| row[pre]).sum::<f32>();
        }
        noise::fill(rng, &mut self.noise);
    }

    /// Takes the tick. Returns the indices that spike, from 0.
    fn fire(&mut self, params: &LifParams) -> &[usize] {
        self.spikes.clear();
        lif::tick(params, &mut self.v, &self.current, &self.noise, &mut self.spikes);
        &self.spikes
    }

    /// The same with a soft threshold.
    fn fire_softly(&mut self, params: &LifParams, escape: &EscapeNoise, rng: &mut ChaCha8Rng) -> &[usize] {
        self.spikes.clear();
        escape.tick(params, &mut self.v, &self.current, &self.noise, rng, &mut self.spikes);
        &self.spikes
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::snn::Preset;
    use crate::snn::stdp::StdpParams;

    #[test]
    fn counts_are_the_rates_of_the_code() {
        let network = Network::new(Preset::Stdp.config(), 1).unwrap();
        let mut state = NetworkState::new(&network, 1, 0);
        let (mut sums, observation) = (vec![0.0; 79], [5.0, 12.0, 7.0]);
        for _ in 0..100 {
            network.simulate(&mut state, &observation, None);
            sums.iter_mut().zip(state.counts()).for_each(|(sum, count)| *sum += count / 100.0);
        }
        let mut rates = vec![0.0; 69];
        let mut memory = CodeMemory::default();
        memory.reset(&network.config().code);
        network.config().code.rates(&observation, &mut memory, &mut rates);
        for (sum, rate) in sums.iter().zip(&rates) {
            assert!((sum - rate).abs() < 0.001, "{sum} instead of {rate}");
        }
        assert!(sums[69..].iter().any(|&rate| rate > 0.0), "some hidden neuron spikes");
    }

    #[test]
    fn without_spikes_the_features_are_the_rates_themselves() {
        let network = Network::new(Preset::Spikeless.config(), 1).unwrap();
        let mut state = NetworkState::new(&network, 1, 0);
        state.watch(Watch::Everything);
        let observation = [5.0, 12.0, 7.0];
        network.simulate(&mut state, &observation, None);
        let mut rates = vec![0.0; 69];
        let mut memory = CodeMemory::default();
        memory.reset(&network.config().code);
        network.config().code.rates(&observation, &mut memory, &mut rates);
        assert_eq!(state.features(network.layout()), rates);
        assert_eq!((state.raster(), network.populations(Watch::Everything, false)), (None, vec![]));
    }

    #[test]
    fn motor_neurons_change_nothing_that_is_read_out() {
        let network = Network::new(Preset::Stdp.config(), 3).unwrap();
        let (mut with, mut without) = (NetworkState::new(&network, 3, 0), NetworkState::new(&network, 3, 0));
        let mut stdp = PairStdp::new(StdpParams::default(), 21, 79);
        for step in 0..20 {
            let observation = [step as f32, 10.0, 3.0];
            network.simulate(&mut with, &observation, Some(&mut stdp));
            network.simulate(&mut without, &observation, None);
            assert_eq!(with.counts(), without.counts());
        }
        assert!(stdp.pairings().iter().any(|&pairing| pairing > 0.0), "the motor neurons spiked");
    }

    #[test]
    fn the_raster_holds_the_spikes_that_are_counted_and_noting_them_changes_nothing() {
        for preset in Preset::ALL.into_iter().filter(|&preset| preset != Preset::Spikeless) {
            let network = Network::new(preset.config(), 4).unwrap();
            let (mut seen, mut unseen) = (NetworkState::new(&network, 4, 0), NetworkState::new(&network, 4, 0));
            let mut stdp =
                PairStdp::new(StdpParams::default(), network.layout().motor().len(), network.layout().presynaptic());
            assert_eq!(seen.raster(), None);
            seen.watch(Watch::Everything);
            for step in 0..20 {
                let observation = [step as f32, 10.0, 3.0];
                network.simulate(&mut seen, &observation, Some(&mut stdp));
                network.simulate(&mut unseen, &observation, None);
                assert_eq!(seen.counts(), unseen.counts(), "{preset}");
            }
            let (raster, ticks) = (seen.raster().unwrap(), network.config().ticks);
            assert_eq!(raster.ticks(), ticks);
            let spikes = |neuron| (0..ticks).filter(|&tick| raster.spiked(tick, neuron)).count() as f32;
            for (neuron, count) in seen.counts().iter().enumerate() {
                assert_eq!(spikes(neuron), (count * ticks as f32).round(), "{preset}: neuron {neuron}");
            }
            let pools = [0, 1, 2].map(|action| network.layout().pool(action).map(spikes).sum::<f32>());
            assert_eq!(pools, seen.pool_spikes(network.layout()), "{preset}");
        }
    }

    #[test]
    fn frugal_decides_with_twelve_accumulates() {
        let network = Network::new(Preset::Frugal.config(), 1).unwrap();
        let mut state = NetworkState::new(&network, 1, 0);
        // One spike for each of three rays and one for the last action, each heard by three motor neurons; 78 cells take one tick.
        let expected = Operations { acs: 12, macs: 0, neuron_updates: 78 };
        for observation in [[5.0, 12.0, 7.0], [1.0, 20.0, 3.0]] {
            network.act_greedily(&mut state, &observation);
            assert_eq!(state.operations(), expected);
        }
    }

    /// Accumulates that the spikes of these rows cause at synapses onto `post`, one by one.
    fn accumulates(network: &Network, rows: &[Vec<usize>], post: Range<usize>) -> u64 {
        let onto = |pre: usize| post.clone().filter(|&post| network.weights()[[post, pre]] != 0.0).count() as u64;
        rows.iter().flatten().map(|&pre| onto(pre)).sum()
    }

    #[test]
    fn every_spike_of_the_raster_costs_one_accumulate_a_synapse() {
        let spiking = |preset: &Preset| preset.config().signal == Signal::Spikes;
        for preset in Preset::ALL.into_iter().filter(spiking) {
            let network = Network::new(preset.config(), 4).unwrap();
            let (mut state, layout, ticks) =
                (NetworkState::new(&network, 4, 0), *network.layout(), network.config().ticks);
            state.watch(Watch::Everything);
            let mut last = Vec::new();
            for step in 0..20 {
                network.act_greedily(&mut state, &[step as f32, 10.0, 3.0]);
                let raster = state.raster().unwrap();
                let spikes = |tick| (0..layout.presynaptic()).filter(|&neuron| raster.spiked(tick, neuron)).collect();
                let emitted: Vec<Vec<usize>> = (0..ticks).map(spikes).collect();
                // A spike arrives a tick after it was fired.
                let arriving = [&[last][..], &emitted[..ticks - 1]].concat();
                last = emitted[ticks - 1].clone();
                let by_vote = network.config().readout == Readout::Vote;
                let heard = if by_vote { &arriving } else { &emitted };
                let acs =
                    accumulates(&network, &arriving, layout.hidden()) + accumulates(&network, heard, layout.motor());
                let simulated = layout.presynaptic() + if by_vote { layout.motor().len() } else { 0 };
                // From the second step on each of three rays is predicted from the action and 60 cells, and then corrected.
                let macs = if network.forward().is_some() && step > 0 { 3 * 61 } else { 0 };
                let expected = Operations { acs, macs, neuron_updates: (ticks * simulated) as u64 };
                assert_eq!(state.operations(), expected, "{preset}, step {step}");
            }
        }
    }

    #[test]
    fn without_spikes_every_synapse_is_a_multiplication() {
        let network = Network::new(Preset::Spikeless.config(), 4).unwrap();
        let mut state = NetworkState::new(&network, 4, 0);
        network.act_greedily(&mut state, &[5.0, 10.0, 3.0]);
        // 69 cells, each heard by 21 motor neurons.
        assert_eq!(state.operations(), Operations::of_macs(69 * 21));
    }

    #[test]
    fn motor_neurons_that_only_a_watcher_needs_spike_as_they_would_in_learning() {
        let network = Network::new(Preset::Stdp.config(), 3).unwrap();
        let (mut learning, mut shown) = (NetworkState::new(&network, 3, 0), NetworkState::new(&network, 3, 0));
        let mut stdp = PairStdp::new(StdpParams::default(), 21, 79);
        let before = shown.streams().motor.clone();
        [&mut learning, &mut shown].into_iter().for_each(|state| state.watch(Watch::Everything));
        for step in 0..20 {
            let observation = [step as f32, 10.0, 3.0];
            network.simulate(&mut learning, &observation, Some(&mut stdp));
            network.simulate(&mut shown, &observation, None);
            assert_eq!(shown.raster(), learning.raster());
        }
        assert!(learning.pool_spikes(network.layout()).iter().sum::<f32>() > 0.0);
        assert_eq!(shown.streams().motor, before, "a watcher draws no number of the run");
        shown.watch(Watch::Nothing);
        shown.reset(&network);
        let mut unwatched = NetworkState::between_episodes(&network, shown.streams().clone());
        unwatched.encoder = shown.encoder.clone();
        network.simulate(&mut shown, &[4.0, 4.0, 4.0], None);
        network.simulate(&mut unwatched, &[4.0, 4.0, 4.0], None);
        assert_eq!(shown.streams(), unwatched.streams());
    }

    #[test]
    fn populations_are_the_layers_whose_spikes_are_noted() {
        let of = |preset: Preset, watch, stdp| {
            let shown = Network::new(preset.config(), 1).unwrap().populations(watch, stdp);
            shown.into_iter().map(|Shown { name, neurons }| (name, neurons.start, neurons.end)).collect::<Vec<_>>()
        };
        let layers = [("sensory", 0, 69), ("hidden", 69, 79)];
        let pools = [("motor left", 79, 86), ("motor straight", 86, 93), ("motor right", 93, 100)];
        assert_eq!(of(Preset::Stdp, Watch::Simulated, true), [&layers[..], &pools].concat());
        assert_eq!(of(Preset::Pathway, Watch::Everything, false), [&layers[..], &pools].concat());
        assert_eq!(of(Preset::Pathway, Watch::Simulated, false), layers);
        let frugal = of(Preset::Frugal, Watch::Everything, false);
        let names: Vec<_> = frugal.iter().map(|shown| shown.0).collect();
        assert_eq!(names, ["sensory", "motor left", "motor straight", "motor right"]);
    }

    #[test]
    fn the_state_is_a_function_of_seed_and_lane() {
        let network = Network::new(Preset::Pathway.config(), 1).unwrap();
        assert_eq!(NetworkState::new(&network, 1, 0), NetworkState::new(&network, 1, 0));
        assert_ne!(NetworkState::new(&network, 1, 0), NetworkState::new(&network, 1, 1));
        assert_ne!(Network::new(Preset::Pathway.config(), 1), Network::new(Preset::Pathway.config(), 2));
    }

    #[test]
    fn weights_that_do_not_fit_are_refused() {
        let config = Preset::Stdp.config();
        let text = |weights: Array2<f32>| Network::with_weights(config, &weights).unwrap_err().to_string();
        assert_eq!(text(Array2::zeros((100, 99))), "the weights are 100 × 99: they must be 100 × 100, W[post, pre]");
        let mut weights = Array2::zeros((100, 100));
        let predictive = Preset::Predictive.config();
        let born = Network::new(predictive, 1).unwrap();
        let changes = Array2::zeros((9, 61));
        let refusal = Network::with_arrays(predictive, born.weights(), Some(&changes)).unwrap_err().to_string();
        assert_eq!(refusal, "the forward model is 9 × 61: it must be 9 × 60, of finite numbers");
        let refusal = Network::with_arrays(predictive, born.weights(), None).unwrap_err().to_string();
        assert_eq!(refusal, "the array of the forward model is missing");
        weights[[3, 4]] = f32::NAN;
        assert_eq!(text(weights), "weight [3, 4] is NaN: every weight must be finite");
        let fortran = Network::new(config, 1).unwrap().weights().t().as_standard_layout().into_owned();
        let restored = Network::with_weights(config, &fortran.reversed_axes()).unwrap();
        assert_eq!(restored, Network::new(config, 1).unwrap());
    }
}
