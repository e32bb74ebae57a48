//! A server on a free port, and a client that drives its sessions.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::net::SocketAddr;
use std::time::Duration;

use spikedrive_env::{Action, Course, Phase, Split, WorldConfig};
use spikedrive_proto::convert::action_bytes;
use spikedrive_proto::v1;
use spikedrive_proto::v1::environment_service_client::EnvironmentServiceClient;
use spikedrive_proto::v1::stream_request::Command;
use spikedrive_proto::v1::stream_response::Outcome;
use spikedrive_server::serve::{ServeError, ServeOptions, serve};
use spikedrive_server::sessions::SessionLimits;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status, Streaming};

pub(crate) type Client = EnvironmentServiceClient<Channel>;

/// What must come comes long before this.
const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(DEADLINE, future).await.expect("what must come did not come")
}

/// A server in this process.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: CancellationToken,
    pub(crate) serving: JoinHandle<Result<(), ServeError>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with_limits(SessionLimits::default()).await
    }

    pub(crate) async fn with_room_for(max_sessions: usize) -> Self {
        Self::with_limits(SessionLimits { max_sessions, ..SessionLimits::default() }).await
    }

    pub(crate) async fn with_limits(limits: SessionLimits) -> Self {
        Self::with(ServeOptions { limits, ..ServeOptions::default() }).await
    }

    pub(crate) async fn with(options: ServeOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), CancellationToken::new());
        let serving = tokio::spawn(serve(listener, options, shutdown.clone()));
        Self { address, shutdown, serving }
    }

    pub(crate) async fn client(&self) -> Client {
        Client::new(self.channel().await)
    }

    pub(crate) async fn channel(&self) -> Channel {
        connect(&self.address.to_string()).await.unwrap()
    }
}

pub(crate) async fn connect(address: &str) -> Result<Channel, tonic::transport::Error> {
    within(Endpoint::new(format!("http://{address}")).unwrap().connect()).await
}

/// A world in which much happens: short episodes on hard roads.
pub(crate) fn config(lanes: usize) -> WorldConfig {
    let course = Course::Phase { phase: Phase::Complex, split: Split::Train };
    WorldConfig { seed: 7, first_episode: 3, ..WorldConfig::base(course, lanes, 25) }
}

pub(crate) async fn create(client: &mut Client, lanes: usize) -> String {
    create_session(client, &config(lanes)).await.unwrap().session_id
}

pub(crate) async fn create_session(
    client: &mut Client,
    request: impl Into<v1::CreateSessionRequest>,
) -> Result<v1::CreateSessionResponse, Status> {
    within(client.create_session(request.into())).await.map(tonic::Response::into_inner)
}

pub(crate) async fn close(client: &mut Client, session_id: &str) -> Result<(), Status> {
    within(client.close_session(v1::CloseSessionRequest { session_id: session_id.to_owned() })).await.map(drop)
}

/// Both ends of a stream.
pub(crate) struct Driving {
    requests: mpsc::Sender<v1::StreamRequest>,
    responses: Streaming<v1::StreamResponse>,
}

impl Driving {
    pub(crate) async fn open(client: &mut Client) -> Self {
        let (requests, receiver) = mpsc::channel(64);
        let responses = within(client.stream(ReceiverStream::new(receiver))).await.unwrap().into_inner();
        Self { requests, responses }
    }

    /// A stream that drives the session: its first step, straight ahead in every lane, is done.
    pub(crate) async fn start(client: &mut Client, session_id: &str, lanes: usize) -> Self {
        let mut driving = Self::open(client).await;
        driving.send(session_id, action_bytes(&vec![Action::Straight; lanes])).await;
        assert!(matches!(driving.receive().await, Ok(Some(Outcome::Result(_)))));
        driving
    }

    pub(crate) async fn send(&self, session_id: &str, actions: Vec<u8>) {
        self.command(session_id, Command::Actions(actions.into())).await;
    }

    pub(crate) async fn command(&self, session_id: &str, command: Command) {
        let request = v1::StreamRequest { session_id: session_id.to_owned(), command: Some(command) };
        within(self.requests.send(request)).await.unwrap();
    }

    /// The next response; `None` when the stream ended well.
    pub(crate) async fn receive(&mut self) -> Result<Option<Outcome>, Status> {
        Ok(within(self.responses.message()).await?.map(|response| response.outcome.unwrap()))
    }

    pub(crate) async fn step(&mut self, actions: &[Action]) -> v1::StepResult {
        self.send("", action_bytes(actions)).await;
        match self.receive().await {
            Ok(Some(Outcome::Result(result))) => result,
            other => panic!("{other:?} instead of a result"),
        }
    }

    /// The in-band error that answers the request.
    pub(crate) async fn rejection(&mut self, session_id: &str, actions: Vec<u8>) -> v1::StepError {
        self.send(session_id, actions).await;
        match self.receive().await {
            Ok(Some(Outcome::Error(error))) => error,
            other => panic!("{other:?} instead of an error"),
        }
    }

    /// The status that ends the stream.
    pub(crate) async fn end(&mut self) -> (Code, String) {
        let status = self.receive().await.unwrap_err();
        (status.code(), status.message().to_owned())
    }

    /// Says that no request follows, and waits for the end.
    pub(crate) async fn finish(self) {
        let Self { requests, mut responses } = self;
        drop(requests);
        assert!(within(responses.message()).await.unwrap().is_none());
    }
}
