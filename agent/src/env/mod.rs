//! The environment as the agent sees it: one trait, in process or over the network.

mod local;
mod remote;

use spikedrive_env::vector_world::LaneError;
use spikedrive_env::{Action, ConfigError, LaneInfo, StepBatch, WorldConfig};
use spikedrive_proto::address::Address;

pub use local::LocalFactory;
pub use remote::RemoteFactory;

/// A vector of lanes, stepped together, in autoreset mode NEXT_STEP: see [`spikedrive_env::VectorWorld`].
pub trait VectorEnv {
    /// The observations that the next actions answer: `lanes × rays`.
    fn observations(&self) -> &[f32];

    /// Steps every lane; one action for each.
    fn step(&mut self, actions: &[Action]) -> Result<&StepBatch, EnvError>;

    /// Where the cars are now, and the roads of the episodes that the last step began: for pictures alone. None unless the
    /// configuration asks for it.
    fn info(&self) -> Option<&LaneInfo>;

    /// Tells the environment that its driver is still there, and changes nothing: what waits for long calls it every second or so.
    fn keep_alive(&mut self) -> Result<(), EnvError>;
}

/// Makes vectors of lanes.
pub trait EnvFactory {
    /// Makes the lanes and resets each to its first episode.
    fn make(&self, config: &WorldConfig) -> Result<Box<dyn VectorEnv>, EnvError>;
}

/// Why an environment did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum EnvError {
    /// The configuration is out of range.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// The actions do not fit the lanes.
    #[error("{0}")]
    Lanes(#[from] LaneError),
    /// The request was refused; the server is well.
    #[error("the server at {address} refuses: {reason}")]
    Refused {
        /// The server.
        address: Address,
        /// What it says.
        reason: String,
    },
    /// The user wants to stop.
    #[error("interrupted")]
    Interrupted,
    /// The server does not answer, or not with what the protocol says.
    #[error("lost the server at {address}: {reason}")]
    ServerLost {
        /// The server.
        address: Address,
        /// How that showed.
        reason: String,
    },
}
