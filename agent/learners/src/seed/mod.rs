//! The rule that the project started from, as it was first written down: a fully connected network, pair STDP on all its
//! synapses, and one dopamine value an episode.
//!
//! It does not learn to drive: `docs/seed-rule.md` measures that and tells why. It is kept as the honest start, against which
//! [`crate::snn`] is to be judged.
//!
//! A step of the car is 100 ticks of [`network`], from membranes at rest. The [`readout`] sums the synaptic currents of three
//! pools, and the strongest decides. [`stdp`] gathers spike pairs over the whole episode; at its end [`dopamine`] turns them
//! into one change of each weight. [`learner`] puts all in order; [`config`] holds every number.

pub mod config;
pub mod dopamine;
mod driver;
pub mod learner;
pub mod network;
pub mod readout;
pub mod stdp;

pub use config::{Mode, Reading, SeedConfig};
pub use learner::{SeedLearner, SeedLearnerState};
pub use network::{SeedNetwork, SeedState};
