//! How the car moves along its track: the true state and one step of it, without sensors. Oracles search in it.

use std::f64::consts::PI;

use crate::car::commanded_turn_rad;
use crate::track::DS;
use crate::{Action, Car, Track, WorldOptions, reward};

/// A car farther than this from the nearest sample of its road has crashed, in units; on a wider road, than 1.5 half-widths.
const LOST_DISTANCE: f64 = 6.0;

/// Share of a gust that is left after a step.
const GUST_DECAY: f64 = 0.9;

/// Steps that the predictive reward looks ahead.
const LOOK_AHEAD: usize = 5;

/// The true state of a car on its track.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Motion {
    /// Pose.
    pub car: Car,
    /// Nearest sample of the track.
    pub index: usize,
    /// Distance from the centre line in units, left positive.
    pub lateral_deviation: f64,
    /// Units of centre line passed since the start.
    pub progress: f64,
    /// The last action.
    pub previous_action: Option<Action>,
    /// Turn of the last step in radians: what the lagging actuator does now.
    pub turn_rad: f64,
    /// Side wind in units a step, left positive.
    pub gust: f64,
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Reward.
    pub reward: f64,
    /// Whether the car left the road.
    pub crashed: bool,
}

impl Motion {
    /// A car beside sample `index` of a track.
    pub fn at(track: &Track, index: usize, lateral_deviation: f64, heading_error_rad: f64) -> Self {
        let car = Car {
            position: track.beside(index, lateral_deviation),
            heading_rad: track.heading_rad(index) + heading_error_rad,
        };
        Self { car, index, lateral_deviation, progress: 0.0, previous_action: None, turn_rad: 0.0, gust: 0.0 }
    }

    /// One step, in this order: the actuator follows the command, the car turns and moves, wind (`gust_noise`, standard normal)
    /// blows it aside, the nearest sample is found. A crash (beyond the edge, or lost) is rewarded with −100.
    pub fn step(&mut self, track: &Track, options: &WorldOptions, action: Action, gust_noise: f64) -> Outcome {
        self.turn_rad += options.actuator_lag * (options.steering_gain * commanded_turn_rad(action) - self.turn_rad);
        self.gust = GUST_DECAY * self.gust + options.gust * (1.0 - GUST_DECAY * GUST_DECAY).sqrt() * gust_noise;
        let centring = self.advance(track);
        let switched = self.previous_action.is_some_and(|previous| previous != action);
        self.previous_action = Some(action);
        match centring {
            None => Outcome { reward: reward::CRASH, crashed: true },
            Some(centring) => Outcome {
                reward: reward::reward(centring, switched) + self.predictive_reward(track, options),
                crashed: false,
            },
        }
    }

    /// Moves by the present turn and gust; the centring, or `None` for a crash.
    fn advance(&mut self, track: &Track) -> Option<f64> {
        self.car.drive(self.turn_rad, self.gust);
        let nearest = track.nearest(self.index, self.car.position);
        self.index = nearest.index;
        self.lateral_deviation = nearest.lateral_deviation;
        self.progress += nearest.advance as f64 * DS;
        let [left, right] = track.half_width(self.index);
        let on_road = (-right..=left).contains(&self.lateral_deviation)
            && nearest.distance <= LOST_DISTANCE.max(1.5 * left.max(right));
        on_road.then(|| reward::centring(self.lateral_deviation, [left, right]))
    }

    /// `weight · (1/5)·Σ centring` over the next five steps if the car went straight on without wind; steps after a crash count 0.
    fn predictive_reward(&self, track: &Track, options: &WorldOptions) -> f64 {
        if options.predictive_reward == 0.0 {
            return 0.0;
        }
        let mut future = Self { turn_rad: 0.0, gust: 0.0, ..*self };
        let safety: f64 = std::iter::from_fn(|| future.advance(track)).take(LOOK_AHEAD).sum();
        options.predictive_reward * safety / LOOK_AHEAD as f64
    }

    /// The car's heading against the road's, in radians, in [−π, π).
    pub fn heading_error_rad(&self, track: &Track) -> f64 {
        let error = self.car.heading_rad - track.heading_rad(self.index);
        error - 2.0 * PI * libm::floor((error + PI) / (2.0 * PI))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phase;

    fn road() -> Track {
        Phase::Straight.track(0, 260.0)
    }

    #[test]
    fn first_step_costs_no_switch_and_later_ones_do() {
        let (track, options) = (road(), WorldOptions::default());
        let mut motion = Motion::at(&track, 40, 0.0, 0.0);
        let mut reward = |action| motion.step(&track, &options, action, 0.0).reward;
        assert_eq!((reward(Action::Straight), reward(Action::Straight)), (2.5, 2.5));
        let deviation = 0.099_833_416_646_828_15;
        assert!((reward(Action::Left) - (2.5 - deviation / 2.0 - 0.1)).abs() < 1e-12);
        assert!((motion.lateral_deviation - deviation).abs() < 1e-12);
        assert!((motion.heading_error_rad(&track) - 0.1).abs() < 1e-12);
        assert_eq!(motion.progress, 3.0);
    }

    #[test]
    fn a_lagging_actuator_approaches_its_command() {
        let (track, options) = (road(), WorldOptions { actuator_lag: 0.2, ..WorldOptions::default() });
        let mut motion = Motion::at(&track, 40, 0.0, 0.0);
        motion.step(&track, &options, Action::Left, 0.0);
        assert!((motion.turn_rad - 0.02).abs() < 1e-15);
        motion.step(&track, &options, Action::Left, 0.0);
        assert!((motion.turn_rad - 0.036).abs() < 1e-15);
    }

    #[test]
    fn a_steering_gain_turns_less_or_to_the_other_side() {
        let track = Phase::Complex.track(4, 260.0);
        let steer = |steering_gain, actions: [Action; 3]| {
            let options = WorldOptions { steering_gain, ..WorldOptions::default() };
            let mut motion = Motion::at(&track, 90, 0.5, 0.02);
            let step = |action| {
                let Outcome { reward, .. } = motion.step(&track, &options, action, 0.0);
                (motion.car, motion.turn_rad, reward)
            };
            actions.map(step)
        };
        let (left, right) =
            ([Action::Left, Action::Left, Action::Straight], [Action::Right, Action::Right, Action::Straight]);
        assert_eq!(steer(-1.0, left), steer(1.0, right), "not a bit differs from the mirrored actions");
        assert_eq!(steer(0.5, left)[0].1, 0.05);
        assert_eq!(steer(0.5, right)[1].0.heading_rad, track.heading_rad(90) + 0.02 - 0.05 - 0.05);
    }

    #[test]
    fn gusts_blow_aside_and_fade() {
        let (track, options) = (road(), WorldOptions { gust: 0.1, ..WorldOptions::default() });
        let mut motion = Motion::at(&track, 40, 0.0, 0.0);
        motion.step(&track, &options, Action::Straight, 1.0);
        let gust = 0.1 * 0.19f64.sqrt();
        assert!((motion.lateral_deviation - gust).abs() < 1e-12);
        motion.step(&track, &options, Action::Straight, 0.0);
        assert!((motion.lateral_deviation - 1.9 * gust).abs() < 1e-12);
    }

    #[test]
    fn the_predictive_reward_looks_five_steps_straight_ahead() {
        let (track, options) = (road(), WorldOptions { predictive_reward: 2.0, ..WorldOptions::default() });
        let mut motion = Motion::at(&track, 40, 0.0, 0.0);
        assert!((motion.step(&track, &options, Action::Straight, 0.0).reward - 4.5).abs() < 1e-12);
        let mut leaving = Motion::at(&track, 40, 3.9, 0.02);
        let safe = leaving.step(&track, &options, Action::Straight, 0.0);
        assert!(!safe.crashed && safe.reward < 0.65, "five steps ahead it is off the road: {}", safe.reward);
    }

    #[test]
    fn a_narrow_side_is_left_earlier() {
        let track = road();
        let samples = track.samples();
        let track = track.with_half_width(vec![[1.0, 6.0]; samples]);
        let crashed = |deviation| {
            Motion::at(&track, 40, deviation, 0.0).step(&track, &WorldOptions::default(), Action::Straight, 0.0).crashed
        };
        assert_eq!([crashed(1.1), crashed(0.9), crashed(-5.9), crashed(-6.1)], [true, false, false, true]);
    }
}
