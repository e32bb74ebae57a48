//! One lane: a car on a track, from its start to its end.

use std::f64::consts::PI;
use std::sync::Arc;

use rand::Rng;

use crate::random::{below, uniform};
use crate::track::{DS, HALF_WIDTH};
use crate::{Action, Car, Observation, Track, reward, sensors};

/// A car farther than this from the nearest sample of its road has crashed, in units.
const LOST_DISTANCE: f64 = 6.0;

/// Where an open track is entered, in units from its beginning.
const START_RANGE: [f64; 2] = [10.0, 50.0];
/// Largest lateral deviation of a start, in units.
const START_DEVIATION: f64 = 1.5;
/// Largest heading error of a start, in radians.
const START_HEADING_ERROR_RAD: f64 = 0.15;

/// Why an episode ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// The car left the road: the episode is *terminated*.
    Crash,
    /// The horizon was reached: the episode is *truncated*.
    Horizon,
    /// A full lap of a circuit was driven: the episode is *truncated*.
    Lap,
}

impl EndReason {
    /// True for an end that lies in the task itself (no value follows it).
    pub fn is_terminated(self) -> bool {
        self == Self::Crash
    }

    /// True for an end that was set from outside (the task would have gone on).
    pub fn is_truncated(self) -> bool {
        !self.is_terminated()
    }
}

/// What a step gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition {
    /// Reward of the step.
    pub reward: f64,
    /// Set when the episode ended with this step.
    pub end: Option<EndReason>,
}

/// Where an episode starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Start {
    /// Sample of the centre line.
    pub index: usize,
    /// Units to the left of it.
    pub lateral_deviation: f64,
    /// Heading against the road's, in radians.
    pub heading_error_rad: f64,
}

impl Start {
    /// Draws a start: on an open track s ~ U[10, 50], on a circuit anywhere; deviation ~ U[−1.5, 1.5] units, heading
    /// error ~ U[−0.15, 0.15] rad.
    pub fn draw(track: &Track, rng: &mut impl Rng) -> Self {
        let index = if track.is_closed() {
            below(rng, track.samples() as u64) as usize
        } else {
            (uniform(rng, START_RANGE[0], START_RANGE[1]) / DS) as usize
        };
        Self {
            index,
            lateral_deviation: uniform(rng, -START_DEVIATION, START_DEVIATION),
            heading_error_rad: uniform(rng, -START_HEADING_ERROR_RAD, START_HEADING_ERROR_RAD),
        }
    }
}

/// A car on a track in the middle of an episode.
#[derive(Clone, Debug)]
pub struct Drive {
    track: Arc<Track>,
    car: Car,
    index: usize,
    lateral_deviation: f64,
    progress: f64,
    previous_action: Option<Action>,
    steps: usize,
    horizon: usize,
}

impl Drive {
    /// Length of road that no episode of `horizon` steps can leave: the start, the longest way (a car that hugs the
    /// inside of the tightest bend passes 12.5 / 8.5 < 1.5 units of centre line a step) and what the rays see.
    pub fn road_length(horizon: usize) -> f64 {
        (START_RANGE[1] + 1.5 * horizon as f64 + 40.0).max(260.0)
    }

    /// A car at `start` of `track`, with at most `horizon` steps to drive.
    pub fn new(track: Arc<Track>, start: Start, horizon: usize) -> Self {
        let car = Car {
            position: track.beside(start.index, start.lateral_deviation),
            heading_rad: track.heading_rad(start.index) + start.heading_error_rad,
        };
        let Start { index, lateral_deviation, .. } = start;
        Self { track, car, index, lateral_deviation, progress: 0.0, previous_action: None, steps: 0, horizon }
    }

    /// What the sensors see now.
    pub fn observe(&self) -> Observation {
        sensors::sense(&self.track, self.index, &self.car)
    }

    /// Drives one step: steer, move, find the nearest sample, then reward −100 for a crash (farther than 4 units from the
    /// centre line, or than 6 from the nearest sample), else [`reward::reward`].
    pub fn step(&mut self, action: Action) -> Transition {
        self.car.drive(action);
        let nearest = self.track.nearest(self.index, self.car.position);
        self.index = nearest.index;
        self.lateral_deviation = nearest.lateral_deviation;
        self.progress += nearest.advance as f64 * DS;
        self.steps += 1;
        let switched = self.previous_action.is_some_and(|previous| previous != action);
        self.previous_action = Some(action);
        if nearest.lateral_deviation.abs() > HALF_WIDTH || nearest.distance > LOST_DISTANCE {
            return Transition { reward: reward::CRASH, end: Some(EndReason::Crash) };
        }
        Transition { reward: reward::reward(self.lateral_deviation, switched), end: self.end() }
    }

    fn end(&self) -> Option<EndReason> {
        if self.track.is_closed() && self.progress >= self.track.length() {
            Some(EndReason::Lap)
        } else {
            (self.steps >= self.horizon).then_some(EndReason::Horizon)
        }
    }

    /// The track that is driven.
    pub fn track(&self) -> &Arc<Track> {
        &self.track
    }

    /// The car's pose.
    pub fn car(&self) -> &Car {
        &self.car
    }

    /// Distance from the centre line in units, left positive.
    pub fn lateral_deviation(&self) -> f64 {
        self.lateral_deviation
    }

    /// The car's heading against the road's, in radians, in [−π, π).
    pub fn heading_error_rad(&self) -> f64 {
        let error = self.car.heading_rad - self.track.heading_rad(self.index);
        error - 2.0 * PI * libm::floor((error + PI) / (2.0 * PI))
    }

    /// Units of centre line passed since the start.
    pub fn progress(&self) -> f64 {
        self.progress
    }

    /// Steps driven.
    pub fn steps(&self) -> usize {
        self.steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phase;

    fn straight_road(lateral_deviation: f64, horizon: usize) -> Drive {
        let track = Arc::new(Phase::Straight.track(0, Drive::road_length(horizon)));
        Drive::new(track, Start { index: 40, lateral_deviation, heading_error_rad: 0.0 }, horizon)
    }

    #[test]
    fn first_step_costs_no_switch_and_later_ones_do() {
        let mut drive = straight_road(0.0, 100);
        assert_eq!(drive.step(Action::Straight), Transition { reward: 2.5, end: None });
        assert_eq!(drive.step(Action::Straight).reward, 2.5);
        let left = drive.step(Action::Left);
        let deviation = 0.099_833_416_646_828_15;
        assert!((left.reward - (2.5 - deviation / 2.0 - 0.1)).abs() < 1e-12);
        assert!((drive.lateral_deviation() - deviation).abs() < 1e-12);
        assert!((drive.heading_error_rad() - 0.1).abs() < 1e-12);
        assert_eq!(drive.progress(), 3.0);
    }

    #[test]
    fn horizon_truncates_and_the_edge_terminates() {
        let mut drive = straight_road(0.0, 3);
        let ends: Vec<_> = (0..3).map(|_| drive.step(Action::Straight).end).collect();
        assert_eq!(ends, [None, None, Some(EndReason::Horizon)]);
        assert!(EndReason::Horizon.is_truncated() && !EndReason::Horizon.is_terminated());

        let mut drive = straight_road(3.95, 100);
        assert_eq!(drive.step(Action::Left), Transition { reward: -100.0, end: Some(EndReason::Crash) });
    }

    #[test]
    fn a_crash_at_the_horizon_is_a_crash() {
        let mut drive = straight_road(3.95, 1);
        assert_eq!(drive.step(Action::Left).end, Some(EndReason::Crash));
    }

    #[test]
    fn a_spinning_car_never_leaves_its_local_window() {
        let mut drive = straight_road(0.0, 10_000);
        let end = std::iter::repeat_with(|| drive.step(Action::Left)).find_map(|transition| transition.end);
        assert_eq!(end, Some(EndReason::Crash));
    }
}
