//! A server that answers each step with as many bytes as a real one, and simulates nothing: what the wire alone costs.
//! `python/bench/vector.py` measures against it.

use std::io::{self, Write};
use std::pin::Pin;

use futures_util::{Stream, StreamExt};
use spikedrive_env::sensors::RAYS;
use spikedrive_proto::v1;
use spikedrive_proto::v1::environment_service_server::{EnvironmentService, EnvironmentServiceServer};
use spikedrive_proto::v1::stream_request::Command;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

struct Echo;

/// What a step of so many lanes answers, of zeros.
fn result(lanes: usize) -> v1::StepResult {
    v1::StepResult {
        observations: vec![0; lanes * RAYS * size_of::<f32>()].into(),
        rewards: vec![0; lanes * size_of::<f64>()].into(),
        terminated: vec![0; lanes].into(),
        truncated: vec![0; lanes].into(),
        end_reasons: vec![0; lanes].into(),
        ..v1::StepResult::default()
    }
}

fn lanes(request: &v1::StreamRequest) -> usize {
    match &request.command {
        Some(Command::Actions(bytes) | Command::ResetMask(bytes)) => bytes.len(),
        _ => 0,
    }
}

#[tonic::async_trait]
impl EnvironmentService for Echo {
    type StreamStream = Pin<Box<dyn Stream<Item = Result<v1::StreamResponse, Status>> + Send>>;

    async fn stream(
        &self,
        request: Request<Streaming<v1::StreamRequest>>,
    ) -> Result<Response<Self::StreamStream>, Status> {
        let answers = request.into_inner().map(|request| {
            let outcome = v1::stream_response::Outcome::Result(result(lanes(&request?)));
            Ok(v1::StreamResponse { outcome: Some(outcome) })
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn create_session(
        &self,
        _: Request<v1::CreateSessionRequest>,
    ) -> Result<Response<v1::CreateSessionResponse>, Status> {
        Err(unimplemented())
    }

    async fn get_spec(&self, _: Request<v1::GetSpecRequest>) -> Result<Response<v1::GetSpecResponse>, Status> {
        Err(unimplemented())
    }

    async fn reset(&self, _: Request<v1::ResetRequest>) -> Result<Response<v1::ResetResponse>, Status> {
        Err(unimplemented())
    }

    async fn step(&self, _: Request<v1::StepRequest>) -> Result<Response<v1::StepResponse>, Status> {
        Err(unimplemented())
    }

    async fn close_session(
        &self,
        _: Request<v1::CloseSessionRequest>,
    ) -> Result<Response<v1::CloseSessionResponse>, Status> {
        Err(unimplemented())
    }

    async fn snapshot(&self, _: Request<v1::SnapshotRequest>) -> Result<Response<v1::SnapshotResponse>, Status> {
        Err(unimplemented())
    }

    async fn restore(&self, _: Request<v1::RestoreRequest>) -> Result<Response<v1::CreateSessionResponse>, Status> {
        Err(unimplemented())
    }

    async fn fork(&self, _: Request<v1::ForkRequest>) -> Result<Response<v1::CreateSessionResponse>, Status> {
        Err(unimplemented())
    }

    async fn render(&self, _: Request<v1::RenderRequest>) -> Result<Response<v1::RenderResponse>, Status> {
        Err(unimplemented())
    }

    async fn list_sessions(
        &self,
        _: Request<v1::ListSessionsRequest>,
    ) -> Result<Response<v1::ListSessionsResponse>, Status> {
        Err(unimplemented())
    }
}

fn unimplemented() -> Status {
    Status::unimplemented("an echo has streams alone")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(io::stdout(), "{}", listener.local_addr()?)?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Ok(Server::builder().add_service(EnvironmentServiceServer::new(Echo)).serve_with_incoming(incoming).await?)
}
