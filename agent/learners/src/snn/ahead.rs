//! A model that runs ahead: what the senses will tell some steps from now, as far as the present and what was commanded decide it.

use std::collections::VecDeque;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::config::NEURONS;
use crate::op_count::Operations;
use crate::range::{above, in_range};

/// Parameters of the model. From φ, the rates of the other sensory cells as shares of the highest one and a constant 1, and from what is done until then, s = −1,
/// 0, 1 for left, straight, right, it predicts the distance of ray q in h steps:
///
/// `p_q = clip(d_q(t) + Σ_j M[q, j]·φ_j(t) + Σ_i M[q, φ + i]·s(t + i), 0, 20)` with `0 ≤ i < h`.
///
/// Cells of its own encode what it predicts for s = 0, if nothing more were commanded, as other cells encode the present. What a late control must be steered by is
/// where the car will be when it answers: it lies in the distances, their changes and the efference copies of what is on its way together, and synapses that add up
/// cells of each alone do not find it (Smith 1957; as a model of the cerebellum: Miall, Weir, Wolpert & Stein 1993). When the distance o_q arrives, h steps later and
/// in training alone, M learns by the delta rule, normalised (Widrow & Hoff 1960), from what was done meanwhile too:
///
/// `M[q, j] += rate·clip(o_q − p_q)·φ_j/(offset + |φ|²)`, φ with all s.
///
/// Without s, it would predict what the present policy makes of the future, and the better that is, the less would be left to see of what must be done. A prediction of
/// an episode that has ended by then is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AheadCells {
    /// h: steps that it looks ahead.
    pub steps: usize,
    /// Cells for the prediction of each ray; 0 for none.
    pub cells_per_sensor: usize,
    /// Cells for the predicted difference leftmost − rightmost; 0 for none.
    pub difference_cells: usize,
    /// Learning rate.
    pub rate: f32,
    /// Largest magnitude of a surprise that is learned from, in units.
    pub clip: f32,
    /// Keeps the step finite where nothing spikes.
    pub offset: f32,
}

/// Range of the sensors, in units.
const RANGE: f32 = 20.0;

/// M: `M[q, j]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Foresight {
    params: AheadCells,
    changes: Array2<f32>,
}

/// What a lane remembers from step to step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expected {
    /// What was known in the last steps, the latest first.
    known: VecDeque<Known>,
    /// What is expected of each ray.
    distances: Vec<f32>,
}

/// What was known in a step.
#[derive(Clone, Debug, Default, PartialEq)]
struct Known {
    distances: Vec<f32>,
    /// φ, and s as far as it is known by now.
    features: Vec<f32>,
}

impl AheadCells {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        in_range("steps", self.steps, 1..=100)?;
        for (name, cells) in [("cells_per_sensor", self.cells_per_sensor), ("difference_cells", self.difference_cells)]
        {
            if cells == 1 || cells > NEURONS {
                return Err(format!("{name}: {cells} makes no population: use 0, or 2 to {NEURONS}"));
            }
        }
        if self.cells(1) == 0 {
            return Err("cells_per_sensor: 0 tells nothing without difference_cells: use 2 of either".to_owned());
        }
        in_range("rate", self.rate, 0.0..=1.0)?;
        in_range("clip", self.clip, above(0.0, 100.0))?;
        in_range("offset", self.offset, above(0.0, 1000.0))
    }

    /// Cells of its own.
    pub fn cells(&self, rays: usize) -> usize {
        self.cells_per_sensor.saturating_mul(rays).saturating_add(self.difference_cells)
    }

    /// Rows and columns of M, for so many other sensory cells.
    pub fn shape(&self, rays: usize, others: usize) -> (usize, usize) {
        (rays, others + 1 + self.steps)
    }
}

impl Expected {
    /// Forgets everything: the start of an episode.
    pub fn reset(&mut self) {
        self.known.clear();
    }

    /// The distances that are expected, in units.
    pub fn distances(&self) -> &[f32] {
        &self.distances
    }
}

impl Foresight {
    /// A model that expects nothing to change.
    pub fn new(params: AheadCells, rays: usize, others: usize) -> Self {
        Self { params, changes: Array2::zeros(params.shape(rays, others)) }
    }

    /// A model with given M, of the shape of [`AheadCells::shape`].
    pub fn with_changes(params: AheadCells, changes: Array2<f32>) -> Self {
        Self { params, changes }
    }

    /// M.
    pub fn changes(&self) -> &Array2<f32> {
        &self.changes
    }

    /// Sees the present distances, which followed `action`, and predicts from the `shares` of the other cells, each in [0, 1]. Returns what it cost.
    pub fn observe(
        &self,
        expected: &mut Expected,
        action: usize,
        observation: &[f32],
        shares: impl ExactSizeIterator<Item = f32>,
    ) -> Operations {
        let Expected { known, distances } = expected;
        let phi = shares.len() + 1;
        for (age, known) in known.iter_mut().take(self.params.steps).enumerate() {
            known.features[phi + age] = action as f32 - 1.0;
        }
        // One more is kept than there are steps ahead: the one that comes due.
        let mut now = if known.len() > self.params.steps { known.pop_back() } else { None }.unwrap_or_default();
        now.features.clear();
        now.features.extend(shares);
        now.features.push(1.0);
        now.features.resize(self.changes.ncols(), 0.0);
        now.distances.clear();
        now.distances.extend(observation);
        distances.clear();
        distances.extend((0..self.changes.nrows()).map(|ray| predicted(&self.changes, ray, &now, phi)));
        known.push_front(now);
        Operations::of_macs(self.changes.nrows() * phi)
    }

    /// Learns from the prediction that came due in the step at hand. With n lanes the rate is that of one, divided by n. Returns what it cost.
    pub fn learn(&mut self, expected: &Expected, lanes: usize) -> Operations {
        let AheadCells { steps, rate, clip, offset, .. } = self.params;
        let (Some(now), Some(due)) = (expected.known.front(), expected.known.get(steps)) else {
            return Operations::NONE;
        };
        let norm = offset + due.features.iter().map(|share| share * share).sum::<f32>();
        for (ray, seen) in now.distances.iter().enumerate() {
            let surprise = seen - predicted(&self.changes, ray, due, due.features.len());
            let step = rate / lanes as f32 * surprise.clamp(-clip, clip) / norm;
            let weights = self.changes.row_mut(ray);
            weights.into_iter().zip(&due.features).for_each(|(weight, share)| *weight += step * share);
        }
        Operations::of_macs((2 * now.distances.len() + 1) * due.features.len())
    }
}

/// p of a ray, from the first of the features alone.
fn predicted(changes: &Array2<f32>, ray: usize, known: &Known, features: usize) -> f32 {
    let change: f32 =
        changes.row(ray).iter().zip(&known.features[..features]).map(|(weight, share)| weight * share).sum();
    (known.distances[ray] + change).clamp(0.0, RANGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMS: AheadCells =
        AheadCells { steps: 2, cells_per_sensor: 0, difference_cells: 2, rate: 0.5, clip: 6.0, offset: 0.1 };

    fn see(model: &Foresight, expected: &mut Expected, action: usize, distance: f32, share: f32) -> Operations {
        model.observe(expected, action, &[distance], [share].into_iter())
    }

    #[test]
    fn golden_numbers() {
        let mut model = Foresight::new(PARAMS, 1, 1);
        let mut expected = Expected::default();
        for (action, distance, share) in [(1, 10.0, 0.5), (2, 11.0, 0.25)] {
            assert_eq!(see(&model, &mut expected, action, distance, share), Operations::of_macs(2));
            assert_eq!(expected.distances(), [distance], "nothing is known yet");
            assert_eq!(model.learn(&expected, 1), Operations::NONE, "nothing has come due");
        }
        see(&model, &mut expected, 0, 13.0, 0.0);
        assert_eq!(model.learn(&expected, 1), Operations::of_macs(12));
        // 0.5 · (13 − 10) · φ/(0.1 + 3.25), with φ = (0.5, 1) of two steps ago, then right, then left.
        let expect = [0.223_88, 0.447_76, 0.447_76, -0.447_76];
        let learned = model.changes().row(0);
        assert!(learned.iter().zip(expect).all(|(found, expect)| (found - expect).abs() < 1e-4), "{learned}");
        // If nothing more were commanded: 12 + 0.2239 + 0.4478.
        see(&model, &mut expected, 1, 12.0, 1.0);
        assert!((expected.distances()[0] - 12.671_64).abs() < 1e-4);
        expected.reset();
        see(&model, &mut expected, 1, 3.0, 0.0);
        see(&model, &mut expected, 1, 4.0, 0.0);
        assert_eq!(model.clone().learn(&expected, 1), Operations::NONE, "an episode knows nothing of the last");
        see(&model, &mut expected, 1, 20.0, 1.0);
        assert_eq!(expected.distances(), [20.0], "no farther than sensors see");
    }

    #[test]
    fn it_learns_what_would_come_if_nothing_more_were_commanded() {
        let params = AheadCells { rate: 0.1, ..PARAMS };
        let mut model = Foresight::new(params, 1, 1);
        let mut expected = Expected::default();
        for episode in 0..2000u32 {
            expected.reset();
            let (slope, mut distance, mut action) = (if episode % 2 == 0 { 0.5 } else { -0.5 }, 10.0, 1);
            for step in 0..10 {
                see(&model, &mut expected, action, distance, slope + 0.5);
                model.learn(&expected, 1);
                // Mostly against the slope.
                action = if (episode / 2 + step) % 3 == 0 {
                    1
                } else if slope > 0.0 {
                    0
                } else {
                    2
                };
                distance += slope + 0.4 * (action as f32 - 1.0);
            }
        }
        expected.reset();
        see(&model, &mut expected, 1, 10.0, 1.0);
        assert!((expected.distances()[0] - 11.0).abs() < 0.05, "{:?}", expected.distances());
    }
}
