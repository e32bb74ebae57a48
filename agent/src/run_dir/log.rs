//! `episodes.jsonl`: one record a line, appended when the episode is over.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::train::EpisodeRecord;

/// The log of a run that this process trains. It is locked: two processes cannot train one run.
#[derive(Debug)]
pub(super) struct EpisodeLog {
    path: PathBuf,
    file: File,
}

impl EpisodeLog {
    /// An empty log.
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        Self::locked(path, OpenOptions::new().create_new(true).append(true))
    }

    /// The log of a run that was broken off; an empty one if it did not come that far.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        Self::locked(path, OpenOptions::new().create(true).read(true).append(true))
    }

    fn locked(path: &Path, options: &OpenOptions) -> Result<Self, Failure> {
        let failed = |error| Failure::Write { path: path.to_owned(), error };
        let file = options.open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), file }),
            Err(TryLockError::Error(error)) => Err(failed(error)),
            Err(TryLockError::WouldBlock) => Err(Failure::System(format!(
                "another process writes {}: let it finish, or stop it first",
                path.display()
            ))),
        }
    }

    /// Drops everything after the first `episodes` lines.
    pub(super) fn cut_after(mut self, episodes: usize) -> Result<Self, Failure> {
        let mut text = Vec::new();
        let read = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.read_to_end(&mut text));
        read.map_err(|error| Failure::Read { path: self.path.clone(), error })?;
        let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        let ends: Vec<usize> = std::iter::once(0).chain(ends).collect();
        let Some(&end) = ends.get(episodes) else {
            return Err(Failure::System(format!(
                "{} holds {} episodes and state.cbor counts {episodes}: restore both from the same moment, or train anew",
                self.path.display(),
                ends.len() - 1
            )));
        };
        let cut = self.file.set_len(end as u64);
        cut.map_err(|error| Failure::Write { path: self.path.clone(), error })?;
        Ok(self)
    }

    /// Appends a record, in one write.
    pub(super) fn append(&mut self, record: &EpisodeRecord) -> Result<(), Failure> {
        let line = serde_json::to_string(record).map_err(io::Error::other).map(|json| json + "\n");
        let written = line.and_then(|line| self.file.write_all(line.as_bytes()));
        written.map_err(|error| Failure::Write { path: self.path.clone(), error })
    }

    /// Waits until all of it is on the disk.
    pub(super) fn sync(&self) -> Result<(), Failure> {
        self.file.sync_data().map_err(|error| Failure::Write { path: self.path.clone(), error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_cut_after_an_episode_and_only_if_it_has_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("episodes.jsonl");
        std::fs::write(&path, "one\ntwo\nthree\nto").unwrap();
        let cut =
            |episodes| EpisodeLog::open(&path).unwrap().cut_after(episodes).map(|_| std::fs::read(&path).unwrap());
        let message = cut(4).unwrap_err().to_string();
        assert!(message.contains("episodes.jsonl holds 3 episodes and state.cbor counts 4"), "{message}");
        assert_eq!(cut(3).unwrap(), b"one\ntwo\nthree\n");
        assert_eq!(cut(1).unwrap(), b"one\n");
        assert_eq!(cut(0).unwrap(), b"");
    }

    #[test]
    fn two_cannot_write_one_log() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("episodes.jsonl");
        let _first = EpisodeLog::create(&path).unwrap();
        let message = EpisodeLog::open(&path).unwrap_err().to_string();
        assert!(message.starts_with("another process writes"), "{message}");
    }
}
