//! The command line: what can be asked, its defaults and its environment variables.

use std::num::NonZero;
use std::path::PathBuf;
use std::thread::available_parallelism;

use clap::{Args, Parser, Subcommand, ValueEnum};
use spikedrive_env::{Phase, Split};
use spikedrive_learners::seed::Reading;
use spikedrive_learners::snn::{self, SnnConfig};
use spikedrive_learners::{LearnerConfig, Preset, Schedule};
use spikedrive_proto::address::Address;
use spikedrive_server::cli::{HealthcheckArgs, ServeArgs, run_healthcheck, run_serve};

use crate::commands;
use crate::experiments::{headline, seed_rule};
use crate::failure::Failure;
use crate::lesson::{CurriculumPreset, Lesson};
use crate::run_dir::DEFAULT_RUNS;
use crate::stop::StopFlag;

/// A spiking neural network that learns to drive, over gRPC.
///
/// Without a command: `up`. Exit status: 0 done, 1 failure, 2 usage, 3 server lost, 130 interrupted.
#[derive(Parser, Debug)]
#[command(name = "spikedrive", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the program can do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Start the environment server, train the spiking agent on it, evaluate it (the default).
    Up(UpArgs),
    /// Train, on an embedded server or on a given one.
    Train(TrainArgs),
    /// Drive without learning: on the tracks of a phase, or laps of a circuit.
    Evaluate(EvaluateArgs),
    /// List runs and their weights.
    Runs(RunsArgs),
    /// Measure over many seeds.
    #[command(subcommand)]
    Experiment(Experiment),
    /// Run the environment server alone, like `spikedrive-server`.
    Serve(ServeArgs),
    /// Exit with 0 when a server serves, else with 1.
    Healthcheck(HealthcheckArgs),
}

/// What can be measured.
#[derive(Subcommand, Debug)]
pub enum Experiment {
    /// Both presets on phase 4, 300 episodes, many seeds: the table of the README.
    Headline(headline::HeadlineArgs),
    /// The first design's rule in each of its readings: the table of docs/seed-rule.md.
    SeedRule(seed_rule::SeedRuleArgs),
}

/// How to learn.
#[derive(Args, Clone, Debug)]
pub struct LearnArgs {
    /// Network and learning rule: `stdp` (spikes teach), `pathway` (fastest) or `seed` (the first design; it does not learn).
    #[arg(long, value_name = "NAME", default_value_t = Preset::Snn(snn::Preset::Stdp), env = "SPIKEDRIVE_PRESET")]
    pub preset: Preset,
    /// How to read what the preset `seed` leaves open: A (I = W·s), B (I = W·s/N, its default) or C (B, with input currents).
    #[arg(long, value_name = "A|B|C", env = "SPIKEDRIVE_READING")]
    pub reading: Option<Reading>,
    /// Teach this phase alone.
    #[arg(long, value_name = "1..4", value_parser = parse_phase, conflicts_with = "curriculum", env = "SPIKEDRIVE_PHASE")]
    pub phase: Option<Phase>,
    /// Teach phases 1 to 4: `ceiling` (advance at 80 % of the ceiling) or `seed` (at 50 / 30 / 40).
    #[arg(long, value_name = "NAME", default_value_t = CurriculumPreset::Ceiling, env = "SPIKEDRIVE_CURRICULUM")]
    pub curriculum: CurriculumPreset,
    /// Learning-rate schedule: `fixed` or `cosine` (warm-up, then cosine); the preset's own where not given.
    #[arg(long, value_name = "NAME", value_parser = parse_schedule, env = "SPIKEDRIVE_SCHEDULE")]
    pub schedule: Option<Schedule>,
    /// Training episodes.
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = parse_episodes, env = "SPIKEDRIVE_EPISODES")]
    pub episodes: usize,
    /// Seed of every random number of the run.
    #[arg(long, value_name = "S", default_value_t = 1, env = "SPIKEDRIVE_SEED")]
    pub seed: u64,
    /// Directory of this run, empty or absent; by default a new one below --runs.
    #[arg(long, value_name = "DIR", env = "SPIKEDRIVE_OUT")]
    pub out: Option<PathBuf>,
    /// Directory that holds the runs.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_RUNS, env = "SPIKEDRIVE_RUNS")]
    pub runs: PathBuf,
    /// Threads that evaluations use; the result does not depend on it.
    #[arg(long, value_name = "N", default_value_t = default_threads(), value_parser = parse_threads, env = "SPIKEDRIVE_THREADS")]
    pub threads: usize,
}

/// Arguments of `up`.
#[derive(Args, Clone, Debug)]
pub struct UpArgs {
    /// How to learn.
    #[command(flatten)]
    pub learn: LearnArgs,
    /// Address of the server; by default 127.0.0.1:50051, or the next free port.
    #[arg(long, value_name = "HOST:PORT", env = "SPIKEDRIVE_LISTEN")]
    pub listen: Option<String>,
}

/// Arguments of `train`.
#[derive(Args, Clone, Debug)]
pub struct TrainArgs {
    /// How to learn.
    #[command(flatten)]
    pub learn: LearnArgs,
    /// Environment server to drive on; by default one inside this process.
    #[arg(long, value_name = "HOST:PORT", env = "SPIKEDRIVE_SERVER")]
    pub server: Option<Address>,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `evaluate`.
#[derive(Args, Clone, Debug)]
pub struct EvaluateArgs {
    /// A weight file, or a run's directory for its best; by default the best of the newest run.
    #[arg(long, value_name = "FILE|DIR", env = "SPIKEDRIVE_WEIGHTS")]
    pub weights: Option<PathBuf>,
    /// Take a weight file without a sidecar for a bare matrix of the first design.
    #[arg(long, value_name = "seed", requires = "weights")]
    pub preset: Option<BarePreset>,
    /// How to read such a matrix: A, B (the default) or C.
    #[arg(long, value_name = "A|B|C", requires = "preset")]
    pub reading: Option<Reading>,
    /// Phase to drive.
    #[arg(long, value_name = "1..4", default_value = "4", value_parser = parse_phase, conflicts_with = "circuit")]
    pub phase: Phase,
    /// Circuit to drive: x_m,y_m,w_tr_right_m,w_tr_left_m a row, a closed loop.
    #[arg(long, value_name = "FILE.csv", conflicts_with = "split")]
    pub circuit: Option<PathBuf>,
    /// Steps of an episode; by default 100, on a circuit 1.2 times its lap.
    #[arg(long, value_name = "H", value_parser = parse_horizon)]
    pub horizon: Option<usize>,
    /// Episodes, each on its own lane; by default 50, on validation tracks all 20, on a circuit 3.
    #[arg(long, value_name = "N", value_parser = parse_lanes)]
    pub episodes: Option<usize>,
    /// Tracks: test, validation or train.
    #[arg(long, value_name = "SPLIT", default_value = "test", value_parser = parse_split)]
    pub split: Split,
    /// Environment server to drive on; by default the world runs inside this process.
    #[arg(long, value_name = "HOST:PORT", env = "SPIKEDRIVE_SERVER")]
    pub server: Option<Address>,
    /// Directory that holds the runs.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_RUNS, env = "SPIKEDRIVE_RUNS")]
    pub runs: PathBuf,
    /// Threads; the result does not depend on it.
    #[arg(long, value_name = "N", default_value_t = default_threads(), value_parser = parse_threads, env = "SPIKEDRIVE_THREADS")]
    pub threads: usize,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
}

/// The presets whose weights may come without a sidecar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BarePreset {
    /// The first design.
    Seed,
}

/// Arguments of `runs`.
#[derive(Args, Clone, Debug)]
pub struct RunsArgs {
    /// Directory that holds the runs.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_RUNS, env = "SPIKEDRIVE_RUNS")]
    pub runs: PathBuf,
    /// Print the list as JSON.
    #[arg(long)]
    pub json: bool,
}

impl LearnArgs {
    /// What is taught.
    pub fn lesson(&self) -> Lesson {
        self.phase.map_or(Lesson::Curriculum(self.curriculum), Lesson::Direct)
    }

    /// The preset's settings, with the schedule or reading that was asked for.
    pub fn learner_config(&self) -> Result<LearnerConfig, Failure> {
        match (self.preset, self.schedule, self.reading) {
            (Preset::Snn(preset), schedule, None) => {
                let config = preset.config();
                Ok(SnnConfig { schedule: schedule.unwrap_or(config.schedule), ..config }.into())
            }
            (Preset::Seed(default), None, reading) => Ok(Preset::Seed(reading.unwrap_or(default)).config()),
            (Preset::Snn(preset), _, Some(_)) => {
                Err(Failure::Usage(format!("--reading is for --preset seed: the preset {preset} leaves nothing open")))
            }
            (Preset::Seed(_), Some(_), _) => {
                Err(Failure::Usage("--schedule is not for --preset seed: its learning rate is fixed".to_owned()))
            }
        }
    }
}

/// Runs a command.
pub fn run(cli: Cli, stop: &StopFlag) -> Result<(), Failure> {
    // Read like this, `up` gets its defaults from the same environment variables, whether it was named or not.
    let command = cli.command.or_else(|| Cli::parse_from(["spikedrive", "up"]).command);
    match command {
        None => Ok(()),
        Some(Command::Up(args)) => commands::train::up(&args, stop),
        Some(Command::Train(args)) => commands::train::train(&args, stop),
        Some(Command::Evaluate(args)) => commands::evaluate::evaluate(&args, stop),
        Some(Command::Runs(args)) => commands::runs::runs(&args),
        Some(Command::Experiment(Experiment::Headline(args))) => headline::headline(&args, stop),
        Some(Command::Experiment(Experiment::SeedRule(args))) => seed_rule::seed_rule(&args, stop),
        Some(Command::Serve(args)) => Ok(run_serve(&args)?),
        Some(Command::Healthcheck(args)) => Ok(run_healthcheck(&args)?),
    }
}

/// As many threads as there are cores.
pub fn default_threads() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}

fn parse_phase(text: &str) -> Result<Phase, String> {
    let number: u32 =
        text.parse().map_err(|_| "use 1 (straight), 2 (gentle curves), 3 (sharp turns) or 4 (complex)".to_owned())?;
    Phase::try_from(number).map_err(|error| error.to_string())
}

fn parse_split(text: &str) -> Result<Split, String> {
    Split::ALL.into_iter().find(|split| split.name() == text).ok_or_else(|| "use test, validation or train".to_owned())
}

fn parse_schedule(text: &str) -> Result<Schedule, String> {
    match text {
        "fixed" => Ok(Schedule::Fixed),
        "cosine" => Ok(Schedule::WarmupCosine { warmup: 10, floor: 0.02 }),
        _ => Err("use fixed or cosine".to_owned()),
    }
}

fn parse_episodes(text: &str) -> Result<usize, String> {
    parse_count(text, 1_000_000)
}

/// A count of threads, 1 to 256.
pub fn parse_threads(text: &str) -> Result<usize, String> {
    parse_count(text, 256)
}

fn parse_horizon(text: &str) -> Result<usize, String> {
    parse_count(text, spikedrive_env::config::MAX_HORIZON)
}

fn parse_lanes(text: &str) -> Result<usize, String> {
    parse_count(text, spikedrive_env::config::MAX_LANES)
}

fn parse_count(text: &str, most: usize) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|count| (1..=most).contains(count))
        .ok_or_else(|| format!("use a whole number from 1 to {most}"))
}
