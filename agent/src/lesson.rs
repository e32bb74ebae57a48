//! What is taught: one phase, a curriculum of all four, or a mixture of them.

use std::fmt;

use serde::{Deserialize, Serialize};
use spikedrive_env::Phase;
pub use spikedrive_env::config::DEFAULT_HORIZON as HORIZON;
use spikedrive_learners::Curriculum;
use spikedrive_learners::random::{Purpose, below, stream};

pub use crate::curriculum::{CurriculumPreset, CurriculumRule};

/// What a run is taught. In files `{"phase": 4}`, `"mixture"`, or `{"curriculum": {"window": 5, "thresholds": ["80%", "80%", "80%"]}}`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lesson {
    /// One phase from the first episode to the last.
    #[serde(rename = "phase")]
    Direct(Phase),
    /// Phases 1 to 4, one after the other.
    Curriculum(CurriculumRule),
    /// Any of the phases 1 to 4 in each round, each as likely as any other.
    Mixture,
}

impl Lesson {
    /// The phase that the run is evaluated on.
    pub fn target(self) -> Phase {
        match self {
            Self::Direct(phase) => phase,
            Self::Curriculum(_) | Self::Mixture => Phase::Complex,
        }
    }

    /// The phases in the order in which they are taught; of a mixture, the one that the run is evaluated on.
    pub fn phases(self) -> Vec<Phase> {
        match self {
            Self::Direct(phase) => vec![phase],
            Self::Curriculum(_) => Phase::ALL.to_vec(),
            Self::Mixture => vec![self.target()],
        }
    }

    /// The phase of a round of a run with this seed, where the curriculum stands in one of [`Self::phases`].
    pub fn phase(self, curriculum: &Curriculum, seed: u64, round: u64) -> Phase {
        match self {
            Self::Mixture => Phase::ALL[below(Phase::ALL.len(), &mut stream(seed, Purpose::Mixture, round))],
            _ => self.phases()[curriculum.phase()],
        }
    }

    /// The rule that goes from one phase to the next, given the ceiling of each.
    pub fn curriculum(self, ceilings: &[f64; 4]) -> Curriculum {
        match self {
            Self::Direct(_) | Self::Mixture => Curriculum::single(),
            Self::Curriculum(rule) => rule.curriculum(ceilings),
        }
    }
}

impl From<CurriculumPreset> for Lesson {
    fn from(preset: CurriculumPreset) -> Self {
        Self::Curriculum(preset.rule())
    }
}

impl fmt::Display for Lesson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct(phase) => write!(f, "phase {}", phase.number()),
            Self::Curriculum(rule) => write!(f, "curriculum {rule}"),
            Self::Mixture => f.write_str("mixture of phases"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curriculum::parse_thresholds;

    #[test]
    fn a_lesson_is_rebuilt_from_its_json() {
        let rule = CurriculumRule { window: 10, thresholds: parse_thresholds("70%,0.1,33.3%").unwrap() };
        let lessons = [Lesson::Direct(Phase::Complex), CurriculumPreset::Ceiling.into(), Lesson::Curriculum(rule)];
        let texts = lessons.map(|lesson| serde_json::to_string(&lesson).unwrap());
        assert_eq!(texts[0], r#"{"phase":4}"#);
        assert_eq!(texts[1], r#"{"curriculum":{"window":5,"thresholds":["80%","80%","80%"]}}"#);
        assert_eq!(texts[2], r#"{"curriculum":{"window":10,"thresholds":["70%","0.1","33.3%"]}}"#);
        assert_eq!(texts.map(|text| serde_json::from_str::<Lesson>(&text).unwrap()), lessons);
    }

    #[test]
    fn a_mixture_has_all_phases_equally_often_and_the_same_in_every_run_of_a_seed() {
        let (single, of) = (Curriculum::single(), |seed| {
            let single = Curriculum::single();
            (0..4000).map(|round| Lesson::Mixture.phase(&single, seed, round)).collect::<Vec<Phase>>()
        });
        let phases = of(1);
        for phase in Phase::ALL {
            let share = phases.iter().filter(|&&other| other == phase).count();
            assert!((900..1100).contains(&share), "{share} of 4000");
        }
        assert_eq!(of(1), phases);
        assert_ne!(of(2), phases);
        assert_eq!(Lesson::Direct(Phase::Sharp).phase(&single, 1, 7), Phase::Sharp);
        assert_eq!(serde_json::to_string(&Lesson::Mixture).unwrap(), "\"mixture\"");
    }

    #[test]
    fn impossible_json_is_refused() {
        for (text, words) in [
            (r#"{"phase":5}"#, "5"),
            (r#"{"curriculum":{"window":0,"thresholds":["1","1","1"]}}"#, "a window of 0 episodes is outside 1..=1000"),
            (r#"{"curriculum":{"window":5,"thresholds":["1","1"]}}"#, "array of length 3"),
            (r#"{"curriculum":{"window":5,"thresholds":["1","1","200%"]}}"#, "\"200%\" is no threshold"),
        ] {
            let reason = serde_json::from_str::<Lesson>(text).unwrap_err().to_string();
            assert!(reason.contains(words), "{reason}");
        }
    }

    #[test]
    fn lessons_are_told_in_words() {
        let words = [Lesson::Direct(Phase::Complex), CurriculumPreset::Ceiling.into(), CurriculumPreset::Seed.into()]
            .map(|lesson| lesson.to_string());
        assert_eq!(words, ["phase 4", "curriculum ceiling", "curriculum seed"]);
    }
}
