//! Takes what agents publish: checks it, keeps it, and hands it to the hub.

mod check;
mod log;
mod run_files;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use prost::Message;
use spikedrive_proto::v1::publish_request::Event;
use spikedrive_proto::v1::telemetry_service_server::TelemetryService;
use spikedrive_proto::v1::{self, publish_response::Answer};
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status, Streaming};
use tracing::{debug, info};

use crate::hub::{Asked, Hub, Kind, Publishing, encode};
use crate::names::Name;
use crate::store::Store;
pub(crate) use check::road as check_road;
use check::{Record, Start};
use run_files::RunFiles;

/// Largest message, in bytes.
pub(crate) const MAX_MESSAGE: usize = 16 << 20;
/// A stream that does not say within this time what it publishes is ended.
const START_TIMEOUT: Duration = Duration::from_secs(10);
/// Answers that wait for an agent which does not read.
const ANSWERS: usize = 4;

type Answers = mpsc::Sender<Result<v1::PublishResponse, Status>>;

/// The service behind the wire.
#[derive(Clone)]
pub(crate) struct Telemetry {
    pub(crate) store: Arc<Store>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) shutdown: CancellationToken,
}

#[tonic::async_trait]
impl TelemetryService for Telemetry {
    type PublishStream = Pin<Box<dyn Stream<Item = Result<v1::PublishResponse, Status>> + Send>>;

    async fn publish(
        &self,
        request: Request<Streaming<v1::PublishRequest>>,
    ) -> Result<Response<Self::PublishStream>, Status> {
        let (answers, receiver) = mpsc::channel(ANSWERS);
        let telemetry = self.clone();
        tokio::spawn(async move {
            if let Err(status) = telemetry.take(request.into_inner(), &answers).await {
                debug!(%status, "a stream of telemetry ends");
                // An agent that is gone need not be told.
                let _ = answers.send(Err(status)).await;
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

impl Telemetry {
    /// Takes one stream, from its start to its end.
    async fn take(&self, mut requests: Streaming<v1::PublishRequest>, answers: &Answers) -> Result<(), Status> {
        let first = timeout(START_TIMEOUT, requests.message()).await;
        let first = first.map_err(|_| Status::deadline_exceeded("no start within 10 s: send it first"))?;
        let Some(first) = first.map_err(explained)? else { return Ok(()) };
        let Some(Event::Start(message)) = first.event else {
            return Err(Status::invalid_argument("event: the first message of a stream is `start`"));
        };
        let start = check::start(&message)?;
        let (run, neurons) = (start.run.clone(), start.neurons);
        let entry = self.hub.entry(&run).map_err(|full| Status::resource_exhausted(full.to_string()))?;
        let publishing = entry.claim(self.hub.next_stream());
        let (files, welcome) = self.open(start).await?;
        publishing.begin(message, files.lines());
        self.hub.notify();
        info!(%run, episodes = files.lines(), "publishing");
        answer(answers, Answer::Welcome(welcome)).await?;
        let mut taking = Taking { run, neurons, files: Some(files), publishing };
        let result = taking.run(&mut requests, answers, &self.shutdown).await;
        info!(run = %taking.run, "no longer publishing");
        drop(taking);
        self.hub.notify();
        result
    }

    async fn open(&self, start: Start) -> Result<(RunFiles, v1::Welcome), Status> {
        let store = Arc::clone(&self.store);
        let open = move || {
            RunFiles::open(&store, &start).map(|files| {
                let welcome = files.welcome();
                (files, welcome)
            })
        };
        let opened = spawn_blocking(open).await;
        Ok(opened.map_err(|error| Status::internal(error.to_string()))??)
    }
}

/// A stream whose run is known.
struct Taking {
    run: Name,
    neurons: u32,
    /// Absent while a thread that may wait writes them.
    files: Option<RunFiles>,
    publishing: Publishing,
}

impl Taking {
    /// Takes messages and tells the agent what viewers ask for, until one side has enough.
    async fn run(
        &mut self,
        requests: &mut Streaming<v1::PublishRequest>,
        answers: &Answers,
        shutdown: &CancellationToken,
    ) -> Result<(), Status> {
        let mut asked = self.publishing.asked();
        let replaced = self.publishing.replaced().clone();
        let mut told: Option<v1::Control> = None;
        loop {
            let (wanted, release_at) = {
                let asked = asked.borrow_and_update();
                (asked.control, asked.release_at())
            };
            let is_news = told != Some(wanted);
            tokio::select! {
                () = shutdown.cancelled() => return Err(Status::unavailable("the dashboard is shutting down")),
                () = replaced.cancelled() => return Err(Status::aborted(format!("another stream publishes run {}", self.run))),
                () = answers.closed() => return Ok(()),
                message = requests.message() => match message.map_err(explained)? {
                    None => return Ok(()),
                    Some(message) => self.message(message).await?,
                },
                permit = answers.reserve(), if is_news => if let Ok(permit) = permit {
                    permit.send(Ok(v1::PublishResponse { answer: Some(Answer::Control(wanted)) }));
                    told = Some(wanted);
                },
                () = asked_or_due(&mut asked, release_at) => if release_at.is_some_and(|at| at <= Instant::now()) {
                    self.publishing.release();
                },
            }
        }
    }

    async fn message(&mut self, message: v1::PublishRequest) -> Result<(), Status> {
        if message.dropped_before > 0 {
            self.publishing.dropped(message.dropped_before);
        }
        match message.event {
            None => {}
            Some(Event::Start(_)) => return Err(Status::invalid_argument("event: a stream has one `start`")),
            Some(Event::Episodes(episodes)) => self.episodes(check::episodes(episodes)?).await?,
            Some(Event::Road(road)) => {
                check::road(&road)?;
                self.publishing.put(Kind::Road, encode(Event::Road(road)));
            }
            Some(Event::Frame(frame)) => {
                check::frame(&frame, self.neurons)?;
                self.publishing.put(Kind::Frame, encode(Event::Frame(frame)));
            }
            Some(Event::Weights(weights)) => {
                check::weights(&weights)?;
                self.publishing.put(Kind::Weights, encode(Event::Weights(weights)));
            }
            Some(Event::Recording(recording)) => {
                let name = check::recording(&recording, &self.run)?;
                self.write(move |files| files.keep_recording(&name, &recording.encode_to_vec())).await?;
            }
            Some(Event::End(end)) => {
                check::end(&end)?;
                let summary = end.summary_json.clone();
                self.write(move |files| files.finish(&summary)).await?;
                self.publishing.put(Kind::End, encode(Event::End(end)));
            }
        }
        Ok(())
    }

    /// Keeps episodes, and then shows them.
    async fn episodes(&mut self, records: Vec<Record>) -> Result<(), Status> {
        let lines = self.write(move |files| files.append(records)).await?;
        if !lines.is_empty() {
            self.publishing.extend(lines);
        }
        Ok(())
    }

    /// Writes files on a thread that may wait.
    async fn write<T: Send + 'static>(
        &mut self,
        write: impl FnOnce(&mut RunFiles) -> Result<T, run_files::FilesError> + Send + 'static,
    ) -> Result<T, Status> {
        let lost = || Status::internal("the run's files were lost: publish again");
        let mut files = self.files.take().ok_or_else(lost)?;
        let (files, result) = spawn_blocking(move || {
            let result = write(&mut files);
            (files, result)
        })
        .await
        .map_err(|_| lost())?;
        self.files = Some(files);
        Ok(result?)
    }
}

/// Waits until viewers ask for something else, or until a pause ends by itself.
async fn asked_or_due(asked: &mut watch::Receiver<Asked>, due: Option<Instant>) {
    tokio::select! {
        // It cannot close: the stream keeps the run.
        _ = asked.changed() => {}
        () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
    }
}

async fn answer(answers: &Answers, answer: Answer) -> Result<(), Status> {
    let gone = |_| Status::cancelled("the agent is gone");
    answers.send(Ok(v1::PublishResponse { answer: Some(answer) })).await.map_err(gone)
}

/// The remedy beside what the transport says.
fn explained(status: Status) -> Status {
    if status.code() == Code::OutOfRange {
        let text = format!("{}; a message holds at most {MAX_MESSAGE} bytes: send less at once", status.message());
        return Status::out_of_range(text);
    }
    status
}
