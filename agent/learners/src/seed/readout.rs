//! The readout: three pools vote by the synaptic current that reached them.

use std::ops::Range;

use crate::ACTIONS;

/// The neurons of each pool: left, straight, right. The last has one more.
pub const POOLS: [Range<usize>; ACTIONS] = [0..33, 33..66, 66..100];

/// `z_a = Σ_{i in pool a} Σ_t pathway[t, i]`, from the pathway of each neuron, summed over the ticks of a step.
pub fn votes(pathway: &[f32]) -> [f32; ACTIONS] {
    POOLS.map(|pool| pathway[pool].iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snn::readout::greedy;

    #[test]
    fn pools_are_33_33_34_and_the_strongest_wins() {
        let votes_of = |neuron: usize| {
            let mut pathway = vec![0.0; 100];
            pathway[neuron] = 2.0;
            votes(&pathway)
        };
        assert_eq!(votes_of(32), [2.0, 0.0, 0.0]);
        assert_eq!([33, 65, 66, 99].map(|neuron| greedy(votes_of(neuron))), [1, 1, 2, 2]);
        assert_eq!(votes(&[1.0; 100]), [33.0, 33.0, 34.0]);
        assert_eq!(greedy([0.0; 3]), 0, "silence steers left");
    }
}
