//! `episodes.jsonl`: one record a line, appended. A last line without its end is torn, and not there.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;

use serde::Deserialize;

/// Longest line that is read as a record, in bytes.
const MAX_LINE: usize = 1 << 16;

/// What is known of a log: how far it was read, and what was found.
#[derive(Debug, Default)]
pub(crate) struct LogIndex {
    read_bytes: u64,
    lines: u64,
    best: Option<f64>,
    ceiling: Option<f64>,
}

/// What the index wants of a record.
#[derive(Deserialize)]
struct Record {
    evaluation: Option<Evaluation>,
}

#[derive(Deserialize)]
struct Evaluation {
    mean: f64,
    percent_of_ceiling: Option<f64>,
}

impl LogIndex {
    /// Number of whole lines.
    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// The best mean return of an evaluation.
    pub(crate) fn best(&self) -> Option<f64> {
        self.best
    }

    /// The ceiling that the evaluations were measured against.
    pub(crate) fn ceiling(&self) -> Option<f64> {
        self.ceiling
    }

    /// Reads what was appended since the last time; all of it again if the log became shorter. A log that cannot be read is empty.
    pub(crate) fn renew(&mut self, path: &Path) {
        let bytes = path.metadata().map_or(0, |metadata| metadata.len());
        if bytes < self.read_bytes {
            *self = Self::default();
        }
        if bytes > self.read_bytes && self.read_on(path).is_err() {
            *self = Self::default();
        }
    }

    fn read_on(&mut self, path: &Path) -> io::Result<()> {
        let mut log = File::open(path)?;
        log.seek(SeekFrom::Start(self.read_bytes))?;
        read_lines(BufReader::new(log), |line| {
            self.read_bytes += line.len() as u64 + 1;
            self.lines += 1;
            let record = serde_json::from_slice::<Record>(line).ok();
            if let Some(Evaluation { mean, percent_of_ceiling }) = record.and_then(|record| record.evaluation) {
                self.best = Some(self.best.map_or(mean, |best| best.max(mean)));
                let share = percent_of_ceiling.filter(|&percent| percent != 0.0);
                self.ceiling = share.map(|percent| 100.0 * mean / percent).or(self.ceiling);
            }
            true
        })
    }
}

/// Hands every whole line, without its end, to `take`, until that says false.
pub(crate) fn read_lines(mut log: impl BufRead, mut take: impl FnMut(&[u8]) -> bool) -> io::Result<()> {
    let mut line = Vec::new();
    while log.read_until(b'\n', &mut line)? > 0 {
        if line.pop() != Some(b'\n') || !take(&line) {
            break;
        }
        line.clear();
    }
    Ok(())
}

/// Records of a log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub(crate) records: Vec<String>,
    /// Number of the lines of the log up to the last of them.
    pub(crate) to: u64,
}

/// The records after the first `from` lines, at most `most`; none where there is no log. What is no JSON is passed over.
pub(crate) fn after(path: &Path, from: u64, most: usize) -> io::Result<Batch> {
    let log = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Batch::default()),
        log => BufReader::new(log?),
    };
    let Batch { mut records, mut to } = Batch::default();
    read_lines(log, |line| {
        to += 1;
        if to > from && line.len() <= MAX_LINE && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok() {
            // What serde_json accepts is UTF-8.
            records.extend(String::from_utf8(line.to_owned()).ok());
        }
        records.len() < most
    })?;
    Ok(Batch { records, to })
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    use super::*;

    #[test]
    fn a_log_is_read_on_and_a_torn_line_is_not_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("episodes.jsonl");
        let mut index = LogIndex::default();
        index.renew(&path);
        assert_eq!(index.lines(), 0);
        let evaluated = r#"{"episode":2,"evaluation":{"mean":120.0,"percent_of_ceiling":50.0,"crash_rate":0.5}}"#;
        fs::write(&path, format!("{{\"episode\":1,\"evaluation\":null}}\n{evaluated}\n{{\"epi")).unwrap();
        index.renew(&path);
        assert_eq!((index.lines(), index.best(), index.ceiling()), (2, Some(120.0), Some(240.0)));
        assert_eq!(after(&path, 1, 9).unwrap().records, [evaluated]);
        assert_eq!(after(&path, 0, 1).unwrap().to, 1);

        let mut log = OpenOptions::new().append(true).open(&path).unwrap();
        log.write_all(b"sode\":3}\n").unwrap();
        index.renew(&path);
        assert_eq!(index.lines(), 3);
        assert_eq!(after(&path, 2, 9).unwrap().records, [r#"{"episode":3}"#]);
        assert!(after(&path, 3, 9).unwrap().records.is_empty());

        fs::write(&path, "{\"episode\":1}\n").unwrap();
        index.renew(&path);
        assert_eq!((index.lines(), index.best()), (1, None));
    }

    #[test]
    fn what_is_no_json_is_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("episodes.jsonl");
        fs::write(&path, "{\"episode\":1}\n{\"episode\n\n{\"episode\":3}\n").unwrap();
        let Batch { records, to } = after(&path, 0, 9).unwrap();
        assert_eq!(records, [r#"{"episode":1}"#, r#"{"episode":3}"#]);
        assert_eq!(to, 4);
    }
}
