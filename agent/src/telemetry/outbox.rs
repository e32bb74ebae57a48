//! What waits to be sent: the latest of each kind, and the recordings that were written lately.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use spikedrive_proto::v1;
use tokio::sync::Notify;

/// Recordings that may wait; the oldest gives way.
const RECORDINGS: usize = 256;

/// Filled by the training loop, emptied by the thread that sends. Its lock is held for moments only.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
    has_frame: AtomicBool,
    closing: AtomicBool,
    closed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Kept when sent: another stream begins with it.
    road: Option<v1::Road>,
    road_is_new: bool,
    frame: Option<v1::Frame>,
    weights: Option<v1::Weights>,
    recordings: VecDeque<PathBuf>,
    end: Option<v1::RunEnd>,
    dropped: u64,
}

/// What is to be sent now, in this order.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Batch {
    pub(super) road: Option<v1::Road>,
    pub(super) frame: Option<v1::Frame>,
    pub(super) weights: Option<v1::Weights>,
    pub(super) recordings: VecDeque<PathBuf>,
    /// Messages that gave way to later ones.
    pub(super) dropped: u64,
}

impl Outbox {
    pub(super) fn has_frame(&self) -> bool {
        self.has_frame.load(Ordering::Relaxed)
    }

    /// A frame replaces one that was not sent.
    pub(super) fn put_frame(&self, frame: v1::Frame) {
        let mut waiting = self.waiting();
        waiting.dropped += u64::from(waiting.frame.replace(frame).is_some());
        self.has_frame.store(true, Ordering::Relaxed);
    }

    pub(super) fn put_weights(&self, weights: v1::Weights) {
        let mut waiting = self.waiting();
        waiting.dropped += u64::from(waiting.weights.replace(weights).is_some());
    }

    /// A frame that was not sent belongs to the road before and goes with it.
    pub(super) fn put_road(&self, road: v1::Road) {
        let mut waiting = self.waiting();
        waiting.dropped += u64::from(waiting.frame.take().is_some());
        self.has_frame.store(false, Ordering::Relaxed);
        waiting.road = Some(road);
        waiting.road_is_new = true;
    }

    pub(super) fn put_recording(&self, path: PathBuf) {
        let mut waiting = self.waiting();
        if waiting.recordings.len() == RECORDINGS {
            waiting.recordings.pop_front();
            waiting.dropped += 1;
        }
        waiting.recordings.push_back(path);
    }

    pub(super) fn put_end(&self, end: v1::RunEnd) {
        self.waiting().end = Some(end);
    }

    /// Nothing more will come.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.closed.notify_one();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Waits until nothing more will come.
    pub(super) async fn closing(&self) {
        while !self.is_closing() {
            self.closed.notified().await;
        }
        // Others may wait as well.
        self.closed.notify_one();
    }

    /// Another stream begins: it wants the present road first.
    pub(super) fn begin_stream(&self) {
        let mut waiting = self.waiting();
        waiting.road_is_new = waiting.road.is_some();
    }

    /// Takes what waits.
    pub(super) fn take(&self) -> Batch {
        let mut waiting = self.waiting();
        self.has_frame.store(false, Ordering::Relaxed);
        let road = if std::mem::take(&mut waiting.road_is_new) { waiting.road.clone() } else { None };
        Batch {
            road,
            frame: waiting.frame.take(),
            weights: waiting.weights.take(),
            recordings: std::mem::take(&mut waiting.recordings),
            dropped: std::mem::take(&mut waiting.dropped),
        }
    }

    /// How the run ended; a run that did not tell was broken off.
    pub(super) fn end(&self) -> v1::RunEnd {
        self.waiting().end.clone().unwrap_or_default()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(step: u32) -> v1::Frame {
        v1::Frame { step, ..v1::Frame::default() }
    }

    fn road(episode: u32) -> v1::Road {
        v1::Road { episode, ..v1::Road::default() }
    }

    #[test]
    fn the_latest_wins_and_what_gave_way_is_counted() {
        let outbox = Outbox::default();
        (0..3).for_each(|step| outbox.put_frame(frame(step)));
        (0..2).for_each(|episode| outbox.put_weights(v1::Weights { episode, ..v1::Weights::default() }));
        assert!(outbox.has_frame());
        let batch = outbox.take();
        assert_eq!(
            (batch.frame, batch.weights.map(|weights| weights.episode), batch.dropped),
            (Some(frame(2)), Some(1), 3)
        );
        assert!(!outbox.has_frame());
        assert_eq!(outbox.take(), Batch::default());
    }

    #[test]
    fn a_frame_never_goes_out_with_another_road() {
        let outbox = Outbox::default();
        outbox.put_road(road(1));
        outbox.put_frame(frame(5));
        outbox.put_road(road(2));
        let batch = outbox.take();
        assert_eq!((batch.road, batch.frame, batch.dropped), (Some(road(2)), None, 1));
        assert_eq!(outbox.take().road, None, "a road goes out once a stream");
        outbox.begin_stream();
        assert_eq!(outbox.take().road, Some(road(2)));
    }

    #[test]
    fn recordings_are_bounded() {
        let outbox = Outbox::default();
        (0..RECORDINGS + 2).for_each(|k| outbox.put_recording(PathBuf::from(k.to_string())));
        let batch = outbox.take();
        assert_eq!((batch.recordings.len(), batch.recordings[0].to_str(), batch.dropped), (RECORDINGS, Some("2"), 2));
    }
}
