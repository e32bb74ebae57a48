//! When a curriculum goes on to its next phase: the named rules, and any other.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use spikedrive_learners::Curriculum;

/// The longest window.
pub const MAX_WINDOW: usize = 1000;

/// A named [`CurriculumRule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// A phase is over when the mean return of so many episodes of it is above its threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurriculumRule {
    /// Episodes that are averaged over, 1 to [`MAX_WINDOW`].
    #[serde(deserialize_with = "window")]
    pub window: usize,
    /// Thresholds of phases 1 to 3.
    pub thresholds: [Threshold; 3],
}

/// What a mean return must exceed; as text `80%` or `30`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Threshold {
    /// A share of the phase's ceiling, in percent, (0, 100].
    PercentOfCeiling(f64),
    /// A return.
    Return(f64),
}

/// A text that is no threshold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no threshold: use a return such as 30, or a share of the ceiling above 0% and up to 100%")]
pub struct ThresholdError(String);

impl CurriculumPreset {
    const ALL: [Self; 2] = [Self::Ceiling, Self::Seed];

    /// The rule of this name.
    pub fn rule(self) -> CurriculumRule {
        match self {
            Self::Ceiling => CurriculumRule { window: 5, thresholds: [Threshold::PercentOfCeiling(80.0); 3] },
            Self::Seed => CurriculumRule { window: 20, thresholds: [50.0, 30.0, 40.0].map(Threshold::Return) },
        }
    }
}

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

impl CurriculumRule {
    /// The curriculum in a world with these ceilings of phases 1 to 4.
    pub fn curriculum(&self, ceilings: &[f64; 4]) -> Curriculum {
        let thresholds = self.thresholds.iter().zip(ceilings).map(|(threshold, ceiling)| threshold.over(*ceiling));
        Curriculum::new(thresholds.collect(), self.window)
    }
}

impl fmt::Display for CurriculumRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(preset) = CurriculumPreset::ALL.into_iter().find(|preset| preset.rule() == *self) {
            return write!(f, "{preset}");
        }
        let Self { window, thresholds } = self;
        let episodes = if *window == 1 { "episode" } else { "episodes" };
        write!(f, "of {window} {episodes} above {}", in_words(thresholds))
    }
}

/// `70 % of the ceiling`, `50, 60 and 70 % of the ceiling`, or `50, 30 and 40`.
fn in_words(thresholds: &[Threshold; 3]) -> String {
    let unit = " % of the ceiling";
    let [first, second, third] = thresholds.map(|threshold| match threshold {
        Threshold::PercentOfCeiling(percent) => format!("{percent}{unit}"),
        Threshold::Return(value) => value.to_string(),
    });
    if first == second && second == third {
        return first;
    }
    match (first.strip_suffix(unit), second.strip_suffix(unit), third.ends_with(unit)) {
        (Some(first), Some(second), true) => format!("{first}, {second} and {third}"),
        _ => format!("{first}, {second} and {third}"),
    }
}

impl Threshold {
    /// The return that is to be exceeded, given the phase's ceiling.
    fn over(self, ceiling: f64) -> f64 {
        match self {
            Self::PercentOfCeiling(percent) => percent / 100.0 * ceiling,
            Self::Return(value) => value,
        }
    }
}

impl FromStr for Threshold {
    type Err = ThresholdError;

    fn from_str(text: &str) -> Result<Self, ThresholdError> {
        let error = || ThresholdError(text.to_owned());
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        match text.trim().strip_suffix('%') {
            Some(percent) => {
                let percent = number(percent).filter(|&percent| percent > 0.0 && percent <= 100.0);
                percent.map(Self::PercentOfCeiling).ok_or_else(error)
            }
            None => number(text).map(Self::Return).ok_or_else(error),
        }
    }
}

impl TryFrom<String> for Threshold {
    type Error = ThresholdError;

    fn try_from(text: String) -> Result<Self, ThresholdError> {
        text.parse()
    }
}

impl From<Threshold> for String {
    fn from(threshold: Threshold) -> Self {
        threshold.to_string()
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PercentOfCeiling(percent) => write!(f, "{percent}%"),
            Self::Return(value) => write!(f, "{value}"),
        }
    }
}

/// Reads one threshold for all three phases, or three that commas separate.
pub fn parse_thresholds(text: &str) -> Result<[Threshold; 3], String> {
    let thresholds: Result<Vec<Threshold>, ThresholdError> = text.split(',').map(str::parse).collect();
    match *thresholds.map_err(|error| error.to_string())? {
        [all] => Ok([all; 3]),
        [first, second, third] => Ok([first, second, third]),
        ref other => {
            Err(format!("{} thresholds: use one, or one for each of phases 1 to 3, such as 50,30,40", other.len()))
        }
    }
}

fn window<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let window = usize::deserialize(deserializer)?;
    if (1..=MAX_WINDOW).contains(&window) {
        Ok(window)
    } else {
        Err(D::Error::custom(format!("a window of {window} episodes is outside 1..={MAX_WINDOW}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_curriculum_has_three_thresholds() {
        let mut curriculum = CurriculumPreset::Ceiling.rule().curriculum(&[243.3, 244.4, 243.4, 243.6]);
        for phase in 0..3 {
            assert_eq!(curriculum.phase(), phase);
            assert!((0..5).all(|k| curriculum.record(196.0) == (k == 4)));
        }
        assert!(!(0..50).any(|_| curriculum.record(250.0)));
    }

    #[test]
    fn thresholds_are_shares_of_each_ceiling_or_returns() {
        let rule = CurriculumRule { window: 1, thresholds: parse_thresholds("50%,30,10%").unwrap() };
        let mut curriculum = rule.curriculum(&[100.0, 0.0, 200.0, 0.0]);
        assert!(!curriculum.record(50.0) && curriculum.record(50.1));
        assert!(!curriculum.record(30.0) && curriculum.record(30.1));
        assert!(!curriculum.record(20.0) && curriculum.record(20.1));
    }

    #[test]
    fn lists_have_one_threshold_or_three() {
        let all = [Threshold::PercentOfCeiling(70.0); 3];
        assert_eq!(parse_thresholds("70%"), Ok(all));
        assert_eq!(parse_thresholds("70 %, 70%,70%"), Ok(all));
        assert_eq!(parse_thresholds("-5,0,1e2"), Ok([-5.0, 0.0, 100.0].map(Threshold::Return)));
        let text = |list: &str| parse_thresholds(list).unwrap_err();
        assert_eq!(text("1,2"), "2 thresholds: use one, or one for each of phases 1 to 3, such as 50,30,40");
        for bad in ["", "0%", "100.1%", "-1%", "nan", "inf", "nan%", "x", "5,%,5"] {
            assert!(text(bad).contains("is no threshold: use a return such as 30, or a share"), "{bad}");
        }
    }

    #[test]
    fn rules_are_told_by_name_or_in_words() {
        let words = |window, list| {
            let thresholds = parse_thresholds(list).unwrap();
            CurriculumRule { window, thresholds }.to_string()
        };
        assert_eq!([words(5, "80%"), words(20, "50,30,40")], ["ceiling", "seed"]);
        assert_eq!(words(10, "70%"), "of 10 episodes above 70 % of the ceiling");
        assert_eq!(words(1, "56%,58%,7.5%"), "of 1 episode above 56, 58 and 7.5 % of the ceiling");
        assert_eq!(words(20, "50,30,41"), "of 20 episodes above 50, 30 and 41");
        assert_eq!(words(9, "200,90%,95%"), "of 9 episodes above 200, 90 % of the ceiling and 95 % of the ceiling");
    }
}
