//! Runs the dashboard on bound listeners until it is told to stop.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use spikedrive_proto::client::Target;
use spikedrive_proto::v1::telemetry_service_server::TelemetryServiceServer;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Status};

use crate::host::{HostName, Hosts};
use crate::hub::Hub;
use crate::ingest::{MAX_MESSAGE, Telemetry};
use crate::origin::Origin;
use crate::store::Store;
use crate::token::Token;
use crate::web::{self, Guard, Web};

/// Streams and sockets that have not ended this long after a shutdown are cut.
const DRAIN_DEADLINE: Duration = Duration::from_secs(5);

/// A connection of an agent is pinged this often, so that one that is gone is found.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// An agent that does not answer within this time is gone.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);
/// Most people at the wheel.
const MAX_DRIVERS: usize = 8;
/// Most pages that look at live runs.
const MAX_VIEWERS: usize = 256;

/// What a dashboard shows, and to whom.
#[derive(Clone, Debug)]
pub struct Options {
    /// Directory of the runs.
    pub runs: PathBuf,
    /// Environment server for driving by hand.
    pub server: Target,
    /// What browsers and agents must know.
    pub token: Option<Token>,
    /// Whether other machines may come without a token.
    pub insecure_network: bool,
    /// Origins of pages that may use the dashboard beside its own.
    pub allowed_origins: Vec<Origin>,
    /// Names under which browsers may open it, beside those that are known.
    pub allowed_hosts: Vec<HostName>,
}

/// Why serving failed.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Other machines reach the listener, and nothing keeps them out.
    #[error(
        "{0} can be reached from other machines: give a token with --token-file, or say --insecure-network in a closed network"
    )]
    Exposed(SocketAddr),
    /// The transport to the agents failed.
    #[error("the ingest stopped: {0}")]
    Ingest(#[from] tonic::transport::Error),
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
    let hosts = match web_listener.local_addr()?.ip().is_loopback() {
        _ if options.insecure_network => Hosts::Addresses,
        true => Hosts::Loopback,
        false => Hosts::Any,
    };
    let guard = Guard {
        token: options.token.clone(),
        allowed_origins: options.allowed_origins,
        hosts,
        allowed_hosts: options.allowed_hosts,
    };
    let (store, hub) = (Arc::new(Store::new(options.runs)), Arc::new(Hub::new()));
    let telemetry = Telemetry { store: Arc::clone(&store), hub: Arc::clone(&hub), shutdown: shutdown.clone() };
    let ingest = serve_ingest(ingest_listener, telemetry, options.token);
    let web = Web {
        store,
        hub,
        viewers: Arc::new(Semaphore::new(MAX_VIEWERS)),
        drivers: Arc::new(Semaphore::new(MAX_DRIVERS)),
        server: options.server,
        guard: Arc::new(guard),
        shutdown: shutdown.clone(),
    };
    // Pictures are small, and late if they wait for each other.
    let web_listener = web_listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let pages = axum::serve(web_listener, web::router(web)).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let pages = async { Ok(pages.await?) };
    let drained = async {
        shutdown.cancelled().await;
        tokio::time::sleep(DRAIN_DEADLINE).await;
    };
    tokio::select! {
        result = async { tokio::try_join!(ingest, pages) } => result.map(drop),
        () = drained => Ok(()),
    }
}

/// Takes runs from agents that know the token, if there is one.
async fn serve_ingest(listener: TcpListener, telemetry: Telemetry, token: Option<Token>) -> Result<(), ServeError> {
    let shutdown = telemetry.shutdown.clone();
    let check = move |request: Request<()>| {
        let given = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
        match &token {
            Some(token) if !token.admits_header(given) => Err(Status::unauthenticated(
                "the dashboard wants its token: send the metadata `authorization: Bearer TOKEN`",
            )),
            _ => Ok(request),
        }
    };
    let service = TelemetryServiceServer::new(telemetry).max_decoding_message_size(MAX_MESSAGE);
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .add_service(InterceptedService::new(service, check))
        .serve_with_incoming_shutdown(incoming, shutdown.cancelled_owned())
        .await?;
    Ok(())
}
