//! Steers towards the side with more room.

use super::Driver;
use crate::{Action, Drive, Phase};

/// Left when the leftmost ray is longer than the rightmost by more than a threshold, right when it is shorter by as much, else
/// straight. While it steers, the threshold on that side is multiplied by the hysteresis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BangBang {
    threshold: f64,
    hysteresis: f64,
    previous: Action,
}

impl BangBang {
    /// A driver with the given threshold, in units, and hysteresis.
    pub fn new(threshold: f64, hysteresis: f64) -> Self {
        Self { threshold, hysteresis, previous: Action::Straight }
    }

    /// The settings that were best on the validation tracks of a phase, of thresholds 0.25, 0.5 … 4 and hystereses 1, 0.5, 0, −0.5.
    pub fn tuned(phase: Phase) -> Self {
        let (threshold, hysteresis) = match phase {
            Phase::Straight => (1.0, 0.5),
            Phase::Gentle => (1.0, 0.5),
            Phase::Sharp => (2.0, 0.5),
            Phase::Complex => (2.25, 0.5),
        };
        Self::new(threshold, hysteresis)
    }
}

impl Driver for BangBang {
    fn act(&mut self, drive: &Drive) -> Action {
        let (left, right) = match drive.observation() {
            [left, .., right] => (f64::from(*left), f64::from(*right)),
            _ => (0.0, 0.0),
        };
        let threshold = |side| if self.previous == side { self.threshold * self.hysteresis } else { self.threshold };
        self.previous = match left - right {
            difference if difference > threshold(Action::Left) => Action::Left,
            difference if difference < -threshold(Action::Right) => Action::Right,
            _ => Action::Straight,
        };
        self.previous
    }
}
