//! Divisive normalisation of the presynaptic factor.

use serde::{Deserialize, Serialize};

use crate::op_count::Operations;
use crate::range::{above, in_range};

/// `x'_j = gain·x_j/(offset + Σ_k x_k²)`: what a synapse remembers is its share of all presynaptic activity (Carandini & Heeger
/// 2012), so that a step of learning is as large whatever the number of cells that fire. Without it a code whose cells fire
/// together multiplies its own learning rate, and now and then a run collapses to a single action.
///
/// It enters the eligibility and homeostasis; the critic, which normalises its own step, reads the plain counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Divisive {
    /// Size of the step.
    pub gain: f32,
    /// Keeps silence silent, in (spikes per tick)².
    pub offset: f32,
}

impl Divisive {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        in_range("gain", self.gain, 0.0..=1000.0)?;
        in_range("offset", self.offset, above(0.0, 1000.0))
    }

    /// Writes x' for the counts x, in spikes per tick. Returns what it cost.
    pub fn apply(&self, counts: &[f32], out: &mut Vec<f32>) -> Operations {
        let scale = self.gain / (self.offset + counts.iter().map(|x| x * x).sum::<f32>());
        out.clear();
        out.extend(counts.iter().map(|x| scale * x));
        Operations::of_macs(2 * counts.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_numbers() {
        let mut out = vec![9.0; 7];
        Divisive { gain: 0.5, offset: 0.1 }.apply(&[0.5, 0.0, 0.5, 0.2], &mut out);
        // 0.5/(0.1 + 0.54) = 0.78125.
        let expected = [0.390_625, 0.0, 0.390_625, 0.156_25];
        assert!(out.iter().zip(expected).all(|(x, e)| (x - e).abs() < 1e-6) && out.len() == 4);
        Divisive { gain: 0.5, offset: 0.1 }.apply(&[0.0; 2], &mut out);
        assert_eq!(out, [0.0; 2]);
    }
}
