//! The worlds that the server holds: who drives in them, and when one is freed.
//!
//! Pure: time is an argument. A world is a configuration and room for its first agent; each further agent takes room of its own, for
//! it has a car and a road of its own. A world that nobody is in is freed after the lease.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use spikedrive_env::WorldConfig;
use spikedrive_proto::convert::dm_env_rpc::quoted;
use tonic::Status;

use crate::caller::Caller;
use crate::room::Room;
use crate::sessions::SessionError;

/// Why a world is not to be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum WorldError {
    /// There is none of that name, or it is somebody else's.
    #[error("world_name: {name:?} does not exist: it was destroyed, or nobody was in it for {} s; create one, or start the server with a longer --lease", lease.as_secs())]
    NotFound { name: String, lease: Duration },
    /// The server is full.
    #[error("{0}")]
    Full(#[from] SessionError),
}

impl From<WorldError> for Status {
    fn from(error: WorldError) -> Self {
        match error {
            WorldError::NotFound { .. } => Self::not_found(error.to_string()),
            WorldError::Full(error) => error.into(),
        }
    }
}

/// What those who drive in a world share.
#[derive(Debug)]
pub(super) struct World {
    pub(super) name: String,
    pub(super) config: WorldConfig,
    resets: AtomicU64,
    destroyed: AtomicBool,
}

/// A place in a world. It must be given back by [`Worlds::leave`].
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) world: Arc<World>,
    room: Room,
    /// The resets that this agent knows of.
    resets: u64,
}

impl Seat {
    /// Whether somebody else has reset the world since this was last asked.
    pub(super) fn take_reset(&mut self) -> bool {
        let resets = self.world.resets.load(Ordering::Relaxed);
        std::mem::replace(&mut self.resets, resets) != resets
    }

    /// Whether the world has been destroyed.
    pub(super) fn is_destroyed(&self) -> bool {
        self.world.destroyed.load(Ordering::Relaxed)
    }
}

/// All worlds, by name.
#[derive(Debug)]
pub(super) struct Worlds {
    lease: Duration,
    entries: HashMap<String, Entry>,
    /// How many have expired.
    expiries: u64,
}

#[derive(Debug)]
struct Entry {
    world: Arc<World>,
    owner: Caller,
    occupancy: Occupancy,
}

#[derive(Debug)]
enum Occupancy {
    /// Nobody is in it; the room for its first agent is kept.
    Empty { room: Room, since: Instant },
    /// This many agents are in it.
    Agents(usize),
}

impl Worlds {
    pub(super) fn new(lease: Duration) -> Self {
        Self { lease, entries: HashMap::new(), expiries: 0 }
    }

    /// Frees the worlds that nobody was in for the lease.
    pub(super) fn expire(&mut self, now: Instant) {
        let (lease, before) = (self.lease, self.entries.len());
        self.entries.retain(|_, entry| match entry.occupancy {
            Occupancy::Empty { since, .. } => now.duration_since(since) < lease,
            Occupancy::Agents(_) => true,
        });
        self.expiries += (before - self.entries.len()) as u64;
    }

    /// How many worlds were ever freed by their lease.
    pub(super) fn expiries(&self) -> u64 {
        self.expiries
    }

    /// Number of agents that are in a world.
    pub(super) fn agents(&self) -> usize {
        let agents = self.entries.values().map(|entry| match entry.occupancy {
            Occupancy::Empty { .. } => 0,
            Occupancy::Agents(agents) => agents,
        });
        agents.sum()
    }

    /// Keeps a new world under a name that no other has; `room` is that of its first agent.
    pub(super) fn insert(&mut self, name: String, config: WorldConfig, owner: Caller, room: Room, now: Instant) {
        let (resets, destroyed) = (AtomicU64::new(0), AtomicBool::new(false));
        let world = Arc::new(World { name: name.clone(), config, resets, destroyed });
        self.entries.insert(name, Entry { world, owner, occupancy: Occupancy::Empty { room, since: now } });
    }

    /// Takes a place in a world. `reserve` finds room for an agent that is not the first.
    pub(super) fn join(
        &mut self,
        name: &str,
        caller: &Caller,
        now: Instant,
        reserve: impl FnOnce(&WorldConfig) -> Result<Room, SessionError>,
    ) -> Result<Seat, WorldError> {
        let entry = self.entry(name, caller, now)?;
        let (room, agents) = match std::mem::replace(&mut entry.occupancy, Occupancy::Agents(1)) {
            Occupancy::Empty { room, .. } => (Ok(room), 1),
            Occupancy::Agents(others) => {
                let room = reserve(&entry.world.config);
                let agents = others + usize::from(room.is_ok());
                (room, agents)
            }
        };
        entry.occupancy = Occupancy::Agents(agents);
        let world = Arc::clone(&entry.world);
        let resets = world.resets.load(Ordering::Relaxed);
        Ok(Seat { world, room: room?, resets })
    }

    /// Gives a place back. The last one to leave leaves the room behind for the next.
    pub(super) fn leave(&mut self, seat: Seat, now: Instant) {
        if seat.is_destroyed() {
            return;
        }
        if let Some(Entry { occupancy, .. }) = self.entries.get_mut(&seat.world.name) {
            *occupancy = match occupancy {
                Occupancy::Agents(agents @ 2..) => Occupancy::Agents(*agents - 1),
                _ => Occupancy::Empty { room: seat.room, since: now },
            };
        }
    }

    /// Tells all agents of a world that their episode is over. The lease starts anew.
    pub(super) fn reset(&mut self, name: &str, caller: &Caller, now: Instant) -> Result<(), WorldError> {
        let entry = self.entry(name, caller, now)?;
        entry.world.resets.fetch_add(1, Ordering::Relaxed);
        if let Occupancy::Empty { since, .. } = &mut entry.occupancy {
            *since = now;
        }
        Ok(())
    }

    /// Frees a world; the agents in it are told by an error when they step next.
    pub(super) fn destroy(&mut self, name: &str, caller: &Caller, now: Instant) -> Result<(), WorldError> {
        self.entry(name, caller, now)?.world.destroyed.store(true, Ordering::Relaxed);
        self.entries.remove(name);
        Ok(())
    }

    /// Number of worlds held.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.entries.len()
    }

    /// A world that the caller may use.
    fn entry(&mut self, name: &str, caller: &Caller, now: Instant) -> Result<&mut Entry, WorldError> {
        self.expire(now);
        let entry = self.entries.get_mut(name).filter(|entry| caller.may_use(&entry.owner));
        entry.ok_or_else(|| WorldError::NotFound { name: quoted(name).into_owned(), lease: self.lease })
    }
}

#[cfg(test)]
mod tests {
    use spikedrive_env::{Course, Phase, Split};

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::metrics::Metrics;
    use crate::service::Environment;
    use crate::sessions::{SessionLimits, Sessions};

    const LEASE: Duration = Duration::from_secs(600);

    fn config() -> WorldConfig {
        WorldConfig::base(Course::Phase { phase: Phase::Straight, split: Split::Train }, 1, 10)
    }

    fn ann() -> Caller {
        Caller::Token("ann".into())
    }

    /// A server with room for two sessions, and a world in it.
    fn world(now: Instant) -> (Environment, Worlds) {
        let limits = SessionLimits { max_sessions: 2, max_lane_steps: 100, ..SessionLimits::default() };
        let environment = Environment::new(Sessions::new(limits), Metrics::new().unwrap(), CancellationToken::new());
        let mut worlds = Worlds::new(LEASE);
        worlds.insert("w".to_owned(), config(), ann(), room(&environment).unwrap(), now);
        (environment, worlds)
    }

    fn room(environment: &Environment) -> Result<Room, SessionError> {
        Room::take(environment, &ann(), 10)
    }

    fn join(worlds: &mut Worlds, environment: &Environment, now: Instant) -> Result<Seat, WorldError> {
        worlds.join("w", &ann(), now, |_| room(environment))
    }

    fn full(error: &WorldError) -> bool {
        matches!(error, WorldError::Full(SessionError::TooMany(2)))
    }

    #[test]
    fn the_first_agent_drives_in_the_room_of_its_world_and_others_take_their_own() {
        let now = Instant::now();
        let (environment, mut worlds) = world(now);
        let first = join(&mut worlds, &environment, now).unwrap();
        let second = join(&mut worlds, &environment, now).unwrap();
        assert!(full(&join(&mut worlds, &environment, now).unwrap_err()));
        worlds.leave(first, now);
        let third = join(&mut worlds, &environment, now).unwrap();
        assert!(full(&join(&mut worlds, &environment, now).unwrap_err()));
        worlds.leave(second, now);
        worlds.leave(third, now);
        assert!(room(&environment).is_ok(), "an empty world holds the room of one agent");
        let rejoined = worlds.join("w", &ann(), now, |_| panic!("its room is there")).unwrap();
        worlds.destroy("w", &ann(), now).unwrap();
        drop(rejoined);
        let rooms: Vec<_> = (0..2).map(|_| room(&environment)).collect();
        assert!(rooms.iter().all(Result::is_ok));
    }

    #[test]
    fn a_world_that_nobody_is_in_expires() {
        let now = Instant::now();
        let (_, mut worlds) = world(now);
        let nobody = |_: &WorldConfig| panic!("its room is there");
        let seat = worlds.join("w", &ann(), now, nobody).unwrap();
        worlds.expire(now + LEASE);
        worlds.leave(seat, now + LEASE);
        worlds.reset("w", &ann(), now + LEASE * 3 / 2).unwrap();
        worlds.expire(now + LEASE * 2);
        assert_eq!(worlds.expiries(), 0, "the lease began anew when its agent left");
        let error = worlds.join("w", &ann(), now + LEASE * 5 / 2, nobody).unwrap_err();
        assert_eq!(error, WorldError::NotFound { name: "w".to_owned(), lease: LEASE });
        assert!(error.to_string().contains("nobody was in it for 600 s; create one"), "{error}");
        assert_eq!(worlds.expiries(), 1);
    }

    #[test]
    fn every_agent_learns_of_a_reset_once() {
        let now = Instant::now();
        let (environment, mut worlds) = world(now);
        let mut seats: Vec<_> = (0..2).map(|_| join(&mut worlds, &environment, now).unwrap()).collect();
        worlds.reset("w", &ann(), now).unwrap();
        worlds.reset("w", &ann(), now).unwrap();
        for seat in &mut seats {
            assert!(seat.take_reset());
            assert!(!seat.take_reset());
        }
        worlds.leave(seats.remove(0), now);
        let mut late = join(&mut worlds, &environment, now).unwrap();
        assert!(!late.take_reset(), "that was before its time");
    }

    #[test]
    fn a_destroyed_world_is_gone_for_all() {
        let now = Instant::now();
        let (environment, mut worlds) = world(now);
        let seat = join(&mut worlds, &environment, now).unwrap();
        assert!(!seat.is_destroyed());
        worlds.destroy("w", &ann(), now).unwrap();
        assert!(seat.is_destroyed());
        worlds.leave(seat, now);
        assert!(worlds.destroy("w", &ann(), now).is_err() && worlds.reset("w", &ann(), now).is_err());
    }

    #[test]
    fn a_world_of_a_known_owner_is_nobody_elses() {
        let now = Instant::now();
        let (environment, mut worlds) = world(now);
        for stranger in [Caller::Token("bob".into()), Caller::Anybody("10.0.0.1".into())] {
            assert!(worlds.join("w", &stranger, now, |_| room(&environment)).is_err());
            assert!(worlds.reset("w", &stranger, now).is_err() && worlds.destroy("w", &stranger, now).is_err());
        }
        assert!(join(&mut worlds, &environment, now).is_ok());
        assert_eq!(worlds.agents(), 1);
    }
}
