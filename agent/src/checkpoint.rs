//! Weight files: `W[post, pre]` as `.npy`, and beside it a `.json` that tells what network it belongs to.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use ndarray::Array2;
use ndarray_npy::npy::header::Header;
use ndarray_npy::{ReadNpyError, ReadNpyExt, WriteNpyExt};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use spikedrive_env::WorldOptions;
use spikedrive_learners::snn::network::NetworkError;
use spikedrive_learners::snn::{Critic, Network, SnnConfig, SpikingLearner};

use crate::failure::Failure;
use crate::files::write_whole;

/// Version of the sidecar's format.
pub const SCHEMA_VERSION: u32 = 1;

/// What is known of a weight file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sidecar {
    /// Version of this format.
    pub schema_version: u32,
    /// Preset of the run.
    pub preset: String,
    /// Kind of encoder; its parameters are in `config.code`.
    pub encoder: String,
    /// The critic that goes with the weights.
    pub critic: Critic,
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
    /// Network and learning rule.
    pub config: SnnConfig,
}

/// A network from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// The weight file.
    pub path: PathBuf,
    /// What is known of it.
    pub sidecar: Sidecar,
    /// The network.
    pub network: Network,
}

/// Why a weight file was refused.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// It cannot be read.
    #[error("cannot read {}: {error}; give a .npy file, or the directory of a run", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is no array of floating-point numbers.
    #[error("{} is no usable numpy file: {reason}; it must hold 100 × 100 numbers, float32 or float64", path.display())]
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
    #[error("{} is missing: it tells which preset {} belongs to; keep both files together", sidecar.display(), path.display())]
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
        learner: &SpikingLearner,
        preset: &str,
        seed: u64,
        world: WorldOptions,
        evaluation_return: Option<f64>,
    ) -> Self {
        let config = *learner.network().config();
        Self {
            schema_version: SCHEMA_VERSION,
            preset: preset.to_owned(),
            encoder: "gaussian-population".to_owned(),
            critic: learner.critic().clone(),
            episode: learner.episode(),
            evaluation_return,
            seed,
            world,
            config_hash: config_hash(&config),
            config,
        }
    }
}

/// First 16 hexadecimal digits of the SHA-256 of a configuration as JSON.
pub fn config_hash(config: &impl Serialize) -> String {
    let json = serde_json::to_vec(config).unwrap_or_default();
    Sha256::digest(json).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Writes weights and sidecar, each whole or not at all. A kill between the two leaves the weights of one moment beside the critic
/// of the next; driving needs the weights alone.
pub fn save(path: &Path, weights: &Array2<f32>, sidecar: &Sidecar) -> Result<(), Failure> {
    write_whole(&sidecar_path(path), |file| serde_json::to_writer_pretty(file, sidecar).map_err(io::Error::other))?;
    write_whole(path, |file| weights.write_npy(file).map_err(io::Error::other))
}

/// Reads weights and sidecar.
pub fn load(path: &Path) -> Result<Checkpoint, WeightsError> {
    let weights = read_weights(path)?;
    let sidecar = read_sidecar(path)?;
    let network = Network::with_weights(sidecar.config, &weights)
        .map_err(|error| WeightsError::Network { path: path.to_owned(), error })?;
    if !sidecar.critic.is_valid(network.layout().afferents().len()) {
        let reason = "its critic does not fit its config: it was changed, or belongs to another file".to_owned();
        return Err(WeightsError::BadSidecar { sidecar: sidecar_path(path), reason });
    }
    Ok(Checkpoint { path: path.to_owned(), sidecar, network })
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

/// A header opens a dictionary and a shape; the reader takes time that is exponential in nested brackets.
const MAX_BRACKETS: usize = 4;
/// A header's longest length: that of version 1.
const MAX_HEADER_BYTES: u64 = 1 << 16;

/// The header of a numpy file: after magic string, version and length it ends with a newline.
fn read_header(file: impl BufRead) -> io::Result<Vec<u8>> {
    let (mut prefix, mut header) = ([0; 12], Vec::new());
    let mut file = file.take(MAX_HEADER_BYTES);
    let read = file.read(&mut prefix)?;
    file.read_until(b'\n', &mut header)?;
    Ok([&prefix[..read], &header].concat())
}

/// The first 200 characters of an error that may quote a file.
fn shortened(error: &impl ToString) -> String {
    error.to_string().chars().take(200).collect()
}

/// A matrix of float32 or float64, in C or Fortran order.
fn read_weights(path: &Path) -> Result<Array2<f32>, WeightsError> {
    let unreadable = |error| WeightsError::Unreadable { path: path.to_owned(), error };
    let unusable = |reason| WeightsError::NotAnArray { path: path.to_owned(), reason };
    let open = || File::open(path).map(io::BufReader::new).map_err(unreadable);
    let header = read_header(open()?).map_err(unreadable)?;
    if header.iter().filter(|&&byte| b"([{".contains(&byte)).count() > MAX_BRACKETS {
        return Err(unusable("its header is no dictionary of a dtype, an order and a shape".to_owned()));
    }
    // A reader makes room for what the header promises before it looks at the file: a forged one would exhaust the memory.
    let shape = Header::from_reader(&mut open()?).map_err(|error| unusable(shortened(&error)))?.shape;
    let promised = shape.iter().try_fold(size_of::<f32>(), |bytes, &length| bytes.checked_mul(length));
    let held = std::fs::metadata(path).map_err(unreadable)?.len();
    if promised.is_none_or(|bytes| bytes as u64 > held) {
        return Err(unusable(format!("its header promises the shape {shape:?}, more than its {held} bytes hold")));
    }
    let single = match Array2::<f32>::read_npy(open()?) {
        Err(ReadNpyError::WrongDescriptor(_)) => {
            Array2::<f64>::read_npy(open()?).map(|array| array.mapv(|weight| weight as f32))
        }
        single => single,
    };
    single.map_err(|error| unusable(shortened(&error)))
}

#[cfg(test)]
mod tests {
    use ndarray::ShapeBuilder;
    use spikedrive_learners::snn::Preset;

    use super::*;

    struct Saved {
        directory: tempfile::TempDir,
        learner: SpikingLearner,
    }

    impl Saved {
        fn new() -> Self {
            let saved = Self {
                directory: tempfile::tempdir().unwrap(),
                learner: SpikingLearner::new(Preset::Stdp.config(), 1, 10).unwrap(),
            };
            let sidecar = Sidecar::of(&saved.learner, "stdp", 1, WorldOptions::default(), Some(12.5));
            save(&saved.path(), saved.learner.network().weights(), &sidecar).unwrap();
            saved
        }

        fn path(&self) -> PathBuf {
            self.directory.path().join("last.npy")
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
        let saved = Saved::new();
        let loaded = load(&saved.path()).unwrap();
        assert_eq!(&loaded.network, saved.learner.network());
        assert_eq!(loaded.sidecar.critic.value(&[1.0; 79]), saved.learner.critic().value(&[1.0; 79]));
        assert_eq!((loaded.sidecar.episode, loaded.sidecar.evaluation_return), (0, Some(12.5)));
    }

    #[test]
    fn every_float_type_and_order_loads() {
        let saved = Saved::new();
        let weights = saved.learner.network().weights().clone();
        let mut fortran = Array2::zeros((100, 100).f());
        fortran.assign(&weights);
        saved.overwrite(&fortran);
        assert_eq!(load(&saved.path()).unwrap().network, *saved.learner.network());
        saved.overwrite(&weights.mapv(f64::from));
        assert_eq!(load(&saved.path()).unwrap().network, *saved.learner.network());
        saved.overwrite(&fortran.mapv(f64::from));
        assert_eq!(load(&saved.path()).unwrap().network, *saved.learner.network());
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
}
