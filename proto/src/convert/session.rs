//! What a session is made from.

use std::sync::Arc;

use spikedrive_env::config::{self, Autoreset, Course, WorldConfig};
use spikedrive_env::sensors::RAYS;
use spikedrive_env::{Circuit, CircuitMode, Phase, Split, WorldOptions};

use super::{ConvertError, saturating_u32};
use crate::v1;

/// Longest name of a circuit, in bytes.
const MAX_NAME_BYTES: usize = 200;
/// Largest circuit file, in bytes.
pub const MAX_CIRCUIT_BYTES: usize = 1 << 20;

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
            info: config.info,
            lease_seconds: 0,
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
            steering_gain: options.steering_gain,
            left_ray_gain: options.left_ray_gain,
        }
    }
}

/// Zero means that an option is off.
impl From<v1::WorldOptions> for WorldOptions {
    fn from(options: v1::WorldOptions) -> Self {
        let factor = |value: f64| if value == 0.0 { 1.0 } else { value };
        Self {
            rays: if options.rays == 0 { RAYS } else { options.rays as usize },
            sensor_noise: options.sensor_noise,
            sensor_latency: options.sensor_latency as usize,
            actuator_lag: factor(options.actuator_lag),
            gust: options.gust,
            varying_width: options.varying_width,
            predictive_reward: options.predictive_reward,
            steering_gain: factor(options.steering_gain),
            left_ray_gain: factor(options.left_ray_gain),
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
            info: request.info,
        };
        config.validate()?;
        Ok(config)
    }
}

fn autoreset(mode: i32) -> Result<Autoreset, ConvertError> {
    match v1::AutoresetMode::try_from(mode) {
        Ok(v1::AutoresetMode::Unspecified | v1::AutoresetMode::NextStep) => Ok(Autoreset::NextStep),
        Ok(v1::AutoresetMode::Disabled) => Ok(Autoreset::Disabled),
        Ok(v1::AutoresetMode::SameStep) => Ok(Autoreset::SameStep),
        Err(_) => {
            let reason = format!("{mode} is no mode: use 1 (NEXT_STEP), 2 (DISABLED) or 3 (SAME_STEP)");
            Err(ConvertError::new("autoreset_mode", reason))
        }
    }
}

/// The mode as it is echoed.
pub fn wire_autoreset(mode: Autoreset) -> v1::AutoresetMode {
    match mode {
        Autoreset::NextStep => v1::AutoresetMode::NextStep,
        Autoreset::Disabled => v1::AutoresetMode::Disabled,
        Autoreset::SameStep => v1::AutoresetMode::SameStep,
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

pub(super) fn wire_split(split: Split) -> v1::Split {
    match split {
        Split::Train => v1::Split::Train,
        Split::Validation => v1::Split::Validation,
        Split::Test => v1::Split::Test,
    }
}

fn circuit(course: &v1::CircuitCourse) -> Result<Circuit, ConvertError> {
    if course.name.len() > MAX_NAME_BYTES {
        return Err(ConvertError::new(
            "circuit.name",
            format!("{} bytes are more than {MAX_NAME_BYTES}", course.name.len()),
        ));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> v1::CreateSessionRequest {
        let course = Course::Phase { phase: Phase::Sharp, split: Split::Validation };
        let faults = WorldOptions { steering_gain: -0.5, left_ray_gain: 0.7, ..WorldOptions::default() };
        let options = WorldOptions { rays: 5, gust: 0.1, actuator_lag: 0.5, ..faults };
        let base = WorldConfig::base(course, 4, 140);
        (&WorldConfig { seed: 9, first_episode: 3, autoreset: Autoreset::Disabled, options, info: true, ..base }).into()
    }

    fn reason(request: v1::CreateSessionRequest) -> String {
        WorldConfig::try_from(request).unwrap_err().to_string()
    }

    #[test]
    fn a_request_survives_the_wire() {
        let config = WorldConfig::try_from(request()).unwrap();
        assert_eq!((config.lanes, config.seed, config.horizon, config.first_episode), (4, 9, 140, 3));
        assert!(matches!(config.course, Course::Phase { phase: Phase::Sharp, split: Split::Validation }));
        assert!(config.info);
        assert_eq!(v1::CreateSessionRequest::from(&config), request());
        assert_eq!(WorldConfig::try_from(v1::CreateSessionRequest { horizon: 0, ..request() }).unwrap().horizon, 100);
        for (mode, expected) in
            [(0, Autoreset::NextStep), (1, Autoreset::NextStep), (2, Autoreset::Disabled), (3, Autoreset::SameStep)]
        {
            let request = v1::CreateSessionRequest { autoreset_mode: mode, ..request() };
            let autoreset = WorldConfig::try_from(request).unwrap().autoreset;
            assert_eq!((autoreset, i32::from(wire_autoreset(autoreset))), (expected, mode.max(1)));
        }
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
}
