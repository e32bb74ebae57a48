//! The flags of the world.

use clap::Args;
use spikedrive_env::{WorldOptions, WorldPreset};

use crate::failure::Failure;

/// Which world to drive in; flags change single options of the named one.
#[derive(Args, Clone, Debug, Default)]
pub struct WorldArgs {
    /// World: base, hard-latency, hard-lag or hard-storm.
    #[arg(long, value_name = "NAME", env = "SPIKEDRIVE_WORLD", help_heading = "World")]
    pub world: Option<WorldPreset>,
    /// Number of rays: 3, 5, 7 or 9.
    #[arg(long, value_name = "N", env = "SPIKEDRIVE_RAYS", help_heading = "World")]
    pub rays: Option<usize>,
    /// Standard deviation of noise on each ray, in units.
    #[arg(long, value_name = "SD", env = "SPIKEDRIVE_SENSOR_NOISE", help_heading = "World")]
    pub sensor_noise: Option<f64>,
    /// Steps between seeing and knowing.
    #[arg(long, value_name = "STEPS", env = "SPIKEDRIVE_SENSOR_LATENCY", help_heading = "World")]
    pub sensor_latency: Option<usize>,
    /// Share of a steering command that is taken over in a step, (0, 1]; 1 is no lag.
    #[arg(long, value_name = "SHARE", env = "SPIKEDRIVE_ACTUATOR_LAG", help_heading = "World")]
    pub actuator_lag: Option<f64>,
    /// Strength of side wind, in units a step.
    #[arg(long, value_name = "STRENGTH", env = "SPIKEDRIVE_GUST", help_heading = "World")]
    pub gust: Option<f64>,
    /// Let the width of the road vary.
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", env = "SPIKEDRIVE_VARYING_WIDTH", help_heading = "World")]
    pub varying_width: Option<bool>,
    /// Weight of the predictive reward.
    #[arg(long, value_name = "WEIGHT", env = "SPIKEDRIVE_PREDICTIVE_REWARD", help_heading = "World")]
    pub predictive_reward: Option<f64>,
    /// What a commanded turn is multiplied with, [-2, 2]; -1 steers to the other side.
    #[arg(
        long,
        value_name = "GAIN",
        allow_negative_numbers = true,
        env = "SPIKEDRIVE_STEERING_GAIN",
        help_heading = "World"
    )]
    pub steering_gain: Option<f64>,
    /// What the leftmost ray reads is multiplied with this, (0, 1].
    #[arg(long, value_name = "GAIN", env = "SPIKEDRIVE_LEFT_RAY_GAIN", help_heading = "World")]
    pub left_ray_gain: Option<f64>,
}

impl WorldArgs {
    /// The options that were asked for, on top of the named world, or of `default` where none is named.
    pub fn options(&self, default: WorldOptions) -> Result<WorldOptions, Failure> {
        let base = self.world.map_or(default, WorldPreset::options);
        let options = WorldOptions {
            rays: self.rays.unwrap_or(base.rays),
            sensor_noise: self.sensor_noise.unwrap_or(base.sensor_noise),
            sensor_latency: self.sensor_latency.unwrap_or(base.sensor_latency),
            actuator_lag: self.actuator_lag.unwrap_or(base.actuator_lag),
            gust: self.gust.unwrap_or(base.gust),
            varying_width: self.varying_width.unwrap_or(base.varying_width),
            predictive_reward: self.predictive_reward.unwrap_or(base.predictive_reward),
            steering_gain: self.steering_gain.unwrap_or(base.steering_gain),
            left_ray_gain: self.left_ray_gain.unwrap_or(base.left_ray_gain),
        };
        options.validate().map_err(|error| Failure::Usage(error.to_string()))?;
        Ok(options)
    }
}
