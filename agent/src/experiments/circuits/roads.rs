//! Training on roads of one's own: the same loop, episodes and streams, but each episode is driven on one road of a list.

use std::sync::Arc;

use spikedrive_env::drive::{Start, Weather};
use spikedrive_env::random::{Purpose, below, stream};
use spikedrive_env::vector_world::{Finished, LaneError};
use spikedrive_env::{Action, Course, Drive, LaneInfo, Split, StepBatch, Track, WorldConfig};

use crate::env::{EnvError, EnvFactory, LocalFactory, VectorEnv};

/// Makes environments on these roads for training, on those of the phase if there are none, and the usual ones for held-out tracks.
#[derive(Clone, Debug)]
pub struct RoadsFactory(pub Vec<Arc<Track>>);

impl EnvFactory for RoadsFactory {
    fn make(&self, config: &WorldConfig) -> Result<Box<dyn VectorEnv>, EnvError> {
        match config.course {
            Course::Phase { split: Split::Train, .. } if !self.0.is_empty() => {
                config.validate()?;
                Ok(Box::new(Roads::new(self.0.clone(), config.clone())))
            }
            _ => LocalFactory.make(config),
        }
    }
}

/// Lanes on roads drawn from a list, in autoreset mode NEXT_STEP.
struct Roads {
    roads: Vec<Arc<Track>>,
    config: WorldConfig,
    lanes: Vec<Lane>,
    batch: StepBatch,
}

struct Lane {
    episode: u64,
    drive: Drive,
    ended: bool,
    episode_return: f64,
}

impl Roads {
    fn new(roads: Vec<Arc<Track>>, config: WorldConfig) -> Self {
        let lane = |number| Lane {
            episode: config.first_episode,
            drive: begin(&roads, &config, number, config.first_episode),
            ended: false,
            episode_return: 0.0,
        };
        let lanes: Vec<Lane> = (0..config.lanes as u64).map(lane).collect();
        let batch = StepBatch {
            observations: lanes.iter().flat_map(|lane| lane.drive.observation()).copied().collect(),
            rewards: vec![0.0; config.lanes],
            ends: vec![None; config.lanes],
            final_observations: Vec::new(),
            finished: Vec::new(),
        };
        Self { roads, config, lanes, batch }
    }
}

impl VectorEnv for Roads {
    fn observations(&self) -> &[f32] {
        &self.batch.observations
    }

    fn step(&mut self, actions: &[Action]) -> Result<&StepBatch, EnvError> {
        let Self { roads, config, lanes, batch } = self;
        if actions.len() != lanes.len() {
            return Err(LaneError::WrongCount { given: actions.len(), lanes: lanes.len() }.into());
        }
        batch.finished.clear();
        for (number, (lane, action)) in lanes.iter_mut().zip(actions).enumerate() {
            (batch.rewards[number], batch.ends[number]) = if lane.ended {
                lane.episode = lane.episode.wrapping_add(1);
                lane.drive = begin(roads, config, number as u64, lane.episode);
                lane.episode_return = 0.0;
                (0.0, None)
            } else {
                let transition = lane.drive.step(*action);
                lane.episode_return += transition.reward;
                (transition.reward, transition.end)
            };
            lane.ended = batch.ends[number].is_some();
            if lane.ended {
                let length = lane.drive.steps() as u32;
                batch.finished.push(Finished { episode_return: lane.episode_return, length });
            }
            let rays = config.options.rays;
            batch.observations[number * rays..][..rays].copy_from_slice(lane.drive.observation());
        }
        Ok(batch)
    }

    fn info(&self) -> Option<&LaneInfo> {
        None
    }

    fn keep_alive(&mut self) -> Result<(), EnvError> {
        Ok(())
    }
}

/// The car at the start of an episode of a lane: road, start and weather are drawn as on the training tracks of a phase.
fn begin(roads: &[Arc<Track>], config: &WorldConfig, lane: u64, episode: u64) -> Drive {
    let mut rng = stream(config.seed, Purpose::Episode, lane, episode);
    let road = Arc::clone(&roads[below(&mut rng, roads.len() as u64) as usize]);
    let start = Start::draw(&road, &mut rng);
    let weather = Weather {
        sensor_noise: stream(config.seed, Purpose::SensorNoise, lane, episode),
        gusts: stream(config.seed, Purpose::Gusts, lane, episode),
    };
    Drive::new(road, start, config.horizon, config.options, weather)
}

#[cfg(test)]
mod tests {
    use spikedrive_env::{Phase, WorldOptions};

    use super::*;

    #[test]
    fn the_training_tracks_of_a_phase_as_roads_are_the_phase() {
        for varying_width in [false, true] {
            let length = Drive::road_length(30);
            let road = |seed| match varying_width {
                false => Phase::Complex.track(seed, length),
                true => Phase::Complex.track_of_varying_width(seed, length),
            };
            let roads = RoadsFactory((0..Split::Train.tracks()).map(|seed| Arc::new(road(seed))).collect());
            let course = Course::Phase { phase: Phase::Complex, split: Split::Train };
            let base = WorldConfig { seed: 7, first_episode: 3, ..WorldConfig::base(course, 2, 30) };
            let varying = WorldConfig { options: WorldOptions { varying_width, ..base.options }, ..base.clone() };
            let (mut own, mut usual) = (roads.make(&base).unwrap(), LocalFactory.make(&varying).unwrap());
            assert_eq!(own.observations(), usual.observations());
            for step in 0..100 {
                let actions = [Action::ALL[step % 3], Action::ALL[step / 2 % 3]];
                assert_eq!(own.step(&actions).unwrap(), usual.step(&actions).unwrap(), "step {step}");
            }
            assert!(matches!(own.step(&[]), Err(EnvError::Lanes(_))));
        }
    }
}
