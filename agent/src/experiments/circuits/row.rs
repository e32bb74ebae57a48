//! The raw data: a line for each run, and one for each circuit and mode that it drove.

use serde::{Deserialize, Serialize};

use crate::experiments::store::Record;

/// What tells runs apart: condition, preset or script, seed.
pub type Key = (String, String, u64);

/// One run: the network that was trained; of `other-circuits`, those that were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What it was trained on; `script` for a driver that does not learn.
    pub condition: String,
    /// Its preset, or the name of the script.
    pub preset: String,
    /// Its seed; 0 for a script.
    pub seed: u64,
    /// What decides it besides.
    pub config_hash: String,
    /// Hash of the circuits.
    pub circuits: String,
    /// Mean return on the 50 test tracks of phase 4, horizon 100; mean over networks. Empty for a script.
    pub return_h100: Option<f64>,
}

/// Its laps of one circuit in one mode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// As in the run.
    pub condition: String,
    /// As in the run.
    pub preset: String,
    /// As in the run.
    pub seed: u64,
    /// The circuit.
    pub circuit: String,
    /// `fit` or `real`.
    pub mode: String,
    /// Laps begun.
    pub starts: usize,
    /// Laps completed.
    pub laps: usize,
    /// Steps of all of them.
    pub steps: usize,
    /// Mean reward of a step, crashes included.
    pub reward_per_step: f64,
    /// Where the car left the road, in units of centre line from the first point of the circuit, separated by spaces.
    pub crashed_at: String,
}

impl Record for Run {
    type Run = Key;

    fn run(&self) -> Key {
        (self.condition.clone(), self.preset.clone(), self.seed)
    }
}

impl Record for Row {
    type Run = Key;

    fn run(&self) -> Key {
        (self.condition.clone(), self.preset.clone(), self.seed)
    }
}
