//! What a world needs to live on elsewhere: everything that its configuration does not tell.
//!
//! Tracks, starts and the seeds of random streams follow from the configuration and the number of the episode; here is the rest. A
//! state may come from a stranger: [`VectorWorld::resume`](crate::VectorWorld::resume) checks it.

use crate::motion::Motion;
use crate::sensors::RANGE;
use crate::{Car, ConfigError};

/// Farthest from the origin that a car can be, in units; the longest road is 15 090 units long.
const MAX_COORDINATE: f64 = 1e6;

/// The present moment of a lane.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneState {
    /// Number of its episode.
    pub episode: u64,
    /// Whether that is over and the next one not begun.
    pub ended: bool,
    /// Sum of the rewards of the episode so far.
    pub episode_return: f64,
    /// The car.
    pub drive: DriveState,
}

/// The present moment of an episode.
#[derive(Clone, Debug, PartialEq)]
pub struct DriveState {
    /// The true state of the car.
    pub motion: Motion,
    /// Steps driven.
    pub steps: usize,
    /// What the sensors saw in the last latency + 1 steps: a ring of `(latency + 1) × rays` distances, that of step s in slot
    /// `s mod (latency + 1)`.
    pub seen: Vec<f32>,
    /// Words drawn from the stream of sensor noise.
    pub noise_drawn: u64,
    /// Words drawn from the stream of gusts.
    pub gusts_drawn: u64,
}

impl DriveState {
    /// Checks every value against a track of `samples` samples, a horizon, and the number of distances that are remembered.
    pub(crate) fn validate(&self, samples: usize, horizon: usize, distances: usize) -> Result<(), ConfigError> {
        let error = |field, reason| Err(ConfigError { field, reason });
        let Motion {
            car: Car { position: [x, y], heading_rad },
            index,
            lateral_deviation,
            progress,
            turn_rad,
            gust,
            ..
        } = self.motion;
        for (field, number) in [
            ("x", x),
            ("y", y),
            ("heading_rad", heading_rad),
            ("lateral_deviation", lateral_deviation),
            ("progress", progress),
            ("turn_rad", turn_rad),
            ("gust", gust),
        ] {
            if !(-MAX_COORDINATE..=MAX_COORDINATE).contains(&number) {
                return error(field, format!("{number} is outside [-{MAX_COORDINATE}, {MAX_COORDINATE}]"));
            }
        }
        if index >= samples {
            return error("index", format!("{index} is no sample of a track of {samples}"));
        }
        if self.steps > horizon {
            return error("steps", format!("{} is more than the horizon, {horizon}", self.steps));
        }
        if self.seen.len() != distances {
            return error("seen", format!("{} distances instead of {distances}", self.seen.len()));
        }
        match self.seen.iter().find(|distance| !(0.0..=RANGE).contains(*distance)) {
            Some(distance) => error("seen", format!("{distance} is outside [0, {RANGE}]")),
            None => Ok(()),
        }
    }
}
