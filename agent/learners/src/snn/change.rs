//! Change cells: sensory neurons that tell whether a distance grows or shrinks.

use serde::{Deserialize, Serialize};

use super::config::NEURONS;
use crate::range::{above, in_range};

/// For each ray a slow average follows the distance d, and k cells with Gaussian tuning tell how far d has run from it:
///
/// `slow ← slow + rate·(d − slow)`, `u = ½ + ½·tanh((d − slow)/scale)`.
///
/// The average starts at the first distance of the episode. It is a high-pass of the sensor, like the transient responses of
/// retinal ganglion cells (Cleland, Dubin & Levick 1971), and what a driver needs whose controls answer late.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeCells {
    /// k: cells of each ray.
    pub cells_per_sensor: usize,
    /// Share of the way that the average goes in a step.
    pub rate: f32,
    /// Difference, in units, that tanh(1) = 0.76 stands for.
    pub scale: f32,
    /// Width of the tuning curves, in distances between neighbouring cells.
    pub tuning_width: f32,
}

impl ChangeCells {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        let Self { cells_per_sensor, rate, scale, tuning_width } = *self;
        in_range("cells_per_sensor", cells_per_sensor, 2..=NEURONS)?;
        in_range("rate", rate, above(0.0, 1.0))?;
        in_range("scale", scale, above(0.0, 1000.0))?;
        in_range("tuning_width", tuning_width, above(0.0, 100.0))
    }

    /// Moves the average and returns u in [0, 1]: ½ at rest, more when the distance grows.
    pub fn follow(&self, distance: f32, slow: &mut f32) -> f32 {
        *slow += self.rate * (distance - *slow);
        0.5 + 0.5 * libm::tanhf((distance - *slow) / self.scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rest_is_the_middle_and_a_step_fades() {
        let cells = ChangeCells { cells_per_sensor: 5, rate: 0.3, scale: 1.5, tuning_width: 0.8 };
        let mut slow = 8.0;
        assert_eq!(cells.follow(8.0, &mut slow), 0.5);
        // The average goes from 8 to 8.9; ½ + ½·tanh(2.1/1.5) = 0.942676.
        assert!((cells.follow(11.0, &mut slow) - 0.942_676).abs() < 1e-5);
        assert!((slow - 8.9).abs() < 1e-6);
        let fading: Vec<f32> = (0..30).map(|_| cells.follow(11.0, &mut slow)).collect();
        assert!(fading.is_sorted_by(|a, b| a >= b) && (fading[29] - 0.5).abs() < 1e-3);
    }
}
