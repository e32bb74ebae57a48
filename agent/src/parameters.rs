//! A configuration as a tree of parameters, each at a path such as `lif.noise_sd`: the form that it has in files.

use std::str::FromStr;

use serde::Serialize;
use serde_json::{Map, Value};
use spikedrive_learners::LearnerConfig;

use crate::literal::{self, KIND, as_parameters};

/// `PATH=VALUE`: a parameter and what it shall be.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// Where the parameter stands, as in `lif.noise_sd`.
    pub path: Vec<String>,
    /// Its value.
    pub value: Value,
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let usage = || format!("{text:?} is no PATH=VALUE: use for instance lif.noise_sd=0.1");
        let (path, value) = text.split_once('=').ok_or_else(usage)?;
        let path: Vec<String> = path.split('.').map(|key| key.trim().to_owned()).collect();
        if path.iter().any(String::is_empty) {
            return Err(usage());
        }
        Ok(Self { path, value: literal::read(value.trim())? })
    }
}

/// Every parameter with its path, tables of a kind as one.
pub fn parameters(config: &LearnerConfig) -> Result<Vec<Assignment>, String> {
    let value = match config {
        LearnerConfig::Snn(config) => serialised(config),
        LearnerConfig::Seed(config) => serialised(config),
        LearnerConfig::Dqn(config) => serialised(config),
        LearnerConfig::Ppo(config) => serialised(config),
    }?;
    let mut parameters = Vec::new();
    flatten(Vec::new(), value, &mut parameters);
    Ok(parameters)
}

/// Takes a table of parameters apart.
pub(crate) fn flatten(path: Vec<String>, value: Value, parameters: &mut Vec<Assignment>) {
    match value {
        Value::Object(table) if !table.contains_key(KIND) => {
            for (key, value) in table {
                flatten(path.iter().cloned().chain([key]).collect(), value, parameters);
            }
        }
        value => parameters.push(Assignment { path, value }),
    }
}

/// A configuration as a table, its numbers as short as they can be: 0.2 for the `f32` that is nearest to it.
pub(crate) fn serialised(config: &impl Serialize) -> Result<Value, String> {
    serde_json::to_string(config).and_then(|text| serde_json::from_str(&text)).map_err(|error| error.to_string())
}

/// The beginning of a path that the preset has as one parameter.
pub(crate) fn parameter_of<'a>(base: &Value, path: &'a [String]) -> &'a [String] {
    let mut at = base;
    for (depth, key) in path.iter().enumerate() {
        match as_parameters(at).and_then(|table| table.get(key)) {
            Some(next) => at = next,
            None => return &path[..depth],
        }
    }
    path
}

/// The value at a path.
pub(crate) fn get<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |at, key| at.get(key))
}

/// Checks that the preset has a parameter at a path, or may have one: the parameters of what is absent, or of another kind, show
/// only when the whole is read.
pub(crate) fn check_path(base: &Value, path: &[String]) -> Result<(), String> {
    let known = parameter_of(base, path);
    match get(base, known) {
        _ if known.len() == path.len() => Ok(()),
        Some(Value::Object(table)) if !table.contains_key(KIND) => Err(unknown(&path[..=known.len()], Some(table))),
        Some(Value::Object(_) | Value::Null) => Ok(()),
        _ => Err(format!("{} is unknown: {} is a single value", path.join("."), known.join("."))),
    }
}

/// Puts a value in its place. What is no table becomes one when a parameter of it is set.
pub(crate) fn put(root: &mut Value, path: &[String], value: Value) {
    let mut at = root;
    for key in path {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at = &mut at[key.as_str()];
    }
    *at = value;
}

/// Says which parameters there are in the place of one that there is not.
pub(crate) fn unknown(path: &[String], known: Option<&Map<String, Value>>) -> String {
    let keys: Vec<&str> = known.into_iter().flat_map(Map::keys).map(String::as_str).collect();
    let name = path.join(".");
    match path {
        [] | [_] => format!("{name} is unknown: use {}", keys.join(", ")),
        [parents @ .., _] if keys.is_empty() => format!("{name} is unknown: {} is none", parents.join(".")),
        [parents @ .., _] => format!("{name} is unknown: {} has {}", parents.join("."), keys.join(", ")),
    }
}
