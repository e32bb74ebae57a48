//! One contract, two implementations: in process and over gRPC, step for step and weight for weight.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use spikedrive_agent::embedded::EmbeddedServer;
use spikedrive_agent::env::{EnvError, EnvFactory, LocalFactory, RemoteFactory};
use spikedrive_agent::evaluate::{EpisodeResult, Evaluator, held_out};
use spikedrive_agent::failure::Failure;
use spikedrive_agent::lesson::{CurriculumPreset, Lesson};
use spikedrive_agent::stop::StopFlag;
use spikedrive_agent::train::{EpisodeRecord, TrainConfig, Trainer};
use spikedrive_env::{
    Action, Circuit, CircuitMode, Course, EndReason, LaneInfo, Phase, Split, StepBatch, WorldConfig, WorldOptions,
};
use spikedrive_learners::snn::{self, Network};
use spikedrive_learners::{NamedArray, Preset};

/// Runs a test on both implementations.
fn on_both<T>(test: impl Fn(&dyn EnvFactory) -> T) -> (T, T) {
    let server = EmbeddedServer::on_free_port().unwrap();
    let remote = RemoteFactory::connect(&server.address().unwrap()).unwrap();
    (test(&LocalFactory), test(&remote))
}

fn world(course: Course, lanes: usize) -> WorldConfig {
    WorldConfig { seed: 11, first_episode: 2, ..WorldConfig::base(course, lanes, 40) }
}

fn circuit() -> Course {
    let csv = include_str!("../../circuits/example.csv");
    Course::Circuit(Arc::new(Circuit::from_csv("example", csv, CircuitMode::Fit).unwrap()))
}

/// A car that wanders: it crashes at times and reaches the horizon at others.
fn wander(step: usize, lane: usize) -> Action {
    Action::ALL[(step * step + 3 * lane + step / 7) % 3]
}

fn record(factory: &dyn EnvFactory, course: Course) -> Vec<StepBatch> {
    let mut env = factory.make(&world(course, 7)).unwrap();
    (0..200)
        .map(|step| {
            let actions: Vec<_> = (0..7).map(|lane| wander(step, lane)).collect();
            let batch = env.step(&actions).unwrap().clone();
            assert_eq!(env.observations(), batch.observations);
            batch
        })
        .collect()
}

#[test]
fn both_give_the_same_steps_bit_for_bit() {
    for course in [
        Course::Phase { phase: Phase::Complex, split: Split::Train },
        Course::Phase { phase: Phase::Sharp, split: Split::Test },
        circuit(),
    ] {
        let (local, remote) = on_both(|factory| record(factory, course.clone()));
        assert_eq!(local, remote);
        assert!(local.iter().any(|batch| batch.ends.contains(&Some(EndReason::Crash))));
    }
}

/// Steps of a world that tells where the cars are; a wait now and then changes nothing.
fn record_with_info(factory: &dyn EnvFactory, course: Course) -> (Vec<StepBatch>, Vec<LaneInfo>) {
    let mut env = factory.make(&WorldConfig { info: true, ..world(course, 7) }).unwrap();
    let mut infos = vec![env.info().unwrap().clone()];
    let batches = (0..200).map(|step| {
        if step % 50 == 0 {
            env.keep_alive().unwrap();
            assert_eq!(Some(&env.info().unwrap().poses), infos.last().map(|info| &info.poses));
        }
        let actions: Vec<_> = (0..7).map(|lane| wander(step, lane)).collect();
        let batch = env.step(&actions).unwrap().clone();
        infos.push(env.info().unwrap().clone());
        batch
    });
    (batches.collect(), infos)
}

#[test]
fn both_tell_where_the_cars_are_bit_for_bit_and_nothing_else_changes() {
    for course in [Course::Phase { phase: Phase::Complex, split: Split::Train }, circuit()] {
        let (local, remote) = on_both(|factory| record_with_info(factory, course.clone()));
        assert_eq!(local, remote);
        let (batches, infos) = local;
        assert_eq!(batches, record(&LocalFactory, course.clone()));
        for (k, info) in infos.iter().enumerate() {
            let begun: Vec<_> = info.roads.iter().map(|road| road.lane).collect();
            let ended = |lane: &usize| k == 0 || (k > 1 && batches[k - 2].ends[*lane].is_some());
            assert_eq!((info.poses.len(), begun), (7, (0..7).filter(ended).collect()), "after {k} steps");
            assert!(info.roads.iter().all(|road| road.road.centre.len() >= 60));
        }
    }
}

#[test]
fn both_tell_nothing_that_nobody_asked_for() {
    let course = Course::Phase { phase: Phase::Complex, split: Split::Train };
    on_both(|factory| {
        let mut env = factory.make(&world(course.clone(), 2)).unwrap();
        assert_eq!(env.info(), None);
        env.step(&[Action::Straight; 2]).unwrap();
        assert_eq!(env.info(), None);
        let too_much = WorldConfig { info: true, ..world(course.clone(), 770) };
        let text = factory.make(&too_much).map(|_| ()).unwrap_err().to_string();
        assert!(text.contains("info: the roads of 770 lanes are 200200 units long"), "{text}");
    });
}

#[test]
fn both_refuse_what_is_out_of_range() {
    let refused = |factory: &dyn EnvFactory| {
        let course = Course::Phase { phase: Phase::Complex, split: Split::Train };
        let too_long = WorldConfig { horizon: 20_000, ..world(course.clone(), 1) };
        let text = factory.make(&too_long).map(|_| ()).unwrap_err().to_string();
        assert!(text.contains("horizon: 20000 is outside 1..=10000"), "{text}");
        let mut env = factory.make(&world(course, 2)).unwrap();
        let before = env.observations().to_vec();
        let text = env.step(&[Action::Left]).unwrap_err().to_string();
        assert!(text.contains("1 values for 2 lanes"), "{text}");
        assert_eq!(env.observations(), before);
        env.step(&[Action::Left; 2]).unwrap();
    };
    on_both(refused);
}

#[test]
fn a_server_that_goes_away_is_lost() {
    let server = EmbeddedServer::on_free_port().unwrap();
    let address = server.address().unwrap();
    let factory = RemoteFactory::connect(&address).unwrap();
    let course = Course::Phase { phase: Phase::Complex, split: Split::Train };
    let mut env = factory.make(&world(course.clone(), 1)).unwrap();
    env.step(&[Action::Straight]).unwrap();
    drop(server);
    let error = env.step(&[Action::Straight]).unwrap_err();
    assert!(
        matches!(&error, EnvError::ServerLost { .. }) && error.to_string().contains(&address.to_string()),
        "{error}"
    );
    assert!(matches!(factory.make(&world(course, 1)), Err(EnvError::ServerLost { .. })));
}

fn train(
    factory: &dyn EnvFactory,
    preset: Preset,
    threads: usize,
) -> (Vec<NamedArray>, Vec<EpisodeRecord>, Vec<EpisodeResult>) {
    let config = TrainConfig::base(preset.config(), Lesson::from(CurriculumPreset::Ceiling), 40, 4);
    let (evaluator, stop, mut log) =
        (Evaluator::new(threads).unwrap(), StopFlag::default(), Vec::<EpisodeRecord>::new());
    let mut trainer = Trainer::new(config, factory, &evaluator, &stop).unwrap();
    trainer.run(&mut log).unwrap();
    let test = trainer.test(Phase::Complex, 100).unwrap();
    (trainer.learner().policy().arrays(), log, test)
}

#[test]
fn the_same_seed_gives_the_same_weights_local_or_remote_and_whatever_the_threads() {
    for preset in Preset::all() {
        let reference = train(&LocalFactory, preset, 1);
        if let Preset::Snn(_) = preset {
            assert!(reference.1.iter().any(|record| record.phase == 4), "{preset} passes the curriculum");
        }
        assert_eq!(train(&LocalFactory, preset, 1), reference, "{preset}: twice over");
        assert_eq!(train(&LocalFactory, preset, 8), reference, "{preset}: eight threads");
        let (local, remote) = on_both(|factory| train(factory, preset, 2));
        assert_eq!((&local, &remote), (&reference, &reference), "{preset}: local and remote");
    }
}

#[test]
fn evaluation_never_disturbs_training_and_repeats_itself() {
    let network = Network::new(snn::Preset::Stdp.config(), 9).unwrap();
    let evaluate = |factory: &dyn EnvFactory| {
        let world = held_out(Phase::Gentle, Split::Validation, 60, 20, WorldOptions::default());
        Evaluator::new(3).unwrap().evaluate(factory, &world, &network, 9, &StopFlag::default()).unwrap()
    };
    let (first, second) = on_both(|factory| (evaluate(factory), evaluate(factory)));
    assert_eq!(first.0, first.1);
    assert_eq!(first, second);
}

#[test]
fn a_stop_ends_training_and_evaluation_between_two_steps() {
    let (stop, evaluator) = (StopFlag::default(), Evaluator::new(1).unwrap());
    stop.set();
    let config = TrainConfig::base(snn::Preset::Stdp.config(), Lesson::Direct(Phase::Straight), 5, 1);
    let mut trainer = Trainer::new(config, &LocalFactory, &evaluator, &stop).unwrap();
    assert!(matches!(trainer.run(&mut ()), Err(Failure::Interrupted)));
    assert!(matches!(trainer.test(Phase::Straight, 100), Err(Failure::Interrupted)));
}
