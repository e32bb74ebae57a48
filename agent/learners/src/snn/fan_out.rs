//! How many synapses a neuron's spike reaches: the accumulates that it causes.

use std::ops::Range;

use ndarray::Array2;

use super::synapses::Layout;

/// For each sensory and hidden neuron its synapses onto hidden and onto motor neurons, zero weights left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FanOut(Vec<[u32; 2]>);

impl FanOut {
    /// Counts the synapses of `W[post, pre]`.
    pub fn new(layout: &Layout, weights: &Array2<f32>) -> Self {
        let onto = |pre: usize, post: Range<usize>| post.filter(|&post| weights[[post, pre]] != 0.0).count() as u32;
        Self((0..layout.presynaptic()).map(|pre| [onto(pre, layout.hidden()), onto(pre, layout.motor())]).collect())
    }

    /// Accumulates in hidden and in motor neurons when these neurons spike once each.
    pub fn of_spikes(&self, neurons: &[usize]) -> [u64; 2] {
        let fan_out = neurons.iter().filter_map(|&neuron| self.0.get(neuron));
        fan_out.fold([0, 0], |[hidden, motor], onto| [hidden + u64::from(onto[0]), motor + u64::from(onto[1])])
    }

    /// The same where neuron j spiked `spikes[j]` times.
    pub fn of_counts(&self, spikes: &[f32]) -> [u64; 2] {
        let times = |onto: u32, spikes: f32| u64::from(onto) * spikes as u64;
        let all = self.0.iter().zip(spikes);
        all.fold([0, 0], |[hidden, motor], (onto, &spikes)| {
            [hidden + times(onto[0], spikes), motor + times(onto[1], spikes)]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snn::Preset;

    #[test]
    fn only_synapses_that_exist_are_counted() {
        let layout = Layout::new(&Preset::Stdp.config());
        let mut weights = Array2::zeros((100, 100));
        (weights[[70, 3]], weights[[78, 3]], weights[[79, 3]], weights[[70, 71]]) = (0.5, -0.5, 0.1, 0.3);
        // Onto a sensory neuron: no layer hears it.
        weights[[5, 3]] = 0.7;
        let fan_out = FanOut::new(&layout, &weights);
        assert_eq!(fan_out.of_spikes(&[3]), [2, 1]);
        assert_eq!(fan_out.of_spikes(&[3, 4, 71]), [3, 1]);
        let mut spikes = [0.0; 79];
        (spikes[3], spikes[71], spikes[9]) = (5.0, 2.0, 8.0);
        assert_eq!(fan_out.of_counts(&spikes), [12, 5]);
    }
}
