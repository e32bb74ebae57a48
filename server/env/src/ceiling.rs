//! The best return that is known to be attainable, against which every score is shown.

use crate::Phase;

/// Share of the ceiling that counts as mastery.
pub const MASTERY: f64 = 0.90;
/// Share of the ceiling that counts as expert driving.
pub const EXPERT: f64 = 0.98;

/// Mean return, over 50 test tracks, of a planner that knows the true state and searches every action sequence six steps
/// ahead (measured for horizons of 100 and 140 steps; `None` for others).
///
/// The reward formula alone caps at 2.5 a step; no car that starts off the middle of the road can reach that.
pub fn ceiling(phase: Phase, horizon: usize) -> Option<f64> {
    let by_phase = match horizon {
        100 => [243.1, 244.1, 243.3, 243.2],
        140 => [340.5, 342.2, 340.9, 341.0],
        _ => return None,
    };
    Some(by_phase[phase as usize - 1])
}
