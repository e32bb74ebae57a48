//! A forward model: what the senses should tell after the last action, so that noise on them can be told from news.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::ACTIONS;
use crate::op_count::Operations;
use crate::range::{above, in_range};

/// Parameters of the forward model. The prediction of ray q after action a is `p_q = clip(s_q + Σ_j M[a, q, j]·x_j, 0, 20)`, with s the estimate and
/// x the spike counts of the sensory neurons of the step before; the estimate becomes `s_q ← p_q + gain·(o_q − p_q)`, a Kalman filter of constant
/// gain, and is what the code encodes. An episode begins with `s = o`. M learns by the delta rule (Widrow & Hoff 1960; as a model of
/// the cerebellum: Wolpert, Miall & Kawato 1998), in training alone: `M[a, q, j] += rate·clip(o_q − p_q)·x_j/(offset + |x|²)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForwardModel {
    /// How much of the surprise is believed: 1 trusts the senses alone.
    pub gain: f32,
    /// Learning rate.
    pub rate: f32,
    /// Largest magnitude of a surprise that is learned from, in units.
    pub clip: f32,
    /// Keeps the step finite where nothing spikes, in (spikes per tick)².
    pub offset: f32,
}

/// Range of the sensors, in units.
const RANGE: f32 = 20.0;

/// M, the changes of the distances: `M[a·rays + q, j]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    params: ForwardModel,
    rays: usize,
    changes: Array2<f32>,
}

/// What a lane remembers from step to step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Estimate {
    /// s; empty before the first step of an episode.
    distances: Vec<f32>,
    /// o − p of the step at hand; empty where nothing was predicted.
    surprise: Vec<f32>,
    /// x of the step before.
    counts: Vec<f32>,
}

impl ForwardModel {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        in_range("gain", self.gain, above(0.0, 1.0))?;
        in_range("rate", self.rate, 0.0..=1.0)?;
        in_range("clip", self.clip, above(0.0, 100.0))?;
        in_range("offset", self.offset, above(0.0, 1000.0))
    }

    /// Rows and columns of M.
    pub fn shape(rays: usize, cells: usize) -> (usize, usize) {
        (ACTIONS * rays, cells)
    }
}

impl Estimate {
    /// Forgets everything: the start of an episode.
    pub fn reset(&mut self) {
        self.distances.clear();
        self.surprise.clear();
    }

    /// s, in units.
    pub fn distances(&self) -> &[f32] {
        &self.distances
    }
}

impl Prediction {
    /// A model that expects nothing to change.
    pub fn new(params: ForwardModel, rays: usize, cells: usize) -> Self {
        Self { params, rays, changes: Array2::zeros(ForwardModel::shape(rays, cells)) }
    }

    /// A model with given M, of the shape of [`ForwardModel::shape`].
    pub fn with_changes(params: ForwardModel, rays: usize, changes: Array2<f32>) -> Self {
        Self { params, rays, changes }
    }

    /// M.
    pub fn changes(&self) -> &Array2<f32> {
        &self.changes
    }

    /// Sees: `estimate` becomes that of the present, from the counts and the action of the step before. Returns what it cost.
    pub fn observe(&self, estimate: &mut Estimate, observation: &[f32], counts: &[f32], action: usize) -> Operations {
        let Estimate { distances, surprise, counts: before } = estimate;
        if distances.is_empty() {
            distances.extend(observation);
            return Operations::NONE;
        }
        before.clear();
        before.extend(counts);
        surprise.clear();
        for (q, (distance, &seen)) in distances.iter_mut().zip(observation).enumerate() {
            let row = self.changes.row(action * self.rays + q);
            let change: f32 = row.iter().zip(counts).map(|(weight, x)| weight * x).sum();
            let predicted = (*distance + change).clamp(0.0, RANGE);
            surprise.push(seen - predicted);
            *distance = predicted + self.params.gain * (seen - predicted);
        }
        Operations::of_macs(self.rays * (counts.len() + 1))
    }

    /// Learns from the surprise of the step at hand, which followed `action`. With n lanes the rate is that of one, divided by n.
    /// Returns what it cost.
    pub fn learn(&mut self, estimate: &Estimate, action: usize, lanes: usize) -> Operations {
        let Estimate { surprise, counts, .. } = estimate;
        if surprise.is_empty() {
            return Operations::NONE;
        }
        let ForwardModel { rate, clip, offset, .. } = self.params;
        let norm = offset + counts.iter().map(|x| x * x).sum::<f32>();
        for (q, surprise) in surprise.iter().enumerate() {
            let step = rate / lanes as f32 * surprise.clamp(-clip, clip) / norm;
            for (weight, x) in self.changes.row_mut(action * self.rays + q).iter_mut().zip(counts) {
                *weight += step * x;
            }
        }
        Operations::of_macs((self.rays + 1) * counts.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMS: ForwardModel = ForwardModel { gain: 0.6, rate: 0.5, clip: 6.0, offset: 0.1 };

    #[test]
    fn golden_numbers() {
        let mut model = Prediction::new(PARAMS, 3, 2);
        let mut estimate = Estimate::default();
        let counts = [0.5, 0.25];
        assert_eq!(model.observe(&mut estimate, &[10.0, 5.0, 0.0], &counts, 2), Operations::NONE);
        assert_eq!(model.learn(&estimate, 2, 1), Operations::NONE, "nothing was predicted");
        assert_eq!(model.observe(&mut estimate, &[11.0, 5.0, 0.0], &counts, 2), Operations::of_macs(9));
        assert_eq!(estimate.distances(), [10.6, 5.0, 0.0]);
        assert_eq!(model.learn(&estimate, 2, 1), Operations::of_macs(8));
        // 0.5 · 1 · x/(0.1 + 0.3125).
        let learned = model.changes().row(6);
        assert!((learned[0] - 0.606_06).abs() < 1e-5 && (learned[1] - 0.303_03).abs() < 1e-5, "{learned}");
        assert!(model.changes().rows().into_iter().enumerate().all(|(k, row)| k == 6 || row.sum() == 0.0));
        // Expected: 10.6 + 0.37879.
        model.observe(&mut estimate, &[20.0, 5.0, 0.0], &counts, 2);
        assert!((estimate.distances()[0] - (10.978_79 + 0.6 * 9.021_21)).abs() < 1e-4, "{:?}", estimate.distances());
        estimate.reset();
        model.observe(&mut estimate, &[1.0, 2.0, 3.0], &counts, 0);
        assert_eq!(estimate.distances(), [1.0, 2.0, 3.0], "an episode begins with what is seen");
    }

    #[test]
    fn it_learns_a_steady_change_and_filters_noise() {
        let mut model = Prediction::new(PARAMS, 1, 1);
        let (mut estimate, mut truth, mut error) = (Estimate::default(), 10.0f32, 0.0);
        for step in 0..1000 {
            // Back and forth between 8 and 12; noise of ±1.
            let action = usize::from((step / 4) % 2 == 0);
            truth += if action == 1 { 1.0 } else { -1.0 };
            let noise = if (step * 7) % 3 == 0 { 1.0 } else { -0.5 };
            model.observe(&mut estimate, &[truth + noise], &[1.0], action);
            model.learn(&estimate, action, 1);
            if step >= 500 {
                error += (estimate.distances()[0] - truth).abs() / 500.0;
            }
        }
        // The noise itself is 0.67 off.
        assert!(error < 0.5, "{error}");
    }
}
