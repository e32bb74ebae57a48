//! What is taught: one phase, or a curriculum of all four.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use spikedrive_env::Phase;
pub use spikedrive_env::config::DEFAULT_HORIZON as HORIZON;
use spikedrive_learners::Curriculum;

/// Share of a phase's ceiling that ends it in the curriculum `ceiling`.
const CEILING_SHARE: f64 = 0.8;
/// Episodes that are averaged over.
const CEILING_WINDOW: usize = 5;
/// Mean returns that end phases 1 to 3 in the curriculum `seed`.
const SEED_THRESHOLDS: [f64; 3] = [50.0, 30.0, 40.0];
/// Episodes that are averaged over.
const SEED_WINDOW: usize = 20;

/// When a phase has been learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CurriculumPreset {
    /// Mean of 5 episodes above 80 % of the phase's ceiling.
    Ceiling,
    /// Mean of 20 episodes above 50, 30 and 40: the thresholds of the project's first design.
    Seed,
}

/// A text that names no curriculum.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no curriculum: use ceiling or seed")]
pub struct CurriculumError(String);

impl FromStr for CurriculumPreset {
    type Err = CurriculumError;

    fn from_str(text: &str) -> Result<Self, CurriculumError> {
        match text {
            "ceiling" => Ok(Self::Ceiling),
            "seed" => Ok(Self::Seed),
            _ => Err(CurriculumError(text.to_owned())),
        }
    }
}

impl fmt::Display for CurriculumPreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ceiling => "ceiling",
            Self::Seed => "seed",
        })
    }
}

/// What a run is taught.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lesson {
    /// One phase from the first episode to the last.
    #[serde(rename = "phase")]
    Direct(Phase),
    /// Phases 1 to 4, one after the other.
    Curriculum(CurriculumPreset),
}

impl Lesson {
    /// The phase that the run is evaluated on.
    pub fn target(self) -> Phase {
        match self {
            Self::Direct(phase) => phase,
            Self::Curriculum(_) => Phase::Complex,
        }
    }

    /// The phases in the order in which they are taught.
    pub fn phases(self) -> Vec<Phase> {
        match self {
            Self::Direct(phase) => vec![phase],
            Self::Curriculum(_) => Phase::ALL.to_vec(),
        }
    }

    /// The rule that goes from one phase to the next, given the ceiling of each.
    pub fn curriculum(self, ceilings: &[f64; 4]) -> Curriculum {
        match self {
            Self::Direct(_) => Curriculum::single(),
            Self::Curriculum(CurriculumPreset::Seed) => Curriculum::new(SEED_THRESHOLDS.to_vec(), SEED_WINDOW),
            Self::Curriculum(CurriculumPreset::Ceiling) => {
                let thresholds = ceilings[..3].iter().map(|ceiling| CEILING_SHARE * ceiling);
                Curriculum::new(thresholds.collect(), CEILING_WINDOW)
            }
        }
    }
}

impl fmt::Display for Lesson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct(phase) => write!(f, "phase {}", phase.number()),
            Self::Curriculum(preset) => write!(f, "curriculum {preset}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_curriculum_has_three_thresholds() {
        let mut curriculum = Lesson::Curriculum(CurriculumPreset::Ceiling).curriculum(&[243.3, 244.4, 243.4, 243.6]);
        for phase in 0..3 {
            assert_eq!(curriculum.phase(), phase);
            assert!((0..CEILING_WINDOW).all(|k| curriculum.record(196.0) == (k == CEILING_WINDOW - 1)));
        }
        assert!(!(0..50).any(|_| curriculum.record(250.0)));
    }
}
