//! Credit: which pools have a part in a decision, the postsynaptic factor of the three.

use serde::{Deserialize, Serialize};

use crate::ACTIONS;

/// The postsynaptic factor of pool p when pool a was chosen. `contrastive-stdp` has a factor of its own and passes this over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credit {
    /// `1[p = a] − share_p`: what was done less what was to be expected. With it the rule is a policy gradient (Williams 1992).
    #[default]
    ChosenMinusShare,
    /// `1[p = a]`: the chosen pool alone. Nothing tells it apart from what the pool does anyway.
    Chosen,
    /// `1`: every pool alike, whatever was done. The synapse's own activity × dopamine alone, as in the first design.
    Everyone,
}

impl Credit {
    /// The factor of each pool.
    pub fn of(self, action: usize, shares: [f32; ACTIONS]) -> [f32; ACTIONS] {
        let chosen = |pool| if pool == action { 1.0 } else { 0.0 };
        match self {
            Self::ChosenMinusShare => std::array::from_fn(|pool| chosen(pool) - shares[pool]),
            Self::Chosen => std::array::from_fn(chosen),
            Self::Everyone => [1.0; ACTIONS],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_factors() {
        let shares = [0.5, 0.25, 0.25];
        assert_eq!(Credit::ChosenMinusShare.of(1, shares), [-0.5, 0.75, -0.25]);
        assert_eq!(Credit::Chosen.of(1, shares), [0.0, 1.0, 0.0]);
        assert_eq!(Credit::Everyone.of(1, shares), [1.0; 3]);
    }
}
