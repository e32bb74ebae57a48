//! What is learned from a reward.

use serde::{Deserialize, Serialize};

use crate::range::{above, in_range};

/// `r' = scale·max(r, floor)`: a crash does not drown all else, and values are about as large as a network's outputs. Scores use the
/// true reward.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RewardParams {
    /// Rewards below this count as this.
    pub floor: f32,
    /// Factor of the rewards.
    pub scale: f32,
}

impl RewardParams {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        in_range("floor", self.floor, -1000.0..=0.0)?;
        in_range("scale", self.scale, above(0.0, 1000.0))
    }

    /// r'.
    pub fn learned(&self, reward: f64) -> f32 {
        self.scale * (reward as f32).max(self.floor)
    }

    /// A value that was learned, in units of reward.
    pub fn unscaled(&self, value: f32) -> f32 {
        value / self.scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_rewards() {
        let params = RewardParams { floor: -20.0, scale: 0.1 };
        assert_eq!([2.5, -100.0, 0.0].map(|reward| params.learned(reward)), [0.25, -2.0, 0.0]);
        assert_eq!(params.unscaled(0.25), 2.5);
        assert!(
            RewardParams { scale: 0.0, ..params }.validate().unwrap_err().starts_with("scale: 0 is outside (0, 1000]")
        );
    }
}
