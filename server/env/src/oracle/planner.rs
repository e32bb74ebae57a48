//! Searches the future: the ceiling of every score.

use std::collections::HashSet;

use super::Driver;
use crate::motion::Motion;
use crate::{Action, Drive, Track, WorldOptions};

/// Weight of the heading error, in radians, where futures are compared: between two of the same return, the straighter one.
const HEADING_WEIGHT: f64 = 0.3;

/// Receding-horizon search over action sequences with the true state, geometry and reward; gusts to come are unknown to it.
/// Of each depth it keeps the best `width` futures (beam search), so that a width of 3^(depth − 1) or more is exhaustive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planner {
    depth: usize,
    width: usize,
}

/// A future: where the car would be, what it would have earned, and the action it begins with.
#[derive(Clone, Copy)]
struct Future {
    motion: Motion,
    earned: f64,
    worth: f64,
    first: Action,
}

impl Planner {
    /// Looks `depth` steps ahead and compares every sequence.
    pub fn exhaustive(depth: usize) -> Self {
        Self { depth, width: usize::MAX }
    }

    /// Looks `depth` steps ahead and follows the best `width` futures.
    pub fn beam(depth: usize, width: usize) -> Self {
        Self { depth, width }
    }

    /// The first action of the best future.
    fn plan(self, track: &Track, options: &WorldOptions, now: &Motion) -> Action {
        let mut futures = expand(track, options, now, 0.0, None);
        let mut best = first_of_best(&futures);
        for _ in 1..self.depth {
            self.prune(&mut futures);
            let next: Vec<Future> = futures
                .iter()
                .flat_map(|future| expand(track, options, &future.motion, future.earned, Some(future.first)))
                .collect();
            if next.is_empty() {
                break;
            }
            futures = next;
            best = first_of_best(&futures);
        }
        best.unwrap_or(Action::Straight)
    }

    /// Keeps the most worthy futures, of nearly equal ones the best only.
    fn prune(self, futures: &mut Vec<Future>) {
        if futures.len() <= self.width {
            return;
        }
        futures.sort_by(|a, b| b.worth.total_cmp(&a.worth));
        let mut seen = HashSet::new();
        futures.retain(|future| seen.len() < self.width && seen.insert(cell(&future.motion)));
    }
}

impl Driver for Planner {
    fn act(&mut self, drive: &Drive) -> Action {
        self.plan(drive.track(), drive.options(), drive.motion())
    }
}

/// The futures that begin with each action and do not crash.
fn expand(track: &Track, options: &WorldOptions, now: &Motion, earned: f64, first: Option<Action>) -> Vec<Future> {
    let futures = Action::ALL.into_iter().filter_map(|action| {
        let mut motion = *now;
        let outcome = motion.step(track, options, action, 0.0);
        let earned = earned + outcome.reward;
        let worth = earned - HEADING_WEIGHT * motion.heading_error_rad(track).abs();
        (!outcome.crashed).then_some(Future { motion, earned, worth, first: first.unwrap_or(action) })
    });
    futures.collect()
}

fn first_of_best(futures: &[Future]) -> Option<Action> {
    futures.iter().max_by(|a, b| a.worth.total_cmp(&b.worth)).map(|future| future.first)
}

/// Quarter units, 20ths of a radian, 60ths of a radian a step: closer futures are one.
fn cell(motion: &Motion) -> [i64; 4] {
    let [x, y] = motion.car.position;
    [4.0 * x, 4.0 * y, 20.0 * motion.car.heading_rad, 60.0 * motion.turn_rad].map(|value| value as i64)
}
