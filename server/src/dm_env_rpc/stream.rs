//! The service `dm_env_rpc.v1.Environment`: one stream for each agent.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::Stream;
use futures_util::stream::unfold;
use spikedrive_proto::convert::dm_env_rpc::wire_status;
use spikedrive_proto::dm_env_rpc::v1::environment_request::Payload as Request;
use spikedrive_proto::dm_env_rpc::v1::environment_response::Payload as Response;
use spikedrive_proto::dm_env_rpc::v1::environment_server;
use spikedrive_proto::dm_env_rpc::v1::{EnvironmentRequest, EnvironmentResponse};
use tonic::{Code, Status};

use super::connection::Connection;
use super::worlds::Worlds;
use crate::service::{Environment, caller};

/// How often worlds that nobody is in are looked for.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(1);

/// The service: worlds, and the agents that drive in them.
#[derive(Clone, Debug)]
pub(crate) struct Agents {
    environment: Environment,
    worlds: Arc<Mutex<Worlds>>,
}

impl Agents {
    /// No worlds yet. Those to come count against the limits of `environment`.
    pub(crate) fn new(environment: Environment, lease: Duration) -> Self {
        Self { environment, worlds: Arc::new(Mutex::new(Worlds::new(lease))) }
    }

    /// Number of agents that are in a world.
    pub(crate) fn joined(&self) -> usize {
        self.worlds().agents()
    }

    /// How many worlds were ever freed by their lease.
    pub(crate) fn expiries(&self) -> u64 {
        self.worlds().expiries()
    }

    fn worlds(&self) -> MutexGuard<'_, Worlds> {
        self.worlds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Frees the worlds that nobody was in for the lease, until the server stops.
    pub(crate) async fn expire_regularly(self) {
        let mut ticks = tokio::time::interval(EXPIRY_INTERVAL);
        while self.environment.stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.worlds().expire(Instant::now());
        }
    }
}

#[tonic::async_trait]
impl environment_server::Environment for Agents {
    type ProcessStream = Pin<Box<dyn Stream<Item = Result<EnvironmentResponse, Status>> + Send>>;

    async fn process(
        &self,
        request: tonic::Request<tonic::Streaming<EnvironmentRequest>>,
    ) -> Result<tonic::Response<Self::ProcessStream>, Status> {
        let connection = Connection::new(self.environment.clone(), Arc::clone(&self.worlds), caller(&request));
        let exchange = Exchange { requests: request.into_inner(), connection, environment: self.environment.clone() };
        Ok(tonic::Response::new(Box::pin(unfold(Some(exchange), Exchange::answer_next))))
    }
}

/// A stream of requests, and what answers them.
struct Exchange {
    requests: tonic::Streaming<EnvironmentRequest>,
    connection: Connection,
    environment: Environment,
}

impl Exchange {
    /// Waits for the next request and answers it; `None` ends the stream, and a status ends it after being sent.
    async fn answer_next(exchange: Option<Self>) -> Option<(Result<EnvironmentResponse, Status>, Option<Self>)> {
        let Self { mut requests, connection, environment } = exchange?;
        let request = tokio::select! {
            biased;
            () = environment.stop.cancelled() => Err(Status::unavailable("the server is shutting down")),
            request = requests.message() => request,
        };
        let answered = match request {
            Ok(None) => return None,
            Ok(Some(request)) => answer(connection, request, &environment).await,
            Err(status) => Err(status),
        };
        Some(match answered {
            Ok((connection, response)) => (Ok(response), Some(Self { requests, connection, environment })),
            Err(status) => {
                // A peer that has hung up is no failure of ours.
                if status.code() != Code::Cancelled {
                    environment.metrics.failed(status.code());
                }
                (Err(status), None)
            }
        })
    }
}

/// Answers one request, by an error where it cannot be done.
async fn answer(
    mut connection: Connection,
    request: EnvironmentRequest,
    environment: &Environment,
) -> Result<(Connection, EnvironmentResponse), Status> {
    let began = Instant::now();
    let (connection, answered) = match request.payload {
        None => {
            (connection, Err(Status::invalid_argument("payload: missing, or not of dm_env_rpc v1: send a request")))
        }
        // Reading a circuit and laying out a long track take long enough to keep them off the network's threads.
        Some(request @ (Request::CreateWorld(_) | Request::JoinWorld(_))) => {
            let blocking = move || {
                let answered = connection.answer(request);
                (connection, answered)
            };
            environment.build(blocking).await?
        }
        Some(request) => {
            let answered = connection.answer(request);
            (connection, answered)
        }
    };
    match &answered {
        Ok(Response::Step(_)) => environment.metrics.stepped(1, began.elapsed()),
        Ok(_) => {}
        Err(status) => environment.metrics.failed(status.code()),
    }
    let payload = answered.unwrap_or_else(|status| Response::Error(wire_status(&status)));
    Ok((connection, EnvironmentResponse { payload: Some(payload) }))
}
