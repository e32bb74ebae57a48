//! The hot loop: one stream drives one session.
//!
//! Between the bytes of a request and those of its answer nothing is locked and, once warm, nothing is allocated: actions are read
//! out of the message, lanes are stepped in place, and the answer is written into memory that the last one has left. Only a road that
//! has to be laid out for a new episode, and what is asked for beside steps, takes memory.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use futures_util::Stream;
use spikedrive_env::config::Autoreset;
use spikedrive_env::{Action, VectorWorld};
use spikedrive_proto::convert::{ConvertError, StepEncoder};
use spikedrive_proto::v1::stream_request::Command;
use spikedrive_proto::v1::stream_response::Outcome;
use spikedrive_proto::{convert, v1};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::{Code, Status, Streaming};
use tracing::{debug, info};

use crate::caller::Caller;
use crate::service::Environment;
use crate::sessions::{DrivenSession, Ending, SessionError, SessionId};

/// Most steps in one request.
const MAX_ROWS: usize = 4096;
/// Longest answer to a request of several steps, in bytes: what clients take by default, and a margin.
const MAX_ANSWER: usize = (4 << 20) - (64 << 10);

/// One stream, and the session that it drives once its first request has named it.
pub(crate) struct Driver {
    environment: Environment,
    caller: Caller,
    requests: Streaming<v1::StreamRequest>,
    driven: Option<Driven>,
    /// The end of the server; heard until there is a session, which has a bell of its own.
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    over: bool,
}

/// A session in the hands of its stream.
struct Driven {
    id: SessionId,
    session: DrivenSession,
    hands: Hands,
}

/// Memory that every step uses again.
#[derive(Default)]
pub(crate) struct Hands {
    actions: Vec<Action>,
    encoder: StepEncoder,
}

impl Driver {
    pub(crate) fn new(environment: Environment, caller: Caller, requests: Streaming<v1::StreamRequest>) -> Self {
        let stop = Box::pin(environment.stop.clone().cancelled_owned());
        Self { environment, caller, requests, driven: None, stop, over: false }
    }

    /// Ready when the session, or the server, has ended.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<Status> {
        let ending = match &self.driven {
            Some(driven) => ready!(driven.session.bell.poll(context)),
            None => {
                ready!(self.stop.as_mut().poll(context));
                Ending::ShuttingDown
            }
        };
        Poll::Ready(match ending {
            Ending::Closed => Status::not_found("the session was closed"),
            Ending::ShuttingDown => Status::unavailable("the server is shutting down"),
        })
    }

    /// Answers one request: with an outcome, or with a status that ends the stream.
    fn answer(&mut self, request: &v1::StreamRequest) -> Result<Outcome, Status> {
        let began = Instant::now();
        let Driven { id, session, hands } = match &mut self.driven {
            Some(driven) => driven,
            None => {
                let id = request.session_id.parse()?;
                let session = self.environment.sessions().drive(id, &self.caller, began)?;
                self.driven.insert(Driven { id, session, hands: Hands::default() })
            }
        };
        if !request.session_id.is_empty() && request.session_id.parse() != Ok(*id) {
            let given: String = request.session_id.chars().take(40).collect();
            let reason = format!("{given:?} is not the session of this stream, {id}");
            return Ok(self.environment.rejected(ConvertError { field: "session_id", reason }.into()));
        }
        let world = &mut session.world;
        let outcome = match &request.command {
            Some(Command::Snapshot(_)) => Ok(Outcome::Snapshot(snapshot(world))),
            Some(Command::Fork(_)) => self.environment.fork(*id, world, &self.caller).map(Outcome::Fork),
            Some(command) => command_world(world, command, hands),
            None => {
                Err(ConvertError { field: "command", reason: "missing: give actions or a reset_mask".to_owned() }
                    .into())
            }
        };
        if let Ok(Outcome::Result(result)) = &outcome {
            self.environment.metrics.stepped(result.end_reasons.len() as u64, began.elapsed());
        }
        Ok(outcome.unwrap_or_else(|error| self.environment.rejected(error)))
    }
}

/// The state of a world, for the wire.
pub(crate) fn snapshot(world: &VectorWorld) -> v1::SnapshotResponse {
    v1::SnapshotResponse { state: convert::snapshot_bytes(world) }
}

/// What a command does that concerns the world alone.
pub(crate) fn command_world(
    world: &mut VectorWorld,
    command: &Command,
    hands: &mut Hands,
) -> Result<Outcome, v1::StepError> {
    match command {
        Command::Actions(bytes) => {
            convert::read_actions(bytes, &mut hands.actions)?;
            let batch = world.step(&hands.actions).map_err(|error| convert::lane_step_error(error, "actions"))?;
            hands.encoder.push(batch);
        }
        Command::ActionRows(bytes) => return rows(world, bytes, hands).map(Outcome::Result),
        Command::ResetMask(mask) => {
            let mask = convert::read_mask(mask)?;
            let batch = world.reset(&mask).map_err(|error| convert::lane_step_error(error, "reset_mask"))?;
            hands.encoder.push(batch);
        }
        Command::Restore(state) => {
            *world = restored(world, state)?;
            hands.encoder.push(world.batch());
        }
        Command::Render(settings) => {
            let error = |error: ConvertError| v1::StepError::from(error);
            return crate::service::picture(world, settings).map(Outcome::Picture).map_err(error);
        }
        Command::Snapshot(_) => return Ok(Outcome::Snapshot(snapshot(world))),
        Command::Fork(_) => {
            let reason = "a fork needs a session".to_owned();
            return Err(ConvertError { field: "command", reason }.into());
        }
    }
    Ok(Outcome::Result(hands.encoder.finish(world.info())))
}

/// Several steps at once. Nothing has changed if one of the actions is none; in mode DISABLED the step that ends an episode is the last.
fn rows(world: &mut VectorWorld, bytes: &[u8], hands: &mut Hands) -> Result<v1::StepResult, v1::StepError> {
    let error = |reason: String| v1::StepError::from(ConvertError { field: "action_rows", reason });
    let (lanes, rays) = (world.config().lanes, world.config().options.rays);
    let steps = bytes.len() / lanes;
    if bytes.is_empty() || !bytes.len().is_multiple_of(lanes) {
        return Err(error(format!("{} actions are no whole number of steps of {lanes} lanes", bytes.len())));
    }
    let most = (MAX_ANSWER / (lanes * (2 * rays * size_of::<f32>() + 2 * size_of::<f64>() + 8))).clamp(1, MAX_ROWS);
    if steps > most {
        return Err(error(format!("{steps} steps of {lanes} lanes are more than one answer holds, {most}")));
    }
    if world.info().is_some() {
        return Err(error("this session tells where its cars are: send it one step at a time".to_owned()));
    }
    convert::read_actions(bytes, &mut hands.actions).map_err(|inner| error(inner.reason))?;
    let mut driven = 0;
    for actions in hands.actions.chunks_exact(lanes) {
        let batch = world.step(actions).map_err(|error| convert::lane_step_error(error, "action_rows"))?;
        hands.encoder.push(batch);
        driven += 1;
        if world.config().autoreset == Autoreset::Disabled && !world.batch().finished.is_empty() {
            break;
        }
    }
    Ok(v1::StepResult { steps: driven, ..hands.encoder.finish(None) })
}

/// The world of a snapshot, if it looks the same from outside as `world`.
fn restored(world: &VectorWorld, state: &[u8]) -> Result<VectorWorld, v1::StepError> {
    let snapshot = convert::read_snapshot(state)?;
    let (ours, theirs) = (world.config(), &snapshot.config);
    let differs = [
        ("lanes", ours.lanes != theirs.lanes),
        ("rays", ours.options.rays != theirs.options.rays),
        ("horizon", ours.horizon != theirs.horizon),
        ("autoreset_mode", ours.autoreset != theirs.autoreset),
        ("info", ours.info != theirs.info),
    ];
    if let Some((what, _)) = differs.iter().find(|(_, differs)| *differs) {
        let reason = format!("{what} of the snapshot differs from this session's: make a session of it with Restore");
        return Err(ConvertError { field: "restore", reason }.into());
    }
    Ok(snapshot.resume()?)
}

impl Stream for Driver {
    type Item = Result<v1::StreamResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let driver = &mut *self;
        if driver.over {
            return Poll::Ready(None);
        }
        let answer = if let Poll::Ready(status) = driver.poll_end(context) {
            Err(status)
        } else {
            match ready!(Pin::new(&mut driver.requests).poll_next(context)) {
                None => return Poll::Ready(None),
                Some(Ok(request)) => driver.answer(&request),
                Some(Err(status)) => Err(status),
            }
        };
        if let Err(status) = &answer {
            driver.over = true;
            // A peer that has hung up is no failure of ours.
            if status.code() != Code::Cancelled {
                driver.environment.metrics.failed(status.code());
            }
        }
        Poll::Ready(Some(answer.map(|outcome| v1::StreamResponse { outcome: Some(outcome) })))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(Driven { id, .. }) = &self.driven {
            match self.environment.sessions().close(*id, &self.caller, Instant::now()) {
                Ok(()) | Err(SessionError::NotFound(_)) => info!(session = %id, "session ended"),
                Err(error) => debug!(%error, "a session could not be freed"),
            }
        }
    }
}
