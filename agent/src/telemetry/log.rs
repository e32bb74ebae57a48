//! The run's own log of episodes as the queue of those that are to be sent: it is bounded by the disk, and nothing in it is lost.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::PathBuf;

/// Most episodes of one message.
const LINES: usize = 200;

/// A reader of `episodes.jsonl` that follows its growth.
#[derive(Debug)]
pub(super) struct EpisodeLog {
    path: PathBuf,
    /// Bytes of whole lines that were read.
    offset: u64,
    /// Lines that are still to be passed over.
    known: u64,
}

impl EpisodeLog {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, offset: 0, known: 0 }
    }

    /// Goes back to what follows the first `episodes`, which may still be to come: a run that goes on from a state lives some
    /// episodes again.
    pub(super) fn rewind(&mut self, episodes: u64) {
        (self.offset, self.known) = (0, episodes);
    }

    /// The next episodes, as many as one message holds; none where the log has not grown. A line without its end is still being
    /// written.
    pub(super) fn read(&mut self) -> io::Result<Vec<String>> {
        let mut file = File::open(&self.path)?;
        if file.metadata()?.len() <= self.offset {
            return Ok(Vec::new());
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let (mut reader, mut line, mut lines) = (BufReader::new(file), Vec::new(), Vec::new());
        while lines.len() < LINES {
            let bytes = whole_line(&mut reader, &mut line)?;
            if bytes == 0 {
                break;
            }
            self.offset += bytes;
            if self.known > 0 {
                self.known -= 1;
            } else {
                lines.push(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
        }
        Ok(lines)
    }
}

/// Reads a line with its end. Returns its bytes, 0 where there is no whole line.
fn whole_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<u64> {
    line.clear();
    let bytes = reader.read_until(b'\n', line)?;
    Ok(if line.ends_with(b"\n") { bytes as u64 } else { 0 })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn whole_lines_are_read_once_and_again_after_a_rewind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("episodes.jsonl");
        let mut log = EpisodeLog::new(path.clone());
        assert!(log.read().is_err());
        fs::write(&path, "{\"episode\":1}\n{\"episode\":2}\n{\"epi").unwrap();
        assert_eq!(log.read().unwrap(), ["{\"episode\":1}", "{\"episode\":2}"]);
        assert_eq!(log.read().unwrap(), [""; 0]);
        fs::write(&path, "{\"episode\":1}\n{\"episode\":2}\n{\"episode\":3}\n").unwrap();
        assert_eq!(log.read().unwrap(), ["{\"episode\":3}"]);
        log.rewind(1);
        assert_eq!(log.read().unwrap().len(), 2);
        log.rewind(4);
        assert_eq!(log.read().unwrap(), [""; 0]);
        fs::write(&path, "{\"episode\":1}\n{\"episode\":2}\n{\"episode\":3}\n4\n5\n").unwrap();
        assert_eq!(log.read().unwrap(), ["5"], "four are known");
    }

    #[test]
    fn a_long_log_comes_in_messages() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("episodes.jsonl");
        fs::write(&path, (0..450).map(|k| format!("{k}\n")).collect::<String>()).unwrap();
        let mut log = EpisodeLog::new(path);
        assert_eq!([(); 4].map(|()| log.read().unwrap().len()), [200, 200, 50, 0]);
    }
}
