//! Changes to single parameters of a preset, from a file, the environment or flags: each a path and a value.
//!
//! They are merged into the preset as it is serialised, and what comes out is read again: whatever a configuration file may hold
//! can be changed, and nothing else.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use spikedrive_learners::LearnerConfig;

use crate::literal;
use crate::parameters::{Assignment, check_path, flatten, get, parameter_of, put, serialised, unknown};

/// Where a setting comes from, the weakest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The file of settings.
    File(String),
    /// An environment variable.
    Environment,
    /// The command line.
    Flag,
}

/// What is changed, the weakest source first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides(Vec<(Assignment, Source)>);

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(name) => f.write_str(name),
            Self::Environment => f.write_str("environment"),
            Self::Flag => f.write_str("flag"),
        }
    }
}

impl Overrides {
    /// Adds changes of one source, which goes before those that were added earlier. A table stands for the parameters in it,
    /// unless it is of a kind: such a one is one value.
    pub fn extend(&mut self, source: &Source, assignments: impl IntoIterator<Item = Assignment>) {
        let mut parameters = Vec::new();
        for Assignment { path, value } in assignments {
            flatten(path, value, &mut parameters);
        }
        self.0.extend(parameters.into_iter().map(|assignment| (assignment, source.clone())));
    }

    /// Where the value at a path comes from; none if it is the preset's own.
    pub fn source_of(&self, path: &[String]) -> Option<&Source> {
        let touches = |(assignment, _): &&(Assignment, Source)| {
            assignment.path.starts_with(path) || path.starts_with(&assignment.path)
        };
        self.0.iter().rfind(touches).map(|(_, source)| source)
    }

    /// The preset with all changes, checked.
    pub fn apply(&self, preset: LearnerConfig) -> Result<LearnerConfig, String> {
        let config: LearnerConfig = match preset {
            LearnerConfig::Snn(config) => self.apply_to(config)?.into(),
            LearnerConfig::Seed(config) => self.apply_to(config)?.into(),
            LearnerConfig::Dqn(config) => self.apply_to(config)?.into(),
            LearnerConfig::Ppo(config) => self.apply_to(config)?.into(),
        };
        config.validate().map_err(|reason| self.blame_by_reason(reason)).map(|()| config)
    }

    fn apply_to<T: Copy + DeserializeOwned + Serialize>(&self, preset: T) -> Result<T, String> {
        if self.0.is_empty() {
            return Ok(preset);
        }
        let base = serialised(&preset)?;
        let mut changed = base.clone();
        for (Assignment { path, value }, _) in &self.0 {
            check_path(&base, path).map_err(|reason| self.blame(path, &reason))?;
            put(&mut changed, path, value.clone());
        }
        let config = serde_json::from_value(changed.clone())
            .map_err(|error| self.find_culprit::<T>(&base, &changed).unwrap_or_else(|| error.to_string()))?;
        self.check_all_are_known(&serialised(&config)?)?;
        Ok(config)
    }

    /// The first change that alone makes the preset impossible, and why.
    fn find_culprit<T: DeserializeOwned>(&self, base: &Value, changed: &Value) -> Option<String> {
        self.0.iter().find_map(|(Assignment { path, .. }, _)| {
            let path = parameter_of(base, path);
            let (value, own) = (get(changed, path)?, get(base, path)?);
            let mut alone = base.clone();
            put(&mut alone, path, value.clone());
            let error = serde_json::from_value::<T>(alone).err()?;
            let (name, value, own) = (path.join("."), literal::write(value), literal::write(own));
            let error = in_plain_words(&error);
            Some(self.blame(path, &format!("{name} = {value} is impossible: {error}; the preset has {own}")))
        })
    }

    /// Reading passes over keys that it does not know: whatever was set must be there again.
    fn check_all_are_known(&self, result: &Value) -> Result<(), String> {
        for (k, (Assignment { path, value }, _)) in self.0.iter().enumerate() {
            let later = &self.0[k + 1..];
            if later.iter().any(|(other, _)| path.starts_with(&other.path)) {
                continue;
            }
            let inner = value.as_object().map(|table| table.keys().cloned().map(Some).collect());
            for key in inner.unwrap_or_else(|| vec![None]) {
                let path: Vec<String> = path.iter().cloned().chain(key).collect();
                if get(result, &path).is_none() {
                    let known = path[..path.len() - 1].iter().try_fold(result, |at, key| at.get(key));
                    return Err(self.blame(&path, &unknown(&path, known.and_then(Value::as_object))));
                }
            }
        }
        Ok(())
    }

    /// Says in front of a reason who set the parameter.
    fn blame(&self, path: &[String], reason: &str) -> String {
        match self.source_of(path) {
            Some(Source::Flag) => format!("--set {reason}"),
            Some(Source::Environment) => format!("SPIKEDRIVE_SET: {reason}"),
            Some(Source::File(name)) => format!("{name}: [train.learner] {reason}"),
            None => reason.to_owned(),
        }
    }

    /// The same for a reason that begins with the parameter's path.
    fn blame_by_reason(&self, reason: String) -> String {
        let path: Vec<String> = reason.split(':').next().unwrap_or_default().split('.').map(str::to_owned).collect();
        self.blame(&path, &reason)
    }
}

/// A reason without the names of Rust's types.
fn in_plain_words(error: &serde_json::Error) -> String {
    let words = [
        ("null", literal::NONE),
        ("expected f32", "expected a number"),
        ("expected f64", "expected a number"),
        ("expected usize", "expected a whole number of at least 0"),
        ("expected struct", "expected a table of"),
    ];
    words.iter().fold(error.to_string(), |text, (word, plain)| text.replace(word, plain))
}

#[cfg(test)]
mod tests {
    use spikedrive_learners::snn::{self, SnnConfig};
    use spikedrive_learners::{Preset, Schedule};

    use super::*;
    use crate::parameters::parameters;

    /// A preset with these changes, the weakest first.
    fn changed(preset: snn::Preset, assignments: &[&str]) -> Result<SnnConfig, String> {
        let mut overrides = Overrides::default();
        for assignment in assignments {
            overrides.extend(&Source::Flag, [assignment.parse()?]);
        }
        match overrides.apply(preset.config().into())? {
            LearnerConfig::Snn(config) => Ok(config),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_parameter_can_be_set_to_what_it_is() {
        for preset in Preset::all() {
            let config = preset.config();
            for parameter in parameters(&config).unwrap() {
                let text = format!("{}={}", parameter.path.join("."), literal::write(&parameter.value));
                let mut overrides = Overrides::default();
                overrides.extend(&Source::Flag, [text.parse().unwrap()]);
                assert_eq!(overrides.apply(config), Ok(config), "{preset} {text}");
            }
        }
    }

    #[test]
    fn changes_are_made_in_order_and_path_by_path() {
        let stdp = snn::Preset::Stdp.config();
        let set = |assignments: &[&str]| changed(snn::Preset::Stdp, assignments).unwrap();
        let config = set(&["lif={noise_sd=0.5, i_base=0}", "lif.noise_sd=0.25", "ticks=9"]);
        assert_eq!((config.lif.noise_sd, config.lif.i_base, config.ticks), (0.25, 0.0, 9));
        assert_eq!((config.lif.tau_mem_ms, config.code), (stdp.lif.tau_mem_ms, stdp.code));
        assert_eq!(set(&["schedule={kind=fixed}"]).schedule, Schedule::Fixed);
        let decay = ["schedule={kind=\"phase-decay\",gamma=0.98}", "schedule.gamma=0.9"];
        assert_eq!(set(&decay).schedule, Schedule::PhaseDecay { gamma: 0.9 });
        assert_eq!(set(&["schedule.floor=0.5", "schedule={kind=fixed}"]).schedule, Schedule::Fixed);
        let pathway = |assignments: &[&str]| changed(snn::Preset::Pathway, assignments).unwrap().sleep;
        assert_eq!(pathway(&["sleep=none"]), None);
        assert_eq!(pathway(&["sleep.replays=9", "sleep=null"]), None);
        assert_eq!(pathway(&["sleep.replays=9"]).map(|sleep| (sleep.memory, sleep.replays)), Some((3, 9)));
    }

    #[test]
    fn what_is_absent_is_set_part_by_part() {
        let parts = ["sleep.memory=3", "sleep.replays=2", "sleep.homeostasis=on", "plasticity={kind=pre-count}"];
        let config = changed(snn::Preset::Stdp, &parts).unwrap();
        assert_eq!(config.sleep, snn::Preset::Pathway.config().sleep);
    }

    #[test]
    fn any_number_reads_back_to_the_same_bits() {
        // A fixed walk through the magnitudes from 1e-38 to 1e2.
        for k in 0..20_000_u32 {
            let bits = k.wrapping_mul(0x9E37_79B9) % 0x42C8_0000;
            let config = SnnConfig { learning_rate: f32::from_bits(bits), ..snn::Preset::Stdp.config() };
            let all = parameters(&config.into()).unwrap();
            let rate = all.iter().find(|parameter| parameter.path == ["learning_rate"]).unwrap();
            let text = format!("learning_rate={}", literal::write(&rate.value));
            let again = changed(snn::Preset::Stdp, &[&text]).unwrap();
            assert_eq!(again.learning_rate.to_bits(), bits, "{text}");
        }
    }
}
