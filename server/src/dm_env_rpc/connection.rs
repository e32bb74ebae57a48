//! One stream's side of the protocol, without the network: what each request does, and what it is answered by.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use spikedrive_proto::convert::ConvertError;
use spikedrive_proto::convert::dm_env_rpc::{read_property_request, specs, wrap_property_response};
use spikedrive_proto::dm_env_rpc::v1::environment_request::Payload as Request;
use spikedrive_proto::dm_env_rpc::v1::environment_response::Payload as Response;
use spikedrive_proto::dm_env_rpc::v1::{
    CreateWorldRequest, CreateWorldResponse, DestroyWorldRequest, DestroyWorldResponse, JoinWorldRequest,
    JoinWorldResponse, LeaveWorldResponse, ResetRequest, ResetResponse, ResetWorldRequest, ResetWorldResponse,
    StepRequest, StepResponse,
};
use tonic::Status;
use tracing::{debug, info};

use super::agent::Agent;
use super::properties;
use super::settings::{read_settings, refuse_settings};
use super::worlds::{Seat, Worlds};
use crate::caller::Caller;
use crate::room::Room;
use crate::service::Environment;
use crate::sessions::{SessionError, SessionId, lane_steps};

/// One stream, and the world that it is in.
#[derive(Debug)]
pub(super) struct Connection {
    environment: Environment,
    worlds: Arc<Mutex<Worlds>>,
    caller: Caller,
    joined: Option<(Seat, Agent)>,
}

impl Connection {
    pub(super) fn new(environment: Environment, worlds: Arc<Mutex<Worlds>>, caller: Caller) -> Self {
        Self { environment, worlds, caller, joined: None }
    }

    /// Does what a request says. An error has changed nothing.
    pub(super) fn answer(&mut self, request: Request) -> Result<Response, Status> {
        Ok(match request {
            Request::CreateWorld(request) => Response::CreateWorld(self.create(&request)?),
            Request::JoinWorld(request) => Response::JoinWorld(self.join(&request)?),
            Request::Step(request) => Response::Step(self.step(&request)?),
            Request::Reset(request) => Response::Reset(self.reset(&request)?),
            Request::ResetWorld(request) => Response::ResetWorld(self.reset_world(&request)?),
            Request::LeaveWorld(_) => {
                self.leave();
                Response::LeaveWorld(LeaveWorldResponse {})
            }
            Request::DestroyWorld(request) => Response::DestroyWorld(self.destroy(&request)?),
            Request::Extension(any) => {
                let config = self.joined.as_ref().map(|(seat, _)| &seat.world.config);
                let response = properties::answer(&read_property_request(&any)?, config)?;
                Response::Extension(wrap_property_response(&response))
            }
        })
    }

    fn create(&self, request: &CreateWorldRequest) -> Result<CreateWorldResponse, Status> {
        let config = read_settings(&request.settings)?;
        self.environment.sessions().limits().check(&config).map_err(ConvertError::from)?;
        let room = Room::take(&self.environment, &self.caller, lane_steps(&config))?;
        let name = SessionId(rand::random()).to_string();
        info!(world = name, horizon = config.horizon, "world created");
        self.worlds().insert(name.clone(), config, self.caller.clone(), room, Instant::now());
        Ok(CreateWorldResponse { world_name: name })
    }

    fn join(&mut self, request: &JoinWorldRequest) -> Result<JoinWorldResponse, Status> {
        if let Some((seat, _)) = &self.joined {
            let reason = format!("this stream is in world {}: leave it first, or open another stream", seat.world.name);
            return Err(Status::failed_precondition(reason));
        }
        refuse_settings(&request.settings, "JoinWorld")?;
        let (environment, caller) = (&self.environment, &self.caller);
        // There is room for the first agent of a world, but not on a server that is shutting down.
        if let Err(error @ SessionError::ShuttingDown) = environment.sessions().check_room(caller, 0, Instant::now()) {
            return Err(error.into());
        }
        let reserve = |config: &_| Room::take(environment, caller, lane_steps(config));
        let seat = self.worlds().join(&request.world_name, caller, Instant::now(), reserve)?;
        let config = seat.world.config.clone();
        let rays = config.options.rays;
        match Agent::new(config) {
            Ok(agent) => self.joined = Some((seat, agent)),
            Err(error) => {
                self.worlds().leave(seat, Instant::now());
                return Err(ConvertError::from(error).into());
            }
        }
        Ok(JoinWorldResponse { specs: Some(specs(rays)) })
    }

    /// The agent of this stream, told of a reset of its world by somebody else.
    fn agent(&mut self) -> Result<(&Seat, &mut Agent), Status> {
        let Some((seat, agent)) = &mut self.joined else {
            return Err(Status::failed_precondition("this stream is in no world: send a JoinWorldRequest first"));
        };
        if seat.is_destroyed() {
            let reason = format!("world {} was destroyed: leave it, and create and join another", seat.world.name);
            return Err(Status::not_found(reason));
        }
        if seat.take_reset() {
            agent.cut();
        }
        Ok((seat, agent))
    }

    fn step(&mut self, request: &StepRequest) -> Result<StepResponse, Status> {
        self.agent()?.1.step(request)
    }

    fn reset(&mut self, request: &ResetRequest) -> Result<ResetResponse, Status> {
        let (seat, agent) = self.agent()?;
        refuse_settings(&request.settings, "Reset")?;
        agent.reset();
        Ok(ResetResponse { specs: Some(specs(seat.world.config.options.rays)) })
    }

    /// Does not wait until the others have stepped: one that never does would stop this stream.
    fn reset_world(&mut self, request: &ResetWorldRequest) -> Result<ResetWorldResponse, Status> {
        refuse_settings(&request.settings, "ResetWorld")?;
        self.worlds().reset(&request.world_name, &self.caller, Instant::now())?;
        if let Some((seat, agent)) = &mut self.joined
            && seat.world.name == request.world_name
        {
            seat.take_reset();
            agent.reset();
        }
        Ok(ResetWorldResponse {})
    }

    fn destroy(&self, request: &DestroyWorldRequest) -> Result<DestroyWorldResponse, Status> {
        if self.joined.as_ref().is_some_and(|(seat, _)| seat.world.name == request.world_name) {
            let reason = format!("this stream is in world {}: leave it first", request.world_name);
            return Err(Status::failed_precondition(reason));
        }
        self.worlds().destroy(&request.world_name, &self.caller, Instant::now())?;
        info!(world = request.world_name, "world destroyed");
        Ok(DestroyWorldResponse {})
    }

    fn leave(&mut self) {
        if let Some((seat, _)) = self.joined.take() {
            debug!(world = seat.world.name, "an agent left");
            self.worlds().leave(seat, Instant::now());
        }
    }

    fn worlds(&self) -> MutexGuard<'_, Worlds> {
        self.worlds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use proptest::prelude::*;
    use spikedrive_proto::dm_env_rpc::v1::tensor::{Int8Array, Int32Array, Int64Array, Payload, StringArray};
    use spikedrive_proto::dm_env_rpc::v1::{LeaveWorldRequest, Tensor};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::metrics::Metrics;
    use crate::sessions::{SessionLimits, Sessions};

    /// A server with room for three.
    fn connection() -> Connection {
        let limits = SessionLimits { max_sessions: 3, ..SessionLimits::default() };
        let environment = Environment::new(Sessions::new(limits), Metrics::new().unwrap(), CancellationToken::new());
        let worlds = Arc::new(Mutex::new(Worlds::new(Duration::from_secs(600))));
        Connection::new(environment, worlds, Caller::Anybody("10.0.0.1".into()))
    }

    fn tensor() -> impl Strategy<Value = Tensor> {
        let payload = prop_oneof![
            Just(None),
            prop::collection::vec(-1i32..4, 0..3).prop_map(|array| Some(Payload::Int32s(Int32Array { array }))),
            prop::collection::vec(any::<i64>(), 0..3).prop_map(|array| Some(Payload::Int64s(Int64Array { array }))),
            prop::collection::vec(any::<u8>(), 0..3).prop_map(|array| Some(Payload::Int8s(Int8Array { array }))),
            prop::collection::vec(".{0,3}", 0..2).prop_map(|array| Some(Payload::Strings(StringArray { array }))),
        ];
        let shape =
            prop_oneof![Just(Vec::new()), prop::collection::vec(-2i32..4, 0..3), Just(vec![i32::MIN, i32::MAX])];
        (payload, shape).prop_map(|(payload, shape)| Tensor { shape, payload })
    }

    fn settings() -> impl Strategy<Value = BTreeMap<String, Tensor>> {
        let name = prop::sample::select(vec!["phase", "track", "circuit", "seed", "horizon", "rays", "", "nonsense"]);
        prop::collection::btree_map(name.prop_map(str::to_owned), tensor(), 0..2)
    }

    fn request() -> impl Strategy<Value = Request> {
        // Replaced by the name of a world that there is.
        let name = || prop_oneof![4 => Just("?".to_owned()), 1 => any::<String>()];
        let actions = prop::collection::btree_map(0u64..3, tensor(), 0..3);
        let step = (actions, prop::collection::vec(0u64..4, 0..3));
        prop_oneof![
            settings().prop_map(|settings| Request::CreateWorld(CreateWorldRequest { settings })),
            Just(Request::CreateWorld(CreateWorldRequest::default())),
            name()
                .prop_map(|world_name| Request::JoinWorld(JoinWorldRequest { world_name, settings: BTreeMap::new() })),
            step.prop_map(|(actions, requested_observations)| {
                Request::Step(StepRequest { actions, requested_observations })
            }),
            settings().prop_map(|settings| Request::Reset(ResetRequest { settings })),
            (name(), settings())
                .prop_map(|(world_name, settings)| Request::ResetWorld(ResetWorldRequest { world_name, settings })),
            Just(Request::LeaveWorld(LeaveWorldRequest {})),
            name().prop_map(|world_name| Request::DestroyWorld(DestroyWorldRequest { world_name })),
            ("(type.googleapis.com/dm_env_rpc.v1.extensions.properties.PropertyRequest)?", any::<Vec<u8>>())
                .prop_map(|(type_url, value)| Request::Extension(prost_types::Any { type_url, value })),
        ]
    }

    fn name_world(request: &mut Request, name: &str) {
        let (Request::JoinWorld(JoinWorldRequest { world_name, .. })
        | Request::ResetWorld(ResetWorldRequest { world_name, .. })
        | Request::DestroyWorld(DestroyWorldRequest { world_name })) = request
        else {
            return;
        };
        if world_name == "?" {
            *world_name = name.to_owned();
        }
    }

    proptest! {
        #[test]
        fn any_requests_in_any_order_are_answered_in_kind_or_by_an_error(
            requests in prop::collection::vec((any::<bool>(), request()), 1..60),
        ) {
            let first = connection();
            let second = Connection::new(first.environment.clone(), Arc::clone(&first.worlds), first.caller.clone());
            let (mut streams, mut name) = ([first, second], String::new());
            for (which, mut request) in requests {
                name_world(&mut request, &name);
                let kind = std::mem::discriminant(&request);
                match streams[usize::from(which)].answer(request.clone()) {
                    Ok(Response::CreateWorld(created)) => name = created.world_name,
                    Ok(response) => prop_assert_eq!(kind, std::mem::discriminant(&asked(&response))),
                    Err(status) => prop_assert!(!status.message().is_empty() && status.message().len() < 600),
                }
            }
            let worlds = Arc::clone(&streams[0].worlds);
            drop(streams);
            // All agents have left: every world is empty, and expires.
            let mut worlds = worlds.lock().unwrap();
            worlds.expire(Instant::now() + Duration::from_secs(601));
            prop_assert_eq!(worlds.count(), 0);
        }
    }

    /// A request of the kind that a response answers.
    fn asked(response: &Response) -> Request {
        match response {
            Response::CreateWorld(_) => Request::CreateWorld(CreateWorldRequest::default()),
            Response::JoinWorld(_) => Request::JoinWorld(JoinWorldRequest::default()),
            Response::Step(_) => Request::Step(StepRequest::default()),
            Response::Reset(_) => Request::Reset(ResetRequest::default()),
            Response::ResetWorld(_) => Request::ResetWorld(ResetWorldRequest::default()),
            Response::LeaveWorld(_) => Request::LeaveWorld(LeaveWorldRequest::default()),
            Response::DestroyWorld(_) => Request::DestroyWorld(DestroyWorldRequest::default()),
            Response::Extension(_) => Request::Extension(prost_types::Any::default()),
            Response::Error(error) => panic!("{error:?}"),
        }
    }
}
