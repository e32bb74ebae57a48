//! Why a command failed, and the exit status that tells it to a script.

use std::io;
use std::path::PathBuf;

use spikedrive_dashboard::cli::DashboardError;
use spikedrive_env::CircuitError;
use spikedrive_learners::snn::error::NetworkError;
use spikedrive_proto::client::ClientError;
use spikedrive_server::cli::ServerError;

use crate::checkpoint::WeightsError;
use crate::env::EnvError;
use crate::stop::INTERRUPTED;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The user asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// The command line asks for something impossible.
    #[error("{0}")]
    Usage(String),
    /// The environment failed.
    #[error("{0}")]
    Env(#[from] EnvError),
    /// The server cannot be reached with these certificates or this token.
    #[error("{0}")]
    Client(#[from] ClientError),
    /// The server failed.
    #[error("{0}")]
    Server(#[from] ServerError),
    /// The dashboard failed.
    #[error("{0}")]
    Dashboard(#[from] DashboardError),
    /// The network is impossible.
    #[error("{0}")]
    Network(#[from] NetworkError),
    /// A weight file was refused.
    #[error("{0}")]
    Weights(#[from] WeightsError),
    /// A circuit file was refused.
    #[error("{}: {error}", path.display())]
    Circuit {
        /// The file.
        path: PathBuf,
        /// Why.
        error: CircuitError,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {error}; choose another place with --out or SPIKEDRIVE_RUNS", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The system refused something else.
    #[error("{0}")]
    System(String),
}

impl Failure {
    /// Whether the user asked for it.
    pub fn is_interruption(&self) -> bool {
        matches!(self, Self::Interrupted | Self::Env(EnvError::Interrupted))
    }

    /// 1 failure, 2 usage, 3 server lost, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        match self {
            _ if self.is_interruption() => INTERRUPTED as u8,
            Self::Usage(_) => 2,
            Self::Env(EnvError::ServerLost { .. }) => 3,
            _ => 1,
        }
    }
}
