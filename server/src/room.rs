//! Room among the sessions of the server, before there is a session, or for what never becomes one.

use crate::caller::Caller;
use crate::service::Environment;
use crate::sessions::SessionError;

use std::time::Instant;

/// Room that counts as a session of its owner. It is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    environment: Environment,
    reservation: u64,
}

impl Room {
    /// Takes room for `lane_steps`, if there is.
    pub(crate) fn take(environment: &Environment, owner: &Caller, lane_steps: usize) -> Result<Self, SessionError> {
        let reservation = environment.sessions().reserve(owner.clone(), lane_steps, Instant::now())?;
        Ok(Self { environment: environment.clone(), reservation })
    }

    /// What the sessions know it by.
    pub(crate) fn number(&self) -> u64 {
        self.reservation
    }
}

/// Whoever drops it must not hold the lock of the sessions. Locks are taken in this order: dm_env_rpc's worlds, then sessions.
impl Drop for Room {
    fn drop(&mut self) {
        self.environment.sessions().release(self.reservation);
    }
}
