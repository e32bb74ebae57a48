//! Runs the dashboard on bound listeners until it is told to stop.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use spikedrive_proto::address::Address;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::origin::Origin;
use crate::store::Store;
use crate::token::Token;
use crate::web::{self, Guard, Web};

/// Streams and sockets that have not ended this long after a shutdown are cut.
const DRAIN_DEADLINE: Duration = Duration::from_secs(5);

/// What a dashboard shows, and to whom.
#[derive(Clone, Debug)]
pub struct Options {
    /// Directory of the runs.
    pub runs: PathBuf,
    /// Environment server for driving by hand.
    pub server: Address,
    /// What browsers and agents must know.
    pub token: Option<Token>,
    /// Whether other machines may come without a token.
    pub insecure_network: bool,
    /// Origins of pages that may use the dashboard beside its own.
    pub allowed_origins: Vec<Origin>,
}

/// Why serving failed.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Other machines reach the listener, and nothing keeps them out.
    #[error(
        "{0} can be reached from other machines: give a token with --token-file, or say --insecure-network in a closed network"
    )]
    Exposed(SocketAddr),
    /// A listener failed.
    #[error("the dashboard stopped: {0}")]
    Listener(#[from] io::Error),
}

/// Takes runs on `ingest_listener` and shows pages on `web_listener` until `shutdown` is cancelled; then every stream and socket
/// ends, and the call returns.
pub async fn serve(
    ingest_listener: TcpListener,
    web_listener: TcpListener,
    options: Options,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    for listener in [&ingest_listener, &web_listener] {
        let address = listener.local_addr()?;
        if !address.ip().is_loopback() && options.token.is_none() && !options.insecure_network {
            return Err(ServeError::Exposed(address));
        }
    }
    let guard = Guard {
        token: options.token.clone(),
        allowed_origins: options.allowed_origins,
        // On loopback a page of another origin could come under a name that resolves to this machine.
        check_host: web_listener.local_addr()?.ip().is_loopback() && !options.insecure_network,
    };
    let web = Web {
        store: Arc::new(Store::new(options.runs)),
        server: options.server,
        guard: Arc::new(guard),
        shutdown: shutdown.clone(),
    };
    let pages = axum::serve(web_listener, web::router(web)).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let drained = async {
        shutdown.cancelled().await;
        tokio::time::sleep(DRAIN_DEADLINE).await;
    };
    tokio::select! {
        result = pages => Ok(result?),
        () = drained => Ok(()),
    }
}
