//! The environment over gRPC: one bidirectional stream for each vector of lanes.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use spikedrive_env::{Action, ENVIRONMENT_ID, LaneInfo, StepBatch, WorldConfig};
use spikedrive_proto::address::Address;
use spikedrive_proto::client::{ClientError, ClientSecurity, Target, root_cause};
use spikedrive_proto::convert::{self, ConvertError};
use spikedrive_proto::v1::environment_service_client::EnvironmentServiceClient;
use spikedrive_proto::v1::{self, stream_request::Command, stream_response::Outcome};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

use super::{EnvError, EnvFactory, VectorEnv};
use crate::stop::StopFlag;

/// A server that does not answer within so many slices is lost.
const TIMEOUT_SLICES: u32 = 150;
/// How long a wait may be deaf to the user.
const SLICE: Duration = Duration::from_millis(200);
/// A server that cannot be connected to within this time is lost.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

type Client = EnvironmentServiceClient<InterceptedService<Channel, ClientSecurity>>;

/// Makes worlds on a server.
///
/// It is driven by a runtime of the calling thread alone: in lock-step with one server that is three times as fast as a
/// runtime with threads of its own.
#[derive(Clone, Debug)]
pub struct RemoteFactory {
    connection: Rc<Connection>,
}

#[derive(Debug)]
struct Connection {
    runtime: Runtime,
    client: Client,
    address: Address,
    stop: StopFlag,
}

impl RemoteFactory {
    /// Connects, and checks that the server speaks this protocol and hosts this world.
    pub fn connect(address: &Address) -> Result<Self, EnvError> {
        Self::connect_until(&address.clone().into(), &StopFlag::default())
    }

    /// Connects; whatever waits for the server ends when `stop` is set.
    pub fn connect_until(target: &Target, stop: &StopFlag) -> Result<Self, EnvError> {
        let Target { address, security } = target;
        let lost = |reason: String| EnvError::ServerLost { address: address.clone(), reason };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| lost(error.to_string()))?;
        let refused = |error: ClientError| EnvError::Refused { address: address.clone(), reason: error.to_string() };
        let endpoint = target.endpoint().map_err(refused)?.connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true);
        let channel = runtime
            .block_on(endpoint.connect())
            .map_err(|error| lost(format!("{}; start one there with `spikedrive serve`", root_cause(&error))))?;
        let client = EnvironmentServiceClient::with_interceptor(channel, security.clone());
        let connection = Connection { runtime, client, address: address.clone(), stop: stop.clone() };
        let spec = connection.call(|mut client| async move {
            client.get_spec(v1::GetSpecRequest { protocol_major: spikedrive_proto::PROTOCOL_MAJOR }).await
        })?;
        if spec.environment_id != ENVIRONMENT_ID {
            let reason = format!(
                "it hosts {:?}, this agent drives {ENVIRONMENT_ID:?}: use the same version of both",
                spec.environment_id
            );
            return Err(EnvError::Refused { address: address.clone(), reason });
        }
        Ok(Self { connection: Rc::new(connection) })
    }
}

impl EnvFactory for RemoteFactory {
    fn make(&self, config: &WorldConfig) -> Result<Box<dyn VectorEnv>, EnvError> {
        let connection = Rc::clone(&self.connection);
        let request = v1::CreateSessionRequest::from(config);
        let session = connection.call(|mut client| async move { client.create_session(request).await })?;
        let rays = config.options.rays;
        let observations = convert::read_observations(&session.observations, config.lanes, rays)
            .map_err(|error| connection.broken(&error))?;
        let (requests, receiver) = mpsc::channel(1);
        let responses =
            connection.call(|mut client| async move { client.stream(ReceiverStream::new(receiver)).await })?;
        let (rewards, ends) = (vec![0.0; config.lanes], vec![None; config.lanes]);
        let batch = StepBatch { observations, rewards, ends, final_observations: Vec::new(), finished: Vec::new() };
        let info = if config.info { connection.info(session.info.as_ref(), config.lanes)? } else { None };
        Ok(Box::new(Remote { connection, session_id: session.session_id, requests, responses, batch, info, rays }))
    }
}

struct Remote {
    connection: Rc<Connection>,
    session_id: String,
    requests: mpsc::Sender<v1::StreamRequest>,
    responses: Streaming<v1::StreamResponse>,
    batch: StepBatch,
    info: Option<LaneInfo>,
    rays: usize,
}

impl VectorEnv for Remote {
    fn observations(&self) -> &[f32] {
        &self.batch.observations
    }

    fn step(&mut self, actions: &[Action]) -> Result<&StepBatch, EnvError> {
        let result = self.exchange(Command::Actions(convert::action_bytes(actions).into()))?;
        let (lanes, rays) = (self.batch.rewards.len(), self.rays);
        self.batch = convert::read_step(&result, lanes, rays).map_err(|error| self.connection.broken(&error))?;
        if self.info.is_some() {
            self.info = self.connection.info(result.info.as_ref(), lanes)?;
        }
        Ok(&self.batch)
    }

    fn info(&self) -> Option<&LaneInfo> {
        self.info.as_ref()
    }

    /// Resets no lane: the server answers with the present observations. It also gives this side the time to answer the server's
    /// pings, which are answered only while it waits.
    fn keep_alive(&mut self) -> Result<(), EnvError> {
        self.exchange(Command::ResetMask(vec![0; self.batch.rewards.len()].into())).map(|_| ())
    }
}

impl Remote {
    /// One command on the stream, and its answer.
    fn exchange(&mut self, command: Command) -> Result<v1::StepResult, EnvError> {
        let Self { connection, session_id, requests, responses, .. } = self;
        // Only the first request needs the session's id; an empty one is shorter.
        let request = v1::StreamRequest { session_id: std::mem::take(session_id), command: Some(command) };
        let exchange = async {
            // A closed channel means that the stream has ended: the status that ended it comes from `message`.
            let _ = requests.send(request).await;
            responses.message().await
        };
        let response = connection.wait(exchange)?;
        match response.and_then(|response| response.outcome) {
            Some(Outcome::Result(result)) => Ok(result),
            Some(Outcome::Error(v1::StepError { field, message, .. })) => {
                Err(EnvError::Refused { address: connection.address.clone(), reason: format!("{field}: {message}") })
            }
            Some(_) => Err(connection.lost("it answers something else".to_owned())),
            None => Err(connection.lost("the stream ended".to_owned())),
        }
    }
}

impl Connection {
    /// One unary call, or the opening of a stream.
    fn call<T, F>(&self, call: impl FnOnce(Client) -> F) -> Result<T, EnvError>
    where
        F: Future<Output = Result<tonic::Response<T>, Status>>,
    {
        Ok(self.wait(call(self.client.clone()))?.into_inner())
    }

    /// Waits for an answer, slice by slice: a process that was paused for long has missed one slice only, and a user who wants
    /// to stop need not wait for a server that is stuck.
    fn wait<T>(&self, answer: impl Future<Output = Result<T, Status>>) -> Result<T, EnvError> {
        self.runtime.block_on(async {
            let mut answer = std::pin::pin!(answer);
            for _ in 0..TIMEOUT_SLICES {
                match tokio::time::timeout(SLICE, answer.as_mut()).await {
                    Ok(answer) => return answer.map_err(|status| self.failed(&status)),
                    Err(_) if self.stop.is_set() => return Err(EnvError::Interrupted),
                    Err(_) => {}
                }
            }
            Err(self.lost(format!("no answer within {} s", (SLICE * TIMEOUT_SLICES).as_secs())))
        })
    }

    fn failed(&self, status: &Status) -> EnvError {
        match status.code() {
            // OUT_OF_RANGE: the request is longer than the server takes.
            Code::InvalidArgument
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::ResourceExhausted
            | Code::Unimplemented => {
                EnvError::Refused { address: self.address.clone(), reason: status.message().to_owned() }
            }
            code => {
                let cause = std::error::Error::source(status)
                    .map(|error| format!(" ({})", root_cause(error)))
                    .unwrap_or_default();
                self.lost(format!("{code:?}: {}{cause}", status.message()))
            }
        }
    }

    /// The info that was asked for. A server that sends none is older than that: there are no pictures then.
    fn info(&self, info: Option<&v1::LaneInfo>, lanes: usize) -> Result<Option<LaneInfo>, EnvError> {
        info.map(|info| convert::read_info(info, lanes)).transpose().map_err(|error| self.broken(&error))
    }

    fn broken(&self, error: &ConvertError) -> EnvError {
        self.lost(format!("it broke the protocol: {error}"))
    }

    fn lost(&self, reason: String) -> EnvError {
        EnvError::ServerLost { address: self.address.clone(), reason }
    }
}
