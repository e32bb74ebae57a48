//! What was lived since the last update, and how much better than expected it was.

use serde::{Deserialize, Serialize};

/// A step and its successor's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What was seen.
    pub input: Vec<f32>,
    /// What was done.
    pub action: usize,
    /// log π(a|s), when it was done.
    pub log_probability: f32,
    /// V(s) then.
    pub value: f32,
    /// r.
    pub reward: f32,
    /// V(s'): 0 where the episode terminated, and the value of what is seen there where it was cut.
    pub next_value: f32,
    /// Whether the episode ended here, either way.
    pub ended: bool,
}

/// What is learned from a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lesson {
    /// A: how much better the action was than what the critic expected.
    pub advantage: f32,
    /// What the critic should have expected: A + V(s).
    pub expected: f32,
}

/// Generalised advantage estimation (Schulman et al. 2016) over the successive steps of one lane:
/// `δ_t = r_t + γ·V(s_{t+1}) − V(s_t)`, `A_t = δ_t + γλ·A_{t+1}`, anew in each episode. After the last step nothing is known but the
/// value of its successor.
pub fn lessons(steps: &[Step], discount: f32, trace_decay: f32) -> Vec<Lesson> {
    let mut following = 0.0;
    let mut lessons: Vec<Lesson> = steps
        .iter()
        .rev()
        .map(|step| {
            let later = if step.ended { 0.0 } else { discount * trace_decay * following };
            following = step.td_error(discount) + later;
            Lesson { advantage: following, expected: following + step.value }
        })
        .collect();
    lessons.reverse();
    lessons
}

impl Step {
    /// δ.
    pub fn td_error(&self, discount: f32) -> f32 {
        self.reward + discount * self.next_value - self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(reward: f32, value: f32, next_value: f32, ended: bool) -> Step {
        Step { input: vec![], action: 0, log_probability: 0.0, value, reward, next_value, ended }
    }

    #[test]
    fn golden_advantages() {
        // γ = ½, λ = ½. An episode of two steps that is cut with 4 still to come, then the first step of another.
        let steps = [step(1.0, 2.0, 6.0, false), step(3.0, 6.0, 4.0, true), step(8.0, 1.0, 2.0, false)];
        // δ = 1 + 3 − 2 = 2, 3 + 2 − 6 = −1, 8 + 1 − 1 = 8; A = 2 − ¼, −1, 8.
        let found = lessons(&steps, 0.5, 0.5);
        assert_eq!(found.iter().map(|lesson| lesson.advantage).collect::<Vec<_>>(), [1.75, -1.0, 8.0]);
        assert_eq!(found.iter().map(|lesson| lesson.expected).collect::<Vec<_>>(), [3.75, 5.0, 9.0]);
    }

    #[test]
    fn without_decay_the_advantage_is_the_return_less_the_value() {
        let steps = [step(1.0, 5.0, 7.0, false), step(2.0, 7.0, 3.0, false), step(-4.0, 3.0, 0.0, true)];
        // With γ = λ = 1: 1 + 2 − 4 = −1, 2 − 4 = −2, −4.
        let found = lessons(&steps, 1.0, 1.0);
        assert_eq!(found.iter().map(|lesson| lesson.expected).collect::<Vec<_>>(), [-1.0, -2.0, -4.0]);
        assert_eq!(found[0].advantage, -6.0);
    }
}
