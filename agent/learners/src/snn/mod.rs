//! The spiking network and the parts that make it learn.
//!
//! A step of the car is T ticks of 1 ms of the network: [`encoder`] → [`network`] ([`lif`], [`synapses`], [`noise`]) →
//! [`readout`] → action. Learning multiplies three factors: what the synapse did ([`stdp`] or a spike count) × what its pool
//! did (chosen − share), remembered in an [`eligibility`] trace, × [`dopamine`], the TD error of a [`critic`]. [`homeostasis`]
//! keeps every pool alive, and [`sleep`] replays remembered episodes. [`three_factor`] applies the rule, [`learner`] puts all in order; [`preset`] names the
//! settings that were measured.

pub mod config;
pub mod critic;
pub mod dopamine;
pub mod eligibility;
pub mod encoder;
pub mod homeostasis;
pub mod learner;
pub mod lif;
pub mod network;
pub mod noise;
pub mod preset;
pub mod readout;
pub mod sleep;
pub mod stdp;
pub mod synapses;
pub mod three_factor;

pub use config::{Plasticity, SnnConfig};
pub use critic::Critic;
pub use learner::{EpisodeSummary, SpikingLearner, StepEnd};
pub use network::{Network, NetworkState};
pub use preset::Preset;
