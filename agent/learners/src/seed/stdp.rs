//! Pair-based spike-timing-dependent plasticity with both halves, for all synapses.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::op_count::Operations;
use crate::range::{above, in_range};

/// Parameters of pair STDP.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StdpParams {
    /// A₊: potentiation by a pair, pre before post.
    pub a_plus: f32,
    /// A₋: depression by a pair, post before pre.
    pub a_minus: f32,
    /// τ of both halves, in ms.
    pub tau_ms: f32,
}

impl Default for StdpParams {
    fn default() -> Self {
        Self { a_plus: 0.005, a_minus: 0.00525, tau_ms: 20.0 }
    }
}

impl StdpParams {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        in_range("a_plus", self.a_plus, 0.0..=100.0)?;
        in_range("a_minus", self.a_minus, 0.0..=100.0)?;
        in_range("tau_ms", self.tau_ms, above(0.0, 1e6))
    }
}

/// Every spike pair of an episode (all-to-all scheme; Bi & Poo 1998; Morrison, Diesmann & Gerstner 2008).
///
/// A pair of spikes at `t_post` and `t_pre` of one step changes `e[post, pre]` by `A₊·exp(−(t_post − t_pre)/τ)` if pre came
/// first and by `−A₋·exp(−(t_pre − t_post)/τ)` if post did; a coincidence by nothing.
///
/// Both halves share one τ, so one trace `x` a neuron and one matrix `P[late, early] = Σ exp(−Δt/τ)` are enough:
/// `e = A₊·P − A₋·Pᵀ`.
#[derive(Clone, Debug, PartialEq)]
pub struct SpikePairs {
    params: StdpParams,
    decay: f32,
    trace: Vec<f32>,
    /// `P[late, early]`, row-major.
    pairs: Vec<f32>,
}

impl SpikePairs {
    /// No pair of `neurons` neurons.
    pub fn new(params: StdpParams, neurons: usize) -> Self {
        let decay = libm::expf(-1.0 / params.tau_ms);
        Self { params, decay, trace: vec![0.0; neurons], pairs: vec![0.0; neurons * neurons] }
    }

    /// Forgets everything: the start of an episode.
    pub fn reset(&mut self) {
        self.trace.fill(0.0);
        self.pairs.fill(0.0);
    }

    /// Forgets the traces, keeps the pairs: the start of a step. Spikes of different steps make no pair.
    pub fn begin_step(&mut self) {
        self.trace.fill(0.0);
    }

    /// One tick, with the neurons that spike in it: `x ← x·exp(−1/τ)`, `P[i, ·] += x` for each spike i, then `x_i += 1`.
    /// Returns what it cost: a MAC for each trace that decays, an AC for each pair and each spike.
    pub fn tick(&mut self, spikes: &[usize]) -> Operations {
        self.trace.iter_mut().for_each(|trace| *trace *= self.decay);
        let neurons = self.trace.len();
        for &late in spikes {
            let row = &mut self.pairs[late * neurons..(late + 1) * neurons];
            row.iter_mut().zip(&self.trace).for_each(|(pair, trace)| *pair += trace);
        }
        for &spike in spikes {
            self.trace[spike] += 1.0;
        }
        Operations::of_macs(neurons) + Operations::of_acs(spikes.len() * (neurons + 1))
    }

    /// `e[post, pre]`, summed over all steps of the episode.
    pub fn eligibility(&self) -> Array2<f32> {
        let neurons = self.trace.len();
        let StdpParams { a_plus, a_minus, .. } = self.params;
        Array2::from_shape_fn((neurons, neurons), |(post, pre)| {
            a_plus * self.pairs[post * neurons + pre] - a_minus * self.pairs[pre * neurons + post]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_counts_by_its_order_and_delay() {
        let mut pairs = SpikePairs::new(StdpParams::default(), 3);
        pairs.tick(&[1]);
        (0..4).for_each(|_| _ = pairs.tick(&[]));
        pairs.tick(&[0]);
        let kernel = libm::expf(-5.0 / 20.0);
        let eligibility = pairs.eligibility();
        // Neuron 1, then 0 after 5 ms: 1 → 0 is strengthened, 0 → 1 weakened.
        assert!((eligibility[[0, 1]] - 0.005 * kernel).abs() < 1e-8);
        assert!((eligibility[[1, 0]] + 0.00525 * kernel).abs() < 1e-8);
        assert_eq!(eligibility.iter().filter(|&&e| e != 0.0).count(), 2);
    }

    #[test]
    fn a_coincidence_is_no_pair_and_a_step_ends_the_traces() {
        let mut pairs = SpikePairs::new(StdpParams::default(), 2);
        pairs.tick(&[0, 1]);
        assert!(pairs.eligibility().iter().all(|&e| e == 0.0));
        pairs.begin_step();
        pairs.tick(&[0]);
        assert!(pairs.eligibility().iter().all(|&e| e == 0.0));
        pairs.tick(&[1]);
        let one = pairs.eligibility()[[1, 0]];
        pairs.begin_step();
        (0..2).for_each(|spike| _ = pairs.tick(&[spike]));
        assert!((pairs.eligibility()[[1, 0]] - 2.0 * one).abs() < 1e-8, "steps add up");
        pairs.reset();
        assert!(pairs.eligibility().iter().all(|&e| e == 0.0));
    }

    #[test]
    fn all_pairs_count_those_of_a_neuron_with_itself_too() {
        let mut pairs = SpikePairs::new(StdpParams::default(), 1);
        (0..3).for_each(|_| _ = pairs.tick(&[0]));
        let [one, two] = [1.0, 2.0].map(|delay| libm::expf(-delay / 20.0));
        assert!((pairs.eligibility()[[0, 0]] - (0.005 - 0.00525) * (2.0 * one + two)).abs() < 1e-8);
    }
}
