//! Adam (Kingma & Ba 2015), and the clipping of gradients.

use serde::{Deserialize, Serialize};

use super::floats;
use crate::range::{above, in_range};
use crate::snn::error::NetworkError;

/// MACs a parameter: m, v, g² and the step.
pub const MACS: u64 = 4;

/// Parameters of Adam.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdamParams {
    /// β₁: decay of the mean gradient.
    pub beta1: f32,
    /// β₂: decay of the mean squared gradient.
    pub beta2: f32,
    /// ε: keeps steps small where gradients are tiny.
    pub epsilon: f32,
}

impl AdamParams {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        in_range("beta1", self.beta1, 0.0..1.0)?;
        in_range("beta2", self.beta2, 0.0..1.0)?;
        in_range("epsilon", self.epsilon, above(0.0, 1.0))
    }
}

/// What Adam remembers of the gradients g: `m ← β₁·m + (1−β₁)·g`, `v ← β₂·v + (1−β₂)·g²`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    params: AdamParams,
    #[serde(with = "floats")]
    mean: Vec<f32>,
    #[serde(with = "floats")]
    square: Vec<f32>,
    /// t: steps taken.
    steps: u32,
}

impl Adam {
    /// For so many parameters.
    pub fn new(params: AdamParams, parameters: usize) -> Self {
        Self { params, mean: vec![0.0; parameters], square: vec![0.0; parameters], steps: 0 }
    }

    /// Checks that it could be of so many parameters.
    pub fn check(&self, params: AdamParams, parameters: usize) -> Result<(), NetworkError> {
        let fits = |numbers: &[f32]| numbers.len() == parameters && numbers.iter().all(|number| number.is_finite());
        if self.params == params && fits(&self.mean) && fits(&self.square) {
            Ok(())
        } else {
            Err(NetworkError::Config("the optimiser's memory does not fit the network".to_owned()))
        }
    }

    /// Forgets the gradients of these parameters: where none comes any more, the parameter stays as it is.
    pub fn forget(&mut self, parameters: &[usize]) {
        parameters.iter().for_each(|&at| (self.mean[at], self.square[at]) = (0.0, 0.0));
    }

    /// `θ ← θ − α·m̂/(√v̂ + ε)`, `m̂ = m/(1−β₁ᵗ)`, `v̂ = v/(1−β₂ᵗ)`.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32], learning_rate: f32) {
        let AdamParams { beta1, beta2, epsilon } = self.params;
        self.steps = self.steps.saturating_add(1);
        let bias = |beta: f32| (1.0 - libm::pow(f64::from(beta), f64::from(self.steps))) as f32;
        let (mean_scale, square_scale) = (learning_rate / bias(beta1), 1.0 / bias(beta2));
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((parameter, g), (m, v)) in parameters.iter_mut().zip(gradient).zip(moments) {
            *m = beta1 * *m + (1.0 - beta1) * g;
            *v = beta2 * *v + (1.0 - beta2) * g * g;
            *parameter -= mean_scale * *m / ((square_scale * *v).sqrt() + epsilon);
        }
    }
}

/// Shortens the gradient that all parts make up to a norm of `longest` (Pascanu, Mikolov & Bengio 2013).
pub fn clip_norm(parts: &mut [&mut [f32]], longest: f32) {
    let square: f64 = parts.iter().flat_map(|part| part.iter()).map(|&g| f64::from(g) * f64::from(g)).sum();
    let norm = square.sqrt() as f32;
    if norm > longest {
        let scale = longest / norm;
        parts.iter_mut().flat_map(|part| part.iter_mut()).for_each(|g| *g *= scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMS: AdamParams = AdamParams { beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };

    #[test]
    fn golden_steps() {
        let (mut adam, mut parameters) = (Adam::new(PARAMS, 2), [1.0, -1.0]);
        // Whatever the gradient, the first step is α long: m̂ = g, √v̂ = |g|.
        adam.step(&mut parameters, &[0.5, -4.0], 0.1);
        assert!((parameters[0] - 0.9).abs() < 1e-6 && (parameters[1] + 0.9).abs() < 1e-6, "{parameters:?}");
        // m = 0.05·0.9 + 0.1·(−0.5) = −0.005, m̂ = m/0.19; v = 0.0025·0.99 + 0.01·0.25 = 0.004975, v̂ = v/0.0199 = 0.25.
        adam.step(&mut parameters, &[-0.5, 0.0], 0.1);
        assert!((parameters[0] - (0.9 + 0.1 * 0.005 / 0.19 / 0.5)).abs() < 1e-6, "{parameters:?}");
        // m = −0.36, m̂ = m/0.19; v = 0.16·0.99, v̂ = v/0.0199.
        let second = -0.9 + 0.1 * 0.36 / 0.19 / (0.1584f32 / 0.0199).sqrt();
        assert!((parameters[1] - second).abs() < 1e-6, "{parameters:?}");
    }

    #[test]
    fn a_long_gradient_keeps_its_direction() {
        let (mut a, mut b) = ([3.0, 0.0], [-4.0]);
        clip_norm(&mut [&mut a, &mut b], 10.0);
        assert_eq!((a, b), ([3.0, 0.0], [-4.0]));
        clip_norm(&mut [&mut a, &mut b], 0.5);
        assert!((a[0] - 0.3).abs() < 1e-6 && (b[0] + 0.4).abs() < 1e-6, "{a:?} {b:?}");
    }
}
