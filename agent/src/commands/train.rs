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
use crate::run_dir::{RunInfo, RunRecorder};
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
    let summary = train_on(&args.learn, &address, &address.to_string(), stop)?;
    say(report::table(&summary, args.learn.lesson().target()));
    say(next_commands(&summary.run));
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
    let summary = train_on(&args.learn, &address, &name, stop)?;
    if args.json {
        say(serde_json::to_string_pretty(&summary).map_err(|error| Failure::System(error.to_string()))?);
    } else {
        say(report::table(&summary, args.learn.lesson().target()));
        say(format!("run saved in {}", summary.run));
    }
    Ok(())
}

/// Trains over gRPC into a new run directory. Whatever ends the training, the network as it then is stays on disk.
fn train_on(learn: &LearnArgs, address: &Address, server: &str, stop: &StopFlag) -> Result<Summary, Failure> {
    let factory = RemoteFactory::connect(address)?;
    let evaluator = Evaluator::new(learn.threads)?;
    let config =
        TrainConfig { snn: learn.snn_config(), lesson: learn.lesson(), episodes: learn.episodes, seed: learn.seed };
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
    let run = sinks.recorder.directory().display().to_string();
    let finished = trained.and_then(|()| {
        saved?;
        let summary = Summary::of(&trainer, learn.preset.name(), &run, &Phase::ALL)?;
        sinks.recorder.write_summary(&summary)?;
        Ok(summary)
    });
    finished.inspect_err(|_| note_checkpoint(&trainer, &run))
}

fn note_checkpoint(trainer: &Trainer, run: &str) {
    let last = Path::new(run).join("weights").join("last.npy");
    if last.is_file() {
        note(format!(
            "stopped after {} episodes; the network is kept in {}",
            trainer.learner().episode(),
            last.display()
        ));
    }
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

fn next_commands(run: &str) -> String {
    let program = program();
    [
        format!("The run is saved in {run}. Next:"),
        format!("  {program} evaluate --weights {run}                    # the best network, on the 50 test tracks of phase 4"),
        format!("  {program} evaluate --circuit circuits/example.csv     # whole laps of a circuit; bring your own CSV"),
        format!("  {program} train --preset pathway --phase 4            # the fastest rule, straight on the hardest phase"),
        format!("  {program} runs                                        # all runs and their weights"),
    ]
    .join("\n")
}
