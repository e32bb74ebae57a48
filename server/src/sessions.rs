//! The sessions that the server holds: who may drive one, and when it is freed.
//!
//! Pure: time is an argument. A session waits, until a stream takes its world and drives it; it is gone when that stream
//! ends, when it is closed, or when no stream came within the lease.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use spikedrive_env::{Course, VectorWorld, WorldConfig};
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// How many sessions there may be, and how long one may wait for its stream.
#[derive(Clone, Copy, Debug)]
pub struct SessionLimits {
    /// Most sessions at a time.
    pub max_sessions: usize,
    /// Most lane-steps (lanes × horizon) of all sessions together: what bounds the memory of their tracks.
    pub max_lane_steps: usize,
    /// Time after which a session that no stream drives is freed.
    pub lease: Duration,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self { max_sessions: 1024, max_lane_steps: 16_000_000, lease: Duration::from_secs(600) }
    }
}

/// 128 random bits, written as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(pub u128);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for SessionId {
    type Err = SessionError;

    fn from_str(text: &str) -> Result<Self, SessionError> {
        let digits_only = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let id = u128::from_str_radix(text, 16).ok().filter(|_| digits_only);
        id.map(Self).ok_or_else(|| SessionError::BadId(text.chars().take(40).collect()))
    }
}

/// Why a session is not to be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The text is no session id.
    #[error("session_id: {0:?} is no session id: use the 32 hexadecimal digits that CreateSession answered")]
    BadId(String),
    /// There is no session of that id.
    #[error("session {id} does not exist: it was closed, its stream ended, or no stream came within {} s; create a new one, or start the server with a longer --lease", lease.as_secs())]
    NotFound {
        /// The id.
        id: SessionId,
        /// The server's lease.
        lease: Duration,
    },
    /// Another stream drives it.
    #[error("session {0} is driven by another stream: create a session for each stream")]
    AlreadyStreaming(SessionId),
    /// The server is full.
    #[error("the server holds {0} sessions, as many as it may: close some, or start it with a larger --max-sessions")]
    TooMany(usize),
    /// The server's memory for tracks is spoken for.
    #[error(
        "the sessions of this server would hold {wanted} lane-steps (lanes × horizon), more than {most}: close some, or use fewer lanes or a shorter horizon"
    )]
    TooManyLaneSteps {
        /// With the new session.
        wanted: usize,
        /// The limit.
        most: usize,
    },
}

impl From<SessionError> for Status {
    fn from(error: SessionError) -> Self {
        let text = error.to_string();
        match error {
            SessionError::BadId(_) => Self::invalid_argument(text),
            SessionError::NotFound { .. } => Self::not_found(text),
            SessionError::AlreadyStreaming(_) => Self::failed_precondition(text),
            SessionError::TooMany(_) | SessionError::TooManyLaneSteps { .. } => Self::resource_exhausted(text),
        }
    }
}

/// All sessions.
#[derive(Debug)]
pub struct Sessions {
    limits: SessionLimits,
    entries: HashMap<SessionId, Entry>,
}

/// A session, and what it holds.
#[derive(Debug)]
struct Entry {
    lane_steps: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    Waiting { world: Box<VectorWorld>, since: Instant },
    Driven { closed: CancellationToken },
}

/// A session that a stream drives.
#[derive(Debug)]
pub struct DrivenSession {
    /// Its world; the stream owns it.
    pub world: Box<VectorWorld>,
    /// Cancelled when somebody closes the session.
    pub closed: CancellationToken,
}

impl Sessions {
    /// No sessions yet.
    pub fn new(limits: SessionLimits) -> Self {
        Self { limits, entries: HashMap::new() }
    }

    /// The limits.
    pub fn limits(&self) -> SessionLimits {
        self.limits
    }

    /// Number of sessions held.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// Frees the sessions that waited longer than their lease.
    pub fn expire(&mut self, now: Instant) {
        let lease = self.limits.lease;
        self.entries.retain(|_, entry| match &entry.state {
            State::Waiting { since, .. } => now.duration_since(*since) < lease,
            State::Driven { .. } => true,
        });
    }

    /// Errs when there is no room for another session of `lane_steps`.
    pub fn check_room(&mut self, lane_steps: usize, now: Instant) -> Result<(), SessionError> {
        self.expire(now);
        let SessionLimits { max_sessions, max_lane_steps: most, .. } = self.limits;
        let wanted = lane_steps + self.entries.values().map(|entry| entry.lane_steps).sum::<usize>();
        if self.entries.len() >= max_sessions {
            Err(SessionError::TooMany(max_sessions))
        } else if wanted > most {
            Err(SessionError::TooManyLaneSteps { wanted, most })
        } else {
            Ok(())
        }
    }

    /// Keeps a new session until its stream comes.
    pub fn insert(&mut self, id: SessionId, world: VectorWorld, now: Instant) -> Result<(), SessionError> {
        let lane_steps = lane_steps(world.config());
        self.check_room(lane_steps, now)?;
        self.entries.insert(id, Entry { lane_steps, state: State::Waiting { world: Box::new(world), since: now } });
        Ok(())
    }

    /// Hands a session to the stream or the call that will drive it.
    pub fn drive(&mut self, id: SessionId, now: Instant) -> Result<DrivenSession, SessionError> {
        self.expire(now);
        let lease = self.limits.lease;
        let entry = self.entries.get_mut(&id).ok_or(SessionError::NotFound { id, lease })?;
        let closed = CancellationToken::new();
        match std::mem::replace(&mut entry.state, State::Driven { closed: closed.clone() }) {
            State::Waiting { world, .. } => Ok(DrivenSession { world, closed }),
            driven @ State::Driven { .. } => {
                entry.state = driven;
                Err(SessionError::AlreadyStreaming(id))
            }
        }
    }

    /// Takes a session back from a unary call that drove it for one step; its lease starts anew. A session that was closed in the
    /// meantime stays closed.
    pub fn park(&mut self, id: SessionId, driven: DrivenSession, now: Instant) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.state = State::Waiting { world: driven.world, since: now };
        }
    }

    /// Frees a session; a stream that drives it is told.
    pub fn close(&mut self, id: SessionId) -> Result<(), SessionError> {
        let entry = self.entries.remove(&id).ok_or(SessionError::NotFound { id, lease: self.limits.lease })?;
        if let State::Driven { closed } = entry.state {
            closed.cancel();
        }
        Ok(())
    }
}

/// Lanes × horizon on generated tracks; the lanes of a circuit share one.
pub fn lane_steps(config: &WorldConfig) -> usize {
    match config.course {
        Course::Phase { .. } => config.lanes * config.horizon,
        Course::Circuit(_) => config.lanes,
    }
}

#[cfg(test)]
mod tests {
    use spikedrive_env::{Phase, Split};

    use super::*;

    const LEASE: Duration = Duration::from_secs(600);
    const A: SessionId = SessionId(0xa);
    const B: SessionId = SessionId(0xb);

    fn world() -> VectorWorld {
        let course = Course::Phase { phase: Phase::Straight, split: Split::Train };
        VectorWorld::new(WorldConfig::base(course, 1, 1)).unwrap()
    }

    fn sessions(max_sessions: usize) -> Sessions {
        Sessions::new(SessionLimits { max_sessions, max_lane_steps: 100, lease: LEASE })
    }

    #[test]
    fn one_stream_drives_a_session_and_its_end_frees_it() {
        let (mut sessions, now) = (sessions(2), Instant::now());
        sessions.insert(A, world(), now).unwrap();
        sessions.drive(A, now).unwrap();
        assert_eq!(sessions.drive(A, now).unwrap_err(), SessionError::AlreadyStreaming(A));
        sessions.close(A).unwrap();
        assert_eq!(sessions.drive(A, now).unwrap_err(), SessionError::NotFound { id: A, lease: LEASE });
        assert!(sessions.close(A).is_err());
    }

    #[test]
    fn a_parked_session_waits_with_a_new_lease_unless_it_was_closed() {
        let (mut sessions, now) = (sessions(2), Instant::now());
        sessions.insert(A, world(), now).unwrap();
        let driven = sessions.drive(A, now + LEASE / 2).unwrap();
        sessions.park(A, driven, now + LEASE / 2);
        let driven = sessions.drive(A, now + LEASE).unwrap();
        sessions.close(A).unwrap();
        sessions.park(A, driven, now + LEASE);
        assert!(sessions.drive(A, now + LEASE).is_err());
    }

    #[test]
    fn closing_a_driven_session_tells_its_stream() {
        let (mut sessions, now) = (sessions(2), Instant::now());
        sessions.insert(A, world(), now).unwrap();
        let driven = sessions.drive(A, now).unwrap();
        assert!(!driven.closed.is_cancelled());
        sessions.close(A).unwrap();
        assert!(driven.closed.is_cancelled());
    }

    #[test]
    fn a_session_that_no_stream_drives_expires_and_a_driven_one_does_not() {
        let (mut sessions, now) = (sessions(2), Instant::now());
        sessions.insert(A, world(), now).unwrap();
        sessions.insert(B, world(), now).unwrap();
        sessions.drive(B, now).unwrap();
        let later = now + LEASE;
        assert!(sessions.drive(A, later).is_err());
        sessions.insert(A, world(), now).unwrap();
        sessions.expire(later);
        assert_eq!(sessions.count(), 1);
        assert_eq!(sessions.drive(B, later).unwrap_err(), SessionError::AlreadyStreaming(B));
    }

    #[test]
    fn a_full_server_says_so() {
        let (mut sessions, now) = (sessions(1), Instant::now());
        sessions.insert(A, world(), now).unwrap();
        let error = sessions.insert(B, world(), now).unwrap_err();
        assert!(error.to_string().contains("holds 1 sessions"));
        sessions.close(A).unwrap();
        sessions.insert(B, world(), now).unwrap();
    }

    #[test]
    fn lane_steps_of_all_sessions_are_bounded() {
        let (mut sessions, now) = (sessions(9), Instant::now());
        sessions.insert(A, world(), now).unwrap();
        assert_eq!(sessions.check_room(99, now), Ok(()));
        let error = sessions.check_room(100, now).unwrap_err();
        assert!(error.to_string().contains("would hold 101 lane-steps (lanes × horizon), more than 100"), "{error}");
    }

    #[test]
    fn ids_are_32_digits() {
        assert_eq!(A.to_string().parse(), Ok(A));
        for text in ["", "a", "+0000000000000000000000000000000a", "zz", &"0".repeat(33)] {
            assert!(matches!(text.parse::<SessionId>(), Err(SessionError::BadId(_))), "{text}");
        }
    }
}
