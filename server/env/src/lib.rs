//! The world of SpikeDrive: tracks, car, sensors and reward.
//!
//! Everything here is a pure, synchronous function of its arguments: no clock, no files, no sockets, no global random
//! numbers. The same [`WorldConfig`] gives the same episodes bit for bit on every platform, whatever the number of
//! lanes, and whether the world is stepped in process or over the network.
//!
//! The walk of one step: [`Action`] → [`motion`] moves the [`Car`] → [`Track`] tells the lateral deviation → [`reward`] →
//! [`sensors`] cast rays → [`Drive`] adds noise and latency → the next observation.
//!
//! | quantity | unit |
//! |---|---|
//! | length | units (the car moves 1 unit a step) |
//! | angle | radians, counter-clockwise; left is positive |
//! | observation | distance in units, `f32`, in `[0, 20]` |
//! | reward | `f64` |

pub mod action;
pub mod car;
pub mod ceiling;
pub mod circuit;
pub mod config;
pub mod drive;
pub mod info;
mod lane;
pub mod motion;
pub mod options;
pub mod oracle;
pub mod phase;
pub mod random;
pub mod render;
pub mod reward;
pub mod sensors;
pub mod split;
pub mod state;
pub mod track;
pub mod vector_world;

pub use action::Action;
pub use car::Car;
pub use circuit::{Circuit, CircuitError, CircuitMode};
pub use config::{Autoreset, ConfigError, Course, WorldConfig};
pub use drive::{Drive, EndReason, Transition};
pub use info::{LaneInfo, LaneRoad, Pose, Road};
pub use options::{WorldOptions, WorldPreset};
pub use phase::Phase;
pub use split::Split;
pub use track::Track;
pub use vector_world::{StepBatch, VectorWorld};

/// Identifier of this world. Behaviour that changes numbers gets a new one.
pub const ENVIRONMENT_ID: &str = "SpikeDrive-v1";
