//! The reward of a step.

use crate::track::HALF_WIDTH;

/// Reward of a crash.
pub const CRASH: f64 = -100.0;
/// Weight of driving in the middle of the road.
pub const CENTRING: f64 = 2.0;
/// Reward of each step survived.
pub const SURVIVAL: f64 = 0.5;
/// Cost of an action that differs from the one before.
pub const SWITCH_COST: f64 = 0.1;

/// Reward of a step that did not crash:
/// `2·max(0, 1 − |deviation|/4) + 0.5`, minus 0.1 when the action differs from the previous one.
///
/// `lateral_deviation` in units, left positive. The result lies in `[0.4, 2.5]`.
pub fn reward(lateral_deviation: f64, switched: bool) -> f64 {
    let centring = (1.0 - lateral_deviation.abs() / HALF_WIDTH).max(0.0);
    CENTRING * centring + SURVIVAL - if switched { SWITCH_COST } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_numbers() {
        assert_eq!(reward(0.0, false), 2.5);
        assert_eq!(reward(-2.0, false), 1.5);
        assert_eq!(reward(4.0, true), 0.4);
        assert_eq!(reward(9.0, false), 0.5);
    }
}
