//! The gRPC service: each call parses, calls, converts.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::Stream;
use futures_util::stream::unfold;
use spikedrive_env::{Action, Course, VectorWorld, WorldConfig};
use spikedrive_proto::v1::environment_service_server::EnvironmentService;
use spikedrive_proto::{convert, v1};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use tracing::{debug, info};

use crate::sessions::{DrivenSession, SessionError, SessionId, Sessions, lane_steps};

/// How often expired sessions are looked for.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(1);

/// The service behind the wire.
#[derive(Clone)]
pub(crate) struct Environment {
    sessions: Arc<Mutex<Sessions>>,
    shutdown: CancellationToken,
}

impl Environment {
    pub(crate) fn new(sessions: Sessions, shutdown: CancellationToken) -> Self {
        Self { sessions: Arc::new(Mutex::new(sessions)), shutdown }
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a world, if there is room for it.
    fn build(&self, request: v1::CreateSessionRequest) -> Result<VectorWorld, Status> {
        let config = WorldConfig::try_from(request)?;
        self.sessions().check_room(lane_steps(&config), Instant::now())?;
        VectorWorld::new(config).map_err(|error| convert::ConvertError::from(error).into())
    }

    /// Frees expired sessions now and then, until the server stops.
    pub(crate) async fn expire_regularly(self) {
        let mut ticks = tokio::time::interval(EXPIRY_INTERVAL);
        while self.shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
            self.sessions().expire(Instant::now());
        }
    }

    /// Drives a session for one unary call. The registry is not locked meanwhile: another call on it is refused, not delayed.
    fn with_session<T>(&self, id: &str, act: impl FnOnce(&mut VectorWorld) -> Result<T, Status>) -> Result<T, Status> {
        let id = id.parse()?;
        let mut driven = self.sessions().drive(id, Instant::now())?;
        let result = act(&mut driven.world);
        self.sessions().park(id, driven, Instant::now());
        result
    }
}

#[tonic::async_trait]
impl EnvironmentService for Environment {
    type StreamStream = Pin<Box<dyn Stream<Item = Result<v1::StreamResponse, Status>> + Send>>;

    async fn get_spec(&self, request: Request<v1::GetSpecRequest>) -> Result<Response<v1::GetSpecResponse>, Status> {
        convert::check_protocol(request.get_ref().protocol_major)?;
        let limits = self.sessions().limits();
        Ok(Response::new(convert::spec(env!("CARGO_PKG_VERSION"), limits.max_sessions, limits.lease.as_secs())))
    }

    async fn create_session(
        &self,
        request: Request<v1::CreateSessionRequest>,
    ) -> Result<Response<v1::CreateSessionResponse>, Status> {
        self.sessions().check_room(0, Instant::now())?;
        // Reading a circuit and laying out thousands of tracks takes long enough to keep it off the network's threads.
        let environment = self.clone();
        let built = tokio::task::spawn_blocking(move || environment.build(request.into_inner())).await;
        let world = built.map_err(|error| Status::internal(error.to_string()))??;
        let id = SessionId(rand::random());
        let response = session_response(id, &world);
        info!(session = %id, lanes = world.config().lanes, horizon = world.config().horizon, "session created");
        self.sessions().insert(id, world, Instant::now())?;
        Ok(Response::new(response))
    }

    async fn reset(&self, request: Request<v1::ResetRequest>) -> Result<Response<v1::ResetResponse>, Status> {
        let v1::ResetRequest { session_id, reset_mask } = request.into_inner();
        let mask = convert::read_mask(&reset_mask)?;
        let response = self.with_session(&session_id, |world| {
            let mask = if mask.is_empty() { vec![true; world.config().lanes] } else { mask };
            world.reset(&mask).map_err(|error| convert::lane_status(error, "reset_mask"))?;
            let observations = convert::observation_bytes(world.observations());
            Ok(v1::ResetResponse { observations, info: world.info().map(Into::into) })
        })?;
        Ok(Response::new(response))
    }

    async fn step(&self, request: Request<v1::StepRequest>) -> Result<Response<v1::StepResponse>, Status> {
        let v1::StepRequest { session_id, actions } = request.into_inner();
        let mut parsed = Vec::with_capacity(actions.len());
        convert::read_actions(&actions, &mut parsed)?;
        let result = self.with_session(&session_id, |world| {
            world.step(&parsed).map_err(|error| convert::lane_status(error, "actions"))?;
            Ok(convert::step_result(world.batch(), world.info()))
        })?;
        Ok(Response::new(v1::StepResponse { result: Some(result) }))
    }

    async fn stream(
        &self,
        request: Request<Streaming<v1::StreamRequest>>,
    ) -> Result<Response<Self::StreamStream>, Status> {
        let driver =
            Driver { environment: self.clone(), requests: request.into_inner(), driven: None, actions: Vec::new() };
        Ok(Response::new(Box::pin(unfold(Some(driver), Driver::answer_next))))
    }

    async fn close_session(
        &self,
        request: Request<v1::CloseSessionRequest>,
    ) -> Result<Response<v1::CloseSessionResponse>, Status> {
        self.sessions().close(request.get_ref().session_id.parse()?)?;
        Ok(Response::new(v1::CloseSessionResponse {}))
    }
}

fn session_response(id: SessionId, world: &VectorWorld) -> v1::CreateSessionResponse {
    let config = world.config();
    let circuit = match &config.course {
        Course::Circuit(circuit) => Some(circuit),
        Course::Phase { .. } => None,
    };
    v1::CreateSessionResponse {
        session_id: id.to_string(),
        observations: convert::observation_bytes(world.observations()),
        horizon: config.horizon as u32,
        autoreset_mode: convert::wire_autoreset(config.autoreset).into(),
        lap_length: circuit.map_or(0.0, |circuit| circuit.track().length()),
        options: Some((&config.options).into()),
        observation_space: Some(convert::observation_space(config.options.rays)),
        action_space: Some(convert::action_space()),
        warnings: circuit.and_then(|circuit| circuit.warning()).into_iter().collect(),
        info: world.info().map(Into::into),
    }
}

/// One stream, and the session that it drives once its first request has named it.
struct Driver {
    environment: Environment,
    requests: Streaming<v1::StreamRequest>,
    driven: Option<(SessionId, DrivenSession)>,
    actions: Vec<Action>,
}

impl Driver {
    /// Waits for the next request and answers it; `None` ends the stream, and a status ends it after being sent.
    async fn answer_next(driver: Option<Self>) -> Option<(Result<v1::StreamResponse, Status>, Option<Self>)> {
        let mut driver = driver?;
        let closed = driver.driven.as_ref().map(|(_, driven)| driven.closed.clone()).unwrap_or_default();
        let shutdown = driver.environment.shutdown.clone();
        let answer = tokio::select! {
            biased;
            () = shutdown.cancelled() => Err(Status::unavailable("the server is shutting down")),
            () = closed.cancelled() => Err(Status::not_found("the session was closed")),
            request = driver.requests.message() => match request {
                Ok(Some(request)) => driver.answer(&request),
                Ok(None) => return None,
                Err(status) => Err(status),
            },
        };
        match answer {
            Ok(outcome) => Some((Ok(v1::StreamResponse { outcome: Some(outcome) }), Some(driver))),
            Err(status) => Some((Err(status), None)),
        }
    }

    /// Answers one request: with a result, an in-band error, or a status that ends the stream.
    fn answer(&mut self, request: &v1::StreamRequest) -> Result<v1::stream_response::Outcome, Status> {
        use v1::stream_response::Outcome;
        let (id, driven) = match &mut self.driven {
            Some(driven) => driven,
            None => {
                let id = request.session_id.parse()?;
                let driven = self.environment.sessions().drive(id, Instant::now())?;
                self.driven.insert((id, driven))
            }
        };
        Ok(match command(*id, &mut driven.world, request, &mut self.actions) {
            Ok(result) => Outcome::Result(result),
            Err(error) => Outcome::Error(error),
        })
    }
}

/// Steps or resets the lanes as a request says.
fn command(
    id: SessionId,
    world: &mut VectorWorld,
    request: &v1::StreamRequest,
    actions: &mut Vec<Action>,
) -> Result<v1::StepResult, v1::StepError> {
    use v1::stream_request::Command;
    if !request.session_id.is_empty() && request.session_id.parse() != Ok(id) {
        let given: String = request.session_id.chars().take(40).collect();
        let reason = format!("{given:?} is not the session of this stream, {id}");
        return Err(convert::ConvertError { field: "session_id", reason }.into());
    }
    match &request.command {
        Some(Command::ResetMask(mask)) => {
            let mask = convert::read_mask(mask)?;
            world.reset(&mask).map_err(|error| convert::lane_step_error(error, "reset_mask"))
        }
        Some(Command::Actions(bytes)) => {
            convert::read_actions(bytes, actions)?;
            world.step(actions).map_err(|error| convert::lane_step_error(error, "actions"))
        }
        None => {
            let reason = "missing: give actions or a reset_mask".to_owned();
            return Err(convert::ConvertError { field: "command", reason }.into());
        }
    }?;
    Ok(convert::step_result(world.batch(), world.info()))
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some((id, _)) = &self.driven {
            match self.environment.sessions().close(*id) {
                Ok(()) | Err(SessionError::NotFound { .. }) => info!(session = %id, "session ended"),
                Err(error) => debug!(%error, "a session could not be freed"),
            }
        }
    }
}
