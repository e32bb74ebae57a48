//! Dopamine: the reward prediction error.

/// `δ = r + γ·V(next) − V(now)` (Schultz, Dayan & Montague 1997). `next_value` is `None` where the episode was terminated:
/// nothing follows a crash.
pub fn td_error(reward: f32, discount: f32, next_value: Option<f32>, value: f32) -> f32 {
    reward + discount * next_value.unwrap_or(0.0) - value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_numbers() {
        assert!((td_error(2.5, 0.9, Some(20.0), 20.0) - 0.5).abs() < 1e-6);
        assert_eq!(td_error(-20.0, 0.9, None, 15.0), -35.0);
    }
}
