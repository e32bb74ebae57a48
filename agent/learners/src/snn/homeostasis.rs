//! Pool homeostasis: a pool that wins rarely becomes a little more excitable, and one that wins always a little less.

use serde::{Deserialize, Serialize};

use crate::ACTIONS;
use crate::range::{above, in_range};

/// Parameters of pool homeostasis.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HomeostasisParams {
    /// Strength h, beside the learning rate.
    pub strength: f32,
    /// Episodes after which it has fallen to half: `h/(1 + episode/half_life)`.
    pub half_life: f32,
    /// A pool's share counts as at least this: one that never wins any more is still drawn back. Without it about one run in a
    /// hundred of the preset `stdp` stayed with a single action for ever.
    pub share_floor: f32,
}

impl HomeostasisParams {
    /// Checks every parameter. The logarithm of a share needs a floor above 0.
    pub fn validate(&self) -> Result<(), String> {
        in_range("strength", self.strength, 0.0..=1000.0)?;
        in_range("half_life", self.half_life, above(0.0, 1e9))?;
        in_range("share_floor", self.share_floor, above(0.0, 0.5))
    }

    /// Strength in `episode`, from 0.
    pub fn strength(&self, episode: usize) -> f32 {
        self.strength / (1.0 + episode as f32 / self.half_life)
    }
}

/// `−π_p·(ln π_p + H)` for each pool, with `H = −Σ π ln π`: the direction that raises the entropy of the shares π (Williams &
/// Peng 1991). Multiplied by the presynaptic count it is the change of a weight. Shares below `floor` (above 0) count as it.
pub fn drive(shares: [f32; ACTIONS], floor: f32) -> [f32; ACTIONS] {
    let shares = shares.map(|share| share.max(floor));
    let logs = shares.map(libm::logf);
    let entropy = -shares.iter().zip(logs).map(|(share, log)| share * log).sum::<f32>();
    std::array::from_fn(|pool| -shares[pool] * (logs[pool] + entropy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_shares_rest_and_unequal_ones_are_drawn_together() {
        assert!(drive([1.0 / 3.0; 3], 1e-6).iter().all(|d| d.abs() < 1e-6));
        let [frequent, rare, _] = drive([0.8, 0.1, 0.1], 1e-6);
        assert!(frequent < 0.0 && rare > 0.0);
        // H = 0.639; −0.8·(ln 0.8 + H) = −0.3327.
        assert!((frequent + 0.3327).abs() < 1e-3);
        assert!(drive([1.0, 0.0, 0.0], 1e-6)[1] < 1e-4, "a dead pool stays dead");
        assert!(drive([1.0, 0.0, 0.0], 0.01)[1] > 0.04, "unless its share counts as more");
    }

    #[test]
    fn strength_decays_with_the_episode() {
        let params = HomeostasisParams { strength: 0.2, half_life: 50.0, share_floor: 1e-6 };
        assert_eq!((params.strength(0), params.strength(50)), (0.2, 0.1));
    }
}
