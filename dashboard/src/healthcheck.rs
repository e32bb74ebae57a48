//! Asks a dashboard whether it serves: for container health checks and scripts.

use std::time::Duration;

use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use spikedrive_proto::address::Address;
use tokio::net::TcpStream;

const TIMEOUT: Duration = Duration::from_secs(5);

/// Why a dashboard is not healthy.
#[derive(Debug, thiserror::Error)]
pub enum Unhealthy {
    /// It cannot be reached.
    #[error("no dashboard answers at {0}: {1}")]
    Unreachable(Address, String),
    /// It answers with another status than 200.
    #[error("the dashboard at {0} answers {1}")]
    Failed(Address, StatusCode),
}

/// Succeeds when the dashboard at `address` answers `GET /api/health` with 200 within 5 seconds.
pub async fn healthcheck(address: &Address) -> Result<(), Unhealthy> {
    let unreachable = |reason: String| Unhealthy::Unreachable(address.clone(), reason);
    let answer = tokio::time::timeout(TIMEOUT, ask(address)).await;
    let status = answer.map_err(|_| unreachable(format!("nothing within {} s", TIMEOUT.as_secs())))?;
    match status.map_err(|error| unreachable(error.to_string()))? {
        StatusCode::OK => Ok(()),
        status => Err(Unhealthy::Failed(address.clone(), status)),
    }
}

async fn ask(address: &Address) -> Result<StatusCode, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(address.to_string()).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get("/api/health").header("host", address.to_string()).body(Empty::<&[u8]>::new())?;
    let answer = async { Ok(sender.send_request(request).await?.status()) };
    // The connection must be driven for the answer to arrive.
    tokio::select! {
        answer = answer => answer,
        result = connection => Err(result.err().map_or_else(|| "the connection was closed".into(), Into::into)),
    }
}
