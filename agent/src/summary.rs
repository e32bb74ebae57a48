//! The result of a finished run: `summary.json`, also printed by `train --json`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use spikedrive_env::{Phase, WorldOptions};

use crate::evaluate::{EpisodeResult, Trace, crash_rate};
use crate::experiments::stats::Distribution;
use crate::failure::Failure;
use crate::run_dir::SCHEMA_VERSION;
use crate::train::{EVAL_EVERY, MILESTONES, Trainer};

/// Horizons of the final test, in steps.
pub const TEST_HORIZONS: [usize; 2] = [100, 140];

/// Those, and the horizon that was trained.
fn test_horizons(trained: usize) -> BTreeSet<usize> {
    TEST_HORIZONS.into_iter().chain([trained]).collect()
}

/// Returns on the 50 test tracks of a phase.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FinalScore {
    /// Mean return.
    pub mean: f64,
    /// Interquartile mean.
    pub iqm: f64,
    /// 95 % bootstrap interval of the mean.
    pub ci95: [f64; 2],
    /// Worst track.
    pub min: f64,
    /// Share of tracks that ended in a crash.
    pub crash_rate: f64,
}

impl FinalScore {
    /// Describes the episodes of a test.
    pub fn of(results: &[EpisodeResult]) -> Result<Self, Failure> {
        let returns: Vec<f64> = results.iter().map(|result| result.episode_return).collect();
        let empty = || Failure::System("an evaluation without episodes has no score".to_owned());
        let Distribution { mean, iqm, ci95, min, .. } = Distribution::of(&returns).ok_or_else(empty)?;
        Ok(Self { mean, iqm, ci95, min, crash_rate: crash_rate(results) })
    }
}

/// The results of several seeds of one configuration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OverSeeds {
    /// Number of seeds.
    pub seeds: usize,
    /// Mean return on the test tracks over the seeds: phase → horizon → distribution.
    #[serde(rename = "final")]
    pub final_returns: BTreeMap<String, BTreeMap<String, Distribution>>,
    /// Largest share of crashes of any seed in any of those tests.
    pub worst_crash_rate: f64,
    /// Training episodes to that percentage of the ceiling, over the seeds that reached it; null if none did.
    pub episodes_to: BTreeMap<String, Option<Distribution>>,
    /// Number of seeds that reached it.
    pub reached: BTreeMap<String, usize>,
}

impl OverSeeds {
    /// Sums up at least one summary, all of the same configuration.
    pub fn of(summaries: &[Summary]) -> Result<Self, Failure> {
        let none = || Failure::System("no seed was trained".to_owned());
        let first = summaries.first().ok_or_else(none)?;
        let over = |value: &dyn Fn(&Summary) -> Option<f64>| summaries.iter().filter_map(value).collect::<Vec<f64>>();
        let score = |summary: &Summary, phase: &str, horizon: &str| -> Option<FinalScore> {
            summary.final_scores.get(phase)?.get(horizon).copied()
        };
        let mut final_returns: BTreeMap<String, BTreeMap<String, Distribution>> = BTreeMap::new();
        let mut worst_crash_rate: f64 = 0.0;
        for (phase, by_horizon) in &first.final_scores {
            for horizon in by_horizon.keys() {
                let returns = over(&|summary| score(summary, phase, horizon).map(|score| score.mean));
                let crash_rates = over(&|summary| score(summary, phase, horizon).map(|score| score.crash_rate));
                worst_crash_rate = crash_rates.into_iter().fold(worst_crash_rate, f64::max);
                let distribution = Distribution::of(&returns).ok_or_else(none)?;
                final_returns.entry(phase.clone()).or_default().insert(horizon.clone(), distribution);
            }
        }
        let episodes = MILESTONES.map(|percent| percent.to_string()).map(|percent| {
            let episodes = over(&|summary| summary.episodes_to.get(&percent).copied().flatten().map(|n| n as f64));
            (percent, episodes)
        });
        Ok(Self {
            seeds: summaries.len(),
            final_returns,
            worst_crash_rate,
            reached: episodes.iter().map(|(percent, episodes)| (percent.clone(), episodes.len())).collect(),
            episodes_to: episodes.into_iter().map(|(percent, list)| (percent, Distribution::of(&list))).collect(),
        })
    }
}

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Version of this format.
    pub schema_version: u32,
    /// Directory of the run.
    pub run: String,
    /// Preset.
    pub preset: String,
    /// What was taught.
    pub lesson: String,
    /// What differs from the base task.
    pub world: WorldOptions,
    /// Seed.
    pub seed: u64,
    /// Training episodes.
    pub episodes: usize,
    /// Training steps; reset steps and evaluations are not counted.
    pub env_steps: usize,
    /// Training episodes between two evaluations.
    pub eval_every: usize,
    /// Training episodes at the first evaluation (20 validation tracks, greedy) without a crash and with at least that
    /// percentage of the ceiling; null if never.
    pub episodes_to: BTreeMap<String, Option<usize>>,
    /// The same in training steps.
    pub env_steps_to: BTreeMap<String, Option<usize>>,
    /// Training episodes that ended in a crash.
    pub training_crashes: usize,
    /// Score of the final weights: phase → horizon → score.
    #[serde(rename = "final")]
    pub final_scores: BTreeMap<String, BTreeMap<String, FinalScore>>,
}

/// Looks at the episodes of a test: its phase, how they went, and how they were driven.
pub type Look<'a> = &'a mut dyn FnMut(Phase, &[EpisodeResult], &[Trace]);

impl Summary {
    /// Tests the final weights on `phases` and sums the run up.
    pub fn of(trainer: &Trainer, preset: &str, run: &str, phases: &[Phase]) -> Result<Self, Failure> {
        Self::shown(trainer, preset, run, phases, None)
    }

    /// The same; somebody may look at the episodes of the phases and the horizon that were trained.
    pub fn shown(
        trainer: &Trainer,
        preset: &str,
        run: &str,
        phases: &[Phase],
        mut look: Option<Look>,
    ) -> Result<Self, Failure> {
        let mut final_scores = BTreeMap::new();
        let taught = trainer.config().lesson.phases();
        for &phase in phases {
            let mut by_horizon = BTreeMap::new();
            for horizon in test_horizons(trainer.config().horizon) {
                let results = match &mut look {
                    Some(look) if horizon == trainer.config().horizon && taught.contains(&phase) => {
                        let (results, traces) = trainer.test_traced(phase, horizon)?;
                        look(phase, &results, &traces);
                        results
                    }
                    _ => trainer.test(phase, horizon)?,
                };
                by_horizon.insert(horizon.to_string(), FinalScore::of(&results)?);
            }
            final_scores.insert(phase.number().to_string(), by_horizon);
        }
        let milestones = trainer.milestones();
        let by_percent = |values: [Option<usize>; 3]| {
            MILESTONES.map(|percent| percent.to_string()).into_iter().zip(values).collect()
        };
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            run: run.to_owned(),
            preset: preset.to_owned(),
            lesson: trainer.config().lesson.to_string(),
            world: trainer.config().world,
            seed: trainer.config().seed,
            episodes: trainer.learner().episode(),
            env_steps: trainer.env_steps(),
            eval_every: EVAL_EVERY,
            episodes_to: by_percent(milestones.episodes_to),
            env_steps_to: by_percent(milestones.env_steps_to),
            training_crashes: trainer.crashes(),
            final_scores,
        })
    }

    /// The score on a phase.
    pub fn score(&self, phase: Phase, horizon: usize) -> Option<&FinalScore> {
        self.final_scores.get(&phase.number().to_string())?.get(&horizon.to_string())
    }

    /// Episodes to 90, 95 and 98 %, for a table.
    pub fn milestone_cells(&self) -> String {
        let cell = |percent: u32| match self.episodes_to.get(&percent.to_string()) {
            Some(Some(episodes)) => episodes.to_string(),
            _ => "never".to_owned(),
        };
        MILESTONES.map(cell).join(" / ")
    }
}
