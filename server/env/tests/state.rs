//! A world that was told its state goes on as the one that told it, bit for bit, whatever it was made from.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use spikedrive_env::state::LaneState;
use spikedrive_env::{
    Action, Autoreset, Circuit, CircuitMode, Course, Phase, Split, VectorWorld, WorldConfig, WorldOptions, WorldPreset,
};

fn oval() -> Arc<Circuit> {
    let row = |i| {
        let angle = std::f64::consts::TAU * f64::from(i) / 100.0;
        format!("{},{},5,5\n", 60.0 * libm::cos(angle), 40.0 * libm::sin(angle))
    };
    let csv: String = (0..100).map(row).collect();
    Arc::new(Circuit::from_csv("oval", &csv, CircuitMode::Fit).unwrap())
}

/// Every option at once, each alone, and every course and mode.
fn configs() -> Vec<WorldConfig> {
    let all = WorldOptions {
        rays: 9,
        varying_width: true,
        predictive_reward: 0.5,
        steering_gain: -0.7,
        left_ray_gain: 0.6,
        ..WorldPreset::HardStorm.options()
    };
    let options = [
        WorldOptions::default(),
        WorldOptions { rays: 7, ..WorldOptions::default() },
        WorldOptions { sensor_noise: 1.0, ..WorldOptions::default() },
        WorldOptions { sensor_latency: 3, ..WorldOptions::default() },
        WorldOptions { actuator_lag: 0.2, ..WorldOptions::default() },
        WorldOptions { gust: 0.2, ..WorldOptions::default() },
        WorldOptions { varying_width: true, ..WorldOptions::default() },
        WorldOptions { predictive_reward: 1.0, ..WorldOptions::default() },
        WorldOptions { steering_gain: 0.5, ..WorldOptions::default() },
        WorldOptions { left_ray_gain: 0.7, ..WorldOptions::default() },
        all,
    ];
    let base = WorldConfig {
        seed: 3,
        first_episode: 5,
        ..WorldConfig::base(Course::Phase { phase: Phase::Complex, split: Split::Train }, 4, 40)
    };
    let with_options = options.map(|options| WorldConfig { options, ..base.clone() });
    let courses = Phase::ALL.into_iter().flat_map(|phase| Split::ALL.map(|split| Course::Phase { phase, split }));
    let courses = courses.chain([Course::Circuit(oval())]).map(|course| WorldConfig { course, ..base.clone() });
    let modes = [Autoreset::SameStep, Autoreset::Disabled].map(|autoreset| WorldConfig { autoreset, ..base.clone() });
    with_options.into_iter().chain(courses).chain(modes).collect()
}

/// Lane 0 turns and crashes, the others stay on the road as well as they can.
fn act(world: &VectorWorld) -> Vec<Action> {
    let observations = world.observations().chunks(world.config().options.rays);
    let action = |(lane, rays): (usize, &[f32])| match rays[0] - rays[rays.len() - 1] {
        _ if lane == 0 => Action::Left,
        difference if difference > 1.0 => Action::Left,
        difference if difference < -1.0 => Action::Right,
        _ => Action::Straight,
    };
    observations.enumerate().map(action).collect()
}

fn step(world: &mut VectorWorld) {
    let ended: Vec<bool> = (0..world.config().lanes).map(|lane| world.state()[lane].ended).collect();
    if world.config().autoreset == Autoreset::Disabled && ended.contains(&true) {
        world.reset(&ended).unwrap();
    }
    world.step(&act(world)).unwrap();
}

#[test]
fn a_resumed_world_has_the_same_future() {
    for config in configs() {
        let mut whole = VectorWorld::new(config.clone()).unwrap();
        for steps in [0, 1, 17, 45, 38] {
            (0..steps).for_each(|_| step(&mut whole));
            let mut resumed = VectorWorld::resume(config.clone(), &whole.state()).unwrap();
            assert_eq!(resumed.observations(), whole.observations());
            for _ in 0..100 {
                step(&mut resumed);
                step(&mut whole);
                assert_eq!(resumed.batch(), whole.batch(), "{config:?}");
            }
            assert_eq!(resumed.state(), whole.state());
        }
    }
}

#[test]
fn a_state_that_cannot_be_is_refused() {
    let config = configs().remove(10);
    let mut world = VectorWorld::new(config.clone()).unwrap();
    step(&mut world);
    let state = world.state();
    type Spoil = fn(&mut LaneState);
    let cases: [(&str, Spoil); 9] = [
        ("x", |lane| lane.drive.motion.car.position[0] = f64::NAN),
        ("gust", |lane| lane.drive.motion.gust = f64::INFINITY),
        ("index", |lane| lane.drive.motion.index = 1_000_000),
        ("steps", |lane| lane.drive.steps = 41),
        ("seen", |lane| lane.drive.seen.truncate(2)),
        ("seen", |lane| lane.drive.seen[1] = 20.1),
        ("seen", |lane| lane.drive.seen[1] = f32::NAN),
        ("episode_return", |lane| lane.episode_return = f64::NAN),
        ("progress", |lane| lane.drive.motion.progress = -1e7),
    ];
    for (field, spoil) in cases {
        let mut bad = state.clone();
        spoil(&mut bad[1]);
        assert_eq!(VectorWorld::resume(config.clone(), &bad).unwrap_err().field, field);
    }
    let error = VectorWorld::resume(config, &state[1..]).unwrap_err().to_string();
    assert_eq!(error, "lanes: 3 lanes instead of 4");
}

#[test]
fn many_lanes_on_many_threads_live_as_few_do_on_one() {
    let course = Course::Phase { phase: Phase::Complex, split: Split::Train };
    for autoreset in [Autoreset::NextStep, Autoreset::SameStep] {
        let config = |lanes| WorldConfig { seed: 3, autoreset, ..WorldConfig::base(course.clone(), lanes, 30) };
        let (mut few, mut many) = (VectorWorld::new(config(3)).unwrap(), VectorWorld::new(config(700)).unwrap());
        for _ in 0..100 {
            step(&mut few);
            step(&mut many);
            let (few, many) = (few.batch(), many.batch());
            assert_eq!(few.observations, many.observations[..9]);
            assert_eq!((&few.rewards[..], &few.ends[..]), (&many.rewards[..3], &many.ends[..3]));
        }
    }
}

#[test]
fn finished_episodes_tell_their_return_and_length() {
    let config = configs().remove(0);
    let mut world = VectorWorld::new(config).unwrap();
    let mut sums = [(0.0, 0); 4];
    let mut finished = 0;
    for _ in 0..200 {
        step(&mut world);
        let batch = world.batch();
        let mut told = batch.finished.iter();
        for (lane, sum) in sums.iter_mut().enumerate() {
            // A step that begins an episode is none of it.
            sum.1 += u32::from(batch.rewards[lane] != 0.0);
            sum.0 += batch.rewards[lane];
            if batch.ends[lane].is_some() {
                let told = told.next().unwrap();
                assert_eq!((told.episode_return, told.length), *sum);
                *sum = (0.0, 0);
                finished += 1;
            }
        }
        assert!(told.next().is_none());
    }
    assert!(finished > 20);
}
