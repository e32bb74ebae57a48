//! Writes a run's directory while the run goes on.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::RunInfo;
use super::log::EpisodeLog;
use super::state::{self, SavedState};
use crate::checkpoint::{self, Sidecar};
use crate::failure::Failure;
use crate::files::{create_directory, sorted_entries, write_whole};
use crate::summary::Summary;
use crate::tensorboard::EventWriter;
use crate::train::{EpisodeRecord, TrainSink, TrainState, Trainer};

/// `last.npy` and `state.cbor` are renewed after this many episodes, or after [`SAVE_INTERVAL`].
const SAVE_EVERY: usize = 50;
/// The longest that a killed run forgets.
const SAVE_INTERVAL: Duration = Duration::from_secs(2);

/// Writes a run's directory while the run goes on. Nobody else can meanwhile.
#[derive(Debug)]
pub struct RunRecorder {
    directory: PathBuf,
    info: RunInfo,
    episodes: EpisodeLog,
    events: EventWriter,
    best: Option<f64>,
    saved_at: Instant,
    /// Episodes finished when it was saved last.
    saved_episode: usize,
}

impl RunRecorder {
    /// Makes the directory: `out`, which must be empty or absent, or `runs/<utc>-<preset>-s<seed>`.
    pub fn create(out: Option<&Path>, runs: &Path, info: RunInfo) -> Result<Self, Failure> {
        let directory = match out {
            Some(out) => empty_directory(out)?,
            None => new_directory(runs, &format!("{}-{}-s{}", info.started_at, info.preset, info.train.seed))?,
        };
        create_directory(&directory.join("weights"))?;
        create_directory(&directory.join("tb"))?;
        write_json(&directory.join("run.json"), &info)?;
        let episodes = EpisodeLog::create(&directory.join("episodes.jsonl"))?;
        let events = EventWriter::create(&directory.join("tb"))?;
        Ok(Self { directory, info, episodes, events, best: None, saved_at: Instant::now(), saved_episode: 0 })
    }

    /// Goes on with a run that was broken off: from the state that was saved last, or from the beginning if none was. What was
    /// logged after that state is dropped, since it will be lived again.
    pub fn resume(directory: &Path, info: RunInfo) -> Result<(Self, Option<TrainState>), Failure> {
        let episodes = EpisodeLog::open(&directory.join("episodes.jsonl"))?;
        let (train, episode, best) = match state::read(directory)? {
            Some(SavedState { train, episode, best }) => (Some(train), episode, best),
            None => (None, 0, None),
        };
        create_directory(&directory.join("weights"))?;
        create_directory(&directory.join("tb"))?;
        let recorder = Self {
            directory: directory.to_owned(),
            info,
            episodes: episodes.cut_after(episode)?,
            events: EventWriter::resume(&directory.join("tb"), episode)?,
            best,
            saved_at: Instant::now(),
            saved_episode: episode,
        };
        Ok((recorder, train))
    }

    /// Where the run is kept.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Mean return of the best evaluation so far.
    pub fn best(&self) -> Option<f64> {
        self.best
    }

    /// Renews `weights/last.npy`, and `state.cbor` unless the trainer was interrupted within a round.
    pub fn save_last(&mut self, trainer: &Trainer) -> Result<(), Failure> {
        self.saved_at = Instant::now();
        self.saved_episode = trainer.learner().episode();
        self.save("last", trainer, None)?;
        let Some(train) = trainer.state() else { return Ok(()) };
        // A state never counts more episodes than the log.
        self.episodes.sync()?;
        state::write(&self.directory, &SavedState { train, episode: self.saved_episode, best: self.best })
    }

    /// Writes `summary.json`: the run is finished.
    pub fn write_summary(&self, summary: &Summary) -> Result<(), Failure> {
        write_json(&self.directory.join("summary.json"), summary)
    }

    fn save(&self, name: &str, trainer: &Trainer, evaluation_return: Option<f64>) -> Result<(), Failure> {
        let learner = trainer.learner();
        let RunInfo { preset, train, .. } = &self.info;
        let sidecar = Sidecar::of(learner, preset, train.seed, train.world, evaluation_return);
        checkpoint::save(
            &self.directory.join("weights").join(checkpoint::file_name(name, &learner.config())),
            &learner.policy().arrays(),
            &sidecar,
        )
    }
}

impl TrainSink for RunRecorder {
    /// Logs the episode; keeps each new best as a file of its own (one of the same tenth of a point replaces the one before).
    fn episode(&mut self, record: &EpisodeRecord, trainer: &Trainer) -> Result<(), Failure> {
        self.episodes.append(record)?;
        let written = self.events.episode(record);
        written.map_err(|error| Failure::Write { path: self.directory.join("tb"), error })?;
        if let Some(evaluation) = record.evaluation
            && self.best.is_none_or(|best| evaluation.mean > best)
        {
            self.best = Some(evaluation.mean);
            let name = format!("weights_reward{:.1}_{}", evaluation.mean, self.info.started_at);
            self.save(&name, trainer, Some(evaluation.mean))?;
        }
        Ok(())
    }

    /// Saves now and then what a resumed run goes on from.
    fn round_over(&mut self, trainer: &Trainer) -> Result<(), Failure> {
        let is_due = trainer.learner().episode() / SAVE_EVERY > self.saved_episode / SAVE_EVERY;
        if is_due || self.saved_at.elapsed() >= SAVE_INTERVAL { self.save_last(trainer) } else { Ok(()) }
    }
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
