//! Every parameter of the spiking agent. Serialised beside each weight file, so that a network can be rebuilt.

use serde::{Deserialize, Serialize};

use super::critic::CriticParams;
use super::encoder::PopulationCode;
use super::homeostasis::HomeostasisParams;
use super::lif::LifParams;
use super::sleep::SleepParams;
use super::stdp::StdpParams;
use super::synapses::WiringParams;
use crate::Schedule;

/// Number of neurons of every network.
pub const NEURONS: usize = 100;

/// The parameters of network and learning rule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SnnConfig {
    /// Ticks of 1 ms in a step of the car.
    pub ticks: usize,
    /// How distances become spikes; its cells are the sensory neurons.
    pub code: PopulationCode,
    /// Number of motor neurons, a multiple of three: pools left, straight, right. The rest is hidden.
    pub motor_neurons: usize,
    /// Membranes of hidden and motor neurons.
    pub lif: LifParams,
    /// Synapses at birth.
    pub wiring: WiringParams,
    /// Factor of the synaptic current into motor neurons.
    pub motor_gain: f32,
    /// Inverse temperature of the choice between pools.
    pub inverse_temperature: f32,
    /// What a synapse contributes to its eligibility.
    pub plasticity: Plasticity,
    /// Discount γ per step.
    pub discount: f32,
    /// Decay λ of the traces per step, beside the discount.
    pub trace_decay: f32,
    /// Peak learning rate η.
    pub learning_rate: f32,
    /// How it changes over the run.
    pub schedule: Schedule,
    /// Largest magnitude of dopamine that reaches the synapses.
    pub dopamine_clip: f32,
    /// Rewards below this count as this in learning, so that one crash does not drown all else. Scores use the true reward.
    pub reward_floor: f32,
    /// The critic.
    pub critic: CriticParams,
    /// Pool homeostasis.
    pub homeostasis: HomeostasisParams,
    /// Replay after each episode.
    pub sleep: Option<SleepParams>,
}

/// The pre- and postsynaptic factors of the learning rule, before the pool's (chosen − share).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Plasticity {
    /// Spike pairs of the synapse: pair STDP of spiking motor neurons.
    PairStdp(StdpParams),
    /// Spike count of the presynaptic neuron: with the pool's factor, the exact policy gradient of the pathway readout.
    PreCount,
}

impl SnnConfig {
    /// Number of sensory neurons.
    pub fn sensory_neurons(&self) -> usize {
        self.code.cells()
    }

    /// Number of hidden neurons.
    pub fn hidden_neurons(&self) -> usize {
        NEURONS - self.sensory_neurons() - self.motor_neurons
    }

    /// Checks every parameter that a file could hold.
    pub fn validate(&self) -> Result<(), String> {
        let neurons = self.code.cells().saturating_add(self.motor_neurons);
        if self.motor_neurons == 0 || !self.motor_neurons.is_multiple_of(3) || neurons > NEURONS {
            return Err(format!(
                "{} sensory and {} motor neurons do not fit {NEURONS} neurons with three equal pools",
                self.code.cells(),
                self.motor_neurons
            ));
        }
        if self.code.cells_per_sensor < 2 || self.code.difference_cells == 1 {
            return Err("a population needs at least two cells".to_owned());
        }
        if !(1..=1000).contains(&self.ticks) {
            return Err(format!("{} ticks a step are outside 1..=1000", self.ticks));
        }
        if !(self.homeostasis.share_floor > 0.0 && self.homeostasis.share_floor < 1.0) {
            return Err(format!("share_floor {} is outside (0, 1)", self.homeostasis.share_floor));
        }
        if self.sleep.is_some() && self.plasticity != Plasticity::PreCount {
            return Err("sleep replays spike counts: it needs the plasticity pre-count".to_owned());
        }
        Ok(())
    }
}
