//! The hot loop: one stream drives one session. It takes no lock: a bell tells it of the session's end, and counters are atomic.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use futures_util::Stream;
use spikedrive_proto::convert::ConvertError;
use spikedrive_proto::v1;
use spikedrive_proto::v1::stream_request::Command;
use spikedrive_proto::v1::stream_response::Outcome;
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::{Code, Status, Streaming};
use tracing::info;

use crate::caller::Caller;
use crate::service::Environment;
use crate::sessions::{DrivenSession, Ending, SessionId};
use crate::stepper::Stepper;

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
    stepper: Stepper,
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
        let Driven { id, session, stepper } = match &mut self.driven {
            Some(driven) => driven,
            None => {
                let id = request.session_id.parse()?;
                let session = self.environment.sessions().drive(id, &self.caller, began)?;
                self.driven.insert(Driven { id, session, stepper: Stepper::default() })
            }
        };
        if !request.session_id.is_empty() && request.session_id.parse() != Ok(*id) {
            let given: String = request.session_id.chars().take(40).collect();
            let reason = format!("{given:?} is not the session of this stream, {id}");
            return Ok(self.environment.rejected(ConvertError { field: "session_id", reason }.into()));
        }
        let world = &mut session.world;
        let driven = world.driven();
        let outcome = match &request.command {
            Some(Command::Fork(_)) => self.environment.fork(*id, world, &self.caller).map(Outcome::Fork),
            Some(command) => stepper.perform(world, command),
            None => {
                Err(ConvertError { field: "command", reason: "missing: give actions or a reset_mask".to_owned() }
                    .into())
            }
        };
        // A world that was restored begins to count anew.
        let driven = world.driven().saturating_sub(driven);
        if driven > 0 {
            self.environment.metrics.stepped(driven, began.elapsed());
        }
        Ok(outcome.unwrap_or_else(|error| self.environment.rejected(error)))
    }
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
            self.environment.sessions().gone(*id);
            info!(session = %id, "session ended");
        }
    }
}
