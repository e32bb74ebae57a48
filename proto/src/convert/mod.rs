//! The only translation between the wire and the world's types, in both directions, for server and clients alike.
//!
//! Whatever arrives is checked here once: lengths, ranges, finite numbers. Past this door there are only valid types.

pub mod dm_env_rpc;
mod info;
mod session;
mod snapshot;
mod spec;
mod step;

use spikedrive_env::config::ConfigError;
use spikedrive_env::vector_world::LaneError;
use tonic::{Code, Status};

use crate::v1;

pub use info::{pair_bytes, read_info};
pub use session::{MAX_CIRCUIT_BYTES, wire_autoreset};
pub use snapshot::{Snapshot, read_snapshot, snapshot_bytes};
pub use spec::{action_space, check_protocol, observation_space, spec, world_limits};
pub use step::{
    StepEncoder, action_bytes, observation_bytes, read_actions, read_mask, read_observations, read_step, step_result,
};

/// A message that says nothing valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct ConvertError {
    /// The field that was rejected.
    pub field: &'static str,
    /// Value, range and remedy.
    pub reason: String,
}

impl ConvertError {
    fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self { field, reason: reason.into() }
    }
}

impl From<ConfigError> for ConvertError {
    fn from(ConfigError { field, reason }: ConfigError) -> Self {
        Self { field, reason }
    }
}

impl From<ConvertError> for Status {
    fn from(error: ConvertError) -> Self {
        Self::invalid_argument(error.to_string())
    }
}

impl From<ConvertError> for v1::StepError {
    fn from(ConvertError { field, reason }: ConvertError) -> Self {
        Self { code: Code::InvalidArgument as u32, field: field.to_owned(), message: reason }
    }
}

/// A command that does not fit the lanes, as a code and the field that is wrong.
fn lane_error(error: LaneError, field: &'static str) -> (Code, &'static str) {
    match error {
        LaneError::WrongCount { .. } => (Code::InvalidArgument, field),
        LaneError::EpisodeOver(_) => (Code::FailedPrecondition, field),
    }
}

/// The status of a unary call whose `field` did not fit the lanes.
pub fn lane_status(error: LaneError, field: &'static str) -> Status {
    let (code, field) = lane_error(error, field);
    Status::new(code, format!("{field}: {error}"))
}

/// The in-band answer to a command on a stream whose `field` did not fit the lanes.
pub fn lane_step_error(error: LaneError, field: &'static str) -> v1::StepError {
    let (code, field) = lane_error(error, field);
    v1::StepError { code: code as u32, field: field.to_owned(), message: error.to_string() }
}

fn check_length(field: &'static str, bytes: &[u8], expected: usize) -> Result<(), ConvertError> {
    if bytes.len() == expected {
        Ok(())
    } else {
        Err(ConvertError::new(field, format!("{} bytes instead of {expected}", bytes.len())))
    }
}

fn saturating_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
