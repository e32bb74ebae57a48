//! Dopamine: one value an episode, the return against a moving baseline.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::range::in_range;
use crate::snn::synapses::WeightBounds;

/// Parameters of episodic dopamine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DopamineParams {
    /// η: learning rate.
    pub learning_rate: f32,
    /// Rate of the baseline.
    pub baseline_rate: f64,
}

impl Default for DopamineParams {
    fn default() -> Self {
        Self { learning_rate: 0.01, baseline_rate: 0.1 }
    }
}

impl DopamineParams {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        in_range("learning_rate", self.learning_rate, 0.0..=100.0)?;
        in_range("baseline_rate", self.baseline_rate, 0.0..=1.0)
    }
}

/// The moving baseline `b`: what returns were like lately. It starts at 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline(f64);

impl Baseline {
    /// `δ = R − b`, then `b += rate·δ`, for the return R of an episode.
    pub fn dopamine(&mut self, params: &DopamineParams, episode_return: f64) -> f64 {
        let dopamine = episode_return - self.0;
        self.0 += params.baseline_rate * dopamine;
        dopamine
    }

    /// b.
    pub fn value(self) -> f64 {
        self.0
    }
}

/// `W_ij += η·δ·e_ij` for every synapse, within its bounds; `eligibility[post, pre]` has the shape of `weights`.
pub fn update(
    params: &DopamineParams,
    dopamine: f64,
    eligibility: &Array2<f32>,
    bounds: &WeightBounds,
    weights: &mut Array2<f32>,
) {
    let step = params.learning_rate * dopamine as f32;
    for (weights, eligibility) in weights.rows_mut().into_iter().zip(eligibility.rows()) {
        if let Some(eligibility) = eligibility.to_slice() {
            bounds.update(weights, step, eligibility);
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::snn::synapses::dale_sign;

    #[test]
    fn the_baseline_follows_the_returns() {
        let (params, mut baseline) = (DopamineParams::default(), Baseline::default());
        assert_eq!(baseline.dopamine(&params, -50.0), -50.0);
        assert_eq!(baseline.value(), -5.0);
        assert_eq!(baseline.dopamine(&params, 15.0), 20.0);
        assert_eq!(baseline.value(), -3.0);
    }

    #[test]
    fn one_update_keeps_signs_and_bounds() {
        let params = DopamineParams::default();
        // Neuron 4 is inhibitory.
        let bounds = WeightBounds::of_signs((0..5).map(dale_sign));
        let mut weights = array![[0.5, 0.5, 0.88, 0.02, -0.5], [0.5, 0.5, 0.5, 0.5, -0.89]];
        let eligibility = array![[0.1, -0.1, 0.1, -0.1, 9.0], [0.0, 0.0, 0.0, 0.0, -0.1]];
        update(&params, 50.0, &eligibility, &bounds, &mut weights);
        // 0.01 · 50 · 0.1 = 0.05.
        let expected = array![[0.55, 0.45, 0.9, 0.01, -0.01], [0.5, 0.5, 0.5, 0.5, -0.9]];
        assert!(weights.iter().zip(&expected).all(|(w, e): (&f32, &f32)| (w - e).abs() < 1e-6), "{weights}");
    }
}
