//! Asks a server whether it serves: for container health checks and scripts.

use std::time::Duration;

use spikedrive_proto::address::Address;
use spikedrive_proto::client::{ClientError, Target, root_cause};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

const TIMEOUT: Duration = Duration::from_secs(5);

/// Why a server is not healthy.
#[derive(Debug, thiserror::Error)]
pub enum Unhealthy {
    /// The address cannot be spoken to with these certificates or this token.
    #[error("{0}")]
    Client(#[from] ClientError),
    /// It cannot be reached.
    #[error("no server answers at {0}: {reason}", reason = root_cause(.1))]
    Unreachable(Address, tonic::transport::Error),
    /// It answers with an error.
    #[error("the server at {0} answers {1}")]
    Failed(Address, Box<tonic::Status>),
    /// It does not serve.
    #[error("the server at {0} is {1:?}")]
    NotServing(Address, ServingStatus),
}

/// Succeeds when the server at `address` says SERVING within 5 seconds.
pub async fn healthcheck(target: &Target) -> Result<(), Unhealthy> {
    let Target { address, security } = target;
    let unreachable = |error| Unhealthy::Unreachable(address.clone(), error);
    let endpoint = target.endpoint()?.connect_timeout(TIMEOUT).timeout(TIMEOUT);
    let channel = endpoint.connect().await.map_err(unreachable)?;
    let mut client = HealthClient::with_interceptor(channel, security.clone());
    let answer = client.check(HealthCheckRequest { service: String::new() }).await;
    match answer.map_err(|status| Unhealthy::Failed(address.clone(), Box::new(status)))?.into_inner().status() {
        ServingStatus::Serving => Ok(()),
        status => Err(Unhealthy::NotServing(address.clone(), status)),
    }
}
