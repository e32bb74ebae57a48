//! Intrinsic novelty: a bonus for states of the network that it is not used to.

use serde::{Deserialize, Serialize};

use crate::op_count::Operations;
use crate::range::{above, in_range};

/// A bonus of `strength·|x − x̄|` is added to each reward that is learned from, with x the features of the decision and their running mean
/// `x̄ ← x̄ + rate·(x − x̄)`: the first design's distance to earlier spike patterns (intrinsic motivation: Oudeyer & Kaplan 2007). Scores use the true
/// reward.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Novelty {
    /// Reward for a distance of 1, in spikes per tick.
    pub strength: f32,
    /// Rate of the running mean.
    pub rate: f32,
}

impl Novelty {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        in_range("strength", self.strength, 0.0..=1000.0)?;
        in_range("rate", self.rate, above(0.0, 1.0))
    }

    /// The bonus for features, which become familiar thereby; `mean` is x̄, empty at the start of a run. Adds to `spent` what it cost.
    pub fn bonus(&self, mean: &mut Vec<f32>, features: &[f32], spent: &mut Operations) -> f32 {
        mean.resize(features.len(), 0.0);
        let mut square = 0.0;
        for (mean, x) in mean.iter_mut().zip(features) {
            let distance = x - *mean;
            square += distance * distance;
            *mean += self.rate * distance;
        }
        *spent += Operations::of_macs(2 * features.len());
        self.strength * libm::sqrtf(square)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_often_is_new_no_more() {
        let novelty = Novelty { strength: 2.0, rate: 0.5 };
        let (mut mean, mut spent) = (Vec::new(), Operations::NONE);
        let mut bonus = |features: &[f32]| novelty.bonus(&mut mean, features, &mut spent);
        assert_eq!([bonus(&[3.0, 4.0]), bonus(&[3.0, 4.0]), bonus(&[3.0, 4.0])], [10.0, 5.0, 2.5]);
        assert!(bonus(&[0.0, 0.0]) > 8.0);
        assert_eq!(spent, Operations::of_macs(16));
    }
}
