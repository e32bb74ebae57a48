//! The gRPC service: each call parses, calls, converts.

use std::num::NonZero;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::Stream;
use spikedrive_env::{Course, VectorWorld, WorldConfig};
use spikedrive_proto::convert::ConvertError;
use spikedrive_proto::v1::environment_service_server::EnvironmentService;
use spikedrive_proto::{convert, v1};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status, Streaming};
use tracing::info;

use crate::caller::Caller;
use crate::driver::Driver;
use crate::metrics::Metrics;
use crate::picture::render;
use crate::room::Room;
use crate::sessions::{SessionError, SessionId, Sessions, Summary, lane_steps};
use crate::stepper::snapshot;

/// How often expired sessions are looked for.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(1);

/// The service behind the wire.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    sessions: Arc<Mutex<Sessions>>,
    /// So many worlds are laid out at a time; the others wait where their callers can still go away.
    builders: Arc<Semaphore>,
    pub(crate) metrics: Metrics,
    /// Ends every stream.
    pub(crate) stop: CancellationToken,
}

impl Environment {
    pub(crate) fn new(sessions: Sessions, metrics: Metrics, stop: CancellationToken) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let builders = Arc::new(Semaphore::new(cores));
        Self { sessions: Arc::new(Mutex::new(sessions)), builders, metrics, stop }
    }

    /// Does what takes long away from the network's threads: reading a circuit, laying out thousands of tracks.
    pub(crate) async fn build<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Status> {
        let internal = |error: &dyn std::error::Error| Status::internal(error.to_string());
        let permit = Arc::clone(&self.builders).acquire_owned().await.map_err(|error| internal(&error))?;
        let build = move || {
            let built = work();
            drop(permit);
            built
        };
        tokio::task::spawn_blocking(build).await.map_err(|error| internal(&error))
    }

    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Frees expired sessions now and then, until the server stops.
    pub(crate) async fn expire_regularly(self) {
        let mut ticks = tokio::time::interval(EXPIRY_INTERVAL);
        while self.stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.sessions().expire(Instant::now());
        }
    }

    /// The in-band answer to a command that was refused.
    pub(crate) fn rejected(&self, error: v1::StepError) -> v1::stream_response::Outcome {
        self.metrics.failed(Code::from_i32(error.code.cast_signed()));
        v1::stream_response::Outcome::Error(error)
    }

    /// Makes a world if there is room for it, and keeps it as a session.
    async fn make(
        &self,
        caller: Caller,
        lease_seconds: u64,
        plan: impl FnOnce() -> Result<Plan, ConvertError> + Send + 'static,
    ) -> Result<Response<v1::CreateSessionResponse>, Status> {
        self.sessions().check_room(&caller, 0, Instant::now())?;
        let environment = self.clone();
        let built = self.build(move || {
            let Plan { config, build } = plan()?;
            let limits = environment.sessions().limits();
            let lease = limits.lease(lease_seconds).map_err(ConvertError::from)?;
            limits.check(&config).map_err(ConvertError::from)?;
            // Before it is built: many at a time count from the start.
            let room = Room::take(&environment, &caller, lane_steps(&config))?;
            let world = build(config)?;
            Ok::<_, Status>(environment.keep(world, &room, lease)?)
        });
        Ok(Response::new(built.await??))
    }

    /// Keeps a new world as a session, in the room that was taken for it.
    fn keep(
        &self,
        world: VectorWorld,
        room: &Room,
        lease: Duration,
    ) -> Result<v1::CreateSessionResponse, SessionError> {
        let id = SessionId(rand::random());
        let response = session_response(id, &world, lease);
        let (lanes, horizon) = (world.config().lanes, world.config().horizon);
        self.sessions().insert(id, world, room.number(), lease, Instant::now())?;
        self.metrics.created();
        info!(session = %id, lanes, horizon, "session created");
        Ok(response)
    }

    /// A second session out of the world of the first.
    pub(crate) fn fork(
        &self,
        id: SessionId,
        world: &VectorWorld,
        caller: &Caller,
    ) -> Result<v1::CreateSessionResponse, v1::StepError> {
        let lease = self.sessions().lease(id);
        let room = Room::take(self, caller, lane_steps(world.config()));
        let response = room.and_then(|room| self.keep(world.clone(), &room, lease));
        response.map_err(|error| {
            let status = Status::from(error);
            v1::StepError { code: status.code() as u32, field: "fork".to_owned(), message: status.message().to_owned() }
        })
    }

    /// Drives a session for one unary call. The registry is not locked meanwhile: another call on it is refused, not delayed.
    fn with_session<T>(
        &self,
        id: &str,
        caller: &Caller,
        act: impl FnOnce(SessionId, &mut VectorWorld) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let id = id.parse()?;
        let mut driven = self.sessions().drive(id, caller, Instant::now())?;
        let result = act(id, &mut driven.world);
        self.sessions().park(id, driven, Instant::now());
        result
    }
}

/// How a world is made, once it is known that there is room for it.
struct Plan {
    config: WorldConfig,
    build: Box<dyn FnOnce(WorldConfig) -> Result<VectorWorld, ConvertError>>,
}

/// Who sent a request: the guard has found out.
pub(crate) fn caller<T>(request: &Request<T>) -> Caller {
    request.extensions().get().cloned().unwrap_or_else(|| Caller::Anybody("an unknown address".into()))
}

#[tonic::async_trait]
impl EnvironmentService for Environment {
    type StreamStream = Pin<Box<dyn Stream<Item = Result<v1::StreamResponse, Status>> + Send>>;

    async fn get_spec(&self, request: Request<v1::GetSpecRequest>) -> Result<Response<v1::GetSpecResponse>, Status> {
        convert::check_protocol(request.get_ref().protocol_major)?;
        let limits = self.sessions().limits();
        let wire = v1::Limits {
            max_sessions: u32::try_from(limits.max_sessions).unwrap_or(u32::MAX),
            max_lanes: limits.max_lanes as u32,
            max_horizon: limits.max_horizon as u32,
            max_lane_steps: (limits.max_lane_steps as u64).min(convert::world_limits().max_lane_steps),
            lease_seconds: limits.lease.as_secs(),
            ..convert::world_limits()
        };
        Ok(Response::new(convert::spec(env!("CARGO_PKG_VERSION"), wire)))
    }

    async fn create_session(
        &self,
        request: Request<v1::CreateSessionRequest>,
    ) -> Result<Response<v1::CreateSessionResponse>, Status> {
        let caller = caller(&request);
        let request = request.into_inner();
        let lease_seconds = request.lease_seconds;
        let plan = || {
            let build = |config| VectorWorld::new(config).map_err(ConvertError::from);
            Ok(Plan { config: request.try_into()?, build: Box::new(build) })
        };
        self.make(caller, lease_seconds, plan).await
    }

    async fn restore(
        &self,
        request: Request<v1::RestoreRequest>,
    ) -> Result<Response<v1::CreateSessionResponse>, Status> {
        let caller = caller(&request);
        let v1::RestoreRequest { state, lease_seconds } = request.into_inner();
        let plan = move || {
            let snapshot = convert::read_snapshot(&state)?;
            Ok(Plan { config: snapshot.config.clone(), build: Box::new(|_| snapshot.resume()) })
        };
        self.make(caller, lease_seconds, plan).await
    }

    async fn fork(&self, request: Request<v1::ForkRequest>) -> Result<Response<v1::CreateSessionResponse>, Status> {
        let caller = caller(&request);
        let fork = |id, world: &mut VectorWorld| {
            let failed = |error: v1::StepError| Status::new(Code::from_i32(error.code.cast_signed()), error.message);
            self.fork(id, world, &caller).map_err(failed)
        };
        Ok(Response::new(self.with_session(&request.get_ref().session_id, &caller, fork)?))
    }

    async fn snapshot(&self, request: Request<v1::SnapshotRequest>) -> Result<Response<v1::SnapshotResponse>, Status> {
        let take = |_, world: &mut VectorWorld| Ok(snapshot(world));
        Ok(Response::new(self.with_session(&request.get_ref().session_id, &caller(&request), take)?))
    }

    async fn render(&self, request: Request<v1::RenderRequest>) -> Result<Response<v1::RenderResponse>, Status> {
        let settings = request.get_ref().settings.unwrap_or_default();
        let draw = |_, world: &mut VectorWorld| render(world, &settings).map_err(Status::from);
        Ok(Response::new(self.with_session(&request.get_ref().session_id, &caller(&request), draw)?))
    }

    async fn reset(&self, request: Request<v1::ResetRequest>) -> Result<Response<v1::ResetResponse>, Status> {
        let caller = caller(&request);
        let v1::ResetRequest { session_id, reset_mask } = request.into_inner();
        let mask = convert::read_mask(&reset_mask)?;
        let response = self.with_session(&session_id, &caller, |_, world| {
            let mask = if mask.is_empty() { vec![true; world.config().lanes] } else { mask };
            world.reset(&mask).map_err(|error| convert::lane_status(error, "reset_mask"))?;
            let observations = convert::observation_bytes(world.observations());
            Ok(v1::ResetResponse { observations, info: world.info().map(Into::into) })
        })?;
        Ok(Response::new(response))
    }

    async fn step(&self, request: Request<v1::StepRequest>) -> Result<Response<v1::StepResponse>, Status> {
        let caller = caller(&request);
        let v1::StepRequest { session_id, actions } = request.into_inner();
        let mut parsed = Vec::with_capacity(actions.len());
        convert::read_actions(&actions, &mut parsed)?;
        let began = Instant::now();
        let (result, driven) = self.with_session(&session_id, &caller, |_, world| {
            let before = world.driven();
            world.step(&parsed).map_err(|error| convert::lane_status(error, "actions"))?;
            Ok((convert::step_result(world.batch(), world.info()), world.driven() - before))
        })?;
        if driven > 0 {
            self.metrics.stepped(driven, began.elapsed());
        }
        Ok(Response::new(v1::StepResponse { result: Some(result) }))
    }

    async fn stream(
        &self,
        request: Request<Streaming<v1::StreamRequest>>,
    ) -> Result<Response<Self::StreamStream>, Status> {
        let caller = caller(&request);
        Ok(Response::new(Box::pin(Driver::new(self.clone(), caller, request.into_inner()))))
    }

    async fn list_sessions(
        &self,
        request: Request<v1::ListSessionsRequest>,
    ) -> Result<Response<v1::ListSessionsResponse>, Status> {
        let caller = caller(&request);
        if !caller.is_known() {
            let reason = "this server does not know who calls, and tells no sessions: start it with --tokens, or with --tls-client-ca";
            return Err(Status::permission_denied(reason));
        }
        let sessions = self.sessions().list(&caller, Instant::now()).iter().map(wire_summary).collect();
        Ok(Response::new(v1::ListSessionsResponse { sessions }))
    }

    async fn close_session(
        &self,
        request: Request<v1::CloseSessionRequest>,
    ) -> Result<Response<v1::CloseSessionResponse>, Status> {
        let id = request.get_ref().session_id.parse()?;
        self.sessions().close(id, &caller(&request), Instant::now())?;
        Ok(Response::new(v1::CloseSessionResponse {}))
    }
}

fn wire_summary(summary: &Summary) -> v1::SessionSummary {
    v1::SessionSummary {
        session_id: summary.id.to_string(),
        course: summary.facts.course.clone(),
        lanes: summary.facts.lanes as u32,
        horizon: summary.facts.horizon as u32,
        streaming: summary.streaming,
        age_seconds: summary.age.as_secs_f64(),
        idle_seconds: summary.idle.as_secs_f64(),
        lease_seconds: summary.lease.as_secs(),
    }
}

fn session_response(id: SessionId, world: &VectorWorld, lease: Duration) -> v1::CreateSessionResponse {
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
        lease_seconds: lease.as_secs(),
    }
}
