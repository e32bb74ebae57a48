//! The thread that talks to the dashboard: it connects, tells, listens, and begins anew when the dashboard is lost.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use spikedrive_proto::v1;
use spikedrive_proto::v1::publish_request::Event;
use spikedrive_proto::v1::publish_response::Answer;
use spikedrive_proto::v1::telemetry_service_client::TelemetryServiceClient;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status, Streaming};

use super::gate::Gate;
use super::log::EpisodeLog;
use super::outbox::Outbox;
use super::shelf::Shelf;
use super::{Dashboard, EXIT_WAIT};

/// What came together is sent together, this often.
const BATCH_INTERVAL: Duration = Duration::from_millis(33);
/// The same while somebody looks at frames: as often as a screen shows one.
const FRAME_INTERVAL: Duration = Duration::from_millis(16);
/// A dashboard that is not there is looked for after this time, then after twice that, and so on; once nothing more will come, at
/// once and then always after this time.
const FIRST_BACK_OFF: Duration = Duration::from_millis(200);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(5);
/// A connection is pinged this often; a dashboard that does not answer a ping within the same time is lost.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// A dashboard that does not answer the start of a stream within this time is frozen.
const ANSWER: Duration = Duration::from_secs(5);
/// Messages on their way into the stream.
const QUEUE: usize = 4;

/// Why a stream ended.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("{0}")]
    Connect(#[from] tonic::transport::Error),
    #[error("it answers {:?}: {}", .0.code(), .0.message())]
    Refused(#[from] Status),
    #[error("it does not answer within {} s", ANSWER.as_secs())]
    Silent(#[from] tokio::time::error::Elapsed),
    #[error("it ended the stream")]
    Ended,
    #[error("its token holds what no header may")]
    Token,
    #[error("the run's log of episodes cannot be read: {0}")]
    Log(#[from] io::Error),
}

impl Lost {
    /// Whether the dashboard did not like what it was told.
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(status) if [Code::InvalidArgument, Code::OutOfRange].contains(&status.code()))
    }
}

/// All that the thread needs.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) dashboard: Dashboard,
    pub(super) start: v1::RunStart,
    pub(super) log: EpisodeLog,
    pub(super) shelf: Shelf,
    pub(super) outbox: Arc<Outbox>,
    pub(super) gate: Arc<Gate>,
}

impl Client {
    /// Tells the dashboard of the run until it has been told the end, or until the time for that is over.
    pub(super) fn run(mut self) {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return tracing::warn!(%error, "the dashboard is told nothing: no runtime for it"),
        };
        let outbox = Arc::clone(&self.outbox);
        runtime.block_on(async {
            let deadline = async {
                outbox.closing().await;
                sleep(EXIT_WAIT.mul_f32(0.9)).await;
            };
            tokio::select! {
                () = self.tell_again_and_again() => {}
                () = deadline => tracing::debug!("the end of the run came before the end of what was to be told"),
            }
        });
        self.gate.release();
    }

    async fn tell_again_and_again(&mut self) {
        let address = self.dashboard.address.to_string();
        let (mut back_off, mut complained) = (FIRST_BACK_OFF, false);
        loop {
            let mut welcomed = false;
            let ended = self.publish(&mut welcomed).await;
            self.gate.release();
            let Err(lost) = ended else { return };
            if lost.is_refusal() {
                self.shelf.suspect();
            }
            if welcomed {
                (back_off, complained) = (FIRST_BACK_OFF, false);
            }
            if !complained {
                complained = true;
                tracing::warn!(
                    "no dashboard at {address}: {lost}; training goes on, and it will be told when it is there"
                );
            }
            if self.outbox.is_closing() {
                sleep(FIRST_BACK_OFF).await;
                continue;
            }
            tokio::select! {
                () = sleep(back_off) => back_off = LONGEST_BACK_OFF.min(2 * back_off),
                () = self.outbox.closing() => {}
            }
        }
    }

    /// One stream, from its start to its end; without an error when everything was told.
    async fn publish(&mut self, welcomed: &mut bool) -> Result<(), Lost> {
        let (sender, mut responses) = self.open().await?;
        let Some(Answer::Welcome(welcome)) =
            timeout(ANSWER, responses.message()).await??.and_then(|response| response.answer)
        else {
            return Err(Lost::Ended);
        };
        *welcomed = true;
        tracing::debug!(episodes = welcome.episodes, "the dashboard listens");
        self.log.rewind(welcome.episodes);
        self.outbox.begin_stream();
        self.shelf.begin_stream(welcome.recordings);
        let Self { log, outbox, gate, shelf, .. } = self;
        let mut listening = std::pin::pin!(listen(&mut responses, gate));
        let told = tokio::select! {
            biased;
            heard = &mut listening => return Err(heard.err().unwrap_or(Lost::Ended)),
            told = tell(Letters { sender, seq: 1, dropped: 0 }, log, outbox, gate, shelf) => told,
        };
        match told {
            // It has everything when it ends its side as well.
            Ok(()) => listening.await,
            // Nobody takes what is told: the dashboard says why.
            Err(Lost::Ended) => Err(timeout(ANSWER, listening).await?.err().unwrap_or(Lost::Ended)),
            Err(lost) => Err(lost),
        }
    }

    /// Connects and sends the start.
    async fn open(&self) -> Result<(mpsc::Sender<v1::PublishRequest>, Streaming<v1::PublishResponse>), Lost> {
        let channel = Endpoint::from_shared(self.dashboard.address.uri())?
            .connect_timeout(ANSWER)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .keep_alive_while_idle(true)
            .connect()
            .await?;
        let (sender, receiver) = mpsc::channel(QUEUE);
        let start = v1::PublishRequest { seq: 1, dropped_before: 0, event: Some(Event::Start(self.start.clone())) };
        sender.send(start).await.map_err(|_| Lost::Ended)?;
        let mut request = Request::new(ReceiverStream::new(receiver));
        if let Some(token) = &self.dashboard.token {
            let bearer: MetadataValue<Ascii> = format!("Bearer {token}").parse().map_err(|_| Lost::Token)?;
            request.metadata_mut().insert("authorization", bearer);
        }
        let mut client = TelemetryServiceClient::new(channel);
        let responses = timeout(ANSWER, client.publish(request)).await??;
        Ok((sender, responses.into_inner()))
    }
}

/// Obeys the dashboard until it ends the stream.
async fn listen(responses: &mut Streaming<v1::PublishResponse>, gate: &Gate) -> Result<(), Lost> {
    loop {
        match responses.message().await {
            Ok(Some(response)) => {
                if let Some(Answer::Control(control)) = response.answer {
                    gate.obey(&control);
                }
            }
            Ok(None) => return Ok(()),
            // A dashboard that stops after it got the end is no trouble.
            Err(status) if status.code() == Code::Cancelled => return Ok(()),
            Err(status) => return Err(status.into()),
        }
    }
}

/// Sends what comes, batch by batch, until nothing more will come.
async fn tell(
    mut letters: Letters,
    log: &mut EpisodeLog,
    outbox: &Outbox,
    gate: &Gate,
    shelf: &mut Shelf,
) -> Result<(), Lost> {
    // Those that were written before.
    outbox.note_recording();
    loop {
        // Looked at before what waits is taken: what was put before the closing is then among it.
        let closing = outbox.is_closing();
        let batch = outbox.take();
        letters.dropped += batch.dropped;
        let pictures = [batch.road.map(Event::Road), batch.frame.map(Event::Frame), batch.weights.map(Event::Weights)];
        for event in pictures.into_iter().flatten() {
            letters.send(event).await?;
        }
        loop {
            let json = log.read()?;
            if json.is_empty() {
                break;
            }
            letters.send(Event::Episodes(v1::Episodes { json })).await?;
        }
        if closing {
            // Before the recordings, which may be many: time is short.
            letters.send(Event::End(outbox.end())).await?;
        }
        if batch.has_recordings {
            while let Some(recording) = shelf.next() {
                letters.send(Event::Recording(recording)).await?;
            }
        }
        if closing {
            return Ok(());
        }
        tokio::select! {
            () = sleep(if gate.wants_frames() { FRAME_INTERVAL } else { BATCH_INTERVAL }) => {}
            () = outbox.closing() => {}
        }
    }
}

/// Numbers the messages of a stream.
struct Letters {
    sender: mpsc::Sender<v1::PublishRequest>,
    seq: u64,
    dropped: u64,
}

impl Letters {
    async fn send(&mut self, event: Event) -> Result<(), Lost> {
        self.seq += 1;
        let dropped_before = std::mem::take(&mut self.dropped);
        let request = v1::PublishRequest { seq: self.seq, dropped_before, event: Some(event) };
        self.sender.send(request).await.map_err(|_| Lost::Ended)
    }
}
