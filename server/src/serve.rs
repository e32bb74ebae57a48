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
/// A peer that does not answer a ping, sent this often, within the same time, is taken for gone.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// Serves `spikedrive.v1.EnvironmentService` and gRPC health on `listener` until `shutdown` is cancelled; then every stream
/// ends with UNAVAILABLE, and the call returns.
pub async fn serve(
    listener: TcpListener,
    limits: SessionLimits,
    shutdown: CancellationToken,
) -> Result<(), tonic::transport::Error> {
    let (health, health_service) = tonic_health::server::health_reporter();
    let environment = EnvironmentServiceServer::new(Environment::new(Sessions::new(limits), shutdown.clone()));
    health.set_serving::<EnvironmentServiceServer<Environment>>().await;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let serving = Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .add_service(health_service)
        .add_service(environment)
        .serve_with_incoming_shutdown(incoming, shutdown.clone().cancelled_owned());
    let drained = async {
        shutdown.cancelled().await;
        tokio::time::sleep(DRAIN_DEADLINE).await;
    };
    tokio::select! {
        result = serving => result,
        () = drained => Ok(()),
    }
}
