//! The critic: a linear estimate of the return to come, whose error is dopamine.

use serde::{Deserialize, Serialize};

use crate::op_count::Operations;
use crate::range::{above, in_range};

/// Parameters of the critic.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CriticParams {
    /// α: learning rate.
    pub rate: f32,
    /// Share of the rate that the bias learns with.
    pub bias_rate: f32,
    /// Bias at the start: an optimistic guess.
    pub initial_bias: f32,
    /// Largest magnitude of a TD error that is learned from.
    pub clip: f32,
}

impl CriticParams {
    /// Checks every parameter. From a rate of 2 a normalised step no longer comes closer to its target.
    pub fn validate(&self) -> Result<(), String> {
        let Self { rate, bias_rate, initial_bias, clip } = *self;
        in_range("rate", rate, 0.0..=2.0)?;
        in_range("bias_rate", bias_rate, 0.0..=10.0)?;
        in_range("initial_bias", initial_bias, -1e5..=1e5)?;
        in_range("clip", clip, above(0.0, 1e5))
    }
}

/// `V(x) = b + Σ v_j·x_j` over the features x, what motor neurons hear, learned by TD(λ) with a normalised step
/// (Sutton & Barto 2018, chapter 12).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Critic {
    params: CriticParams,
    bias: f32,
    weights: Vec<f32>,
}

/// c: what the critic's weights did lately on a lane, waiting for an error.
#[derive(Clone, Debug, PartialEq)]
pub struct CriticTraces(Vec<f32>);

impl CriticTraces {
    /// Traces for so many features, at rest.
    pub fn new(features: usize) -> Self {
        Self(vec![0.0; features])
    }

    /// Forgets everything: the start of an episode.
    pub fn reset(&mut self) {
        self.0.fill(0.0);
    }

    /// `c_j ← ρ·(γλ·c_j + x_j)`. Returns what it cost.
    pub fn mark(&mut self, decay: f32, ratio: f32, features: &[f32]) -> Operations {
        for (trace, x) in self.0.iter_mut().zip(features) {
            *trace = ratio * (decay * *trace + x);
        }
        Operations::of_macs(2 * self.0.len())
    }
}

impl Critic {
    /// A critic that has learned nothing.
    pub fn new(params: CriticParams, features: usize) -> Self {
        Self { params, bias: params.initial_bias, weights: vec![0.0; features] }
    }

    /// V(x).
    pub fn value(&self, features: &[f32]) -> f32 {
        self.bias + self.weights.iter().zip(features).map(|(weight, x)| weight * x).sum::<f32>()
    }

    /// What [`Self::value`] costs.
    pub fn value_cost(&self) -> Operations {
        Operations::of_macs(self.weights.len())
    }

    /// `v_j += g·c_j`, `b += bias_rate·g`, with `g = α·clip(δ)/(1 + |x|²)`. Returns what it cost.
    pub fn learn(&mut self, td_error: f32, features: &[f32], traces: &CriticTraces) -> Operations {
        let norm = 1.0 + features.iter().map(|x| x * x).sum::<f32>();
        let step = self.params.rate * td_error.clamp(-self.params.clip, self.params.clip) / norm;
        for (weight, trace) in self.weights.iter_mut().zip(&traces.0) {
            *weight += step * trace;
        }
        self.bias += self.params.bias_rate * step;
        Operations::of_macs(features.len() + self.weights.len() + 1)
    }

    /// Number of features, and whether every parameter is a number.
    pub fn is_valid(&self, features: usize) -> bool {
        self.weights.len() == features && self.bias.is_finite() && self.weights.iter().all(|weight| weight.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_update() {
        let mut critic = Critic::new(CriticParams { rate: 0.2, bias_rate: 0.3, initial_bias: 15.0, clip: 50.0 }, 2);
        assert_eq!(critic.value(&[1.0, 2.0]), 15.0);
        let mut traces = CriticTraces::new(2);
        assert_eq!(traces.mark(0.81, 1.0, &[1.0, 0.0]), Operations::of_macs(4));
        traces.mark(0.81, 1.0, &[0.0, 2.0]);
        // |x|²: 2, weights: 2, bias: 1.
        assert_eq!(critic.learn(100.0, &[0.0, 2.0], &traces), Operations::of_macs(5));
        // g = 0.2 · 50 / (1 + 4) = 2; v = 2 · (0.81, 2); b = 15 + 0.6.
        assert!((critic.value(&[1.0, 0.0]) - (15.6 + 1.62)).abs() < 1e-5);
        assert!((critic.value(&[0.0, 1.0]) - (15.6 + 4.0)).abs() < 1e-5);
    }

    #[test]
    fn learns_the_value_of_a_constant_reward() {
        let mut critic = Critic::new(CriticParams { rate: 0.2, bias_rate: 0.3, initial_bias: 0.0, clip: 50.0 }, 1);
        let mut traces = CriticTraces::new(1);
        for _ in 0..2000 {
            traces.reset();
            traces.mark(0.0, 1.0, &[1.0]);
            let value = critic.value(&[1.0]);
            critic.learn(2.0 + 0.9 * value - value, &[1.0], &traces);
        }
        assert!((critic.value(&[1.0]) - 20.0).abs() < 0.1);
    }
}
