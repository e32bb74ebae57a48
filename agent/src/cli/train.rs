//! The flags of `train`.

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args};
use spikedrive_proto::address::Address;
use spikedrive_server::cli::ClientArgs;

use super::{LearnArgs, OnlookerArgs, default_threads, parse_threads};
use crate::failure::Failure;
use crate::seeds::Seeds;

/// Arguments of `train`.
#[derive(Args, Clone, Debug)]
pub struct TrainArgs {
    /// How to learn.
    #[command(flatten)]
    pub learn: LearnArgs,
    /// Who may look at the run.
    #[command(flatten)]
    pub onlookers: OnlookerArgs,
    /// Environment server to drive on; by default one inside this process.
    #[arg(long, value_name = "ADDRESS", env = "SPIKEDRIVE_SERVER")]
    pub server: Option<Address>,
    /// How it is reached.
    #[command(flatten)]
    pub security: ClientArgs,
    /// Train each of these seeds, such as 1..20 (both included) or 3,5,8, into a directory of its own; in a directory --out
    /// that holds some of them already, go on with those.
    #[arg(long, value_name = "SEEDS", conflicts_with = "resume")]
    pub seeds: Option<Seeds>,
    /// Seeds that are trained at the same time.
    #[arg(long, value_name = "N", default_value_t = default_threads(), value_parser = parse_threads, env = "SPIKEDRIVE_JOBS")]
    pub jobs: usize,
    /// Go on with the run in this directory where it was broken off, with its own settings: the result is that of the unbroken run.
    #[arg(long, value_name = "DIR")]
    pub resume: Option<PathBuf>,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Flags of a training that do not change its result.
const OUTWARD: [&str; 10] = [
    "threads",
    "jobs",
    "server",
    "resume",
    "json",
    "runs",
    "config",
    "dashboard",
    "dashboard_token_file",
    "recordings",
];

impl TrainArgs {
    /// Refuses flags that contradict each other.
    pub fn check(&self, matches: &ArgMatches) -> Result<(), Failure> {
        let is_flag = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
        if self.seeds.is_some() && is_flag("seed") {
            return Err(Failure::Usage("--seed and --seeds exclude each other: give one of them".to_owned()));
        }
        let Some(directory) = &self.resume else { return Ok(()) };
        let command = TrainArgs::augment_args(clap::Command::new("train"));
        let changes = |arg: &&clap::Arg| !OUTWARD.contains(&arg.get_id().as_str()) && is_flag(arg.get_id().as_str());
        match command.get_arguments().find(changes).and_then(clap::Arg::get_long) {
            Some(flag) => Err(Failure::Usage(format!(
                "--{flag} and --resume exclude each other: the run goes on with the settings in {}",
                directory.join("run.json").display()
            ))),
            None => Ok(()),
        }
    }
}
