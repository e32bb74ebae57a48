//! The only translation between the wire and the world's types, in both directions, for server and clients alike.
//!
//! Whatever arrives is checked here once: lengths, ranges, finite numbers. Past this door there are only valid types.

use std::sync::Arc;

use spikedrive_env::config::{self, Autoreset, ConfigError, Course, WorldConfig};
use spikedrive_env::sensors::{RANGE, RAYS, ray_names};
use spikedrive_env::vector_world::LaneError;
use spikedrive_env::{Action, Circuit, CircuitMode, ENVIRONMENT_ID, EndReason, Phase, Split, StepBatch, WorldOptions};
use tonic::{Code, Status};

use crate::{PROTOCOL_MAJOR, v1};

/// Largest circuit file, in bytes.
pub const MAX_CIRCUIT_BYTES: usize = 1 << 20;

/// A message that says nothing valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct ConvertError {
    /// The field that was rejected.
    pub field: &'static str,
    /// Value, range and remedy.
    pub reason: String,
}

impl ConvertError {
    fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self { field, reason: reason.into() }
    }
}

impl From<ConfigError> for ConvertError {
    fn from(ConfigError { field, reason }: ConfigError) -> Self {
        Self { field, reason }
    }
}

impl From<ConvertError> for Status {
    fn from(error: ConvertError) -> Self {
        Self::invalid_argument(error.to_string())
    }
}

impl From<ConvertError> for v1::StepError {
    fn from(ConvertError { field, reason }: ConvertError) -> Self {
        Self { code: Code::InvalidArgument as u32, field: field.to_owned(), message: reason }
    }
}

/// A command that does not fit the lanes, as a code and the field that is wrong.
fn lane_error(error: LaneError, field: &'static str) -> (Code, &'static str) {
    match error {
        LaneError::WrongCount { .. } => (Code::InvalidArgument, field),
        LaneError::EpisodeOver(_) => (Code::FailedPrecondition, "actions"),
    }
}

/// The status of a unary call whose `field` did not fit the lanes.
pub fn lane_status(error: LaneError, field: &'static str) -> Status {
    let (code, field) = lane_error(error, field);
    Status::new(code, format!("{field}: {error}"))
}

/// The in-band answer to a command on a stream whose `field` did not fit the lanes.
pub fn lane_step_error(error: LaneError, field: &'static str) -> v1::StepError {
    let (code, field) = lane_error(error, field);
    v1::StepError { code: code as u32, field: field.to_owned(), message: error.to_string() }
}

impl From<&WorldConfig> for v1::CreateSessionRequest {
    fn from(config: &WorldConfig) -> Self {
        use v1::create_session_request::Course as Wire;
        let course = match &config.course {
            Course::Phase { phase, split } => {
                Wire::Phase(v1::PhaseCourse { phase: phase.number(), split: wire_split(*split).into() })
            }
            Course::Circuit(circuit) => {
                let mode = match circuit.mode() {
                    CircuitMode::Fit => v1::CircuitMode::Fit,
                    CircuitMode::Real => v1::CircuitMode::Real,
                };
                let (name, csv) = (circuit.name().to_owned(), circuit.csv().to_owned());
                Wire::Circuit(v1::CircuitCourse { name, csv, mode: mode.into() })
            }
        };
        Self {
            lanes: saturating_u32(config.lanes),
            course: Some(course),
            seed: config.seed,
            horizon: saturating_u32(config.horizon),
            first_episode: config.first_episode,
            autoreset_mode: wire_autoreset(config.autoreset).into(),
            options: Some((&config.options).into()),
            info: false,
        }
    }
}

impl From<&WorldOptions> for v1::WorldOptions {
    fn from(options: &WorldOptions) -> Self {
        Self {
            rays: saturating_u32(options.rays),
            sensor_noise: options.sensor_noise,
            sensor_latency: saturating_u32(options.sensor_latency),
            actuator_lag: options.actuator_lag,
            gust: options.gust,
            varying_width: options.varying_width,
            predictive_reward: options.predictive_reward,
        }
    }
}

/// Zero means that an option is off.
impl From<v1::WorldOptions> for WorldOptions {
    fn from(options: v1::WorldOptions) -> Self {
        Self {
            rays: if options.rays == 0 { RAYS } else { options.rays as usize },
            sensor_noise: options.sensor_noise,
            sensor_latency: options.sensor_latency as usize,
            actuator_lag: if options.actuator_lag == 0.0 { 1.0 } else { options.actuator_lag },
            gust: options.gust,
            varying_width: options.varying_width,
            predictive_reward: options.predictive_reward,
        }
    }
}

impl TryFrom<v1::CreateSessionRequest> for WorldConfig {
    type Error = ConvertError;

    fn try_from(request: v1::CreateSessionRequest) -> Result<Self, ConvertError> {
        use v1::create_session_request::Course as Wire;
        let course = match request.course {
            None => return Err(ConvertError::new("course", "missing: give a phase (with its split) or a circuit")),
            Some(Wire::Phase(course)) => Course::Phase { phase: phase(course.phase)?, split: split(course.split)? },
            Some(Wire::Circuit(course)) => Course::Circuit(Arc::new(circuit(&course)?)),
        };
        let horizon = match (request.horizon, &course) {
            (0, Course::Phase { .. }) => config::DEFAULT_HORIZON,
            (0, Course::Circuit(circuit)) => circuit.lap_horizon(),
            (steps, _) => steps as usize,
        };
        let config = Self {
            course,
            lanes: request.lanes as usize,
            seed: request.seed,
            horizon,
            first_episode: request.first_episode,
            autoreset: autoreset(request.autoreset_mode)?,
            options: request.options.map_or_else(WorldOptions::default, WorldOptions::from),
        };
        config.validate()?;
        Ok(config)
    }
}

fn saturating_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn autoreset(mode: i32) -> Result<Autoreset, ConvertError> {
    match v1::AutoresetMode::try_from(mode) {
        Ok(v1::AutoresetMode::Unspecified | v1::AutoresetMode::NextStep) => Ok(Autoreset::NextStep),
        Ok(v1::AutoresetMode::Disabled) => Ok(Autoreset::Disabled),
        Err(_) => {
            Err(ConvertError::new("autoreset_mode", format!("{mode} is no mode: use 1 (NEXT_STEP) or 2 (DISABLED)")))
        }
    }
}

/// The mode as it is echoed.
pub fn wire_autoreset(mode: Autoreset) -> v1::AutoresetMode {
    match mode {
        Autoreset::NextStep => v1::AutoresetMode::NextStep,
        Autoreset::Disabled => v1::AutoresetMode::Disabled,
    }
}

fn phase(number: u32) -> Result<Phase, ConvertError> {
    Phase::try_from(number).map_err(|error| ConvertError::new("phase.phase", error.to_string()))
}

fn split(number: i32) -> Result<Split, ConvertError> {
    match v1::Split::try_from(number) {
        Ok(v1::Split::Train) => Ok(Split::Train),
        Ok(v1::Split::Validation) => Ok(Split::Validation),
        Ok(v1::Split::Test) => Ok(Split::Test),
        Ok(v1::Split::Unspecified) | Err(_) => Err(ConvertError::new(
            "phase.split",
            format!("{number} is no split: use 1 (TRAIN), 2 (VALIDATION) or 3 (TEST)"),
        )),
    }
}

fn wire_split(split: Split) -> v1::Split {
    match split {
        Split::Train => v1::Split::Train,
        Split::Validation => v1::Split::Validation,
        Split::Test => v1::Split::Test,
    }
}

fn circuit(course: &v1::CircuitCourse) -> Result<Circuit, ConvertError> {
    if course.csv.len() > MAX_CIRCUIT_BYTES {
        return Err(ConvertError::new(
            "circuit.csv",
            format!("{} bytes are more than {MAX_CIRCUIT_BYTES}", course.csv.len()),
        ));
    }
    let mode = match v1::CircuitMode::try_from(course.mode) {
        Ok(v1::CircuitMode::Unspecified | v1::CircuitMode::Fit) => CircuitMode::Fit,
        Ok(v1::CircuitMode::Real) => CircuitMode::Real,
        Err(_) => {
            return Err(ConvertError::new(
                "circuit.mode",
                format!("{} is no mode: use 1 (FIT) or 2 (REAL)", course.mode),
            ));
        }
    };
    Circuit::from_csv(&course.name, &course.csv, mode)
        .map_err(|error| ConvertError::new("circuit.csv", error.to_string()))
}

/// One action for each lane, as bytes.
pub fn action_bytes(actions: &[Action]) -> Vec<u8> {
    actions.iter().map(|&action| action as u8).collect()
}

/// Reads one action for each lane into `actions`.
pub fn read_actions(bytes: &[u8], actions: &mut Vec<Action>) -> Result<(), ConvertError> {
    actions.clear();
    for (lane, &byte) in bytes.iter().enumerate() {
        actions.push(
            Action::try_from(byte).map_err(|error| ConvertError::new("actions", format!("lane {lane}: {error}")))?,
        );
    }
    Ok(())
}

/// Reads one mark, 0 or 1, for each lane into a mask.
pub fn read_mask(bytes: &[u8]) -> Result<Vec<bool>, ConvertError> {
    let mark = |(lane, &byte): (usize, &u8)| match byte {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(ConvertError::new("reset_mask", format!("lane {lane}: {byte} is neither 0 (keep) nor 1 (reset)"))),
    };
    bytes.iter().enumerate().map(mark).collect()
}

impl From<&StepBatch> for v1::StepResult {
    fn from(batch: &StepBatch) -> Self {
        let mask = |is: fn(EndReason) -> bool| batch.ends.iter().map(|end| u8::from(end.is_some_and(is))).collect();
        Self {
            observations: observation_bytes(&batch.observations),
            rewards: batch.rewards.iter().flat_map(|reward| reward.to_le_bytes()).collect(),
            terminated: mask(EndReason::is_terminated),
            truncated: mask(EndReason::is_truncated),
            end_reasons: batch.ends.iter().map(|&end| wire_end_reason(end) as u8).collect(),
            info: None,
        }
    }
}

fn wire_end_reason(end: Option<EndReason>) -> v1::EndReason {
    match end {
        None => v1::EndReason::Unspecified,
        Some(EndReason::Crash) => v1::EndReason::Crash,
        Some(EndReason::Horizon) => v1::EndReason::Horizon,
        Some(EndReason::Lap) => v1::EndReason::Lap,
    }
}

/// Observations as little-endian f32.
pub fn observation_bytes(observations: &[f32]) -> Vec<u8> {
    observations.iter().flat_map(|distance| distance.to_le_bytes()).collect()
}

/// Reads the observations of `lanes` lanes of `rays` rays: right length, each within `[0, 20]`.
pub fn read_observations(bytes: &[u8], lanes: usize, rays: usize) -> Result<Vec<f32>, ConvertError> {
    check_length("observations", bytes, lanes * rays * size_of::<f32>())?;
    let (chunks, _) = bytes.as_chunks();
    chunks
        .iter()
        .map(|&chunk| {
            Some(f32::from_le_bytes(chunk))
                .filter(|distance| (0.0..=RANGE).contains(distance))
                .ok_or(f32::from_le_bytes(chunk))
        })
        .collect::<Result<_, f32>>()
        .map_err(|distance| ConvertError::new("observations", format!("{distance} is outside [0, {RANGE}]")))
}

/// Reads what a step of `lanes` lanes of `rays` rays gave.
pub fn read_step(result: &v1::StepResult, lanes: usize, rays: usize) -> Result<StepBatch, ConvertError> {
    let observations = read_observations(&result.observations, lanes, rays)?;
    check_length("rewards", &result.rewards, lanes * size_of::<f64>())?;
    for (field, bytes) in
        [("terminated", &result.terminated), ("truncated", &result.truncated), ("end_reasons", &result.end_reasons)]
    {
        check_length(field, bytes, lanes)?;
    }
    let rewards: Vec<f64> = result.rewards.as_chunks().0.iter().map(|&chunk| f64::from_le_bytes(chunk)).collect();
    if let Some(reward) = rewards.iter().find(|reward| !reward.is_finite()) {
        return Err(ConvertError::new("rewards", format!("{reward} is not finite")));
    }
    let masks = result.terminated.iter().zip(&result.truncated);
    let ends = result
        .end_reasons
        .iter()
        .zip(masks)
        .map(|(&reason, (&terminated, &truncated))| end_reason(reason, terminated, truncated));
    Ok(StepBatch { observations, rewards, ends: ends.collect::<Result<_, _>>()? })
}

fn end_reason(reason: u8, terminated: u8, truncated: u8) -> Result<Option<EndReason>, ConvertError> {
    let end = match v1::EndReason::try_from(i32::from(reason)) {
        Ok(v1::EndReason::Unspecified) => None,
        Ok(v1::EndReason::Crash) => Some(EndReason::Crash),
        Ok(v1::EndReason::Horizon) => Some(EndReason::Horizon),
        Ok(v1::EndReason::Lap) => Some(EndReason::Lap),
        Err(_) => {
            return Err(ConvertError::new(
                "end_reasons",
                format!("{reason} is no end reason of protocol {PROTOCOL_MAJOR}"),
            ));
        }
    };
    let expected = (end.is_some_and(EndReason::is_terminated), end.is_some_and(EndReason::is_truncated));
    if (terminated, truncated) == (expected.0.into(), expected.1.into()) {
        Ok(end)
    } else {
        Err(ConvertError::new(
            "end_reasons",
            format!("{end:?} contradicts terminated {terminated}, truncated {truncated}"),
        ))
    }
}

fn check_length(field: &'static str, bytes: &[u8], expected: usize) -> Result<(), ConvertError> {
    if bytes.len() == expected {
        Ok(())
    } else {
        Err(ConvertError::new(field, format!("{} bytes instead of {expected}", bytes.len())))
    }
}

/// Bounds of one lane's observation with `rays` rays.
pub fn observation_space(rays: usize) -> v1::ObservationSpace {
    v1::ObservationSpace {
        names: ray_names(rays),
        low: vec![0.0; rays],
        high: vec![RANGE; rays],
        unit: "units of length (1 unit = 1 step of the car)".to_owned(),
    }
}

/// The actions of one lane.
pub fn action_space() -> v1::ActionSpace {
    v1::ActionSpace { meanings: ["left", "straight", "right"].map(str::to_owned).to_vec() }
}

/// What this version of the world offers, within the given server's limits on sessions.
pub fn spec(server_version: &str, max_sessions: usize, lease_seconds: u64) -> v1::GetSpecResponse {
    v1::GetSpecResponse {
        environment_id: ENVIRONMENT_ID.to_owned(),
        server_version: server_version.to_owned(),
        protocol_major: PROTOCOL_MAJOR,
        observation_space: Some(observation_space(RAYS)),
        action_space: Some(action_space()),
        phases: Phase::ALL.map(|phase| v1::PhaseSpec { phase: phase.number(), name: phase.name().to_owned() }).to_vec(),
        splits: Split::ALL
            .map(|split| v1::SplitSpec {
                split: wire_split(split).into(),
                first_track: split.first_track(),
                tracks: split.tracks(),
            })
            .to_vec(),
        autoreset_modes: [v1::AutoresetMode::NextStep, v1::AutoresetMode::Disabled].map(i32::from).to_vec(),
        limits: Some(v1::Limits {
            max_sessions: saturating_u32(max_sessions),
            max_lanes: saturating_u32(config::MAX_LANES),
            max_horizon: saturating_u32(config::MAX_HORIZON),
            max_lane_steps: config::MAX_LANE_STEPS as u64,
            max_circuit_bytes: MAX_CIRCUIT_BYTES as u64,
            lease_seconds,
        }),
    }
}

/// Checks that a client of major version `client` (0: this one) understands this server.
pub fn check_protocol(client: u32) -> Result<(), Status> {
    if client == 0 || client == PROTOCOL_MAJOR {
        Ok(())
    } else {
        let older = if client < PROTOCOL_MAJOR { "client" } else { "server" };
        Err(Status::failed_precondition(format!(
            "server speaks v{PROTOCOL_MAJOR}, client v{client}: upgrade the {older}"
        )))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request() -> v1::CreateSessionRequest {
        let course = Course::Phase { phase: Phase::Sharp, split: Split::Validation };
        let options = WorldOptions { rays: 5, gust: 0.1, actuator_lag: 0.5, ..WorldOptions::default() };
        let base = WorldConfig::base(course, 4, 140);
        (&WorldConfig { seed: 9, first_episode: 3, autoreset: Autoreset::Disabled, options, ..base }).into()
    }

    fn reason(request: v1::CreateSessionRequest) -> String {
        WorldConfig::try_from(request).unwrap_err().to_string()
    }

    #[test]
    fn a_request_survives_the_wire() {
        let config = WorldConfig::try_from(request()).unwrap();
        assert_eq!((config.lanes, config.seed, config.horizon, config.first_episode), (4, 9, 140, 3));
        assert!(matches!(config.course, Course::Phase { phase: Phase::Sharp, split: Split::Validation }));
        assert_eq!(v1::CreateSessionRequest::from(&config), request());
        assert_eq!(WorldConfig::try_from(v1::CreateSessionRequest { horizon: 0, ..request() }).unwrap().horizon, 100);
    }

    #[test]
    fn bad_requests_name_field_value_and_range() {
        use v1::create_session_request::Course as Wire;
        assert!(reason(v1::CreateSessionRequest { course: None, ..request() }).starts_with("course: missing"));
        assert_eq!(reason(v1::CreateSessionRequest { lanes: 0, ..request() }), "lanes: 0 is outside 1..=4096");
        assert!(
            reason(v1::CreateSessionRequest { horizon: 10_001, ..request() }).contains("10001 is outside 1..=10000")
        );
        assert!(
            reason(v1::CreateSessionRequest { autoreset_mode: 9, ..request() })
                .starts_with("autoreset_mode: 9 is no mode")
        );
        let phase = |phase, split| v1::CreateSessionRequest {
            course: Some(Wire::Phase(v1::PhaseCourse { phase, split })),
            ..request()
        };
        assert!(reason(phase(5, 1)).starts_with("phase.phase: phase 5 does not exist"));
        assert!(reason(phase(1, 0)).starts_with("phase.split: 0 is no split"));
        let circuit = |csv: &str| v1::CreateSessionRequest {
            course: Some(Wire::Circuit(v1::CircuitCourse { name: String::new(), csv: csv.to_owned(), mode: 0 })),
            ..request()
        };
        assert!(reason(circuit("1,2,3")).starts_with("circuit.csv: line 1: 3 fields"));
        assert!(reason(circuit(&"#".repeat(MAX_CIRCUIT_BYTES + 1))).contains("are more than 1048576"));
    }

    #[test]
    fn other_major_versions_are_told_what_to_upgrade() {
        assert!(check_protocol(0).is_ok() && check_protocol(1).is_ok());
        assert_eq!(check_protocol(2).unwrap_err().message(), "server speaks v1, client v2: upgrade the server");
    }

    #[test]
    fn a_broken_step_is_refused() {
        let good = v1::StepResult::from(&StepBatch {
            observations: vec![1.0; 3],
            rewards: vec![2.5],
            ends: vec![Some(EndReason::Lap)],
        });
        assert!(read_step(&good, 1, 3).is_ok());
        for (bad, field) in [
            (v1::StepResult { observations: observation_bytes(&[1.0, 2.0]), ..good.clone() }, "observations"),
            (v1::StepResult { observations: observation_bytes(&[1.0, 2.0, f32::NAN]), ..good.clone() }, "observations"),
            (v1::StepResult { observations: observation_bytes(&[1.0, 2.0, 20.5]), ..good.clone() }, "observations"),
            (v1::StepResult { rewards: f64::INFINITY.to_le_bytes().to_vec(), ..good.clone() }, "rewards"),
            (v1::StepResult { terminated: vec![1], ..good.clone() }, "end_reasons"),
            (v1::StepResult { end_reasons: vec![9], ..good.clone() }, "end_reasons"),
            (v1::StepResult { truncated: vec![], ..good.clone() }, "truncated"),
        ] {
            assert_eq!(read_step(&bad, 1, 3).unwrap_err().field, field);
        }
    }

    fn lane() -> impl Strategy<Value = ([f32; 3], f64, Option<EndReason>)> {
        let end = prop_oneof![
            Just(None),
            Just(Some(EndReason::Crash)),
            Just(Some(EndReason::Horizon)),
            Just(Some(EndReason::Lap))
        ];
        (prop::array::uniform3(0.0f32..=20.0), -100.0f64..=2.5, end)
    }

    proptest! {
        #[test]
        fn steps_survive_the_wire_bit_for_bit(lanes in prop::collection::vec(lane(), 1..20)) {
            let batch = StepBatch {
                observations: lanes.iter().flat_map(|lane| lane.0).collect(),
                rewards: lanes.iter().map(|lane| lane.1).collect(),
                ends: lanes.iter().map(|lane| lane.2).collect(),
            };
            prop_assert_eq!(read_step(&v1::StepResult::from(&batch), lanes.len(), 3).unwrap(), batch);
        }

        #[test]
        fn any_bytes_are_actions_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..50)) {
            let mut actions = Vec::new();
            match read_actions(&bytes, &mut actions) {
                Ok(()) => prop_assert_eq!(action_bytes(&actions), bytes),
                Err(error) => prop_assert!(bytes.iter().any(|&byte| byte > 2) && error.reason.contains("use 0 (left)")),
            }
        }
    }
}
