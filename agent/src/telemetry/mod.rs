//! What a run tells a dashboard while it goes on, and what viewers ask of it.
//!
//! Training never waits for a dashboard. [`messages`] builds what is sent; `outbox` holds it for the thread that sends, at most
//! one of each kind; finished episodes and recordings are not held at all: that thread reads them from the run's own log (`log`)
//! and folder (`shelf`), so that none is missing after an absence. `gate` is where viewers pause and pace the training loop. `client` is the thread.

mod client;
mod gate;
mod log;
pub mod messages;
mod outbox;
mod quantize;
mod shelf;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use spikedrive_proto::address::Address;
use spikedrive_proto::v1;

use crate::env::EnvError;
use crate::failure::Failure;
use crate::files::read_text;
use crate::recordings::FOLDER;
use crate::round::StepView;
use crate::stop::StopFlag;
use crate::telemetry::client::Client;
use crate::telemetry::gate::Gate;
use crate::telemetry::log::EpisodeLog;
use crate::telemetry::outbox::Outbox;
use crate::telemetry::shelf::Shelf;

/// An exit waits so long at most for what is still to be sent.
const EXIT_WAIT: Duration = Duration::from_secs(1);
/// Weights are sent twice a second at most.
const WEIGHTS_INTERVAL: Duration = Duration::from_millis(500);

/// A frame that waits to be sent gives way to another one after this time: what is seen is neither old, nor always the step after
/// a pause or an evaluation.
const FRAME_AGE: Duration = Duration::from_millis(5);

/// Where a dashboard listens, and the token that it wants to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dashboard {
    /// Its address for agents.
    pub address: Address,
    /// Its token, if it wants one.
    pub token: Option<String>,
}

/// A run that is told to a dashboard. When it is dropped, the run counts as broken off.
#[derive(Debug)]
pub struct Telemetry {
    outbox: Arc<Outbox>,
    gate: Arc<Gate>,
    directory: PathBuf,
    weights_sent: Option<Instant>,
    frame_shown: Option<Instant>,
    gone: Receiver<()>,
}

impl Telemetry {
    /// Tells of the run in `directory`, whose `run.json` and `episodes.jsonl` exist. A dashboard that is not there is looked for
    /// again and again.
    pub fn start(
        dashboard: Dashboard,
        directory: &Path,
        populations: Vec<v1::Population>,
        initial_weights: Option<v1::Matrix>,
    ) -> Result<Self, Failure> {
        let start = v1::RunStart {
            run_id: messages::run_id(directory),
            run_json: read_text(&directory.join("run.json"))?,
            populations,
            initial_weights,
        };
        let (outbox, gate) = (Arc::new(Outbox::default()), Arc::new(Gate::default()));
        let client = Client {
            dashboard,
            start,
            log: EpisodeLog::new(directory.join("episodes.jsonl")),
            shelf: Shelf::new(directory.join(FOLDER)),
            outbox: Arc::clone(&outbox),
            gate: Arc::clone(&gate),
        };
        let (done, gone) = sync_channel(1);
        let thread = thread::Builder::new().name("telemetry".to_owned()).spawn(move || {
            client.run();
            // Whoever waits for the end may be gone.
            let _ = done.send(());
        });
        thread.map_err(|error| Failure::System(format!("cannot start the telemetry thread: {error}")))?;
        Ok(Self { outbox, gate, directory: directory.to_owned(), weights_sent: None, frame_shown: None, gone })
    }

    /// Waits while viewers want the run to pause, or until the next step is due at the speed that they want; `stop` ends the wait at
    /// once. Meanwhile `keep_alive` is called every second.
    pub fn wait(&self, stop: &StopFlag, keep_alive: &mut dyn FnMut() -> Result<(), EnvError>) -> Result<(), EnvError> {
        self.gate.wait(stop, keep_alive)
    }

    /// Whether somebody looks at frames.
    pub fn is_watched(&self) -> bool {
        self.gate.wants_frames()
    }

    /// Whether viewers want a speed of their own, or a pause.
    pub fn is_held(&self) -> bool {
        self.gate.is_held()
    }

    /// Whether the next step shall be shown: somebody looks at frames, and the last one has gone out or is old, or steps are slow
    /// enough to show each.
    pub fn wants_frame(&self) -> bool {
        let is_due = || self.frame_shown.is_none_or(|shown| shown.elapsed() >= FRAME_AGE);
        self.gate.wants_frames() && (self.gate.is_held() || !self.outbox.has_frame() || is_due())
    }

    /// Shows a step.
    pub fn frame(&mut self, frame: v1::Frame) {
        self.frame_shown = Some(Instant::now());
        self.outbox.put_frame(frame);
    }

    /// Whether somebody looks at what is learned, and did not see it lately.
    pub fn wants_weights(&self) -> bool {
        self.gate.wants_weights() && self.weights_sent.is_none_or(|sent| sent.elapsed() >= WEIGHTS_INTERVAL)
    }

    /// Shows what is learned, if that is wanted.
    pub fn weights(&mut self, view: &StepView) {
        if let Some(learner) = view.learner.filter(|_| self.wants_weights()) {
            self.weights_sent = Some(Instant::now());
            messages::weights(view.episode, view.lane, learner)
                .into_iter()
                .for_each(|weights| self.outbox.put_weights(weights));
        }
    }

    /// The road of the episode that begins.
    pub fn road(&self, road: v1::Road) {
        self.outbox.put_road(road);
    }

    /// What tells of recordings that were written.
    pub fn announcer(&self) -> Announcer {
        Announcer(Arc::clone(&self.outbox))
    }

    /// The run is over; what is still to be sent has a second.
    pub fn finish(self) {
        let summary_json = read_text(&self.directory.join("summary.json")).unwrap_or_default();
        self.outbox.put_end(v1::RunEnd { summary_json });
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.outbox.close();
        // The thread ends with the process if it does not end in time.
        let _ = self.gone.recv_timeout(EXIT_WAIT);
    }
}

/// Tells of recordings that were written.
#[derive(Clone, Debug)]
pub struct Announcer(Arc<Outbox>);

impl Announcer {
    /// A file is in the folder of recordings, whole.
    pub fn written(&self) {
        self.0.note_recording();
    }
}
