//! One run, from its first episode, or from where it was broken off, to its summary.

use std::path::{Path, PathBuf};

use spikedrive_env::Phase;
use spikedrive_proto::address::Address;

use crate::env::RemoteFactory;
use crate::evaluate::Evaluator;
use crate::failure::Failure;
use crate::files::read_json;
use crate::report::{Reporter, note};
use crate::run_dir::{RunInfo, RunRecorder};
use crate::stop::StopFlag;
use crate::summary::Summary;
use crate::train::{EpisodeRecord, TrainConfig, TrainSink, Trainer};

/// Where a run is kept.
#[derive(Clone, Debug)]
pub enum Place {
    /// In a directory of its own below this one.
    Below(PathBuf),
    /// In this directory, which must be empty or absent.
    In(PathBuf),
    /// In this directory, where it was broken off.
    Resumed(PathBuf),
}

/// Who watches a run on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// A person, who wants to see how it goes.
    Closely,
    /// Nobody: other runs go on at the same time.
    FromAfar,
}

/// A run that is to be made.
#[derive(Clone, Debug)]
pub struct Run {
    /// What it is.
    pub info: RunInfo,
    /// Where it is kept.
    pub place: Place,
    /// The server that it drives on.
    pub address: Address,
    /// Threads that evaluations use.
    pub threads: usize,
    /// What is shown of it.
    pub watch: Watch,
}

impl Run {
    /// Trains over gRPC. Whatever ends the training, all that it needs to go on stays on disk.
    pub fn perform(self, stop: &StopFlag) -> Result<Summary, Failure> {
        let Self { info, place, address, threads, watch } = self;
        let TrainConfig { episodes, lesson, seed, .. } = info.train;
        let preset = info.preset.clone();
        let factory = RemoteFactory::connect_until(&address, stop)?;
        let evaluator = Evaluator::new(threads)?;
        let mut trainer = Trainer::new(info.train, &factory, &evaluator, stop)?;
        let recorder = match &place {
            Place::Below(runs) => RunRecorder::create(None, runs, info)?,
            Place::In(directory) => RunRecorder::create(Some(directory), Path::new(""), info)?,
            Place::Resumed(directory) => {
                let (recorder, state) = RunRecorder::resume(directory, info)?;
                if let Some(state) = state {
                    trainer = trainer.resume(state)?;
                }
                recorder
            }
        };
        let run = recorder.directory().display().to_string();
        let reporter = (watch == Watch::Closely).then(|| {
            note(match &place {
                Place::Resumed(_) => format!("going on after {} of {episodes} episodes", trainer.learner().episode()),
                _ => format!("training {episodes} episodes: preset {preset}, {lesson}, seed {seed}"),
            });
            note(format!("run in {run}"));
            Reporter::new(episodes, &trainer, recorder.best())
        });
        let mut sinks = Sinks { recorder, reporter };
        let trained = trainer.run(&mut sinks);
        if let Some(reporter) = &sinks.reporter {
            reporter.finish();
        }
        let saved = sinks.recorder.save_last(&trainer);
        let is_kept = saved.is_ok();
        let finished = trained.and_then(|()| {
            saved?;
            let summary = Summary::of(&trainer, &preset, &run, &Phase::ALL)?;
            sinks.recorder.write_summary(&summary)?;
            Ok(summary)
        });
        finished.inspect_err(|_| {
            if is_kept {
                note(stopped(&trainer, &run));
            }
        })
    }
}

fn stopped(trainer: &Trainer, run: &str) -> String {
    let last = Path::new(run).join("weights").join("last.npy");
    let episodes = trainer.learner().episode();
    format!(
        "stopped after {episodes} episodes; the network is kept in {}; go on with `train --resume {run}`",
        last.display()
    )
}

/// The summary of a run that is finished.
pub fn finished_summary(directory: &Path) -> Result<Option<Summary>, Failure> {
    let path = directory.join("summary.json");
    if path.is_file() { read_json(&path).map(Some) } else { Ok(None) }
}

/// Files and screen follow the same run.
struct Sinks {
    recorder: RunRecorder,
    reporter: Option<Reporter>,
}

impl TrainSink for Sinks {
    fn episode(&mut self, record: &EpisodeRecord, trainer: &Trainer) -> Result<(), Failure> {
        if let Some(reporter) = &mut self.reporter {
            reporter.episode(record, trainer)?;
        }
        self.recorder.episode(record, trainer)
    }

    fn phase_entered(&mut self, phase: Phase, episode: usize) {
        if let Some(reporter) = &mut self.reporter {
            reporter.phase_entered(phase, episode);
        }
    }

    fn round_over(&mut self, trainer: &Trainer) -> Result<(), Failure> {
        self.recorder.round_over(trainer)
    }
}
