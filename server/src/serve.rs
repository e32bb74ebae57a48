//! Runs the services on a bound listener until it is told to stop.

use std::time::Duration;

use spikedrive_proto::v1::environment_service_server::EnvironmentServiceServer;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use crate::service::Environment;
use crate::sessions::{SessionLimits, Sessions};

/// Streams that have not ended this long after a shutdown are cut.
const DRAIN_DEADLINE: Duration = Duration::from_secs(5);
/// A connection is pinged this often, so that a peer that is gone is found.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);

/// Why serving failed.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The transport failed.
    #[error("the server stopped: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The descriptors that reflection serves are broken.
    #[error("the descriptors are broken: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// Serves `spikedrive.v1.EnvironmentService`, gRPC health and reflection (v1 and v1alpha) on `listener` until `shutdown` is cancelled; then every stream
/// ends with UNAVAILABLE, and the call returns.
pub async fn serve(
    listener: TcpListener,
    limits: SessionLimits,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    let environment = Environment::new(Sessions::new(limits), shutdown.clone());
    tokio::spawn(environment.clone().expire_regularly());
    let environment = EnvironmentServiceServer::new(environment);
    health.set_serving::<EnvironmentServiceServer<Environment>>().await;
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(spikedrive_proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let serving = Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        // An agent that thinks, or is paused, answers no pings: it has as long as a session that no stream drives.
        .http2_keepalive_timeout(Some(limits.lease))
        .add_service(health_service)
        .add_service(environment)
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?)
        .serve_with_incoming_shutdown(incoming, shutdown.clone().cancelled_owned());
    let drained = async {
        shutdown.cancelled().await;
        tokio::time::sleep(DRAIN_DEADLINE).await;
    };
    tokio::select! {
        result = serving => Ok(result?),
        () = drained => Ok(()),
    }
}
