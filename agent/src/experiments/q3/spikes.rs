//! Spikes of many neurons in many steps, as words of bits: what all measures of Q3 are made of.

use std::ops::Range;

use spikedrive_learners::Raster;

/// Ticks that fit a word.
pub const MOST_TICKS: usize = u64::BITS as usize;

/// Who spiked when: a word for each neuron and step, whose bit t is tick t, and the pool that won the step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spikes {
    neurons: usize,
    ticks: usize,
    /// Step after step.
    trains: Vec<u64>,
    winners: Vec<usize>,
}

impl Spikes {
    /// Without a step, of so many neurons, for steps of so many ticks; none where those do not fit a word.
    pub fn new(neurons: usize, ticks: usize) -> Option<Self> {
        let fits = neurons > 0 && (1..=MOST_TICKS).contains(&ticks);
        fits.then(|| Self { neurons, ticks, trains: Vec::new(), winners: Vec::new() })
    }

    /// Adds a step.
    pub fn push(&mut self, winner: usize, raster: &Raster) {
        let train = |neuron| (0..self.ticks).filter(|&tick| raster.spiked(tick, neuron)).map(|tick| 1 << tick).sum();
        let trains: Vec<u64> = (0..self.neurons).map(train).collect();
        self.trains.extend(trains);
        self.winners.push(winner);
    }

    /// Number of neurons.
    pub fn neurons(&self) -> usize {
        self.neurons
    }

    /// Ticks of a step.
    pub fn ticks(&self) -> usize {
        self.ticks
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.winners.len()
    }

    /// The pool that won each step.
    pub fn winners(&self) -> &[usize] {
        &self.winners
    }

    /// The spikes of a neuron in a step.
    pub fn train(&self, step: usize, neuron: usize) -> u64 {
        self.trains[step * self.neurons + neuron]
    }

    /// The same, to be changed.
    pub fn train_mut(&mut self, step: usize, neuron: usize) -> &mut u64 {
        &mut self.trains[step * self.neurons + neuron]
    }

    /// How many there are.
    pub fn count(&self, step: usize, neuron: usize) -> u32 {
        self.train(step, neuron).count_ones()
    }

    /// The same steps of some of the neurons, which count from 0 then.
    pub fn of(&self, neurons: Range<usize>) -> Self {
        let rows = self.trains.chunks_exact(self.neurons);
        let trains = rows.flat_map(|row| &row[neurons.clone()]).copied().collect();
        Self { neurons: neurons.len(), trains, winners: self.winners.clone(), ..*self }
    }
}

#[cfg(test)]
pub(super) mod testing {
    use rand_chacha::ChaCha8Rng;
    use spikedrive_learners::random::{below, uniform};

    use super::*;

    /// Independent neurons that spike in each tick with a probability, in steps whose winners are drawn.
    pub(crate) fn independent(neurons: usize, ticks: usize, steps: usize, p: f32, rng: &mut ChaCha8Rng) -> Spikes {
        let mut spikes = Spikes::new(neurons, ticks).unwrap();
        for _ in 0..steps {
            let mut raster = Raster::new(neurons);
            (0..ticks)
                .for_each(|_| raster.tick((0..neurons).filter(|_| uniform(rng) < p).collect::<Vec<_>>().into_iter()));
            spikes.push(below(3, rng), &raster);
        }
        spikes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_ticks_and_words_are_neurons() {
        let mut raster = Raster::new(3);
        [[0, 2], [2, 2], [1, 2]].into_iter().for_each(|spikes| raster.tick(spikes.into_iter()));
        let mut spikes = Spikes::new(3, 3).unwrap();
        spikes.push(1, &raster);
        assert_eq!([0, 1, 2].map(|neuron| spikes.train(0, neuron)), [0b001, 0b100, 0b111]);
        assert_eq!((spikes.count(0, 2), spikes.steps(), spikes.winners()), (3, 1, &[1][..]));
        let some = spikes.of(1..3);
        assert_eq!((some.neurons(), some.train(0, 0), some.train(0, 1)), (2, 0b100, 0b111));
        assert_eq!((Spikes::new(3, 65), Spikes::new(3, 0)), (None, None));
    }
}
