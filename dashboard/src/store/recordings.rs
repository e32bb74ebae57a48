//! `recordings/`: whole episodes, each a file. Of each the index keeps what tells whether to fetch it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use prost::Message;
use serde::Serialize;
use spikedrive_proto::v1::{DriveMode, Population, Recording, RecordingReason};
use tracing::debug;

use super::Stamp;
use crate::names::Name;

/// Largest file that is read as a recording, in bytes.
const MAX_BYTES: u64 = 32 << 20;

/// A recording without its frames.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct RecordingHeader {
    pub(crate) name: String,
    pub(crate) episode: u32,
    phase: u32,
    #[serde(rename = "return")]
    pub(crate) episode_return: f64,
    crashed: bool,
    pub(crate) reasons: Vec<&'static str>,
    mode: &'static str,
    test_track: Option<u32>,
    frames: usize,
    pub(crate) bytes: u64,
    #[serde(skip)]
    pub(crate) populations: Vec<Population>,
}

impl RecordingHeader {
    /// What a recording is, under the name of its file.
    pub(crate) fn of(name: &str, bytes: u64, recording: &Recording) -> Self {
        Self {
            name: name.to_owned(),
            episode: recording.episode,
            phase: recording.phase,
            episode_return: recording.episode_return,
            crashed: recording.crashed,
            reasons: recording.reasons().map(reason_name).collect(),
            mode: match recording.mode() {
                DriveMode::Unspecified | DriveMode::Training => "training",
                DriveMode::Driving => "driving",
            },
            test_track: recording.test_track,
            frames: recording.frames.len(),
            bytes,
            populations: recording.populations.clone(),
        }
    }

    /// Whether a trained network drove this test track here.
    pub(crate) fn is_ghost_of(&self, phase: u32, test_track: u32) -> bool {
        self.phase == phase && self.test_track == Some(test_track) && self.reasons.contains(&GHOST)
    }

    /// Whether it was kept for no other reason than that its time had come.
    pub(crate) fn is_periodic(&self) -> bool {
        self.reasons.iter().all(|&reason| reason == PERIODIC)
    }
}

const PERIODIC: &str = "periodic";
const GHOST: &str = "ghost";

fn reason_name(reason: RecordingReason) -> &'static str {
    match reason {
        RecordingReason::Unspecified => "unknown",
        RecordingReason::First => "first",
        RecordingReason::Best => "best",
        RecordingReason::Periodic => PERIODIC,
        RecordingReason::Crashed => "crashed",
        RecordingReason::Ghost => GHOST,
    }
}

/// What the files of a directory are, by name.
#[derive(Debug, Default)]
pub(crate) struct RecordingIndex(BTreeMap<Name, (Stamp, Option<RecordingHeader>)>);

impl RecordingIndex {
    /// The recordings of a directory, in the order of their episodes; files are read only if they have changed. None where there is
    /// no directory.
    pub(crate) fn renewed(&mut self, directory: &Path) -> Vec<RecordingHeader> {
        let mut known = std::mem::take(&mut self.0);
        for (name, path) in files(directory) {
            let Some(stamp) = Stamp::of(&path) else { continue };
            let kept = known.remove(&name).filter(|(known, _)| *known == stamp);
            let entry = kept.unwrap_or_else(|| (stamp, read(&path, &name, stamp.bytes)));
            self.0.insert(name, entry);
        }
        let mut headers: Vec<_> = self.0.values().filter_map(|(_, header)| header.clone()).collect();
        headers.sort_by(|a, b| (a.episode, &a.name).cmp(&(b.episode, &b.name)));
        headers
    }
}

/// The names of the recordings of a directory, sorted.
pub(crate) fn recording_names(directory: &Path) -> BTreeSet<Name> {
    files(directory).map(|(name, _)| name).collect()
}

/// The files of a directory that may be recordings, in no order; none where there is no directory.
fn files(directory: &Path) -> impl Iterator<Item = (Name, PathBuf)> {
    let entries = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| {
        let name = entry.file_name().to_str()?.strip_suffix(".pb")?.parse().ok()?;
        Some((name, entry.path()))
    })
}

fn read(path: &Path, name: &Name, bytes: u64) -> Option<RecordingHeader> {
    if bytes > MAX_BYTES {
        debug!(path = %path.display(), bytes, "too large for a recording");
        return None;
    }
    match Recording::decode(fs::read(path).ok()?.as_slice()) {
        Ok(recording) => Some(RecordingHeader::of(name.as_str(), bytes, &recording)),
        Err(error) => {
            debug!(path = %path.display(), %error, "no recording");
            None
        }
    }
}
