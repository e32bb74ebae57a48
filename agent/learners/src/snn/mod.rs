//! The spiking network and the parts that make it learn.
//!
//! A step of the car is T ticks of 1 ms of the network: [`encoder`] ([`tuning`], [`change`], what is [`ahead`]; before it, if there is one, a [`forward`] model) →
//! [`network`] with the [`state`] of a lane, in layers ([`population`]: [`lif`], [`cell_types`], [`escape`], [`noise`]) that are wired by [`synapses`] and
//! [`relay`] → what is heard of it ([`temporal`]) → [`competition`] of the pools, by current ([`readout`]) or by spikes ([`vote`]) → action.
//!
//! Learning multiplies three factors: what the synapse did ([`plasticity`]: a spike count, made [`divisive`] or not, or [`stdp`]) ×
//! what its pool did ([`credit`]: chosen − share, or the [`contrastive`] burst), remembered in an [`eligibility`] trace, × [`dopamine`], mostly
//! the TD error of a [`critic`], of rewards to which [`novelty`] may add. Hidden neurons learn by [`eprop`], if at all. [`homeostasis`] keeps every pool
//! alive, and [`sleep`] replays remembered episodes. [`three_factor`] applies the rule, [`learner`] puts all in order; [`preset`] names the settings that were
//! measured, all made of these parts.

pub mod ahead;
pub mod cell_types;
pub mod change;
pub mod competition;
pub mod config;
pub mod contrastive;
pub mod credit;
pub mod critic;
pub mod divisive;
pub mod dopamine;
mod driver;
pub mod eligibility;
pub mod encoder;
pub mod eprop;
pub mod error;
pub mod escape;
pub mod fan_out;
pub mod forward;
pub mod homeostasis;
pub mod learner;
pub mod lif;
pub mod network;
pub mod noise;
pub mod novelty;
pub mod plasticity;
pub mod population;
pub mod preset;
pub mod readout;
pub mod relay;
pub mod saved;
pub mod sleep;
pub mod state;
pub mod stdp;
pub mod synapses;
pub mod temporal;
pub mod three_factor;
pub mod tuning;
pub mod vote;

pub use config::{Plasticity, Signal, SnnConfig};
pub use critic::Critic;
pub use learner::{EpisodeSummary, SpikingLearner, SpikingState, StepEnd};
pub use network::Network;
pub use preset::Preset;
pub use state::NetworkState;
