//! What is done to a trained network, to see what it bears.

use std::fmt;

use ndarray::{Array2, ArrayViewMut2, Axis, Slice};
use rand_chacha::ChaCha8Rng;
use spikedrive_learners::learner::WEIGHTS;
use spikedrive_learners::random::{Purpose, some_of, stream};
use spikedrive_learners::snn::saved;
use spikedrive_learners::snn::synapses::Layout;
use spikedrive_learners::{LearnerConfig, NamedArray};

/// One kind of damage, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Damage {
    /// None.
    Intact,
    /// Noise of this standard deviation on each ray, in units; the network is as it was.
    Noise(f64),
    /// Weights of so many bits, sign included: each layer has `2^(bits−1) − 1` steps of equal size on each side of 0.
    Bits(u32),
    /// So many percent of the neurons are heard no more: of the sensory and hidden ones of a spiking network, of the hidden units of a dense one.
    Cut(usize),
}

impl Damage {
    /// What is tried.
    pub const ALL: [Self; 14] = [
        Self::Intact,
        Self::Noise(0.25),
        Self::Noise(0.5),
        Self::Noise(1.0),
        Self::Noise(2.0),
        Self::Bits(8),
        Self::Bits(6),
        Self::Bits(5),
        Self::Bits(4),
        Self::Bits(3),
        Self::Cut(5),
        Self::Cut(10),
        Self::Cut(25),
        Self::Cut(50),
    ];

    /// Sensor noise of the test.
    pub fn sensor_noise(self) -> f64 {
        if let Self::Noise(sd) = self { sd } else { 0.0 }
    }

    /// The arrays of a network after the damage. Which neurons are cut depends on the seed.
    pub fn apply(self, config: &LearnerConfig, mut arrays: Vec<NamedArray>, seed: u64) -> Vec<NamedArray> {
        match (self, config) {
            (Self::Intact | Self::Noise(_), _) => (),
            (Self::Bits(bits), LearnerConfig::Snn(config)) => {
                let layout = Layout::new(config);
                for array in &mut arrays {
                    if array.name == WEIGHTS {
                        for layer in [layout.hidden(), layout.motor()] {
                            quantise(array.values.slice_axis_mut(Axis(0), Slice::from(layer)), bits);
                        }
                    } else {
                        quantise(array.values.view_mut(), bits);
                    }
                }
            }
            (Self::Bits(bits), _) => {
                let weights = arrays.iter_mut().filter(|array| !array.name.ends_with(".bias"));
                weights.for_each(|array| quantise(array.values.view_mut(), bits));
            }
            (Self::Cut(percent), LearnerConfig::Snn(config)) => {
                let layout = Layout::new(config);
                let neurons = layout.presynaptic();
                let cut = some_of(neurons * percent / 100, neurons, &mut stream(seed, Purpose::Damage, 0));
                saved::silence(config, &mut arrays, &cut);
            }
            (Self::Cut(percent), LearnerConfig::Seed(_)) => {
                let mut rng = stream(seed, Purpose::Damage, 0);
                arrays.iter_mut().for_each(|array| cut_columns(&mut array.values, percent, &mut rng));
            }
            (Self::Cut(percent), _) => cut_units(&mut arrays, percent, &mut stream(seed, Purpose::Damage, 0)),
        }
        arrays
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Intact => f.write_str("intact"),
            Self::Noise(sd) => write!(f, "noise {sd}"),
            Self::Bits(bits) => write!(f, "{bits} bits"),
            Self::Cut(percent) => write!(f, "{percent} % cut"),
        }
    }
}

fn quantise(mut weights: ArrayViewMut2<f32>, bits: u32) {
    let largest = weights.iter().fold(0.0f32, |largest, weight| largest.max(weight.abs()));
    let step = largest / ((1u32 << (bits - 1)) - 1) as f32;
    if step > 0.0 {
        weights.mapv_inplace(|weight| (weight / step).round() * step);
    }
}

/// Hidden units of a dense network answer 0: what leaves layer k is what layer k + 1 multiplies.
fn cut_units(arrays: &mut [NamedArray], percent: usize, rng: &mut ChaCha8Rng) {
    let name = |array: &NamedArray| array.name.clone();
    let names: Vec<String> = arrays.iter().map(name).collect();
    for array in arrays {
        let Some((network, k)) = array.name.strip_suffix(".weight").and_then(|name| name.rsplit_once('.')) else {
            continue;
        };
        let below_it = k.parse::<usize>().ok().and_then(|k| k.checked_sub(1));
        // The inputs of the first layer are no units.
        if below_it.is_some_and(|k| names.contains(&format!("{network}.{k}.weight"))) {
            cut_columns(&mut array.values, percent, rng);
        }
    }
}

fn cut_columns(values: &mut Array2<f32>, percent: usize, rng: &mut ChaCha8Rng) {
    let units = values.ncols();
    some_of(units * percent / 100, units, rng).into_iter().for_each(|unit| values.column_mut(unit).fill(0.0));
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use spikedrive_learners::snn::Preset;
    use spikedrive_learners::{Preset as AnyPreset, dense};

    use super::*;

    fn arrays(config: LearnerConfig) -> Vec<NamedArray> {
        config.learner(1, 10, 1).unwrap().policy().arrays()
    }

    #[test]
    fn golden_quantisation() {
        let mut weights = array![[0.9, -0.9, 0.0], [0.29, 0.31, -0.44]];
        quantise(weights.view_mut(), 3);
        // Steps of 0.3.
        let expected = array![[0.9, -0.9, 0.0], [0.3, 0.3, -0.3]];
        assert!((&weights - &expected).iter().all(|difference: &f32| difference.abs() < 1e-6), "{weights}");
    }

    #[test]
    fn each_layer_of_a_spiking_network_has_steps_of_its_own() {
        let config = LearnerConfig::from(Preset::Stdp.config());
        let whole = arrays(config);
        let coarse = Damage::Bits(4).apply(&config, whole.clone(), 1);
        let layout = Layout::new(&Preset::Stdp.config());
        let magnitudes = |arrays: &[NamedArray], layer: std::ops::Range<usize>| {
            let layer = arrays[0].values.slice_axis(Axis(0), Slice::from(layer)).mapv(f32::abs);
            let mut values: Vec<i64> = layer.iter().map(|weight| (weight * 1e5).round() as i64).collect();
            values.sort_unstable();
            values.dedup();
            values
        };
        for layer in [layout.hidden(), layout.motor()] {
            let (before, after) = (magnitudes(&whole, layer.clone()), magnitudes(&coarse, layer));
            // 0 and seven steps, up to the largest weight of the layer itself.
            assert!(after.len() <= 8 && before.len() > 8, "{after:?}");
            assert!((after.last().unwrap() - before.last().unwrap()).abs() <= 1, "{after:?}");
        }
        assert!(config.policy(&coarse).is_ok() && coarse != whole);
        assert_eq!(Damage::Noise(1.0).apply(&config, whole.clone(), 1), whole);
    }

    #[test]
    fn a_cut_neuron_is_heard_by_nobody() {
        let config = LearnerConfig::from(Preset::Stdp.config());
        let silent = |arrays: &[NamedArray]| {
            (0..79).filter(|&pre| arrays[0].values.column(pre).iter().all(|&weight| weight == 0.0)).count()
        };
        let whole = arrays(config);
        assert_eq!(silent(&whole), 0);
        let cut = Damage::Cut(25).apply(&config, whole.clone(), 1);
        assert_eq!(silent(&cut), 19, "of 79");
        assert_ne!(Damage::Cut(25).apply(&config, whole.clone(), 2), cut);
        assert_eq!(Damage::Cut(25).apply(&config, whole, 1), cut);
    }

    #[test]
    fn a_learner_loses_the_neurons_that_are_cut_here() {
        for preset in AnyPreset::all().filter(|preset| !matches!(preset, AnyPreset::Seed(_))) {
            let config = preset.config();
            let mut learner = config.learner(1, 10, 1).unwrap();
            let cut = Damage::Cut(25).apply(&config, learner.policy().arrays(), 1);
            learner.cut(25, &mut stream(1, Purpose::Damage, 0)).unwrap();
            if matches!(config, LearnerConfig::Snn(_)) {
                assert_eq!(learner.policy().arrays(), cut, "{preset}");
            }
            let frozen = config.policy(&cut).unwrap();
            let (mut one, mut other) = (learner.policy().driver(1, 0), frozen.driver(1, 0));
            for step in 0..200u8 {
                let seen = [f32::from(step % 17), f32::from(step % 19), f32::from(step % 13)];
                assert_eq!(one.act_greedily(&seen), other.act_greedily(&seen), "{preset}, step {step}");
            }
        }
    }

    #[test]
    fn what_is_left_of_any_preset_drives() {
        for preset in AnyPreset::all() {
            let config = preset.config();
            let whole = arrays(config);
            for damage in Damage::ALL {
                let damaged = damage.apply(&config, whole.clone(), 1);
                assert!(config.policy(&damaged).is_ok(), "{preset}, {damage}");
                let changes = matches!(damage, Damage::Cut(_));
                assert!(!changes || damaged != whole, "{preset}, {damage}");
            }
        }
        let config = LearnerConfig::from(Preset::Predictive.config());
        let ones = |name: &str, shape| NamedArray { name: name.to_owned(), values: Array2::ones(shape) };
        let cut = Damage::Cut(25).apply(
            &config,
            vec![ones("weights", (100, 100)), ones("forward", (9, 60)), ones("filtered", (21, 60))],
            1,
        );
        let silent =
            |array: &NamedArray| (0..60).filter(|&pre| array.values.column(pre).sum() == 0.0).collect::<Vec<usize>>();
        assert_eq!((silent(&cut[0]).len(), silent(&cut[1])), (15, silent(&cut[0])), "the same neurons");
        assert_eq!(silent(&cut[2]), silent(&cut[0]));
    }

    #[test]
    fn a_dense_network_loses_hidden_units_and_no_input() {
        let config = AnyPreset::Dqn.config();
        assert!(matches!(config, LearnerConfig::Dqn(dense::DqnConfig { .. })));
        let cut = Damage::Cut(25).apply(&config, arrays(config), 1);
        for (name, silent) in [("q.0.weight", 0), ("q.1.weight", 16), ("q.2.weight", 16)] {
            let layer = &cut.iter().find(|array| array.name == name).unwrap().values;
            let columns = layer.columns().into_iter().filter(|column| column.iter().all(|&weight| weight == 0.0));
            assert_eq!(columns.count(), silent, "{name}");
        }
    }
}
