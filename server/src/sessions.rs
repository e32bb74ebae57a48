//! The sessions that the server holds: who may drive one, and when it is freed.
//!
//! Pure: time is an argument. A session waits, until a stream takes its world and drives it; it is gone when that stream
//! ends, when it is closed, or when no stream came within the lease.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use spikedrive_env::VectorWorld;
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// How many sessions there may be, and how long one may wait for its stream.
#[derive(Clone, Copy, Debug)]
pub struct SessionLimits {
    /// Most sessions at a time.
    pub max_sessions: usize,
    /// Time after which a session that no stream drives is freed.
    pub lease: Duration,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self { max_sessions: 1024, lease: Duration::from_secs(600) }
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
}

impl From<SessionError> for Status {
    fn from(error: SessionError) -> Self {
        let text = error.to_string();
        match error {
            SessionError::BadId(_) => Self::invalid_argument(text),
            SessionError::NotFound { .. } => Self::not_found(text),
            SessionError::AlreadyStreaming(_) => Self::failed_precondition(text),
            SessionError::TooMany(_) => Self::resource_exhausted(text),
        }
    }
}

/// All sessions.
#[derive(Debug)]
pub struct Sessions {
    limits: SessionLimits,
    entries: HashMap<SessionId, Entry>,
}

#[derive(Debug)]
enum Entry {
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

    /// Errs when there is no room for another session, after freeing those whose lease ran out.
    pub fn check_room(&mut self, now: Instant) -> Result<(), SessionError> {
        let lease = self.limits.lease;
        self.entries.retain(|_, entry| match entry {
            Entry::Waiting { since, .. } => now.duration_since(*since) < lease,
            Entry::Driven { .. } => true,
        });
        if self.entries.len() < self.limits.max_sessions {
            Ok(())
        } else {
            Err(SessionError::TooMany(self.limits.max_sessions))
        }
    }

    /// Keeps a new session until its stream comes.
    pub fn insert(&mut self, id: SessionId, world: VectorWorld, now: Instant) -> Result<(), SessionError> {
        self.check_room(now)?;
        self.entries.insert(id, Entry::Waiting { world: Box::new(world), since: now });
        Ok(())
    }

    /// Hands a session to the stream that will drive it.
    pub fn drive(&mut self, id: SessionId, now: Instant) -> Result<DrivenSession, SessionError> {
        let lease = self.limits.lease;
        match self.entries.remove(&id) {
            Some(Entry::Waiting { world, since }) if now.duration_since(since) < lease => {
                let closed = CancellationToken::new();
                self.entries.insert(id, Entry::Driven { closed: closed.clone() });
                Ok(DrivenSession { world, closed })
            }
            Some(driven @ Entry::Driven { .. }) => {
                self.entries.insert(id, driven);
                Err(SessionError::AlreadyStreaming(id))
            }
            Some(Entry::Waiting { .. }) | None => Err(SessionError::NotFound { id, lease }),
        }
    }

    /// Frees a session; a stream that drives it is told.
    pub fn close(&mut self, id: SessionId) -> Result<(), SessionError> {
        match self.entries.remove(&id) {
            Some(Entry::Driven { closed }) => closed.cancel(),
            Some(Entry::Waiting { .. }) => {}
            None => return Err(SessionError::NotFound { id, lease: self.limits.lease }),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use spikedrive_env::{Course, Phase, Split, WorldConfig};

    use super::*;

    const LEASE: Duration = Duration::from_secs(600);
    const A: SessionId = SessionId(0xa);
    const B: SessionId = SessionId(0xb);

    fn world() -> VectorWorld {
        let course = Course::Phase { phase: Phase::Straight, split: Split::Train };
        VectorWorld::new(WorldConfig { course, lanes: 1, seed: 0, horizon: 1, first_episode: 0 }).unwrap()
    }

    fn sessions(max_sessions: usize) -> Sessions {
        Sessions::new(SessionLimits { max_sessions, lease: LEASE })
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
        sessions.check_room(later).unwrap();
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
    fn ids_are_32_digits() {
        assert_eq!(A.to_string().parse(), Ok(A));
        for text in ["", "a", "+0000000000000000000000000000000a", "zz", &"0".repeat(33)] {
            assert!(matches!(text.parse::<SessionId>(), Err(SessionError::BadId(_))), "{text}");
        }
    }
}
