//! The command line: what can be asked, its defaults and its environment variables.

mod learn;
mod onlookers;
mod train;
mod world;

use std::num::NonZero;
use std::path::PathBuf;
use std::thread::available_parallelism;

use clap::{Args, Parser, Subcommand, ValueEnum};
use spikedrive_dashboard::cli::{DashboardArgs, run_dashboard};
use spikedrive_env::{CircuitMode, Phase, Split};
use spikedrive_learners::seed::Reading;
use spikedrive_proto::address::Address;
use spikedrive_server::cli::{
    ClientArgs, HealthcheckArgs, LogFormat, ServeArgs, parse_listen, run_healthcheck, run_serve,
};

pub use self::learn::LearnArgs;
pub use self::onlookers::OnlookerArgs;
pub use self::train::TrainArgs;
pub use self::world::WorldArgs;
use crate::benchmark::{self, BenchmarkArgs};
use crate::commands;
use crate::config_file::Invocation;
use crate::experiments::{circuits, headline, q3, q4, robustness, seed_rule, study};
use crate::failure::Failure;
use crate::lesson::HORIZON;
use crate::run_dir::DEFAULT_RUNS;
use crate::stop::StopFlag;

/// A spiking neural network that learns to drive, over gRPC.
///
/// Without a command: `up`. Exit status: 0 done, 1 failure, 2 usage, 3 server lost, 130 interrupted.
#[derive(Parser, Debug)]
#[command(name = "spikedrive", version)]
pub struct Cli {
    /// File of settings; by default spikedrive.toml in the present directory, if it is there.
    #[arg(long, global = true, value_name = "FILE", env = "SPIKEDRIVE_CONFIG", help_heading = "Output and settings")]
    pub config: Option<PathBuf>,
    /// What is shown.
    #[command(flatten)]
    pub output: OutputArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What is shown on standard error.
#[derive(Args, Clone, Copy, Debug)]
pub struct OutputArgs {
    /// Show results and errors only.
    #[arg(long, short, global = true, env = "SPIKEDRIVE_QUIET", help_heading = "Output and settings")]
    pub quiet: bool,
    /// Form of progress and log lines: text, or json for one object a line.
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        default_value = "text",
        env = "SPIKEDRIVE_LOG_FORMAT",
        help_heading = "Output and settings"
    )]
    pub log_format: LogFormat,
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
    /// Print the effective settings of a training, as a file that `--config` reads.
    Config(LearnArgs),
    /// Drive the test tracks with drivers that do not learn: floors and ceiling of a world.
    Oracle(OracleArgs),
    /// Measure over many seeds.
    #[command(subcommand)]
    Experiment(Experiment),
    /// Measure agents by the protocol of docs/benchmark.md; make its report; check the rows of others.
    Benchmark(BenchmarkArgs),
    /// Show runs in a browser, live and afterwards, like `spikedrive-dashboard`.
    Dashboard(DashboardArgs),
    /// Run the environment server alone, like `spikedrive-server`.
    Serve(ServeArgs),
    /// Exit with 0 when a server serves, else with 1.
    Healthcheck(HealthcheckArgs),
}

/// What can be measured.
#[derive(Subcommand, Debug)]
pub enum Experiment {
    /// Presets on phase 4 from nothing, many seeds: the tables of the README.
    Headline(headline::HeadlineArgs),
    /// The first design's rule in each of its readings: the table of docs/seed-rule.md.
    SeedRule(seed_rule::SeedRuleArgs),
    /// Does dopamine teach? Present, from elsewhere, shuffled, absent.
    Q1(study::StudyArgs),
    /// Does a curriculum help? For a learner that assigns credit step by step, and for one that does not.
    Q2(study::StudyArgs),
    /// What temporal patterns emerge? Synchrony, sparseness, inhibition, each against chance.
    Q3(q3::Q3Args),
    /// What does each part of the agent give? One change at a time.
    Ablation(study::StudyArgs),
    /// Which change makes the first design's rule learn? One after the other.
    Ladder(study::StudyArgs),
    /// Does memory pay where what is seen is old and what is commanded comes late?
    Hard(study::StudyArgs),
    /// The same for `memory` and a stacked PPO alone, with 60 seeds.
    #[command(name = "hard-60")]
    Hard60(study::StudyArgs),
    /// The same for these two, with 1,000 episodes.
    #[command(name = "hard-1000")]
    Hard1000(study::StudyArgs),
    /// What do trained networks bear? Noise, coarse weights, neurons that are cut.
    Robustness(robustness::RobustnessArgs),
    /// What does learning on line promise? The world changes after mastery: episodes to recover.
    Q4(q4::Q4Args),
    /// How do trained networks drive real circuits? Whole laps, scaled to fit and in real metres.
    Circuits(circuits::CircuitsArgs),
    /// A study of your own.
    Study(study::OwnStudyArgs),
    /// Write docs/results.md from what these studies measured.
    Report(study::ReportArgs),
}

/// Arguments of `up`.
#[derive(Args, Clone, Debug)]
pub struct UpArgs {
    /// How to learn.
    #[command(flatten)]
    pub learn: LearnArgs,
    /// Who may look at the run.
    #[command(flatten)]
    pub onlookers: OnlookerArgs,
    /// End when the network is trained. By default, on a terminal, it then drives in front of the dashboard's viewers until Ctrl-C.
    #[arg(long)]
    pub exit: bool,
    /// Address of the server; by default 127.0.0.1:50051, or the next free port.
    #[arg(long, value_name = "HOST:PORT", value_parser = parse_listen, env = "SPIKEDRIVE_LISTEN")]
    pub listen: Option<String>,
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
    /// How metres become units on a circuit: fit or real.
    #[arg(long, value_name = "MODE", default_value = "fit", value_parser = parse_circuit_mode, requires = "circuit")]
    pub circuit_mode: CircuitMode,
    /// Steps of an episode; by default 100, on a circuit 1.2 times its lap.
    #[arg(long, value_name = "H", value_parser = parse_horizon)]
    pub horizon: Option<usize>,
    /// The world; by default the one that the network was trained in.
    #[command(flatten)]
    pub world: WorldArgs,
    /// Episodes, each on its own lane; by default 50, on validation tracks all 20, on a circuit 3.
    #[arg(long, value_name = "N", value_parser = parse_lanes)]
    pub episodes: Option<usize>,
    /// Tracks: test, validation or train.
    #[arg(long, value_name = "SPLIT", default_value = "test", value_parser = parse_split)]
    pub split: Split,
    /// Environment server to drive on; by default the world runs inside this process.
    #[arg(long, value_name = "ADDRESS", env = "SPIKEDRIVE_SERVER")]
    pub server: Option<Address>,
    /// How it is reached.
    #[command(flatten)]
    pub security: ClientArgs,
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

/// Arguments of `oracle`.
#[derive(Args, Clone, Debug)]
pub struct OracleArgs {
    /// Drive this phase alone.
    #[arg(long, value_name = "1..4", value_parser = parse_phase)]
    pub phase: Option<Phase>,
    /// Steps of an episode.
    #[arg(long, value_name = "H", default_value_t = HORIZON, value_parser = parse_horizon)]
    pub horizon: usize,
    /// The world.
    #[command(flatten)]
    pub world: WorldArgs,
    /// Print the table as JSON.
    #[arg(long)]
    pub json: bool,
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

impl Command {
    /// The flags of learning, where a command has them.
    fn learn_mut(&mut self) -> Option<&mut LearnArgs> {
        match self {
            Self::Up(UpArgs { learn, .. }) | Self::Train(TrainArgs { learn, .. }) | Self::Config(learn) => Some(learn),
            _ => None,
        }
    }
}

/// Runs a command.
pub fn run(invocation: Invocation, stop: &StopFlag) -> Result<(), Failure> {
    let Invocation { mut cli, matches, file } = invocation;
    let given = matches.subcommand().map(|(_, given)| given);
    if let (Some(given), Some(learn)) = (given, cli.command.as_mut().and_then(Command::learn_mut)) {
        learn.settle(given, file.as_ref())?;
    }
    if let (Some(given), Some(Command::Train(args))) = (given, &cli.command) {
        args.check(given)?;
    }
    match cli.command {
        None => Ok(()),
        Some(Command::Config(args)) => commands::config::config(&args, given, file.as_ref()),
        Some(Command::Up(args)) => commands::train::up(&args, stop),
        Some(Command::Train(args)) => commands::train::train(&args, stop),
        Some(Command::Evaluate(args)) => commands::evaluate::evaluate(&args, stop),
        Some(Command::Runs(args)) => commands::runs::runs(&args),
        Some(Command::Oracle(args)) => commands::oracle::oracle(&args),
        Some(Command::Experiment(Experiment::Headline(args))) => headline::headline(&args, stop),
        Some(Command::Experiment(Experiment::SeedRule(args))) => seed_rule::seed_rule(&args, stop),
        Some(Command::Experiment(Experiment::Q1(args))) => study::built_in("q1", &args, stop),
        Some(Command::Experiment(Experiment::Q2(args))) => study::built_in("q2", &args, stop),
        Some(Command::Experiment(Experiment::Q3(args))) => q3::q3(&args, stop),
        Some(Command::Experiment(Experiment::Ablation(args))) => study::built_in("ablation", &args, stop),
        Some(Command::Experiment(Experiment::Ladder(args))) => study::built_in("ladder", &args, stop),
        Some(Command::Experiment(Experiment::Hard(args))) => study::built_in("hard", &args, stop),
        Some(Command::Experiment(Experiment::Hard60(args))) => study::built_in("hard-60", &args, stop),
        Some(Command::Experiment(Experiment::Hard1000(args))) => study::built_in("hard-1000", &args, stop),
        Some(Command::Experiment(Experiment::Robustness(args))) => robustness::robustness(&args, stop),
        Some(Command::Experiment(Experiment::Q4(args))) => q4::q4(&args, stop),
        Some(Command::Experiment(Experiment::Circuits(args))) => circuits::circuits(&args, stop),
        Some(Command::Experiment(Experiment::Study(args))) => study::own(&args, stop),
        Some(Command::Experiment(Experiment::Report(args))) => study::report(&args),
        Some(Command::Benchmark(args)) => benchmark::benchmark(&args, stop),
        Some(Command::Dashboard(args)) => Ok(run_dashboard(&args)?),
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

fn parse_circuit_mode(text: &str) -> Result<CircuitMode, String> {
    match text {
        "fit" => Ok(CircuitMode::Fit),
        "real" => Ok(CircuitMode::Real),
        _ => Err("use fit or real".to_owned()),
    }
}

/// A count of episodes, 1 to a million.
pub fn parse_episodes(text: &str) -> Result<usize, String> {
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
