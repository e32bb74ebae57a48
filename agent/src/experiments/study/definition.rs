//! A study as its file describes it.

use serde::{Deserialize, Deserializer};
use spikedrive_env::{Phase, WorldOptions};
use spikedrive_learners::Preset;

use crate::ceilings::attainable_all;
use crate::failure::Failure;
use crate::lesson::{CurriculumRule, HORIZON, Lesson};
use crate::overrides::{Overrides, Source};
use crate::train::TrainConfig;

/// A question and the conditions that answer it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// What it is called.
    pub title: String,
    /// What is asked, and why these conditions answer it: Markdown.
    pub question: String,
    /// What was found: Markdown, written after measuring.
    #[serde(default)]
    pub answer: String,
    /// Training episodes of each run.
    #[serde(default = "episodes")]
    pub episodes: usize,
    /// Number of seeds.
    #[serde(default = "seeds")]
    pub seeds: usize,
    /// The condition that the others are compared with.
    pub reference: String,
    /// What is compared.
    #[serde(rename = "condition")]
    pub conditions: Vec<Condition>,
}

/// A preset with changes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Its name in rows.
    pub name: String,
    /// What it is: Markdown.
    pub about: String,
    /// The condition that it is compared with; by default that of the study.
    #[serde(default)]
    pub reference: Option<String>,
    /// The preset.
    #[serde(deserialize_with = "preset")]
    pub preset: Preset,
    /// Changes of parameters, as `--set` takes them.
    #[serde(default)]
    pub set: Vec<String>,
    /// The curriculum; without one, phase 4 from the first episode on.
    #[serde(default)]
    pub curriculum: Option<CurriculumRule>,
    /// A mixture of all phases from the first episode on, in the place of phase 4.
    #[serde(default)]
    pub mixture: bool,
    /// The world.
    #[serde(default)]
    pub world: WorldOptions,
}

fn episodes() -> usize {
    300
}

fn seeds() -> usize {
    10
}

fn preset<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Preset, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

impl Study {
    /// Reads a study; `place` tells where it comes from.
    pub fn parse(text: &str, place: &str) -> Result<Self, Failure> {
        let bad = |reason: String| Failure::Usage(format!("{place}: {reason}"));
        let study: Self = toml::from_str(text).map_err(|error| bad(error.to_string()))?;
        let names: Vec<&str> = study.conditions.iter().map(|condition| condition.name.as_str()).collect();
        for (k, name) in names.iter().enumerate() {
            if names[..k].contains(name) {
                return Err(bad(format!("two conditions are called {name:?}: give each a name of its own")));
            }
        }
        let own = study.conditions.iter().filter_map(|condition| condition.reference.as_ref());
        if let Some(reference) = own.chain([&study.reference]).find(|reference| !names.contains(&reference.as_str())) {
            let known = names.join(", ");
            return Err(bad(format!("the reference {reference:?} is no condition: use one of {known}")));
        }
        if !(1..=1_000_000).contains(&study.episodes) || !(1..=10_000).contains(&study.seeds) {
            let Self { episodes, seeds, .. } = study;
            return Err(bad(format!("{episodes} episodes, {seeds} seeds: use 1 to 1000000, and 1 to 10000")));
        }
        Ok(study)
    }
}

impl Condition {
    /// Its training, with seed 0.
    pub fn config(&self, study: &Study) -> Result<TrainConfig, Failure> {
        let bad = |reason: String| Failure::Usage(format!("condition {:?}: {reason}", self.name));
        self.world.validate().map_err(|error| bad(error.to_string()))?;
        let mut overrides = Overrides::default();
        let assignments: Result<Vec<_>, String> = self.set.iter().map(|text| text.parse()).collect();
        overrides.extend(&Source::Flag, assignments.map_err(bad)?);
        let learner = overrides.apply(self.preset.for_rays(self.world.rays)?).map_err(bad)?;
        let lesson = match self.curriculum {
            Some(_) if self.mixture => return Err(bad("a curriculum is no mixture: choose one of them".to_owned())),
            Some(rule) => Lesson::Curriculum(rule),
            None if self.mixture => Lesson::Mixture,
            None => Lesson::Direct(Phase::Complex),
        };
        let ceilings = attainable_all(HORIZON, &self.world, &lesson.phases())?;
        Ok(TrainConfig {
            learner,
            lesson,
            episodes: study.episodes,
            seed: 0,
            lanes: 1,
            horizon: HORIZON,
            world: self.world,
            ceilings,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STUDY: &str = r#"
        title = "T"
        question = "Q"
        reference = "a"
        [[condition]]
        name = "a"
        about = "as it is"
        preset = "stdp"
        [[condition]]
        name = "b"
        about = "other"
        preset = "pathway"
        set = ["sleep=none", "lif.noise_sd=0.1"]
        curriculum = { window = 5, thresholds = ["80%", "80%", "80%"] }
        world = { sensor_noise = 1.0 }
    "#;

    #[test]
    fn a_condition_is_a_preset_with_changes() {
        let study = Study::parse(STUDY, "here").unwrap();
        assert_eq!((study.episodes, study.seeds), (300, 10));
        let [a, b] = &study.conditions[..] else { panic!("{study:?}") };
        let config = a.config(&study).unwrap();
        let headline =
            TrainConfig::base(Preset::Snn(spikedrive_learners::snn::Preset::Stdp).config(), config.lesson, 300, 0);
        assert_eq!(config, TrainConfig { ceilings: config.ceilings, ..headline });
        let config = b.config(&study).unwrap();
        assert_eq!((config.world.sensor_noise, config.lesson.phases().len()), (1.0, 4));
        let spikedrive_learners::LearnerConfig::Snn(snn) = config.learner else { panic!("{config:?}") };
        assert_eq!((snn.sleep, snn.lif.noise_sd), (None, 0.1));
    }

    #[test]
    fn mistakes_are_named() {
        let message = |text: &str| Study::parse(text, "here").unwrap_err().to_string();
        assert!(message(&STUDY.replace("name = \"b\"", "name = \"a\"")).contains("two conditions are called \"a\""));
        assert!(message(&STUDY.replace("reference = \"a\"", "reference = \"c\"")).ends_with("use one of a, b"));
        assert!(message(&STUDY.replace("\"pathway\"", "\"path\"")).contains("\"path\" is no preset: use stdp"));
        assert!(message(&STUDY.replace("title", "titel")).contains("titel"));
        let study = Study::parse(&STUDY.replace("lif.noise_sd", "lif.noise"), "here").unwrap();
        let reason = study.conditions[1].config(&study).unwrap_err().to_string();
        assert!(reason.starts_with("condition \"b\": ") && reason.contains("lif.noise is unknown"), "{reason}");
    }
}
