//! What a person may drive, with every range, so that the page need not know them.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use spikedrive_env::config::{DEFAULT_HORIZON, MAX_HORIZON};
use spikedrive_env::options::{MAX_GUST, MAX_LATENCY, MAX_NOISE, MAX_PREDICTIVE_REWARD, MAX_STEERING_GAIN};
use spikedrive_env::sensors::{MAX_RAYS, RANGE, RAYS};
use spikedrive_env::{ENVIRONMENT_ID, Phase, Split, WorldOptions, WorldPreset};
use spikedrive_proto::convert::{MAX_CIRCUIT_BYTES, action_space};

use super::Web;

/// Slowest and fastest real-time pace, and that of who names none, in steps a second.
pub(crate) const RATES: [f64; 2] = [0.5, 60.0];
/// The pace of who names none.
pub(crate) const DEFAULT_RATE: f64 = 10.0;

/// Phases, options of the world, limits.
pub(crate) async fn spec(State(web): State<Web>) -> Json<Value> {
    let base = WorldOptions::default();
    let phases = Phase::ALL.map(|phase| json!({ "phase": phase.number(), "name": phase.name() }));
    let worlds = WorldPreset::ALL.map(|world| json!({ "name": world.name(), "options": world.options() }));
    let rays: Vec<usize> = (RAYS..=MAX_RAYS).step_by(2).collect();
    Json(json!({
        "environment_id": ENVIRONMENT_ID,
        "server": web.server.address.to_string(),
        "phases": phases,
        "test_tracks": Split::Test.tracks(),
        "train_tracks": Split::Train.tracks(),
        "sensor_range": RANGE,
        "actions": action_space().meanings,
        "worlds": worlds,
        "options": {
            "rays": { "values": rays, "default": base.rays },
            "sensor_noise": { "min": 0, "max": MAX_NOISE, "default": base.sensor_noise, "unit": "units" },
            "sensor_latency": { "min": 0, "max": MAX_LATENCY, "default": base.sensor_latency, "unit": "steps" },
            // Zero itself is no lag on the wire.
            "actuator_lag": { "above": 0, "max": 1, "default": base.actuator_lag },
            "gust": { "min": 0, "max": MAX_GUST, "default": base.gust, "unit": "units a step" },
            "varying_width": { "default": base.varying_width, "circuits": false },
            "predictive_reward": { "min": 0, "max": MAX_PREDICTIVE_REWARD, "default": base.predictive_reward },
            // Zero itself steers as commanded, on the wire.
            "steering_gain": { "min": -MAX_STEERING_GAIN, "not": 0, "max": MAX_STEERING_GAIN, "default": base.steering_gain },
            "left_ray_gain": { "above": 0, "max": 1, "default": base.left_ray_gain },
        },
        "horizon": { "min": 1, "max": MAX_HORIZON, "default": DEFAULT_HORIZON, "unit": "steps" },
        "rate": { "min": RATES[0], "max": RATES[1], "default": DEFAULT_RATE, "unit": "steps a second" },
        "circuit": { "modes": ["fit", "real"], "max_bytes": MAX_CIRCUIT_BYTES },
    }))
}
