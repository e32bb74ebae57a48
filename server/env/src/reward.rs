//! The reward of a step.

/// Reward of a crash.
pub const CRASH: f64 = -100.0;
/// Weight of driving in the middle of the road.
pub const CENTRING: f64 = 2.0;
/// Reward of each step survived.
pub const SURVIVAL: f64 = 0.5;
/// Cost of an action that differs from the one before.
pub const SWITCH_COST: f64 = 0.1;

/// How much in the middle of the road a car is: `max(0, 1 − |deviation|/half_width)`, both in units; on a road whose sides
/// differ, the distance to the nearest edge over half the width.
pub fn centring(lateral_deviation: f64, [left, right]: [f64; 2]) -> f64 {
    let margin = (left - lateral_deviation).min(right + lateral_deviation);
    (2.0 * margin / (left + right)).clamp(0.0, 1.0)
}

/// Reward of a step that did not crash: `2·centring + 0.5`, minus 0.1 when the action differs from the previous one. It lies in
/// `[0.4, 2.5]`.
pub fn reward(centring: f64, switched: bool) -> f64 {
    CENTRING * centring + SURVIVAL - if switched { SWITCH_COST } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_numbers() {
        let base = |deviation, switched| reward(centring(deviation, [4.0; 2]), switched);
        assert_eq!(base(0.0, false), 2.5);
        assert_eq!(base(-2.0, false), 1.5);
        assert_eq!(base(4.0, true), 0.4);
        assert_eq!(base(9.0, false), 0.5);
    }

    #[test]
    fn uneven_sides_count_the_nearest_edge() {
        assert_eq!(centring(0.0, [2.0, 6.0]), 0.5);
        assert_eq!(centring(-2.0, [2.0, 6.0]), 1.0);
    }
}
