//! A run's directory: `run.json`, `episodes.jsonl`, `summary.json`, `weights/` and `tb/`. It is the source of truth.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use spikedrive_env::{ENVIRONMENT_ID, Phase, WorldOptions};
use spikedrive_learners::{LearnerConfig, Preset};

use crate::checkpoint::{self, Sidecar, WeightsError, config_hash, read_sidecar};
use crate::failure::Failure;
use crate::files::{create_directory, read_text, sorted_entries, write_whole};
use crate::report::note;
use crate::tensorboard::EventWriter;
use crate::train::{EVAL_EVERY, EpisodeRecord, TrainConfig, TrainSink, Trainer};

/// Version of the formats of `run.json`, `episodes.jsonl` and `summary.json`.
pub const SCHEMA_VERSION: u32 = 1;

/// Directory that holds the runs when nobody names another.
pub const DEFAULT_RUNS: &str = "runs";

/// `last.npy` is renewed after this many episodes, or after [`SAVE_INTERVAL`].
const SAVE_EVERY: usize = 50;
/// The longest that a killed run forgets.
const SAVE_INTERVAL: Duration = Duration::from_secs(2);

/// What a run is: `run.json`, written when it starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Version of this format.
    pub schema_version: u32,
    /// When it started, UTC, as in the name of its directory.
    pub started_at: String,
    /// Version of the agent.
    pub version: String,
    /// The world.
    pub environment_id: String,
    /// Preset.
    pub preset: String,
    /// What is taught.
    pub lesson: String,
    /// Number of training episodes.
    pub episodes: usize,
    /// Seed.
    pub seed: u64,
    /// Steps of an episode.
    pub horizon: usize,
    /// Episodes between two evaluations.
    pub eval_every: usize,
    /// Server that it drives on, or `embedded`.
    pub server: String,
    /// What differs from the base task.
    pub world: WorldOptions,
    /// Hash of `config`.
    pub config_hash: String,
    /// Network and learning rule.
    pub config: LearnerConfig,
}

impl RunInfo {
    /// Describes a run that starts now.
    pub fn new(preset: Preset, config: &TrainConfig, server: &str) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            started_at: Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            environment_id: ENVIRONMENT_ID.to_owned(),
            preset: preset.name().to_owned(),
            lesson: config.lesson.to_string(),
            episodes: config.episodes,
            seed: config.seed,
            horizon: config.horizon,
            eval_every: EVAL_EVERY,
            server: server.to_owned(),
            world: config.world,
            config_hash: config_hash(&config.learner),
            config: config.learner,
        }
    }
}

/// Writes a run's directory while the run goes on.
#[derive(Debug)]
pub struct RunRecorder {
    directory: PathBuf,
    info: RunInfo,
    episodes: File,
    events: EventWriter,
    best: Option<f64>,
    saved_at: Instant,
}

impl RunRecorder {
    /// Makes the directory: `out`, which must be empty or absent, or `runs/<utc>-<preset>-s<seed>`.
    pub fn create(out: Option<&Path>, runs: &Path, info: RunInfo) -> Result<Self, Failure> {
        let directory = match out {
            Some(out) => empty_directory(out)?,
            None => new_directory(runs, &format!("{}-{}-s{}", info.started_at, info.preset, info.seed))?,
        };
        create_directory(&directory.join("weights"))?;
        create_directory(&directory.join("tb"))?;
        write_json(&directory.join("run.json"), &info)?;
        let log = directory.join("episodes.jsonl");
        let episodes = OpenOptions::new().create_new(true).append(true).open(&log);
        let episodes = episodes.map_err(|error| Failure::Write { path: log, error })?;
        let events = EventWriter::create(&directory.join("tb"))?;
        Ok(Self { directory, info, episodes, events, best: None, saved_at: Instant::now() })
    }

    /// Where the run is kept.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Renews `weights/last.npy`.
    pub fn save_last(&mut self, trainer: &Trainer) -> Result<(), Failure> {
        self.saved_at = Instant::now();
        self.save("last", trainer, None)
    }

    /// Writes `summary.json`: the run is finished.
    pub fn write_summary(&self, summary: &impl Serialize) -> Result<(), Failure> {
        write_json(&self.directory.join("summary.json"), summary)
    }

    fn save(&self, name: &str, trainer: &Trainer, evaluation_return: Option<f64>) -> Result<(), Failure> {
        let learner = trainer.learner();
        let RunInfo { preset, seed, world, .. } = &self.info;
        let sidecar = Sidecar::of(learner, preset, *seed, *world, evaluation_return);
        checkpoint::save(
            &self.directory.join("weights").join(format!("{name}.npy")),
            learner.policy().weights(),
            &sidecar,
        )
    }

    fn append(&mut self, record: &EpisodeRecord) -> Result<(), Failure> {
        let line = serde_json::to_string(record).map_err(io::Error::other).map(|json| json + "\n");
        let written = line.and_then(|line| self.episodes.write_all(line.as_bytes()));
        written.map_err(|error| Failure::Write { path: self.directory.join("episodes.jsonl"), error })?;
        self.events.episode(record).map_err(|error| Failure::Write { path: self.directory.join("tb"), error })
    }
}

impl TrainSink for RunRecorder {
    /// Logs the episode; keeps each new best as a file of its own (one of the same tenth of a point replaces the one before);
    /// renews `last.npy` now and then.
    fn episode(&mut self, record: &EpisodeRecord, trainer: &Trainer) -> Result<(), Failure> {
        self.append(record)?;
        if let Some(evaluation) = record.evaluation
            && self.best.is_none_or(|best| evaluation.mean > best)
        {
            self.best = Some(evaluation.mean);
            let name = format!("weights_reward{:.1}_{}", evaluation.mean, self.info.started_at);
            self.save(&name, trainer, Some(evaluation.mean))?;
        }
        if record.episode.is_multiple_of(SAVE_EVERY) || self.saved_at.elapsed() >= SAVE_INTERVAL {
            self.save_last(trainer)?;
        }
        Ok(())
    }

    fn phase_entered(&mut self, _phase: Phase, _episode: usize) {}
}

/// A run found on disk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FoundRun {
    /// Its directory.
    pub directory: PathBuf,
    /// `run.json`.
    pub info: RunInfo,
    /// Episodes in its log.
    pub episodes_done: usize,
    /// Whether it has a summary.
    pub finished: bool,
    /// Its weight files, best first, `last.npy` last.
    pub weights: Vec<FoundWeights>,
}

/// A weight file found on disk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FoundWeights {
    /// The `.npy` file.
    pub path: PathBuf,
    /// Training episodes behind it.
    pub episode: usize,
    /// Mean return of the evaluation that made it a new best; none for `last.npy`.
    pub evaluation_return: Option<f64>,
}

/// The runs below a directory, oldest first. What is no run is passed over.
pub fn find_runs(runs: &Path) -> Result<Vec<FoundRun>, Failure> {
    let mut found: Vec<FoundRun> =
        sorted_entries(runs)?.iter().filter_map(|directory| open_run(directory).ok()).collect();
    found.sort_by(|a, b| (&a.info.started_at, &a.directory).cmp(&(&b.info.started_at, &b.directory)));
    Ok(found)
}

/// Reads what a run's directory holds.
pub fn open_run(directory: &Path) -> Result<FoundRun, Failure> {
    let path = directory.join("run.json");
    let info: RunInfo = serde_json::from_str(&read_text(&path)?)
        .map_err(|error| Failure::Read { path: path.clone(), error: error.into() })?;
    if info.schema_version != SCHEMA_VERSION {
        let reason = format!("schema_version {} is not {SCHEMA_VERSION}", info.schema_version);
        return Err(Failure::Read { path, error: io::Error::other(reason) });
    }
    // A line without its end is a record that was torn when the run was killed.
    let episodes_done =
        fs::read(directory.join("episodes.jsonl")).map_or(0, |log| log.iter().filter(|&&byte| byte == b'\n').count());
    let finished = directory.join("summary.json").is_file();
    Ok(FoundRun { directory: directory.to_owned(), info, episodes_done, finished, weights: find_weights(directory)? })
}

/// The weights of a run, best first.
fn find_weights(directory: &Path) -> Result<Vec<FoundWeights>, Failure> {
    let is_npy = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "npy");
    let paths = sorted_entries(&directory.join("weights"))?.into_iter().filter(is_npy);
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

/// The weight file that a user means: a `.npy` file itself, the best of a run's directory, or the best of the newest run.
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

fn empty_directory(out: &Path) -> Result<PathBuf, Failure> {
    create_directory(out)?;
    if sorted_entries(out)?.is_empty() {
        Ok(out.to_owned())
    } else {
        Err(Failure::Write { path: out.to_owned(), error: io::Error::other("the directory is not empty") })
    }
}

/// Two runs of the same second get different directories.
fn new_directory(runs: &Path, name: &str) -> Result<PathBuf, Failure> {
    create_directory(runs)?;
    let names = std::iter::once(name.to_owned()).chain((2..1000).map(|k| format!("{name}-{k}")));
    for path in names.map(|name| runs.join(name)) {
        match fs::create_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| path.clone()).map_err(|error| Failure::Write { path, error }),
        }
    }
    Err(Failure::System(format!("there are a thousand runs named {name} in {}", runs.display())))
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Failure> {
    write_whole(path, |file| {
        serde_json::to_writer_pretty(&mut *file, value).map_err(io::Error::other)?;
        file.write_all(b"\n")
    })
}
