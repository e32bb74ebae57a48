//! The raw results: a row for each run, and a point for each evaluation on its way.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::PROTOCOL;
use super::world::BenchmarkWorld;
use crate::experiments::outcome::{CurvePoint, Outcome, PerDecision};
use crate::experiments::store::Record;

/// The columns of rows, in their order.
pub const COLUMNS: [&str; 29] = [
    "agent",
    "source",
    "inputs",
    "world",
    "seed",
    "config_hash",
    "protocol",
    "episodes",
    "env_steps",
    "training_crashes",
    "episodes_to_90",
    "env_steps_to_90",
    "episodes_to_95",
    "env_steps_to_95",
    "episodes_to_98",
    "env_steps_to_98",
    "return_h100",
    "min_h100",
    "crash_rate_h100",
    "return_h140",
    "min_h140",
    "crash_rate_h140",
    "acs_per_decision",
    "macs_per_decision",
    "neuron_updates_per_decision",
    "training_acs",
    "training_macs",
    "training_neuron_updates",
    "cpu_seconds",
];

/// The columns of curves.
pub const CURVE_COLUMNS: [&str; 7] = ["agent", "world", "seed", "episode", "env_steps", "return", "crash_rate"];

/// What an agent sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Inputs {
    /// The distances.
    #[serde(rename = "sensors")]
    Sensors,
    /// The distances and the last action.
    #[serde(rename = "sensors+action")]
    SensorsAction,
    /// The distances of the last four steps.
    #[serde(rename = "sensors-x4")]
    SensorsX4,
    /// The rates of its own encoder of distances and last actions.
    #[serde(rename = "code")]
    Code,
    /// The true state of the world: a privileged driver, no competitor.
    #[serde(rename = "state")]
    State,
}

/// A text that names no inputs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("use sensors, sensors+action, sensors-x4, code or, for a driver that knows the true state, state")]
pub struct InputsError;

impl Inputs {
    const ALL: [Self; 5] = [Self::Sensors, Self::SensorsAction, Self::SensorsX4, Self::Code, Self::State];

    /// Its name in rows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sensors => "sensors",
            Self::SensorsAction => "sensors+action",
            Self::SensorsX4 => "sensors-x4",
            Self::Code => "code",
            Self::State => "state",
        }
    }
}

impl fmt::Display for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Inputs {
    type Err = InputsError;

    fn from_str(text: &str) -> Result<Self, InputsError> {
        Self::ALL.into_iter().find(|inputs| inputs.name() == text).ok_or(InputsError)
    }
}

/// A run of any agent by the protocol. Docs and units: docs/benchmark.md.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "docs/benchmark.md tells every column")]
pub struct Row {
    pub agent: String,
    pub source: String,
    pub inputs: Inputs,
    pub world: BenchmarkWorld,
    pub seed: u64,
    pub config_hash: String,
    pub protocol: u32,
    pub episodes: usize,
    pub env_steps: usize,
    pub training_crashes: usize,
    pub episodes_to_90: Option<usize>,
    pub env_steps_to_90: Option<usize>,
    pub episodes_to_95: Option<usize>,
    pub env_steps_to_95: Option<usize>,
    pub episodes_to_98: Option<usize>,
    pub env_steps_to_98: Option<usize>,
    pub return_h100: f64,
    pub min_h100: f64,
    pub crash_rate_h100: f64,
    pub return_h140: f64,
    pub min_h140: f64,
    pub crash_rate_h140: f64,
    pub acs_per_decision: f64,
    pub macs_per_decision: f64,
    pub neuron_updates_per_decision: f64,
    pub training_acs: u64,
    pub training_macs: u64,
    pub training_neuron_updates: u64,
    pub cpu_seconds: f64,
}

/// An evaluation on the way of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "docs/benchmark.md tells every column")]
pub struct Point {
    pub agent: String,
    pub world: BenchmarkWorld,
    pub seed: u64,
    pub episode: usize,
    pub env_steps: usize,
    #[serde(rename = "return")]
    pub mean: f64,
    pub crash_rate: f64,
}

/// What tells runs apart: agent, world, seed.
pub type RunKey = (String, BenchmarkWorld, u64);

/// What is known of a run before it is made.
#[derive(Clone, Debug)]
pub struct Run {
    /// Agent.
    pub agent: String,
    /// What it sees.
    pub inputs: Inputs,
    /// World.
    pub world: BenchmarkWorld,
    /// Seed.
    pub seed: u64,
    /// Hash of all that decides the run beside its seed.
    pub config_hash: String,
}

impl Run {
    /// What tells it apart.
    pub fn key(&self) -> RunKey {
        (self.agent.clone(), self.world, self.seed)
    }

    /// Its row, once it is made, by this program.
    pub fn row(&self, outcome: &Outcome) -> Row {
        let Outcome { scores: [h100, h140], milestones, training, per_decision, .. } = outcome;
        let [episodes_to_90, episodes_to_95, episodes_to_98] = milestones.episodes_to;
        let [env_steps_to_90, env_steps_to_95, env_steps_to_98] = milestones.env_steps_to;
        let PerDecision { acs, macs, neuron_updates } = *per_decision;
        Row {
            agent: self.agent.clone(),
            source: format!("spikedrive {}", env!("CARGO_PKG_VERSION")),
            inputs: self.inputs,
            world: self.world,
            seed: self.seed,
            config_hash: self.config_hash.clone(),
            protocol: PROTOCOL,
            episodes: outcome.episodes,
            env_steps: outcome.env_steps,
            training_crashes: outcome.training_crashes,
            episodes_to_90,
            env_steps_to_90,
            episodes_to_95,
            env_steps_to_95,
            episodes_to_98,
            env_steps_to_98,
            return_h100: h100.mean,
            min_h100: h100.min,
            crash_rate_h100: h100.crash_rate,
            return_h140: h140.mean,
            min_h140: h140.min,
            crash_rate_h140: h140.crash_rate,
            acs_per_decision: acs,
            macs_per_decision: macs,
            neuron_updates_per_decision: neuron_updates,
            training_acs: training.acs,
            training_macs: training.macs,
            training_neuron_updates: training.neuron_updates,
            cpu_seconds: (outcome.training_cpu.as_secs_f64() * 1e3).round() / 1e3,
        }
    }

    /// A point of its curve.
    pub fn point(&self, point: &CurvePoint) -> Point {
        let CurvePoint { episode, env_steps, evaluation } = *point;
        let (agent, world, seed) = self.key();
        Point { agent, world, seed, episode, env_steps, mean: evaluation.mean, crash_rate: evaluation.crash_rate }
    }
}

impl Row {
    /// Training episodes to 90, 95 and 98 %.
    pub fn episodes_to(&self) -> [Option<usize>; 3] {
        [self.episodes_to_90, self.episodes_to_95, self.episodes_to_98]
    }

    /// Training steps to 90, 95 and 98 %.
    pub fn env_steps_to(&self) -> [Option<usize>; 3] {
        [self.env_steps_to_90, self.env_steps_to_95, self.env_steps_to_98]
    }
}

impl Record for Row {
    type Run = RunKey;

    fn run(&self) -> RunKey {
        (self.agent.clone(), self.world, self.seed)
    }
}

impl Record for Point {
    type Run = RunKey;

    fn run(&self) -> RunKey {
        (self.agent.clone(), self.world, self.seed)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A run that could be: 300 episodes of 90 steps.
    pub(crate) fn row(agent: &str, world: BenchmarkWorld, seed: u64, return_h100: f64) -> Row {
        Row {
            agent: agent.to_owned(),
            source: "someone 1.0".to_owned(),
            inputs: Inputs::Sensors,
            world,
            seed,
            config_hash: "0123456789abcdef".to_owned(),
            protocol: 1,
            episodes: 300,
            env_steps: 27_000,
            training_crashes: 12,
            episodes_to_90: Some(10),
            env_steps_to_90: Some(600),
            episodes_to_95: Some(20),
            env_steps_to_95: Some(1500),
            episodes_to_98: None,
            env_steps_to_98: None,
            return_h100,
            min_h100: return_h100 - 5.0,
            crash_rate_h100: 0.0,
            return_h140: return_h100 * 1.4,
            min_h140: return_h100 * 1.4 - 5.0,
            crash_rate_h140: 0.0,
            acs_per_decision: 100.0,
            macs_per_decision: 10.0,
            neuron_updates_per_decision: 1000.0,
            training_acs: 3_000_000,
            training_macs: 2_000_000,
            training_neuron_updates: 30_000_000,
            cpu_seconds: 1.5,
        }
    }

    #[test]
    fn the_header_is_that_of_the_format() {
        let header = |record: &dyn Fn(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>| {
            let mut writer = csv::Writer::from_writer(Vec::new());
            record(&mut writer).unwrap();
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            text.lines().next().unwrap().to_owned()
        };
        let row = row("stdp", BenchmarkWorld::Noise1, 1, 240.0);
        assert_eq!(header(&|writer| writer.serialize(&row)), COLUMNS.join(","));
        let (agent, world, seed) = row.run();
        let point = Point { agent, world, seed, episode: 5, env_steps: 50, mean: 1.0, crash_rate: 0.0 };
        assert_eq!(header(&|writer| writer.serialize(&point)), CURVE_COLUMNS.join(","));
    }
}
