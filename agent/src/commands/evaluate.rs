//! `spikedrive evaluate`: how well a network drives, without learning.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use spikedrive_env::{Circuit, Course, EndReason, Phase, Split, WorldConfig, WorldOptions};
use spikedrive_learners::LearnerConfig;

use crate::ceilings::attainable;
use crate::checkpoint::{self, Checkpoint, Origin};
use crate::cli::{BarePreset, EvaluateArgs};
use crate::env::{EnvFactory, LocalFactory, RemoteFactory};
use crate::evaluate::{EpisodeResult, Evaluator, crash_rate, held_out};
use crate::experiments::stats::Distribution;
use crate::failure::Failure;
use crate::files::read_text;
use crate::report::{note, say};
use crate::run_dir::resolve_weights;
use crate::stop::StopFlag;

/// Version of the JSON that `evaluate --json` prints.
const SCHEMA_VERSION: u32 = 1;
/// Starts on a circuit where none are asked for.
const CIRCUIT_STARTS: usize = 3;

/// What an evaluation found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EvaluationReport {
    /// Version of this format.
    pub schema_version: u32,
    /// The weight file.
    pub weights: String,
    /// Phase; null on a circuit.
    pub phase: Option<u32>,
    /// Split; null on a circuit.
    pub split: Option<&'static str>,
    /// What differs from the base task.
    pub world: WorldOptions,
    /// The part that only circuits have; absent on a phase.
    #[serde(flatten)]
    pub circuit: Option<CircuitReport>,
    /// Steps of an episode at most.
    pub horizon: usize,
    /// Episodes driven.
    pub episodes: usize,
    /// Returns over the episodes.
    #[serde(rename = "return")]
    pub returns: Distribution,
    /// Attainable mean return on the test tracks; null on other splits and circuits.
    pub ceiling: Option<f64>,
    /// Mean return in percent of it.
    pub percent_of_ceiling: Option<f64>,
    /// Share of episodes that crashed.
    pub crash_rate: f64,
}

/// The part of a report that only circuits have.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CircuitReport {
    /// The file.
    #[serde(rename = "circuit")]
    pub file: String,
    /// Laps begun, each from a start of its own.
    pub laps: usize,
    /// Laps completed.
    pub laps_completed: usize,
    /// Length of the fitted lap, in units.
    pub lap_length: f64,
    /// Scale of the fit, in units per metre.
    pub units_per_metre: f64,
    /// Reward a step, over all laps.
    pub return_per_step: f64,
}

/// Evaluates and prints.
pub fn evaluate(args: &EvaluateArgs, stop: &StopFlag) -> Result<(), Failure> {
    let path = resolve_weights(args.weights.as_deref(), &args.runs)?;
    let checkpoint = match args.preset {
        Some(BarePreset::Seed) => checkpoint::load_seed(&path, args.reading)?,
        None => checkpoint::load(&path)?,
    };
    let factory: Box<dyn EnvFactory> = match &args.server {
        Some(address) => Box::new(RemoteFactory::connect_until(&args.security.target(address.clone())?, stop)?),
        None => Box::new(LocalFactory),
    };
    let options = args.world.options(checkpoint.sidecar.world)?;
    let world = match &args.circuit {
        Some(path) => circuit_world(path, args, options)?,
        None => phase_world(args, options),
    };
    world.validate().map_err(|error| Failure::Usage(error.to_string()))?;
    let seed = checkpoint.sidecar.seed;
    let results =
        Evaluator::new(args.threads)?.evaluate(factory.as_ref(), &world, checkpoint.policy.as_ref(), seed, stop)?;
    let report = report(&checkpoint, args, &world, &results)?;
    if args.json {
        say(serde_json::to_string_pretty(&report).map_err(|error| Failure::System(error.to_string()))?);
    } else {
        say(report.to_text(&checkpoint));
    }
    Ok(())
}

fn phase_world(args: &EvaluateArgs, options: WorldOptions) -> WorldConfig {
    let horizon = args.horizon.unwrap_or(spikedrive_env::config::DEFAULT_HORIZON);
    let tracks = if args.split == Split::Validation { Split::Validation.tracks() } else { Split::Test.tracks() };
    let episodes = args.episodes.unwrap_or(tracks as usize);
    held_out(args.phase, args.split, horizon, episodes, options)
}

fn circuit_world(path: &Path, args: &EvaluateArgs, options: WorldOptions) -> Result<WorldConfig, Failure> {
    let name = path.display().to_string();
    let circuit = Circuit::from_csv(&name, &read_text(path)?, args.circuit_mode)
        .map_err(|error| Failure::Circuit { path: path.to_owned(), error })?;
    circuit.warning().into_iter().for_each(|warning| note(format!("warning: {warning}")));
    let (lanes, horizon) = (args.episodes.unwrap_or(CIRCUIT_STARTS), args.horizon.unwrap_or(circuit.lap_horizon()));
    // A circuit has widths of its own.
    let options = WorldOptions { varying_width: false, ..options };
    Ok(WorldConfig { options, ..WorldConfig::base(Course::Circuit(Arc::new(circuit)), lanes, horizon) })
}

fn report(
    checkpoint: &Checkpoint,
    args: &EvaluateArgs,
    world: &WorldConfig,
    results: &[EpisodeResult],
) -> Result<EvaluationReport, Failure> {
    let returns: Vec<f64> = results.iter().map(|result| result.episode_return).collect();
    let returns = Distribution::of(&returns).ok_or_else(|| Failure::System("no episode was driven".to_owned()))?;
    let (phase, split, circuit) = match &world.course {
        Course::Phase { phase, split } => (Some(*phase), Some(split.name()), None),
        Course::Circuit(circuit) => (None, None, Some(circuit_report(circuit, results))),
    };
    let best = match phase {
        Some(phase) if args.split == Split::Test => Some(attainable(phase, world.horizon, &world.options)?),
        _ => None,
    };
    Ok(EvaluationReport {
        schema_version: SCHEMA_VERSION,
        weights: checkpoint.path.display().to_string(),
        phase: phase.map(Phase::number),
        split,
        circuit,
        world: world.options,
        horizon: world.horizon,
        episodes: results.len(),
        returns,
        ceiling: best,
        percent_of_ceiling: best.map(|best| 100.0 * returns.mean / best),
        crash_rate: crash_rate(results),
    })
}

fn circuit_report(circuit: &Circuit, results: &[EpisodeResult]) -> CircuitReport {
    let steps: usize = results.iter().map(|result| result.steps).sum();
    CircuitReport {
        file: circuit.name().to_owned(),
        laps: results.len(),
        laps_completed: results.iter().filter(|result| result.end == EndReason::Lap).count(),
        lap_length: circuit.track().length(),
        units_per_metre: circuit.units_per_metre(),
        return_per_step: results.iter().map(|result| result.episode_return).sum::<f64>() / steps as f64,
    }
}

impl EvaluationReport {
    fn to_text(&self, checkpoint: &Checkpoint) -> String {
        let sidecar = &checkpoint.sidecar;
        let learner = match sidecar.config {
            LearnerConfig::Seed(config) => format!("{}, reading {}", sidecar.preset, config.reading),
            _ => sidecar.preset.clone(),
        };
        let network = match checkpoint.origin {
            Origin::Run => format!(
                "{} (preset {learner}, seed {}, after {} episodes)",
                self.weights, sidecar.seed, sidecar.episode
            ),
            Origin::Bare => format!("{} (preset {learner}, a bare matrix)", self.weights),
        };
        let Distribution { mean, iqm, ci95: [low, high], min, max } = self.returns;
        let returns = format!("return {mean:.1} [{low:.1}, {high:.1}], IQM {iqm:.1}, from {min:.1} to {max:.1}");
        let place = match (&self.circuit, self.phase, self.split) {
            (Some(circuit), ..) => format!(
                "{}: lap of {:.0} units ({:.2} units a metre)\n{} of {} laps completed, {:.3} reward a step",
                circuit.file,
                circuit.lap_length,
                circuit.units_per_metre,
                circuit.laps_completed,
                circuit.laps,
                circuit.return_per_step
            ),
            (None, phase, split) => {
                format!(
                    "phase {}, {} split, {} episodes of {} steps",
                    phase.unwrap_or_default(),
                    split.unwrap_or_default(),
                    self.episodes,
                    self.horizon
                )
            }
        };
        let share = match (self.ceiling, self.percent_of_ceiling) {
            (Some(best), Some(percent)) => format!("\n{percent:.1} % of the ceiling, {best:.1}"),
            _ => String::new(),
        };
        format!("{network}\n{place}\n{returns}{share}\ncrash rate {:.1} %", 100.0 * self.crash_rate)
    }
}
