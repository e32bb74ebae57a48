//! Between dm_env_rpc's messages and the world's types: tensors, specs, settings, extensions, statuses.

mod extension;
mod scalar;
mod specs;
mod tensor;

use std::borrow::Cow;

use tonic::Status;

use crate::google::rpc;

pub use extension::{read_property_request, wrap_property_response};
pub use scalar::{read_flag, read_integer, read_number, read_text};
pub use specs::{
    REWARD, SENSORS, STEER, check_observation_uid, observation, read_actions, specs, to_bool, to_double, to_int64,
    to_string, to_uint64,
};
pub use tensor::tensor_spec;

/// A status as an ordinary message.
pub fn wire_status(status: &Status) -> rpc::Status {
    rpc::Status { code: status.code().into(), message: status.message().to_owned(), details: Vec::new() }
}

/// A name from the wire as errors quote it: its first 40 characters.
pub fn quoted(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(40) {
        None => name.into(),
        Some((end, _)) => format!("{}…", &name[..end]).into(),
    }
}
