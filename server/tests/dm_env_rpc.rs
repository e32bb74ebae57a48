//! dm_env_rpc over real sockets: its stream, its ends, its limits. python/tests/dm_env_rpc tries it with DeepMind's own client.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::Duration;

use spikedrive_env::{Action, Course, Phase, Split, VectorWorld, WorldConfig};
use spikedrive_proto::convert::dm_env_rpc::{to_int64, to_string};
use spikedrive_proto::dm_env_rpc::v1::environment_client::EnvironmentClient;
use spikedrive_proto::dm_env_rpc::v1::environment_request::Payload as Request;
use spikedrive_proto::dm_env_rpc::v1::environment_response::Payload as Response;
use spikedrive_proto::dm_env_rpc::v1::tensor::{Int32Array, Payload};
use spikedrive_proto::dm_env_rpc::v1::{
    CreateWorldRequest, DestroyWorldRequest, EnvironmentRequest, EnvironmentResponse, EnvironmentStateType,
    JoinWorldRequest, LeaveWorldRequest, StepRequest, StepResponse, Tensor,
};
use spikedrive_server::security::{Security, Tokens};
use spikedrive_server::serve::ServeOptions;
use spikedrive_server::sessions::SessionLimits;
use support::{Server, close, create, within};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// Both ends of a stream.
struct Agent {
    requests: mpsc::Sender<EnvironmentRequest>,
    responses: Streaming<EnvironmentResponse>,
}

impl Agent {
    async fn connect(server: &Server) -> Self {
        Self::with_token(server, "").await.unwrap()
    }

    async fn with_token(server: &Server, token: &str) -> Result<Self, Status> {
        let (requests, receiver) = mpsc::channel(64);
        let mut client = EnvironmentClient::new(server.channel().await);
        let mut request = tonic::Request::new(ReceiverStream::new(receiver));
        if !token.is_empty() {
            request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        let responses = within(client.process(request)).await?.into_inner();
        Ok(Self { requests, responses })
    }

    async fn send(&self, payload: Option<Request>) {
        within(self.requests.send(EnvironmentRequest { payload })).await.unwrap();
    }

    async fn receive(&mut self) -> Result<Response, Status> {
        Ok(within(self.responses.message()).await?.unwrap().payload.unwrap())
    }

    async fn ask(&mut self, request: Request) -> Response {
        self.send(Some(request)).await;
        self.receive().await.unwrap()
    }

    /// The code and text of an in-band error.
    async fn rejection(&mut self, request: Request) -> (Code, String) {
        match self.ask(request).await {
            Response::Error(error) => (error.code.into(), error.message),
            other => panic!("{other:?} instead of an error"),
        }
    }

    async fn create(&mut self, settings: &[(&str, Tensor)]) -> String {
        match self.ask(creation(settings)).await {
            Response::CreateWorld(created) => created.world_name,
            other => panic!("{other:?} instead of a world"),
        }
    }

    async fn join(&mut self, name: &str) {
        let joined = self.ask(joining(name)).await;
        assert!(matches!(joined, Response::JoinWorld(_)), "{joined:?}");
    }
}

fn creation(settings: &[(&str, Tensor)]) -> Request {
    let settings = settings.iter().map(|(name, tensor)| ((*name).to_owned(), tensor.clone()));
    Request::CreateWorld(CreateWorldRequest { settings: settings.collect() })
}

fn joining(name: &str) -> Request {
    Request::JoinWorld(JoinWorldRequest { world_name: name.to_owned(), ..JoinWorldRequest::default() })
}

fn step(action: i32) -> Request {
    let payload = Some(Payload::Int32s(Int32Array { array: vec![action] }));
    let actions = [(1, Tensor { shape: vec![], payload })].into();
    Request::Step(StepRequest { actions, requested_observations: vec![1, 2] })
}

/// State, sensors and reward.
fn read(step: &StepResponse) -> (EnvironmentStateType, Vec<f32>, f64) {
    match (&step.observations[&1].payload, &step.observations[&2].payload) {
        (Some(Payload::Floats(sensors)), Some(Payload::Doubles(reward))) => {
            (step.state(), sensors.array.clone(), reward.array[0])
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn pipelined_steps_are_those_of_the_world() {
    let server = Server::start().await;
    let mut agent = Agent::connect(&server).await;
    let settings =
        [("phase", to_int64(2)), ("track", to_string("test")), ("seed", to_int64(9)), ("horizon", to_int64(12))];
    let name = agent.create(&settings).await;
    agent.join(&name).await;
    for _ in 0..40 {
        agent.send(Some(step(1))).await;
    }
    let course = Course::Phase { phase: Phase::Gentle, split: Split::Test };
    let mut world = VectorWorld::new(WorldConfig { seed: 9, ..WorldConfig::base(course, 1, 12) }).unwrap();
    let (mut state, mut reward) = (EnvironmentStateType::Running, 0.0);
    for _ in 0..40 {
        let Response::Step(response) = agent.receive().await.unwrap() else { panic!("no step") };
        assert_eq!(read(&response), (state, world.observations().to_vec(), reward));
        // Autoreset mode NEXT_STEP is what dm_env_rpc does.
        let batch = world.step(&[Action::Straight]).unwrap();
        reward = batch.rewards[0];
        state = match batch.ends[0] {
            None => EnvironmentStateType::Running,
            Some(end) if end.is_terminated() => EnvironmentStateType::Terminated,
            Some(_) => EnvironmentStateType::Interrupted,
        };
    }
}

#[tokio::test]
async fn errors_are_answered_in_their_place_and_leave_the_stream_open() {
    let server = Server::start().await;
    let mut agent = Agent::connect(&server).await;
    agent.send(None).await;
    agent.send(Some(step(1))).await;
    agent.send(Some(joining("nowhere"))).await;
    agent.send(Some(creation(&[("colour", to_int64(1))]))).await;
    agent.send(Some(Request::LeaveWorld(LeaveWorldRequest {}))).await;
    for (code, text) in [
        (Code::InvalidArgument, "payload: missing"),
        (Code::FailedPrecondition, "this stream is in no world"),
        (Code::NotFound, "world_name: \"nowhere\" does not exist"),
        (Code::InvalidArgument, "settings: \"colour\" is no setting"),
    ] {
        match agent.receive().await.unwrap() {
            Response::Error(error) => {
                assert_eq!(Code::from(error.code), code, "{error:?}");
                assert!(error.message.starts_with(text), "{error:?}");
            }
            other => panic!("{other:?} instead of an error"),
        }
    }
    assert!(matches!(agent.receive().await.unwrap(), Response::LeaveWorld(_)));
}

#[tokio::test]
async fn worlds_agents_and_sessions_share_the_servers_room() {
    let limits = SessionLimits { max_sessions: 2, max_lane_steps: 1000, ..SessionLimits::default() };
    let server = Server::with_limits(limits).await;
    let (mut first, mut second) = (Agent::connect(&server).await, Agent::connect(&server).await);
    let too_long = first.rejection(creation(&[("horizon", to_int64(1001))])).await;
    assert_eq!(too_long.0, Code::ResourceExhausted);
    assert!(too_long.1.contains("would hold 1001 lane-steps (lanes × horizon), more than 1000"), "{too_long:?}");
    let name = first.create(&[("horizon", to_int64(100))]).await;
    first.join(&name).await;
    let mut client = server.client().await;
    let session = create(&mut client, 1).await;
    let full = (Code::ResourceExhausted, "the server holds 2 sessions".to_owned());
    for request in [joining(&name), creation(&[])] {
        let (code, text) = second.rejection(request).await;
        assert!(code == full.0 && text.starts_with(&full.1), "{text}");
    }
    close(&mut client, &session).await.unwrap();
    second.join(&name).await;
    drop(second);
    let freed = async {
        loop {
            // A stream that is gone is noticed soon, but not at once.
            if let Ok(session) = support::create_session(&mut client, &support::config(1)).await {
                return session.session_id;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let session = within(freed).await;
    close(&mut client, &session).await.unwrap();
}

#[tokio::test]
async fn a_world_that_nobody_is_in_is_freed_after_the_lease() {
    let lease = Duration::from_millis(200);
    let server = Server::with_limits(SessionLimits { max_sessions: 1, lease, ..SessionLimits::default() }).await;
    let mut agent = Agent::connect(&server).await;
    let name = agent.create(&[]).await;
    agent.join(&name).await;
    tokio::time::sleep(2 * lease).await;
    assert!(matches!(agent.ask(step(1)).await, Response::Step(_)), "somebody is in it");
    agent.ask(Request::LeaveWorld(LeaveWorldRequest {})).await;
    tokio::time::sleep(2 * lease).await;
    let (code, text) = agent.rejection(joining(&name)).await;
    assert_eq!(code, Code::NotFound);
    assert!(text.contains("create one, or start the server with a longer --lease"), "{text}");
    agent.create(&[]).await;
}

#[tokio::test]
async fn a_world_that_is_destroyed_under_an_agent_is_an_error_to_it() {
    let server = Server::start().await;
    let (mut agent, mut owner) = (Agent::connect(&server).await, Agent::connect(&server).await);
    let name = owner.create(&[]).await;
    agent.join(&name).await;
    agent.ask(step(1)).await;
    let destruction = Request::DestroyWorld(DestroyWorldRequest { world_name: name.clone() });
    assert_eq!(agent.rejection(destruction.clone()).await.0, Code::FailedPrecondition, "it is in it");
    assert!(matches!(owner.ask(destruction).await, Response::DestroyWorld(_)));
    let (code, text) = agent.rejection(step(1)).await;
    assert_eq!(
        (code, text),
        (Code::NotFound, format!("world {name} was destroyed: leave it, and create and join another"))
    );
    assert!(matches!(agent.ask(Request::LeaveWorld(LeaveWorldRequest {})).await, Response::LeaveWorld(_)));
    let another = agent.create(&[]).await;
    agent.join(&another).await;
}

#[tokio::test]
async fn a_shutdown_ends_streams_with_unavailable() {
    let server = Server::start().await;
    let mut agent = Agent::connect(&server).await;
    let name = agent.create(&[]).await;
    agent.join(&name).await;
    server.shutdown.cancel();
    let status = agent.receive().await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unavailable, "the server is shutting down"));
    within(server.serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn whoever_drives_may_go_on_while_the_server_drains() {
    let options = ServeOptions { drain: Duration::from_secs(20), ..ServeOptions::default() };
    let server = Server::with(options).await;
    let (mut driving, mut waiting) = (Agent::connect(&server).await, Agent::connect(&server).await);
    let name = driving.create(&[]).await;
    let empty = waiting.create(&[]).await;
    driving.join(&name).await;
    server.shutdown.cancel();
    within(async { while waiting.rejection(creation(&[])).await.0 != Code::Unavailable {} }).await;
    assert_eq!(waiting.rejection(joining(&empty)).await.0, Code::Unavailable);
    assert!(matches!(driving.ask(step(1)).await, Response::Step(_)));
    driving.ask(Request::LeaveWorld(LeaveWorldRequest {})).await;
    assert_eq!(driving.receive().await.unwrap_err().code(), Code::Unavailable, "nobody drives any more");
}

#[tokio::test]
async fn a_world_belongs_to_the_holder_of_a_token() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tokens");
    std::fs::write(&file, "ann ann-0123456789abcdef\nbob bob-0123456789abcdef\n").unwrap();
    let security = Security { tokens: Some(Tokens::read(&file).unwrap()), ..Security::default() };
    let server = Server::with(ServeOptions { security, ..ServeOptions::default() }).await;
    assert_eq!(Agent::with_token(&server, "").await.err().unwrap().code(), Code::Unauthenticated);
    let mut ann = Agent::with_token(&server, "ann-0123456789abcdef").await.unwrap();
    let mut bob = Agent::with_token(&server, "bob-0123456789abcdef").await.unwrap();
    let name = ann.create(&[]).await;
    assert_eq!(bob.rejection(joining(&name)).await.0, Code::NotFound);
    let destruction = Request::DestroyWorld(DestroyWorldRequest { world_name: name.clone() });
    assert_eq!(bob.rejection(destruction).await.0, Code::NotFound);
    ann.join(&name).await;
}

#[tokio::test]
async fn the_limits_of_a_session_are_those_of_a_world() {
    let server = Server::with_limits(SessionLimits { max_horizon: 50, ..SessionLimits::default() }).await;
    let mut agent = Agent::connect(&server).await;
    let (code, text) = agent.rejection(creation(&[("horizon", to_int64(51))])).await;
    assert_eq!((code, text.as_str()), (Code::InvalidArgument, "horizon: 51 is more than this server takes, 50"));
}

#[tokio::test]
async fn the_service_tells_its_health() {
    let server = Server::start().await;
    let mut health = HealthClient::new(server.channel().await);
    let request = HealthCheckRequest { service: "dm_env_rpc.v1.Environment".to_owned() };
    let response = within(health.check(request)).await.unwrap().into_inner();
    assert_eq!(response.status(), ServingStatus::Serving);
}

#[tokio::test]
async fn reflection_tells_the_service_and_all_that_it_needs() {
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::{ServerReflectionRequest, server_reflection_response::MessageResponse};
    let server = Server::start().await;
    for symbol in [
        "dm_env_rpc.v1.Environment",
        "dm_env_rpc.v1.extensions.properties.PropertyRequest",
        "google.rpc.Status",
        "google.protobuf.Any",
    ] {
        let request = MessageRequest::FileContainingSymbol(symbol.to_owned());
        let ask = tokio_stream::once(ServerReflectionRequest { host: String::new(), message_request: Some(request) });
        let mut client = ServerReflectionClient::new(server.channel().await);
        let mut answers = within(client.server_reflection_info(ask)).await.unwrap().into_inner();
        let answer = within(answers.message()).await.unwrap().unwrap().message_response;
        assert!(matches!(answer, Some(MessageResponse::FileDescriptorResponse(_))), "{symbol}: {answer:?}");
    }
}
