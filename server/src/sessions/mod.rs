//! The sessions that the server holds: whose they are, who may drive one, and when it is freed.
//!
//! Pure: time is an argument. A session waits, until a stream takes its world and drives it; it is gone when that stream
//! ends, when it is closed, or when nothing was asked of it for its lease. A stream's own end is found by the transport: while its
//! peer answers pings, the session is not idle.

mod ending;
mod error;
mod limits;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use spikedrive_env::{Course, VectorWorld};

pub use ending::{Bell, Ending};
pub use error::SessionError;
pub use limits::{SessionLimits, lane_steps};

use crate::caller::Caller;

/// As many expired sessions are remembered, so that their owners can be told.
const REMEMBERED: usize = 4096;

/// Names a session: 128 random bits, so that nobody finds another's by trying.
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

/// All sessions.
#[derive(Debug)]
pub struct Sessions {
    limits: SessionLimits,
    entries: HashMap<SessionId, Entry>,
    /// Room that something else than a session takes, by its number.
    reserved: HashMap<u64, Reserved>,
    next_reservation: u64,
    /// The last ones that expired.
    expired: VecDeque<Expired>,
    /// How many have expired.
    expiries: u64,
    shutting_down: bool,
}

/// A session, and what it holds.
#[derive(Debug)]
struct Entry {
    owner: Caller,
    facts: Facts,
    created: Instant,
    lease: Duration,
    state: State,
}

#[derive(Debug)]
struct Expired {
    id: SessionId,
    owner: Caller,
    lease: Duration,
}

#[derive(Debug)]
struct Reserved {
    owner: Caller,
    lane_steps: usize,
}

/// What is told of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Such as "phase 4, train" or the name of a circuit.
    pub course: String,
    /// Its lanes.
    pub lanes: usize,
    /// Its horizon, in steps.
    pub horizon: usize,
    lane_steps: usize,
}

impl Facts {
    fn of(world: &VectorWorld) -> Self {
        let config = world.config();
        let course = match &config.course {
            Course::Phase { phase, split } => format!("phase {}, {}", phase.number(), split.name()),
            Course::Circuit(circuit) => circuit.name().to_owned(),
        };
        Self { course, lanes: config.lanes, horizon: config.horizon, lane_steps: lane_steps(config) }
    }
}

#[derive(Debug)]
enum State {
    Waiting {
        world: Box<VectorWorld>,
        since: Instant,
    },
    Driven {
        bell: Arc<Bell>,
    },
    /// Closed, and its world still in the hands of a stream that has not heard of it: nobody can use it, but it takes room.
    Closing,
}

/// A session that a stream drives.
#[derive(Debug)]
pub struct DrivenSession {
    /// Its world; the stream owns it.
    pub world: Box<VectorWorld>,
    /// Rung when the session ends.
    pub bell: Arc<Bell>,
}

/// A session as its owner may see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Its id.
    pub id: SessionId,
    /// What it is.
    pub facts: Facts,
    /// Whether a stream drives it.
    pub streaming: bool,
    /// Time since it was made.
    pub age: Duration,
    /// Time since something was asked of it; 0 while a stream drives it.
    pub idle: Duration,
    /// Its lease.
    pub lease: Duration,
}

impl Sessions {
    /// No sessions yet.
    pub fn new(limits: SessionLimits) -> Self {
        Self {
            limits,
            entries: HashMap::new(),
            reserved: HashMap::new(),
            next_reservation: 0,
            expired: VecDeque::new(),
            expiries: 0,
            shutting_down: false,
        }
    }

    /// The limits.
    pub fn limits(&self) -> SessionLimits {
        self.limits
    }

    /// Number of sessions held and of their lanes. What has room reserved counts as a session of one lane.
    pub fn count(&self) -> (usize, usize) {
        let lanes = self.entries.values().map(|entry| entry.facts.lanes).sum::<usize>();
        (self.entries.len() + self.reserved.len(), lanes + self.reserved.len())
    }

    /// Number of sessions that a stream drives.
    pub fn driven(&self) -> usize {
        self.entries.values().filter(|entry| matches!(entry.state, State::Driven { .. })).count()
    }

    /// How many sessions were ever freed by their lease.
    pub fn expiries(&self) -> u64 {
        self.expiries
    }

    /// Frees the sessions of which nothing was asked for longer than their lease.
    pub fn expire(&mut self, now: Instant) {
        let Self { entries, expired, expiries, .. } = self;
        entries.retain(|id, entry| {
            let alive = !entry.has_expired(now);
            if !alive {
                expired.push_back(Expired { id: *id, owner: entry.owner.clone(), lease: entry.lease });
                *expiries += 1;
            }
            alive
        });
        expired.drain(..expired.len().saturating_sub(REMEMBERED));
    }

    /// Errs when `caller` may not have another session of `lane_steps`.
    pub fn check_room(&mut self, caller: &Caller, lane_steps: usize, now: Instant) -> Result<(), SessionError> {
        self.expire(now);
        let SessionLimits { max_sessions, max_sessions_per_caller, max_lane_steps: most, .. } = self.limits;
        let held = self.entries.values().map(|entry| (&entry.owner, entry.facts.lane_steps));
        let held = || held.clone().chain(self.reserved.values().map(|held| (&held.owner, held.lane_steps)));
        let wanted = lane_steps + held().map(|(_, lane_steps)| lane_steps).sum::<usize>();
        if self.shutting_down {
            Err(SessionError::ShuttingDown)
        } else if held().count() >= max_sessions {
            Err(SessionError::TooMany(max_sessions))
        } else if held().filter(|(owner, _)| *owner == caller).count() >= max_sessions_per_caller {
            Err(SessionError::TooManyOfCaller { caller: caller.to_string(), most: max_sessions_per_caller })
        } else if wanted > most {
            Err(SessionError::TooManyLaneSteps { wanted, most })
        } else {
            Ok(())
        }
    }

    /// Keeps a new session until its stream comes, in the room that was reserved for it.
    pub fn insert(
        &mut self,
        id: SessionId,
        world: VectorWorld,
        reservation: u64,
        lease: Duration,
        now: Instant,
    ) -> Result<(), SessionError> {
        if self.shutting_down {
            return Err(SessionError::ShuttingDown);
        }
        let Some(Reserved { owner, lane_steps }) = self.reserved.remove(&reservation) else {
            return Err(SessionError::NotFound(id));
        };
        let facts = Facts { lane_steps, ..Facts::of(&world) };
        let state = State::Waiting { world: Box::new(world), since: now };
        self.entries.insert(id, Entry { owner, facts, created: now, lease, state });
        Ok(())
    }

    /// Hands a session to the stream or the call that will drive it.
    pub fn drive(&mut self, id: SessionId, caller: &Caller, now: Instant) -> Result<DrivenSession, SessionError> {
        if self.shutting_down {
            return Err(SessionError::ShuttingDown);
        }
        let entry = self.entry(id, caller, now)?;
        let bell = Arc::<Bell>::default();
        match std::mem::replace(&mut entry.state, State::Driven { bell: Arc::clone(&bell) }) {
            State::Waiting { world, .. } => Ok(DrivenSession { world, bell }),
            other => {
                entry.state = other;
                Err(SessionError::AlreadyStreaming(id))
            }
        }
    }

    /// The lease of a session; of none, the server's.
    pub fn lease(&self, id: SessionId) -> Duration {
        self.entries.get(&id).map_or(self.limits.lease, |entry| entry.lease)
    }

    /// Takes a session back from a unary call that drove it for one step; its lease starts anew. A session that was closed in the
    /// meantime stays closed.
    pub fn park(&mut self, id: SessionId, driven: DrivenSession, now: Instant) {
        match self.entries.get_mut(&id) {
            Some(Entry { state: State::Closing, .. }) => self.gone(id),
            Some(entry) => entry.state = State::Waiting { world: driven.world, since: now },
            None => {}
        }
    }

    /// Ends a session; a stream that drives it is told, and gives its room back when it has heard.
    pub fn close(&mut self, id: SessionId, caller: &Caller, now: Instant) -> Result<(), SessionError> {
        let entry = self.entry(id, caller, now)?;
        match std::mem::replace(&mut entry.state, State::Closing) {
            State::Driven { bell } => bell.ring(Ending::Closed),
            State::Waiting { .. } | State::Closing => self.gone(id),
        }
        Ok(())
    }

    /// Gives back the room of a session that its stream has let go of.
    pub fn gone(&mut self, id: SessionId) {
        self.entries.remove(&id);
    }

    /// The sessions of a caller, the oldest first.
    pub fn list(&self, caller: &Caller, now: Instant) -> Vec<Summary> {
        let own = self.entries.iter().filter(|(_, entry)| entry.owner == *caller);
        let mut list: Vec<Summary> = own.map(|(&id, entry)| entry.summary(id, now)).collect();
        list.sort_by_key(|summary| (std::cmp::Reverse(summary.age), summary.id.0));
        list
    }

    /// Keeps room for something else than a session, until [`Sessions::release`].
    pub fn reserve(&mut self, owner: Caller, lane_steps: usize, now: Instant) -> Result<u64, SessionError> {
        self.check_room(&owner, lane_steps, now)?;
        self.next_reservation += 1;
        self.reserved.insert(self.next_reservation, Reserved { owner, lane_steps });
        Ok(self.next_reservation)
    }

    /// Gives room back.
    pub fn release(&mut self, reservation: u64) {
        self.reserved.remove(&reservation);
    }

    /// Takes no new sessions and streams from now on; those that are driven go on.
    pub fn drain(&mut self) {
        self.shutting_down = true;
    }

    /// Ends all sessions; the streams that drive them are told.
    pub fn end_all(&mut self) {
        self.shutting_down = true;
        for (_, entry) in self.entries.drain() {
            if let State::Driven { bell } = entry.state {
                bell.ring(Ending::ShuttingDown);
            }
        }
    }

    /// A session that the caller may use.
    fn entry(&mut self, id: SessionId, caller: &Caller, now: Instant) -> Result<&mut Entry, SessionError> {
        let usable = |entry: &Entry| caller.may_use(&entry.owner) && !matches!(entry.state, State::Closing);
        if !self.entries.get(&id).is_some_and(usable) {
            let expired = self.expired.iter().find(|expired| expired.id == id && caller.may_use(&expired.owner));
            return Err(expired.map_or(SessionError::NotFound(id), |expired| SessionError::Expired(id, expired.lease)));
        }
        let entry = self.entries.get_mut(&id).ok_or(SessionError::NotFound(id))?;
        if entry.has_expired(now) { Err(SessionError::Expired(id, entry.lease)) } else { Ok(entry) }
    }
}

impl Entry {
    fn has_expired(&self, now: Instant) -> bool {
        matches!(self.state, State::Waiting { since, .. } if now.saturating_duration_since(since) >= self.lease)
    }

    fn summary(&self, id: SessionId, now: Instant) -> Summary {
        let idle = match self.state {
            State::Waiting { since, .. } => now.saturating_duration_since(since),
            State::Driven { .. } | State::Closing => Duration::ZERO,
        };
        Summary {
            id,
            facts: self.facts.clone(),
            streaming: matches!(self.state, State::Driven { .. }),
            age: now.saturating_duration_since(self.created),
            idle,
            lease: self.lease,
        }
    }
}

#[cfg(test)]
mod tests;
