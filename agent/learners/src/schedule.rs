//! Learning-rate schedules.

use std::f32::consts::PI;

use serde::{Deserialize, Serialize};

/// How the learning rate changes over a run. The factor multiplies the peak rate, and homeostasis with it: left
/// unscaled, homeostasis would take over late in the run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Schedule {
    /// Always 1.
    Fixed,
    /// Linear warm-up, then half a cosine (SGDR without restarts, Loshchilov & Hutter 2017):
    /// `(n+1)/warmup` for `n < warmup`, else `floor + (1−floor)/2·(1 + cos(π·(n−warmup)/(episodes−warmup)))`.
    WarmupCosine {
        /// Episodes of warm-up.
        warmup: usize,
        /// Factor at the end of the run.
        floor: f32,
    },
}

impl Schedule {
    /// The factor in `episode` (from 0) of a run of `episodes`. A warm-up takes at most a tenth of the run.
    pub fn factor(self, episode: usize, episodes: usize) -> f32 {
        match self {
            Self::Fixed => 1.0,
            Self::WarmupCosine { warmup, floor } => {
                let warmup = warmup.min(episodes / 10);
                if episode < warmup {
                    return (episode + 1) as f32 / warmup as f32;
                }
                let progress = (episode - warmup) as f32 / (episodes - warmup).max(1) as f32;
                floor + 0.5 * (1.0 - floor) * (1.0 + libm::cosf(PI * progress.min(1.0)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_numbers() {
        assert_eq!(Schedule::Fixed.factor(17, 300), 1.0);
        let cosine = Schedule::WarmupCosine { warmup: 10, floor: 0.02 };
        let factor = |episode| cosine.factor(episode, 310);
        assert_eq!((factor(0), factor(9), factor(10)), (0.1, 1.0, 1.0));
        assert!((factor(160) - 0.51).abs() < 1e-6);
        assert!((factor(310) - 0.02).abs() < 1e-6);
    }

    #[test]
    fn every_length_of_run_is_fine() {
        let cosine = Schedule::WarmupCosine { warmup: 10, floor: 0.02 };
        for episodes in 0..50 {
            for episode in 0..episodes {
                assert!((0.02..=1.0).contains(&cosine.factor(episode, episodes)), "{episode} of {episodes}");
            }
        }
    }
}
