//! `spikedrive up` and `spikedrive train`: from a blank network to a driver.

use std::path::Path;

use spikedrive_env::Phase;
use spikedrive_proto::DEFAULT_ADDRESS;
use spikedrive_proto::address::Address;

use crate::cli::{LearnArgs, TrainArgs, UpArgs};
use crate::embedded::EmbeddedServer;
use crate::env::RemoteFactory;
use crate::evaluate::Evaluator;
use crate::failure::Failure;
use crate::report::{self, Reporter, note, program, say};
use crate::run_dir::{DEFAULT_RUNS, RunInfo, RunRecorder};
use crate::stop::StopFlag;
use crate::summary::Summary;
use crate::train::{EpisodeRecord, TrainConfig, TrainSink, Trainer};

/// Starts the server, trains on it, shows what came out and what to do next.
pub fn up(args: &UpArgs, stop: &StopFlag) -> Result<(), Failure> {
    let server = match &args.listen {
        Some(listen) => EmbeddedServer::on(listen)?,
        None => EmbeddedServer::on_port_from(default_port())?,
    };
    let address = server.address()?;
    note(format!("environment server listens on {address}"));
    let config = args.learn.train_config()?;
    let summary = train_on(&args.learn, config, &address, &address.to_string(), stop)?;
    say(report::table(&summary, &config));
    say(next_commands(Path::new(&summary.run)));
    Ok(())
}

/// Trains, on a server of its own or on a given one.
pub fn train(args: &TrainArgs, stop: &StopFlag) -> Result<(), Failure> {
    let (_server, address, name) = match &args.server {
        Some(address) => (None, address.clone(), address.to_string()),
        None => {
            let server = EmbeddedServer::on_free_port()?;
            let address = server.address()?;
            (Some(server), address, "embedded".to_owned())
        }
    };
    let config = args.learn.train_config()?;
    let summary = train_on(&args.learn, config, &address, &name, stop)?;
    if args.json {
        say(serde_json::to_string_pretty(&summary).map_err(|error| Failure::System(error.to_string()))?);
    } else {
        say(report::table(&summary, &config));
        say(format!("run saved in {}", summary.run));
    }
    Ok(())
}

/// Trains over gRPC into a new run directory. Whatever ends the training, the network as it then is stays on disk.
fn train_on(
    learn: &LearnArgs,
    config: TrainConfig,
    address: &Address,
    server: &str,
    stop: &StopFlag,
) -> Result<Summary, Failure> {
    let factory = RemoteFactory::connect_until(address, stop)?;
    let evaluator = Evaluator::new(learn.threads)?;
    let mut trainer = Trainer::new(config, &factory, &evaluator, stop)?;
    let recorder = RunRecorder::create(learn.out.as_deref(), &learn.runs, RunInfo::new(learn.preset, &config, server))?;
    note(format!(
        "training {} episodes: preset {}, {}, seed {}",
        config.episodes, learn.preset, config.lesson, config.seed
    ));
    note(format!("run in {}", recorder.directory().display()));
    let mut sinks = Sinks { recorder, reporter: Reporter::new(config.episodes) };
    let trained = trainer.run(&mut sinks);
    sinks.reporter.finish();
    let saved = sinks.recorder.save_last(&trainer);
    let is_kept = saved.is_ok();
    let run = sinks.recorder.directory().display().to_string();
    let finished = trained.and_then(|()| {
        saved?;
        let summary = Summary::of(&trainer, learn.preset.name(), &run, &Phase::ALL)?;
        sinks.recorder.write_summary(&summary)?;
        Ok(summary)
    });
    finished.inspect_err(|_| {
        if is_kept {
            note_checkpoint(&trainer, &run);
        }
    })
}

fn note_checkpoint(trainer: &Trainer, run: &str) {
    let last = Path::new(run).join("weights").join("last.npy");
    note(format!("stopped after {} episodes; the network is kept in {}", trainer.learner().episode(), last.display()));
}

/// Files and screen follow the same run.
struct Sinks {
    recorder: RunRecorder,
    reporter: Reporter,
}

impl TrainSink for Sinks {
    fn episode(&mut self, record: &EpisodeRecord, trainer: &Trainer) -> Result<(), Failure> {
        self.reporter.episode(record, trainer)?;
        self.recorder.episode(record, trainer)
    }

    fn phase_entered(&mut self, phase: Phase, episode: usize) {
        self.reporter.phase_entered(phase, episode);
        self.recorder.phase_entered(phase, episode);
    }
}

fn default_port() -> u16 {
    DEFAULT_ADDRESS.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or_default()
}

/// What to do with a run, ready to be pasted into a shell.
fn next_commands(run: &Path) -> String {
    let (program, name) = (program(), shell_word(&run.to_string_lossy()));
    let runs = match run.parent().and_then(Path::to_str) {
        Some(DEFAULT_RUNS) | None => "runs".to_owned(),
        Some("") => "runs --runs .".to_owned(),
        Some(parent) => format!("runs --runs {}", shell_word(parent)),
    };
    let commands = [
        (format!("evaluate --weights {name}"), "the best network, on the 50 test tracks of phase 4"),
        (
            format!("evaluate --weights {name} --circuit circuits/example.csv"),
            "whole laps of a circuit; bring your own CSV",
        ),
        ("train --preset pathway --phase 4".to_owned(), "the fastest rule, straight on the hardest phase"),
        (runs, "all runs and their weights"),
    ];
    let width = commands.iter().map(|(command, _)| command.chars().count()).max().unwrap_or_default();
    let lines = commands.map(|(command, purpose)| format!("\n  {program} {command:width$}  # {purpose}"));
    format!("The run is saved in {}. Next:{}", run.display(), lines.concat())
}

/// A word as a shell takes it: in quotes, if it needs them.
fn shell_word(word: &str) -> String {
    if word.chars().all(|c| c.is_alphanumeric() || "/._-+=:,@".contains(c)) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
