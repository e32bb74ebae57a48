//! A run that was broken off and gone on with is the run that was never broken off, bit for bit.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;

use ciborium::Value as Cbor;
use serde_json::Value;
use spikedrive_agent::env::LocalFactory;
use spikedrive_agent::evaluate::Evaluator;
use spikedrive_agent::failure::Failure;
use spikedrive_agent::lesson::{CurriculumPreset, Lesson};
use spikedrive_agent::stop::StopFlag;
use spikedrive_agent::train::{EpisodeRecord, TrainConfig, TrainSink, TrainState, Trainer};
use spikedrive_env::{Phase, WorldPreset};
use spikedrive_learners::Preset;
use spikedrive_learners::snn::dopamine::Dopamine;
use spikedrive_learners::snn::encoder::{PopulationCode, SpikeTrain};
use spikedrive_learners::snn::{self, SnnConfig};
use support::{Ended, Place, wait_until};

/// Keeps the records and asks to stop after some episodes.
struct StopsAfter {
    episodes: usize,
    stop: StopFlag,
    records: Vec<EpisodeRecord>,
}

impl TrainSink for StopsAfter {
    fn episode(&mut self, record: &EpisodeRecord, _trainer: &Trainer) -> Result<(), Failure> {
        self.records.push(*record);
        if self.records.len() == self.episodes {
            self.stop.set();
        }
        Ok(())
    }
}

/// Trains from a state until so many more episodes are over, or to the end. Returns the records and the state then.
fn train(config: TrainConfig, from: Option<TrainState>, episodes: usize) -> (Vec<EpisodeRecord>, TrainState) {
    let (evaluator, stop) = (Evaluator::new(1).unwrap(), StopFlag::default());
    let mut trainer = Trainer::new(config, &LocalFactory, &evaluator, &stop).unwrap();
    if let Some(state) = from {
        trainer = trainer.resume(through_a_file(&state)).unwrap();
    }
    let mut sink = StopsAfter { episodes, stop: stop.clone(), records: Vec::new() };
    match trainer.run(&mut sink) {
        Ok(()) | Err(Failure::Interrupted) => (sink.records, trainer.state().unwrap()),
        Err(failure) => panic!("{failure}"),
    }
}

fn through_a_file(state: &TrainState) -> TrainState {
    let mut bytes = Vec::new();
    ciborium::into_writer(state, &mut bytes).unwrap();
    ciborium::from_reader(&bytes[..]).unwrap()
}

#[track_caller]
fn assert_unbroken(config: TrainConfig, stops: &[usize]) {
    let (records, end) = train(config, None, usize::MAX);
    assert_eq!(records.len(), config.episodes);
    let (mut pieces, mut state) = (Vec::new(), None);
    for &episodes in stops.iter().chain([&usize::MAX]) {
        let (piece, reached) = train(config, state, episodes);
        pieces.extend(piece);
        state = Some(reached);
    }
    assert!(pieces == records && state == Some(end), "stopped after {stops:?}: {:?}", config.learner);
}

#[test]
fn every_preset_goes_on_as_if_nothing_had_happened() {
    for preset in Preset::all() {
        let curriculum = Lesson::from(CurriculumPreset::Ceiling);
        assert_unbroken(TrainConfig::base(preset.config(), curriculum, 21, 4), &[1, 3, 9]);
    }
}

#[test]
fn noise_lanes_and_every_schedule_survive() {
    let direct = Lesson::Direct(Phase::Complex);
    for preset in ["pathway", "memory", "dqn", "ppo"].map(|name| name.parse::<Preset>().unwrap()) {
        let base = TrainConfig::base(preset.config(), direct, 22, 5);
        let world = WorldPreset::HardStorm.options();
        assert_unbroken(TrainConfig { world, ..base }, &[6, 5]);
        assert_unbroken(TrainConfig { lanes: 4, ..base }, &[4, 8, 4]);
    }
}

#[test]
fn every_dopamine_and_poisson_spikes_survive_the_disk() {
    let kinds = [
        Dopamine::Reward { rate: 0.1 },
        Dopamine::Episodic { rate: 0.1 },
        Dopamine::Shuffled { memory: 30 },
        Dopamine::Absent,
    ];
    for dopamine in kinds {
        let stdp = snn::Preset::Stdp.config();
        let code = PopulationCode { spikes: SpikeTrain::Poisson, ..stdp.code };
        let learner = SnnConfig { dopamine, code, ..stdp };
        let base = TrainConfig::base(learner, Lesson::Direct(Phase::Complex), 12, 4);
        assert_unbroken(base, &[4, 2]);
        assert_unbroken(TrainConfig { lanes: 3, ..base }, &[3, 6]);
    }
}

#[test]
fn one_lane_of_many_lives_what_it_would_live_alone() {
    let base = TrainConfig::base("seed".parse::<Preset>().unwrap().config(), Lesson::Direct(Phase::Straight), 3, 5);
    let (one, _) = train(base, None, usize::MAX);
    let (three, _) = train(TrainConfig { lanes: 3, ..base }, None, usize::MAX);
    assert_eq!((one[0].episode_return, one[0].length), (three[0].episode_return, three[0].length));
    assert_eq!(three.iter().map(|record| record.episode).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(three[2].env_steps, three.iter().map(|record| record.length).sum::<usize>());
}

/// The state as a version wrote it that counted no operations.
fn uncounted(state: &TrainState) -> Cbor {
    fn strip(value: &mut Cbor) {
        if let Cbor::Map(entries) = value {
            entries.retain(|(key, _)| key.as_text() != Some("operations"));
            entries.iter_mut().for_each(|(_, value)| strip(value));
        }
    }
    let mut value = Cbor::serialized(state).unwrap();
    strip(&mut value);
    value
}

#[test]
fn a_state_without_operations_counts_them_from_where_it_goes_on() {
    for preset in ["frugal", "seed"] {
        let preset: Preset = preset.parse().unwrap();
        let config = TrainConfig::base(preset.config(), Lesson::Direct(Phase::Complex), 8, 4);
        let (_, whole) = train(config, None, usize::MAX);
        let (_, half) = train(config, None, 4);
        assert_ne!(uncounted(&half), Cbor::serialized(&half).unwrap());
        let (_, end) = train(config, Some(uncounted(&half).deserialized().unwrap()), usize::MAX);
        assert!(end != whole && uncounted(&end) == uncounted(&whole), "{preset}: all else is the same");
    }
}

const RUN: &str = "--preset pathway --phase 4 --seed 3 --episodes";

/// What a run leaves on disk, but for its name and the times in it.
fn remains(place: &Place, run: &str) -> (Vec<u8>, Vec<u8>, Value, Value, usize) {
    let mut summary = place.json(format!("{run}/summary.json"));
    summary["run"].take();
    let mut sidecar = place.json(format!("{run}/weights/last.json"));
    sidecar["seed"].take();
    let [events] = <[String; 1]>::try_from(place.names(format!("{run}/tb"))).unwrap();
    let events = place.read(format!("{run}/tb/{events}")).len();
    let log = place.read(format!("{run}/episodes.jsonl"));
    (log, place.read(format!("{run}/weights/last.npy")), summary, sidecar, events)
}

#[test]
fn a_run_that_was_interrupted_and_killed_leaves_what_the_unbroken_one_leaves() {
    let place = Place::new();
    place.run(&format!("train {RUN} 120 --out whole")).done();
    for (signal, at) in [("INT", 1), ("KILL", 53), ("INT", 90), ("KILL", 119)] {
        let command = if place.path("broken").exists() {
            "train --resume broken".to_owned()
        } else {
            format!("train {RUN} 120 --out broken")
        };
        let train = place.start(&command);
        let episodes = || {
            fs::read(place.path("broken/episodes.jsonl")).map_or(0, |log| log.iter().filter(|&&b| b == b'\n').count())
        };
        wait_until(|| episodes() >= at);
        train.signal(signal);
        train.end();
    }
    let Ended { status, err, .. } = place.run("train --resume broken");
    assert!(status.success(), "{err}");
    assert!(remains(&place, "broken") == remains(&place, "whole"));
    // Once more: there is nothing left to do.
    let again = place.run("train --resume broken --json");
    assert!(again.err.contains("finished already"), "{}", again.err);
    assert_eq!(again.json()["episodes"], 120);
}

#[test]
fn a_deep_network_is_kept_as_named_arrays_driven_and_gone_on_with() {
    for preset in ["dqn", "ppo"] {
        let place = Place::new();
        let run = format!("train --preset {preset} --phase 1 --episodes 60");
        place.run(&format!("{run} --out whole")).done();
        let train = place.start(&format!("{run} --out broken"));
        wait_until(|| place.path("broken/weights/last.npz").exists());
        train.signal("INT");
        train.end();
        place.run("train --resume broken").done();
        let networks = ["whole", "broken"].map(|run| place.read(format!("{run}/weights/last.npz")));
        assert!(networks[0] == networks[1], "{preset}");
        let report = place.run("evaluate --weights whole/weights/last.npz --phase 1 --json").json();
        let summary = place.json("whole/summary.json");
        assert_eq!(report["return"]["mean"], summary["final"]["1"]["100"]["mean"], "{preset}");
        assert!(place.run("evaluate --weights whole --phase 1").done().contains(&format!("preset {preset}")));
    }
}

#[test]
fn what_cannot_be_gone_on_with_is_refused() {
    let place = Place::new();
    place.run("train --resume nowhere").refuses(1, &["cannot read nowhere/run.json"]);
    let train = place.start(&format!("train {RUN} 100000 --out run"));
    wait_until(|| place.path("run/state.cbor").exists());
    place.run("train --resume run").refuses(1, &["another process writes run/episodes.jsonl"]);
    train.signal("INT");
    train.end();
    place.run("train --resume run --seed 4").refuses(2, &["--seed and --resume exclude each other", "run/run.json"]);
    place.run("train --resume run --seeds 1..2").refuses(2, &["--resume"]);
    let state = place.read("run/state.cbor");
    let mut flipped = state.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for (bytes, word) in
        [(&flipped[..], "checksum"), (&state[..middle], "no saved state"), (&b"x"[..], "no saved state")]
    {
        fs::write(place.path("run/state.cbor"), bytes).unwrap();
        place.run("train --resume run").refuses(1, &["run/state.cbor", word, "restore the file"]);
    }
    fs::write(place.path("run/state.cbor"), state).unwrap();
    fs::write(place.path("run/episodes.jsonl"), "").unwrap();
    place.run("train --resume run").refuses(1, &["holds 0 episodes and state.cbor counts"]);
}

mod seeds {
    use super::*;

    const SEEDS: &str = "train --preset pathway --phase 1 --episodes 10 --seeds 3..5 --out many --json";

    #[test]
    fn each_has_a_directory_and_a_number_of_jobs_changes_nothing() {
        let place = Place::new();
        let many = place.run(&format!("{SEEDS} --jobs 2")).json();
        place.run("train --preset pathway --phase 1 --episodes 10 --seed 4 --out one").done();
        assert_eq!(place.names("many"), ["s3", "s4", "s5"]);
        assert!(remains(&place, "many/s4") == remains(&place, "one"));
        assert_eq!(many["over_seeds"]["seeds"], 3);
        let runs = many["runs"].as_array().unwrap();
        assert_eq!(runs.iter().map(|run| run["seed"].as_u64().unwrap()).collect::<Vec<_>>(), [3, 4, 5]);
        let returns: Vec<f64> = runs.iter().map(|run| run["final"]["1"]["100"]["mean"].as_f64().unwrap()).collect();
        let mean = many["over_seeds"]["final"]["1"]["100"]["mean"].as_f64().unwrap();
        assert!((mean - returns.iter().sum::<f64>() / 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_second_call_goes_on_and_other_settings_are_refused() {
        let place = Place::new();
        let first = place.run(SEEDS).json();
        fs::remove_file(place.path("many/s4/summary.json")).unwrap();
        fs::remove_file(place.path("many/s5/state.cbor")).unwrap();
        fs::remove_file(place.path("many/s5/summary.json")).unwrap();
        assert_eq!(place.run(SEEDS).json(), first);
        place
            .run(&SEEDS.replace("--episodes 10", "--episodes 11"))
            .refuses(2, &["many/s3 holds a run with other settings", "another --out"]);
        place.run("train --seed 1 --seeds 1..3").refuses(2, &["--seed and --seeds exclude each other"]);
        place.run("train --seeds 3..1").refuses(2, &["\"3..1\" names no seeds", "1..20"]);
    }
}
