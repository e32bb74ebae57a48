//! The run's own folder of recordings as the queue of those that are to be sent: it is bounded, and whatever becomes of a stream,
//! what the dashboard does not have is still there for the next one.

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;

use prost::Message;
use spikedrive_proto::v1;

use crate::files::sorted_entries;

/// A reader of `recordings/` that knows what the dashboard has.
#[derive(Debug)]
pub(super) struct Shelf {
    folder: PathBuf,
    /// Names that the dashboard has, or that were sent on the present stream.
    told: BTreeSet<String>,
    /// Names that were sent on the present stream, in order.
    sent: Vec<String>,
    /// Names that the dashboard refuses.
    refused: BTreeSet<String>,
    /// Whether it refused something on the stream before.
    suspects: bool,
    /// Names that were found and not told.
    found: VecDeque<String>,
}

impl Shelf {
    pub(super) fn new(folder: PathBuf) -> Self {
        let (told, refused) = (BTreeSet::new(), BTreeSet::new());
        Self { folder, told, sent: Vec::new(), refused, suspects: false, found: VecDeque::new() }
    }

    /// The dashboard refused something of the present stream. If that was a recording, it is the first that was sent and did not
    /// arrive, which the next stream shows: the same would end every stream.
    pub(super) fn suspect(&mut self) {
        self.suspects = true;
    }

    /// A stream begins, to a dashboard that has recordings of these names: all others are to be sent.
    pub(super) fn begin_stream(&mut self, names: Vec<String>) {
        self.told = names.into_iter().collect();
        self.found.clear();
        let lost = std::mem::take(&mut self.sent).into_iter().find(|name| !self.told.contains(name));
        if let (Some(name), true) = (lost, std::mem::take(&mut self.suspects)) {
            tracing::warn!("the dashboard refuses the recording {name}: it is not sent again");
            self.refused.insert(name);
        }
    }

    /// The next recording that the dashboard does not have, if there is one in the folder.
    pub(super) fn next(&mut self) -> Option<v1::Recording> {
        if self.found.is_empty() {
            self.found = self.unknown();
        }
        while let Some(name) = self.found.pop_front() {
            self.told.insert(name.clone());
            // One that was dropped from its folder in the meantime is not wanted any more.
            if let Some(recording) = self.read(&name) {
                self.sent.push(name);
                return Some(recording);
            }
        }
        None
    }

    fn unknown(&self) -> VecDeque<String> {
        let paths = sorted_entries(&self.folder).unwrap_or_default().into_iter();
        let names = paths.filter_map(|path| Some(path.file_name()?.to_str()?.strip_suffix(".pb")?.to_owned()));
        names.filter(|name| !self.told.contains(name) && !self.refused.contains(name)).collect()
    }

    fn read(&self, name: &str) -> Option<v1::Recording> {
        v1::Recording::decode(std::fs::read(self.folder.join(format!("{name}.pb"))).ok()?.as_slice()).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn shelf(names: &[&str]) -> (tempfile::TempDir, Shelf) {
        let directory = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(directory.path().to_owned());
        names.iter().for_each(|name| put(&shelf, name));
        (directory, shelf)
    }

    fn put(shelf: &Shelf, name: &str) {
        let recording = v1::Recording { name: name.to_owned(), ..v1::Recording::default() };
        fs::write(shelf.folder.join(format!("{name}.pb")), recording.encode_to_vec()).unwrap();
    }

    fn begin(shelf: &mut Shelf, known: &[&str]) {
        shelf.begin_stream(known.iter().map(|&name| name.to_owned()).collect());
    }

    fn sent(shelf: &mut Shelf) -> Vec<String> {
        std::iter::from_fn(|| shelf.next()).map(|recording| recording.name).collect()
    }

    #[test]
    fn what_the_dashboard_does_not_have_is_sent_once_a_stream() {
        let (_directory, mut shelf) = shelf(&["ep00001-first", "ep00002-best", "ghost-p4-t00"]);
        fs::write(shelf.folder.join(".tmp-x"), "half").unwrap();
        begin(&mut shelf, &[]);
        assert_eq!(sent(&mut shelf), ["ep00001-first", "ep00002-best", "ghost-p4-t00"]);
        put(&shelf, "ep00003-best");
        assert_eq!(sent(&mut shelf), ["ep00003-best"]);
        assert_eq!(sent(&mut shelf), [""; 0]);
        // The stream broke: one arrived.
        begin(&mut shelf, &["ep00001-first"]);
        fs::remove_file(shelf.folder.join("ep00002-best.pb")).unwrap();
        assert_eq!(sent(&mut shelf), ["ep00003-best", "ghost-p4-t00"]);
    }

    #[test]
    fn one_that_is_refused_is_not_sent_for_ever() {
        let (_directory, mut shelf) = shelf(&["a", "b", "c"]);
        begin(&mut shelf, &[]);
        assert_eq!(sent(&mut shelf), ["a", "b", "c"]);
        shelf.suspect();
        begin(&mut shelf, &["a"]);
        assert_eq!(sent(&mut shelf), ["c"]);
        begin(&mut shelf, &["a"]);
        assert_eq!(sent(&mut shelf), ["c"], "a stream that was merely lost puts none under suspicion");
    }
}
