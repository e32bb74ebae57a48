//! The weight matrix `W[post, pre]`: who is connected, with which sign, and within which bounds.

use std::ops::Range;

use ndarray::{Array2, ArrayView1, ArrayViewMut1, Axis, Slice};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::config::{NEURONS, SnnConfig};
use super::relay::TopographicRelay;
use crate::ACTIONS;
use crate::random::{uniform, uniform_in};
use crate::range::{in_range, part};

/// Smallest and largest magnitude of a plastic weight.
pub const WEIGHT_BOUNDS: [f32; 2] = [0.01, 0.9];

/// Every fifth neuron is inhibitory.
const INHIBITORY_EVERY: usize = 5;

/// Synapses at birth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WiringParams {
    /// From sensory to hidden neurons.
    pub sensory_hidden: SensoryHidden,
    /// Probability of a synapse between two hidden neurons.
    pub hidden_hidden_probability: f32,
    /// Its weight is this times U[0.01, 0.9].
    pub hidden_hidden_gain: f32,
    /// Which neurons are inhibitory.
    pub inhibition: Inhibition,
    /// Whom the motor neurons and the critic hear.
    pub motor_inputs: MotorInputs,
    /// Mean magnitude of the plastic weights into motor neurons.
    pub motor_weight: f32,
    /// They differ from it by at most this.
    pub motor_jitter: f32,
}

impl Default for WiringParams {
    fn default() -> Self {
        Self {
            sensory_hidden: SensoryHidden::Random { probability: 0.3, gain: 3.0 },
            hidden_hidden_probability: 0.15,
            hidden_hidden_gain: 0.3,
            inhibition: Inhibition::EveryFifth,
            motor_inputs: MotorInputs::SensoryAndHidden,
            motor_weight: 0.455,
            motor_jitter: 0.0,
        }
    }
}

impl WiringParams {
    /// Checks every parameter. A plastic weight is born within its bounds.
    pub fn validate(&self) -> Result<(), String> {
        let [low, high] = WEIGHT_BOUNDS;
        part("sensory_hidden", self.sensory_hidden.validate())?;
        in_range("hidden_hidden_probability", self.hidden_hidden_probability, 0.0..=1.0)?;
        in_range("hidden_hidden_gain", self.hidden_hidden_gain, 0.0..=1000.0)?;
        in_range("motor_weight", self.motor_weight, low..=high)?;
        let room = (self.motor_weight - low).min(high - self.motor_weight);
        in_range("motor_jitter", self.motor_jitter, 0.0..=room)
    }
}

/// Synapses from sensory to hidden neurons.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum SensoryHidden {
    /// Each is present with a probability and weighs gain·U[0.01, 0.9].
    Random {
        /// Probability of a synapse.
        probability: f32,
        /// Gain of its weight.
        gain: f32,
    },
    /// All are present, strong between neighbours.
    Relay(TopographicRelay),
}

impl SensoryHidden {
    /// The largest weight that it may draw.
    pub fn largest(&self) -> f32 {
        match *self {
            Self::Random { gain, .. } => gain * WEIGHT_BOUNDS[1],
            Self::Relay(relay) => relay.gain,
        }
    }

    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        match *self {
            Self::Random { probability, gain } => {
                in_range("probability", probability, 0.0..=1.0)?;
                in_range("gain", gain, 0.0..=1000.0)
            }
            Self::Relay(relay) => relay.validate(),
        }
    }
}

/// Which neurons are inhibitory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inhibition {
    /// Every fifth.
    EveryFifth,
    /// Every fifth, but no sensory one: afferents excite.
    EveryFifthButSensory,
}

/// Whom the motor neurons and the critic hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MotorInputs {
    /// Sensory neurons directly, and hidden ones.
    SensoryAndHidden,
    /// Hidden neurons alone: a strict hierarchy.
    Hidden,
    /// All neurons, themselves included: a flat network, each of whose spikes reaches every motor neuron.
    All,
}

/// Dale's law where every fifth neuron is inhibitory: +1 for an excitatory presynaptic neuron, −1 for an inhibitory one.
pub fn dale_sign(pre: usize) -> f32 {
    if pre % INHIBITORY_EVERY == INHIBITORY_EVERY - 1 { -1.0 } else { 1.0 }
}

/// Which neuron is what: sensory first, then hidden, then the motor pools left, straight, right; neurons
/// beyond them have no synapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    sensory: usize,
    hidden: usize,
    motor: usize,
    inhibition: Inhibition,
    motor_inputs: MotorInputs,
    copies: usize,
}

impl Layout {
    /// The layout of a valid configuration.
    pub fn new(config: &SnnConfig) -> Self {
        Self {
            sensory: config.sensory_neurons(),
            hidden: config.hidden_neurons,
            motor: config.motor_neurons,
            inhibition: config.wiring.inhibition,
            motor_inputs: config.wiring.motor_inputs,
            copies: config.temporal.copies(),
        }
    }

    /// The sensory neurons.
    pub fn sensory(&self) -> Range<usize> {
        0..self.sensory
    }

    /// The hidden neurons.
    pub fn hidden(&self) -> Range<usize> {
        self.sensory..self.presynaptic()
    }

    /// The motor neurons.
    pub fn motor(&self) -> Range<usize> {
        self.presynaptic()..self.presynaptic() + self.motor
    }

    /// The neurons that motor neurons and the critic hear.
    pub fn afferents(&self) -> Range<usize> {
        match self.motor_inputs {
            MotorInputs::SensoryAndHidden => 0..self.presynaptic(),
            MotorInputs::Hidden => self.hidden(),
            MotorInputs::All => 0..self.motor().end,
        }
    }

    /// Number of features: each afferent has as many as the temporal filter makes of it.
    pub fn features(&self) -> usize {
        self.copies * self.afferents().len()
    }

    /// Where an afferent's synapses that hear the past stand in a row of them.
    pub fn filtered_columns(&self, afferent: usize) -> impl Iterator<Item = usize> {
        let (first, count) = (self.afferents().start, self.afferents().len());
        let heard = self.afferents().contains(&afferent);
        (0..self.copies - 1).filter(move |_| heard).map(move |copy| copy * count + afferent - first)
    }

    /// Whether motor neurons hear each other.
    pub fn is_recurrent(&self) -> bool {
        self.motor_inputs == MotorInputs::All
    }

    /// The neurons that any other hears.
    pub fn heard(&self) -> Range<usize> {
        if self.is_recurrent() { 0..self.motor().end } else { 0..self.presynaptic() }
    }

    /// Number of sensory and hidden neurons.
    pub fn presynaptic(&self) -> usize {
        self.sensory + self.hidden
    }

    /// The motor neurons of the pool of an action. The first pools get the neurons that three equal pools would leave over.
    pub fn pool(&self, action: usize) -> Range<usize> {
        let start = |pool: usize| self.presynaptic() + (pool * self.motor).div_ceil(ACTIONS);
        start(action)..start(action + 1)
    }

    /// Number of motor neurons of each pool.
    pub fn pool_sizes(&self) -> [usize; ACTIONS] {
        std::array::from_fn(|action| self.pool(action).len())
    }

    /// Dale's law: +1 for an excitatory presynaptic neuron, −1 for an inhibitory one.
    pub fn sign(&self, pre: usize) -> f32 {
        let spared = self.inhibition == Inhibition::EveryFifthButSensory && pre < self.sensory;
        if spared { 1.0 } else { dale_sign(pre) }
    }
}

/// Draws `W[post, pre]`, 100 × 100, zero where there is no synapse. Sensory → hidden and hidden → hidden (sparse, no self-synapse)
/// are fixed, unless e-prop moves the first; afferents → motor are complete and plastic. Nothing else is connected.
pub fn initial_weights(layout: &Layout, params: &WiringParams, rng: &mut impl Rng) -> Array2<f32> {
    let mut weights = Array2::zeros((NEURONS, NEURONS));
    for pre in layout.heard() {
        for post in layout.sensory..layout.motor().end {
            let magnitude = uniform_in(rng, WEIGHT_BOUNDS[0], WEIGHT_BOUNDS[1]);
            let chance = uniform(rng);
            let weight = if post >= layout.presynaptic() {
                let heard = layout.afferents().contains(&pre);
                if heard { params.motor_weight + params.motor_jitter * (magnitude - 0.455) / 0.445 } else { 0.0 }
            } else if pre < layout.sensory {
                match params.sensory_hidden {
                    SensoryHidden::Random { probability, gain } if chance < probability => gain * magnitude,
                    SensoryHidden::Random { .. } => 0.0,
                    SensoryHidden::Relay(relay) => {
                        relay.weight(post - layout.sensory, layout.hidden, pre, layout.sensory)
                    }
                }
            } else if pre < layout.presynaptic() && chance < params.hidden_hidden_probability && post != pre {
                params.hidden_hidden_gain * magnitude
            } else {
                0.0
            };
            weights[[post, pre]] = weight * layout.sign(pre);
        }
    }
    weights
}

/// The weights of the features beside the step's own, at birth: motor × `(copies − 1)·afferents`.
pub fn filtered_weights(layout: &Layout, params: &WiringParams) -> Array2<f32> {
    let first = layout.afferents().start;
    let shape = (layout.motor().len(), layout.features() - layout.afferents().len());
    let sign = |feature: usize| layout.sign(first + feature % layout.afferents().len());
    Array2::from_shape_fn(shape, |(_, feature)| params.motor_weight * sign(feature))
}

/// The weights from the afferents to a motor neuron.
pub fn motor_weights<'a>(weights: &'a Array2<f32>, layout: &Layout, post: usize) -> ArrayView1<'a, f32> {
    let mut row = weights.row(post);
    row.slice_axis_inplace(Axis(0), Slice::from(layout.afferents()));
    row
}

/// The same, to be changed.
pub fn motor_weights_mut<'a>(weights: &'a mut Array2<f32>, layout: &Layout, post: usize) -> ArrayViewMut1<'a, f32> {
    let mut row = weights.row_mut(post);
    row.slice_axis_inplace(Axis(0), Slice::from(layout.afferents()));
    row
}

/// The interval that Dale's law and the bounds leave to the plastic weight of each presynaptic neuron.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightBounds {
    low: Vec<f32>,
    high: Vec<f32>,
}

impl WeightBounds {
    /// The bounds of the synapses of the afferents.
    pub fn new(layout: &Layout) -> Self {
        Self::of_signs(layout.afferents().map(|pre| layout.sign(pre)))
    }

    /// The bounds of the synapses of neurons with these signs.
    pub fn of_signs(signs: impl Iterator<Item = f32>) -> Self {
        let [min, max] = WEIGHT_BOUNDS;
        let (low, high) = signs.map(|sign| if sign > 0.0 { (min, max) } else { (-max, -min) }).unzip();
        Self { low, high }
    }

    /// `row[j] = clamp(row[j] + step·direction[j])`: one neuron's plastic weights, one for each bound, move and stay within
    /// them.
    pub fn update(&self, mut row: ArrayViewMut1<f32>, step: f32, direction: &[f32]) {
        let bounds = self.low.iter().zip(&self.high);
        for ((weight, direction), (low, high)) in row.iter_mut().zip(direction).zip(bounds) {
            *weight = (*weight + step * direction).max(*low).min(*high);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};
    use crate::snn::Preset;

    /// Share of the possible synapses that exist.
    fn density(weights: &Array2<f32>, posts: Range<usize>, pres: Range<usize>) -> f32 {
        let n = posts.len() * pres.len();
        let present = posts.flat_map(|i| pres.clone().map(move |j| (i, j))).filter(|&at| weights[at] != 0.0).count();
        present as f32 / n as f32
    }

    fn born(preset: Preset) -> (Layout, Array2<f32>) {
        let config = preset.config();
        let layout = Layout::new(&config);
        (layout, initial_weights(&layout, &config.wiring, &mut stream(1, Purpose::Wiring, 0)))
    }

    #[test]
    fn wiring_follows_layers_and_signs() {
        for preset in Preset::ALL {
            let (layout, weights) = born(preset);
            for ((post, pre), &weight) in weights.indexed_iter() {
                let onto_hidden = layout.hidden().contains(&post) && pre < layout.presynaptic();
                let onto_motor = layout.motor().contains(&post) && layout.afferents().contains(&pre);
                let allowed = (onto_hidden || onto_motor) && post != pre;
                assert!(weight == 0.0 || (allowed && weight * layout.sign(pre) > 0.0), "{post} <- {pre}: {weight}");
            }
            assert_eq!(density(&weights, layout.motor(), layout.afferents()), 1.0);
        }
    }

    #[test]
    fn random_wiring_follows_its_probabilities() {
        for preset in [Preset::Stdp, Preset::Pathway, Preset::Memory, Preset::OwnSpike] {
            let (layout, weights) = born(preset);
            assert!((density(&weights, layout.hidden(), layout.sensory()) - 0.3).abs() < 0.06);
            assert!((density(&weights, layout.hidden(), layout.hidden()) - 0.15).abs() < 0.15);
        }
    }

    #[test]
    fn a_strict_hierarchy_relays_to_hidden_neurons_that_do_not_hear_each_other() {
        let (layout, weights) = born(Preset::Strict);
        assert_eq!(density(&weights, layout.hidden(), layout.hidden()), 0.0);
        assert_eq!(density(&weights, layout.motor(), layout.sensory()), 0.0);
        assert!((0..36).all(|i| weights[[36 + i, i]] == 14.0), "every afferent excites");
        assert_eq!((layout.sign(4), layout.sign(39), layout.sign(40)), (1.0, -1.0, 1.0));
    }

    #[test]
    fn neurons_that_are_not_needed_have_no_synapse() {
        let (layout, weights) = born(Preset::Frugal);
        assert_eq!((layout.sensory(), layout.hidden(), layout.motor()), (0..78, 78..78, 78..81));
        assert_eq!((density(&weights, 81..100, 0..100), density(&weights, 0..100, 81..100)), (0.0, 0.0));
    }

    #[test]
    fn pools_share_the_motor_neurons() {
        let pools = |preset: Preset| {
            let layout = Layout::new(&preset.config());
            (layout.motor(), [layout.pool(0), layout.pool(1), layout.pool(2)])
        };
        assert_eq!(pools(Preset::Stdp), (79..100, [79..86, 86..93, 93..100]));
        assert_eq!(pools(Preset::Strict), (72..100, [72..82, 82..91, 91..100]));
        assert_eq!(pools(Preset::Frugal), (78..81, [78..79, 79..80, 80..81]));
    }

    #[test]
    fn an_update_keeps_signs_and_bounds() {
        let bounds = WeightBounds::new(&Layout::new(&Preset::Stdp.config()));
        let mut row = ndarray::arr1(&[0.5, 0.5, 0.89, 0.02, -0.5]);
        bounds.update(row.view_mut(), 0.1, &[1.0, -1.0, 1.0, -1.0, 100.0]);
        assert_eq!(row, ndarray::arr1(&[0.6, 0.4, 0.9, 0.01, -0.01]));
    }
}
