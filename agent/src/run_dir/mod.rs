//! A run's directory: what it holds, who writes it and who reads it. It is the source of truth.

mod found;
mod log;
mod recorder;
mod state;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use spikedrive_env::ENVIRONMENT_ID;
use spikedrive_learners::Preset;

use crate::checkpoint::config_hash;
use crate::train::{EVAL_EVERY, TrainConfig};

pub use found::{FoundRun, FoundWeights, RunHead, find_runs, open_run, resolve_weights};
pub use recorder::RunRecorder;

/// Version of the formats of `run.json`, `episodes.jsonl`, `state.cbor` and `summary.json`.
pub const SCHEMA_VERSION: u32 = 1;

/// Directory that holds the runs when nobody names another.
pub const DEFAULT_RUNS: &str = "runs";

/// What a run is: `run.json`, written when it starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Version of this format.
    pub schema_version: u32,
    /// When it started, UTC, as in the name of its directory.
    pub started_at: String,
    /// Version of the agent.
    pub version: String,
    /// The world.
    pub environment_id: String,
    /// Preset.
    pub preset: String,
    /// Episodes between two evaluations.
    pub eval_every: usize,
    /// Server that it drives on, or [`EMBEDDED`].
    pub server: String,
    /// Hash of the network and learning rule, `config`.
    pub config_hash: String,
    /// Everything that decides how it goes: `config`, `lesson`, `episodes`, `seed`, `lanes`, `horizon`, `world`, `ceilings`.
    #[serde(flatten)]
    pub train: TrainConfig,
}

/// A [`RunInfo::server`] inside the agent's own process.
pub const EMBEDDED: &str = "embedded";

impl RunInfo {
    /// The same with another seed.
    pub fn with_seed(&self, seed: u64) -> Self {
        Self { train: TrainConfig { seed, ..self.train }, ..self.clone() }
    }

    /// Describes a run that starts now.
    pub fn new(preset: Preset, config: &TrainConfig, server: &str) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            started_at: Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            environment_id: ENVIRONMENT_ID.to_owned(),
            preset: preset.name().to_owned(),
            eval_every: EVAL_EVERY,
            server: server.to_owned(),
            config_hash: config_hash(&config.learner),
            train: *config,
        }
    }
}
