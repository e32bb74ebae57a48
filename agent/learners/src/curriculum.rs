//! The curriculum: which phase comes next, and when.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Advances by one phase when the mean return of the last `window` episodes of the phase exceeds its threshold
/// (Bengio et al. 2009, "Curriculum learning").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curriculum {
    thresholds: Vec<f64>,
    window: usize,
    phase: usize,
    recent: VecDeque<f64>,
}

impl Curriculum {
    /// A curriculum that starts in its first phase. One threshold for each phase but the last, in reward.
    pub fn new(thresholds: Vec<f64>, window: usize) -> Self {
        Self { thresholds, window: window.max(1), phase: 0, recent: VecDeque::new() }
    }

    /// A curriculum of a single phase.
    pub fn single() -> Self {
        Self::new(Vec::new(), 1)
    }

    /// Number of the present phase, from 0.
    pub fn phase(&self) -> usize {
        self.phase
    }

    /// Notes the return of an episode; true when that ended the phase.
    pub fn record(&mut self, episode_return: f64) -> bool {
        let Some(&threshold) = self.thresholds.get(self.phase) else { return false };
        self.recent.push_back(episode_return);
        if self.recent.len() > self.window {
            self.recent.pop_front();
        }
        let mean = self.recent.iter().sum::<f64>() / self.window as f64;
        let advance = self.recent.len() == self.window && mean > threshold;
        if advance {
            self.phase += 1;
            self.recent.clear();
        }
        advance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advances_when_the_mean_of_a_full_window_exceeds_the_threshold() {
        let mut curriculum = Curriculum::new(vec![50.0, 30.0], 2);
        assert!(!curriculum.record(1000.0), "the window is not full");
        assert!(curriculum.record(0.0));
        assert_eq!(curriculum.phase(), 1);
        assert!(!curriculum.record(60.0), "the window starts anew in each phase");
        assert!(!curriculum.record(0.0), "equal is not more");
        assert!(curriculum.record(60.1));
        assert!(!curriculum.record(1000.0) && !curriculum.record(1000.0), "the last phase has no end");
        assert_eq!(curriculum.phase(), 2);
    }
}
