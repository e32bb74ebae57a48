//! n-step returns: `R = Σ_{k<n} γᵏ·r_{t+k}`, then the value of what is seen n steps later (Sutton & Barto 2018, chapter 7).

use std::collections::VecDeque;

use super::replay::Transition;

/// The last steps of a lane, whose returns are not complete.
#[derive(Clone, Debug, Default)]
pub struct NStep {
    waiting: VecDeque<Step>,
}

#[derive(Clone, Debug)]
struct Step {
    state: Vec<f32>,
    action: usize,
    reward: f32,
}

/// What follows a step.
#[derive(Clone, Copy, Debug)]
pub enum Next<'a> {
    /// The episode goes on here.
    Goes(&'a [f32]),
    /// It was cut here: what would have followed has a value all the same.
    Cut(&'a [f32]),
    /// It terminated: nothing of value follows.
    Ends,
}

impl NStep {
    /// Forgets all: the start of an episode.
    pub fn reset(&mut self) {
        self.waiting.clear();
    }

    /// A step, and what follows it. `complete` gets every transition whose return is complete now.
    pub fn push(
        &mut self,
        (state, action, reward): (Vec<f32>, usize, f32),
        next: Next,
        (n, discount): (usize, f32),
        mut complete: impl FnMut(&Transition),
    ) {
        self.waiting.push_back(Step { state, action, reward });
        let (seen, bootstraps, is_last) = match next {
            Next::Goes(seen) => (seen.to_vec(), true, false),
            Next::Cut(seen) => (seen.to_vec(), true, true),
            // Its value counts nothing, whatever is written here.
            Next::Ends => (self.waiting[0].state.clone(), false, true),
        };
        while self.waiting.len() >= n || (is_last && !self.waiting.is_empty()) {
            let (mut rewards, mut factor) = (0.0, 1.0);
            for step in self.waiting.iter().take(n) {
                rewards += factor * step.reward;
                factor *= discount;
            }
            if let Some(Step { state, action, .. }) = self.waiting.pop_front() {
                let discount = if bootstraps { factor } else { 0.0 };
                complete(&Transition { state, action, rewards, next: seen.clone(), discount });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three steps of rewards 1, 2, 4 and a last one of 8, with n = 3 and γ = ½: state, R and the factor of each transition.
    fn lived(end: Next) -> Vec<(f32, f32, f32, f32)> {
        let (mut steps, mut found) = (NStep::default(), Vec::new());
        for k in 0..4u8 {
            let (seen, reward) = ([f32::from(k) + 1.0], f32::from(1u8 << k));
            let next = if k == 3 { end } else { Next::Goes(&seen) };
            steps.push((vec![f32::from(k)], 1, reward), next, (3, 0.5), |done| {
                found.push((done.state[0], done.rewards, done.discount, done.next[0]));
            });
        }
        assert!(steps.waiting.is_empty());
        found
    }

    #[test]
    fn golden_returns() {
        // 1 + 1 + 1; 2 + 2 + 2; 4 + 4; 8.
        let cut = lived(Next::Cut(&[9.0]));
        assert_eq!(cut, [(0.0, 3.0, 0.125, 3.0), (1.0, 6.0, 0.125, 9.0), (2.0, 8.0, 0.25, 9.0), (3.0, 8.0, 0.5, 9.0)]);
        let ended: Vec<_> =
            lived(Next::Ends).iter().map(|&(state, rewards, discount, _)| (state, rewards, discount)).collect();
        assert_eq!(ended, [(0.0, 3.0, 0.125), (1.0, 6.0, 0.0), (2.0, 8.0, 0.0), (3.0, 8.0, 0.0)]);
    }

    #[test]
    fn one_step_returns_are_rewards() {
        let mut steps = NStep::default();
        let mut found = Vec::new();
        steps.push((vec![0.0], 2, 5.0), Next::Goes(&[1.0]), (1, 0.9), |done| found.push(done.clone()));
        assert_eq!(found, [Transition { state: vec![0.0], action: 2, rewards: 5.0, next: vec![1.0], discount: 0.9 }]);
    }
}
