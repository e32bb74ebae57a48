//! Pair-based spike-timing-dependent plasticity.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::op_count::Operations;
use crate::range::{above, in_range};

/// Parameters of pair STDP.
///
/// The presets leave depression out: under the gate (chosen − share), which is itself negative for the pools that lost, it cost 1.5 % of
/// the return.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StdpParams {
    /// A₊: gain of a presynaptic spike before a postsynaptic one.
    pub a_plus: f32,
    /// A₋: what a presynaptic spike after a postsynaptic one takes.
    #[serde(default)]
    pub a_minus: f32,
    /// τ: time constant of both traces, in ms.
    pub tau_ms: f32,
}

impl Default for StdpParams {
    fn default() -> Self {
        Self { a_plus: 0.005, a_minus: 0.0, tau_ms: 20.0 }
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

/// The traces of one episode and the pairings of one step (all-to-all scheme, Morrison, Diesmann & Gerstner 2008).
#[derive(Clone, Debug, PartialEq)]
pub struct PairStdp {
    params: StdpParams,
    decay: f32,
    /// Presynaptic traces.
    pre_trace: Vec<f32>,
    /// Postsynaptic traces; they are kept only where there is depression.
    post_trace: Vec<f32>,
    /// `pairings[post, pre]`: change gathered in this step, motor × presynaptic.
    pairings: Array2<f32>,
}

impl PairStdp {
    /// Empty traces for `motor` × `presynaptic` synapses.
    pub fn new(params: StdpParams, motor: usize, presynaptic: usize) -> Self {
        let decay = libm::expf(-1.0 / params.tau_ms);
        Self {
            params,
            decay,
            pre_trace: vec![0.0; presynaptic],
            post_trace: vec![0.0; motor],
            pairings: Array2::zeros((motor, presynaptic)),
        }
    }

    /// Forgets everything: the start of an episode.
    pub fn reset(&mut self) {
        self.pre_trace.fill(0.0);
        self.post_trace.fill(0.0);
        self.pairings.fill(0.0);
    }

    /// Forgets the pairings, keeps the traces: the start of a step.
    pub fn begin_step(&mut self) {
        self.pairings.fill(0.0);
    }

    /// One tick: `x_j ← x_j·exp(−1/τ) + S_j(t−1)`, then for each motor neuron i that spikes now `pairings[i, j] += A₊·x_j`. Where there is depression, each spike of j that
    /// arrives takes `A₋·y_i`, with `y_i ← y_i·exp(−1/τ) + S_i` of the spikes of i before now. Returns what it cost: a MAC for each trace that decays, for
    /// each synapse of a neuron that spikes and for each pair that depresses, an AC for each spike that a trace gathers.
    pub fn tick(&mut self, arriving: &[usize], motor_spikes: &[usize]) -> Operations {
        self.pre_trace.iter_mut().for_each(|trace| *trace *= self.decay);
        for &pre in arriving {
            self.pre_trace[pre] += 1.0;
        }
        for &post in motor_spikes {
            for (pairing, trace) in self.pairings.row_mut(post).iter_mut().zip(&self.pre_trace) {
                *pairing += self.params.a_plus * trace;
            }
        }
        let macs = self.pre_trace.len() * (1 + motor_spikes.len());
        Operations::of_acs(arriving.len()) + Operations::of_macs(macs) + self.depress(arriving, motor_spikes)
    }

    /// The depressing half of a tick.
    fn depress(&mut self, arriving: &[usize], motor_spikes: &[usize]) -> Operations {
        let Self { params: StdpParams { a_minus, .. }, decay, post_trace, pairings, .. } = self;
        if *a_minus == 0.0 {
            return Operations::NONE;
        }
        for (trace, mut row) in post_trace.iter_mut().zip(pairings.rows_mut()) {
            *trace *= *decay;
            arriving.iter().for_each(|&pre| row[pre] -= *a_minus * *trace);
        }
        motor_spikes.iter().for_each(|&post| post_trace[post] += 1.0);
        Operations::of_acs(motor_spikes.len()) + Operations::of_macs(post_trace.len() * (1 + arriving.len()))
    }

    /// Its parameters.
    pub fn params(&self) -> &StdpParams {
        &self.params
    }

    /// x_j: the presynaptic traces as they stand.
    pub fn pre_trace(&self) -> &[f32] {
        &self.pre_trace
    }

    /// The change of this step, motor × presynaptic.
    pub fn pairings(&self) -> &Array2<f32> {
        &self.pairings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_counts_by_its_delay() {
        let mut stdp = PairStdp::new(StdpParams::default(), 2, 3);
        stdp.tick(&[1], &[]);
        (0..4).for_each(|_| _ = stdp.tick(&[], &[]));
        stdp.tick(&[], &[0]);
        let expected = 0.005 * libm::expf(-5.0 / 20.0);
        assert!((stdp.pairings()[[0, 1]] - expected).abs() < 1e-8);
        assert_eq!((stdp.pairings()[[0, 0]], stdp.pairings()[[1, 1]]), (0.0, 0.0));
        stdp.begin_step();
        assert!(stdp.pairings().iter().all(|&pairing| pairing == 0.0));
        stdp.tick(&[], &[0]);
        assert!(stdp.pairings()[[0, 1]] > 0.0, "traces outlive a step");
        stdp.reset();
        stdp.tick(&[], &[0]);
        assert_eq!(stdp.pairings()[[0, 1]], 0.0, "and end with the episode");
    }

    #[test]
    fn a_spike_that_comes_too_late_depresses() {
        let mut stdp = PairStdp::new(StdpParams { a_minus: 0.004, ..StdpParams::default() }, 2, 3);
        stdp.tick(&[], &[0]);
        (0..4).for_each(|_| _ = stdp.tick(&[], &[]));
        stdp.tick(&[1], &[]);
        assert!((stdp.pairings()[[0, 1]] + 0.004 * libm::expf(-5.0 / 20.0)).abs() < 1e-8);
        assert_eq!((stdp.pairings()[[1, 1]], stdp.pairings()[[0, 0]]), (0.0, 0.0));
    }
}
