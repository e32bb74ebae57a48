//! One run: the feed that its publisher fills, and what its viewers ask of the agent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use spikedrive_proto::v1::{Control, Population, RunStart};
use tokio::sync::watch;
use tokio::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

use super::feed::{EpisodesFrom, Feed, Kind, News};
use crate::names::Name;

/// How long a run that nobody looks at any more stays paused or slow: long enough to load the page again.
const GRACE: Duration = Duration::from_secs(5);
/// The fastest pace that can be asked for, in steps a second.
const MAX_SPEED: f64 = 1e6;
/// Most single steps of one request.
const MAX_STEPS: u64 = 1000;

/// What viewers ask for, and how many they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Asked {
    /// What the agent is told.
    pub(crate) control: Control,
    /// Number of viewers.
    pub(crate) viewers: usize,
    /// When the last one left.
    left_at: Option<Instant>,
}

impl Asked {
    /// When pause and speed end, since nobody is left who could end them.
    pub(crate) fn release_at(&self) -> Option<Instant> {
        let is_held = self.control.paused || self.control.speed > 0.0;
        self.left_at.filter(|_| is_held && self.viewers == 0).map(|left_at| left_at + GRACE)
    }

    fn update(&mut self) {
        self.control.frames = self.viewers > 0;
        self.control.weights = self.viewers > 0;
    }
}

/// What one viewer asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wish {
    /// Wait, or go on.
    Pause(bool),
    /// So many steps, then wait.
    Step(u64),
    /// Steps a second; 0 is as fast as possible.
    Speed(f64),
}

/// A wish that cannot be granted.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub(crate) enum WishError {
    #[error("step: {0} is outside 1..={MAX_STEPS}")]
    Step(u64),
    #[error("speed: {0} is outside [0, {MAX_SPEED}] steps a second: 0 is as fast as possible")]
    Speed(f64),
}

/// A run that is, or was, live.
#[derive(Debug)]
pub(crate) struct LiveRun {
    name: Name,
    feed: Mutex<Feed>,
    /// The stream that publishes it.
    stream: Mutex<Stream>,
    /// Counts what is new in the feed.
    changed: watch::Sender<u64>,
    asked: watch::Sender<Asked>,
}

#[derive(Debug, Default)]
struct Stream {
    number: u64,
    replaced: CancellationToken,
}

impl LiveRun {
    pub(crate) fn new(name: Name) -> Self {
        Self {
            name,
            feed: Mutex::default(),
            stream: Mutex::default(),
            changed: watch::Sender::new(0),
            asked: watch::Sender::new(Asked::default()),
        }
    }

    pub(crate) fn name(&self) -> &Name {
        &self.name
    }

    /// Number of the stream that published it last.
    pub(crate) fn began(&self) -> u64 {
        self.stream().number
    }

    /// Whether an agent publishes it now.
    pub(crate) fn is_live(&self) -> bool {
        self.feed().live
    }

    /// Its neurons, layer by layer.
    pub(crate) fn populations(&self) -> Vec<Population> {
        self.feed().populations.clone()
    }

    /// Whether anybody looks at it.
    pub(crate) fn is_watched(&self) -> bool {
        self.asked.borrow().viewers > 0
    }

    /// A stream is about to publish this run. One that did so until now is replaced: its connection may be dead without anybody
    /// having noticed.
    pub(crate) fn claim(self: &Arc<Self>, stream: u64) -> Publishing {
        let replaced = CancellationToken::new();
        let earlier = std::mem::replace(&mut *self.stream(), Stream { number: stream, replaced: replaced.clone() });
        earlier.replaced.cancel();
        Publishing { run: Arc::clone(self), stream, replaced }
    }

    /// Somebody looks at this run, as long as the result is kept.
    pub(crate) fn watch(self: &Arc<Self>) -> Viewing {
        self.ask(|asked| asked.viewers += 1);
        Viewing { run: Arc::clone(self), changed: self.changed.subscribe(), asked: self.asked.subscribe() }
    }

    fn ask(&self, change: impl FnOnce(&mut Asked)) {
        self.asked.send_modify(|asked| {
            change(asked);
            asked.update();
        });
    }

    fn change(&self, change: impl FnOnce(&mut Feed)) {
        change(&mut self.feed());
        self.changed.send_modify(|changes| *changes += 1);
    }

    fn feed(&self) -> MutexGuard<'_, Feed> {
        self.feed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stream(&self) -> MutexGuard<'_, Stream> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that publishes a run, until it is dropped.
#[derive(Debug)]
pub(crate) struct Publishing {
    run: Arc<LiveRun>,
    stream: u64,
    replaced: CancellationToken,
}

impl Publishing {
    /// The run begins, or goes on; its log holds so many records.
    pub(crate) fn begin(&self, start: RunStart, records: u64) {
        if !self.replaced.is_cancelled() {
            // They are counted since the stream began.
            self.run.ask(|asked| asked.control.steps = 0);
        }
        self.change(|feed| feed.begin(start, records));
    }

    /// Cancelled when another stream publishes this run.
    pub(crate) fn replaced(&self) -> &CancellationToken {
        &self.replaced
    }

    /// What viewers ask for.
    pub(crate) fn asked(&self) -> watch::Receiver<Asked> {
        self.run.asked.subscribe()
    }

    /// Ends pause and speed.
    pub(crate) fn release(&self) {
        self.run.ask(|asked| (asked.control.paused, asked.control.speed) = (false, 0.0));
    }

    /// Shows the latest of a kind.
    pub(crate) fn put(&self, kind: Kind, message: Bytes) {
        self.change(|feed| feed.put(kind, message));
    }

    /// Shows finished episodes, which are in the log already.
    pub(crate) fn extend(&self, records: Vec<String>) {
        self.change(|feed| feed.extend(records));
    }

    /// The agent dropped so many messages.
    pub(crate) fn dropped(&self, messages: u64) {
        self.change(|feed| feed.dropped = feed.dropped.saturating_add(messages));
    }

    fn change(&self, change: impl FnOnce(&mut Feed)) {
        if !self.replaced.is_cancelled() {
            self.run.change(change);
        }
    }
}

impl Drop for Publishing {
    fn drop(&mut self) {
        let is_present = self.run.stream().number == self.stream;
        if is_present {
            self.run.change(Feed::leave);
        }
    }
}

/// Somebody who looks at a run.
#[derive(Debug)]
pub(crate) struct Viewing {
    run: Arc<LiveRun>,
    changed: watch::Receiver<u64>,
    asked: watch::Receiver<Asked>,
}

impl Viewing {
    pub(crate) fn run(&self) -> &Arc<LiveRun> {
        &self.run
    }

    /// Waits until something is new.
    pub(crate) async fn changed(&mut self) {
        // Neither can close: this viewer keeps the run.
        tokio::select! {
            _ = self.changed.changed() => {}
            _ = self.asked.changed() => {}
        }
    }

    /// What happened after the message `seen`.
    pub(crate) fn news(&self, seen: u64) -> News {
        self.run.feed().news(seen)
    }

    /// The records of episodes after the first `from`, at most `most`.
    pub(crate) fn episodes_from(&self, from: u64, most: usize) -> EpisodesFrom {
        self.run.feed().episodes_from(from, most)
    }

    /// What all viewers ask for.
    pub(crate) fn asked(&self) -> Asked {
        self.run.asked.borrow().clone()
    }

    /// Asks for something.
    pub(crate) fn wish(&self, wish: Wish) -> Result<(), WishError> {
        match wish {
            Wish::Pause(paused) => self.run.ask(|asked| asked.control.paused = paused),
            Wish::Step(steps) if (1..=MAX_STEPS).contains(&steps) => self.run.ask(|asked| {
                asked.control.paused = true;
                asked.control.steps = asked.control.steps.saturating_add(steps);
            }),
            Wish::Speed(speed) if (0.0..=MAX_SPEED).contains(&speed) => {
                self.run.ask(|asked| asked.control.speed = speed)
            }
            Wish::Step(steps) => return Err(WishError::Step(steps)),
            Wish::Speed(speed) => return Err(WishError::Speed(speed)),
        }
        Ok(())
    }
}

impl Drop for Viewing {
    fn drop(&mut self) {
        self.run.ask(|asked| {
            asked.viewers -= 1;
            asked.left_at = Some(Instant::now());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publish(run: &Arc<LiveRun>, stream: u64) -> Publishing {
        let publishing = run.claim(stream);
        publishing.begin(RunStart::default(), 0);
        publishing
    }

    fn run() -> Arc<LiveRun> {
        Arc::new(LiveRun::new("a".parse().unwrap()))
    }

    #[test]
    fn frames_are_wanted_while_somebody_looks() {
        let run = run();
        let publishing = publish(&run, 1);
        let wanted = || publishing.asked().borrow().control.frames;
        assert!(!wanted());
        let (first, second) = (run.watch(), run.watch());
        drop(first);
        assert!(wanted());
        drop(second);
        assert!(!wanted());
    }

    #[test]
    fn a_pause_ends_after_the_last_viewer_left() {
        let run = run();
        let publishing = publish(&run, 1);
        let viewing = run.watch();
        viewing.wish(Wish::Pause(true)).unwrap();
        assert_eq!(viewing.asked().release_at(), None);
        drop(viewing);
        assert!(publishing.asked().borrow().release_at().is_some());
        publishing.release();
        assert_eq!(publishing.asked().borrow().control, Control::default());
        assert_eq!(publishing.asked().borrow().release_at(), None);
    }

    #[test]
    fn wishes_have_ranges() {
        let run = run();
        let viewing = run.watch();
        viewing.wish(Wish::Step(2)).unwrap();
        viewing.wish(Wish::Step(1)).unwrap();
        viewing.wish(Wish::Speed(12.5)).unwrap();
        let Control { paused, steps, speed, .. } = viewing.asked().control;
        assert_eq!((paused, steps, speed), (true, 3, 12.5));
        for wish in [Wish::Step(0), Wish::Step(5000), Wish::Speed(-1.0), Wish::Speed(f64::NAN)] {
            assert!(viewing.wish(wish).unwrap_err().to_string().contains("outside"), "{wish:?}");
        }
        let _publishing = publish(&run, 1);
        assert_eq!(viewing.asked().control.steps, 0, "steps are counted since the stream began");
    }

    #[test]
    fn a_stream_that_was_replaced_is_not_heard() {
        let run = run();
        let old = publish(&run, 1);
        let new = publish(&run, 2);
        assert!(old.replaced().is_cancelled() && !new.replaced().is_cancelled());
        old.put(Kind::Frame, Bytes::from_static(b"late"));
        drop(old);
        assert!(run.is_live());
        assert_eq!(run.watch().news(0).messages.len(), 1, "the start alone");
    }
}
