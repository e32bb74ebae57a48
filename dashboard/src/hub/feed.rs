//! The latest of each kind of message of a run, and its last episodes. A viewer remembers what it has seen and asks for the rest:
//! one that is slow or frozen skips pictures, and costs nothing.

use std::collections::VecDeque;

use bytes::Bytes;
use prost::Message;
use spikedrive_proto::v1::publish_request::Event;
use spikedrive_proto::v1::{Population, PublishRequest, RunStart};

/// Most records of episodes that are kept here; older ones are read from the log.
const MAX_RECORDS: usize = 4096;
/// Most bytes of them.
const MAX_RECORD_BYTES: usize = 4 << 20;

/// A message as viewers get it: an event without its number.
pub(crate) fn encode(event: Event) -> Bytes {
    PublishRequest { seq: 0, dropped_before: 0, event: Some(event) }.encode_to_vec().into()
}

/// Messages of which only the latest counts, in the order in which a viewer gets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What the run is.
    Start,
    /// Where the car drives.
    Road,
    /// One step.
    Frame,
    /// What is learned.
    Weights,
    /// That the run is over.
    End,
}

/// Number of kinds.
const KINDS: usize = 5;

/// What happened since a viewer last looked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    /// Encoded messages, in order.
    pub(crate) messages: Vec<Bytes>,
    /// Number of the last message that was published.
    pub(crate) version: u64,
    /// Messages that the agent dropped since its stream began.
    pub(crate) dropped: u64,
    /// Whether the agent publishes now.
    pub(crate) live: bool,
    /// Number of records of episodes.
    pub(crate) episodes: u64,
}

/// Where the records of episodes after a number are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EpisodesFrom {
    /// Here, in order.
    Here(Vec<String>),
    /// In the log; here are those after the first so many.
    Log(u64),
}

/// The latest of a run.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    version: u64,
    latest: [Option<(u64, Bytes)>; KINDS],
    /// Number of records before those in `records`.
    first_record: u64,
    records: VecDeque<String>,
    record_bytes: usize,
    pub(crate) dropped: u64,
    pub(crate) live: bool,
    /// The neurons, layer by layer.
    pub(crate) populations: Vec<Population>,
}

impl Feed {
    /// A stream begins, of a run with so many records in its log. What an earlier stream showed is outdated.
    pub(crate) fn begin(&mut self, start: RunStart, records: u64) {
        self.latest = Default::default();
        self.dropped = 0;
        self.live = true;
        if self.episodes() != records {
            self.records.clear();
            self.record_bytes = 0;
            self.first_record = records;
        }
        self.populations.clone_from(&start.populations);
        self.put(Kind::Start, encode(Event::Start(start)));
    }

    /// The stream ended.
    pub(crate) fn leave(&mut self) {
        self.live = false;
        self.version += 1;
    }

    /// Replaces the latest of its kind.
    pub(crate) fn put(&mut self, kind: Kind, message: Bytes) {
        self.version += 1;
        self.latest[kind as usize] = Some((self.version, message));
        if kind == Kind::Road {
            // A frame belongs to the road before: nobody sees it on the new one.
            self.latest[Kind::Frame as usize] = None;
        }
    }

    /// Adds records of episodes.
    pub(crate) fn extend(&mut self, records: Vec<String>) {
        self.version += 1;
        self.record_bytes += records.iter().map(String::len).sum::<usize>();
        self.records.extend(records);
        while self.records.len() > MAX_RECORDS || self.record_bytes > MAX_RECORD_BYTES {
            let Some(oldest) = self.records.pop_front() else { break };
            self.record_bytes -= oldest.len();
            self.first_record += 1;
        }
    }

    /// Number of records.
    pub(crate) fn episodes(&self) -> u64 {
        self.first_record + self.records.len() as u64
    }

    /// What happened after the message `seen`.
    pub(crate) fn news(&self, seen: u64) -> News {
        let is_new = |slot: &&(u64, Bytes)| slot.0 > seen;
        let messages = self.latest.iter().flatten().filter(is_new).map(|(_, message)| message.clone()).collect();
        let Self { version, dropped, live, .. } = *self;
        News { messages, version, dropped, live, episodes: self.episodes() }
    }

    /// The records after the first `from`, at most `most`.
    pub(crate) fn episodes_from(&self, from: u64, most: usize) -> EpisodesFrom {
        match from.checked_sub(self.first_record) {
            None => EpisodesFrom::Log(self.first_record),
            Some(skip) => {
                let skip = usize::try_from(skip).unwrap_or(usize::MAX);
                EpisodesFrom::Here(self.records.iter().skip(skip).take(most).cloned().collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    fn start() -> RunStart {
        RunStart { run_id: "a".to_owned(), ..RunStart::default() }
    }

    #[test]
    fn a_viewer_gets_the_latest_of_each_kind_once() {
        let mut feed = Feed::default();
        feed.begin(start(), 0);
        feed.put(Kind::Weights, message("weights"));
        feed.put(Kind::Road, message("road"));
        feed.put(Kind::Frame, message("frame 0"));
        feed.put(Kind::Frame, message("frame 1"));
        let news = feed.news(0);
        assert_eq!(
            news.messages,
            [encode(Event::Start(start())), message("road"), message("frame 1"), message("weights")]
        );
        assert!(feed.news(news.version).messages.is_empty());
        feed.put(Kind::Frame, message("frame 2"));
        assert_eq!(feed.news(news.version).messages, [message("frame 2")]);
    }

    #[test]
    fn no_frame_is_shown_on_the_road_of_the_next_episode() {
        let mut feed = Feed::default();
        feed.put(Kind::Road, message("road 1"));
        feed.put(Kind::Frame, message("frame of 1"));
        feed.put(Kind::Road, message("road 2"));
        assert_eq!(feed.news(0).messages, [message("road 2")]);
    }

    #[test]
    fn old_episodes_are_in_the_log_alone() {
        let mut feed = Feed::default();
        feed.begin(start(), 10);
        assert_eq!(feed.episodes_from(3, 9), EpisodesFrom::Log(10));
        feed.extend((0..MAX_RECORDS + 5).map(|k| k.to_string()).collect());
        assert_eq!(feed.episodes(), 10 + MAX_RECORDS as u64 + 5);
        assert_eq!(feed.episodes_from(14, 9), EpisodesFrom::Log(15));
        assert_eq!(feed.episodes_from(15, 2), EpisodesFrom::Here(vec!["5".to_owned(), "6".to_owned()]));
        assert_eq!(feed.episodes_from(1 << 40, 2), EpisodesFrom::Here(Vec::new()));

        feed.begin(start(), feed.episodes());
        assert_eq!(feed.episodes_from(15, 1), EpisodesFrom::Here(vec!["5".to_owned()]), "what is here stays");
        feed.begin(start(), 9000);
        assert_eq!(feed.episodes_from(15, 1), EpisodesFrom::Log(9000), "the log went on without us");
    }
}
