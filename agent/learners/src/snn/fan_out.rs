//! How many synapses a neuron's spike reaches: the accumulates that it causes.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView1};

use super::competition::Readout;
use super::synapses::Layout;

/// The synapses of each neuron that others hear, zero weights left out. Learning makes and removes none.
#[derive(Clone, Debug, PartialEq)]
pub struct FanOut {
    /// Onto hidden and motor neurons. Whole numbers: their sums over a step are exact below 2²⁴, and a step has 1000 ticks at most.
    all: Array1<f32>,
    /// Those of them that the spike reaches in the tick after it. The readout of a pathway takes the spikes of the step itself.
    delayed: Vec<u64>,
}

impl FanOut {
    /// Counts the synapses of `W[post, pre]`.
    pub fn new(layout: &Layout, readout: Readout, weights: &Array2<f32>) -> Self {
        let onto = |pre: usize, post: Range<usize>| post.filter(|&post| weights[[post, pre]] != 0.0).count();
        let presynaptic = layout.heard();
        let delayed = |pre| match readout {
            Readout::Pathway { .. } => onto(pre, layout.hidden()),
            Readout::Vote => onto(pre, layout.hidden()) + onto(pre, layout.motor()),
        };
        Self {
            all: presynaptic
                .clone()
                .map(|pre| (onto(pre, layout.hidden()) + onto(pre, layout.motor())) as f32)
                .collect(),
            delayed: presynaptic.map(|pre| delayed(pre) as u64).collect(),
        }
    }

    /// All accumulates of a step in which neuron j spiked `spikes[j]` times, whenever they come.
    pub fn accumulates(&self, spikes: &[f32]) -> u64 {
        self.all.dot(&ArrayView1::from(spikes)) as u64
    }

    /// All synapses.
    pub fn synapses(&self) -> u64 {
        self.all.sum() as u64
    }

    /// Those of them that come in the tick after these neurons spiked.
    pub fn on_their_way(&self, neurons: &[usize]) -> u64 {
        neurons.iter().filter_map(|&neuron| self.delayed.get(neuron)).sum()
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
        let mut spikes = [0.0; 79];
        (spikes[3], spikes[71], spikes[9]) = (5.0, 2.0, 8.0);
        for (readout, delayed) in [(Preset::Stdp.config().readout, 3), (Readout::Vote, 4)] {
            let fan_out = FanOut::new(&layout, readout, &weights);
            assert_eq!(fan_out.accumulates(&spikes), 17);
            assert_eq!(fan_out.synapses(), 4);
            assert_eq!(fan_out.on_their_way(&[3, 4, 71]), delayed);
        }
    }
}
