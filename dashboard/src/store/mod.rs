//! The runs of a directory. What it holds is the truth; the index kept here can be rebuilt from it at any time, and is renewed as
//! far as files have changed whenever somebody asks.

mod episode_log;
mod likeness;
mod recordings;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde::{Serialize, Serializer};
use serde_json::Value;
use spikedrive_env::ceiling::ceiling;
use spikedrive_env::{Phase, WorldOptions};

use crate::names::Name;
pub(crate) use episode_log::Batch;
use episode_log::LogIndex;
use episode_log::after;
use likeness::likeness;
pub(crate) use recordings::{RecordingHeader, RecordingIndex, recording_names};

/// What a run is.
pub(crate) const RUN_FILE: &str = "run.json";
/// Its episodes, one a line.
pub(crate) const LOG_FILE: &str = "episodes.jsonl";
/// Its result.
pub(crate) const SUMMARY_FILE: &str = "summary.json";
/// Its kept episodes.
pub(crate) const RECORDINGS: &str = "recordings";

/// Why something of a run cannot be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("there is no run {0}: GET /api/runs lists those that are there")]
    NoRun(Name),
    #[error("run {0} has no recording {1}: GET /api/runs/{0}/recordings lists those that are there")]
    NoRecording(Name, Name),
    #[error("cannot read {path}: {1}", path = .0.display())]
    Read(PathBuf, io::Error),
}

/// A run in a list. What a foreign agent left out is null.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RunRow {
    pub(crate) id: String,
    preset: Value,
    lesson: Value,
    seed: Value,
    episodes: Value,
    pub(crate) episodes_done: u64,
    pub(crate) finished: bool,
    pub(crate) live: bool,
    started_at: Value,
    world: Value,
    config_hash: Value,
    horizon: Value,
    lanes: Value,
    /// The same for runs that are alike but for their seed: a hash of all that decides how a run goes.
    likeness: String,
    best: Option<f64>,
    #[serde(serialize_with = "to_a_millionth")]
    ceiling: Option<f64>,
}

/// A ceiling that was found as a quotient of what the log tells has a rounding error, which nobody wants to read.
fn to_a_millionth<S: Serializer>(number: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    number.map(|number| (1e6 * number).round() / 1e6).serialize(serializer)
}

/// One run.
#[derive(Clone, Debug)]
pub(crate) struct RunDocument {
    pub(crate) info: Value,
    pub(crate) summary: Option<Value>,
}

/// A kept episode of a trained network that a person may race.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ghost {
    run: String,
    recording: String,
    #[serde(rename = "return")]
    episode_return: f64,
    /// Whether it drove in the very world that was asked for, not only on the same road.
    same_world: bool,
}

/// The index of a directory of runs.
#[derive(Debug)]
pub(crate) struct Store {
    root: PathBuf,
    index: Mutex<BTreeMap<Name, Entry>>,
}

/// What is known of one run.
#[derive(Debug)]
struct Entry {
    run_file: Stamp,
    info: Value,
    likeness: String,
    log: LogIndex,
    recordings: RecordingIndex,
}

/// Tells whether a file has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: SystemTime,
    bytes: u64,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some(Self { modified: metadata.modified().ok()?, bytes: metadata.len() })
    }
}

impl Store {
    /// The runs below `root`, which need not be there yet.
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root, index: Mutex::default() }
    }

    /// Where a run is, or would be.
    pub(crate) fn directory(&self, run: &Name) -> PathBuf {
        self.root.join(run.as_str())
    }

    /// Where all runs are.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// All runs, newest first.
    pub(crate) fn rows(&self) -> Result<Vec<RunRow>, StoreError> {
        let mut index = self.renewed()?;
        let mut rows: Vec<RunRow> = index.iter_mut().map(|(name, entry)| self.row(name, entry)).collect();
        rows.sort_by(|a, b| {
            let age = |row: &RunRow| row.started_at.as_str().unwrap_or_default().to_owned();
            (age(b), &b.id).cmp(&(age(a), &a.id))
        });
        Ok(rows)
    }

    fn row(&self, name: &Name, entry: &mut Entry) -> RunRow {
        entry.log.renew(&self.directory(name).join(LOG_FILE));
        let Entry { info, likeness, log, .. } = entry;
        let field = |key: &str| info.get(key).cloned().unwrap_or(Value::Null);
        RunRow {
            id: name.to_string(),
            preset: field("preset"),
            lesson: field("lesson"),
            seed: field("seed"),
            episodes: field("episodes"),
            episodes_done: log.lines(),
            finished: self.directory(name).join(SUMMARY_FILE).is_file(),
            live: false,
            started_at: field("started_at"),
            world: field("world"),
            config_hash: field("config_hash"),
            horizon: field("horizon"),
            lanes: field("lanes"),
            likeness: likeness.clone(),
            best: log.best(),
            ceiling: log.ceiling().or_else(|| known_ceiling(info)),
        }
    }

    /// What a run is, and its result if it has one.
    pub(crate) fn run(&self, run: &Name) -> Result<RunDocument, StoreError> {
        let info = self.entry(run, |entry| entry.info.clone())?;
        let path = self.directory(run).join(SUMMARY_FILE);
        let summary = match fs::read(&path) {
            // A summary is written whole: what cannot be read is none.
            Ok(text) => serde_json::from_slice(&text).ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(StoreError::Read(path, error)),
        };
        Ok(RunDocument { info, summary })
    }

    /// The records of a run after its first `from`, as they stand in its log, at most `most` of them.
    pub(crate) fn episodes(&self, run: &Name, from: u64, most: usize) -> Result<Batch, StoreError> {
        self.entry(run, |_| ())?;
        let path = self.directory(run).join(LOG_FILE);
        after(&path, from, most).map_err(|error| StoreError::Read(path, error))
    }

    /// The recordings of a run, in the order of their episodes.
    pub(crate) fn recordings(&self, run: &Name) -> Result<Vec<RecordingHeader>, StoreError> {
        let directory = self.directory(run).join(RECORDINGS);
        self.entry(run, |entry| entry.recordings.renewed(&directory))
    }

    /// An encoded recording.
    pub(crate) fn recording(&self, run: &Name, name: &Name) -> Result<Vec<u8>, StoreError> {
        let path = self.directory(run).join(RECORDINGS).join(format!("{name}.pb"));
        fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::NoRecording(run.clone(), name.clone()),
            _ => StoreError::Read(path, error),
        })
    }

    /// The recordings of trained networks on a test track whose road is that of `world`, best first.
    pub(crate) fn ghosts(&self, phase: u32, test_track: u32, world: &WorldOptions) -> Result<Vec<Ghost>, StoreError> {
        let mut index = self.renewed()?;
        let mut ghosts = Vec::new();
        for (name, entry) in index.iter_mut() {
            let driven = world_of(&entry.info);
            if driven.varying_width != world.varying_width {
                continue;
            }
            let headers = entry.recordings.renewed(&self.directory(name).join(RECORDINGS));
            let fitting = headers.into_iter().filter(|header| header.is_ghost_of(phase, test_track));
            ghosts.extend(fitting.map(|header| Ghost {
                run: name.to_string(),
                episode_return: header.episode_return,
                recording: header.name,
                same_world: driven == *world,
            }));
        }
        ghosts.sort_by(|a, b| b.episode_return.total_cmp(&a.episode_return));
        Ok(ghosts)
    }

    /// Looks at one run.
    fn entry<T>(&self, run: &Name, look: impl FnOnce(&mut Entry) -> T) -> Result<T, StoreError> {
        let mut index = self.index();
        self.renew(&mut index, run);
        index.get_mut(run).map(look).ok_or_else(|| StoreError::NoRun(run.clone()))
    }

    /// The index, with every run that is there now and none that is gone.
    fn renewed(&self) -> Result<MutexGuard<'_, BTreeMap<Name, Entry>>, StoreError> {
        let mut index = self.index();
        let entries = match fs::read_dir(&self.root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                index.clear();
                return Ok(index);
            }
            entries => entries.map_err(|error| StoreError::Read(self.root.clone(), error))?,
        };
        let name = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<Name>().ok();
        let names: Vec<Name> = entries.filter_map(|entry| name(entry.ok()?)).collect();
        index.retain(|name, _| names.contains(name));
        for name in &names {
            self.renew(&mut index, name);
        }
        Ok(index)
    }

    /// Reads a run's description again if it has changed. What has none that can be read is no run.
    fn renew(&self, index: &mut BTreeMap<Name, Entry>, run: &Name) {
        let path = self.directory(run).join(RUN_FILE);
        let stamp = Stamp::of(&path);
        if stamp.is_some() && index.get(run).map(|entry| entry.run_file) == stamp {
            return;
        }
        let info = fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        match (stamp, info.filter(Value::is_object)) {
            (Some(run_file), Some(mut info)) => {
                complete_world(&mut info);
                let (log, recordings) = (LogIndex::default(), RecordingIndex::default());
                let entry = Entry { run_file, likeness: likeness(&info), info, log, recordings };
                index.insert(run.clone(), entry);
            }
            _ => {
                index.remove(run);
            }
        }
    }

    fn index(&self) -> MutexGuard<'_, BTreeMap<Name, Entry>> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The world of a run; the base task where nothing else is said.
fn world_of(info: &Value) -> WorldOptions {
    info.get("world").and_then(|world| serde_json::from_value(world.clone()).ok()).unwrap_or_default()
}

/// Adds the options of the world that an older run does not know, at their defaults: it drove in the same world as a run of today
/// that has them.
fn complete_world(info: &mut Value) {
    if let Some(world) = info.get_mut("world")
        && let Ok(options) = serde_json::from_value::<WorldOptions>(world.clone())
        && let Ok(whole) = serde_json::to_value(options)
    {
        *world = whole;
    }
}

/// The ceiling of the phase that a run was taught, as its description tells it or as it was measured for the base task.
fn known_ceiling(info: &Value) -> Option<f64> {
    let taught = info.get("lesson").and_then(|lesson| lesson.get("phase")?.as_u64()).unwrap_or(4);
    let phase = Phase::try_from(u32::try_from(taught).ok()?).ok()?;
    let told = info.get("ceilings").and_then(|ceilings| ceilings.get(phase as usize - 1)?.as_f64());
    let is_base =
        info.get("environment_id")? == spikedrive_env::ENVIRONMENT_ID && world_of(info) == WorldOptions::default();
    let horizon = usize::try_from(info.get("horizon")?.as_u64()?).ok()?;
    told.or_else(|| ceiling(phase, horizon).filter(|_| is_base))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn write(store: &Store, run: &str, info: &Value) {
        let directory = store.directory(&run.parse().unwrap());
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(RUN_FILE), info.to_string()).unwrap();
    }

    #[test]
    fn runs_come_and_go_and_the_newest_is_first() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(directory.path().to_owned());
        let ids = || store.rows().unwrap().into_iter().map(|row| row.id).collect::<Vec<_>>();
        assert!(ids().is_empty());
        write(&store, "b", &json!({ "started_at": "20260101T000000Z" }));
        write(&store, "a", &json!({ "started_at": "20260102T000000Z" }));
        write(&store, "no-json", &json!("text"));
        fs::create_dir(directory.path().join("empty")).unwrap();
        assert_eq!(ids(), ["a", "b"]);
        write(&store, "b", &json!({ "started_at": "20260103T000000Z", "preset": "new" }));
        assert_eq!(ids(), ["b", "a"]);
        fs::remove_dir_all(directory.path().join("b")).unwrap();
        assert_eq!(ids(), ["a"]);
        assert!(matches!(store.run(&"b".parse().unwrap()), Err(StoreError::NoRun(_))));
    }

    #[test]
    fn a_run_that_is_older_than_an_option_drove_in_the_world_of_today() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(directory.path().to_owned());
        let mut older = serde_json::to_value(WorldOptions::default()).unwrap();
        write(&store, "new", &json!({ "world": older }));
        older.as_object_mut().unwrap().remove("steering_gain").unwrap();
        write(&store, "old", &json!({ "world": older }));
        write(&store, "odd", &json!({ "world": "flat" }));
        let rows = serde_json::to_value(store.rows().unwrap()).unwrap();
        let row = |id: &str| rows.as_array().unwrap().iter().find(|row| row["id"] == id).unwrap();
        assert_eq!((&row("old")["world"], &row("old")["likeness"]), (&row("new")["world"], &row("new")["likeness"]));
        assert_eq!((&row("old")["world"]["steering_gain"], &row("odd")["world"]), (&json!(1.0), &json!("flat")));
    }

    #[test]
    fn a_ceiling_is_shown_without_its_rounding_error() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(directory.path().to_owned());
        write(&store, "a", &json!({}));
        let (mean, percent_of_ceiling) = (101.89, 100.0 * 101.89 / 243.6);
        let record = json!({ "evaluation": { "mean": mean, "percent_of_ceiling": percent_of_ceiling } });
        fs::write(directory.path().join("a").join(LOG_FILE), format!("{record}\n")).unwrap();
        let rows = store.rows().unwrap();
        assert_eq!(rows[0].ceiling, Some(243.600_000_000_000_02));
        assert_eq!(serde_json::to_value(&rows).unwrap()[0]["ceiling"], 243.6);
        fs::remove_file(directory.path().join("a").join(LOG_FILE)).unwrap();
        assert_eq!(serde_json::to_value(store.rows().unwrap()).unwrap()[0]["ceiling"], Value::Null);
    }

    #[test]
    fn a_ceiling_is_that_of_the_phase_that_is_taught() {
        let run = |fields: Value| {
            let mut info = json!({ "environment_id": "SpikeDrive-v1", "horizon": 100 });
            info.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            known_ceiling(&info)
        };
        assert_eq!(run(json!({})), Some(243.6));
        assert_eq!(run(json!({ "lesson": { "phase": 2 } })), Some(244.4));
        assert_eq!(run(json!({ "lesson": { "phase": 2 }, "ceilings": [null, 200.5, null, null] })), Some(200.5));
        assert_eq!(run(json!({ "world": { "gust": 0.1 } })), None);
        assert_eq!(run(json!({ "horizon": 77 })), None);
        assert_eq!(known_ceiling(&json!({ "horizon": 100 })), None, "it drove in another world");
    }
}
