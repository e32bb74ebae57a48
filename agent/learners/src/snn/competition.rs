//! The competition of the motor pools: by the current that reaches them, or by the spikes that they fire.

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::{readout, vote};
use crate::ACTIONS;
use crate::range::in_range;

/// By what the pools compete.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Readout {
    /// Mean synaptic current (the "pathway") of each pool, softened by a temperature: [`readout`].
    Pathway {
        /// β: inverse temperature.
        inverse_temperature: f32,
    },
    /// The motor neurons' own spikes: [`vote`].
    Vote,
}

impl Readout {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        match *self {
            Self::Pathway { inverse_temperature } => in_range("inverse_temperature", inverse_temperature, 0.0..=1e4),
            Self::Vote => Ok(()),
        }
    }
}

/// The pools' standing after a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Competition {
    /// Drive of each pool, z.
    Pathway([f32; ACTIONS]),
    /// Spikes of each pool.
    Vote([f32; ACTIONS]),
}

impl Competition {
    /// The share of each pool.
    pub fn shares(self) -> [f32; ACTIONS] {
        match self {
            Self::Pathway(drive) => readout::shares(drive),
            Self::Vote(spikes) => vote::shares(spikes),
        }
    }

    /// The action while learning. A pathway is sampled from; a vote was noisy already.
    pub fn explore(self, rng: &mut impl Rng) -> usize {
        match self {
            Self::Pathway(drive) => readout::sample(readout::shares(drive), rng),
            Self::Vote(spikes) => vote::winner(spikes, rng),
        }
    }

    /// The action when it counts.
    pub fn decide(self, rng: &mut impl Rng) -> usize {
        match self {
            Self::Pathway(drive) => readout::greedy(drive),
            Self::Vote(spikes) => vote::winner(spikes, rng),
        }
    }
}
