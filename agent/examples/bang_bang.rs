//! The smallest agent: drives one episode on a server at 127.0.0.1:50051 by steering towards the side with more room.
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use spikedrive_agent::env::{EnvFactory, RemoteFactory};
use spikedrive_env::{Action, Course, Phase, Split, WorldConfig};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = RemoteFactory::connect(&"127.0.0.1:50051".parse()?)?;
    let course = Course::Phase { phase: Phase::Complex, split: Split::Train };
    let mut env = server.make(&WorldConfig { seed: 1, ..WorldConfig::base(course, 1, 100) })?;
    let mut episode_return = 0.0;
    loop {
        // Bang-bang: steer towards the side with more room.
        let action = match env.observations() {
            [left, _, right] if left - right > 1.0 => Action::Left,
            [left, _, right] if right - left > 1.0 => Action::Right,
            _ => Action::Straight,
        };
        let batch = env.step(&[action])?;
        episode_return += batch.rewards[0];
        if let Some(end) = batch.ends[0] {
            println!("{end:?} after a return of {episode_return:.1}");
            return Ok(());
        }
    }
}
