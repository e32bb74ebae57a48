//! Population coding: distances become spikes of cells that are each tuned to a range.
//!
//! Sensory neurons are spike generators, no LIF neurons.

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::random::uniform;
use crate::{ACTIONS, Observation};

/// Gaussian population code (Pouget, Dayan & Zemel 2000) over sigmoid-compressed distances.
///
/// Each distance d becomes u in [0, 1]: at the sides `u = 1/(1 + exp(−(d − 6)/s))`, which spends most cells on the distances
/// where steering is decided, ahead `u = d/20`. Cell i of k fires at `r = r_max·exp(−((u·(k−1) − i)/w)²/2)` spikes a tick.
/// Difference cells do the same for `u = 1/(1 + exp(−(d_left − d_right)/s_d))`. Three efference cells tell the previous
/// action: the one of that action fires at r_max.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PopulationCode {
    /// Cells of each of the three sensors.
    pub cells_per_sensor: usize,
    /// s: slope of the sigmoid at the sides, in units.
    pub side_slope: f32,
    /// w: width of the tuning curve, in distances between neighbouring cells.
    pub tuning_width: f32,
    /// Cells for the difference left − right; 0 for none.
    pub difference_cells: usize,
    /// s_d: slope of their sigmoid, in units.
    pub difference_slope: f32,
    /// r_max: highest rate, in spikes a tick.
    pub peak_rate: f32,
}

/// Distance at which the sigmoid of the side sensors is ½, in units.
const SIDE_CENTRE: f32 = 6.0;
/// Range of the sensors, in units.
const RANGE: f32 = 20.0;

impl PopulationCode {
    /// Number of sensory neurons.
    pub fn cells(&self) -> usize {
        self.cells_per_sensor.saturating_mul(3).saturating_add(self.difference_cells).saturating_add(ACTIONS)
    }

    /// Writes the rate of every cell, in spikes a tick.
    pub fn rates(&self, [left, center, right]: &Observation, previous_action: usize, rates: &mut [f32]) {
        let k = self.cells_per_sensor;
        let (sensors, rest) = rates.split_at_mut(3 * k);
        let (differences, efference) = rest.split_at_mut(self.difference_cells);
        let side = |distance: f32| sigmoid((distance - SIDE_CENTRE) / self.side_slope);
        for (cells, u) in sensors.chunks_exact_mut(k).zip([side(*left), center / RANGE, side(*right)]) {
            self.tune(u, cells);
        }
        self.tune(sigmoid((left - right) / self.difference_slope), differences);
        for (action, rate) in efference.iter_mut().enumerate() {
            *rate = if action == previous_action { self.peak_rate } else { 0.0 };
        }
    }

    fn tune(&self, u: f32, cells: &mut [f32]) {
        let position = u * cells.len().saturating_sub(1) as f32;
        for (i, rate) in cells.iter_mut().enumerate() {
            let q = (position - i as f32) / self.tuning_width;
            // Beyond six widths the rate is below a spike in a million ticks.
            *rate = if q.abs() > 6.0 { 0.0 } else { self.peak_rate * libm::expf(-0.5 * q * q) };
        }
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-x))
}

/// Regular spike trains: every cell adds its rate to a phase each tick and spikes when the phase reaches 1.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseEncoder {
    phases: Vec<f32>,
}

impl PhaseEncoder {
    /// An encoder of `cells` cells, all at phase 0.
    pub fn new(cells: usize) -> Self {
        Self { phases: vec![0.0; cells] }
    }

    /// Draws new phases: the start of an episode.
    pub fn reset(&mut self, rng: &mut impl Rng) {
        self.phases.fill_with(|| uniform(rng));
    }

    /// Advances one tick and appends the numbers of the cells that spike.
    pub fn tick(&mut self, rates: &[f32], spikes: &mut Vec<usize>) {
        for (cell, (phase, rate)) in self.phases.iter_mut().zip(rates).enumerate() {
            *phase += rate;
            if *phase >= 1.0 {
                *phase -= 1.0;
                spikes.push(cell);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snn::Preset;

    #[test]
    fn golden_rates() {
        let code = PopulationCode {
            cells_per_sensor: 15,
            side_slope: 2.0,
            tuning_width: 0.7,
            difference_cells: 5,
            difference_slope: 0.7,
            peak_rate: 0.5,
        };
        assert_eq!(code.cells(), 53);
        let mut rates = vec![9.0; 53];
        code.rates(&[6.0, 10.0, 20.0], 2, &mut rates);
        assert_eq!(rates[7], 0.5, "6 units to the side lie on the middle cell of the left sensor");
        assert!((rates[6] - 0.5 * libm::expf(-0.5 / 0.49)).abs() < 1e-6);
        assert_eq!(rates[15 + 7], 0.5, "half the range lies on the middle cell of the centre sensor");
        assert!(rates[44] > 0.49, "20 units to the side lie almost on the last cell of the right sensor");
        assert_eq!(rates[45], 0.5, "much more room to the right lies on the first difference cell");
        assert_eq!(rates[50..], [0.0, 0.0, 0.5], "the efference copy of action 2");
    }

    #[test]
    fn every_cell_is_written_whatever_the_distances() {
        for preset in Preset::ALL {
            let code = preset.config().code;
            for observation in [[0.0; 3], [20.0; 3], [0.0, 20.0, 20.0], [3.0, 7.5, 0.1]] {
                let mut rates = vec![f32::NAN; code.cells()];
                code.rates(&observation, 0, &mut rates);
                assert!(rates.iter().all(|rate| (0.0..=code.peak_rate).contains(rate)));
            }
        }
    }

    #[test]
    fn a_phase_encoder_is_regular() {
        let mut encoder = PhaseEncoder::new(2);
        let mut spikes = Vec::new();
        (0..20).for_each(|_| encoder.tick(&[0.25, 0.0], &mut spikes));
        assert_eq!(spikes, [0; 5]);
    }
}
