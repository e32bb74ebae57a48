//! A session of the environment server with one car, which a person drives.

use std::future::Future;
use std::time::Duration;

use spikedrive_env::{Action, EndReason};
use spikedrive_proto::address::Address;
use spikedrive_proto::client::{Target, root_cause};
use spikedrive_proto::convert::{self, ConvertError};
use spikedrive_proto::v1::environment_service_client::EnvironmentServiceClient;
use spikedrive_proto::v1::stream_request::Command;
use spikedrive_proto::v1::{self, stream_response::Outcome};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use crate::ingest::check_road;

/// A server that does not answer within this time is lost.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why a person cannot drive.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DrivingError {
    #[error(
        "no environment server answers at {0} ({1}): start one with `spikedrive serve`, or name another with --server"
    )]
    Unreachable(Address, String),
    #[error("{0}")]
    Refused(String),
    #[error("the environment server at {0} was lost: {1}")]
    Lost(Address, String),
    #[error("the environment server at {0} tells no poses and roads: use the same version of server and dashboard")]
    NoInfo(Address),
}

/// Where a car is, and what it sees there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sight {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) heading_rad: f64,
    /// Rays, as f32.
    pub(crate) observation: Vec<u8>,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outlook {
    pub(crate) sight: Sight,
    pub(crate) reward: f64,
    pub(crate) end: Option<EndReason>,
}

/// What is known when an episode begins.
#[derive(Clone, Debug)]
pub(crate) struct Beginning {
    pub(crate) sight: Sight,
    pub(crate) road: v1::LaneRoad,
    pub(crate) horizon: u32,
    pub(crate) lap_length: f64,
    pub(crate) warnings: Vec<String>,
}

/// A session, freed when it is dropped.
#[derive(Debug)]
pub(crate) struct Session {
    server: Address,
    session_id: String,
    requests: mpsc::Sender<v1::StreamRequest>,
    responses: Streaming<v1::StreamResponse>,
    rays: usize,
}

impl Session {
    /// Makes a session of one lane.
    pub(crate) async fn open(
        target: &Target,
        request: v1::CreateSessionRequest,
    ) -> Result<(Self, Beginning), DrivingError> {
        let server = &target.address;
        let unreachable = |reason: String| DrivingError::Unreachable(server.clone(), reason);
        let endpoint = target.endpoint().map_err(|error| unreachable(error.to_string()))?;
        let endpoint = endpoint.connect_timeout(TIMEOUT).tcp_nodelay(true);
        let channel = endpoint.connect().await.map_err(|error| unreachable(root_cause(&error).to_string()))?;
        let mut client = EnvironmentServiceClient::with_interceptor(channel, target.security.clone());
        let created = answer(server, client.create_session(request)).await?.into_inner();
        let beginning = beginning(server, &created)?;
        let rays = created.options.map_or(0, |options| options.rays) as usize;
        let (requests, receiver) = mpsc::channel(1);
        let responses = answer(server, client.stream(ReceiverStream::new(receiver))).await?.into_inner();
        let session = Self { server: server.clone(), session_id: created.session_id, requests, responses, rays };
        Ok((session, beginning))
    }

    /// One step.
    pub(crate) async fn step(&mut self, action: Action) -> Result<Outlook, DrivingError> {
        let Self { server, session_id, requests, responses, rays } = self;
        // Only the first request needs the session's id.
        let command = Some(Command::Actions(convert::action_bytes(&[action]).into()));
        let request = v1::StreamRequest { session_id: std::mem::take(session_id), command };
        let exchange = async {
            // A closed channel means that the stream has ended: the status that ended it comes from `message`.
            let _ = requests.send(request).await;
            responses.message().await
        };
        let result = match answer(server, exchange).await?.and_then(|response| response.outcome) {
            Some(Outcome::Result(result)) => result,
            Some(Outcome::Error(error)) => {
                return Err(DrivingError::Refused(format!("{}: {}", error.field, error.message)));
            }
            Some(_) => return Err(DrivingError::Lost(server.clone(), "it answers something else".to_owned())),
            None => return Err(DrivingError::Lost(server.clone(), "the stream ended".to_owned())),
        };
        let broken =
            |error: ConvertError| DrivingError::Lost(server.clone(), format!("it broke the protocol: {error}"));
        let batch = convert::read_step(&result, 1, *rays).map_err(broken)?;
        let info = result.info.ok_or_else(|| DrivingError::NoInfo(server.clone()))?;
        let sight = sight(server, &info, result.observations.to_vec())?;
        Ok(Outlook { sight, reward: batch.rewards[0], end: batch.ends[0] })
    }
}

fn beginning(server: &Address, created: &v1::CreateSessionResponse) -> Result<Beginning, DrivingError> {
    let broken = |reason: String| DrivingError::Lost(server.clone(), format!("it broke the protocol: {reason}"));
    let rays = created.options.map_or(0, |options| options.rays) as usize;
    convert::read_observations(&created.observations, 1, rays).map_err(|error| broken(error.to_string()))?;
    let no_info = || DrivingError::NoInfo(server.clone());
    let info = created.info.as_ref().ok_or_else(no_info)?;
    let road = info.roads.iter().find(|road| road.lane == 0).ok_or_else(no_info)?.clone();
    let (centre, half_widths) = (road.centre.clone(), road.half_widths.clone());
    check_road(&v1::Road { centre, half_widths, ..v1::Road::default() }).map_err(|error| broken(error.to_string()))?;
    Ok(Beginning {
        sight: sight(server, info, created.observations.clone())?,
        road,
        horizon: created.horizon,
        lap_length: created.lap_length,
        warnings: created.warnings.clone(),
    })
}

fn sight(server: &Address, info: &v1::LaneInfo, observation: Vec<u8>) -> Result<Sight, DrivingError> {
    let (numbers, _) = info.poses.as_chunks();
    let numbers: Vec<f64> = numbers.iter().map(|&number| f64::from_le_bytes(number)).collect();
    match numbers[..] {
        [x, y, heading_rad, _] if numbers.iter().all(|number| number.is_finite()) => {
            Ok(Sight { x, y, heading_rad, observation })
        }
        _ => {
            let reason = format!("it broke the protocol: {numbers:?} is no pose of one car");
            Err(DrivingError::Lost(server.clone(), reason))
        }
    }
}

/// The answer of a server, or why there is none.
async fn answer<T>(server: &Address, answer: impl Future<Output = Result<T, Status>>) -> Result<T, DrivingError> {
    let lost = |reason: String| DrivingError::Lost(server.clone(), reason);
    let answer = timeout(TIMEOUT, answer).await;
    let answer = answer.map_err(|_| lost(format!("no answer within {} s", TIMEOUT.as_secs())))?;
    answer.map_err(|status| match status.code() {
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange | Code::ResourceExhausted => {
            DrivingError::Refused(status.message().to_owned())
        }
        code => lost(format!("{code:?}: {}", status.message())),
    })
}
