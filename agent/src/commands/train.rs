//! `spikedrive up` and `spikedrive train`: from a blank network to a driver.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use spikedrive_proto::DEFAULT_ADDRESS;
use spikedrive_proto::address::Address;
use spikedrive_proto::client::Target;

use crate::cli::{TrainArgs, UpArgs};
use crate::embedded::{EmbeddedDashboard, EmbeddedServer};
use crate::failure::Failure;
use crate::jobs;
use crate::report::{self, note, program, say};
use crate::run::{Place, Run, Watch, finished_summary};
use crate::run_dir::{DEFAULT_RUNS, EMBEDDED, RunInfo, SCHEMA_VERSION, open_run};
use crate::seeds::Seeds;
use crate::showing::show;
use crate::stop::StopFlag;
use crate::summary::{OverSeeds, Summary};
use crate::telemetry::Dashboard;

/// Starts server and dashboard, trains, shows what came out and what to do next; then, on a terminal, the trained network drives on
/// in front of whoever looks.
pub fn up(args: &UpArgs, stop: &StopFlag) -> Result<(), Failure> {
    let server = match &args.listen {
        Some(listen) => EmbeddedServer::on(listen)?,
        None => EmbeddedServer::on_port_from(default_port())?,
    };
    let address = server.address()?;
    note(format!("environment server listens on {address}"));
    let learn = &args.learn;
    let mut onlookers = args.onlookers.onlookers()?;
    let own = match &onlookers.dashboard {
        Some(_) => None,
        None => Some(EmbeddedDashboard::start(learn.directory_of_runs(), address.clone())?),
    };
    if let Some(own) = &own {
        note(format!("dashboard on {}", own.page()));
        onlookers.dashboard = Some(Dashboard { address: own.ingest()?, token: None });
    }
    let info = RunInfo::new(learn.preset, &learn.train_config()?, &address.to_string());
    let config = info.train;
    let keeps_driving = !args.exit && io::stdout().is_terminal();
    let (place, threads) = (learn.place(), learn.threads);
    let run = Run { info, place, server: address.into(), threads, watch: Watch::Closely, onlookers };
    run.perform_and(stop, |summary, trainer, watcher| {
        say(report::table(summary, &config));
        say(next_commands(Path::new(&summary.run)));
        match (&own, watcher) {
            (Some(own), Some(watcher)) if keeps_driving => {
                say(format!("\nThe trained network drives on {} until Ctrl-C.", own.page()));
                show(trainer, watcher, stop)
            }
            _ => Ok(()),
        }
    })?;
    Ok(())
}

/// Trains one seed or several, or goes on with a run, on a server of its own or on a given one.
pub fn train(args: &TrainArgs, stop: &StopFlag) -> Result<(), Failure> {
    match (&args.resume, &args.seeds) {
        (Some(directory), _) => resume(directory, args, stop),
        (None, Some(seeds)) => train_seeds(seeds, args, stop),
        (None, None) => {
            let server = Server::start(args, args.server.as_ref())?;
            let learn = &args.learn;
            let info = RunInfo::new(learn.preset, &learn.train_config()?, &server.name);
            let run = Run {
                info,
                place: learn.place(),
                server: server.target.clone(),
                threads: learn.threads,
                watch: Watch::Closely,
                onlookers: args.onlookers.onlookers()?,
            };
            finish(&run.info.clone(), &run.perform(stop)?, args.json)
        }
    }
}

/// Goes on with a run as its `run.json` says; one that is finished is only shown.
fn resume(directory: &Path, args: &TrainArgs, stop: &StopFlag) -> Result<(), Failure> {
    let info = open_run(directory)?.info;
    let summary = match finished_summary(directory)? {
        Some(summary) => {
            note(format!("{} is finished already", directory.display()));
            summary
        }
        None => {
            let recorded = (info.server != EMBEDDED).then(|| info.server.parse().ok()).flatten();
            let server = Server::start(args, args.server.as_ref().or(recorded.as_ref()))?;
            let (place, threads) = (Place::Resumed(directory.to_owned()), args.learn.threads);
            Run {
                info: info.clone(),
                place,
                server: server.target.clone(),
                threads,
                watch: Watch::Closely,
                onlookers: args.onlookers.onlookers()?,
            }
            .perform(stop)?
        }
    };
    finish(&info, &summary, args.json)
}

fn finish(info: &RunInfo, summary: &Summary, json: bool) -> Result<(), Failure> {
    if json {
        return say_json(summary);
    }
    say(report::table(summary, &info.train));
    say(format!("run saved in {}", summary.run));
    Ok(())
}

/// What `train --seeds --json` prints.
#[derive(Serialize)]
struct SeedRuns<'a> {
    schema_version: u32,
    over_seeds: &'a OverSeeds,
    runs: &'a [Summary],
}

/// Trains every seed into a directory of its own, several at a time. Below `--out`, what is there of the same runs is gone on with.
fn train_seeds(seeds: &Seeds, args: &TrainArgs, stop: &StopFlag) -> Result<(), Failure> {
    let learn = &args.learn;
    let server_name = args.server.as_ref().map_or(EMBEDDED.to_owned(), Address::to_string);
    let base = RunInfo::new(learn.preset, &learn.train_config()?, &server_name);
    let infos = seeds.iter().map(|seed| base.with_seed(seed));
    let runs: Vec<(RunInfo, Place)> =
        infos.map(|info| seed_place(args, &info).map(|place| (info, place))).collect::<Result<_, _>>()?;
    note(format!(
        "training {} seeds of {} episodes: preset {}, {}, {} at a time",
        runs.len(),
        base.train.episodes,
        base.preset,
        base.train.lesson,
        args.jobs.min(runs.len())
    ));
    let summaries = Mutex::new(Vec::new());
    jobs::for_each(&runs, args.jobs, stop, |(info, place)| {
        let summary = train_seed(info, place, args, stop)?;
        note(format!("seed {}: {}", summary.seed, report::one_line(&summary, &info.train)));
        summaries.lock().unwrap_or_else(PoisonError::into_inner).push(summary);
        Ok(())
    })?;
    let mut summaries = summaries.into_inner().unwrap_or_else(PoisonError::into_inner);
    summaries.sort_by_key(|summary| seeds.iter().position(|seed| seed == summary.seed));
    let over_seeds = OverSeeds::of(&summaries)?;
    if args.json {
        return say_json(&SeedRuns { schema_version: SCHEMA_VERSION, over_seeds: &over_seeds, runs: &summaries });
    }
    say(report::seeds_table(&over_seeds, &base.train));
    summaries.iter().for_each(|summary| say(format!("seed {} saved in {}", summary.seed, summary.run)));
    Ok(())
}

fn train_seed(info: &RunInfo, place: &Place, args: &TrainArgs, stop: &StopFlag) -> Result<Summary, Failure> {
    let mut info = info.clone();
    if let Place::Resumed(directory) = place {
        if let Some(summary) = finished_summary(directory)? {
            return Ok(summary);
        }
        info = open_run(directory)?.info;
    }
    let server = Server::start(args, args.server.as_ref())?;
    let (place, target) = (place.clone(), server.target.clone());
    Run { info, place, server: target, threads: 1, watch: Watch::FromAfar, onlookers: args.onlookers.onlookers()? }
        .perform(stop)
}

/// Where a seed is kept: a new directory, or one that holds the same run.
fn seed_place(args: &TrainArgs, info: &RunInfo) -> Result<Place, Failure> {
    let Some(out) = &args.learn.out else { return Ok(Place::Below(args.learn.runs.clone())) };
    let directory = out.join(format!("s{}", info.train.seed));
    if !directory.join("run.json").exists() {
        return Ok(Place::In(directory));
    }
    let there = open_run(&directory)?.info;
    if (&there.preset, there.train) == (&info.preset, info.train) {
        Ok(Place::Resumed(directory))
    } else {
        Err(Failure::Usage(format!(
            "{} holds a run with other settings (see its run.json): give the same ones to go on with it, or another --out",
            directory.display()
        )))
    }
}

fn say_json(value: &impl Serialize) -> Result<(), Failure> {
    say(serde_json::to_string_pretty(value).map_err(|error| Failure::System(error.to_string()))?);
    Ok(())
}

/// The server to drive on: a given one, or one of our own, which ends with this.
struct Server {
    _own: Option<EmbeddedServer>,
    target: Target,
    name: String,
}

impl Server {
    fn start(args: &TrainArgs, given: Option<&Address>) -> Result<Self, Failure> {
        if let Some(address) = given {
            let target = args.security.target(address.clone())?;
            return Ok(Self { _own: None, target, name: address.to_string() });
        }
        let own = EmbeddedServer::on_free_port()?;
        Ok(Self { target: own.address()?.into(), _own: Some(own), name: EMBEDDED.to_owned() })
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
