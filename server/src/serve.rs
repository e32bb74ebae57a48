//! Runs the services on a bound listener until it is told to stop.

use std::net::SocketAddr;
use std::time::Duration;

use spikedrive_proto::client::root_cause;
use spikedrive_proto::dm_env_rpc::v1::environment_server::EnvironmentServer;
use spikedrive_proto::v1::environment_service_server::EnvironmentServiceServer;
use tokio::net::TcpListener;
use tokio_stream::wrappers::UnixListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;

use crate::dm_env_rpc::Agents;
use crate::listen::{Listener, UnixSocket};
use crate::metrics::Metrics;
use crate::metrics_page::serve_metrics;
use crate::security::{GuardLayer, Security};
use crate::service::Environment;
use crate::sessions::{SessionLimits, Sessions};

/// Streams that have not ended this long after they were told to are cut.
const CUT_AFTER: Duration = Duration::from_secs(3);
/// A dead peer that never spoke is found by TCP itself.
const TCP_KEEPALIVE: Duration = Duration::from_secs(60);
/// A connection is pinged this often, so that a peer that is gone is found.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);
/// Longest message that is taken by default, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 4 << 20;

/// How to serve. The default asks nobody who he is, tells no metrics, and ends at once.
#[derive(Debug)]
pub struct ServeOptions {
    /// How much is held.
    pub limits: SessionLimits,
    /// Who may use the server.
    pub security: Security,
    /// Where `/metrics` is served.
    pub metrics: Option<TcpListener>,
    /// Longest message that is taken, in bytes.
    pub max_message_bytes: usize,
    /// How long streams may go on after a shutdown; there are no new sessions then.
    pub drain: Duration,
    /// Cancelled when a shutdown shall not wait for them any more.
    pub hurry: CancellationToken,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            limits: SessionLimits::default(),
            security: Security::default(),
            metrics: None,
            max_message_bytes: MAX_MESSAGE_BYTES,
            drain: Duration::ZERO,
            hurry: CancellationToken::new(),
        }
    }
}

/// Why serving failed.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The transport failed, or the certificates do not fit.
    #[error("the server stopped: {}", root_cause(.0))]
    Transport(#[from] tonic::transport::Error),
    /// The descriptors that reflection serves are broken.
    #[error("the descriptors are broken: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The metrics are broken.
    #[error("the metrics are broken: {0}")]
    Metrics(#[from] prometheus::Error),
    /// Whoever listens on the network would read the tokens.
    #[error(
        "tokens would travel in the clear to {0}: give --tls-cert and --tls-key, or listen on 127.0.0.1 or a Unix socket"
    )]
    TokensInTheClear(SocketAddr),
    /// The certificate and the key are none, or do not belong together.
    #[error("TLS cannot be spoken with these files: {}; look at --tls-cert, --tls-key and --tls-client-ca", root_cause(.0))]
    Certificates(tonic::transport::Error),
    /// TLS on a socket in the file system.
    #[error("a Unix socket needs no TLS, it never leaves this machine: leave --tls-cert out")]
    TlsOnUnix,
}

/// Serves `spikedrive.v1.EnvironmentService`, `dm_env_rpc.v1.Environment`, gRPC health and reflection (v1 and v1alpha) on `listener` until `shutdown` is
/// cancelled. Then there are no new sessions, streams may go on as long as `options.drain`, what is left ends with UNAVAILABLE, and
/// the call returns.
pub async fn serve(
    listener: impl Into<Listener>,
    options: ServeOptions,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let ServeOptions { limits, security, metrics: page, max_message_bytes, drain, hurry } = options;
    let listener = listener.into();
    security.check(&listener)?;
    let (metrics, stop) = (Metrics::new()?, CancellationToken::new());
    // Whatever ends this ends what was spawned.
    let _ends = stop.clone().drop_guard();
    let environment = Environment::new(Sessions::new(limits), metrics.clone(), stop.clone());
    tokio::spawn(environment.clone().expire_regularly());
    let agents = Agents::new(environment.clone(), limits.lease);
    tokio::spawn(agents.clone().expire_regularly());
    if let Some(page) = page {
        tokio::spawn(serve_metrics(page, environment.clone(), agents.clone(), stop.clone()));
    }
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<EnvironmentServiceServer<Environment>>().await;
    health.set_serving::<EnvironmentServer<Agents>>().await;
    let service = EnvironmentServiceServer::new(environment.clone()).max_decoding_message_size(max_message_bytes);
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(spikedrive_proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let mut server = Server::builder()
        // Each session may have a stream, and all of them one connection.
        .max_concurrent_streams(Some(u32::try_from(limits.max_sessions).unwrap_or(u32::MAX).saturating_add(100)))
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        // An agent that thinks, or is paused, answers no pings: it has as long as a session that no stream drives.
        .http2_keepalive_timeout(Some(limits.lease));
    if let Some(tls) = &security.tls {
        server = server.tls_config(tls.config())?;
    }
    let services = server
        .layer(GuardLayer::new(security.tokens, metrics))
        .add_service(health_service)
        .add_service(service)
        .add_service(EnvironmentServer::new(agents.clone()).max_decoding_message_size(max_message_bytes))
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?);
    let ending = async {
        shutdown.cancelled().await;
        health.set_service_status("", ServingStatus::NotServing).await;
        health.set_not_serving::<EnvironmentServiceServer<Environment>>().await;
        health.set_not_serving::<EnvironmentServer<Agents>>().await;
        environment.sessions().drain();
        tokio::select! {
            () = tokio::time::sleep(drain) => {}
            () = hurry.cancelled() => {}
            () = nobody_drives(&environment, &agents) => {}
        }
        environment.sessions().end_all();
        stop.cancel();
        tokio::time::sleep(CUT_AFTER).await;
    };
    // Until then new connections are told that nothing new begins, and what is driven can be closed.
    let told = stop.clone().cancelled_owned();
    let serving = async {
        match listener {
            Listener::Tcp(listener) => {
                let incoming = TcpIncoming::from(listener).with_nodelay(Some(true)).with_keepalive(Some(TCP_KEEPALIVE));
                services.serve_with_incoming_shutdown(incoming, told).await
            }
            Listener::Unix(UnixSocket { listener, file }) => {
                let served = services.serve_with_incoming_shutdown(UnixListenerStream::new(listener), told).await;
                drop(file);
                served
            }
        }
    };
    let served = tokio::select! {
        served = serving => served,
        () = ending => Ok(()),
    };
    Ok(served?)
}

/// Ready when no stream drives any more.
async fn nobody_drives(environment: &Environment, agents: &Agents) {
    loop {
        // One after the other: the first lock is given back before the second is taken.
        let driven = environment.sessions().driven();
        let joined = agents.joined();
        if driven + joined == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
