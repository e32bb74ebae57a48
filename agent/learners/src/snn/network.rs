//! The network: weights that all lanes share, and one step of a lane.

use ndarray::Array2;
use rand_chacha::ChaCha8Rng;

use super::ahead::Foresight;
use super::competition::{Competition, Readout};
use super::config::{Firing, NEURONS, Signal, SnnConfig};
use super::error::NetworkError;
use super::fan_out::FanOut;
use super::forward::{ForwardModel, Prediction};
use super::plasticity::Witnesses;
use super::population::Population;
use super::readout;
use super::saved::{AHEAD, FILTERED, FORWARD, WEIGHTS, silence};
use super::state::{NetworkState, Streams};
use super::synapses::{Layout, WeightBounds, filtered_weights, initial_weights, motor_weights_mut};
use crate::activity::{Activity, Population as Shown, Watch};
use crate::arrays::NamedArray;
use crate::op_count::Operations;
use crate::random::{Purpose, stream};

/// Parameters and weights: what learning changes and what a file keeps.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    config: SnnConfig,
    layout: Layout,
    /// `W[post, pre]`, in row-major order.
    weights: Array2<f32>,
    /// What motor neurons hear beside the step itself: motor × `(copies − 1)·afferents`; without columns, mostly.
    filtered: Array2<f32>,
    fan_out: FanOut,
    forward: Option<Prediction>,
    foresight: Option<Foresight>,
    /// Sensory and hidden neurons that are lost: they never spike.
    cut: Vec<usize>,
}

impl Network {
    /// A blank network: the weights that `seed` draws.
    pub fn new(config: SnnConfig, seed: u64) -> Result<Self, NetworkError> {
        config.validate().map_err(NetworkError::Config)?;
        let layout = Layout::new(&config);
        let weights = initial_weights(&layout, &config.wiring, &mut stream(seed, Purpose::Wiring, 0));
        Ok(Self::born(config, weights))
    }

    /// A network with given weights `W[post, pre]`; all else is as at birth.
    pub fn with_weights(config: SnnConfig, weights: &Array2<f32>) -> Result<Self, NetworkError> {
        config.validate().map_err(NetworkError::Config)?;
        if weights.dim() != (NEURONS, NEURONS) {
            return Err(NetworkError::Shape { rows: weights.nrows(), columns: weights.ncols() });
        }
        if let Some(((post, pre), &weight)) = weights.indexed_iter().find(|(_, weight)| !weight.is_finite()) {
            return Err(NetworkError::NotFinite { post, pre, weight });
        }
        Ok(Self::born(config, weights.as_standard_layout().into_owned()))
    }

    /// A network from the arrays that [`Self::arrays`] told of it.
    pub fn with_arrays(config: SnnConfig, arrays: &[NamedArray]) -> Result<Self, NetworkError> {
        let weights = arrays.iter().find(|array| array.name == WEIGHTS);
        let weights = weights.ok_or_else(|| NetworkError::Array(format!("there is no array {WEIGHTS}")))?;
        let mut network = Self::with_weights(config, &weights.values)?;
        if let Some(params) = config.forward {
            let rays = config.code.rays;
            let shape = ForwardModel::shape(rays, network.layout.sensory().len());
            let changes = NamedArray::find(arrays, FORWARD, shape)?.to_owned();
            network.forward = Some(Prediction::with_changes(params, rays, changes));
        }
        if let Some(params) = config.code.ahead {
            let shape = params.shape(config.code.rays, config.code.cells_of_the_present());
            let changes = NamedArray::find(arrays, AHEAD, shape)?.to_owned();
            network.foresight = Some(Foresight::with_changes(params, changes));
        }
        if network.filtered.ncols() > 0 {
            network.filtered = NamedArray::find(arrays, FILTERED, network.filtered.dim())?.to_owned();
        }
        Ok(network)
    }

    fn born(config: SnnConfig, weights: Array2<f32>) -> Self {
        let layout = Layout::new(&config);
        let forward = config.forward.map(|params| Prediction::new(params, config.code.rays, layout.sensory().len()));
        let code = config.code;
        let foresight = code.ahead.map(|params| Foresight::new(params, code.rays, code.cells_of_the_present()));
        let filtered = filtered_weights(&layout, &config.wiring);
        let fan_out = FanOut::new(&layout, config.readout, &weights);
        Self { fan_out, config, layout, weights, filtered, forward, foresight, cut: Vec::new() }
    }

    /// All that was learned and is needed to drive. What lost neurons would say is left out: learning bounds their weights as it does all
    /// others.
    pub fn arrays(&self) -> Vec<NamedArray> {
        let mut arrays = vec![(WEIGHTS, &self.weights)];
        arrays.extend(self.forward.as_ref().map(|forward| (FORWARD, forward.changes())));
        arrays.extend(self.foresight.as_ref().map(|foresight| (AHEAD, foresight.changes())));
        arrays.extend((self.filtered.ncols() > 0).then_some((FILTERED, &self.filtered)));
        let named = |(name, values): (&str, &Array2<f32>)| NamedArray { name: name.to_owned(), values: values.clone() };
        let mut arrays: Vec<NamedArray> = arrays.into_iter().map(named).collect();
        silence(&self.config, &mut arrays, &self.cut);
        arrays
    }

    /// Takes sensory and hidden neurons away: they never spike again, and their synapses learn no more. Those that were lost before stay lost.
    pub fn cut(&mut self, neurons: &[usize]) -> Result<(), NetworkError> {
        let known = self.layout.presynaptic();
        if let Some(neuron) = neurons.iter().find(|neuron| **neuron >= known) {
            return Err(NetworkError::Config(format!("neuron {neuron} cannot be lost: use 0 to {}", known - 1)));
        }
        self.cut.extend(neurons);
        self.cut.sort_unstable();
        self.cut.dedup();
        let mut living = self.weights.clone();
        for &neuron in &self.cut {
            living.column_mut(neuron).fill(0.0);
            living.row_mut(neuron).fill(0.0);
        }
        self.fan_out = FanOut::new(&self.layout, self.config.readout, &living);
        Ok(())
    }

    /// The neurons that are lost.
    pub fn lost(&self) -> &[usize] {
        &self.cut
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

    /// The model that runs ahead, if it has one.
    pub fn foresight(&self) -> Option<&Foresight> {
        self.foresight.as_ref()
    }

    /// The models of its senses learn from what was just seen. Returns what it cost.
    pub(crate) fn learn_forward(&mut self, state: &NetworkState, lanes: usize) -> Operations {
        let estimate = self.forward.as_mut().map(|model| model.learn(&state.estimate, state.last_action, lanes));
        let foresight = self.foresight.as_mut().map(|model| model.learn(&state.expected, lanes));
        estimate.into_iter().chain(foresight).sum()
    }

    pub(crate) fn weights_mut(&mut self) -> &mut Array2<f32> {
        &mut self.weights
    }

    /// The plastic weights of motor neuron `post` move by `step·direction`, a number for each feature, within their bounds.
    pub(crate) fn nudge(&mut self, bounds: &WeightBounds, post: usize, step: f32, direction: &[f32]) {
        let afferents = self.layout.afferents().len();
        let (of_step, of_past) = direction.split_at(afferents);
        bounds.update(motor_weights_mut(&mut self.weights, &self.layout, post), step, of_step);
        let mut row = self.filtered.row_mut(post - self.layout.motor().start);
        for (weights, direction) in row.exact_chunks_mut(afferents).into_iter().zip(of_past.chunks_exact(afferents)) {
            bounds.update(weights, step, direction);
        }
    }

    /// Drive of each pool, z: [`readout::pool_drive`].
    pub(crate) fn drive(&self, inverse_temperature: f32, features: &[f32]) -> [f32; crate::ACTIONS] {
        readout::pool_drive(&self.weights, &self.filtered, &self.layout, inverse_temperature, features)
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

    /// Whether the motor neurons are simulated: where anything depends on their spikes.
    fn needs_motor(&self, stdp: bool) -> bool {
        stdp || self.motor_decides()
    }

    /// Whether a decision depends on their spikes.
    fn motor_decides(&self) -> bool {
        self.config.readout == Readout::Vote || self.layout.is_recurrent()
    }

    /// Runs the network for one step of the car, T ticks, while `witnesses` note what learning needs. Where nothing depends on the spikes of
    /// the motor neurons, these are left out. Those that are simulated for a watcher alone have membranes and random numbers of their
    /// own. Without spikes, the rates of the code are all there is.
    ///
    /// Returns what was done for the witnesses alone; what the decision costs is in [`NetworkState::operations`].
    pub fn simulate(&self, state: &mut NetworkState, observation: &[f32], mut witnesses: Witnesses) -> Operations {
        let for_estimate = self.sense(state, observation);
        state.witnessed.raster.clear();
        if self.config.signal == Signal::Rates {
            state.counts.copy_from_slice(&state.rates);
            // A rate is a number: at each synapse it is multiplied.
            let macs = Operations { macs: self.fan_out.synapses(), ..Operations::NONE };
            state.operations = for_estimate + macs + self.hear(state);
            return Operations::NONE;
        }
        state.counts.fill(0.0);
        state.motor_counts.fill(0.0);
        let carried_in = self.fan_out.on_their_way(&state.arriving);
        let mut for_learning = Operations::NONE;
        for _ in 0..self.config.ticks {
            for_learning += self.tick(state, &mut witnesses);
        }
        let decision = self.decision_cost(state, carried_in);
        let ticks = self.config.ticks as f32;
        state.counts.iter_mut().for_each(|count| *count /= ticks);
        state.operations = for_estimate + decision + self.hear(state);
        let only_for_stdp = self.needs_motor(witnesses.pairs.is_some()) && !self.motor_decides();
        let motor_updates = if only_for_stdp { self.config.ticks * self.layout.motor().len() } else { 0 };
        for_learning + Operations::of_neuron_updates(motor_updates)
    }

    /// What is seen, or what the forward model makes of it, becomes rates. Returns what the model cost.
    fn sense(&self, state: &mut NetworkState, observation: &[f32]) -> Operations {
        let NetworkState { estimate, expected, counts, memory, rates, last_action, .. } = state;
        let (seen, mut spent) = match &self.forward {
            Some(model) => {
                let spent = model.observe(estimate, observation, &counts[self.layout.sensory()], *last_action);
                (estimate.distances(), spent)
            }
            None => (observation, Operations::NONE),
        };
        let code = &self.config.code;
        code.rates(seen, memory, rates);
        self.silence(rates);
        if let (Some(model), Some(ahead)) = (&self.foresight, &code.ahead) {
            let shares = rates[..code.cells_of_the_present()].iter().map(|rate| rate / code.peak_rate);
            spent += model.observe(expected, *last_action, seen, shares);
            code.ahead_rates(ahead, expected.distances(), rates);
            self.silence(rates);
        }
        spent
    }

    /// Sensory neurons that are lost say nothing.
    fn silence(&self, rates: &mut [f32]) {
        for &neuron in self.cut.iter().filter(|neuron| self.layout.sensory().contains(neuron)) {
            rates[neuron] = 0.0;
        }
    }

    /// One tick of all layers. Returns what it cost the witnesses.
    fn tick(&self, state: &mut NetworkState, witnesses: &mut Witnesses) -> Operations {
        let (hidden, motor) = (self.layout.hidden(), self.layout.motor());
        let motor_runs = self.needs_motor(witnesses.pairs.is_some());
        let mut spent = Operations::NONE;
        let motor_is_shown = state.witnessed.watch == Watch::Everything && !motor_runs;
        if let Some(layer) = state.witnessed.motor.as_deref_mut().filter(|_| motor_is_shown) {
            self.motor_tick(&mut layer.neurons, &state.arriving, &mut layer.noise, &mut layer.escape);
        }
        if motor_runs {
            let Streams { motor: noise, escape, .. } = &mut state.streams;
            let spikes = self.motor_tick(&mut state.motor, &state.arriving, noise, escape);
            spikes.iter().for_each(|&i| state.motor_counts[i] += 1.0);
            if let Some(pairs) = &mut witnesses.pairs {
                spent += pairs.tick(&state.arriving, spikes);
            }
        }
        state.hidden.receive(&self.weights, hidden.start, 1.0, &state.arriving, &mut state.streams.hidden);
        if let Some(sensitivity) = &mut witnesses.hidden {
            let distances = state.hidden.distances(&self.config.lif).enumerate();
            // A neuron that is lost is as far from its threshold as can be.
            let lost = |i| self.cut.contains(&(hidden.start + i));
            let distances = distances.map(|(i, distance)| if lost(i) { f32::INFINITY } else { distance });
            spent += sensitivity.tick(&state.arriving, distances);
        }
        let hidden_spikes = state.hidden.fire(&self.config.lif, Firing::Threshold, &mut state.streams.escape);
        state.arriving.clear();
        state.encoder.tick(&state.rates, &mut state.streams.encoder, &mut state.arriving);
        state
            .arriving
            .extend(hidden_spikes.iter().map(|spike| spike + hidden.start).filter(|spike| !self.cut.contains(spike)));
        let of_motor: &[usize] = match &state.witnessed.motor {
            _ if motor_runs => state.motor.spikes(),
            Some(layer) if motor_is_shown => layer.neurons.spikes(),
            _ => &[],
        };
        let of_motor = of_motor.iter().map(|spike| spike + motor.start);
        if state.witnessed.watch != Watch::Nothing {
            state.witnessed.raster.tick(state.arriving.iter().copied().chain(of_motor.clone()));
        }
        if self.layout.is_recurrent() {
            state.arriving.extend(of_motor);
        }
        for &spike in &state.arriving {
            state.counts[spike] += 1.0;
        }
        state.heard.tick(&state.arriving);
        spent
    }

    /// The step is over: the temporal filter makes features of it. Returns what it cost: what is heard of the past is no spike, so that each of
    /// its synapses multiplies.
    fn hear(&self, state: &mut NetworkState) -> Operations {
        let lost: usize = self.cut.iter().map(|&neuron| self.layout.filtered_columns(neuron).count()).sum();
        let living = self.filtered.ncols() - lost;
        state.heard.end_step(&state.counts) + Operations::of_macs(self.filtered.nrows() * living)
    }

    /// What the step just simulated cost its decision, from its spikes: with the accumulates that were on their way when it began
    /// (`carried_in`), without those that are when it ends.
    fn decision_cost(&self, state: &NetworkState, carried_in: u64) -> Operations {
        let carried_out = self.fan_out.on_their_way(&state.arriving);
        let motor = if self.motor_decides() { self.layout.motor().len() } else { 0 };
        let lost = self.cut.len();
        let neuron_updates = self.config.ticks * (self.layout.presynaptic() - lost + motor);
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
        neurons.receive(&self.weights, self.layout.motor().start, self.config.motor_gain, arriving, noise);
        neurons.fire(&self.config.lif, self.config.motor_firing, escape)
    }

    /// What there is to see of the step just simulated, by a driver that does not learn.
    pub fn activity<'a>(&self, state: &'a NetworkState) -> Activity<'a> {
        Activity { raster: state.raster(), shares: Some(self.competition(state).shares()), ..Activity::default() }
    }

    /// How the pools stand after the step just simulated.
    pub fn competition(&self, state: &NetworkState) -> Competition {
        match self.config.readout {
            Readout::Pathway { inverse_temperature } => {
                Competition::Pathway(self.drive(inverse_temperature, state.features()))
            }
            Readout::Vote => Competition::Vote(state.pool_spikes(&self.layout)),
        }
    }

    /// Simulates a step and takes the action of the winning pool, without exploring or learning.
    pub fn act_greedily(&self, state: &mut NetworkState, observation: &[f32]) -> usize {
        self.simulate(state, observation, Witnesses::default());
        let action = self.competition(state).decide(&mut state.streams.ties);
        state.note_action(action);
        action
    }
}
#[cfg(test)]
mod tests;
