//! The weight matrix `W[post, pre]`: who is connected, with which sign, and within which bounds.

use std::ops::Range;

use ndarray::{Array2, ArrayViewMut1};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::config::{NEURONS, SnnConfig};
use crate::ACTIONS;
use crate::random::{uniform, uniform_in};

/// Smallest and largest magnitude of a plastic weight.
pub const WEIGHT_BOUNDS: [f32; 2] = [0.01, 0.9];

/// Every fifth neuron is inhibitory.
const INHIBITORY_EVERY: usize = 5;

/// Synapses at birth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WiringParams {
    /// Probability of a synapse from a sensory to a hidden neuron.
    pub sensory_hidden_probability: f32,
    /// Its weight is this times U[0.01, 0.9].
    pub sensory_hidden_gain: f32,
    /// Probability of a synapse between two hidden neurons.
    pub hidden_hidden_probability: f32,
    /// Its weight is this times U[0.01, 0.9].
    pub hidden_hidden_gain: f32,
    /// Mean magnitude of the plastic weights into motor neurons.
    pub motor_weight: f32,
    /// They differ from it by at most this.
    pub motor_jitter: f32,
}

impl Default for WiringParams {
    fn default() -> Self {
        Self {
            sensory_hidden_probability: 0.3,
            sensory_hidden_gain: 3.0,
            hidden_hidden_probability: 0.15,
            hidden_hidden_gain: 0.3,
            motor_weight: 0.455,
            motor_jitter: 0.0,
        }
    }
}

/// Which neuron is what: sensory first, then hidden, then the motor pools left, straight, right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    sensory: usize,
    hidden: usize,
    pool: usize,
}

impl Layout {
    /// The layout of a valid configuration.
    pub fn new(config: &SnnConfig) -> Self {
        Self {
            sensory: config.sensory_neurons(),
            hidden: config.hidden_neurons(),
            pool: config.motor_neurons / ACTIONS,
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
        self.presynaptic()..NEURONS
    }

    /// Number of neurons that motor neurons hear: sensory and hidden.
    pub fn presynaptic(&self) -> usize {
        self.sensory + self.hidden
    }

    /// The motor neurons of the pool of an action.
    pub fn pool(&self, action: usize) -> Range<usize> {
        let start = self.presynaptic() + action * self.pool;
        start..start + self.pool
    }
}

/// Dale's law: +1 for an excitatory presynaptic neuron, −1 for an inhibitory one (every fifth).
pub fn dale_sign(pre: usize) -> f32 {
    if pre % INHIBITORY_EVERY == INHIBITORY_EVERY - 1 { -1.0 } else { 1.0 }
}

/// Draws `W[post, pre]`, 100 × 100, zero where there is no synapse. Sensory → hidden and hidden → hidden (no self-synapse) are
/// sparse and fixed; sensory and hidden → motor are complete and plastic. Nothing else is connected.
pub fn initial_weights(layout: &Layout, params: &WiringParams, rng: &mut impl Rng) -> Array2<f32> {
    let mut weights = Array2::zeros((NEURONS, NEURONS));
    for pre in 0..layout.presynaptic() {
        for post in layout.sensory..NEURONS {
            let magnitude = uniform_in(rng, WEIGHT_BOUNDS[0], WEIGHT_BOUNDS[1]);
            let chance = uniform(rng);
            let weight = if post >= layout.presynaptic() {
                params.motor_weight + params.motor_jitter * (magnitude - 0.455) / 0.445
            } else if pre < layout.sensory {
                if chance < params.sensory_hidden_probability { params.sensory_hidden_gain * magnitude } else { 0.0 }
            } else if chance < params.hidden_hidden_probability && post != pre {
                params.hidden_hidden_gain * magnitude
            } else {
                0.0
            };
            weights[[post, pre]] = weight * dale_sign(pre);
        }
    }
    weights
}

/// The interval that Dale's law and the bounds leave to the plastic weight of each presynaptic neuron.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightBounds {
    low: Vec<f32>,
    high: Vec<f32>,
}

impl WeightBounds {
    /// The bounds of the synapses of `presynaptic` neurons.
    pub fn new(presynaptic: usize) -> Self {
        let [min, max] = WEIGHT_BOUNDS;
        let bound = |pre| if dale_sign(pre) > 0.0 { (min, max) } else { (-max, -min) };
        let (low, high) = (0..presynaptic).map(bound).unzip();
        Self { low, high }
    }

    /// `row[j] = clamp(row[j] + step·direction[j])`: one motor neuron's plastic weights move and stay within their bounds.
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

    #[test]
    fn wiring_follows_layers_signs_and_probabilities() {
        for preset in Preset::ALL {
            let config = preset.config();
            let layout = Layout::new(&config);
            let weights = initial_weights(&layout, &config.wiring, &mut stream(1, Purpose::Wiring, 0));
            for ((post, pre), &weight) in weights.indexed_iter() {
                let allowed = pre < layout.presynaptic() && post >= layout.sensory && post != pre;
                assert!(weight == 0.0 || (allowed && weight * dale_sign(pre) > 0.0), "{post} <- {pre}: {weight}");
            }
            let present = |posts: Range<usize>, pres: Range<usize>| {
                let n = posts.len() * pres.len();
                posts.flat_map(|i| pres.clone().map(move |j| (i, j))).filter(|&at| weights[at] != 0.0).count() as f32
                    / n as f32
            };
            assert_eq!(present(layout.motor(), 0..layout.presynaptic()), 1.0);
            assert!((present(layout.hidden(), layout.sensory()) - 0.3).abs() < 0.06);
            assert!((present(layout.hidden(), layout.hidden()) - 0.15).abs() < 0.15);
        }
    }

    #[test]
    fn pools_share_the_motor_neurons() {
        let layout = Layout::new(&Preset::Stdp.config());
        assert_eq!((layout.hidden(), layout.motor()), (69..79, 79..100));
        assert_eq!([layout.pool(0), layout.pool(1), layout.pool(2)], [79..86, 86..93, 93..100]);
    }

    #[test]
    fn an_update_keeps_signs_and_bounds() {
        let bounds = WeightBounds::new(5);
        let mut row = ndarray::arr1(&[0.5, 0.5, 0.89, 0.02, -0.5]);
        bounds.update(row.view_mut(), 0.1, &[1.0, -1.0, 1.0, -1.0, 100.0]);
        assert_eq!(row, ndarray::arr1(&[0.6, 0.4, 0.9, 0.01, -0.01]));
    }
}
