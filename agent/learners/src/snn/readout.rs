//! The pathway readout: pools compete by the synaptic current that reaches them.

use ndarray::{Array2, ArrayView1};
use rand::Rng;

use super::synapses::{Layout, motor_weights};
use crate::ACTIONS;
use crate::random::uniform;

/// Drive of each pool: `z_a = β·mean_{i in pool a} Σ_j W_ij·x_j`, with x the afferents' spike counts of the step per tick, so that
/// `Σ_j W_ij·x_j` is the mean synaptic current (the "pathway") of motor neuron i. What it hears of the past, if anything, has weights of its own, `filtered`.
pub fn pool_drive(
    weights: &Array2<f32>,
    filtered: &Array2<f32>,
    layout: &Layout,
    inverse_temperature: f32,
    features: &[f32],
) -> [f32; ACTIONS] {
    let (counts, past) = features.split_at(layout.afferents().len());
    let (counts, past) = (ArrayView1::from(counts), ArrayView1::from(past));
    let first = layout.motor().start;
    std::array::from_fn(|action| {
        let pool = layout.pool(action);
        let pathway = |post| {
            let now = motor_weights(weights, layout, post).dot(&counts);
            if past.is_empty() { now } else { now + filtered.row(post - first).dot(&past) }
        };
        let total: f32 = pool.clone().map(pathway).sum();
        inverse_temperature * total / pool.len() as f32
    })
}

/// The share of each pool under lateral inhibition: the softmax of its drive.
pub fn shares(drive: [f32; ACTIONS]) -> [f32; ACTIONS] {
    let highest = drive.into_iter().fold(f32::MIN, f32::max);
    let exps = drive.map(|z| libm::expf(z - highest));
    let total: f32 = exps.iter().sum();
    exps.map(|e| e / total)
}

/// Draws an action with the probability of its share.
pub fn sample(shares: [f32; ACTIONS], rng: &mut impl Rng) -> usize {
    let mut left = uniform(rng);
    for (action, share) in shares.iter().enumerate().take(ACTIONS - 1) {
        if left < *share {
            return action;
        }
        left -= share;
    }
    ACTIONS - 1
}

/// Winner takes all: the action of the strongest drive, the lowest number among equals.
pub fn greedy(drive: [f32; ACTIONS]) -> usize {
    (1..ACTIONS).fold(0, |best, action| if drive[action] > drive[best] { action } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};
    use crate::snn::Preset;

    #[test]
    fn golden_drive() {
        let layout = Layout::new(&Preset::Stdp.config());
        let mut weights = Array2::zeros((100, 100));
        (86..93).for_each(|post| weights[[post, 3]] = 0.4);
        weights[[86, 4]] = 0.7;
        let mut counts = vec![0.0; 79];
        (counts[3], counts[4]) = (0.5, 0.25);
        let drive = pool_drive(&weights, &Array2::zeros((21, 0)), &layout, 10.0, &counts);
        assert!((drive[1] - 10.0 * (0.4 * 0.5 + 0.1 * 0.25)).abs() < 1e-5);
        assert_eq!((drive[0], drive[2], greedy(drive)), (0.0, 0.0, 1));
    }

    #[test]
    fn shares_sum_to_one_and_never_overflow() {
        for drive in [[0.0; 3], [1000.0, -1000.0, 999.0], [1.0, 2.0, 3.0]] {
            let shares = shares(drive);
            assert!(
                (shares.iter().sum::<f32>() - 1.0).abs() < 1e-6
                    && shares.iter().all(|share| (0.0..=1.0).contains(share))
            );
        }
        assert!((shares([1.0, 2.0, 3.0])[2] - 0.665_240_9).abs() < 1e-6);
    }

    #[test]
    fn sampling_follows_the_shares_and_greedy_breaks_ties_low() {
        let mut rng = stream(0, Purpose::Exploration, 0);
        let mut counts = [0; 3];
        (0..10_000).for_each(|_| counts[sample([0.2, 0.5, 0.3], &mut rng)] += 1);
        assert!((counts[0] - 2000i32).abs() < 150 && (counts[1] - 5000).abs() < 200);
        assert_eq!((greedy([1.0; 3]), greedy([0.0, 1.0, 1.0])), (0, 1));
    }
}
