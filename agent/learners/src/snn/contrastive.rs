//! Contrastive pair STDP: the winner's pairings after the decision against everyone's before it.

use crate::ACTIONS;

/// What motor neuron i of pool p learns of presynaptic neuron j in a step that pool a won:
///
/// `1[p = a]·A₊·x_j − (n_p/S)·pairings_ij`
///
/// with the pairings and the trace x_j of [`super::stdp`], S spikes of all motor neurons in the step, and n_p neurons in the pool.
/// After the decision the winner's neurons fire one burst spike, which pairs with the traces as they stand; the spikes that led to
/// the decision depress, divided by the count of all of them, a signal that a shared inhibitory neuron could carry. It is the
/// contrast of a clamped with a free phase (Hinton & Sejnowski 1986; Xie & Seung 2003), so that the own spikes of a neuron take
/// the place of (chosen − share). The burst is modelled, not simulated: one spike for each neuron of the winner.
pub fn gates(winner: usize, a_plus: f32, pool_sizes: [usize; ACTIONS], motor_spikes: f32) -> ContrastGates {
    let total = motor_spikes.max(1.0);
    ContrastGates {
        burst: std::array::from_fn(|pool| if pool == winner { a_plus } else { 0.0 }),
        free: pool_sizes.map(|neurons| -(neurons as f32) / total),
    }
}

/// The factors of burst and free spikes, for each pool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ContrastGates {
    /// Of the trace x_j at the burst.
    pub burst: [f32; ACTIONS],
    /// Of the pairings of the neuron's own spikes.
    pub free: [f32; ACTIONS],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_gates() {
        let gates = gates(2, 0.05, [10, 9, 9], 36.0);
        assert_eq!(gates.burst, [0.0, 0.0, 0.05]);
        assert_eq!(gates.free, [-10.0 / 36.0, -0.25, -0.25]);
        assert_eq!(
            super::gates(0, 0.05, [10; 3], 0.0).free,
            [-10.0; 3],
            "without spikes there are no pairings to divide"
        );
    }
}
