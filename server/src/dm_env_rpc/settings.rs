//! What a world is made from: the settings of CreateWorld.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use spikedrive_env::config::{DEFAULT_HORIZON, MAX_HORIZON};
use spikedrive_env::options::MAX_LATENCY;
use spikedrive_env::sensors::{MAX_RAYS, RAYS};
use spikedrive_env::{Autoreset, Circuit, CircuitMode, Course, Phase, Split, WorldConfig, WorldOptions};
use spikedrive_proto::convert::dm_env_rpc::{quoted, read_flag, read_integer, read_number, read_text};
use spikedrive_proto::convert::{ConvertError, MAX_CIRCUIT_BYTES};
use spikedrive_proto::dm_env_rpc::v1::Tensor;

/// Names of all settings.
const NAMES: &str = "phase, track, circuit, circuit_mode, seed, horizon, first_episode, rays, sensor_noise, sensor_latency, \
                     actuator_lag, gust, varying_width, predictive_reward, steering_gain, left_ray_gain";

/// Where there is no `phase`.
const DEFAULT_PHASE: Phase = Phase::Complex;

/// What the course is chosen by.
#[derive(Default)]
struct CourseSettings<'a> {
    phase: Option<Phase>,
    track: Option<Split>,
    circuit: Option<&'a str>,
    circuit_mode: Option<CircuitMode>,
}

/// The world of one car that `settings` describe. Every setting may be left out: a world without any is phase 4 on the training
/// tracks, seed 0, 100 steps.
///
/// Errs on an unknown setting, one of the wrong type, one that is no scalar, and one out of its range.
pub(super) fn read_settings(settings: &BTreeMap<String, Tensor>) -> Result<WorldConfig, ConvertError> {
    let mut options = WorldOptions::default();
    let (mut course, mut seed, mut first_episode, mut horizon) = (CourseSettings::default(), 0, 0, None);
    for (name, tensor) in settings {
        match name.as_str() {
            "phase" => course.phase = Some(read_phase(tensor)?),
            "track" => course.track = Some(read_split(tensor)?),
            "circuit" => course.circuit = Some(read_text("circuit", tensor)?),
            "circuit_mode" => course.circuit_mode = Some(read_circuit_mode(tensor)?),
            "seed" => seed = read_within("seed", tensor, 0..=u64::MAX)?,
            "first_episode" => first_episode = read_within("first_episode", tensor, 0..=u64::MAX)?,
            "horizon" => horizon = Some(read_within("horizon", tensor, 1..=MAX_HORIZON as u64)? as usize),
            "rays" => options.rays = read_within("rays", tensor, RAYS as u64..=MAX_RAYS as u64)? as usize,
            "sensor_noise" => options.sensor_noise = read_number("sensor_noise", tensor)?,
            "sensor_latency" => {
                options.sensor_latency = read_within("sensor_latency", tensor, 0..=MAX_LATENCY as u64)? as usize;
            }
            "actuator_lag" => options.actuator_lag = read_number("actuator_lag", tensor)?,
            "gust" => options.gust = read_number("gust", tensor)?,
            "varying_width" => options.varying_width = read_flag("varying_width", tensor)?,
            "predictive_reward" => options.predictive_reward = read_number("predictive_reward", tensor)?,
            "steering_gain" => options.steering_gain = read_number("steering_gain", tensor)?,
            "left_ray_gain" => options.left_ray_gain = read_number("left_ray_gain", tensor)?,
            unknown => return Err(error("settings", format!("{:?} is no setting: use {NAMES}", quoted(unknown)))),
        }
    }
    let course = read_course(course)?;
    let horizon = horizon.unwrap_or_else(|| default_horizon(&course));
    let base = WorldConfig::base(course, 1, horizon);
    let config = WorldConfig { seed, first_episode, options, autoreset: Autoreset::Disabled, ..base };
    config.validate()?;
    Ok(config)
}

/// Errs when there is any setting: joining and resetting take none.
pub(super) fn refuse_settings(settings: &BTreeMap<String, Tensor>, request: &str) -> Result<(), ConvertError> {
    match settings.keys().next() {
        None => Ok(()),
        Some(name) => {
            let reason = format!("{:?}: {request} takes no settings; give them to CreateWorld", quoted(name));
            Err(error("settings", reason))
        }
    }
}

fn error(field: &'static str, reason: String) -> ConvertError {
    ConvertError { field, reason }
}

fn read_within(field: &'static str, tensor: &Tensor, range: RangeInclusive<u64>) -> Result<u64, ConvertError> {
    let number = read_integer(field, tensor)?;
    let fitting = u64::try_from(number).ok().filter(|number| range.contains(number));
    fitting.ok_or_else(|| error(field, format!("{number} is outside {}..={}", range.start(), range.end())))
}

fn read_phase(tensor: &Tensor) -> Result<Phase, ConvertError> {
    let number = read_integer("phase", tensor)?;
    let phase = u32::try_from(number).ok().and_then(|number| Phase::try_from(number).ok());
    phase.ok_or_else(|| {
        let phases = Phase::ALL.map(|phase| format!("{} ({})", phase.number(), phase.name())).join(", ");
        error("phase", format!("{number} is no phase: use {phases}"))
    })
}

fn read_split(tensor: &Tensor) -> Result<Split, ConvertError> {
    let name = read_text("track", tensor)?;
    Split::ALL.into_iter().find(|split| split.name() == name).ok_or_else(|| {
        let splits = Split::ALL.map(Split::name).join(", ");
        error("track", format!("{:?} is no set of tracks: use {splits}", quoted(name)))
    })
}

fn read_circuit_mode(tensor: &Tensor) -> Result<CircuitMode, ConvertError> {
    match read_text("circuit_mode", tensor)? {
        "fit" => Ok(CircuitMode::Fit),
        "real" => Ok(CircuitMode::Real),
        other => Err(error("circuit_mode", format!("{:?} is no mode: use fit or real", quoted(other)))),
    }
}

fn read_course(settings: CourseSettings<'_>) -> Result<Course, ConvertError> {
    let Some(csv) = settings.circuit else {
        return match settings.circuit_mode {
            None => Ok(Course::Phase {
                phase: settings.phase.unwrap_or(DEFAULT_PHASE),
                split: settings.track.unwrap_or(Split::Train),
            }),
            Some(_) => {
                Err(error("circuit_mode", "there is no circuit: give its CSV in circuit, or leave it out".into()))
            }
        };
    };
    if settings.phase.is_some() || settings.track.is_some() {
        return Err(error("circuit", "a circuit has neither phase nor track: leave these out".into()));
    }
    if csv.len() > MAX_CIRCUIT_BYTES {
        return Err(error("circuit", format!("{} bytes are more than {MAX_CIRCUIT_BYTES}", csv.len())));
    }
    let circuit = Circuit::from_csv("circuit", csv, settings.circuit_mode.unwrap_or(CircuitMode::Fit))
        .map_err(|reason| error("circuit", reason.to_string()))?;
    Ok(Course::Circuit(Arc::new(circuit)))
}

fn default_horizon(course: &Course) -> usize {
    match course {
        Course::Phase { .. } => DEFAULT_HORIZON,
        Course::Circuit(circuit) => circuit.lap_horizon(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use spikedrive_proto::convert::dm_env_rpc::{to_bool, to_double, to_int64, to_string, to_uint64};
    use spikedrive_proto::dm_env_rpc::v1::tensor::{Int32Array, Payload};

    use super::*;

    fn read(settings: &[(&str, Tensor)]) -> Result<WorldConfig, String> {
        let settings = settings.iter().map(|(name, tensor)| ((*name).to_owned(), tensor.clone())).collect();
        read_settings(&settings).map_err(|error| error.to_string())
    }

    #[test]
    fn every_setting_reaches_the_world() {
        let defaults = read(&[]).unwrap();
        assert!(matches!(defaults.course, Course::Phase { phase: Phase::Complex, split: Split::Train }));
        assert_eq!((defaults.seed, defaults.horizon, defaults.first_episode, defaults.lanes), (0, 100, 0, 1));
        assert_eq!(defaults.options, WorldOptions::default());
        let config = read(&[
            ("phase", Tensor { shape: vec![], payload: Some(Payload::Int32s(Int32Array { array: vec![2] })) }),
            ("track", to_string("validation")),
            ("seed", to_uint64(u64::MAX)),
            ("horizon", to_int64(10_000)),
            ("first_episode", to_int64(3)),
            ("rays", to_int64(5)),
            ("sensor_noise", to_double(0.5)),
            ("sensor_latency", to_int64(2)),
            ("actuator_lag", to_double(0.5)),
            ("gust", to_double(0.1)),
            ("varying_width", to_bool(true)),
            ("predictive_reward", to_int64(1)),
            ("steering_gain", to_double(-0.5)),
            ("left_ray_gain", to_double(0.7)),
        ])
        .unwrap();
        assert!(matches!(config.course, Course::Phase { phase: Phase::Gentle, split: Split::Validation }));
        assert_eq!((config.seed, config.horizon, config.first_episode), (u64::MAX, 10_000, 3));
        assert_eq!(
            config.options,
            WorldOptions {
                rays: 5,
                sensor_noise: 0.5,
                sensor_latency: 2,
                actuator_lag: 0.5,
                gust: 0.1,
                varying_width: true,
                predictive_reward: 1.0,
                steering_gain: -0.5,
                left_ray_gain: 0.7,
            }
        );
    }

    #[test]
    fn a_circuit_is_driven_for_a_lap_and_a_fifth() {
        let csv = include_str!("../../../circuits/example.csv");
        let config = read(&[("circuit", to_string(csv)), ("circuit_mode", to_string("fit"))]).unwrap();
        let Course::Circuit(circuit) = &config.course else { panic!("no circuit") };
        assert_eq!(config.horizon, circuit.lap_horizon());
        assert!(read(&[("circuit", to_string("1,2,3"))]).unwrap_err().starts_with("circuit: line 1: 3 fields"));
        let long = "#".repeat(MAX_CIRCUIT_BYTES + 1);
        assert_eq!(read(&[("circuit", to_string(long))]).unwrap_err(), "circuit: 1048577 bytes are more than 1048576");
    }

    #[test]
    fn errors_name_setting_value_and_range() {
        for (name, tensor, reason) in [
            ("phase", to_int64(5), "phase: 5 is no phase: use 1 (straight), "),
            ("phase", to_int64(-1), "phase: -1 is no phase: use 1 (straight), "),
            ("phase", to_double(4.0), "phase: DOUBLE is the wrong type: send INT64 or INT32"),
            ("track", to_string("exam"), "track: \"exam\" is no set of tracks: use train, validation, test"),
            ("track", to_int64(20_000), "track: INT64 is the wrong type: send STRING"),
            ("seed", to_int64(-1), "seed: -1 is outside 0..=18446744073709551615"),
            ("horizon", to_int64(0), "horizon: 0 is outside 1..=10000"),
            ("horizon", to_uint64(u64::MAX), "horizon: 18446744073709551615 is outside 1..=10000"),
            ("rays", to_int64(4), "rays: 4 is none of 3, 5, 7, 9"),
            ("rays", to_int64(11), "rays: 11 is outside 3..=9"),
            ("sensor_latency", to_int64(21), "sensor_latency: 21 is outside 0..=20"),
            ("gust", to_double(f64::NAN), "gust: NaN is outside [0, 0.3]"),
            ("circuit_mode", to_string("fit"), "circuit_mode: there is no circuit: give its CSV in circuit"),
            ("circuit_mode", to_string("x"), "circuit_mode: \"x\" is no mode: use fit or real"),
            ("lanes", to_int64(1), "settings: \"lanes\" is no setting: use phase, track, circuit, "),
        ] {
            let error = read(&[(name, tensor)]).unwrap_err();
            assert!(error.starts_with(reason), "{error}");
        }
        let both = read(&[("circuit", to_string("")), ("phase", to_int64(1))]).unwrap_err();
        assert_eq!(both, "circuit: a circuit has neither phase nor track: leave these out");
        let long = read(&[("x".repeat(9999).as_str(), to_int64(1))]).unwrap_err();
        assert!(long.len() < 400, "{long}");
    }

    proptest! {
        #[test]
        fn any_setting_is_a_world_or_an_error_that_names_it(
            name in prop::sample::select(NAMES.split(", ").collect::<Vec<_>>()),
            integer in prop_oneof![-3i64..12, any::<i64>()],
            double in prop_oneof![-3.0..12.0, any::<f64>()],
            shape in prop::collection::vec(any::<i32>(), 0..2),
        ) {
            for tensor in [to_int64(integer), to_double(double), to_bool(true), to_string("x"), Tensor::default()] {
                match read(&[(name, Tensor { shape: shape.clone(), ..tensor })]) {
                    Ok(config) => prop_assert!(config.validate().is_ok()),
                    Err(error) => prop_assert!(error.starts_with(name), "{}", error),
                }
            }
        }
    }
}
