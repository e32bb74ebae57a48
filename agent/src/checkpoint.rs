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
const ADDED_LATER: [&str; 14] = [
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
mod tests {
    use std::fs::File;

    use ndarray::{Array2, ShapeBuilder};
    use ndarray_npy::WriteNpyExt;
    use ndarray_npy::npy::header::Header;
    use spikedrive_learners::snn;

    use super::*;

    struct Saved {
        directory: tempfile::TempDir,
        learner: Box<dyn Learner>,
    }

    impl Saved {
        fn new() -> Self {
            Self::of(Preset::Snn(snn::Preset::Stdp))
        }

        fn of(preset: Preset) -> Self {
            let saved =
                Self { directory: tempfile::tempdir().unwrap(), learner: preset.config().learner(1, 10, 1).unwrap() };
            let world = WorldOptions { gust: 0.3, ..WorldOptions::default() };
            let sidecar = Sidecar::of(saved.learner.as_ref(), preset.name(), 1, world, Some(12.5));
            save(&saved.path(), &saved.learner.policy().arrays(), &sidecar).unwrap();
            saved
        }

        fn weights(&self) -> &Array2<f32> {
            self.learner.policy().synapses().unwrap()
        }

        fn path(&self) -> PathBuf {
            self.directory.path().join(file_name("last", &self.learner.config()))
        }

        fn overwrite<T: ndarray_npy::WritableElement>(&self, weights: &Array2<T>) {
            weights.write_npy(File::create(self.path()).unwrap()).unwrap();
        }

        fn refusal(&self) -> String {
            load(&self.path()).unwrap_err().to_string()
        }
    }

    #[test]
    fn a_checkpoint_survives_the_disk() {
        for preset in Preset::all() {
            let saved = Saved::of(preset);
            let loaded = load(&saved.path()).unwrap();
            assert_eq!(loaded.policy.arrays(), saved.learner.policy().arrays(), "{preset}");
            assert_eq!((loaded.sidecar.config, loaded.origin), (preset.config(), Origin::Run));
            let json = |memory| serde_json::to_string(&memory).unwrap();
            assert_eq!(json(loaded.sidecar.memory), json(saved.learner.memory()));
            assert_eq!((loaded.sidecar.episode, loaded.sidecar.evaluation_return), (0, Some(12.5)));
            assert_eq!(loaded.sidecar.world.gust, 0.3);
        }
    }

    #[test]
    fn a_sidecar_from_before_there_were_rates_loads() {
        let saved = Saved::new();
        let sidecar = saved.path().with_extension("json");
        let text = std::fs::read_to_string(&sidecar).unwrap();
        let mut older: serde_json::Value = serde_json::from_str(&text).unwrap();
        let config = older["config"].as_object_mut().unwrap();
        for added in ["signal", "credit", "dopamine", "forward"] {
            assert!(config.remove(added).is_some(), "{added}");
        }
        let world = older["world"].as_object_mut().unwrap();
        assert!(world.remove("steering_gain").is_some() && world.remove("left_ray_gain").is_some());
        let config = older["config"].as_object_mut().unwrap();
        let code = config["code"].as_object_mut().unwrap();
        assert!(code.remove("scale").is_some() && code.remove("spikes").is_some());
        let older = older.to_string();
        std::fs::write(&sidecar, older).unwrap();
        let loaded = load(&saved.path()).unwrap().sidecar;
        assert_eq!(
            (loaded.config, loaded.world),
            (saved.learner.config(), WorldOptions { gust: 0.3, ..WorldOptions::default() })
        );
        // Whatever is added, with its default the hash is the one that it had in the first files.
        assert_eq!(config_hash(&LearnerConfig::from(snn::Preset::Stdp.config())), "9235c1185aaa3be9");
        assert_eq!(config_hash(&WorldOptions::default()), "0ccc833117d10d96");
        for changed in [
            WorldOptions { steering_gain: -1.0, ..WorldOptions::default() },
            WorldOptions { left_ray_gain: 0.7, ..WorldOptions::default() },
        ] {
            assert_ne!(config_hash(&changed), "0ccc833117d10d96");
        }
        let rates = Preset::Snn(snn::Preset::Spikeless).config();
        let mut spikes = snn::Preset::Spikeless.config();
        spikes.signal = snn::Signal::Spikes;
        assert_ne!(config_hash(&rates), config_hash(&LearnerConfig::from(spikes)));
    }

    #[test]
    fn every_float_type_and_order_loads() {
        let saved = Saved::new();
        let weights = saved.weights().clone();
        let mut fortran = Array2::zeros((100, 100).f());
        fortran.assign(&weights);
        saved.overwrite(&fortran);
        assert_eq!(load(&saved.path()).unwrap().policy.synapses(), Some(saved.weights()));
        saved.overwrite(&weights.mapv(f64::from));
        assert_eq!(load(&saved.path()).unwrap().policy.synapses(), Some(saved.weights()));
        saved.overwrite(&fortran.mapv(f64::from));
        assert_eq!(load(&saved.path()).unwrap().policy.synapses(), Some(saved.weights()));
    }

    #[test]
    fn bad_weights_are_refused_with_the_reason() {
        let saved = Saved::new();
        saved.overwrite(&Array2::<f32>::zeros((100, 99)));
        assert!(saved.refusal().contains("the weights are 100 × 99: they must be 100 × 100"));
        saved.overwrite(&Array2::<i32>::zeros((100, 100)));
        assert!(saved.refusal().contains("is no usable numpy file"), "{}", saved.refusal());
        saved.overwrite(&Array2::from_elem((100, 100), f64::INFINITY));
        assert!(saved.refusal().contains("weight [0, 0] is inf: every weight must be finite"));
        saved.overwrite(&Array2::from_elem((100, 100), f32::NAN));
        assert!(saved.refusal().contains("weight [0, 0] is NaN"));

        let whole = std::fs::read(Saved::new().path()).unwrap();
        for length in [0, 5, 100, whole.len() - 1] {
            std::fs::write(saved.path(), &whole[..length]).unwrap();
            assert!(saved.refusal().contains("is no usable numpy file"), "{length}: {}", saved.refusal());
        }
        let mut forged = Header::from_reader(&mut whole.as_slice()).unwrap();
        forged.shape = vec![1_000_000_000, 1_000_000_000];
        std::fs::write(saved.path(), forged.to_bytes().unwrap()).unwrap();
        assert!(saved.refusal().contains("promises the shape [1000000000, 1000000000], more than its"));
        let nested = format!("{{'descr': {}", "[".repeat(60_000));
        std::fs::write(saved.path(), [b"\x93NUMPY\x01\x00\xff\xff", nested.as_bytes()].concat()).unwrap();
        assert!(saved.refusal().contains("its header is no dictionary") && saved.refusal().len() < 500);
        std::fs::remove_file(saved.path()).unwrap();
        assert!(saved.refusal().starts_with("cannot read"));
    }

    #[test]
    fn arrays_of_another_network_are_refused() {
        let saved = Saved::of(Preset::Dqn);
        let arrays = saved.learner.policy().arrays();
        let write = |arrays: &[NamedArray]| write_whole(&saved.path(), |file| numpy::write(arrays, file)).unwrap();
        write(&arrays[1..]);
        assert!(saved.refusal().ends_with("last.npz: there is no array q.0.weight: it must be 64 × 6"));
        let mut changed = arrays.clone();
        changed[2].values = Array2::zeros((64, 63));
        write(&changed);
        assert!(saved.refusal().contains("the array q.1.weight is 64 × 63: it must be 64 × 64"), "{}", saved.refusal());
        changed[2].values = Array2::from_elem((64, 64), f32::INFINITY);
        write(&changed);
        assert!(saved.refusal().contains("q.1.weight [0, 0] is inf: every number must be finite"));
        write(&arrays);
        let whole = std::fs::read(saved.path()).unwrap();
        for length in [0, 100, whole.len() - 1] {
            std::fs::write(saved.path(), &whole[..length]).unwrap();
            let refusal = saved.refusal();
            assert!(
                refusal.contains("is no usable numpy file") && refusal.contains("it must hold named arrays"),
                "{refusal}"
            );
        }
    }

    #[test]
    fn bad_sidecars_are_refused_with_the_reason() {
        let saved = Saved::new();
        let sidecar = saved.path().with_extension("json");
        let text = std::fs::read_to_string(&sidecar).unwrap();
        for (from, to, reason) in [
            ("\"schema_version\": 1", "\"schema_version\": 2", "schema_version 2 is not 1"),
            ("\"ticks\": 20", "\"ticks\": 21", "config_hash is"),
            ("\"preset\"", "\"other\"", "missing field `preset`"),
            ("{", "", "invalid type: string"),
        ] {
            std::fs::write(&sidecar, text.replacen(from, to, 1)).unwrap();
            assert!(saved.refusal().contains(reason), "{}", saved.refusal());
        }
        std::fs::remove_file(&sidecar).unwrap();
        assert!(saved.refusal().contains("last.json is missing: it tells which preset"));
    }

    #[test]
    fn a_bare_matrix_of_the_first_design_loads_when_it_is_named_so() {
        let saved = Saved::of(Preset::Seed(Reading::C));
        let path = saved.directory.path().join("weights_reward290.8_20260308_144053.npy");
        saved.weights().mapv(f64::from).write_npy(File::create(&path).unwrap()).unwrap();
        assert!(load(&path).unwrap_err().to_string().contains("json is missing"));
        let loaded = load_seed(&path, Some(Reading::A)).unwrap();
        assert_eq!((loaded.origin, loaded.policy.synapses()), (Origin::Bare, Some(saved.weights())));
        assert_eq!(loaded.sidecar.world, WorldOptions::default());
        assert_eq!(loaded.sidecar.config, Preset::Seed(Reading::A).config());
        assert_eq!(load_seed(&path, None).unwrap().sidecar.config, Preset::Seed(DEFAULT_READING).config());
    }

    #[test]
    fn a_sidecar_of_another_learner_is_no_bare_matrix() {
        let saved = Saved::of(Preset::Seed(Reading::C));
        assert_eq!(load_seed(&saved.path(), None).unwrap().origin, Origin::Run);
        let refusal = |saved: &Saved, reading| load_seed(&saved.path(), reading).unwrap_err().to_string();
        assert!(refusal(&saved, Some(Reading::B)).contains("belongs to reading C, not to reading B"));
        assert!(refusal(&Saved::new(), Some(Reading::B)).contains("belongs to preset stdp, not to preset seed"));
    }

    #[test]
    fn a_memory_of_another_kind_is_refused() {
        let saved = Saved::of(Preset::Seed(Reading::C));
        let sidecar = saved.path().with_extension("json");
        let text = std::fs::read_to_string(&sidecar).unwrap();
        let critic = serde_json::to_string(&Saved::new().learner.memory()).unwrap();
        std::fs::write(&sidecar, text.replace("\"baseline\": 0.0", critic.trim_matches(['{', '}']))).unwrap();
        assert!(!saved.refusal().is_empty());
        std::fs::write(&sidecar, text.replace("\"kind\": \"seed\"", "\"kind\": \"dense\"")).unwrap();
        assert!(saved.refusal().contains("unknown variant `dense`"), "{}", saved.refusal());
    }
}
