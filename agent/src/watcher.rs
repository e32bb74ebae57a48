//! Those who look at single steps of a run: viewers of a dashboard, and recordings. They change no number of it.

use std::path::{Path, PathBuf};

use serde_json::Value;
use spikedrive_env::{Phase, Road, Split};
use spikedrive_learners::Watch;

use crate::env::EnvError;
use crate::evaluate::{EpisodeResult, Trace};
use crate::failure::Failure;
use crate::files::read_text;
use crate::recordings::{Recorder, Writer, ghosts};
use crate::round::{KeepAlive, Onlooker, StepView};
use crate::stop::StopFlag;
use crate::telemetry::{Dashboard, Telemetry, messages};
use crate::train::{EpisodeRecord, Trainer};

/// The lane that viewers of a dashboard see.
const LIVE_LANE: usize = 0;

/// Who may look at a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Onlookers {
    /// The dashboard that is told of it.
    pub dashboard: Option<Dashboard>,
    /// Whether episodes are kept.
    pub recordings: bool,
}

/// Shows the steps of a run to whoever looks.
#[derive(Debug)]
pub struct Watcher {
    directory: PathBuf,
    // Dropped before the telemetry: the last recordings are written before the dashboard is told that nothing more will come.
    recorder: Option<Recorder>,
    telemetry: Option<Telemetry>,
    /// Whether the next step goes to the dashboard.
    live: bool,
}

impl Watcher {
    /// Shows the run in `directory`, which is about to start or to go on.
    pub fn start(onlookers: Onlookers, directory: &Path, trainer: &Trainer) -> Result<Self, Failure> {
        let populations = |watch| messages::populations(&trainer.learner().populations(watch));
        let start = |dashboard| {
            let config = trainer.config();
            let blank = config.learner.learner(config.seed, config.episodes, config.lanes)?;
            let initial = blank.policy().synapses().map(messages::matrix);
            Telemetry::start(dashboard, directory, populations(Watch::Everything), initial)
        };
        let telemetry = onlookers.dashboard.map(start).transpose()?;
        let record = || {
            let writer = Writer::start(directory, telemetry.as_ref().map(Telemetry::announcer))?;
            let best = best_return(&read_text(&directory.join("episodes.jsonl"))?);
            Ok::<_, Failure>(Recorder::new(writer, directory, best, populations))
        };
        let recorder = onlookers.recordings.then(record).transpose()?;
        Ok(Self { directory: directory.to_owned(), telemetry, recorder, live: false })
    }

    /// An episode is over, and its record is written.
    pub fn episode_over(&mut self, record: &EpisodeRecord) {
        if let Some(recorder) = &mut self.recorder {
            recorder.end(record);
        }
    }

    /// Whether what the trained network drives on the test tracks is to be kept.
    pub fn wants_ghosts(&self) -> bool {
        self.recorder.is_some()
    }

    /// Keeps what the network drove, after `episode` training episodes, on the test tracks of a phase.
    pub fn ghosts(&self, episode: usize, phase: Phase, results: &[EpisodeResult], traces: &[Trace]) {
        if let Some(recorder) = &self.recorder {
            let ghosts = ghosts::of(&self.directory, episode, phase, results, traces);
            ghosts.into_iter().for_each(|ghost| recorder.keep(ghost));
        }
    }

    /// No more episodes are kept; those that are kept have been written when this returns.
    pub fn end_recordings(&mut self) {
        self.recorder = None;
    }

    /// What a dashboard is told, if there is one.
    pub fn telemetry(&self) -> Option<&Telemetry> {
        self.telemetry.as_ref()
    }

    /// A road that is driven in front of the viewers, without learning.
    pub fn road(&self, episode: usize, phase: Phase, split: Split, road: &Road) {
        if let Some(telemetry) = &self.telemetry {
            let name = messages::road_name(phase.number(), split, road.track);
            telemetry.road(messages::road(episode, name, road));
        }
    }

    /// The run is over, and its summary is written.
    pub fn finish(self) {
        drop(self.recorder);
        if let Some(telemetry) = self.telemetry {
            telemetry.finish();
        }
    }
}

/// The best return in a log of episodes.
fn best_return(log: &str) -> Option<f64> {
    let record = |line: &str| serde_json::from_str::<Value>(line).ok()?.get("return")?.as_f64();
    log.lines().filter_map(record).reduce(f64::max)
}

impl Onlooker for Watcher {
    fn episode_begins(&mut self, lane: usize, episode: usize, phase: Phase, road: Option<&Road>) {
        let name = |road: &Road| messages::road_name(phase.number(), Split::Train, road.track);
        let road = road.map(|road| messages::road(episode, name(road), road));
        if let (Some(telemetry), Some(road), LIVE_LANE) = (&self.telemetry, &road, lane) {
            telemetry.road(road.clone());
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.begin(lane, road);
        }
    }

    fn before_step(&mut self, stop: &StopFlag, keep_alive: KeepAlive) -> Result<(), EnvError> {
        if let Some(telemetry) = &self.telemetry {
            telemetry.wait(stop, keep_alive)?;
            self.live = telemetry.wants_frame();
        }
        Ok(())
    }

    fn watch(&self, lane: usize) -> Option<Watch> {
        if lane == LIVE_LANE && self.live {
            return Some(Watch::Everything);
        }
        let recorded = self.recorder.as_ref().and_then(|recorder| recorder.watch(lane));
        let shows_weights =
            || self.telemetry.as_ref().is_some_and(|telemetry| lane == LIVE_LANE && telemetry.wants_weights());
        recorded.or_else(|| shows_weights().then_some(Watch::Nothing))
    }

    fn step(&mut self, view: &StepView) {
        let is_live_lane = view.lane == LIVE_LANE;
        if let Some(telemetry) = self.telemetry.as_mut().filter(|_| is_live_lane) {
            telemetry.weights(view);
        }
        let live = self.telemetry.as_mut().filter(|_| is_live_lane && self.live);
        let recorder = self.recorder.as_mut().filter(|recorder| recorder.watch(view.lane).is_some());
        match (live, recorder) {
            (None, None) => {}
            (Some(telemetry), None) => telemetry.frame(messages::frame(view)),
            (None, Some(recorder)) => recorder.step(view.lane, messages::frame(view)),
            (Some(telemetry), Some(recorder)) => {
                let frame = messages::frame(view);
                telemetry.frame(frame.clone());
                recorder.step(view.lane, frame);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_return_of_a_log_passes_over_a_torn_line() {
        assert_eq!(best_return("{\"return\":-3.5}\n{\"return\":7}\n{\"retu"), Some(7.0));
        assert_eq!(best_return(""), None);
    }
}
