//! Deep reinforcement learning on the same tracks, as a yardstick: [`dqn`] (Mnih et al. 2015, made double after van Hasselt et al.
//! 2016, with n-step returns) and [`ppo`] (Schulman et al. 2017, with the advantages of Schulman et al. 2016). No neuron spikes here.
//!
//! Both stand on the same few parts: an [`Mlp`] and its gradient, [`Adam`], and [`Inputs`], which say how much of the world the
//! network sees. Their learners are told the same observations and rewards as the spiking ones, in the same order.
//!
//! Operations are counted in multiply-accumulates (MACs): of a forward pass, inputs × outputs of each layer; of a backward pass,
//! twice that (gradient of the weights and of the inputs), but for the first layer, whose inputs need no gradient. Of Adam, 4 a
//! parameter: m, v, g² and the step; of a soft target update, 1 a parameter. Biases, activations, square roots and divisions are left
//! out, and so is the encoding of the inputs.

pub mod adam;
pub mod dqn;
pub mod floats;
pub mod init;
pub mod inputs;
pub mod mlp;
pub mod policy;
pub mod ppo;
pub mod reward;
pub mod run;
#[cfg(test)]
mod testing;
pub mod widths;

pub use adam::{Adam, AdamParams};
pub use dqn::{DqnConfig, DqnLearner, DqnState};
pub use inputs::Inputs;
pub use mlp::Mlp;
pub use policy::{ActorCritic, QPolicy};
pub use ppo::{PpoConfig, PpoLearner, PpoState};
pub use widths::Widths;
