//! Every parameter of DQN.

use serde::{Deserialize, Serialize};

use crate::Schedule;
use crate::dense::adam::AdamParams;
use crate::dense::inputs::Inputs;
use crate::dense::mlp::Activation;
use crate::dense::policy::Sight;
use crate::dense::reward::RewardParams;
use crate::dense::widths::Widths;
use crate::range::{above, in_range, part};

/// The parameters of network and learning rule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DqnConfig {
    /// Number of rays: 3, 5, 7 or 9.
    pub rays: usize,
    /// What the network sees.
    pub inputs: Inputs,
    /// Units of each hidden layer.
    pub hidden: Widths,
    /// What they make of their input.
    pub activation: Activation,
    /// What is learned from a reward.
    pub reward: RewardParams,
    /// Discount γ per step.
    pub discount: f32,
    /// n: rewards that are summed before a value is trusted.
    pub n_steps: usize,
    /// Chance of a random action.
    pub exploration: Exploration,
    /// Steps that are remembered.
    pub capacity: usize,
    /// Steps that are remembered before learning begins.
    pub learning_starts: usize,
    /// Steps in a batch.
    pub batch: usize,
    /// Gradient steps for each step of a car.
    pub updates: usize,
    /// τ: how fast the target network follows, `θ' ← θ' + τ·(θ − θ')` after each gradient step.
    pub target_rate: f32,
    /// δ of the Huber loss: errors above it count linearly.
    pub huber: f32,
    /// Longest gradient.
    pub gradient_clip: f32,
    /// Peak learning rate α.
    pub learning_rate: f32,
    /// How it changes over the run.
    pub schedule: Schedule,
    /// The optimiser.
    pub adam: AdamParams,
}

/// ε: the chance of a random action, from `start` to `end` in a straight line over so many steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exploration {
    /// ε at first.
    pub start: f32,
    /// ε at last.
    pub end: f32,
    /// Steps of all cars until then.
    pub steps: u64,
}

impl Exploration {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        in_range("start", self.start, 0.0..=1.0)?;
        in_range("end", self.end, 0.0..=1.0)?;
        in_range("steps", self.steps, 1..=1_000_000_000)
    }

    /// ε after so many steps.
    pub fn epsilon(&self, steps: u64) -> f32 {
        let share = steps.min(self.steps) as f32 / self.steps as f32;
        self.start + share * (self.end - self.start)
    }
}

impl DqnConfig {
    /// The measured settings (docs/baselines.md).
    pub fn for_rays(rays: usize) -> Self {
        Self {
            rays,
            inputs: Inputs::SensorsAction,
            hidden: Widths::pair(64, 64),
            activation: Activation::Relu,
            reward: RewardParams { floor: -20.0, scale: 0.1 },
            discount: 0.9,
            n_steps: 3,
            exploration: Exploration { start: 1.0, end: 0.01, steps: 500 },
            capacity: 20_000,
            learning_starts: 100,
            batch: 64,
            updates: 2,
            target_rate: 0.005,
            huber: 1.0,
            gradient_clip: 1.0,
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
        in_range("n_steps", self.n_steps, 1..=100)?;
        part("exploration", self.exploration.validate())?;
        in_range("capacity", self.capacity, 1..=1_000_000)?;
        in_range("learning_starts", self.learning_starts, 1..=self.capacity)?;
        in_range("batch", self.batch, 1..=4096)?;
        in_range("updates", self.updates, 0..=64)?;
        in_range("target_rate", self.target_rate, above(0.0, 1.0))?;
        in_range("huber", self.huber, above(0.0, 1e5))?;
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
    fn exploration_falls_in_a_straight_line() {
        let exploration = Exploration { start: 1.0, end: 0.5, steps: 100 };
        assert_eq!([0, 50, 100, u64::MAX].map(|steps| exploration.epsilon(steps)), [1.0, 0.75, 0.5, 0.5]);
    }

    #[test]
    fn no_number_may_be_nan_or_infinite_or_far_out() {
        let config = DqnConfig::for_rays(3);
        assert_eq!(config.validate(), Ok(()));
        let refuses = |config: DqnConfig, words: &str| {
            let reason = config.validate().unwrap_err();
            assert!(reason.starts_with(words), "{words} is not the start of {reason:?}");
        };
        for bad in [f32::NAN, f32::INFINITY, -1e9] {
            refuses(DqnConfig { learning_rate: bad, ..config }, "learning_rate: ");
            refuses(DqnConfig { discount: bad, ..config }, "discount: ");
            refuses(DqnConfig { target_rate: bad, ..config }, "target_rate: ");
            refuses(DqnConfig { huber: bad, ..config }, "huber: ");
            refuses(DqnConfig { gradient_clip: bad, ..config }, "gradient_clip: ");
            refuses(DqnConfig { reward: RewardParams { floor: bad, ..config.reward }, ..config }, "reward.floor: ");
            refuses(DqnConfig { adam: AdamParams { beta1: bad, ..config.adam }, ..config }, "adam.beta1: ");
            let exploration = Exploration { end: bad, ..config.exploration };
            refuses(DqnConfig { exploration, ..config }, "exploration.end: ");
        }
        refuses(DqnConfig { rays: 4, ..config }, "rays: 4 is impossible");
        refuses(DqnConfig { inputs: Inputs::Stack { k: 99 }, ..config }, "inputs.k: 99 is outside [1, 32]");
        refuses(DqnConfig { learning_starts: 20_001, ..config }, "learning_starts: 20001 is outside [1, 20000]");
        refuses(DqnConfig { n_steps: 0, ..config }, "n_steps: 0 is outside [1, 100]");
    }
}
