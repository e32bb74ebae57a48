//! What a step costs without any wire: `step_cost LANES STEPS` answers each line on its standard input by a round of steps, and tells
//! nanoseconds per step of a lane. Between the lines others can be measured: `python/bench/vector.py`.

use std::error::Error;
use std::io::{self, Write};
use std::time::Instant;

use spikedrive_env::{Action, Course, Phase, Split, VectorWorld, WorldConfig};

/// Steers towards the side with more room.
fn steer(observation: &[f32]) -> Action {
    match observation[0] - observation[observation.len() - 1] {
        d if d > 1.0 => Action::Left,
        d if d < -1.0 => Action::Right,
        _ => Action::Straight,
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<usize> = std::env::args().skip(1).map(|text| text.parse()).collect::<Result<_, _>>()?;
    let [lanes, steps] = numbers[..] else { return Err("usage: step_cost LANES STEPS".into()) };
    let course = Course::Phase { phase: Phase::Complex, split: Split::Train };
    let start = VectorWorld::new(WorldConfig { seed: 1, ..WorldConfig::base(course, lanes, 100) })?;
    let mut world = start.clone();
    let mut actions: Vec<Vec<Action>> = Vec::with_capacity(steps);
    for _ in 0..steps {
        let chosen: Vec<Action> = world.observations().chunks(3).map(steer).collect();
        world.step(&chosen)?;
        actions.push(chosen);
    }
    writeln!(io::stdout(), "ready")?;
    for line in io::stdin().lines() {
        line?;
        let mut world = start.clone();
        let began = Instant::now();
        for chosen in &actions {
            world.step(chosen)?;
        }
        let nanoseconds = began.elapsed().as_secs_f64() * 1e9 / (lanes * steps) as f64;
        writeln!(io::stdout(), "{nanoseconds:.1}")?;
    }
    Ok(())
}
