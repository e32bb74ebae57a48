//! Weight files: what a network learned, and beside it a `.json` that tells what network it belongs to.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use spikedrive_env::WorldOptions;
use spikedrive_learners::preset::{DEFAULT_READING, Preset};
use spikedrive_learners::seed::Reading;
use spikedrive_learners::snn::error::NetworkError;
use spikedrive_learners::{Learner, LearnerConfig, Memory, NamedArray, Policy};

use crate::failure::Failure;
use crate::files::write_whole;
use crate::numpy;

/// Version of the sidecar's format.
pub const SCHEMA_VERSION: u32 = 1;

/// Seed of the noise with which a bare matrix drives.
const BARE_SEED: u64 = 1;

/// What is known of a weight file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sidecar {
    /// Version of this format.
    pub schema_version: u32,
    /// Preset of the run.
    pub preset: String,
    /// Kind of encoder; its parameters are in `config`.
    pub encoder: String,
    /// What was learned beside the weights: a field `critic`, `baseline`, `steps` or `updates`.
    #[serde(flatten)]
    pub memory: Memory,
    /// Training episodes behind them.
    pub episode: usize,
    /// Mean return of the evaluation that made them a new best.
    pub evaluation_return: Option<f64>,
    /// Seed of the run.
    pub seed: u64,
    /// World of the run.
    #[serde(default)]
    pub world: WorldOptions,
    /// First 16 hexadecimal digits of the SHA-256 of `config` as JSON.
    pub config_hash: String,
    /// Network and learning rule; its `kind` tells which.
    pub config: LearnerConfig,
}

/// A network from a file.
#[derive(Debug)]
pub struct Checkpoint {
    /// The weight file.
    pub path: PathBuf,
    /// Whether anything is known of it.
    pub origin: Origin,
    /// What is known of it, or assumed.
    pub sidecar: Sidecar,
    /// The network.
    pub policy: Box<dyn Policy>,
}

/// Where a weight file comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A run of ours: its sidecar tells everything.
    Run,
    /// Elsewhere: a bare matrix of the first design.
    Bare,
}

/// Why a weight file was refused.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// It cannot be read.
    #[error("cannot read {}: {error}; give a .npy or .npz file, or the directory of a run", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is no array of floating-point numbers.
    #[error("{} is no usable numpy file: {reason}; it must hold {}, float32 or float64", path.display(), numpy::contents(path))]
    NotAnArray {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Its numbers make no network.
    #[error("{}: {error}", path.display())]
    Network {
        /// The file.
        path: PathBuf,
        /// Why.
        error: NetworkError,
    },
    /// The sidecar is missing.
    #[error(
        "{} is missing: it tells which preset {} belongs to; keep both files together, or give --preset seed for a bare matrix of the first design",
        sidecar.display(),
        path.display()
    )]
    NoSidecar {
        /// The weight file.
        path: PathBuf,
        /// The sidecar.
        sidecar: PathBuf,
    },
    /// The sidecar says nothing valid.
    #[error("{}: {reason}; restore the file that was written with the weights", sidecar.display())]
    BadSidecar {
        /// The sidecar.
        sidecar: PathBuf,
        /// Why.
        reason: String,
    },
    /// The sidecar tells of another learner than the one that was asked for.
    #[error("{} belongs to {found}, not to {asked}: leave --preset and --reading out", path.display())]
    AnotherLearner {
        /// The weight file.
        path: PathBuf,
        /// What the sidecar tells.
        found: String,
        /// What was asked for.
        asked: String,
    },
    /// A directory holds no weights.
    #[error("there are no weights in {}: train first, or give a .npy file or the directory of a run", path.display())]
    NoWeights {
        /// The directory.
        path: PathBuf,
    },
}

impl Sidecar {
    /// Describes a learner as it is now.
    pub fn of(
        learner: &dyn Learner,
        preset: &str,
        seed: u64,
        world: WorldOptions,
        evaluation_return: Option<f64>,
    ) -> Self {
        let config = learner.config();
        Self {
            schema_version: SCHEMA_VERSION,
            preset: preset.to_owned(),
            encoder: config.encoder().to_owned(),
            memory: learner.memory(),
            episode: learner.episode(),
            evaluation_return,
            seed,
            world,
            config_hash: config_hash(&config),
            config,
        }
    }
}

/// Parameters at their defaults that older files do not have: without them, hashes stay what they were.
const ADDED_LATER: [&str; 15] = [
    r#","forward":null"#,
    r#","signal":"spikes""#,
    r#","credit":"chosen-minus-share""#,
    r#","dopamine":{"kind":"td"}"#,
    r#","scale":"sigmoid""#,
    r#","spikes":"regular""#,
    r#","ahead":null"#,
    r#","cells":"uniform""#,
    r#","temporal":{"kind":"step"}"#,
    r#","eprop":null"#,
    r#","novelty":null"#,
    r#","a_minus":0.0"#,
    r#","crashes":null"#,
    r#","steering_gain":1.0"#,
    r#","left_ray_gain":1.0"#,
];

/// First 16 hexadecimal digits of the SHA-256 of a configuration as JSON.
pub fn config_hash(config: &impl Serialize) -> String {
    let json = serde_json::to_string(config).unwrap_or_default();
    let json = ADDED_LATER.iter().fold(json, |json, added| json.replace(added, ""));
    Sha256::digest(json).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Writes weights and sidecar, each whole or not at all. A kill between the two leaves the weights of one moment beside the critic
/// of the next; driving needs the weights alone.
pub fn save(path: &Path, arrays: &[NamedArray], sidecar: &Sidecar) -> Result<(), Failure> {
    write_whole(&sidecar_path(path), |file| serde_json::to_writer_pretty(file, sidecar).map_err(io::Error::other))?;
    write_whole(path, |file| numpy::write(arrays, file))
}

/// The name of a weight file: that of one matrix ends in `.npy`, that of several arrays in `.npz`.
pub fn file_name(stem: &str, config: &LearnerConfig) -> String {
    format!("{stem}.{}", if config.is_one_array() { numpy::NPY } else { numpy::NPZ })
}

/// Reads weights and sidecar.
pub fn load(path: &Path) -> Result<Checkpoint, WeightsError> {
    let arrays = numpy::read(path)?;
    let sidecar = read_sidecar(path)?;
    let policy = policy(path, sidecar.config, &arrays)?;
    if sidecar.config.fits(&sidecar.memory) {
        return Ok(Checkpoint { path: path.to_owned(), origin: Origin::Run, sidecar, policy });
    }
    let name = match sidecar.memory {
        Memory::Critic(_) => "critic",
        Memory::Baseline(_) => "baseline",
        Memory::Steps(_) | Memory::Updates(_) => "counter",
    };
    let reason = format!("its {name} does not fit its config: it was changed, or belongs to another file");
    Err(WeightsError::BadSidecar { sidecar: sidecar_path(path), reason })
}

/// Reads weights of the first design, with a sidecar or without one. `reading` is that of a bare matrix; a sidecar knows its
/// own, and must not contradict.
pub fn load_seed(path: &Path, reading: Option<Reading>) -> Result<Checkpoint, WeightsError> {
    if !sidecar_path(path).exists() {
        return load_bare(path, reading.unwrap_or(DEFAULT_READING));
    }
    let checkpoint = load(path)?;
    let found = match checkpoint.sidecar.config {
        LearnerConfig::Seed(config) if reading.is_none_or(|reading| reading == config.reading) => {
            return Ok(checkpoint);
        }
        LearnerConfig::Seed(config) => format!("reading {}", config.reading),
        _ => format!("preset {}", checkpoint.sidecar.preset),
    };
    let asked = match (checkpoint.sidecar.config, reading) {
        (LearnerConfig::Seed(_), Some(reading)) => format!("reading {reading}"),
        _ => "preset seed".to_owned(),
    };
    Err(WeightsError::AnotherLearner { path: path.to_owned(), found, asked })
}

/// A matrix `W[post, pre]` of which nothing is known.
fn load_bare(path: &Path, reading: Reading) -> Result<Checkpoint, WeightsError> {
    let preset = Preset::Seed(reading);
    let config = preset.config();
    let policy = policy(path, config, &numpy::read(path)?)?;
    let sidecar = Sidecar {
        schema_version: SCHEMA_VERSION,
        preset: preset.name().to_owned(),
        encoder: config.encoder().to_owned(),
        memory: Memory::Baseline(0.0),
        episode: 0,
        evaluation_return: None,
        seed: BARE_SEED,
        world: WorldOptions::default(),
        config_hash: config_hash(&config),
        config,
    };
    Ok(Checkpoint { path: path.to_owned(), origin: Origin::Bare, sidecar, policy })
}

fn policy(path: &Path, config: LearnerConfig, arrays: &[NamedArray]) -> Result<Box<dyn Policy>, WeightsError> {
    config.policy(arrays).map_err(|error| WeightsError::Network { path: path.to_owned(), error })
}

/// Reads the sidecar of a weight file.
pub fn read_sidecar(path: &Path) -> Result<Sidecar, WeightsError> {
    let sidecar_path = sidecar_path(path);
    let bad = |reason: String| WeightsError::BadSidecar { sidecar: sidecar_path.clone(), reason };
    let text = match std::fs::read_to_string(&sidecar_path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(WeightsError::NoSidecar { path: path.to_owned(), sidecar: sidecar_path });
        }
        text => text.map_err(|error| WeightsError::Unreadable { path: sidecar_path.clone(), error })?,
    };
    let sidecar: Sidecar = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    if sidecar.schema_version != SCHEMA_VERSION {
        return Err(bad(format!(
            "schema_version {} is not {SCHEMA_VERSION}: use the version of spikedrive that wrote it",
            sidecar.schema_version
        )));
    }
    let hash = config_hash(&sidecar.config);
    if sidecar.config_hash == hash {
        Ok(sidecar)
    } else {
        Err(bad(format!(
            "config_hash is {:?}, but its config has {hash:?}: one of them was changed",
            sidecar.config_hash
        )))
    }
}

fn sidecar_path(path: &Path) -> PathBuf {
    path.with_extension("json")
}

#[cfg(test)]
mod tests;
