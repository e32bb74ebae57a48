//! What waits to be sent: the latest of each kind, and whether recordings were written.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use spikedrive_proto::v1;
use tokio::sync::Notify;

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
    picture: Option<Picture>,
    weights: Option<v1::Weights>,
    has_recordings: bool,
    end: Option<v1::RunEnd>,
    dropped: u64,
}

/// A step, and the road that it is on, if that was not sent yet.
#[derive(Debug)]
struct Picture {
    road: Option<v1::Road>,
    frame: v1::Frame,
}

/// What is to be sent now, in this order.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Batch {
    pub(super) road: Option<v1::Road>,
    pub(super) frame: Option<v1::Frame>,
    pub(super) weights: Option<v1::Weights>,
    /// Whether recordings were written since the last time.
    pub(super) has_recordings: bool,
    /// Messages that gave way to later ones.
    pub(super) dropped: u64,
}

impl Outbox {
    pub(super) fn has_frame(&self) -> bool {
        self.has_frame.load(Ordering::Relaxed)
    }

    /// A frame of the present road replaces one that was not sent.
    pub(super) fn put_frame(&self, frame: v1::Frame) {
        let mut waiting = self.waiting();
        let before = waiting.picture.take();
        waiting.dropped += u64::from(before.is_some());
        let is_new = std::mem::take(&mut waiting.road_is_new);
        let road = if is_new { waiting.road.clone() } else { before.and_then(|picture| picture.road) };
        waiting.picture = Some(Picture { road, frame });
        self.has_frame.store(true, Ordering::Relaxed);
    }

    pub(super) fn put_weights(&self, weights: v1::Weights) {
        let mut waiting = self.waiting();
        waiting.dropped += u64::from(waiting.weights.replace(weights).is_some());
    }

    /// The road of the frames to come. A frame that was not sent keeps the road before: if it went with that, a run whose episodes are
    /// shorter than the time between two batches would show the beginnings of its episodes alone.
    pub(super) fn put_road(&self, road: v1::Road) {
        let mut waiting = self.waiting();
        waiting.road = Some(road);
        waiting.road_is_new = true;
    }

    /// A recording was written: its folder is the queue.
    pub(super) fn note_recording(&self) {
        self.waiting().has_recordings = true;
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

    /// Another stream begins: it wants the present road first, and no frame of another one.
    pub(super) fn begin_stream(&self) {
        let mut waiting = self.waiting();
        waiting.dropped += u64::from(waiting.picture.take().is_some());
        self.has_frame.store(false, Ordering::Relaxed);
        waiting.road_is_new = waiting.road.is_some();
    }

    /// Takes what waits.
    pub(super) fn take(&self) -> Batch {
        let mut waiting = self.waiting();
        self.has_frame.store(false, Ordering::Relaxed);
        let (road, frame) = match waiting.picture.take() {
            // The present road, if it is another one, goes with its own first frame.
            Some(Picture { road, frame }) => (road, Some(frame)),
            None if std::mem::take(&mut waiting.road_is_new) => (waiting.road.clone(), None),
            None => (None, None),
        };
        Batch {
            road,
            frame,
            weights: waiting.weights.take(),
            has_recordings: std::mem::take(&mut waiting.has_recordings),
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
    fn a_frame_goes_out_with_its_own_road() {
        let outbox = Outbox::default();
        let taken = || {
            let batch = outbox.take();
            (batch.road, batch.frame, batch.dropped)
        };
        outbox.put_road(road(1));
        outbox.put_frame(frame(5));
        outbox.put_frame(frame(6));
        outbox.put_road(road(2));
        assert_eq!(taken(), (Some(road(1)), Some(frame(6)), 1), "the end of an episode is seen");
        assert_eq!(taken(), (Some(road(2)), None, 0), "a road without a step is seen too");
        outbox.put_frame(frame(0));
        assert_eq!(taken(), (None, Some(frame(0)), 0), "a road goes out once a stream");

        outbox.put_road(road(3));
        outbox.put_frame(frame(1));
        outbox.put_road(road(4));
        outbox.put_frame(frame(2));
        assert_eq!(taken(), (Some(road(4)), Some(frame(2)), 1));
    }

    #[test]
    fn another_stream_begins_with_the_present_road() {
        let outbox = Outbox::default();
        outbox.put_road(road(1));
        outbox.put_frame(frame(5));
        outbox.put_road(road(2));
        outbox.begin_stream();
        assert!(!outbox.has_frame());
        let batch = outbox.take();
        assert_eq!((batch.road, batch.frame, batch.dropped), (Some(road(2)), None, 1));
        outbox.begin_stream();
        assert_eq!(outbox.take().road, Some(road(2)));
    }

    #[test]
    fn recordings_are_noted_once() {
        let outbox = Outbox::default();
        (0..2).for_each(|_| outbox.note_recording());
        assert_eq!([outbox.take().has_recordings, outbox.take().has_recordings], [true, false]);
    }
}
