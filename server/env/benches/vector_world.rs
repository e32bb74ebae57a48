//! What a step costs: the whole world with its rays, and what it takes to lay out a track.
//!
//! `cargo bench -p spikedrive-env`, or `cargo xtask bench env`. One round is an episode of 100 steps in every lane, the laying
//! out of the next ones included; its items are env-steps, and a reset is none. All but `threads` run on one thread, so that the time on
//! an idle machine is CPU time.
#![allow(clippy::unwrap_used, reason = "a benchmark")]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use spikedrive_env::{Action, Autoreset, Course, Drive, Phase, Split, VectorWorld, WorldConfig};

const HORIZON: usize = 100;

fn main() {
    divan::main();
}

/// Bang-bang: steers towards the side with more room, and stays on the road.
fn steer(observations: &[f32], actions: &mut [Action]) {
    for (rays, action) in observations.as_chunks().0.iter().zip(actions) {
        let [left, _, right] = *rays;
        *action = match left - right {
            difference if difference > 1.0 => Action::Left,
            difference if difference < -1.0 => Action::Right,
            _ => Action::Straight,
        };
    }
}

fn drive_rounds(bencher: Bencher<'_, '_>, lanes: usize, autoreset: Autoreset) {
    drive_rounds_on(bencher, lanes, autoreset, 1);
}

fn drive_rounds_on(bencher: Bencher<'_, '_>, lanes: usize, autoreset: Autoreset, threads: usize) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let course = Course::Phase { phase: Phase::Complex, split: Split::Train };
    let config = WorldConfig { seed: 1, autoreset, ..WorldConfig::base(course, lanes, HORIZON) };
    let mut world = VectorWorld::new(config).unwrap();
    let mut actions = vec![Action::Straight; lanes];
    let calls = if autoreset == Autoreset::NextStep { HORIZON + 1 } else { HORIZON };
    bencher.counter(ItemsCount::new(lanes * HORIZON)).bench_local(|| {
        pool.install(|| {
            for _ in 0..calls {
                steer(world.observations(), &mut actions);
                black_box(world.step(&actions).unwrap());
            }
        });
    });
}

#[divan::bench(args = [1, 64, 1024], sample_count = 40)]
fn next_step(bencher: Bencher<'_, '_>, lanes: usize) {
    drive_rounds(bencher, lanes, Autoreset::NextStep);
}

#[divan::bench(args = [1, 64, 1024], sample_count = 40)]
fn same_step(bencher: Bencher<'_, '_>, lanes: usize) {
    drive_rounds(bencher, lanes, Autoreset::SameStep);
}

/// What threads give where there are enough lanes for them: wall time.
#[divan::bench(args = [512, 1024, 4096], consts = [1, 2, 4], sample_count = 40)]
fn threads<const THREADS: usize>(bencher: Bencher<'_, '_>, lanes: usize) {
    drive_rounds_on(bencher, lanes, Autoreset::NextStep, THREADS);
}

#[divan::bench]
fn lay_out_a_track(bencher: Bencher<'_, '_>) {
    let mut seed = 0;
    bencher.bench_local(|| {
        seed = (seed + 1) % Split::Train.tracks();
        Phase::Complex.track(seed, Drive::road_length(HORIZON))
    });
}
