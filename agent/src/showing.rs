//! The trained network drives in front of the viewers of a dashboard until the user has seen enough.

use std::thread::sleep;
use std::time::{Duration, Instant};

use spikedrive_env::{Action, Course, Split, WorldConfig};
use spikedrive_learners::Watch;

use crate::failure::Failure;
use crate::round::{Onlooker, StepView};
use crate::stop::StopFlag;
use crate::train::Trainer;
use crate::watcher::Watcher;

/// Time from one step to the next, unless viewers want another.
const PACE: Duration = Duration::from_millis(33);
/// While nobody looks, it is looked this often whether somebody does.
const IDLE: Duration = Duration::from_millis(100);
/// The network's noise comes from lanes of their own: those of training and evaluation are never shared.
const FIRST_LANE: u64 = 1 << 40;

/// Drives one test track after the other, without learning, whenever somebody looks. Ends when the user asks to stop.
pub fn show(trainer: &Trainer, watcher: &mut Watcher, stop: &StopFlag) -> Result<(), Failure> {
    watcher.end_recordings();
    let config = trainer.config();
    let phase = config.lesson.target();
    let course = Course::Phase { phase, split: Split::Test };
    let world = WorldConfig { options: config.world, ..WorldConfig::base(course, 1, config.horizon) }.with_info(true);
    for track in 0.. {
        wait_for_viewers(watcher, stop);
        if stop.is_set() {
            return Ok(());
        }
        let mut env = trainer.factory().make(&WorldConfig { first_episode: track, ..world.clone() })?;
        let mut driver = trainer.learner().policy().driver(config.seed, FIRST_LANE + track);
        driver.watch(Watch::Everything);
        let episode = trainer.learner().episode() + track as usize + 1;
        if let Some(road) = env.info().and_then(|info| info.road(0)) {
            watcher.road(episode, phase, Split::Test, road);
        }
        let (mut step, mut episode_return, mut ended) = (0, 0.0, false);
        while !ended && !stop.is_set() {
            let began = Instant::now();
            watcher.before_step(stop, &mut || env.keep_alive())?;
            let observation = env.observations().to_vec();
            let pose = env.info().and_then(|info| info.poses.first().copied());
            let action = Action::ALL[driver.act_greedily(&observation)];
            let batch = env.step(&[action])?;
            let reward = batch.rewards[0];
            ended = batch.ends[0].is_some();
            episode_return += reward;
            if let Some(pose) = pose {
                watcher.step(&StepView {
                    lane: 0,
                    episode,
                    step,
                    phase,
                    pose,
                    observation: &observation,
                    action,
                    reward,
                    episode_return,
                    activity: driver.activity(),
                    learner: None,
                });
            }
            step += 1;
            if watcher.telemetry().is_some_and(|telemetry| !telemetry.is_held()) {
                sleep(PACE.saturating_sub(began.elapsed()));
            }
        }
    }
    Ok(())
}

fn wait_for_viewers(watcher: &Watcher, stop: &StopFlag) {
    while !stop.is_set() && !watcher.telemetry().is_some_and(|telemetry| telemetry.is_watched()) {
        sleep(IDLE);
    }
}
