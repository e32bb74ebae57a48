//! Learning-rate schedules.

use std::f32::consts::PI;

use serde::{Deserialize, Serialize};

use crate::range::{above, in_range};

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
    /// Exponential in each phase of a curriculum: `max(gamma^m, 0.05)`, m episodes after the phase was entered. Each phase starts
    /// with the full rate.
    PhaseDecay {
        /// Factor from one episode to the next.
        gamma: f32,
    },
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Number of the episode, from 0.
    pub episode: usize,
    /// Episodes of the run.
    pub episodes: usize,
    /// Number of the episode within its phase, from 0.
    pub in_phase: usize,
}

/// What [`Schedule::PhaseDecay`] never falls below.
const PHASE_FLOOR: f32 = 0.05;

impl Schedule {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        match *self {
            Self::Fixed => Ok(()),
            Self::WarmupCosine { warmup, floor } => {
                in_range("warmup", warmup, 0..=1_000_000)?;
                in_range("floor", floor, 0.0..=1.0)
            }
            Self::PhaseDecay { gamma } => in_range("gamma", gamma, above(0.0, 1.0)),
        }
    }

    /// The factor in an episode. A warm-up takes at most a tenth of the run.
    pub fn factor(self, Progress { episode, episodes, in_phase }: Progress) -> f32 {
        match self {
            Self::PhaseDecay { gamma } => libm::powf(gamma, in_phase as f32).max(PHASE_FLOOR),
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
        assert_eq!(Schedule::Fixed.factor(Progress { episode: 17, episodes: 300, in_phase: 17 }), 1.0);
        let cosine = Schedule::WarmupCosine { warmup: 10, floor: 0.02 };
        let factor = |episode| cosine.factor(Progress { episode, episodes: 310, in_phase: 0 });
        assert_eq!((factor(0), factor(9), factor(10)), (0.1, 1.0, 1.0));
        assert!((factor(160) - 0.51).abs() < 1e-6);
        assert!((factor(310) - 0.02).abs() < 1e-6);
    }

    #[test]
    fn each_phase_decays_anew() {
        let decay = Schedule::PhaseDecay { gamma: 0.98 };
        let factor = |in_phase| decay.factor(Progress { episode: 500, episodes: 1000, in_phase });
        assert_eq!((factor(0), factor(1)), (1.0, 0.98));
        assert!((factor(50) - 0.364_17).abs() < 1e-4);
        assert_eq!((factor(200), factor(usize::MAX)), (0.05, 0.05));
    }

    #[test]
    fn every_length_of_run_is_fine() {
        let cosine = Schedule::WarmupCosine { warmup: 10, floor: 0.02 };
        for episodes in 0..50 {
            for episode in 0..episodes {
                assert!(
                    (0.02..=1.0).contains(&cosine.factor(Progress { episode, episodes, in_phase: 0 })),
                    "{episode} of {episodes}"
                );
            }
        }
    }
}
