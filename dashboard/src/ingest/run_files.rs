//! The directory of a run that is published: made and kept here, or only read where an agent on the same disk owns it.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use spikedrive_proto::v1;
use tonic::Status;
use tracing::{info, warn};

use super::check::{Record, Start};
use super::log::{Tail, append_whole, open_log, read_log};
use crate::files::write_whole;
use crate::names::Name;
use crate::store::{
    LOG_FILE, RECORDINGS, RUN_FILE, RecordingHeader, RecordingIndex, SUMMARY_FILE, Store, recording_names,
};

/// Marks a directory that the dashboard made, and alone writes.
pub(crate) const MARKER: &str = "ingested";
/// Most bytes of a run's recordings.
const MAX_RECORDINGS: u64 = 256 << 20;
/// Most names of recordings that an agent is told.
const MAX_NAMES: usize = 10_000;
/// What tells one run from another of the same name.
const IDENTITY: [&str; 4] = ["preset", "seed", "started_at", "config_hash"];

/// Why a run's directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilesError {
    #[error("run_id: {run} is another run, whose {key} is {known}, not {given}: choose another run_id")]
    OtherRun { run: Name, key: &'static str, known: Value, given: Value },
    #[error("the dashboard cannot use {path}: {1}", path = .0.display())]
    Io(PathBuf, io::Error),
}

impl From<FilesError> for Status {
    fn from(error: FilesError) -> Self {
        let text = error.to_string();
        match error {
            FilesError::OtherRun { .. } => Self::already_exists(text),
            FilesError::Io(..) => {
                warn!(%error, "a run cannot be kept");
                Self::internal(text)
            }
        }
    }
}

/// A run's directory, while the run is published.
#[derive(Debug)]
pub(crate) struct RunFiles {
    directory: PathBuf,
    /// Where the directory is ours.
    log: Option<File>,
    /// Number of whole records.
    lines: u64,
    /// Number of the last episode.
    last_episode: u64,
    recordings: RecordingIndex,
}

impl RunFiles {
    /// Opens the directory of a run, or makes it.
    pub(crate) fn open(store: &Store, start: &Start) -> Result<Self, FilesError> {
        let directory = store.directory(&start.run);
        let failed = |error| FilesError::Io(directory.clone(), error);
        if !directory.exists() {
            make_directory(store.root(), &directory, &start.text).map_err(failed)?;
            info!(run = %start.run, "a run begins");
        }
        check_identity(&directory, start)?;
        let is_ours = directory.join(MARKER).is_file();
        let path = directory.join(LOG_FILE);
        let (log, tail) = if is_ours { open_log(&path) } else { read_log(&path) }.map_err(failed)?;
        let Tail { lines, last_episode, .. } = tail;
        Ok(Self { directory, log, lines, last_episode, recordings: RecordingIndex::default() })
    }

    /// Number of records that are kept.
    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// What an agent need not send again.
    pub(crate) fn welcome(&self) -> v1::Welcome {
        let names = recording_names(&self.directory.join(RECORDINGS)).into_iter().take(MAX_NAMES);
        v1::Welcome { episodes: self.lines, recordings: names.map(|name| name.to_string()).collect() }
    }

    /// Appends those records that are new, and returns them. An episode that is known already is not told twice.
    pub(crate) fn append(&mut self, records: Vec<Record>) -> Result<Vec<String>, FilesError> {
        let mut lines = Vec::with_capacity(records.len());
        let mut last = self.last_episode;
        for Record { number, line } in records {
            if number > last {
                last = number;
                lines.push(line);
            }
        }
        if let Some(log) = &mut self.log
            && !lines.is_empty()
        {
            let text = lines.join("\n") + "\n";
            append_whole(log, text.as_bytes()).map_err(|error| FilesError::Io(self.directory.join(LOG_FILE), error))?;
        }
        self.last_episode = last;
        self.lines += lines.len() as u64;
        Ok(lines)
    }

    /// Keeps an encoded recording, in the place of one of the same name. When there are too many, the oldest that was kept for no special reason goes.
    pub(crate) fn keep_recording(&mut self, name: &Name, recording: &[u8]) -> Result<(), FilesError> {
        if self.log.is_none() {
            return Ok(());
        }
        let directory = self.directory.join(RECORDINGS);
        let failed = |error| FilesError::Io(directory.clone(), error);
        fs::create_dir_all(&directory).map_err(failed)?;
        let known = self.recordings.renewed(&directory);
        match recordings_to_drop(&known, name.as_str(), recording.len() as u64, MAX_RECORDINGS) {
            Some(outdated) => outdated
                .iter()
                .try_for_each(|name| fs::remove_file(directory.join(format!("{name}.pb"))))
                .map_err(failed)?,
            None => {
                warn!(recording = %name, directory = %directory.display(), "no room for a recording");
                return Ok(());
            }
        }
        write_whole(&directory, &format!("{name}.pb"), recording).map_err(failed)
    }

    /// Keeps the result of the run.
    pub(crate) fn finish(&mut self, summary: &str) -> Result<(), FilesError> {
        if self.log.is_none() || summary.is_empty() {
            return Ok(());
        }
        write_whole(&self.directory, SUMMARY_FILE, summary.as_bytes())
            .map_err(|error| FilesError::Io(self.directory.join(SUMMARY_FILE), error))
    }
}

/// Makes a run's directory: under another name, then renamed, so that it is never there without its marker.
fn make_directory(root: &Path, directory: &Path, text: &str) -> io::Result<()> {
    fs::create_dir_all(root)?;
    let making = tempfile::Builder::new().prefix(".tmp-").tempdir_in(root)?;
    fs::set_permissions(making.path(), Permissions::from_mode(0o755))?;
    write_whole(making.path(), MARKER, b"")?;
    write_whole(making.path(), RUN_FILE, text.as_bytes())?;
    write_whole(making.path(), LOG_FILE, b"")?;
    fs::rename(making.path(), directory)?;
    // It has another name now: there is nothing left to remove.
    let _ = making.keep();
    File::open(root)?.sync_all()
}

/// Two runs of the same name would mix their episodes.
fn check_identity(directory: &Path, start: &Start) -> Result<(), FilesError> {
    let path = directory.join(RUN_FILE);
    let text = fs::read(&path).map_err(|error| FilesError::Io(path.clone(), error))?;
    let known: Value = serde_json::from_slice(&text).map_err(|error| FilesError::Io(path, error.into()))?;
    for key in IDENTITY {
        if let (Some(known), Some(given)) = (known.get(key), start.info.get(key))
            && known != given
        {
            let (known, given) = (known.clone(), given.clone());
            return Err(FilesError::OtherRun { run: start.run.clone(), key, known, given });
        }
    }
    Ok(())
}

/// Which recordings must go so that there is room for one more, oldest first; `None` if there is no room whatever goes.
fn recordings_to_drop(known: &[RecordingHeader], name: &str, bytes: u64, most: u64) -> Option<Vec<String>> {
    let others = || known.iter().filter(|header| header.name != name);
    let mut total = bytes + others().map(|header| header.bytes).sum::<u64>();
    let mut outdated = Vec::new();
    let mut candidates = others().filter(|header| header.is_periodic());
    while total > most {
        let oldest = candidates.next()?;
        total -= oldest.bytes;
        outdated.push(oldest.name.clone());
    }
    Some(outdated)
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write;

    use spikedrive_proto::v1::{Recording, RecordingReason};

    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(directory.path().join("runs"));
        (directory, store)
    }

    fn start(seed: u64) -> Start {
        let info = serde_json::json!({ "preset": "stdp", "seed": seed, "episodes": 9 });
        Start { run: "a".parse().unwrap(), text: info.to_string(), info, neurons: 0 }
    }

    fn record(number: u64) -> Record {
        Record { number, line: format!("{{\"episode\":{number},\"return\":1.0}}") }
    }

    #[test]
    fn a_torn_line_is_cut_and_no_episode_is_told_twice() {
        let (_directory, store) = store();
        let mut files = RunFiles::open(&store, &start(0)).unwrap();
        assert_eq!(files.append(vec![record(1), record(2)]).unwrap().len(), 2);
        assert_eq!(files.append(vec![record(2), record(3)]).unwrap().len(), 1);
        let path = store.directory(&"a".parse().unwrap()).join(LOG_FILE);
        drop(files);
        let mut log = OpenOptions::new().append(true).open(&path).unwrap();
        log.write_all(b"{\"episode\":4,\"ret").unwrap();

        let mut files = RunFiles::open(&store, &start(0)).unwrap();
        assert_eq!(files.lines(), 3);
        assert_eq!(files.append(vec![record(3), record(4)]).unwrap().len(), 1);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, (1..=4).map(|number| record(number).line + "\n").collect::<String>());
    }

    #[test]
    fn another_run_of_the_same_name_is_refused() {
        let (_directory, store) = store();
        RunFiles::open(&store, &start(0)).unwrap();
        let error = RunFiles::open(&store, &start(1)).unwrap_err().to_string();
        assert_eq!(error, "run_id: a is another run, whose seed is 0, not 1: choose another run_id");
    }

    #[test]
    fn a_directory_of_an_agent_is_only_read() {
        let (_directory, store) = store();
        let directory = store.directory(&"a".parse().unwrap());
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(RUN_FILE), start(0).info.to_string()).unwrap();
        fs::write(directory.join(LOG_FILE), record(1).line + "\n{\"episo").unwrap();
        let mut files = RunFiles::open(&store, &start(0)).unwrap();
        assert_eq!(files.lines(), 1);
        assert_eq!(files.append(vec![record(2)]).unwrap().len(), 1);
        files.keep_recording(&"r".parse().unwrap(), b"").unwrap();
        files.finish("{}").unwrap();
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 2);
        assert!(fs::read_to_string(directory.join(LOG_FILE)).unwrap().ends_with("\n{\"episo"));
    }

    #[test]
    fn the_oldest_periodic_recording_makes_room() {
        let header = |name: &str, episode, reason: RecordingReason| {
            let recording = Recording { episode, reasons: vec![reason.into()], ..Recording::default() };
            RecordingHeader::of(name, 100, &recording)
        };
        let known = [
            header("best", 1, RecordingReason::Best),
            header("old", 2, RecordingReason::Periodic),
            header("new", 3, RecordingReason::Periodic),
        ];
        assert_eq!(recordings_to_drop(&known, "next", 50, 350), Some(vec![]));
        assert_eq!(recordings_to_drop(&known, "next", 100, 350), Some(vec!["old".to_owned()]));
        assert_eq!(recordings_to_drop(&known, "old", 100, 300), Some(vec![]), "it takes its own place");
        assert_eq!(recordings_to_drop(&known, "next", 300, 350), None);
    }
}
