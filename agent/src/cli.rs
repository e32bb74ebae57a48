//! The command line: what can be asked, its defaults and its environment variables.

use std::num::NonZero;
use std::path::PathBuf;
use std::thread::available_parallelism;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Parser, Subcommand, ValueEnum};
use spikedrive_env::{CircuitMode, Phase, Split, WorldOptions, WorldPreset};
use spikedrive_learners::seed::Reading;
use spikedrive_learners::snn::{self, SnnConfig};
use spikedrive_learners::{LearnerConfig, Preset, Schedule};
use spikedrive_proto::address::Address;
use spikedrive_server::cli::{HealthcheckArgs, LogFormat, ServeArgs, parse_listen, run_healthcheck, run_serve};

use crate::ceilings::attainable_all;
use crate::commands;
use crate::experiments::{headline, seed_rule};
use crate::failure::Failure;
use crate::lesson::{CurriculumPreset, HORIZON, Lesson};
use crate::onlookers::OnlookerArgs;
use crate::run::Place;
use crate::run_dir::DEFAULT_RUNS;
use crate::seeds::Seeds;
use crate::stop::StopFlag;
use crate::train::TrainConfig;

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
}

/// Which world to drive in; flags change single options of the named one.
#[derive(Args, Clone, Debug, Default)]
pub struct WorldArgs {
    /// World: base, hard-latency, hard-lag or hard-storm.
    #[arg(long, value_name = "NAME", env = "SPIKEDRIVE_WORLD", help_heading = "World")]
    pub world: Option<WorldPreset>,
    /// Number of rays: 3, 5, 7 or 9.
    #[arg(long, value_name = "N", env = "SPIKEDRIVE_RAYS", help_heading = "World")]
    pub rays: Option<usize>,
    /// Standard deviation of noise on each ray, in units.
    #[arg(long, value_name = "SD", env = "SPIKEDRIVE_SENSOR_NOISE", help_heading = "World")]
    pub sensor_noise: Option<f64>,
    /// Steps between seeing and knowing.
    #[arg(long, value_name = "STEPS", env = "SPIKEDRIVE_SENSOR_LATENCY", help_heading = "World")]
    pub sensor_latency: Option<usize>,
    /// Share of a steering command that is taken over in a step, (0, 1]; 1 is no lag.
    #[arg(long, value_name = "SHARE", env = "SPIKEDRIVE_ACTUATOR_LAG", help_heading = "World")]
    pub actuator_lag: Option<f64>,
    /// Strength of side wind, in units a step.
    #[arg(long, value_name = "STRENGTH", env = "SPIKEDRIVE_GUST", help_heading = "World")]
    pub gust: Option<f64>,
    /// Let the width of the road vary.
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", env = "SPIKEDRIVE_VARYING_WIDTH", help_heading = "World")]
    pub varying_width: Option<bool>,
    /// Weight of the predictive reward.
    #[arg(long, value_name = "WEIGHT", env = "SPIKEDRIVE_PREDICTIVE_REWARD", help_heading = "World")]
    pub predictive_reward: Option<f64>,
}

impl WorldArgs {
    /// The options that were asked for, on top of the named world, or of `default` where none is named.
    pub fn options(&self, default: WorldOptions) -> Result<WorldOptions, Failure> {
        let base = self.world.map_or(default, WorldPreset::options);
        let options = WorldOptions {
            rays: self.rays.unwrap_or(base.rays),
            sensor_noise: self.sensor_noise.unwrap_or(base.sensor_noise),
            sensor_latency: self.sensor_latency.unwrap_or(base.sensor_latency),
            actuator_lag: self.actuator_lag.unwrap_or(base.actuator_lag),
            gust: self.gust.unwrap_or(base.gust),
            varying_width: self.varying_width.unwrap_or(base.varying_width),
            predictive_reward: self.predictive_reward.unwrap_or(base.predictive_reward),
        };
        options.validate().map_err(|error| Failure::Usage(error.to_string()))?;
        Ok(options)
    }
}

/// How to learn.
#[derive(Args, Clone, Debug)]
pub struct LearnArgs {
    /// Network and learning rule: `stdp` (spikes teach), `pathway` (fastest), `memory` (for worlds that answer late), `strict` (a
    /// hierarchy), `own-spike` (spikes decide), `frugal` (fewest operations) or `seed` (the first design; it does not learn).
    #[arg(long, value_name = "NAME", default_value_t = Preset::Snn(snn::Preset::Stdp), env = "SPIKEDRIVE_PRESET")]
    pub preset: Preset,
    /// How to read what the preset `seed` leaves open: A (I = W·s), B (I = W·s/N, its default) or C (B, with input currents).
    #[arg(long, value_name = "A|B|C", env = "SPIKEDRIVE_READING")]
    pub reading: Option<Reading>,
    /// Teach this phase alone.
    #[arg(long, value_name = "1..4", value_parser = parse_phase, env = "SPIKEDRIVE_PHASE")]
    pub phase: Option<Phase>,
    /// Teach phases 1 to 4: `ceiling` (advance at 80 % of the ceiling) or `seed` (at 50 / 30 / 40).
    #[arg(long, value_name = "NAME", default_value_t = CurriculumPreset::Ceiling, env = "SPIKEDRIVE_CURRICULUM")]
    pub curriculum: CurriculumPreset,
    /// Learning-rate schedule: `fixed`, `cosine` (warm-up, then cosine) or `phase-decay` (falls by 2 % an episode, anew in each
    /// phase); the preset's own where not given.
    #[arg(long, value_name = "NAME", value_parser = parse_schedule, env = "SPIKEDRIVE_SCHEDULE")]
    pub schedule: Option<Schedule>,
    /// Training episodes.
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = parse_episodes, env = "SPIKEDRIVE_EPISODES")]
    pub episodes: usize,
    /// Seed of every random number of the run.
    #[arg(long, value_name = "S", default_value_t = 1, env = "SPIKEDRIVE_SEED")]
    pub seed: u64,
    /// Cars that drive at the same time and teach the same network.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = parse_lanes, env = "SPIKEDRIVE_LANES")]
    pub lanes: usize,
    /// Steps of an episode.
    #[arg(long, value_name = "H", default_value_t = HORIZON, value_parser = parse_horizon, env = "SPIKEDRIVE_HORIZON")]
    pub horizon: usize,
    /// The world.
    #[command(flatten)]
    pub world: WorldArgs,
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
    /// Who may look at the run.
    #[command(flatten)]
    pub onlookers: OnlookerArgs,
    /// Address of the server; by default 127.0.0.1:50051, or the next free port.
    #[arg(long, value_name = "HOST:PORT", value_parser = parse_listen, env = "SPIKEDRIVE_LISTEN")]
    pub listen: Option<String>,
}

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
    #[arg(long, value_name = "HOST:PORT", env = "SPIKEDRIVE_SERVER")]
    pub server: Option<Address>,
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

/// Flags of a training that do not change its result.
const OUTWARD: [&str; 7] = ["threads", "jobs", "server", "resume", "json", "runs", "config"];

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

impl LearnArgs {
    /// Settles between a phase and a curriculum: the one that was asked for more directly wins; both on the command line are an
    /// error.
    pub fn settle(&mut self, matches: &ArgMatches) -> Result<(), Failure> {
        let given = |id, by| matches.value_source(id) == Some(by);
        let flags = |id| given(id, ValueSource::CommandLine);
        let environment = |id| given(id, ValueSource::EnvVariable);
        if flags("phase") && flags("curriculum") {
            return Err(Failure::Usage("--phase and --curriculum exclude each other: give one of them".to_owned()));
        }
        if flags("curriculum") || (environment("curriculum") && !flags("phase") && !environment("phase")) {
            self.phase = None;
        }
        Ok(())
    }

    /// Where a single run is kept.
    pub fn place(&self) -> Place {
        self.out.clone().map_or_else(|| Place::Below(self.runs.clone()), Place::In)
    }

    /// What is taught.
    pub fn lesson(&self) -> Lesson {
        self.phase.map_or(Lesson::Curriculum(self.curriculum), Lesson::Direct)
    }

    /// Everything that decides how the run goes; a world's ceilings may have to be computed.
    pub fn train_config(&self) -> Result<TrainConfig, Failure> {
        let (lesson, world) = (self.lesson(), self.world.options(WorldOptions::default())?);
        let learner = self.learner_config(world.rays)?;
        let ceilings = attainable_all(self.horizon, &world, &lesson.phases())?;
        let Self { episodes, seed, lanes, horizon, .. } = *self;
        Ok(TrainConfig { learner, lesson, episodes, seed, lanes, horizon, world, ceilings })
    }

    /// The preset's settings for so many rays, with the schedule or reading that was asked for.
    pub fn learner_config(&self, rays: usize) -> Result<LearnerConfig, Failure> {
        let usage = |reason: String| Err(Failure::Usage(reason));
        let preset = match (self.preset, self.schedule, self.reading) {
            (Preset::Snn(preset), Some(schedule), None) => {
                return Ok(SnnConfig { schedule, ..preset.for_rays(rays) }.into());
            }
            (preset, None, None) => preset,
            (Preset::Seed(_), None, Some(reading)) => Preset::Seed(reading),
            (Preset::Snn(preset), _, Some(_)) => {
                return usage(format!("--reading is for --preset seed: the preset {preset} leaves nothing open"));
            }
            (Preset::Seed(_), Some(_), _) => {
                return usage("--schedule is not for --preset seed: its learning rate is fixed".to_owned());
            }
        };
        preset.for_rays(rays).map_err(|error| Failure::Usage(error.to_string()))
    }
}

/// Runs a command.
pub fn run(mut cli: Cli, matches: &ArgMatches, stop: &StopFlag) -> Result<(), Failure> {
    if let Some((_, given)) = matches.subcommand()
        && let Some(
            Command::Up(UpArgs { learn, .. }) | Command::Train(TrainArgs { learn, .. }) | Command::Config(learn),
        ) = &mut cli.command
    {
        learn.settle(given)?;
    }
    if let (Some((_, given)), Some(Command::Train(args))) = (matches.subcommand(), &cli.command) {
        args.check(given)?;
    }
    match cli.command {
        None => Ok(()),
        Some(Command::Config(args)) => commands::config::config(&args, matches),
        Some(Command::Up(args)) => commands::train::up(&args, stop),
        Some(Command::Train(args)) => commands::train::train(&args, stop),
        Some(Command::Evaluate(args)) => commands::evaluate::evaluate(&args, stop),
        Some(Command::Runs(args)) => commands::runs::runs(&args),
        Some(Command::Oracle(args)) => commands::oracle::oracle(&args),
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

fn parse_circuit_mode(text: &str) -> Result<CircuitMode, String> {
    match text {
        "fit" => Ok(CircuitMode::Fit),
        "real" => Ok(CircuitMode::Real),
        _ => Err("use fit or real".to_owned()),
    }
}

fn parse_schedule(text: &str) -> Result<Schedule, String> {
    match text {
        "fixed" => Ok(Schedule::Fixed),
        "cosine" => Ok(Schedule::WarmupCosine { warmup: 10, floor: 0.02 }),
        "phase-decay" => Ok(Schedule::PhaseDecay { gamma: 0.98 }),
        _ => Err("use fixed, cosine or phase-decay".to_owned()),
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
