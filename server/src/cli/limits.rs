//! Flags: how much the server holds.

use std::time::Duration;

use clap::Args;

use crate::serve::MAX_MESSAGE_BYTES;
use crate::sessions::SessionLimits;

/// How much the server holds.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Most sessions at a time.
    #[arg(
        long,
        value_name = "N",
        default_value_t = SessionLimits::default().max_sessions as u32,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000),
        env = "SPIKEDRIVE_MAX_SESSIONS"
    )]
    pub max_sessions: u32,
    /// Most sessions of one caller at a time: the holder of a token or of a client certificate, else an address.
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000),
        env = "SPIKEDRIVE_MAX_SESSIONS_PER_CALLER"
    )]
    pub max_sessions_per_caller: Option<u32>,
    /// Most lanes of a session.
    #[arg(
        long,
        value_name = "N",
        default_value_t = SessionLimits::default().max_lanes as u32,
        value_parser = clap::value_parser!(u32).range(1..=SessionLimits::default().max_lanes as i64),
        env = "SPIKEDRIVE_MAX_LANES"
    )]
    pub max_lanes: u32,
    /// Longest horizon, in steps.
    #[arg(
        long,
        value_name = "STEPS",
        default_value_t = SessionLimits::default().max_horizon as u32,
        value_parser = clap::value_parser!(u32).range(1..=SessionLimits::default().max_horizon as i64),
        env = "SPIKEDRIVE_MAX_HORIZON"
    )]
    pub max_horizon: u32,
    /// Most lanes × horizon of all sessions together: what bounds the memory of their roads.
    #[arg(
        long,
        value_name = "N",
        default_value_t = SessionLimits::default().max_lane_steps as u64,
        value_parser = clap::value_parser!(u64).range(1..=1_000_000_000_000),
        env = "SPIKEDRIVE_MAX_LANE_STEPS"
    )]
    pub max_lane_steps: u64,
    /// Longest message that is taken, in bytes.
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = MAX_MESSAGE_BYTES as u32,
        value_parser = clap::value_parser!(u32).range(1024..=1 << 30),
        env = "SPIKEDRIVE_MAX_MESSAGE_BYTES"
    )]
    pub max_message_bytes: u32,
    /// Seconds after which a session is freed that no stream drives and of which nothing is asked; it may ask for less.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = SessionLimits::default().lease.as_secs(),
        value_parser = clap::value_parser!(u64).range(1..=86_400),
        env = "SPIKEDRIVE_LEASE"
    )]
    pub lease: u64,
}

impl LimitArgs {
    pub(super) fn limits(&self) -> SessionLimits {
        let max_sessions = self.max_sessions as usize;
        SessionLimits {
            max_sessions,
            max_sessions_per_caller: self.max_sessions_per_caller.map_or(max_sessions, |most| most as usize),
            max_lanes: self.max_lanes as usize,
            max_horizon: self.max_horizon as usize,
            max_lane_steps: usize::try_from(self.max_lane_steps).unwrap_or(usize::MAX),
            lease: Duration::from_secs(self.lease),
        }
    }
}
