//! The loss of PPO and its gradient.

use crate::ACTIONS;
use crate::snn::readout::shares;

/// What the loss of a step depends on, beside the logits.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// a.
    pub action: usize,
    /// log π_old(a|s).
    pub log_probability: f32,
    /// A, normalised.
    pub advantage: f32,
}

/// log π(a|s) for each a: `z_a − log Σ exp z`.
pub fn log_probabilities(logits: [f32; ACTIONS]) -> [f32; ACTIONS] {
    let largest = logits.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|logit| libm::expf(logit - largest)).sum();
    logits.map(|logit| logit - largest - libm::logf(sum))
}

/// `dL/dz` of `L = −min(ρ·A, clip(ρ, 1−ε, 1+ε)·A) − c·H`, with `ρ = π(a|s)/π_old(a|s)` and the entropy `H = −Σ π·log π`.
///
/// `dρ/dz_k = ρ·(1[k=a] − π_k)`; where the clipped term is the smaller one, it is flat. `dH/dz_k = −π_k·(log π_k + H)`.
pub fn policy_gradient(logits: [f32; ACTIONS], taken: Taken, clip: f32, entropy: f32) -> [f32; ACTIONS] {
    let Taken { action, log_probability, advantage } = taken;
    let (log, probability) = (log_probabilities(logits), shares(logits));
    let ratio = libm::expf(log[action] - log_probability);
    let is_flat = if advantage > 0.0 { ratio > 1.0 + clip } else { ratio < 1.0 - clip };
    let slope = if is_flat { 0.0 } else { -advantage * ratio };
    let present: f32 = probability.iter().zip(log).map(|(p, log)| -p * log).sum();
    std::array::from_fn(|k| {
        let chosen = if k == action { 1.0 } else { 0.0 };
        slope * (chosen - probability[k]) + entropy * probability[k] * (log[k] + present)
    })
}

/// Brings advantages to mean 0 and standard deviation 1.
pub fn normalise(advantages: &mut [f32]) {
    let count = advantages.len() as f32;
    let mean = advantages.iter().sum::<f32>() / count;
    let variance = advantages.iter().map(|advantage| (advantage - mean) * (advantage - mean)).sum::<f32>() / count;
    let scale = 1.0 / (variance.sqrt() + 1e-8);
    advantages.iter_mut().for_each(|advantage| *advantage = (*advantage - mean) * scale);
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f32; ACTIONS] = [0.3, -0.5, 1.1];

    fn loss(logits: [f32; ACTIONS], taken: Taken, clip: f32, entropy: f32) -> f64 {
        let log = log_probabilities(logits).map(f64::from);
        let (advantage, clip) = (f64::from(taken.advantage), f64::from(clip));
        let ratio = libm::exp(log[taken.action] - f64::from(taken.log_probability));
        let present: f64 = log.iter().map(|log| -libm::exp(*log) * log).sum();
        -(ratio * advantage).min(ratio.clamp(1.0 - clip, 1.0 + clip) * advantage) - f64::from(entropy) * present
    }

    #[test]
    fn gradients_are_those_of_finite_differences_on_both_sides_of_the_clip() {
        for old in [-3.0, -1.4, -1.2, -0.2] {
            for advantage in [-1.5, 2.0] {
                let taken = Taken { action: 0, log_probability: old, advantage };
                let found = policy_gradient(LOGITS, taken, 0.2, 0.3);
                for k in 0..ACTIONS {
                    let at = |step: f32| {
                        let mut logits = LOGITS;
                        logits[k] += step;
                        loss(logits, taken, 0.2, 0.3)
                    };
                    let difference = (at(1e-3) - at(-1e-3)) / 2e-3;
                    assert!((difference - f64::from(found[k])).abs() < 2e-3, "{old} {advantage} {k}: {difference}");
                }
            }
        }
    }

    #[test]
    fn what_went_too_far_already_is_not_pushed_further() {
        let log = log_probabilities(LOGITS)[0];
        let slope = |moved: f32, advantage| {
            let taken = Taken { action: 0, log_probability: log - moved, advantage };
            policy_gradient(LOGITS, taken, 0.2, 0.0)[0]
        };
        // ρ = e^0.3 > 1.2 and ρ = e^−0.3 < 0.8.
        assert_eq!((slope(0.3, 1.0), slope(-0.3, -1.0)), (0.0, 0.0));
        assert!(slope(0.3, -1.0) > 0.0 && slope(-0.3, 1.0) < 0.0 && slope(0.0, 1.0) < 0.0);
    }

    #[test]
    fn golden_numbers() {
        let log = log_probabilities([0.0, 0.0, libm::logf(2.0)]);
        assert!((log[0] - libm::logf(0.25)).abs() < 1e-6 && (log[2] - libm::logf(0.5)).abs() < 1e-6);
        // ρ = 1, A = 1: −(1 − π_a) for the action, π_k for the others.
        let taken = Taken { action: 0, log_probability: log[0], advantage: 1.0 };
        let found = policy_gradient([0.0, 0.0, libm::logf(2.0)], taken, 0.2, 0.0);
        assert!([-0.75, 0.25, 0.5].iter().zip(found).all(|(golden, found)| (golden - found).abs() < 1e-6), "{found:?}");
        let mut advantages = [1.0, 3.0, 5.0, 7.0];
        normalise(&mut advantages);
        let golden = [-3.0, -1.0, 1.0, 3.0].map(|x: f32| x / 5f32.sqrt());
        assert!(golden.iter().zip(advantages).all(|(golden, found)| (golden - found).abs() < 1e-6), "{advantages:?}");
        let mut alike = [2.0; 3];
        normalise(&mut alike);
        assert_eq!(alike, [0.0; 3]);
    }
}
