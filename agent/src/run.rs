//! One run, from its first episode, or from where it was broken off, to its summary.

use std::path::{Path, PathBuf};

use spikedrive_env::Phase;
use spikedrive_proto::client::Target;

use crate::checkpoint::file_name;
use crate::env::RemoteFactory;
use crate::evaluate::{EpisodeResult, Evaluator, Trace};
use crate::failure::Failure;
use crate::files::read_json;
use crate::report::{Reporter, note};
use crate::round::Onlooker;
use crate::run_dir::{RunInfo, RunRecorder};
use crate::stop::StopFlag;
use crate::summary::Summary;
use crate::train::{EpisodeRecord, TrainConfig, TrainSink, Trainer};
use crate::watcher::{Onlookers, Watcher};

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
    pub server: Target,
    /// Threads that evaluations use.
    pub threads: usize,
    /// What is shown of it.
    pub watch: Watch,
    /// Who may look at its steps.
    pub onlookers: Onlookers,
}

impl Run {
    /// Trains over gRPC. Whatever ends the training, all that it needs to go on stays on disk.
    pub fn perform(self, stop: &StopFlag) -> Result<Summary, Failure> {
        self.perform_and(stop, |_, _, _| Ok(()))
    }

    /// The same; when the run is finished, `then` has the trained network and those who look at it. Whatever becomes of that, the run
    /// is told as finished; a user who interrupts it has seen enough.
    pub fn perform_and(
        self,
        stop: &StopFlag,
        then: impl FnOnce(&Summary, &Trainer, Option<&mut Watcher>) -> Result<(), Failure>,
    ) -> Result<Summary, Failure> {
        let Self { info, place, server, threads, watch, onlookers } = self;
        let TrainConfig { episodes, lesson, seed, .. } = info.train;
        let preset = info.preset.clone();
        let factory = RemoteFactory::connect_until(&server, stop)?;
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
        let watcher = match &onlookers {
            Onlookers { dashboard: None, recordings: false } => None,
            _ => Some(Watcher::start(onlookers, recorder.directory(), &trainer)?),
        };
        let mut sinks = Sinks { recorder, reporter, watcher };
        let trained = trainer.run(&mut sinks);
        if let Some(reporter) = &sinks.reporter {
            reporter.finish();
        }
        let saved = sinks.recorder.save_last(&trainer);
        let is_kept = saved.is_ok();
        let finished = trained.and_then(|()| {
            saved?;
            let summary = sinks.summary(&trainer, &preset, &run)?;
            sinks.recorder.write_summary(&summary)?;
            Ok(summary)
        });
        let finished = finished.inspect_err(|_| {
            if is_kept {
                note(stopped(&trainer, &run));
            }
        })?;
        let shown = then(&finished, &trainer, sinks.watcher.as_mut());
        if let Some(watcher) = sinks.watcher.take() {
            watcher.finish();
        }
        match shown {
            Err(failure) if !failure.is_interruption() => Err(failure),
            _ => Ok(finished),
        }
    }
}

fn stopped(trainer: &Trainer, run: &str) -> String {
    let last = Path::new(run).join("weights").join(file_name("last", &trainer.config().learner));
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
    watcher: Option<Watcher>,
}

impl Sinks {
    /// Tests the trained network. Who looks at the run keeps what it drives.
    fn summary(&self, trainer: &Trainer, preset: &str, run: &str) -> Result<Summary, Failure> {
        let Some(watcher) = self.watcher.as_ref().filter(|watcher| watcher.wants_ghosts()) else {
            return Summary::of(trainer, preset, run, &Phase::ALL);
        };
        let episode = trainer.learner().episode();
        let mut look = |phase: Phase, results: &[EpisodeResult], traces: &[Trace]| {
            watcher.ghosts(episode, phase, results, traces);
        };
        Summary::shown(trainer, preset, run, &Phase::ALL, Some(&mut look))
    }
}

impl TrainSink for Sinks {
    fn episode(&mut self, record: &EpisodeRecord, trainer: &Trainer) -> Result<(), Failure> {
        if let Some(reporter) = &mut self.reporter {
            reporter.episode(record, trainer)?;
        }
        self.recorder.episode(record, trainer)?;
        if let Some(watcher) = &mut self.watcher {
            watcher.episode_over(record);
        }
        Ok(())
    }

    fn phase_entered(&mut self, phase: Phase, episode: usize) {
        if let Some(reporter) = &mut self.reporter {
            reporter.phase_entered(phase, episode);
        }
    }

    fn onlooker(&mut self) -> Option<&mut dyn Onlooker> {
        self.watcher.as_mut().map(|watcher| watcher as &mut dyn Onlooker)
    }

    fn round_over(&mut self, trainer: &Trainer) -> Result<(), Failure> {
        self.recorder.round_over(trainer)
    }
}
