//! Eligibility traces: what a synapse did lately, waiting for dopamine.

use ndarray::{Array2, ArrayView1};

use super::config::NEURONS;
use super::synapses::{Layout, WeightBounds};
use crate::ACTIONS;

/// `e[post, pre]`, motor × presynaptic (Izhikevich 2007; Frémaux & Gerstner 2016).
#[derive(Clone, Debug, PartialEq)]
pub struct Eligibility {
    traces: Array2<f32>,
}

/// What each synapse did in a step: the pre- and postsynaptic factors.
#[derive(Clone, Copy, Debug)]
pub enum Local<'a> {
    /// The same for all motor neurons: the presynaptic spike counts.
    PreCount(&'a [f32]),
    /// Each synapse its own: STDP pairings, motor × presynaptic.
    Pairings(&'a Array2<f32>),
}

impl Eligibility {
    /// Empty traces.
    pub fn new(layout: &Layout) -> Self {
        Self { traces: Array2::zeros((layout.motor().len(), layout.presynaptic())) }
    }

    /// Forgets everything: the start of an episode.
    pub fn reset(&mut self) {
        self.traces.fill(0.0);
    }

    /// `e_ij ← ρ·(γλ·e_ij + gate_pool(i)·local_ij)`, with `gate_p = 1[p was chosen] − share of p`.
    pub fn mark(&mut self, decay: f32, ratio: f32, gates: [f32; ACTIONS], local: Local) {
        let pool = self.traces.nrows() / ACTIONS;
        for (i, mut row) in self.traces.rows_mut().into_iter().enumerate() {
            let (decay, gate) = (ratio * decay, ratio * gates[i / pool]);
            let local = match &local {
                Local::PreCount(counts) => ArrayView1::from(*counts),
                Local::Pairings(pairings) => pairings.row(i),
            };
            row.zip_mut_with(&local, |trace, local| *trace = decay * *trace + gate * local);
        }
    }

    /// The third factor: `W_ij += step·e_ij` for every plastic synapse, within its bounds.
    pub fn apply(&self, step: f32, weights: &mut Array2<f32>, bounds: &WeightBounds) {
        let motor = NEURONS - self.traces.nrows();
        for (i, traces) in self.traces.rows().into_iter().enumerate() {
            if let Some(traces) = traces.to_slice() {
                bounds.update(weights.row_mut(motor + i), step, traces);
            }
        }
    }

    /// The traces, motor × presynaptic.
    pub fn traces(&self) -> &Array2<f32> {
        &self.traces
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snn::Preset;

    #[test]
    fn traces_decay_gather_and_move_weights() {
        let layout = Layout::new(&Preset::Stdp.config());
        let mut eligibility = Eligibility::new(&layout);
        let counts: Vec<f32> = (0..79).map(|j| if j == 3 { 0.5 } else { 0.0 }).collect();
        eligibility.mark(0.81, 1.0, [0.6, -0.4, -0.2], Local::PreCount(&counts));
        eligibility.mark(0.81, 0.5, [0.0; 3], Local::PreCount(&counts));
        let trace = eligibility.traces()[[0, 3]];
        assert!((trace - 0.5 * 0.81 * 0.3).abs() < 1e-6);
        assert!((eligibility.traces()[[20, 3]] + 0.5 * 0.81 * 0.1).abs() < 1e-6);

        let mut weights = Array2::from_elem((NEURONS, NEURONS), 0.5);
        eligibility.apply(0.1, &mut weights, &WeightBounds::new(79));
        assert!((weights[[79, 3]] - (0.5 + 0.1 * trace)).abs() < 1e-6);
        assert_eq!((weights[[79, 2]], weights[[78, 3]], weights[[79, 79]]), (0.5, 0.5, 0.5));
    }
}
