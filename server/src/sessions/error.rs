//! Why a session is not to be had.

use std::time::Duration;

use tonic::Status;

use super::SessionId;

/// Why a session is not to be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The text is no session id.
    #[error("session_id: {0:?} is no session id: use the 32 hexadecimal digits that CreateSession answered")]
    BadId(String),
    /// There is no session of that id, or it is somebody else's.
    #[error("session {0} does not exist: it was closed, or its stream ended; create a new one")]
    NotFound(SessionId),
    /// It was there, and nothing was asked of it for too long.
    #[error("session {id} expired after {seconds} s without traffic: create a new one, with a longer lease, or start the server with a longer --lease", id = .0, seconds = .1.as_secs_f64())]
    Expired(SessionId, Duration),
    /// Another stream drives it.
    #[error("session {0} is driven by another stream or call: create a session for each stream")]
    AlreadyStreaming(SessionId),
    /// The server is full.
    #[error("the server holds {0} sessions, as many as it may: close some, or start it with a larger --max-sessions")]
    TooMany(usize),
    /// The caller has enough.
    #[error(
        "{caller} holds {most} sessions, as many as one caller may: close some, or start the server with a larger --max-sessions-per-caller"
    )]
    TooManyOfCaller {
        /// Who.
        caller: String,
        /// The limit.
        most: usize,
    },
    /// The server's memory for tracks is spoken for.
    #[error(
        "the sessions of this server would hold {wanted} lane-steps (lanes × horizon), more than {most}: close some, use fewer lanes or a shorter horizon, or start it with a larger --max-lane-steps"
    )]
    TooManyLaneSteps {
        /// With the new session.
        wanted: usize,
        /// The limit.
        most: usize,
    },
    /// No new sessions any more.
    #[error("the server is shutting down: try another one, or again later")]
    ShuttingDown,
}

impl From<SessionError> for Status {
    fn from(error: SessionError) -> Self {
        let text = error.to_string();
        match error {
            SessionError::BadId(_) => Self::invalid_argument(text),
            SessionError::NotFound(_) | SessionError::Expired(..) => Self::not_found(text),
            SessionError::AlreadyStreaming(_) => Self::failed_precondition(text),
            SessionError::TooMany(_) | SessionError::TooManyOfCaller { .. } | SessionError::TooManyLaneSteps { .. } => {
                Self::resource_exhausted(text)
            }
            SessionError::ShuttingDown => Self::unavailable(text),
        }
    }
}
