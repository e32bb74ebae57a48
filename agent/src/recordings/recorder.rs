//! Which episodes of a training run are kept.

use std::path::Path;

use spikedrive_learners::Watch;
use spikedrive_proto::v1;

use super::writer::Writer;
use crate::telemetry::messages;
use crate::train::EpisodeRecord;

/// Every so many episodes one is kept.
const PERIOD: usize = 50;
/// Most bytes of spikes in one recording; later steps go without, so that each fits into a message.
const MAX_RASTER_BYTES: usize = 3 << 19;
/// Lanes whose episodes are kept: the first so many. However many cars teach a network, a round brings no more recordings than the
/// disk can follow, and at most one for which training waits.
const LANES: usize = 16;

/// Follows each episode and keeps some. An episode that is to be kept in any case shows the spikes of every neuron. Whether another
/// was a new best, or crashed, is known only at its end: it shows the neurons that were simulated anyway, whoever else looked, and
/// most such are thrown away.
#[derive(Debug)]
pub struct Recorder {
    writer: Writer,
    run_id: String,
    /// Of episodes that are to be kept, and of others.
    planned: Shown,
    unplanned: Shown,
    best: Option<f64>,
    /// Of each lane.
    present: Vec<Present>,
}

/// The neurons whose spikes a recording shows.
#[derive(Debug)]
struct Shown {
    populations: Vec<v1::Population>,
    /// Where the last of them ends.
    neurons: usize,
}

/// The present episode of a lane.
#[derive(Debug, Default)]
struct Present {
    /// Its road, if it is known.
    road: Option<v1::Road>,
    frames: Vec<v1::Frame>,
    raster_bytes: usize,
}

impl Recorder {
    /// Keeps episodes of the run in `directory`, whose best return so far is `best`; `populations` are the neurons that a way of
    /// watching shows.
    pub fn new(
        writer: Writer,
        directory: &Path,
        best: Option<f64>,
        populations: impl Fn(Watch) -> Vec<v1::Population>,
    ) -> Self {
        Self {
            writer,
            run_id: messages::run_id(directory),
            planned: Shown::of(populations(Watch::Everything)),
            unplanned: Shown::of(populations(Watch::Simulated)),
            best,
            present: Vec::new(),
        }
    }

    /// An episode begins on a lane. Without a road there is nothing to draw, and it is not kept.
    pub fn begin(&mut self, lane: usize, road: Option<v1::Road>) {
        if lane >= LANES {
            return;
        }
        let lanes = self.present.len().max(lane + 1);
        self.present.resize_with(lanes, Present::default);
        let Present { frames, .. } = std::mem::take(&mut self.present[lane]);
        // Room that was made for one episode is enough for the next.
        self.present[lane] = Present { road, frames, raster_bytes: 0 };
        self.present[lane].frames.clear();
    }

    /// What the next step of a lane is to show.
    pub fn watch(&self, lane: usize) -> Option<Watch> {
        let road = self.present.get(lane)?.road.as_ref()?;
        Some(if is_planned(road.episode as usize) { Watch::Everything } else { Watch::Simulated })
    }

    /// A step of the present episode of a lane.
    pub fn step(&mut self, lane: usize, mut frame: v1::Frame) {
        let Some(present) = self.present.get_mut(lane) else { return };
        let is_planned = present.road.as_ref().is_some_and(|road| is_planned(road.episode as usize));
        let shown = if is_planned { &self.planned } else { &self.unplanned };
        shown.narrow(&mut frame);
        if present.raster_bytes + frame.raster.len() > MAX_RASTER_BYTES {
            (frame.raster, frame.ticks) = (Vec::new(), 0);
        }
        present.raster_bytes += frame.raster.len();
        present.frames.push(frame);
    }

    /// An episode is over, and its record is written.
    pub fn end(&mut self, record: &EpisodeRecord) {
        let reasons = self.reasons(record);
        let is_it =
            |present: &&mut Present| present.road.as_ref().is_some_and(|road| road.episode as usize == record.episode);
        let Some(present) = self.present.iter_mut().find(is_it) else { return };
        if reasons.is_empty() || present.frames.len() != record.length {
            return;
        }
        let Present { road, frames, .. } = std::mem::take(present);
        let planned = is_planned(record.episode);
        let words: String = reasons.iter().map(|&reason| format!("-{}", word(reason))).collect();
        let recording = v1::Recording {
            name: format!("ep{:05}{words}", record.episode),
            reasons: reasons.into_iter().map(i32::from).collect(),
            run_id: self.run_id.clone(),
            episode: record.episode as u32,
            phase: record.phase,
            episode_return: record.episode_return,
            crashed: record.crashed,
            mode: v1::DriveMode::Training.into(),
            test_track: None,
            populations: if planned { self.planned.populations.clone() } else { self.unplanned.populations.clone() },
            road,
            frames,
        };
        if planned {
            self.writer.keep(recording);
        } else {
            self.writer.keep_if_there_is_time(recording);
        }
    }

    /// Keeps a recording that was made elsewhere.
    pub fn keep(&self, recording: v1::Recording) {
        self.writer.keep(recording);
    }

    /// Why an episode is kept; the first is no best for want of others.
    fn reasons(&mut self, record: &EpisodeRecord) -> Vec<v1::RecordingReason> {
        let is_best = self.best.is_some_and(|best| record.episode_return > best);
        self.best = Some(self.best.map_or(record.episode_return, |best| best.max(record.episode_return)));
        let reasons = [
            (record.episode == 1, v1::RecordingReason::First),
            (record.episode.is_multiple_of(PERIOD), v1::RecordingReason::Periodic),
            (is_best, v1::RecordingReason::Best),
            (record.crashed, v1::RecordingReason::Crashed),
        ];
        reasons.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason).collect()
    }
}

impl Shown {
    fn of(populations: Vec<v1::Population>) -> Self {
        let end = populations.iter().map(|shown| shown.first + shown.size).max();
        Self { neurons: end.unwrap_or_default() as usize, populations }
    }

    /// Cuts the rows of a raster to these neurons: a reader takes a row to be as long as the populations say. Spikes of others are
    /// those that somebody else asked to see.
    fn narrow(&self, frame: &mut v1::Frame) {
        let row = self.neurons.div_ceil(8);
        let given = frame.raster.len().checked_div(frame.ticks as usize).unwrap_or_default();
        if given <= row {
            return;
        }
        // Of the last byte the bits of these neurons.
        let last = u8::MAX >> ((8 - self.neurons % 8) % 8);
        let mut cut = Vec::with_capacity(row * frame.ticks as usize);
        for tick in frame.raster.chunks_exact(given) {
            cut.extend_from_slice(&tick[..row]);
            if let Some(byte) = cut.last_mut() {
                *byte &= last;
            }
        }
        frame.raster = cut;
    }
}

/// Whether it is known before an episode begins that it is to be kept.
fn is_planned(episode: usize) -> bool {
    episode == 1 || episode.is_multiple_of(PERIOD)
}

fn word(reason: v1::RecordingReason) -> &'static str {
    match reason {
        v1::RecordingReason::Unspecified => "other",
        v1::RecordingReason::First => "first",
        v1::RecordingReason::Best => "best",
        v1::RecordingReason::Periodic => "periodic",
        v1::RecordingReason::Crashed => "crashed",
        v1::RecordingReason::Ghost => "ghost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::sorted_entries;
    use crate::recordings::FOLDER;

    fn record(episode: usize, episode_return: f64, crashed: bool) -> EpisodeRecord {
        EpisodeRecord {
            episode,
            phase: 1,
            episode_return,
            length: 2,
            crashed,
            mean_dopamine: 0.0,
            learning_rate: 0.1,
            env_steps: 2 * episode,
            evaluation: None,
        }
    }

    fn recorder(run: &Path, populations: impl Fn(Watch) -> Vec<v1::Population>) -> Recorder {
        Recorder::new(Writer::start(run, None).unwrap(), run, None, populations)
    }

    fn drive_on(recorder: &mut Recorder, lane: usize, record: &EpisodeRecord) -> Option<Watch> {
        recorder.begin(lane, Some(v1::Road { episode: record.episode as u32, ..v1::Road::default() }));
        let watch = recorder.watch(lane);
        (0..2).for_each(|step| recorder.step(lane, v1::Frame { step, ..v1::Frame::default() }));
        recorder.end(record);
        watch
    }

    fn drive(recorder: &mut Recorder, record: &EpisodeRecord) -> Option<Watch> {
        drive_on(recorder, 0, record)
    }

    fn names(run: &Path) -> Vec<String> {
        let files = sorted_entries(&run.join(FOLDER)).unwrap();
        files.iter().map(|file| file.file_name().unwrap().to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_first_every_fiftieth_new_bests_and_crashes_are_kept() {
        let run = tempfile::tempdir().unwrap();
        let mut recorder = recorder(run.path(), |_| Vec::new());
        let episodes =
            [(1, 5.0, false), (2, 4.0, false), (3, 6.0, false), (4, 6.0, false), (5, -90.0, true), (50, 7.0, false)];
        let watched: Vec<_> =
            episodes.iter().map(|&(k, sum, crashed)| drive(&mut recorder, &record(k, sum, crashed))).collect();
        let (all, some) = (Some(Watch::Everything), Some(Watch::Simulated));
        assert_eq!(watched, [all, some, some, some, some, all]);
        recorder.begin(0, None);
        assert_eq!((recorder.watch(0), recorder.watch(1)), (None, None));
        recorder.end(&record(51, 99.0, true));
        drop(recorder);
        let kept = ["ep00001-first.pb", "ep00003-best.pb", "ep00005-crashed.pb", "ep00050-periodic-best.pb"];
        assert_eq!(names(run.path()), kept);
    }

    #[test]
    fn of_many_lanes_the_first_are_kept() {
        let run = tempfile::tempdir().unwrap();
        let mut recorder = recorder(run.path(), |_| Vec::new());
        for lane in 0..1000 {
            let watch = drive_on(&mut recorder, lane, &record(lane + 101, -90.0, lane + 101 == 116 || lane >= LANES));
            assert_eq!(watch.is_some(), lane < LANES, "{lane}");
        }
        assert_eq!(recorder.present.len(), LANES);
        assert_eq!(drive(&mut recorder, &record(1200, 5.0, false)), Some(Watch::Everything));
        drop(recorder);
        assert_eq!(names(run.path()), ["ep00116-crashed.pb", "ep01200-periodic-best.pb"]);
    }

    #[test]
    fn rows_of_spikes_are_as_long_as_the_populations_say_whoever_else_looks() {
        let run = tempfile::tempdir().unwrap();
        let first_neurons = |size| vec![v1::Population { name: "some".to_owned(), first: 0, size }];
        let mut recorder =
            recorder(run.path(), |watch| first_neurons(if watch == Watch::Everything { 17 } else { 11 }));
        let frame = v1::Frame { raster: vec![1, 0b1111, 1, 2, 0b1000, 0], ticks: 2, ..v1::Frame::default() };
        let mut spikes = |episode| {
            recorder.begin(0, Some(v1::Road { episode, ..v1::Road::default() }));
            recorder.step(0, frame.clone());
            recorder.step(0, v1::Frame::default());
            let frames = &recorder.present[0].frames;
            assert_eq!((frames[0].ticks, frames[1].raster.len()), (2, 0));
            frames[0].raster.clone()
        };
        assert_eq!(spikes(50), frame.raster);
        assert_eq!(spikes(2), [1, 0b111, 2, 0b000]);
    }

    #[test]
    fn a_long_episode_loses_spikes_and_no_step() {
        let run = tempfile::tempdir().unwrap();
        let first = |_| vec![v1::Population { name: "all".to_owned(), first: 0, size: 100 }];
        let mut recorder = recorder(run.path(), first);
        recorder.begin(2, Some(v1::Road::default()));
        let frame = v1::Frame { raster: vec![255; 1300], ticks: 100, ..v1::Frame::default() };
        (0..2000).for_each(|_| recorder.step(2, frame.clone()));
        let frames = &recorder.present[2].frames;
        assert_eq!(frames.iter().filter(|frame| frame.ticks == 100).count(), MAX_RASTER_BYTES / 1300);
        assert_eq!((frames.len(), frames[1999].raster.len()), (2000, 0));
    }
}
