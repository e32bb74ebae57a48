//! Runs that are found on disk, and their weights.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{RunInfo, SCHEMA_VERSION};
use crate::checkpoint::{Sidecar, WeightsError, read_sidecar};
use crate::failure::Failure;
use crate::files::{read_json, sorted_entries};
use crate::lesson::Lesson;
use crate::numpy::{NPY, NPZ};
use crate::report::note;

/// A run found on disk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FoundRun<Info = RunInfo> {
    /// Its directory.
    pub directory: PathBuf,
    /// `run.json`.
    pub info: Info,
    /// Episodes in its log.
    pub episodes_done: usize,
    /// Whether it has a summary.
    pub finished: bool,
    /// Its weight files, best first, the last network last.
    pub weights: Vec<FoundWeights>,
}

/// A weight file found on disk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FoundWeights {
    /// The `.npy` or `.npz` file.
    pub path: PathBuf,
    /// Training episodes behind it.
    pub episode: usize,
    /// Mean return of the evaluation that made it a new best; none for the last network.
    pub evaluation_return: Option<f64>,
}

/// What every `run.json` says, whoever wrote it: this program, the Python package or another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunHead {
    /// When it started, UTC.
    pub started_at: String,
    /// Name of the agent.
    pub preset: String,
    /// What it is taught, if it says so.
    pub lesson: Option<Lesson>,
    /// Seed.
    pub seed: u64,
    /// Training episodes that are planned.
    pub episodes: usize,
    /// Everything else.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The runs below a directory, oldest first. What is no run is passed over.
pub fn find_runs(runs: &Path) -> Result<Vec<FoundRun<RunHead>>, Failure> {
    let mut found: Vec<FoundRun<RunHead>> =
        sorted_entries(runs)?.iter().filter_map(|directory| open(directory).ok()).collect();
    // 2026-01-31T23:59:59Z and 20260131T235959Z are the same time.
    let time = |run: &FoundRun<RunHead>| -> String { run.info.started_at.matches(char::is_alphanumeric).collect() };
    found.sort_by_cached_key(|run| (time(run), run.directory.clone()));
    Ok(found)
}

/// Reads what the directory of a run of this program holds.
pub fn open_run(directory: &Path) -> Result<FoundRun, Failure> {
    open(directory)
}

fn open<Info: DeserializeOwned>(directory: &Path) -> Result<FoundRun<Info>, Failure> {
    let path = directory.join("run.json");
    let file: Value = read_json(&path)?;
    let bad = |path, reason: String| Failure::Read { path, error: io::Error::other(reason) };
    match &file["schema_version"] {
        version if *version == SCHEMA_VERSION => (),
        version => return Err(bad(path, format!("schema_version {version} is not {SCHEMA_VERSION}"))),
    }
    let info = serde_json::from_value(file).map_err(|error| bad(path, error.to_string()))?;
    // A line without its end is a record that was torn when the run was killed.
    let episodes_done =
        fs::read(directory.join("episodes.jsonl")).map_or(0, |log| log.iter().filter(|&&byte| byte == b'\n').count());
    let finished = directory.join("summary.json").is_file();
    Ok(FoundRun { directory: directory.to_owned(), info, episodes_done, finished, weights: find_weights(directory)? })
}

/// The weights of a run, best first.
fn find_weights(directory: &Path) -> Result<Vec<FoundWeights>, Failure> {
    let is_kept = |path: &PathBuf| path.extension().is_some_and(|extension| extension == NPY || extension == NPZ);
    let paths = sorted_entries(&directory.join("weights"))?.into_iter().filter(is_kept);
    let found = |path: PathBuf| match read_sidecar(&path) {
        Ok(Sidecar { episode, evaluation_return, .. }) => Some(FoundWeights { path, episode, evaluation_return }),
        Err(error) => {
            note(format!("warning: {} is passed over: {error}", path.display()));
            None
        }
    };
    let mut weights: Vec<FoundWeights> = paths.filter_map(found).collect();
    let score = |weights: &FoundWeights| weights.evaluation_return.unwrap_or(f64::NEG_INFINITY);
    weights.sort_by(|a, b| score(b).total_cmp(&score(a)));
    Ok(weights)
}

/// The weight file that a user means: a weight file itself, the best of a run's directory, or the best of the newest run.
pub fn resolve_weights(given: Option<&Path>, runs: &Path) -> Result<PathBuf, Failure> {
    let best_of =
        |directory: &Path| Ok::<_, Failure>(find_weights(directory)?.first().map(|weights| weights.path.clone()));
    let best = match given {
        Some(file) if !file.is_dir() => return Ok(file.to_owned()),
        Some(directory) => best_of(directory)?,
        None => find_runs(runs)?.iter().rev().find_map(|run| run.weights.first()).map(|weights| weights.path.clone()),
    };
    best.ok_or_else(|| WeightsError::NoWeights { path: given.unwrap_or(runs).to_owned() }.into())
}
