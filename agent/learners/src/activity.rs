//! What a network does while somebody looks: spikes, shares, value, dopamine. Looking changes no number of a run.

use std::ops::Range;

use crate::ACTIONS;

/// Whose spikes are noted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Watch {
    /// Nobody's: it costs nothing then.
    #[default]
    Nothing,
    /// Those of the neurons that are simulated anyway: it costs next to nothing.
    Simulated,
    /// Everybody's: neurons that nothing else needs are simulated for it.
    Everything,
}

/// Neurons that are shown together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Population {
    /// Such as "sensory", "hidden", "motor left".
    pub name: &'static str,
    /// Which neurons.
    pub neurons: Range<usize>,
}

/// Who spiked in which tick of a step: one row of bits a tick, `ceil(neurons / 8)` bytes each, least significant bit first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raster {
    neurons: usize,
    bytes: Vec<u8>,
}

impl Raster {
    /// Without any tick, of so many neurons.
    pub fn new(neurons: usize) -> Self {
        Self { neurons, bytes: Vec::new() }
    }

    /// Forgets all ticks: the start of a step.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Another tick, with the neurons that spike in it. What is no neuron of it is passed over.
    pub fn tick(&mut self, spikes: impl Iterator<Item = usize>) {
        let row = self.bytes.len();
        self.bytes.resize(row + self.row_bytes(), 0);
        for spike in spikes.filter(|&spike| spike < self.neurons) {
            self.bytes[row + spike / 8] |= 1 << (spike % 8);
        }
    }

    /// All rows, one after the other.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of rows.
    pub fn ticks(&self) -> usize {
        self.bytes.len().checked_div(self.row_bytes()).unwrap_or(0)
    }

    /// Whether a neuron spiked in a tick.
    pub fn spiked(&self, tick: usize, neuron: usize) -> bool {
        let byte = (neuron < self.neurons).then(|| self.bytes.get(tick * self.row_bytes() + neuron / 8));
        byte.flatten().is_some_and(|byte| byte >> (neuron % 8) & 1 == 1)
    }

    fn row_bytes(&self) -> usize {
        self.neurons.div_ceil(8)
    }
}

/// What there is to see of the step just simulated.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Activity<'a> {
    /// The spikes, if they were watched.
    pub raster: Option<&'a Raster>,
    /// The share of each motor pool, or the probability of each action, where there is such a thing.
    pub shares: Option<[f32; ACTIONS]>,
    /// What the critic expects now.
    pub value: Option<f32>,
    /// TD error of the step before; none in the first step of an episode.
    pub dopamine: Option<f32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_padded_and_bits_count_from_the_least_significant() {
        let mut raster = Raster::new(100);
        raster.tick([0, 9, 99].into_iter());
        raster.tick([7, 100, 5000].into_iter());
        assert_eq!((raster.ticks(), raster.bytes().len()), (2, 26));
        assert_eq!((raster.bytes()[0], raster.bytes()[1], raster.bytes()[12]), (0b1, 0b10, 0b1000));
        assert_eq!((raster.bytes()[13], raster.bytes()[14..].iter().all(|&byte| byte == 0)), (0b1000_0000, true));
        assert!(raster.spiked(0, 99) && raster.spiked(1, 7));
        assert!(!raster.spiked(1, 99) && !raster.spiked(0, 104) && !raster.spiked(2, 0));
        raster.clear();
        assert_eq!((raster.ticks(), Raster::default().ticks()), (0, 0));
    }
}
