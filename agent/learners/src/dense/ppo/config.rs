//! Every parameter of PPO.

use serde::{Deserialize, Serialize};

use crate::Schedule;
use crate::dense::adam::AdamParams;
use crate::dense::inputs::Inputs;
use crate::dense::mlp::Activation;
use crate::dense::policy::Sight;
use crate::dense::reward::RewardParams;
use crate::dense::widths::Widths;
use crate::range::{above, in_range, part};

/// The parameters of networks and learning rule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PpoConfig {
    /// Number of rays: 3, 5, 7 or 9.
    pub rays: usize,
    /// What the networks see.
    pub inputs: Inputs,
    /// Units of each hidden layer, of the actor and of the critic.
    pub hidden: Widths,
    /// What they make of their input.
    pub activation: Activation,
    /// What is learned from a reward.
    pub reward: RewardParams,
    /// Discount γ per step.
    pub discount: f32,
    /// λ: decay of the advantages, beside the discount.
    pub trace_decay: f32,
    /// Steps of all cars from one update to the next.
    pub rollout: usize,
    /// Times that each step is learned from in an update.
    pub epochs: usize,
    /// Steps in a minibatch.
    pub minibatch: usize,
    /// ε: how far the probability of an action may move, as a share of what it was.
    pub clip: f32,
    /// Weight of the entropy.
    pub entropy: f32,
    /// Weight of the value loss.
    pub value: f32,
    /// Longest gradient, of both networks together.
    pub gradient_clip: f32,
    /// Peak learning rate α.
    pub learning_rate: f32,
    /// How it changes over the run.
    pub schedule: Schedule,
    /// The optimiser.
    pub adam: AdamParams,
}

impl PpoConfig {
    /// The measured settings (docs/baselines.md).
    pub fn for_rays(rays: usize) -> Self {
        Self {
            rays,
            inputs: Inputs::SensorsAction,
            hidden: Widths::pair(64, 64),
            activation: Activation::Relu,
            reward: RewardParams { floor: -20.0, scale: 0.2 },
            discount: 0.95,
            trace_decay: 0.8,
            rollout: 128,
            epochs: 40,
            minibatch: 64,
            clip: 0.2,
            entropy: 0.00295,
            value: 0.5,
            gradient_clip: 0.5,
            learning_rate: 1e-3,
            schedule: Schedule::WarmupCosine { warmup: 0, floor: 0.05 },
            adam: AdamParams { beta1: 0.9, beta2: 0.999, epsilon: 1e-5 },
        }
    }

    /// What the network sees.
    pub fn sight(&self) -> Sight {
        Sight { inputs: self.inputs, rays: self.rays, reward: self.reward }
    }

    /// Checks every parameter that a file could hold.
    pub fn validate(&self) -> Result<(), String> {
        self.sight().validate()?;
        in_range("discount", self.discount, 0.0..=1.0)?;
        in_range("trace_decay", self.trace_decay, 0.0..=1.0)?;
        in_range("rollout", self.rollout, 2..=1_000_000)?;
        in_range("epochs", self.epochs, 1..=100)?;
        in_range("minibatch", self.minibatch, 2..=1_000_000)?;
        in_range("clip", self.clip, above(0.0, 1.0))?;
        in_range("entropy", self.entropy, 0.0..=10.0)?;
        in_range("value", self.value, 0.0..=100.0)?;
        in_range("gradient_clip", self.gradient_clip, above(0.0, 1e5))?;
        in_range("learning_rate", self.learning_rate, 0.0..=1.0)?;
        part("schedule", self.schedule.validate())?;
        part("adam", self.adam.validate())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_may_be_nan_or_infinite_or_far_out() {
        let config = PpoConfig::for_rays(3);
        assert_eq!(config.validate(), Ok(()));
        let refuses = |config: PpoConfig, words: &str| {
            let reason = config.validate().unwrap_err();
            assert!(reason.starts_with(words), "{words} is not the start of {reason:?}");
        };
        for bad in [f32::NAN, f32::INFINITY, -1e9] {
            refuses(PpoConfig { learning_rate: bad, ..config }, "learning_rate: ");
            refuses(PpoConfig { discount: bad, ..config }, "discount: ");
            refuses(PpoConfig { trace_decay: bad, ..config }, "trace_decay: ");
            refuses(PpoConfig { clip: bad, ..config }, "clip: ");
            refuses(PpoConfig { entropy: bad, ..config }, "entropy: ");
            refuses(PpoConfig { value: bad, ..config }, "value: ");
            refuses(PpoConfig { gradient_clip: bad, ..config }, "gradient_clip: ");
            refuses(PpoConfig { reward: RewardParams { scale: bad, ..config.reward }, ..config }, "reward.scale: ");
        }
        refuses(PpoConfig { rays: 4, ..config }, "rays: 4 is impossible");
        refuses(PpoConfig { rollout: 1, ..config }, "rollout: 1 is outside [2, 1000000]");
        refuses(PpoConfig { minibatch: 0, ..config }, "minibatch: 0 is outside [2, 1000000]");
        refuses(PpoConfig { epochs: 0, ..config }, "epochs: 0 is outside [1, 100]");
    }
}
