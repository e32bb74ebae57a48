//! `state.cbor`: all that a run goes on from, in one file, so that no part of it can be older than another.

use std::fs;
use std::io;
use std::path::Path;

use ciborium::Value;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::SCHEMA_VERSION;
use crate::failure::Failure;
use crate::files::write_whole;
use crate::train::TrainState;

const FILE_NAME: &str = "state.cbor";

/// A run between two rounds.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SavedState {
    /// What the trainer goes on from.
    pub(super) train: TrainState,
    /// Episodes that are finished.
    pub(super) episode: usize,
    /// Mean return of the best evaluation.
    pub(super) best: Option<f64>,
}

/// The file, in CBOR (RFC 8949), which keeps every bit of a number.
#[derive(Serialize, Deserialize)]
struct Envelope {
    schema_version: u32,
    /// Of the bytes of `state`.
    sha256: Value,
    /// A [`SavedState`], itself in CBOR.
    state: Value,
}

/// Renews the file, whole or not at all.
pub(super) fn write(directory: &Path, state: &SavedState) -> Result<(), Failure> {
    let path = directory.join(FILE_NAME);
    let mut bytes = Vec::new();
    let encoded = ciborium::into_writer(state, &mut bytes).map_err(io::Error::other);
    encoded.map_err(|error| Failure::Write { path: path.clone(), error })?;
    let sha256 = Value::Bytes(Sha256::digest(&bytes).to_vec());
    let envelope = Envelope { schema_version: SCHEMA_VERSION, sha256, state: Value::Bytes(bytes) };
    write_whole(&path, |file| ciborium::into_writer(&envelope, io::BufWriter::new(file)).map_err(io::Error::other))
}

/// Reads the file; none if it was never written.
pub(super) fn read(directory: &Path) -> Result<Option<SavedState>, Failure> {
    let path = directory.join(FILE_NAME);
    let failed = |error| Failure::Read { path: path.clone(), error };
    let bad = |reason: String| failed(io::Error::other(format!("{reason}; restore the file, or train anew")));
    let file = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(failed)?,
    };
    let envelope: Envelope =
        ciborium::from_reader(&file[..]).map_err(|error| bad(format!("it is no saved state: {error}")))?;
    if envelope.schema_version != SCHEMA_VERSION {
        return Err(bad(format!("its schema_version {} is not {SCHEMA_VERSION}", envelope.schema_version)));
    }
    let (Value::Bytes(sha256), Value::Bytes(state)) = (envelope.sha256, envelope.state) else {
        return Err(bad("it is no saved state".to_owned()));
    };
    if Sha256::digest(&state).as_slice() != sha256 {
        return Err(bad("its checksum is wrong: it was changed or damaged".to_owned()));
    }
    ciborium::from_reader(&state[..]).map(Some).map_err(|error| bad(format!("it is no saved state: {error}")))
}
