//! The world without any wire, by the number of lanes.

use serde_json::{Value, json};
use spikedrive_env::{Action, VectorWorld};

use crate::clock::{median, own_cpu};
use crate::process::config;

/// An episode of 100 steps and its reset.
const CALLS: usize = 101;
const ROUNDS: usize = 9;

/// Env-steps per CPU-second, rays and the laying out of roads included.
pub(crate) fn scaling() -> Vec<Value> {
    let rounds: Vec<_> = [1, 4, 16, 64, 256, 1024].map(|lanes| (lanes, Drive::new(lanes))).into_iter().collect();
    let mut rates = vec![Vec::new(); rounds.len()];
    let mut drives = rounds;
    for _ in 0..ROUNDS {
        for ((lanes, drive), rates) in drives.iter_mut().zip(&mut rates) {
            // As many steps, however many lanes they take.
            let episodes = (4096 / *lanes).max(1);
            let began = own_cpu();
            (0..episodes).for_each(|_| drive.episode());
            rates.push((episodes * *lanes * (CALLS - 1)) as f64 / (own_cpu() - began));
        }
    }
    let row = |((lanes, _), rates): (&(usize, Drive), Vec<f64>)| {
        let rate = median(rates);
        println!("in process, {lanes:5} lanes: {:.2} million env-steps per CPU-second", rate / 1e6);
        json!({ "lanes": lanes, "steps_per_cpu_second": rate })
    };
    drives.iter().zip(rates).map(row).collect()
}

struct Drive {
    world: VectorWorld,
    actions: Vec<Action>,
}

impl Drive {
    fn new(lanes: usize) -> Self {
        Self { world: VectorWorld::new(config(lanes)).unwrap(), actions: vec![Action::Straight; lanes] }
    }

    fn episode(&mut self) {
        for _ in 0..CALLS {
            let (seen, _) = self.world.observations().as_chunks();
            for ([left, _, right], action) in seen.iter().zip(&mut self.actions) {
                *action = match left - right {
                    difference if difference > 1.0 => Action::Left,
                    difference if difference < -1.0 => Action::Right,
                    _ => Action::Straight,
                };
            }
            self.world.step(&self.actions).unwrap();
        }
    }
}
