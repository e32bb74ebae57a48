//! The flags of learning, and the run that they describe.

use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, Args};
use serde_json::Value;
use spikedrive_env::{Phase, WorldOptions};
use spikedrive_learners::seed::Reading;
use spikedrive_learners::snn;
use spikedrive_learners::snn::error::NetworkError;
use spikedrive_learners::{LearnerConfig, Preset, Schedule};

use super::{
    WorldArgs, default_threads, parse_count, parse_episodes, parse_horizon, parse_lanes, parse_phase, parse_threads,
};
use crate::ceilings::attainable_all;
use crate::config_file::SettingsFile;
use crate::curriculum::{CurriculumRule, MAX_WINDOW, Threshold, parse_thresholds};
use crate::failure::Failure;
use crate::lesson::{CurriculumPreset, HORIZON, Lesson};
use crate::overrides::{Overrides, Source};
use crate::parameters::Assignment;
use crate::report::note;
use crate::run::Place;
use crate::run_dir::DEFAULT_RUNS;
use crate::train::TrainConfig;

/// Environment variable of `--set`.
const SET_VARIABLE: &str = "SPIKEDRIVE_SET";
/// What separates assignments in it.
const SET_DELIMITER: char = ';';

/// How to learn.
#[derive(Args, Clone, Debug)]
pub struct LearnArgs {
    /// Network and learning rule: `stdp` (spikes teach), `pathway` (fastest), `memory` (for worlds that answer late), `strict` (a
    /// hierarchy), `e-prop` (one whose features are learned), `own-spike` (spikes decide), `strict-own-spike` (both), `predictive` (for noisy sensors), `frugal` (fewest operations), `spikeless` (`pathway` without spikes), `dqn` and `ppo` (deep
    /// networks to measure them against) or `seed` (the first design; it does not learn).
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
    /// Episodes whose mean return ends a phase; the named curriculum's own where not given.
    #[arg(long, value_name = "N", value_parser = parse_window, env = "SPIKEDRIVE_CURRICULUM_WINDOW")]
    pub curriculum_window: Option<usize>,
    /// Mean returns that end phases 1 to 3: one for all or three, with % as shares of each phase's ceiling (`80%`, `50,30,40`).
    #[arg(
        long,
        value_name = "LIST",
        value_parser = parse_thresholds,
        allow_hyphen_values = true,
        env = "SPIKEDRIVE_CURRICULUM_THRESHOLDS"
    )]
    pub curriculum_thresholds: Option<[Threshold; 3]>,
    /// Learning-rate schedule: `fixed`, `cosine` (warm-up, then cosine) or `phase-decay` (falls by 2 % an episode, anew in each
    /// phase); the preset's own where not given.
    #[arg(long, value_name = "NAME", value_parser = parse_schedule, env = "SPIKEDRIVE_SCHEDULE")]
    pub schedule: Option<Schedule>,
    /// Change a parameter of the preset, such as `lif.noise_sd=0.1` or `sleep=none`; may be given many times. `spikedrive config`
    /// lists all parameters.
    #[arg(long, value_name = "PATH=VALUE", value_delimiter = SET_DELIMITER, env = SET_VARIABLE)]
    pub set: Vec<Assignment>,
    /// All changes to the preset, from every source: [`Self::settle`] gathers them.
    #[arg(skip)]
    pub overrides: Overrides,
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

impl LearnArgs {
    /// Puts together what flags, environment and file say. Between a phase and a curriculum the one that was asked for more
    /// directly wins; both on the command line are an error.
    pub fn settle(&mut self, matches: &ArgMatches, file: Option<&SettingsFile>) -> Result<(), Failure> {
        let given = |id, by| matches.value_source(id) == Some(by);
        let flags = |id| given(id, ValueSource::CommandLine);
        let environment = |id| given(id, ValueSource::EnvVariable);
        let curriculum = ["curriculum", "curriculum_window", "curriculum_thresholds"];
        if let (true, Some(flag)) = (flags("phase"), curriculum.into_iter().find(|&id| flags(id))) {
            let flag = flag.replace('_', "-");
            return Err(Failure::Usage(format!("--phase and --{flag} exclude each other: give one of them")));
        }
        let by_environment = curriculum.into_iter().any(environment) && !flags("phase") && !environment("phase");
        if curriculum.into_iter().any(flags) || by_environment {
            self.phase = None;
        }
        self.overrides = self.collect_overrides(matches, file)?;
        Ok(())
    }

    /// The directory that holds the run, once it is there.
    pub fn directory_of_runs(&self) -> PathBuf {
        let parent = self.out.as_deref().and_then(Path::parent).map(Path::to_owned);
        match parent {
            Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
            Some(parent) => parent,
            None => self.runs.clone(),
        }
    }

    /// Where a single run is kept.
    pub fn place(&self) -> Place {
        self.out.clone().map_or_else(|| Place::Below(self.runs.clone()), Place::In)
    }

    /// What is taught.
    pub fn lesson(&self) -> Lesson {
        self.phase.map_or_else(|| Lesson::Curriculum(self.curriculum_rule()), Lesson::Direct)
    }

    /// Everything that decides how the run goes; a world's ceilings may have to be computed.
    pub fn train_config(&self) -> Result<TrainConfig, Failure> {
        let (lesson, world) = (self.lesson(), self.world.options(WorldOptions::default())?);
        let learner = self.learner_config(world.rays)?;
        let ceilings = attainable_all(self.horizon, &world, &lesson.phases())?;
        let Self { episodes, seed, lanes, horizon, .. } = *self;
        Ok(TrainConfig { learner, lesson, episodes, seed, lanes, horizon, world, ceilings })
    }

    /// The preset's settings for so many rays, with all that was changed.
    pub fn learner_config(&self, rays: usize) -> Result<LearnerConfig, Failure> {
        match (self.preset, self.schedule, self.reading) {
            (preset @ (Preset::Snn(_) | Preset::Dqn | Preset::Ppo), _, Some(_)) => {
                let reason = format!("--reading is for --preset seed: the preset {preset} leaves nothing open");
                return Err(Failure::Usage(reason));
            }
            (Preset::Seed(_), Some(_), _) => {
                let reason = "--schedule is not for --preset seed: its learning rate is fixed";
                return Err(Failure::Usage(reason.to_owned()));
            }
            _ => {}
        }
        let usage = |error: NetworkError| Failure::Usage(error.to_string());
        let config = self.overrides.apply(self.preset.for_rays(rays).map_err(usage)?).map_err(Failure::Usage)?;
        match config.rays() {
            Some(network) if network != rays => Err(usage(NetworkError::Rays { world: rays, network })),
            _ => Ok(config),
        }
    }

    fn curriculum_rule(&self) -> CurriculumRule {
        let CurriculumRule { window, thresholds } = self.curriculum.rule();
        CurriculumRule {
            window: self.curriculum_window.unwrap_or(window),
            thresholds: self.curriculum_thresholds.unwrap_or(thresholds),
        }
    }

    /// The changes to the preset from file, environment and flags, in this order; of each first `schedule` and `reading`.
    fn collect_overrides(&self, matches: &ArgMatches, file: Option<&SettingsFile>) -> Result<Overrides, Failure> {
        let by = |id| matches.value_source(id);
        let mut overrides = Overrides::default();
        let named = |source| {
            let schedule = self.schedule.filter(|_| by("schedule") == Some(source));
            let reading = self.reading.filter(|_| by("reading") == Some(source));
            let schedule = schedule.and_then(|schedule| Some(("schedule", serde_json::to_value(schedule).ok()?)));
            let reading = reading.map(|reading| ("reading", reading.to_string().into()));
            let assignment = |(key, value): (&str, Value)| Assignment { path: vec![key.to_owned()], value };
            schedule.into_iter().chain(reading).map(assignment).collect::<Vec<_>>()
        };
        if let Some(file) = file {
            let source = Source::File(file.name());
            overrides.extend(&source, named(ValueSource::DefaultValue));
            match file.get("train", "preset") {
                Some(preset) if preset != self.preset.name() && !file.learner.is_empty() => note(format!(
                    "{source}: [train.learner] belongs to its preset {preset}, and is passed over for {}",
                    self.preset
                )),
                _ => overrides.extend(&source, file.learner.iter().cloned()),
            }
        }
        overrides.extend(&Source::Environment, named(ValueSource::EnvVariable));
        let set = match by("set") {
            Some(ValueSource::CommandLine) => from_environment()?,
            Some(ValueSource::EnvVariable) => self.set.clone(),
            _ => Vec::new(),
        };
        overrides.extend(&Source::Environment, set);
        overrides.extend(&Source::Flag, named(ValueSource::CommandLine));
        if by("set") == Some(ValueSource::CommandLine) {
            overrides.extend(&Source::Flag, self.set.iter().cloned());
        }
        Ok(overrides)
    }
}

/// The assignments of the environment, which flags add to.
fn from_environment() -> Result<Vec<Assignment>, Failure> {
    let text = std::env::var(SET_VARIABLE).unwrap_or_default();
    let assignments = text.split(SET_DELIMITER).filter(|_| !text.is_empty()).map(str::parse);
    assignments.collect::<Result<_, String>>().map_err(|reason| Failure::Usage(format!("{SET_VARIABLE}: {reason}")))
}

fn parse_window(text: &str) -> Result<usize, String> {
    parse_count(text, MAX_WINDOW)
}

fn parse_schedule(text: &str) -> Result<Schedule, String> {
    match text {
        "fixed" => Ok(Schedule::Fixed),
        "cosine" => Ok(Schedule::WarmupCosine { warmup: 10, floor: 0.02 }),
        "phase-decay" => Ok(Schedule::PhaseDecay { gamma: 0.98 }),
        _ => Err("use fixed, cosine or phase-decay".to_owned()),
    }
}
