//! One lane: an episode of a car on a track, with its sensors and its weather.

use std::ops::Range;
use std::sync::Arc;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::motion::Motion;
use crate::random::{below, gaussian, uniform};
use crate::sensors::{self, RANGE};
use crate::state::DriveState;
use crate::track::DS;
use crate::{Action, ConfigError, Track, WorldOptions};

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

/// The random streams of an episode.
#[derive(Clone, Debug)]
pub struct Weather {
    /// Draws sensor noise.
    pub sensor_noise: ChaCha8Rng,
    /// Draws gusts.
    pub gusts: ChaCha8Rng,
}

/// A car on a track in the middle of an episode.
#[derive(Clone, Debug)]
pub struct Drive {
    track: Arc<Track>,
    options: WorldOptions,
    /// Apart, because it is large and seldom needed: what every step touches stays close together.
    weather: Box<Weather>,
    motion: Motion,
    steps: usize,
    horizon: usize,
    /// What the sensors saw in the last latency + 1 steps, one after the other in a ring: see [`Drive::slot`].
    seen: Vec<f32>,
}

impl Drive {
    /// Length of road that no episode of `horizon` steps can leave: the start, the longest way (a car that hugs the
    /// inside of the tightest bend passes 12.5 / 8.5 < 1.5 units of centre line a step) and what the rays see.
    pub fn road_length(horizon: usize) -> f64 {
        (START_RANGE[1] + 1.5 * horizon as f64 + 40.0).max(260.0)
    }

    /// A car at `start` of `track`, with at most `horizon` steps to drive.
    pub fn new(track: Arc<Track>, start: Start, horizon: usize, options: WorldOptions, weather: Weather) -> Self {
        let motion = Motion::at(&track, start.index, start.lateral_deviation, start.heading_error_rad);
        let seen = vec![0.0; (options.sensor_latency + 1) * options.rays];
        let weather = Box::new(weather);
        let mut drive = Self { track, options, weather, motion, steps: 0, horizon, seen };
        drive.see_first();
        drive
    }

    /// The next episode of the same world, in the memory of this one.
    pub(crate) fn restart(&mut self, track: Arc<Track>, start: Start, weather: Weather) {
        self.motion = Motion::at(&track, start.index, start.lateral_deviation, start.heading_error_rad);
        (self.track, *self.weather, self.steps) = (track, weather, 0);
        self.see_first();
    }

    /// The first observation is that of the whole time before.
    fn see_first(&mut self) {
        self.sense();
        let (first, rest) = self.seen.split_at_mut(self.options.rays);
        rest.chunks_exact_mut(self.options.rays).for_each(|later| later.copy_from_slice(first));
    }

    /// What this episode would need to go on elsewhere, beside its beginning.
    pub(crate) fn state(&self) -> DriveState {
        // A stream has far fewer than 2⁶⁴ words.
        let drawn = |rng: &ChaCha8Rng| rng.get_word_pos() as u64;
        DriveState {
            motion: self.motion,
            steps: self.steps,
            seen: self.seen.clone(),
            noise_drawn: drawn(&self.weather.sensor_noise),
            gusts_drawn: drawn(&self.weather.gusts),
        }
    }

    /// Goes on where another episode with the same beginning was when it told its state.
    pub(crate) fn resume(&mut self, state: &DriveState) -> Result<(), ConfigError> {
        state.validate(self.track.samples(), self.horizon, self.seen.len())?;
        (self.motion, self.steps) = (state.motion, state.steps);
        self.seen.copy_from_slice(&state.seen);
        self.weather.sensor_noise.set_word_pos(state.noise_drawn.into());
        self.weather.gusts.set_word_pos(state.gusts_drawn.into());
        Ok(())
    }

    /// What the driver sees now: with latency k, what the sensors saw k steps ago.
    pub fn observation(&self) -> &[f32] {
        let oldest = self.slot(self.steps + 1);
        &self.seen[oldest]
    }

    /// Drives one step.
    pub fn step(&mut self, action: Action) -> Transition {
        let gust_noise = if self.options.gust > 0.0 { gaussian(&mut self.weather.gusts) } else { 0.0 };
        let outcome = self.motion.step(&self.track, &self.options, action, gust_noise);
        self.steps += 1;
        self.sense();
        let end = if outcome.crashed { Some(EndReason::Crash) } else { self.end() };
        Transition { reward: outcome.reward, end }
    }

    fn end(&self) -> Option<EndReason> {
        if self.track.is_closed() && self.motion.progress >= self.track.length() {
            Some(EndReason::Lap)
        } else {
            (self.steps >= self.horizon).then_some(EndReason::Horizon)
        }
    }

    /// Where in `seen` is kept what the sensors saw at a step, and one more than the latency later what replaces it.
    fn slot(&self, step: usize) -> Range<usize> {
        let slot = step % (self.options.sensor_latency + 1);
        slot * self.options.rays..(slot + 1) * self.options.rays
    }

    /// Reads the sensors, with their faults, and forgets what is older than the latency.
    fn sense(&mut self) {
        let newest = self.slot(self.steps);
        let distances = &mut self.seen[newest];
        sensors::sense(&self.track, self.motion.index, &self.motion.car, distances);
        distances[0] *= self.options.left_ray_gain as f32;
        if self.options.sensor_noise > 0.0 {
            for distance in distances {
                let noisy = f64::from(*distance) + self.options.sensor_noise * gaussian(&mut self.weather.sensor_noise);
                *distance = (noisy as f32).clamp(0.0, RANGE);
            }
        }
    }

    /// The track that is driven.
    pub fn track(&self) -> &Arc<Track> {
        &self.track
    }

    /// The true state.
    pub fn motion(&self) -> &Motion {
        &self.motion
    }

    /// The options of the world.
    pub fn options(&self) -> &WorldOptions {
        &self.options
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
    use crate::random::{Purpose, stream};

    fn drive(phase: Phase, lateral_deviation: f64, horizon: usize, options: WorldOptions) -> Drive {
        let track = Arc::new(phase.track(0, Drive::road_length(horizon)));
        let weather =
            Weather { sensor_noise: stream(0, Purpose::SensorNoise, 0, 0), gusts: stream(0, Purpose::Gusts, 0, 0) };
        Drive::new(track, Start { index: 40, lateral_deviation, heading_error_rad: 0.0 }, horizon, options, weather)
    }

    fn straight_road(lateral_deviation: f64, horizon: usize) -> Drive {
        drive(Phase::Straight, lateral_deviation, horizon, WorldOptions::default())
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

    #[test]
    fn latency_shows_the_past_and_at_first_the_first() {
        let late = WorldOptions { sensor_latency: 3, ..WorldOptions::default() };
        let (mut now, mut then) =
            (drive(Phase::Complex, 0.5, 100, WorldOptions::default()), drive(Phase::Complex, 0.5, 100, late));
        let mut seen = vec![now.observation().to_vec()];
        for step in 1..20usize {
            now.step(Action::Left);
            then.step(Action::Left);
            seen.push(now.observation().to_vec());
            assert_eq!(then.observation(), seen[step.saturating_sub(3)], "step {step}");
            if step > 8 {
                break;
            }
        }
    }

    #[test]
    fn a_weak_left_ray_reads_its_share_and_the_others_what_is() {
        let weak = WorldOptions { left_ray_gain: 0.7, ..WorldOptions::default() };
        let (mut whole, mut faulty) =
            (drive(Phase::Complex, 0.5, 100, WorldOptions::default()), drive(Phase::Complex, 0.5, 100, weak));
        for _ in 0..9 {
            let [left, center, right] = [0, 1, 2].map(|ray| whole.observation()[ray]);
            assert_eq!(faulty.observation(), [0.7 * left, center, right]);
            assert_eq!(whole.step(Action::Left), faulty.step(Action::Left));
        }
    }

    #[test]
    fn noise_has_its_deviation_and_stays_in_range() {
        let noisy = WorldOptions { sensor_noise: 0.5, ..WorldOptions::default() };
        let errors: Vec<f64> = {
            let mut drive = drive(Phase::Straight, 0.0, 200, noisy);
            (0..150)
                .map(|_| {
                    drive.step(Action::Straight);
                    assert!(drive.observation().iter().all(|distance| (0.0..=RANGE).contains(distance)));
                    f64::from(drive.observation()[0]) - 4.0 * 2f64.sqrt()
                })
                .collect()
        };
        let deviation = (errors.iter().map(|error| error * error).sum::<f64>() / 150.0).sqrt();
        assert!((deviation - 0.5).abs() < 0.1, "{deviation}");
    }
}
