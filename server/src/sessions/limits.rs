//! How much the server holds, and for how long.

use std::time::Duration;

use spikedrive_env::config::{MAX_HORIZON, MAX_LANE_STEPS, MAX_LANES};
use spikedrive_env::{ConfigError, Course, WorldConfig};

/// Limits of a server.
#[derive(Clone, Copy, Debug)]
pub struct SessionLimits {
    /// Most sessions at a time.
    pub max_sessions: usize,
    /// Most sessions of one caller at a time.
    pub max_sessions_per_caller: usize,
    /// Most lanes of a session.
    pub max_lanes: usize,
    /// Longest horizon, in steps.
    pub max_horizon: usize,
    /// Most lane-steps (lanes × horizon) of all sessions together: what bounds the memory of their tracks.
    pub max_lane_steps: usize,
    /// Time after which a session that no stream drives is freed, if it did not ask for less.
    pub lease: Duration,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            max_sessions: 1024,
            max_sessions_per_caller: 1024,
            max_lanes: MAX_LANES,
            max_horizon: MAX_HORIZON,
            max_lane_steps: 16 * MAX_LANE_STEPS,
            lease: Duration::from_secs(600),
        }
    }
}

impl SessionLimits {
    /// Whether a world is within what a session may have.
    pub fn check(&self, config: &WorldConfig) -> Result<(), ConfigError> {
        let error = |field, value, most| {
            let reason = format!("{value} is more than this server takes, {most}");
            Err(ConfigError { field, reason })
        };
        if config.lanes > self.max_lanes {
            error("lanes", config.lanes, self.max_lanes)
        } else if config.horizon > self.max_horizon {
            error("horizon", config.horizon, self.max_horizon)
        } else {
            Ok(())
        }
    }

    /// The lease of a session that asks for so many seconds, 0 for the server's.
    pub fn lease(&self, seconds: u64) -> Result<Duration, ConfigError> {
        let (asked, most) = (Duration::from_secs(seconds), self.lease);
        if asked > most {
            let reason = format!(
                "{seconds} is more than this server's lease, {} s: ask for less, or start it with a longer --lease",
                most.as_secs()
            );
            return Err(ConfigError { field: "lease_seconds", reason });
        }
        Ok(if seconds == 0 { most } else { asked })
    }
}

/// Lanes × horizon on generated tracks; the lanes of a circuit share one, which counts by its length in units.
pub fn lane_steps(config: &WorldConfig) -> usize {
    match &config.course {
        Course::Phase { .. } => config.lanes * config.horizon,
        Course::Circuit(circuit) => config.lanes + circuit.track().length() as usize,
    }
}
