//! An environment server that is as small as can be: a straight road, on which going left is a crash.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures_util::{Stream, StreamExt};
use spikedrive_env::WorldConfig;
use spikedrive_proto::v1;
use spikedrive_proto::v1::environment_service_server::{EnvironmentService, EnvironmentServiceServer};
use spikedrive_proto::v1::stream_request::Command;
use spikedrive_proto::v1::stream_response::Outcome;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

use super::floats;

/// What was asked of it.
#[derive(Clone, Default)]
pub(crate) struct FakeServer {
    /// Whether it knows `info`.
    pub(crate) tells_info: bool,
    pub(crate) sessions: Arc<Mutex<Vec<v1::CreateSessionRequest>>>,
    pub(crate) actions: Arc<Mutex<Vec<u8>>>,
}

impl FakeServer {
    /// Serves on a free port until the test ends.
    pub(crate) async fn start(self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = EnvironmentServiceServer::new(self);
        tokio::spawn(Server::builder().add_service(service).serve_with_incoming(TcpIncoming::from(listener)));
        address
    }

    fn info(&self, x: f64) -> Option<v1::LaneInfo> {
        let poses = [x, 0.0, 0.25, 0.0].iter().flat_map(|number: &f64| number.to_le_bytes()).collect();
        let (centre, half_widths) = (floats(&[0.0, 0.0, 100.0, 0.0]), floats(&[4.0; 4]));
        let road = v1::LaneRoad { lane: 0, track: 77, closed: false, centre, half_widths };
        self.tells_info.then(|| v1::LaneInfo { poses, roads: if x == 0.0 { vec![road] } else { Vec::new() } })
    }

    fn step(&self, action: u8, steps: usize, horizon: usize) -> v1::StepResult {
        let (crash, horizon) = (action == 0, action != 0 && steps == horizon);
        let reason = match (crash, horizon) {
            (true, _) => v1::EndReason::Crash,
            (_, true) => v1::EndReason::Horizon,
            _ => v1::EndReason::Unspecified,
        };
        v1::StepResult {
            observations: floats(&[20.0, 4.0, 20.0]).into(),
            rewards: 1.5f64.to_le_bytes().to_vec().into(),
            terminated: vec![crash.into()].into(),
            truncated: vec![horizon.into()].into(),
            end_reasons: vec![reason as u8].into(),
            info: self.info(steps as f64),
            ..v1::StepResult::default()
        }
    }
}

type Responses = Pin<Box<dyn Stream<Item = Result<v1::StreamResponse, Status>> + Send>>;

#[tonic::async_trait]
impl EnvironmentService for FakeServer {
    type StreamStream = Responses;

    async fn create_session(
        &self,
        request: Request<v1::CreateSessionRequest>,
    ) -> Result<Response<v1::CreateSessionResponse>, Status> {
        let request = request.into_inner();
        let config = WorldConfig::try_from(request.clone())?;
        self.sessions.lock().unwrap().push(request);
        Ok(Response::new(v1::CreateSessionResponse {
            session_id: "fake".to_owned(),
            observations: floats(&[20.0, 4.0, 20.0]),
            horizon: config.horizon as u32,
            options: Some((&config.options).into()),
            info: self.info(0.0),
            ..v1::CreateSessionResponse::default()
        }))
    }

    async fn stream(&self, request: Request<Streaming<v1::StreamRequest>>) -> Result<Response<Responses>, Status> {
        let (fake, mut steps) = (self.clone(), 0);
        let horizon = self.sessions.lock().unwrap().last().unwrap().horizon as usize;
        let answer = move |request: Result<v1::StreamRequest, Status>| {
            let Some(Command::Actions(actions)) = request?.command else {
                return Err(Status::invalid_argument("no actions"));
            };
            steps += 1;
            fake.actions.lock().unwrap().push(actions[0]);
            let outcome = Some(Outcome::Result(fake.step(actions[0], steps, horizon)));
            Ok(v1::StreamResponse { outcome })
        };
        Ok(Response::new(Box::pin(request.into_inner().map(answer))))
    }

    async fn get_spec(&self, _: Request<v1::GetSpecRequest>) -> Result<Response<v1::GetSpecResponse>, Status> {
        Err(Status::unimplemented("get_spec"))
    }

    async fn reset(&self, _: Request<v1::ResetRequest>) -> Result<Response<v1::ResetResponse>, Status> {
        Err(Status::unimplemented("reset"))
    }

    async fn step(&self, _: Request<v1::StepRequest>) -> Result<Response<v1::StepResponse>, Status> {
        Err(Status::unimplemented("step"))
    }

    async fn close_session(
        &self,
        _: Request<v1::CloseSessionRequest>,
    ) -> Result<Response<v1::CloseSessionResponse>, Status> {
        Err(Status::unimplemented("close_session"))
    }

    async fn snapshot(&self, _: Request<v1::SnapshotRequest>) -> Result<Response<v1::SnapshotResponse>, Status> {
        Err(Status::unimplemented("snapshot"))
    }

    async fn restore(&self, _: Request<v1::RestoreRequest>) -> Result<Response<v1::CreateSessionResponse>, Status> {
        Err(Status::unimplemented("restore"))
    }

    async fn fork(&self, _: Request<v1::ForkRequest>) -> Result<Response<v1::CreateSessionResponse>, Status> {
        Err(Status::unimplemented("fork"))
    }

    async fn render(&self, _: Request<v1::RenderRequest>) -> Result<Response<v1::RenderResponse>, Status> {
        Err(Status::unimplemented("render"))
    }

    async fn list_sessions(
        &self,
        _: Request<v1::ListSessionsRequest>,
    ) -> Result<Response<v1::ListSessionsResponse>, Status> {
        Err(Status::unimplemented("list_sessions"))
    }
}
