//! What is live now: one entry a run, filled by its publisher and looked at by its viewers, neither of which ever waits for the other.

mod asked;
mod feed;
mod live_run;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::names::Name;
pub(crate) use asked::{Asked, Wish};
pub(crate) use feed::{EpisodesFrom, Kind, encode};
pub(crate) use live_run::{LiveRun, Publishing, Viewing};

/// Most runs that are live at a time.
const MAX_LIVE: usize = 64;
/// Ended runs whose last pictures are kept.
const MAX_ENDED: usize = 16;

/// As many runs as may be are live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{MAX_LIVE} runs are live, as many as may be: wait until one ends")]
pub(crate) struct Full;

/// All runs that are live, or were a while ago.
#[derive(Debug)]
pub(crate) struct Hub {
    runs: Mutex<BTreeMap<Name, Arc<LiveRun>>>,
    /// Counts the beginnings and ends of streams.
    changed: watch::Sender<u64>,
}

impl Hub {
    /// A hub without runs.
    pub(crate) fn new() -> Self {
        Self { runs: Mutex::default(), changed: watch::Sender::new(0) }
    }

    /// The entry of a run that is about to be published.
    pub(crate) fn entry(&self, name: &Name) -> Result<Arc<LiveRun>, Full> {
        let mut runs = self.runs();
        if let Some(run) = runs.get(name) {
            return Ok(Arc::clone(run));
        }
        if runs.values().filter(|run| run.is_live()).count() >= MAX_LIVE {
            return Err(Full);
        }
        let mut ended: Vec<_> = runs.values().filter(|run| !run.is_live() && !run.is_watched()).cloned().collect();
        ended.sort_by_key(|run| run.began());
        for outdated in ended.iter().take(ended.len().saturating_sub(MAX_ENDED - 1)) {
            runs.remove(outdated.name());
        }
        let run = Arc::new(LiveRun::new(name.clone()));
        runs.insert(name.clone(), Arc::clone(&run));
        Ok(run)
    }

    /// A run, if it is live or was a while ago.
    pub(crate) fn get(&self, name: &Name) -> Option<Arc<LiveRun>> {
        self.runs().get(name).cloned()
    }

    /// Whether an agent publishes the run now.
    pub(crate) fn is_live(&self, name: &Name) -> bool {
        self.get(name).is_some_and(|run| run.is_live())
    }

    /// The live run that began last.
    pub(crate) fn newest_live(&self) -> Option<Arc<LiveRun>> {
        let runs = self.runs();
        runs.values().filter(|run| run.is_live()).max_by_key(|run| run.began()).cloned()
    }

    /// Tells whoever waits for a run to begin or to end.
    pub(crate) fn notify(&self) {
        self.changed.send_modify(|changes| *changes += 1);
    }

    /// Wakes whenever a run begins or ends.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Number of the next stream: later streams have larger ones.
    pub(crate) fn next_stream(&self) -> u64 {
        let mut number = 0;
        self.changed.send_if_modified(|changes| {
            *changes += 1;
            number = *changes;
            false
        });
        number
    }

    fn runs(&self) -> MutexGuard<'_, BTreeMap<Name, Arc<LiveRun>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn publish(hub: &Hub, run: &str) -> Publishing {
        let publishing = hub.entry(&name(run)).unwrap().claim(hub.next_stream());
        publishing.begin(Default::default(), 0);
        publishing
    }

    #[test]
    fn ended_runs_are_forgotten_and_live_ones_bounded() {
        let hub = Hub::new();
        for k in 0..40 {
            hub.entry(&name(&format!("ended-{k}"))).unwrap();
        }
        assert!(hub.runs().len() <= MAX_ENDED);
        let live: Vec<_> = (0..MAX_LIVE).map(|k| publish(&hub, &format!("live-{k}"))).collect();
        assert_eq!(hub.entry(&name("one-more")).unwrap_err(), Full);
        assert!(hub.entry(&name("live-3")).is_ok(), "a run that is live may come again");
        drop(live);
        assert!(hub.entry(&name("one-more")).is_ok());
    }

    #[test]
    fn the_newest_run_is_the_one_that_began_last() {
        let hub = Hub::new();
        assert!(hub.newest_live().is_none());
        let (_z, a) = (publish(&hub, "z"), publish(&hub, "a"));
        assert_eq!(hub.newest_live().unwrap().name(), &name("a"));
        drop(a);
        assert_eq!(hub.newest_live().unwrap().name(), &name("z"));
        assert!(hub.is_live(&name("z")) && !hub.is_live(&name("a")));
    }
}
