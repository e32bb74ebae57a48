//! Deep Q-learning: the return of each action is learned from steps that are remembered and drawn at random.
//!
//! Mnih et al. 2015 (experience replay, target network), with the double estimator of van Hasselt, Guez & Silver 2016, n-step returns
//! (Sutton & Barto 2018, chapter 7; Hessel et al. 2018) and a target network that follows softly (Lillicrap et al. 2016). An episode
//! that was cut at the horizon is bootstrapped, one that ended in a crash is not.

pub mod config;
pub mod learner;
pub mod n_step;
pub mod replay;

pub use config::{DqnConfig, Exploration};
pub use learner::{DqnLearner, DqnState};
