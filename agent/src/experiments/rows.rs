//! The raw data of an experiment: one row for each run, kept as CSV, so that an interrupted experiment goes on where it was.

use std::io::{self, Write};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::outcome::Outcome;
use crate::failure::Failure;
use crate::files::write_whole;

/// One run: a condition and a seed, from nothing to its test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What is compared: a preset, or one with changes.
    #[serde(alias = "preset")]
    pub condition: String,
    /// Seed.
    pub seed: u64,
    /// Hash of network, rule, world and length of the run: a row of another experiment is not taken for one of this.
    pub config_hash: String,
    /// Training episodes.
    pub episodes: usize,
    /// Training steps.
    pub env_steps: usize,
    /// Training episodes that crashed.
    pub training_crashes: usize,
    /// Training episodes to 90 %; empty if never.
    pub episodes_to_90: Option<usize>,
    /// Training steps to 90 %.
    pub env_steps_to_90: Option<usize>,
    /// Training episodes to 95 %.
    pub episodes_to_95: Option<usize>,
    /// Training steps to 95 %.
    pub env_steps_to_95: Option<usize>,
    /// Training episodes to 98 %.
    pub episodes_to_98: Option<usize>,
    /// Training steps to 98 %.
    pub env_steps_to_98: Option<usize>,
    /// Mean return over the 50 test tracks of phase 4, horizon 100.
    pub return_h100: f64,
    /// The worst of them.
    pub min_h100: f64,
    /// Share of them that crashed.
    pub crash_rate_h100: f64,
    /// The same with horizon 140.
    pub return_h140: f64,
    /// The worst of them.
    pub min_h140: f64,
    /// Share of them that crashed.
    pub crash_rate_h140: f64,
}

/// One evaluation on the way: a point of a learning curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// What is compared.
    #[serde(alias = "preset")]
    pub condition: String,
    /// Seed.
    pub seed: u64,
    /// Training episodes.
    pub episode: usize,
    /// Mean return on the validation tracks.
    #[serde(rename = "return")]
    pub mean: f64,
}

impl Row {
    /// The row of a finished run.
    pub fn of(outcome: &Outcome, condition: &str, seed: u64, config_hash: &str) -> Self {
        let Outcome { episodes, env_steps, training_crashes, milestones, scores: [h100, h140], .. } = outcome;
        let [episodes_to_90, episodes_to_95, episodes_to_98] = milestones.episodes_to;
        let [env_steps_to_90, env_steps_to_95, env_steps_to_98] = milestones.env_steps_to;
        Self {
            condition: condition.to_owned(),
            seed,
            config_hash: config_hash.to_owned(),
            episodes: *episodes,
            env_steps: *env_steps,
            training_crashes: *training_crashes,
            episodes_to_90,
            env_steps_to_90,
            episodes_to_95,
            env_steps_to_95,
            episodes_to_98,
            env_steps_to_98,
            return_h100: h100.mean,
            min_h100: h100.min,
            crash_rate_h100: h100.crash_rate,
            return_h140: h140.mean,
            min_h140: h140.min,
            crash_rate_h140: h140.crash_rate,
        }
    }
}

/// The rows of a file; none where there is no file. A file of another form is refused, for it would be written over.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, Failure> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let refused = |why: String| {
        let error = io::Error::other(format!("it holds no rows of this form ({why}): move it away"));
        Failure::Read { path: path.to_owned(), error }
    };
    let rows = csv::Reader::from_path(path).and_then(|mut reader| reader.deserialize().collect::<Result<Vec<T>, _>>());
    let rows = rows.map_err(|error| refused(error.to_string()))?;
    // A header alone was never written here: without rows a file is empty.
    let is_empty = std::fs::metadata(path).is_ok_and(|file| file.len() == 0);
    if rows.is_empty() && !is_empty { Err(refused("a first line and no more".to_owned())) } else { Ok(rows) }
}

/// Writes all rows, whole or not at all.
pub fn write<T: Serialize>(path: &Path, rows: &[T]) -> Result<(), Failure> {
    write_whole(path, |file| {
        let mut writer = csv::Writer::from_writer(file);
        rows.iter().try_for_each(|row| writer.serialize(row)).map_err(io::Error::other)?;
        writer.flush()
    })
}

/// Writes a text, whole or not at all.
pub fn write_text(path: &Path, text: &str) -> Result<(), Failure> {
    write_whole(path, |file| file.write_all(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn rows_survive_the_disk_and_other_files_are_no_rows() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.csv");
        assert_eq!(read::<Point>(&path).unwrap(), []);
        let points = [Point { condition: "stdp".to_owned(), seed: 7, episode: 5, mean: 0.1 + 0.2 }];
        write(&path, &points).unwrap();
        assert_eq!(read::<Point>(&path).unwrap(), points);
        let refusal = read::<Row>(&path).unwrap_err().to_string();
        assert!(refusal.starts_with("cannot read ") && refusal.ends_with("move it away"), "{refusal}");
        for (text, is_refused) in [("garbage", true), ("condition,seed,episode,return\n", true), ("", false)] {
            fs::write(&path, text).unwrap();
            assert_eq!(read::<Point>(&path).is_err(), is_refused, "{text:?}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        let older = "preset,seed,episode,return\nstdp,7,5,0.5\n";
        fs::write(&path, older).unwrap();
        assert_eq!(read::<Point>(&path).unwrap()[0].condition, "stdp");
    }
}
