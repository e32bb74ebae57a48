//! The flags that say who may look at a run.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use spikedrive_proto::address::Address;

use crate::failure::Failure;
use crate::files::read_text;
use crate::telemetry::Dashboard;
use crate::watcher::Onlookers;

/// Who may look at a run while it goes on, and afterwards.
#[derive(Args, Clone, Debug)]
pub struct OnlookerArgs {
    /// Tell this dashboard of the run; one that is not there is told when it comes, and training never waits for it.
    #[arg(long, value_name = "HOST:PORT", env = "SPIKEDRIVE_DASHBOARD", help_heading = "Dashboard")]
    pub dashboard: Option<Address>,
    /// File with the token that the dashboard wants to see.
    #[arg(long, value_name = "FILE", env = "SPIKEDRIVE_DASHBOARD_TOKEN_FILE", help_heading = "Dashboard")]
    pub dashboard_token_file: Option<PathBuf>,
    /// Keep the first episode, every fiftieth, new bests and crashes, and what the trained network drives on the test tracks.
    #[arg(
        long,
        value_name = "on|off",
        default_value = "on",
        env = "SPIKEDRIVE_RECORDINGS",
        help_heading = "Dashboard"
    )]
    pub recordings: Recordings,
}

/// Whether episodes are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Recordings {
    /// Some are kept.
    On,
    /// None is kept.
    Off,
}

impl OnlookerArgs {
    /// Who may look; reads the token's file.
    pub fn onlookers(&self) -> Result<Onlookers, Failure> {
        let token = self.dashboard_token_file.as_deref().map(read_text).transpose()?;
        let token = token.map(|text| text.trim().to_owned());
        let dashboard = self.dashboard.clone().map(|address| Dashboard { address, token });
        Ok(Onlookers { dashboard, recordings: self.recordings == Recordings::On })
    }
}
