//! The folder of recordings: what is in it, and what goes when it is full.
//!
//! The rule, in this order: of episodes that were kept for a crash alone the latest 20 stay. When all files together are larger
//! than 64 MiB, crashes go first, then periodic ones, then bests, then the first episode and ghosts; of each kind the oldest
//! first.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use prost::Message;
use spikedrive_proto::v1;

use super::episode_of;
use crate::failure::Failure;
use crate::files::{create_directory, sorted_entries, write_whole};

/// Crashes that are kept.
const CRASHES: usize = 20;
/// Most bytes of all files.
const MAX_BYTES: u64 = 64 << 20;

/// What a recording was kept for, the least wanted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Crash,
    Periodic,
    Best,
    Lasting,
}

impl Kind {
    /// What the name of a file tells.
    fn of(name: &str) -> Self {
        let kept_for = |reason| name.split('-').skip(1).any(|word| word == reason);
        match name {
            _ if !name.starts_with("ep") || kept_for("first") => Self::Lasting,
            _ if kept_for("best") => Self::Best,
            _ if kept_for("periodic") => Self::Periodic,
            _ => Self::Crash,
        }
    }
}

/// Order in which files go: kind, episode, name.
type Rank = (Kind, u64, String);

#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Bytes of each file.
    files: BTreeMap<Rank, u64>,
    max_bytes: u64,
}

impl Folder {
    /// The folder, made if it is not there, with what it holds already.
    pub(super) fn open(path: PathBuf) -> Result<Self, Failure> {
        create_directory(&path)?;
        let files = sorted_entries(&path)?.into_iter().filter_map(|file| {
            let name = file.file_name()?.to_str()?.strip_suffix(".pb")?.to_owned();
            Some((rank(&name), file.metadata().ok()?.len()))
        });
        Ok(Self { files: files.collect(), path, max_bytes: MAX_BYTES })
    }

    /// Writes a recording, whole, then drops what there is no room for. Returns whether it stayed.
    pub(super) fn keep(&mut self, recording: &v1::Recording) -> Result<bool, Failure> {
        let (rank, bytes) = (rank(&recording.name), recording.encode_to_vec());
        let path = self.file(&recording.name);
        write_whole(&path, |file| file.write_all(&bytes))?;
        self.files.insert(rank.clone(), bytes.len() as u64);
        while let Some(superfluous) = self.superfluous() {
            let file = self.file(&superfluous.2);
            fs::remove_file(&file).map_err(|error| Failure::Write { path: file, error })?;
            self.files.remove(&superfluous);
        }
        Ok(self.files.contains_key(&rank))
    }

    fn superfluous(&self) -> Option<Rank> {
        let crashes = self.files.keys().filter(|(kind, ..)| *kind == Kind::Crash).count();
        let is_full = crashes > CRASHES || self.files.values().sum::<u64>() > self.max_bytes;
        self.files.keys().next().filter(|_| is_full).cloned()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.pb"))
    }
}

fn rank(name: &str) -> Rank {
    (Kind::of(name), episode_of(Path::new(name)).unwrap_or_default(), name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(name: &str) -> v1::Recording {
        let frames = vec![v1::Frame { raster: vec![1; 1000], ..v1::Frame::default() }];
        v1::Recording { name: name.to_owned(), frames, ..v1::Recording::default() }
    }

    fn names(path: &Path) -> Vec<String> {
        let files = sorted_entries(path).unwrap();
        files.iter().map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_latest_crashes_stay_and_what_was_kept_for_more_does_not_count_as_one() {
        let directory = tempfile::tempdir().unwrap();
        let mut folder = Folder::open(directory.path().join("recordings")).unwrap();
        folder.keep(&recording("ep00001-first-crashed")).unwrap();
        folder.keep(&recording("ep00050-periodic-crashed")).unwrap();
        for episode in 60..90 {
            assert!(folder.keep(&recording(&format!("ep{episode:05}-crashed"))).unwrap());
        }
        let kept = names(&folder.path);
        assert_eq!((kept.len(), kept[0].as_str(), kept[2].as_str()), (22, "ep00001-first-crashed", "ep00070-crashed"));
        let decoded = v1::Recording::decode(fs::read(folder.file("ep00089-crashed")).unwrap().as_slice()).unwrap();
        assert_eq!(decoded, recording("ep00089-crashed"));
        folder = Folder::open(folder.path).unwrap();
        folder.keep(&recording("ep100000-crashed")).unwrap();
        assert_eq!(names(&folder.path).len(), 22);
        assert!(!names(&folder.path).contains(&"ep00070-crashed".to_owned()));
    }

    #[test]
    fn a_full_folder_drops_the_least_wanted_and_oldest_first() {
        let directory = tempfile::tempdir().unwrap();
        let mut folder = Folder::open(directory.path().to_owned()).unwrap();
        for name in ["ep00001-first", "ep00003-best", "ep00050-periodic", "ep00100-periodic-best", "ep00007-crashed"] {
            folder.keep(&recording(name)).unwrap();
        }
        folder.max_bytes = 5 * 1100;
        let mut drops = |name: &str, gone: &str| {
            assert!(names(&folder.path).contains(&gone.to_owned()), "{gone}");
            folder.keep(&recording(name)).unwrap();
            assert!(!names(&folder.path).contains(&gone.to_owned()), "{gone}");
        };
        drops("ep00150-periodic", "ep00007-crashed");
        drops("ghost-p4-t00", "ep00050-periodic");
        drops("ep00200-best", "ep00150-periodic");
        drops("ep00250-best", "ep00003-best");
        assert!(!folder.keep(&recording("ep00300-crashed")).unwrap());
        let kept = ["ep00001-first", "ep00100-periodic-best", "ep00200-best", "ep00250-best", "ghost-p4-t00"];
        assert_eq!(names(directory.path()), kept);
    }
}
