//! The end of a run's `episodes.jsonl`: found, repaired, and written on.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

/// How often, and how long apart, a log is asked for that somebody else writes.
const LOCK_ATTEMPTS: u32 = 100;
const LOCK_INTERVAL: Duration = Duration::from_millis(20);

/// Where a log ends.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    pub(crate) lines: u64,
    whole_bytes: u64,
    pub(crate) last_episode: u64,
}

impl Tail {
    fn of(log: impl Read) -> io::Result<Self> {
        let (mut tail, mut log, mut line) = (Self::default(), BufReader::new(log), Vec::new());
        let mut last = Vec::new();
        while log.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
            tail.lines += 1;
            tail.whole_bytes += line.len() as u64;
            std::mem::swap(&mut last, &mut line);
            line.clear();
        }
        let last: Option<Value> = serde_json::from_slice(&last).ok();
        tail.last_episode = last.and_then(|record| record.get("episode")?.as_u64()).unwrap_or(tail.lines);
        Ok(tail)
    }
}

/// Our own log, without the line that a killed process may have torn.
pub(crate) fn open_log(path: &Path) -> io::Result<(Option<File>, Tail)> {
    let mut log = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    lock(&log)?;
    let tail = Tail::of(&mut log)?;
    log.set_len(tail.whole_bytes)?;
    log.seek(SeekFrom::End(0))?;
    Ok((Some(log), tail))
}

/// Nobody else writes the log as long as it is open. A stream that was replaced lets go of it soon.
fn lock(log: &File) -> io::Result<()> {
    for _ in 0..LOCK_ATTEMPTS {
        match log.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_INTERVAL),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::other("another dashboard writes this run: give each its own directory with --runs"))
}

/// The log of an agent on the same disk.
pub(crate) fn read_log(path: &Path) -> io::Result<(Option<File>, Tail)> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((None, Tail::default())),
        log => Ok((None, Tail::of(log?)?)),
    }
}

/// Appends all or nothing.
pub(crate) fn append_whole(log: &mut File, bytes: &[u8]) -> io::Result<()> {
    let before = log.metadata()?.len();
    log.write_all(bytes).inspect_err(|_| {
        // The next one to open the log repairs it, if this cannot.
        let _ = log.set_len(before);
    })
}
