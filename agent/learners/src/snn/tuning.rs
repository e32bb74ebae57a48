//! Tuning curves: how the cells of a population answer to a value.

use serde::{Deserialize, Serialize};

use crate::range::{above, in_range};

/// How the k cells of a population share the values u in [0, 1]; cell i prefers `u = i/(k−1)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Tuning {
    /// Bells that overlap (Pouget, Dayan & Zemel 2000): `r_i = r_max·exp(−((u·(k−1) − i)/w)²/2)`.
    Gaussian {
        /// w: width, in distances between neighbouring cells.
        width: f32,
    },
    /// A rate code: every cell answers alike, `r_i = r_max·u`.
    Rate,
    /// A rate code with a threshold for each cell: `r_i = r_max/(1 + exp(−(u·k − (i + ½))/s))`, so that the more cells answer the larger u is.
    Thresholds {
        /// s: softness of a threshold, in distances between neighbouring ones.
        softness: f32,
    },
    /// ON and OFF cells: of the first half of them `r_i = r_max·u`, of the others `r_i = r_max·(1 − u)`.
    OnOff,
    /// Only the cell nearest to u: `r_i = r_max` for `i = ⌊u·(k−1) + ½⌋`, else 0. A look-up table, written in spikes.
    OneHot,
}

impl Tuning {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        match *self {
            Self::Gaussian { width } => in_range("width", width, above(0.0, 100.0)),
            Self::Thresholds { softness } => in_range("softness", softness, above(0.0, 100.0)),
            Self::OneHot | Self::Rate | Self::OnOff => Ok(()),
        }
    }

    /// Writes the rate of each cell, in spikes a tick.
    pub fn rates(self, u: f32, peak_rate: f32, cells: &mut [f32]) {
        let position = u * cells.len().saturating_sub(1) as f32;
        match self {
            Self::Gaussian { width } => {
                for (i, rate) in cells.iter_mut().enumerate() {
                    let q = (position - i as f32) / width;
                    // Beyond six widths the rate is below a spike in a million ticks.
                    *rate = if q.abs() > 6.0 { 0.0 } else { peak_rate * libm::expf(-0.5 * q * q) };
                }
            }
            Self::Rate => cells.fill(peak_rate * u),
            Self::Thresholds { softness } => {
                let position = u * cells.len() as f32;
                for (i, rate) in cells.iter_mut().enumerate() {
                    *rate = peak_rate / (1.0 + libm::expf((i as f32 + 0.5 - position) / softness));
                }
            }
            Self::OnOff => {
                let (on, off) = cells.split_at_mut(cells.len() / 2);
                on.fill(peak_rate * u);
                off.fill(peak_rate * (1.0 - u));
            }
            Self::OneHot => {
                let nearest = ((position + 0.5) as usize).min(cells.len().saturating_sub(1));
                cells.iter_mut().enumerate().for_each(|(i, rate)| *rate = if i == nearest { peak_rate } else { 0.0 });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(tuning: Tuning, u: f32) -> [f32; 5] {
        let mut cells = [f32::NAN; 5];
        tuning.rates(u, 0.5, &mut cells);
        cells
    }

    #[test]
    fn bells_overlap() {
        let [first, second, third, ..] = rates(Tuning::Gaussian { width: 0.7 }, 0.25);
        assert_eq!((first, second), (third, 0.5));
        assert!((first - 0.5 * libm::expf(-0.5 / 0.49)).abs() < 1e-6);
    }

    #[test]
    fn rate_and_on_off_cells_answer_alike() {
        assert_eq!(rates(Tuning::Rate, 0.25), [0.125; 5]);
        assert_eq!(rates(Tuning::OnOff, 0.25), [0.125, 0.125, 0.375, 0.375, 0.375]);
    }

    #[test]
    fn thresholds_are_passed_one_after_the_other() {
        let rates = rates(Tuning::Thresholds { softness: 0.5 }, 0.5);
        assert_eq!(rates[2], 0.25);
        assert!(
            (rates[1] - 0.5 / (1.0 + libm::expf(-2.0))).abs() < 1e-6 && rates.is_sorted_by(|a, b| a > b),
            "{rates:?}"
        );
    }

    #[test]
    fn one_hot_lights_the_nearest_cell_alone() {
        assert_eq!(rates(Tuning::OneHot, 0.0), [0.5, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(rates(Tuning::OneHot, 0.374), [0.0, 0.5, 0.0, 0.0, 0.0]);
        assert_eq!(rates(Tuning::OneHot, 0.376), [0.0, 0.0, 0.5, 0.0, 0.0]);
        assert_eq!(rates(Tuning::OneHot, 1.0), [0.0, 0.0, 0.0, 0.0, 0.5]);
    }
}
