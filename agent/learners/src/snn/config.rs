//! Every parameter of the spiking agent. Serialised beside each weight file, so that a network can be rebuilt.

use serde::{Deserialize, Serialize};

use super::competition::Readout;
use super::critic::CriticParams;
use super::divisive::Divisive;
use super::encoder::PopulationCode;
use super::escape::EscapeNoise;
use super::homeostasis::HomeostasisParams;
use super::lif::LifParams;
use super::sleep::SleepParams;
use super::stdp::StdpParams;
use super::synapses::{MotorInputs, WiringParams};
use crate::{ACTIONS, Schedule};

/// Number of neurons of every network.
pub const NEURONS: usize = 100;

/// The parameters of network and learning rule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SnnConfig {
    /// Ticks of 1 ms in a step of the car.
    pub ticks: usize,
    /// How distances become spikes; its cells are the sensory neurons.
    pub code: PopulationCode,
    /// Number of hidden neurons.
    pub hidden_neurons: usize,
    /// Number of motor neurons, at least three: pools left, straight, right. Neurons that are left over have no synapse.
    pub motor_neurons: usize,
    /// Membranes of hidden and motor neurons.
    pub lif: LifParams,
    /// Synapses at birth.
    pub wiring: WiringParams,
    /// Factor of the synaptic current into motor neurons.
    pub motor_gain: f32,
    /// When a motor neuron spikes.
    pub motor_firing: Firing,
    /// How the pools compete.
    pub readout: Readout,
    /// What a synapse contributes to its eligibility.
    pub plasticity: Plasticity,
    /// Normalisation of the presynaptic counts that eligibility and homeostasis use.
    pub divisive: Option<Divisive>,
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

/// When a motor neuron spikes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Firing {
    /// When its potential reaches the threshold.
    Threshold,
    /// By chance, the more likely the higher its potential.
    Escape(EscapeNoise),
}

/// The pre- and postsynaptic factors of the learning rule: what a synapse remembers of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Plasticity {
    /// Spike pairs of the synapse × the pool's (chosen − share): pair STDP of spiking motor neurons.
    PairStdp(StdpParams),
    /// Spike count of the presynaptic neuron × the pool's (chosen − share): the exact policy gradient of the pathway readout.
    PreCount,
    /// Spike pairs of the winner's burst − pairs of the neuron's own spikes.
    ContrastiveStdp(StdpParams),
}

impl SnnConfig {
    /// Number of sensory neurons.
    pub fn sensory_neurons(&self) -> usize {
        self.code.cells()
    }

    /// Checks every parameter that a file could hold.
    pub fn validate(&self) -> Result<(), String> {
        self.validate_layers()?;
        if !(1..=1000).contains(&self.ticks) {
            return Err(format!("{} ticks a step are outside 1..=1000", self.ticks));
        }
        if !(self.homeostasis.share_floor > 0.0 && self.homeostasis.share_floor < 1.0) {
            return Err(format!("share_floor {} is outside (0, 1)", self.homeostasis.share_floor));
        }
        let by_pathway = matches!(self.readout, Readout::Pathway { .. });
        if self.sleep.is_some() && !(self.plasticity == Plasticity::PreCount && by_pathway) {
            return Err(
                "sleep replays spike counts: it needs the plasticity pre-count and the readout pathway".to_owned()
            );
        }
        Ok(())
    }

    fn validate_layers(&self) -> Result<(), String> {
        let Self { code, hidden_neurons, motor_neurons, wiring, .. } = self;
        if ![3, 5, 7, 9].contains(&code.rays) {
            return Err(format!("{} rays: use 3, 5, 7 or 9", code.rays));
        }
        let neurons = code.cells().saturating_add(*hidden_neurons).saturating_add(*motor_neurons);
        if *motor_neurons < ACTIONS || neurons > NEURONS {
            let cells = code.cells();
            return Err(format!(
                "{cells} sensory, {hidden_neurons} hidden and {motor_neurons} motor neurons do not fit {NEURONS} neurons with three pools"
            ));
        }
        let changes = code.change.map_or(2, |change| change.cells_per_sensor);
        if code.cells_per_sensor < 2 || code.difference_cells == 1 || changes < 2 {
            return Err("a population needs at least two cells".to_owned());
        }
        if wiring.motor_inputs == MotorInputs::Hidden && *hidden_neurons == 0 {
            return Err("the motor neurons hear hidden neurons alone, and there are none".to_owned());
        }
        Ok(())
    }
}
