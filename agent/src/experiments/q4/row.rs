//! The rows of the experiment, and the points of its curves.

use serde::{Deserialize, Serialize};

use super::change::{Change, Way};
use crate::experiments::outcome::CurvePoint;
use crate::experiments::store::Record;
use crate::train::MILESTONES;

/// A network in a changed world. Tests: phase 4, horizon 100, 50 test tracks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The agent.
    pub agent: String,
    /// How it learns.
    pub way: Way,
    /// What changed.
    pub change: Change,
    /// Seed.
    pub seed: u64,
    /// Hash of all that decides the run besides the seed.
    pub config_hash: String,
    /// What a planner attains in the changed world.
    pub ceiling: f64,
    /// Return in the world in which it was trained; empty for a blank network.
    pub before: Option<f64>,
    /// Return just after the change, nothing learned since: of frozen weights.
    pub frozen: f64,
    /// Share of these tests that crashed.
    pub frozen_crash_rate: f64,
    /// Training episodes in the changed world.
    pub episodes: usize,
    /// Training steps in it.
    pub env_steps: usize,
    /// Training episodes in it that crashed.
    pub training_crashes: usize,
    /// Training episodes to 90 % of the ceiling; 0 if the change did not cost so much, empty if it was never reached.
    pub episodes_to_90: Option<usize>,
    /// To 95 %.
    pub episodes_to_95: Option<usize>,
    /// To 98 %.
    pub episodes_to_98: Option<usize>,
    /// Return after them.
    pub after: f64,
    /// Share of these tests that crashed.
    pub after_crash_rate: f64,
}

/// An evaluation on the validation tracks of the changed world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The agent.
    pub agent: String,
    /// How it learns.
    pub way: Way,
    /// What changed.
    pub change: Change,
    /// Seed.
    pub seed: u64,
    /// Training episodes since the change.
    pub episode: usize,
    /// Mean return, to the hundredth.
    #[serde(rename = "return")]
    pub mean: f64,
    /// Share of episodes that crashed.
    pub crash_rate: f64,
}

/// What tells runs apart: agent, way, seed. A run meets every change, each with the same network.
pub type RunKey = (String, Way, u64);

impl Record for Row {
    type Run = RunKey;

    fn run(&self) -> RunKey {
        (self.agent.clone(), self.way, self.seed)
    }
}

impl Record for Point {
    type Run = RunKey;

    fn run(&self) -> RunKey {
        (self.agent.clone(), self.way, self.seed)
    }

    fn part(&self) -> &'static str {
        self.way.name()
    }
}

impl Row {
    /// The points of its curve.
    pub fn points(&self, curve: &[CurvePoint]) -> Vec<Point> {
        let point = |CurvePoint { episode, evaluation, .. }: &CurvePoint| Point {
            agent: self.agent.clone(),
            way: self.way,
            change: self.change,
            seed: self.seed,
            episode: *episode,
            mean: (100.0 * evaluation.mean).round() / 100.0,
            crash_rate: evaluation.crash_rate,
        };
        curve.iter().map(point).collect()
    }
}

/// Episodes to each of [`MILESTONES`], by a curve that begins with the change.
pub fn recovered(curve: &[CurvePoint]) -> [Option<usize>; 3] {
    MILESTONES.map(|percent| first(curve, f64::from(percent)))
}

/// Episodes to the first evaluation with this share of the ceiling and no crash.
fn first(curve: &[CurvePoint], percent: f64) -> Option<usize> {
    let reached =
        |point: &&CurvePoint| point.evaluation.crash_rate == 0.0 && point.evaluation.percent_of_ceiling >= percent;
    curve.iter().find(reached).map(|point| point.episode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Evaluation;

    #[test]
    fn a_milestone_needs_its_share_and_no_crash_and_may_be_passed_at_once() {
        let point = |episode, percent_of_ceiling, crash_rate| CurvePoint {
            episode,
            env_steps: 0,
            evaluation: Evaluation { mean: 0.0, percent_of_ceiling, crash_rate },
        };
        let curve = [point(0, 91.0, 0.0), point(5, 99.0, 0.05), point(10, 96.0, 0.0)];
        assert_eq!(recovered(&curve), [Some(0), Some(10), None]);
    }
}
