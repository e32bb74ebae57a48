//! TensorBoard event files: scalars of a run, one record each.
//!
//! A record is `length: u64`, `masked CRC-32C of length: u32`, the event, `masked CRC-32C of the event: u32`, little-endian
//! (TFRecord). The event is a protocol buffer; only the fields that scalars need are written here.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message;

use crate::failure::Failure;
use crate::files::sorted_entries;
use crate::train::EpisodeRecord;

/// `tensorflow.Event`.
#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<ScalarSummary>,
}

/// `tensorflow.Summary`.
#[derive(Clone, PartialEq, Message)]
struct ScalarSummary {
    #[prost(message, repeated, tag = "1")]
    values: Vec<Scalar>,
}

/// `tensorflow.Summary.Value`.
#[derive(Clone, PartialEq, Message)]
struct Scalar {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, tag = "2")]
    simple_value: f32,
}

/// Writes the event file of a run.
#[derive(Debug)]
pub struct EventWriter {
    file: File,
}

impl EventWriter {
    /// Makes `events.out.tfevents.*` in `directory`.
    pub fn create(directory: &Path) -> Result<Self, Failure> {
        let path = directory.join(format!("events.out.tfevents.{}.spikedrive", wall_time() as u64));
        let failed = |error| Failure::Write { path: path.clone(), error };
        let file = OpenOptions::new().create_new(true).append(true).open(&path).map_err(failed)?;
        let mut writer = Self { file };
        let version =
            Event { wall_time: wall_time(), file_version: Some("brain.Event:2".to_owned()), ..Event::default() };
        writer.write(&version).map_err(failed)?;
        Ok(writer)
    }

    /// Goes on with the file in `directory` after the events of so many episodes, the rest of which is dropped; makes one if there
    /// is none.
    pub fn resume(directory: &Path, episodes: usize) -> Result<Self, Failure> {
        let is_ours = |path: &&std::path::PathBuf| path.extension().is_some_and(|extension| extension == "spikedrive");
        let Some(path) = sorted_entries(directory)?.iter().find(is_ours).cloned() else {
            return Self::create(directory);
        };
        let bytes = fs::read(&path).map_err(|error| Failure::Read { path: path.clone(), error })?;
        let opened = OpenOptions::new().append(true).open(&path);
        let cut = opened.and_then(|file| file.set_len(length_until(&bytes, episodes) as u64).map(|()| file));
        Ok(Self { file: cut.map_err(|error| Failure::Write { path, error })? })
    }

    /// Writes the scalars of an episode, and of the evaluation after it, under its number.
    pub fn episode(&mut self, record: &EpisodeRecord) -> io::Result<()> {
        let mut values = vec![
            scalar("train/return", record.episode_return),
            scalar("train/length", record.length as f64),
            scalar("train/crashed", f64::from(u8::from(record.crashed))),
            scalar("train/phase", f64::from(record.phase)),
            scalar("train/mean_dopamine", record.mean_dopamine),
            scalar("train/learning_rate", f64::from(record.learning_rate)),
            scalar("train/env_steps", record.env_steps as f64),
        ];
        if let Some(evaluation) = &record.evaluation {
            values.push(scalar("evaluation/return", evaluation.mean));
            values.push(scalar("evaluation/percent_of_ceiling", evaluation.percent_of_ceiling));
            values.push(scalar("evaluation/crash_rate", evaluation.crash_rate));
        }
        let (step, summary) = (record.episode as i64, Some(ScalarSummary { values }));
        self.write(&Event { wall_time: wall_time(), step, file_version: None, summary })
    }

    /// One record in one write, so that a killed process leaves whole records but for the last.
    fn write(&mut self, event: &Event) -> io::Result<()> {
        self.file.write_all(&frame(&event.encode_to_vec()))
    }
}

/// Length of the records of the first `episodes` episodes, all whole.
fn length_until(bytes: &[u8], episodes: usize) -> usize {
    let mut at = 0;
    while let Some(length) = bytes[at..].first_chunk().map(|length| u64::from_le_bytes(*length) as usize) {
        let event = at + 12;
        let end = event.saturating_add(length);
        let Some(data) = bytes.get(event..end) else { break };
        let is_kept = Event::decode(data).is_ok_and(|event| event.step <= episodes as i64);
        if !is_kept || bytes.len() < end + 4 {
            break;
        }
        at = end + 4;
    }
    at
}

fn scalar(tag: &str, value: f64) -> Scalar {
    Scalar { tag: tag.to_owned(), simple_value: value as f32 }
}

fn frame(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length, &masked_crc(&length).to_le_bytes()[..], data, &masked_crc(data).to_le_bytes()].concat()
}

/// `rotate_right(crc, 15) + 0xa282ead8`: a checksum of data that holds checksums.
fn masked_crc(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

fn wall_time() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Evaluation;

    #[test]
    fn golden_frame() {
        // CRC-32C of "123456789" is e3069283.
        assert_eq!(masked_crc(b"123456789"), 0xe306_9283u32.rotate_right(15).wrapping_add(0xa282_ead8));
        let framed = frame(b"abc");
        assert_eq!((framed.len(), &framed[..8], &framed[12..15]), (19, &3u64.to_le_bytes()[..], &b"abc"[..]));
    }

    #[test]
    fn a_file_holds_its_version_and_one_record_an_episode() {
        let directory = tempfile::tempdir().unwrap();
        let mut writer = EventWriter::create(directory.path()).unwrap();
        let evaluation = Some(Evaluation { mean: 200.5, percent_of_ceiling: 82.0, crash_rate: 0.0 });
        let record = EpisodeRecord {
            episode: 7,
            phase: 4,
            episode_return: -12.5,
            length: 9,
            crashed: true,
            mean_dopamine: 0.25,
            learning_rate: 0.1,
            env_steps: 99,
            evaluation,
        };
        writer.episode(&record).unwrap();
        let path = std::fs::read_dir(directory.path()).unwrap().next().unwrap().unwrap().path();
        let mut bytes = &std::fs::read(path).unwrap()[..];
        let mut events = Vec::new();
        while !bytes.is_empty() {
            let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
            assert_eq!(bytes[8..12], masked_crc(&bytes[..8]).to_le_bytes());
            let (data, rest) = bytes[12..].split_at(length);
            assert_eq!(rest[..4], masked_crc(data).to_le_bytes());
            events.push(Event::decode(data).unwrap());
            bytes = &rest[4..];
        }
        assert_eq!(events[0].file_version.as_deref(), Some("brain.Event:2"));
        let values = &events[1].summary.as_ref().unwrap().values;
        assert_eq!((events.len(), events[1].step, values.len()), (2, 7, 10));
        assert_eq!((values[0].tag.as_str(), values[0].simple_value), ("train/return", -12.5));
    }
}
