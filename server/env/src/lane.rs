//! One lane of a vector: its episode, and how the next one begins.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use rand_chacha::ChaCha8Rng;

use crate::drive::{Start, Weather};
use crate::random::{self, Purpose, below};
use crate::state::LaneState;
use crate::{Action, Autoreset, ConfigError, Course, Drive, Phase, Split, Track, Transition, WorldConfig};

/// A car and its place in the sequence of episodes.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    number: u64,
    episode: u64,
    pub(crate) drive: Drive,
    /// Seed of its track; 0 on a circuit.
    pub(crate) track: u64,
    /// Whether the last step or reset began its episode.
    pub(crate) began: bool,
    pub(crate) ended: bool,
    /// Sum of the rewards of its episode so far.
    pub(crate) episode_return: f64,
}

/// The generated tracks that lanes drive now, by seed. Lanes on the same track share it: a thousand lanes on 200 training tracks
/// then seldom lay out one, and touch a fifth of the memory. What no lane drives is freed.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedTracks(HashMap<u64, Weak<Track>>);

impl SharedTracks {
    fn get(&mut self, config: &WorldConfig, phase: Phase, seed: u64) -> Arc<Track> {
        if let Some(track) = self.0.get(&seed).and_then(Weak::upgrade) {
            return track;
        }
        let track = Arc::new(generated(config, phase, seed));
        self.0.insert(seed, Arc::downgrade(&track));
        track
    }
}

fn generated(config: &WorldConfig, phase: Phase, seed: u64) -> Track {
    let length = Drive::road_length(config.horizon);
    if config.options.varying_width { phase.track_of_varying_width(seed, length) } else { phase.track(seed, length) }
}

impl Lane {
    pub(crate) fn begin(number: u64, episode: u64, config: &WorldConfig, tracks: &mut SharedTracks) -> Self {
        let Beginning { track, seed, start, weather } = Beginning::draw(config, tracks, number, episode);
        let drive = Drive::new(track, start, config.horizon, config.options, weather);
        Self { number, episode, drive, track: seed, began: true, ended: false, episode_return: 0.0 }
    }

    /// Starts the lane's next episode, in the memory of the present one.
    pub(crate) fn begin_next(&mut self, config: &WorldConfig, tracks: &mut SharedTracks) {
        self.episode = self.episode.wrapping_add(1);
        let Beginning { track, seed, start, weather } = Beginning::draw(config, tracks, self.number, self.episode);
        self.drive.restart(track, start, weather);
        (self.track, self.began, self.ended, self.episode_return) = (seed, true, false, 0.0);
    }

    /// What the lane would need to live on elsewhere.
    pub(crate) fn state(&self) -> LaneState {
        let Self { episode, ended, episode_return, .. } = *self;
        LaneState { episode, ended, episode_return, drive: self.drive.state() }
    }

    /// A lane that lives on where another was when it told its state.
    pub(crate) fn resume(
        number: u64,
        state: &LaneState,
        config: &WorldConfig,
        tracks: &mut SharedTracks,
    ) -> Result<Self, ConfigError> {
        let mut lane = Self::begin(number, state.episode, config, tracks);
        if !state.episode_return.is_finite() {
            return Err(ConfigError {
                field: "episode_return",
                reason: format!("{} is not finite", state.episode_return),
            });
        }
        if state.ended && config.autoreset == Autoreset::SameStep {
            let reason = "an episode that is over is followed by the next one at once in mode SAME_STEP".to_owned();
            return Err(ConfigError { field: "ended", reason });
        }
        if !state.ended && state.drive.steps >= config.horizon {
            let reason =
                format!("{} is not below the horizon, {}, and the episode goes on", state.drive.steps, config.horizon);
            return Err(ConfigError { field: "steps", reason });
        }
        lane.drive.resume(&state.drive)?;
        (lane.ended, lane.episode_return) = (state.ended, state.episode_return);
        Ok(lane)
    }

    /// Drives one step of the present episode.
    pub(crate) fn step(&mut self, action: Action) -> Transition {
        let transition = self.drive.step(action);
        self.began = false;
        self.ended = transition.end.is_some();
        self.episode_return += transition.reward;
        transition
    }
}

/// How an episode of a lane begins.
struct Beginning {
    track: Arc<Track>,
    /// Seed of the track; 0 on a circuit.
    seed: u64,
    start: Start,
    weather: Weather,
}

impl Beginning {
    /// Training draws track, start and weather from the lane's streams. A held-out split is a fixed list: lane k drives track
    /// `(k + episode) mod tracks` in that episode, always from the same start and in the same weather, so that one lane over 50
    /// episodes and 50 lanes over one episode drive the same test.
    fn draw(config: &WorldConfig, tracks: &mut SharedTracks, lane: u64, episode: u64) -> Self {
        let mut rng = random::stream(config.seed, Purpose::Episode, lane, episode);
        let own_weather = || weather(config.seed, lane, episode);
        match &config.course {
            Course::Circuit(circuit) => {
                let track = Arc::clone(circuit.track());
                let start = Start::draw(&track, &mut rng);
                Self { track, seed: 0, start, weather: own_weather() }
            }
            Course::Phase { phase, split: Split::Train } => {
                let seed = Split::Train.first_track() + below(&mut rng, Split::Train.tracks());
                let track = tracks.get(config, *phase, seed);
                let start = Start::draw(&track, &mut rng);
                Self { track, seed, start, weather: own_weather() }
            }
            Course::Phase { phase, split } => {
                let seed = split.first_track() + lane.wrapping_add(episode) % split.tracks();
                let track = tracks.get(config, *phase, seed);
                let number = u64::from(phase.number());
                let start = Start::draw(&track, &mut random::stream(seed, Purpose::HeldOutStart, number, 0));
                Self { track, seed, start, weather: weather(seed, number, 0) }
            }
        }
    }
}

fn weather(seed: u64, a: u64, b: u64) -> Weather {
    let stream = |purpose| -> ChaCha8Rng { random::stream(seed, purpose, a, b) };
    Weather { sensor_noise: stream(Purpose::SensorNoise), gusts: stream(Purpose::Gusts) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_is_shared_while_somebody_drives_it_and_freed_then() {
        let course = Course::Phase { phase: Phase::Complex, split: Split::Validation };
        let (config, mut tracks) = (WorldConfig::base(course, 2, 30), SharedTracks::default());
        let mut begin = |number, episode| Lane::begin(number, episode, &config, &mut tracks);
        // Lane k drives track k + episode.
        let (mut first, second) = (begin(1, 4), begin(2, 3));
        assert_eq!(first.track, second.track);
        assert!(Arc::ptr_eq(first.drive.track(), second.drive.track()));
        let shared = Arc::downgrade(first.drive.track());
        first.begin_next(&config, &mut tracks);
        assert_ne!(first.track, second.track);
        drop(second);
        assert!(shared.upgrade().is_none());
    }
}
