//! Proximal policy optimisation: a policy learns from what it did itself, a little at a time.
//!
//! Schulman et al. 2017 (clipped surrogate), with generalised advantage estimation (Schulman et al. 2016). Actor and critic are networks
//! of their own. What else has proved itself in practice is there, too (Huang et al. 2022, "The 37 implementation details of PPO"):
//! orthogonal weights at birth, normalised advantages, one gradient norm for both networks. An episode that was cut at the horizon is
//! bootstrapped, one that ended in a crash is not.

pub mod config;
pub mod learner;
pub mod loss;
pub mod rollout;

pub use config::PpoConfig;
pub use learner::{PpoLearner, PpoState};
