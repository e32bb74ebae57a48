//! What a network computes, in operations that do not depend on the machine.
//!
//! Definitions as in NeuroBench (Yik et al. 2025, "The neurobench framework for benchmarking neuromorphic computing algorithms and
//! systems"):
//!
//! - **AC**: a synaptic accumulate, an addition without multiplication. An arriving spike causes one at each synapse that exists
//!   (whose weight is not 0); a spike that does not come causes none.
//! - **MAC**: a multiply-accumulate. A dense layer of m inputs and n neurons costs m·n, zeros among the inputs included. In learning
//!   each multiplication of a trace, a weight or a feature counts as one, whether an addition follows or not.
//! - **Neuron update**: one tick of one LIF neuron, of the cells of a phase code too: these integrate a rate and fire, without leak.
//!
//! The readout of a pathway sums the synaptic current that reached the motor neurons, so that each of their synapses costs one AC a
//! spike, once, even where learning simulates these neurons as well. Not counted: the tuning curves that make rates of distances (in
//! NeuroBench a pre-processor), random numbers, and the few operations on three pools or actions (shares, logarithms, the largest).

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

/// A number of operations of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operations {
    /// Synaptic accumulates.
    pub acs: u64,
    /// Multiply-accumulates.
    pub macs: u64,
    /// Neuron updates.
    pub neuron_updates: u64,
}

impl Operations {
    /// None.
    pub const NONE: Self = Self { acs: 0, macs: 0, neuron_updates: 0 };

    /// So many accumulates and nothing else.
    pub fn of_acs(acs: usize) -> Self {
        Self { acs: acs as u64, ..Self::NONE }
    }

    /// So many multiply-accumulates and nothing else.
    pub fn of_macs(macs: usize) -> Self {
        Self { macs: macs as u64, ..Self::NONE }
    }

    /// So many neuron updates and nothing else.
    pub fn of_neuron_updates(neuron_updates: usize) -> Self {
        Self { neuron_updates: neuron_updates as u64, ..Self::NONE }
    }
}

impl Add for Operations {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            acs: self.acs + other.acs,
            macs: self.macs + other.macs,
            neuron_updates: self.neuron_updates + other.neuron_updates,
        }
    }
}

impl AddAssign for Operations {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Operations {
    fn sum<I: Iterator<Item = Self>>(operations: I) -> Self {
        operations.fold(Self::NONE, Self::add)
    }
}

/// What a training came to so far, evaluations left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingOperations {
    /// What its decisions cost: as much as they would without learning.
    pub decisions: Operations,
    /// What learning cost beside them: traces, critic, weights, replays, and neurons that are simulated for their spike pairs alone.
    pub learning: Operations,
}

impl TrainingOperations {
    /// Both together.
    pub fn total(&self) -> Operations {
        self.decisions + self.learning
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_summed_by_itself() {
        let parts = [Operations::of_acs(3), Operations::of_macs(5), Operations::of_neuron_updates(7)];
        let sum = parts.into_iter().chain(parts).sum::<Operations>();
        assert_eq!(sum, Operations { acs: 6, macs: 10, neuron_updates: 14 });
        let training = TrainingOperations { decisions: sum, learning: Operations::of_macs(1) };
        assert_eq!(training.total(), Operations { acs: 6, macs: 11, neuron_updates: 14 });
    }
}
