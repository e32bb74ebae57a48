//! Temporal filters: which part of the past the synapses onto motor neurons, and the critic, hear.

use std::collections::VecDeque;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::op_count::Operations;
use crate::range::{above, in_range};

/// What is heard of the n afferents. Copies of them are heard side by side, each by synapses of its own: `copies·n` features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum TemporalFilter {
    /// x: the spike counts of the step, per tick.
    #[default]
    Step,
    /// The counts of the last ticks alone, per tick; of an earlier step too, if they are more than a step has. Operations are counted as of all spikes of
    /// the step.
    Window {
        /// Number of ticks.
        ticks: usize,
    },
    /// x, and beside it a slow synapse: `y ← e^(−1/τ)·y + (1 − e^(−1/τ))·x` each step, as NMDA receptors are slow beside AMPA receptors (Destexhe, Mainen
    /// & Sejnowski 1998).
    Slow {
        /// τ, in steps.
        tau_steps: f32,
    },
    /// x, and beside it what three heads recall of the spikes S(t) of the last 100 ticks, across steps: of the last 10, of those 10 to 30 ago, of those 30 to 100
    /// ago. `c = Σ_t α_t·S(t)` with `α = softmax_t(sharpness·S(t)·x)`: dot-product attention (Vaswani et al. 2017) with the present as query and
    /// the spikes as keys and values. Which head matters for which action the synapses learn.
    Attention {
        /// How much more the ticks count that resemble the present; 0 is the mean of each window.
        sharpness: f32,
    },
}

/// Ages of the ticks that the heads recall.
pub const HEADS: [Range<usize>; 3] = [0..10, 10..30, 30..100];

impl TemporalFilter {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        match *self {
            Self::Step => Ok(()),
            Self::Window { ticks } => in_range("ticks", ticks, 1..=1000),
            Self::Slow { tau_steps } => in_range("tau_steps", tau_steps, above(0.0, 1e4)),
            Self::Attention { sharpness } => in_range("sharpness", sharpness, 0.0..=1000.0),
        }
    }

    /// How many features each afferent has.
    pub fn copies(self) -> usize {
        match self {
            Self::Step | Self::Window { .. } => 1,
            Self::Slow { .. } => 2,
            Self::Attention { .. } => 1 + HEADS.len(),
        }
    }

    /// Ticks that are remembered one by one.
    fn span(self) -> usize {
        match self {
            Self::Step | Self::Slow { .. } => 0,
            Self::Window { ticks } => ticks,
            Self::Attention { .. } => HEADS[HEADS.len() - 1].end,
        }
    }

    /// Whether it asks for single spikes.
    pub fn needs_spikes(self) -> bool {
        self.span() > 0
    }
}

/// What a lane has heard in an episode.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    filter: TemporalFilter,
    afferents: Range<usize>,
    /// The neurons that spiked in each of the last ticks, the latest first.
    spikes: VecDeque<Vec<usize>>,
    /// `copies·n` numbers, unless the filter leaves all as it is.
    features: Vec<f32>,
}

impl Heard {
    /// Nothing, of these afferents.
    pub fn new(filter: TemporalFilter, afferents: Range<usize>) -> Self {
        let features = if filter == TemporalFilter::Step { 0 } else { filter.copies() * afferents.len() };
        Self { filter, afferents, spikes: VecDeque::new(), features: vec![0.0; features] }
    }

    /// Forgets everything: the start of an episode.
    pub fn reset(&mut self) {
        self.spikes.clear();
        self.features.fill(0.0);
    }

    /// A tick in which these neurons spiked.
    pub fn tick(&mut self, spikes: &[usize]) {
        let span = self.filter.span();
        if span == 0 {
            return;
        }
        let mut slot = if self.spikes.len() == span { self.spikes.pop_back().unwrap_or_default() } else { Vec::new() };
        slot.clear();
        let heard = spikes.iter().filter(|spike| self.afferents.contains(spike));
        slot.extend(heard.map(|spike| spike - self.afferents.start));
        self.spikes.push_front(slot);
    }

    /// The end of a step with these counts of all neurons. Returns what it cost.
    pub fn end_step(&mut self, counts: &[f32]) -> Operations {
        let x = &counts[self.afferents.clone()];
        let n = x.len();
        match self.filter {
            TemporalFilter::Step => Operations::NONE,
            TemporalFilter::Window { ticks } => {
                self.features.fill(0.0);
                self.spikes.iter().flatten().for_each(|&spike| self.features[spike] += 1.0);
                self.features.iter_mut().for_each(|count| *count /= ticks as f32);
                Operations::NONE
            }
            TemporalFilter::Slow { tau_steps } => {
                let keep = libm::expf(-1.0 / tau_steps);
                let (fast, slow) = self.features.split_at_mut(n);
                fast.copy_from_slice(x);
                slow.iter_mut().zip(x).for_each(|(y, x)| *y = keep * *y + (1.0 - keep) * x);
                Operations::of_macs(2 * n)
            }
            TemporalFilter::Attention { sharpness } => {
                self.features.fill(0.0);
                let (present, contexts) = self.features.split_at_mut(n);
                present.copy_from_slice(x);
                let heads = HEADS.into_iter().zip(contexts.chunks_exact_mut(n));
                heads.map(|(ages, context)| attend(&self.spikes, ages, sharpness, present, context)).sum()
            }
        }
    }

    /// The features, of counts that [`Self::end_step`] has seen.
    pub fn features<'a>(&'a self, counts: &'a [f32]) -> &'a [f32] {
        if self.features.is_empty() { &counts[self.afferents.clone()] } else { &self.features }
    }
}

/// One head: `context += Σ_t softmax_t(sharpness·S(t)·query)·S(t)` over the ticks of these ages, those that have been. A spike is accumulated, with the query and
/// with α; each tick has an exponential, counted as a MAC.
fn attend(
    spikes: &VecDeque<Vec<usize>>,
    ages: Range<usize>,
    sharpness: f32,
    query: &[f32],
    context: &mut [f32],
) -> Operations {
    let ticks = || spikes.iter().skip(ages.start).take(ages.len());
    let likeness = |tick: &Vec<usize>| sharpness * tick.iter().map(|&j| query[j]).sum::<f32>();
    let highest = ticks().map(likeness).fold(f32::MIN, f32::max);
    let weights: Vec<f32> = ticks().map(|tick| libm::expf(likeness(tick) - highest)).collect();
    let total: f32 = weights.iter().sum();
    for (tick, weight) in ticks().zip(&weights) {
        tick.iter().for_each(|&j| context[j] += weight / total);
    }
    let heard: usize = ticks().map(Vec::len).sum();
    Operations::of_acs(2 * heard) + Operations::of_macs(weights.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Afferents 1 to 3 of four neurons.
    fn heard(filter: TemporalFilter) -> Heard {
        Heard::new(filter, 1..4)
    }

    #[test]
    fn a_step_is_heard_as_it_is() {
        let mut all = heard(TemporalFilter::Step);
        all.tick(&[1]);
        assert_eq!(all.end_step(&[9.0, 0.5, 0.25, 0.0]), Operations::NONE);
        assert_eq!(all.features(&[9.0, 0.5, 0.25, 0.0]), [0.5, 0.25, 0.0]);
    }

    #[test]
    fn a_window_reaches_back_over_steps() {
        let mut window = heard(TemporalFilter::Window { ticks: 4 });
        [&[1][..], &[1, 2], &[0], &[2, 3], &[2]].into_iter().for_each(|spikes| window.tick(spikes));
        window.end_step(&[0.0; 4]);
        assert_eq!(window.features(&[0.0; 4]), [0.25, 0.75, 0.25]);
        window.reset();
        window.end_step(&[1.0; 4]);
        assert_eq!(window.features(&[1.0; 4]), [0.0; 3]);
    }

    #[test]
    fn a_slow_synapse_is_heard_beside_the_fast_one() {
        let mut slow = heard(TemporalFilter::Slow { tau_steps: 2.0 });
        assert_eq!(slow.end_step(&[0.0, 1.0, 0.0, 0.5]), Operations::of_macs(6));
        slow.end_step(&[0.0, 0.0, 0.0, 0.5]);
        let keep = libm::expf(-0.5);
        let expected = [0.0, 0.0, 0.5, keep * (1.0 - keep), 0.0, 0.5 * (1.0 - keep * keep)];
        assert!(slow.features(&[]).iter().zip(expected).all(|(y, e)| (y - e).abs() < 1e-6), "{:?}", slow.features(&[]));
    }

    #[test]
    fn heads_recall_their_windows_and_what_resembles_the_present() {
        let mut all = heard(TemporalFilter::Attention { sharpness: 0.0 });
        // 25 ticks of neuron 2, then 5 of neuron 1 and 5 of neuron 3.
        (0..25).for_each(|_| all.tick(&[2]));
        (0..5).for_each(|_| all.tick(&[1]));
        (0..5).for_each(|_| all.tick(&[3]));
        let counts = [0.0, 0.5, 0.0, 0.0];
        // 10 + 20 + 5 spikes, each heard twice, and 35 ticks.
        assert_eq!(all.end_step(&counts), Operations::of_acs(70) + Operations::of_macs(35));
        let close = |features: &[f32], expected: [f32; 12]| {
            assert!(features.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-6), "{features:?}");
        };
        close(all.features(&counts), [0.5, 0.0, 0.0, 0.5, 0.0, 0.5, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0]);
        let mut sharp = Heard { filter: TemporalFilter::Attention { sharpness: 4.0 }, ..all };
        sharp.end_step(&counts);
        // e² against 1, five ticks each.
        let alike = libm::expf(2.0) / (libm::expf(2.0) + 1.0);
        close(sharp.features(&counts), [0.5, 0.0, 0.0, alike, 0.0, 1.0 - alike, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0]);
    }
}
