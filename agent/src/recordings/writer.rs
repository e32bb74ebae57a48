//! The thread that writes recordings, so that training does not wait for the disk.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use spikedrive_proto::v1;

use super::FOLDER;
use super::folder::Folder;
use crate::failure::Failure;
use crate::report::note;
use crate::telemetry::Announcer;

/// Recordings that may wait for the disk.
const QUEUE: usize = 16;

/// Writes recordings, in order, into the folder of a run. Dropping it waits until all are written.
#[derive(Debug)]
pub struct Writer {
    queue: Option<SyncSender<v1::Recording>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Writes into the directory of a run, and tells each file that is written.
    pub fn start(run: &Path, announcer: Option<Announcer>) -> Result<Self, Failure> {
        let folder = Folder::open(run.join(FOLDER))?;
        let (queue, recordings) = sync_channel(QUEUE);
        let thread = thread::Builder::new().name("recordings".to_owned());
        let thread = thread.spawn(move || write(folder, &recordings, announcer.as_ref()));
        let thread =
            thread.map_err(|error| Failure::System(format!("cannot start the thread of recordings: {error}")))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Queues a recording, or drops it when the disk cannot keep up.
    pub fn keep_if_there_is_time(&self, recording: v1::Recording) {
        let Some(queue) = &self.queue else { return };
        if let Err(TrySendError::Full(recording)) = queue.try_send(recording) {
            tracing::debug!(name = recording.name, "the disk is too slow for this recording");
        }
    }

    /// Queues a recording that is to be kept in any case; waits for room.
    pub fn keep(&self, recording: v1::Recording) {
        if let Some(queue) = &self.queue {
            // The thread is gone only after a panic, which the panic hook has reported.
            let _ = queue.send(recording);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Writes until nothing more comes. A run does not fail for want of recordings: the first failure ends them.
fn write(mut folder: Folder, recordings: &Receiver<v1::Recording>, announcer: Option<&Announcer>) {
    for recording in recordings {
        match folder.keep(&recording) {
            Ok(is_kept) => {
                if let Some(announcer) = announcer.filter(|_| is_kept) {
                    announcer.written();
                }
            }
            Err(failure) => {
                note(format!("warning: no more recordings are kept: {failure}"));
                break;
            }
        }
    }
    // Whoever waits for room in the queue must not wait for ever.
    recordings.iter().for_each(drop);
}
