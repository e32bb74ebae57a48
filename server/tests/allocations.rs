//! Once warm, a step allocates nothing between the bytes of its request and those of its answer.
#![allow(clippy::unwrap_used, reason = "tests")]

use prost::Message;
use prost::bytes::BytesMut;
use spikedrive_env::{Autoreset, Course, Phase, Split, VectorWorld, WorldConfig, WorldOptions};
use spikedrive_proto::v1::stream_request::Command;
use spikedrive_proto::v1::{StreamResponse, stream_response::Outcome};
use spikedrive_server::stepper::Stepper;

/// Steers to the side with more room, so that no episode ends before its horizon.
fn act(observations: &[f32], rays: usize, actions: &mut BytesMut) {
    actions.resize(observations.len() / rays, 1);
    for (seen, action) in observations.chunks_exact(rays).zip(actions.iter_mut()) {
        *action = match seen[0] - seen[rays - 1] {
            difference if difference > 1.0 => 0,
            difference if difference < -1.0 => 2,
            _ => 1,
        };
    }
}

/// Answers to `steps` requests, encoded as they travel.
fn drive(world: &mut VectorWorld, stepper: &mut Stepper, wire: &mut BytesMut, actions: &mut BytesMut, steps: usize) {
    let rays = world.config().options.rays;
    for _ in 0..steps {
        act(world.observations(), rays, actions);
        let Outcome::Result(result) = stepper.perform(world, &Command::Actions(actions.split().freeze())).unwrap()
        else {
            panic!("no result");
        };
        wire.clear();
        StreamResponse { outcome: Some(Outcome::Result(result)) }.encode(wire).unwrap();
        assert!(!wire.is_empty());
    }
}

#[test]
fn a_warm_step_allocates_nothing() {
    let course = Course::Phase { phase: Phase::Gentle, split: Split::Train };
    // As much of everything as bang-bang can stand.
    let rough = WorldOptions {
        rays: 9,
        sensor_noise: 0.2,
        sensor_latency: 1,
        actuator_lag: 0.8,
        gust: 0.02,
        ..WorldOptions::default()
    };
    for lanes in [1, 64, 200] {
        for options in [WorldOptions::default(), rough] {
            for autoreset in [Autoreset::NextStep, Autoreset::SameStep, Autoreset::Disabled] {
                let config = WorldConfig { options, autoreset, ..WorldConfig::base(course.clone(), lanes, 5000) };
                let mut world = VectorWorld::new(config).unwrap();
                let (mut stepper, mut wire, mut actions) = (Stepper::default(), BytesMut::new(), BytesMut::new());
                drive(&mut world, &mut stepper, &mut wire, &mut actions, 20);
                let before = world.state();
                let counted = allocation_counter::measure(|| {
                    drive(&mut world, &mut stepper, &mut wire, &mut actions, 30);
                });
                let after = world.state();
                let begun = before.iter().zip(&after).filter(|(before, after)| before.episode != after.episode).count();
                assert_eq!((counted.count_total, begun), (0, 0), "{lanes} lanes, {autoreset:?}, {options:?}");
            }
        }
    }
}
