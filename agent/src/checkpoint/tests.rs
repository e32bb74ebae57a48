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
