//! What DQN and PPO keep of a run and of each car in the same way.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::inputs::Eye;
use super::policy::Sight;
use crate::Schedule;
use crate::activity::Activity;
use crate::op_count::TrainingOperations;
use crate::schedule::Progress;
use crate::snn::EpisodeSummary;

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Episodes finished, on all lanes.
    pub episode: usize,
    /// The episode in which the present phase began.
    phase_start: usize,
    /// The episode in which the schedule began.
    #[serde(default)]
    run_start: usize,
    /// What decisions and learning cost.
    #[serde(default)]
    pub operations: TrainingOperations,
}

/// What a car has beside the rule that it learns by.
#[derive(Clone, Debug)]
pub struct Car {
    /// Its eyes.
    pub eye: Eye,
    /// Its random numbers.
    pub exploration: ChaCha8Rng,
    /// What its last decision showed.
    pub shown: Activity<'static>,
    /// Sum and number of the TD errors of the episode.
    td_errors: (f64, u32),
}

impl Clock {
    /// Another phase begins.
    pub fn begin_phase(&mut self) {
        self.phase_start = self.episode;
    }

    /// The schedule begins again.
    pub fn begin_again(&mut self) {
        (self.phase_start, self.run_start) = (self.episode, self.episode);
    }

    /// The factor of the learning rate in the round that begins, of a run of so many episodes.
    pub fn factor(&self, schedule: Schedule, episodes: usize) -> f32 {
        // A state from a file may claim anything.
        let in_phase = self.episode.saturating_sub(self.phase_start);
        let episode = self.episode.saturating_sub(self.run_start);
        schedule.factor(Progress { episode, episodes: episodes.saturating_sub(self.run_start), in_phase })
    }
}

impl Car {
    /// A car before its first episode.
    pub fn new(sight: Sight, exploration: ChaCha8Rng) -> Self {
        Self { eye: sight.eye(), exploration, shown: Activity::default(), td_errors: (0.0, 0) }
    }

    /// Forgets the last episode.
    pub fn begin_episode(&mut self) {
        self.eye.reset();
        self.td_errors = (0.0, 0);
        self.shown = Activity::default();
    }

    /// The TD error of the step before, in units of reward.
    pub fn note_td_error(&mut self, error: f32) {
        self.td_errors.0 += f64::from(error);
        self.td_errors.1 += 1;
        self.shown.dopamine = Some(error);
    }

    /// What the episode was like.
    pub fn summary(&self, learning_rate: f32) -> EpisodeSummary {
        let (sum, count) = self.td_errors;
        EpisodeSummary { mean_dopamine: sum / f64::from(count.max(1)), learning_rate }
    }
}
