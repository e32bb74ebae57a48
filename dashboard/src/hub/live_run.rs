//! One run: the feed that its publisher fills, and what its viewers ask of the agent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use spikedrive_proto::v1::{Population, RunStart};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::asked::{Asked, Wish, WishError};
use super::feed::{EpisodesFrom, Feed, Kind, News};
use crate::names::Name;

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
        self.ask(Asked::arrive);
        Viewing { run: Arc::clone(self), changed: self.changed.subscribe(), asked: self.asked.subscribe() }
    }

    fn ask(&self, change: impl FnOnce(&mut Asked)) {
        self.asked.send_modify(change);
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
            self.run.ask(Asked::begin);
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
        self.run.ask(Asked::release);
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
        wish.check()?;
        self.run.ask(|asked| asked.grant(wish));
        Ok(())
    }
}

impl Drop for Viewing {
    fn drop(&mut self) {
        self.run.ask(|asked| asked.leave(Instant::now()));
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
