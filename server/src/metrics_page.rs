//! `/metrics`, for Prometheus.

use std::io;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::dm_env_rpc::Agents;
use crate::metrics::Held;
use crate::service::Environment;

/// Serves the metrics until the server stops.
pub(crate) async fn serve_metrics(
    listener: TcpListener,
    environment: Environment,
    agents: Agents,
    stop: CancellationToken,
) -> io::Result<()> {
    let pages = Router::new().route("/metrics", get(metrics)).with_state((environment, agents));
    axum::serve(listener, pages).with_graceful_shutdown(stop.cancelled_owned()).await
}

async fn metrics(State((environment, agents)): State<(Environment, Agents)>) -> Response {
    // The lock of the worlds is given back before that of the sessions is taken.
    let worlds = agents.expiries();
    let text = {
        // Under the lock, so that two who ask at once do not both add what has expired since the last time.
        let sessions = environment.sessions();
        let ((held, lanes), expiries) = (sessions.count(), sessions.expiries() + worlds);
        environment.metrics.text(Held { sessions: held, lanes, expiries })
    };
    match text {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
