//! Options that make the world harder or more real. Each is off by default.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::sensors::{MAX_RAYS, RAYS};

/// Largest sensor latency, in steps.
pub const MAX_LATENCY: usize = 20;
/// Largest standard deviation of sensor noise, in units.
pub const MAX_NOISE: f64 = 10.0;
/// Largest strength of gusts, in units a step: beyond it no driver stays on the road.
pub const MAX_GUST: f64 = 0.3;
/// Largest weight of the predictive reward.
pub const MAX_PREDICTIVE_REWARD: f64 = 10.0;
/// Largest magnitude of the steering gain.
pub const MAX_STEERING_GAIN: f64 = 2.0;

/// What differs from the base task.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorldOptions {
    /// Number of rays, 3, 5, 7 or 9, spread evenly from +45° to −45°.
    pub rays: usize,
    /// Standard deviation of Gaussian noise on each ray, in units; the result is clipped to the range.
    pub sensor_noise: f64,
    /// The driver sees what the sensors saw this many steps ago; until then the first observation.
    pub sensor_latency: usize,
    /// Share of the commanded curvature that is taken over in a step, `κ += a·(command − κ)`; 1 is no lag, smaller is more.
    pub actuator_lag: f64,
    /// Strength s of side wind: `g ← 0.9·g + s·√0.19·N(0, 1)`, and the car is moved by g along its left normal.
    pub gust: f64,
    /// Half-widths of the road vary as `3.5 + 0.5·sin(2π·arc_length/60 + φ)`, with φ drawn for each track.
    pub varying_width: bool,
    /// Weight of the predictive reward: the mean centring over the next five steps, if the car went straight on.
    pub predictive_reward: f64,
    /// What a commanded turn is multiplied with: 0.5 steers half as far, −1 to the other side.
    pub steering_gain: f64,
    /// What the leftmost ray reads is multiplied with this, before the noise: a sensor that reads too little.
    pub left_ray_gain: f64,
}

impl Default for WorldOptions {
    fn default() -> Self {
        Self {
            rays: RAYS,
            sensor_noise: 0.0,
            sensor_latency: 0,
            actuator_lag: 1.0,
            gust: 0.0,
            varying_width: false,
            predictive_reward: 0.0,
            steering_gain: 1.0,
            left_ray_gain: 1.0,
        }
    }
}

impl WorldOptions {
    /// Checks every range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let error = |field, reason| Err(ConfigError { field, reason });
        if self.rays.is_multiple_of(2) || !(RAYS..=MAX_RAYS).contains(&self.rays) {
            return error("rays", format!("{} is none of 3, 5, 7, 9", self.rays));
        }
        if self.sensor_latency > MAX_LATENCY {
            return error("sensor_latency", format!("{} is outside 0..={MAX_LATENCY} steps", self.sensor_latency));
        }
        if !(self.actuator_lag > 0.0 && self.actuator_lag <= 1.0) {
            return error("actuator_lag", format!("{} is outside (0, 1]: 1 is no lag", self.actuator_lag));
        }
        if !(self.steering_gain != 0.0 && self.steering_gain.abs() <= MAX_STEERING_GAIN) {
            let range =
                format!("is outside [-{MAX_STEERING_GAIN}, 0) and (0, {MAX_STEERING_GAIN}]: 1 steers as commanded");
            return error("steering_gain", format!("{} {range}", self.steering_gain));
        }
        if !(self.left_ray_gain > 0.0 && self.left_ray_gain <= 1.0) {
            return error("left_ray_gain", format!("{} is outside (0, 1]: 1 reads what is", self.left_ray_gain));
        }
        for (field, value, most) in [
            ("sensor_noise", self.sensor_noise, MAX_NOISE),
            ("gust", self.gust, MAX_GUST),
            ("predictive_reward", self.predictive_reward, MAX_PREDICTIVE_REWARD),
        ] {
            if !(0.0..=most).contains(&value) {
                return error(field, format!("{value} is outside [0, {most}]"));
            }
        }
        Ok(())
    }
}

/// Named settings of the options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorldPreset {
    /// The base task.
    Base,
    /// SpikeDrive-Hard: latency of 3 steps.
    HardLatency,
    /// SpikeDrive-Hard: actuator lag of 0.2.
    HardLag,
    /// SpikeDrive-Hard: latency 2, lag 0.5, gusts 0.1, noise 0.5.
    HardStorm,
}

/// A text that names no world.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no world: use base, hard-latency, hard-lag or hard-storm")]
pub struct WorldPresetError(String);

impl WorldPreset {
    /// All worlds.
    pub const ALL: [Self; 4] = [Self::Base, Self::HardLatency, Self::HardLag, Self::HardStorm];
    /// The suite SpikeDrive-Hard.
    pub const HARD: [Self; 3] = [Self::HardLatency, Self::HardLag, Self::HardStorm];

    /// Its name in flags and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::HardLatency => "hard-latency",
            Self::HardLag => "hard-lag",
            Self::HardStorm => "hard-storm",
        }
    }

    /// Its options.
    pub fn options(self) -> WorldOptions {
        let base = WorldOptions::default();
        match self {
            Self::Base => base,
            Self::HardLatency => WorldOptions { sensor_latency: 3, ..base },
            Self::HardLag => WorldOptions { actuator_lag: 0.2, ..base },
            Self::HardStorm => {
                WorldOptions { sensor_latency: 2, actuator_lag: 0.5, gust: 0.1, sensor_noise: 0.5, ..base }
            }
        }
    }
}

impl fmt::Display for WorldPreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for WorldPreset {
    type Err = WorldPresetError;

    fn from_str(text: &str) -> Result<Self, WorldPresetError> {
        Self::ALL.into_iter().find(|world| world.name() == text).ok_or_else(|| WorldPresetError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_is_named() {
        let base = WorldOptions::default();
        assert_eq!(base.validate(), Ok(()));
        let text = |options: WorldOptions| options.validate().unwrap_err().to_string();
        assert_eq!(text(WorldOptions { rays: 4, ..base }), "rays: 4 is none of 3, 5, 7, 9");
        assert_eq!(text(WorldOptions { rays: 11, ..base }), "rays: 11 is none of 3, 5, 7, 9");
        assert_eq!(text(WorldOptions { sensor_latency: 21, ..base }), "sensor_latency: 21 is outside 0..=20 steps");
        assert_eq!(text(WorldOptions { actuator_lag: 0.0, ..base }), "actuator_lag: 0 is outside (0, 1]: 1 is no lag");
        assert_eq!(
            text(WorldOptions { actuator_lag: f64::NAN, ..base }),
            "actuator_lag: NaN is outside (0, 1]: 1 is no lag"
        );
        for bad in [0.0, 2.1, -3.0, f64::NAN, f64::INFINITY] {
            assert_eq!(
                text(WorldOptions { steering_gain: bad, ..base }),
                format!("steering_gain: {bad} is outside [-2, 0) and (0, 2]: 1 steers as commanded")
            );
        }
        for bad in [0.0, 1.1, -0.7, f64::NAN] {
            let expected = format!("left_ray_gain: {bad} is outside (0, 1]: 1 reads what is");
            assert_eq!(text(WorldOptions { left_ray_gain: bad, ..base }), expected);
        }
        assert_eq!(text(WorldOptions { gust: 0.5, ..base }), "gust: 0.5 is outside [0, 0.3]");
        assert_eq!(text(WorldOptions { sensor_noise: -1.0, ..base }), "sensor_noise: -1 is outside [0, 10]");
    }

    #[test]
    fn worlds_have_names_and_valid_options() {
        for world in WorldPreset::ALL {
            assert_eq!(world.name().parse(), Ok(world));
            assert_eq!(world.options().validate(), Ok(()));
        }
        assert!("hard".parse::<WorldPreset>().unwrap_err().to_string().contains("use base, hard-latency"));
    }
}
