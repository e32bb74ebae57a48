//! Drivers that do not learn: floors and ceilings for those that do.
//!
//! | oracle | what it knows |
//! |---|---|
//! | [`Random`] | nothing: any action, each with probability ⅓ |
//! | [`Straight`] | nothing: always straight |
//! | [`BangBang`] | what a learner sees: steers towards the side with more room |
//! | [`Planner`] | the true state, the road ahead and the reward, but no future gust |

mod bang_bang;
mod planner;
mod random;
mod straight;

pub use bang_bang::BangBang;
pub use planner::Planner;
pub use random::Random;
pub use straight::Straight;

use crate::{Action, ConfigError, Drive, EndReason, VectorWorld, WorldConfig};

/// Chooses an action for a car. A driver is made anew for each episode.
pub trait Driver {
    /// The next action.
    fn act(&mut self, drive: &Drive) -> Action;
}

/// One episode of an oracle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OracleEpisode {
    /// Sum of its rewards.
    pub episode_return: f64,
    /// Its steps.
    pub steps: usize,
    /// Why it ended.
    pub end: EndReason,
}

/// Drives the first episode of every lane of a world, each with a driver of its own: `driver(lane)`.
pub fn drive_all(
    config: &WorldConfig,
    mut driver: impl FnMut(u64) -> Box<dyn Driver>,
) -> Result<Vec<OracleEpisode>, ConfigError> {
    let world = VectorWorld::new(config.clone())?;
    let lanes = (0..config.lanes).filter_map(|lane| world.drive(lane).cloned().map(|drive| (lane as u64, drive)));
    Ok(lanes.map(|(lane, drive)| drive_lane(drive, driver(lane).as_mut())).collect())
}

/// Drives one episode from its start to its end.
pub fn drive_lane(mut drive: Drive, driver: &mut dyn Driver) -> OracleEpisode {
    let mut episode_return = 0.0;
    loop {
        let action = driver.act(&drive);
        let transition = drive.step(action);
        episode_return += transition.reward;
        if let Some(end) = transition.end {
            return OracleEpisode { episode_return, steps: drive.steps(), end };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ceiling::ceiling;
    use crate::{Course, Phase, Split};

    fn mean(phase: Phase, lanes: usize, driver: impl Fn(u64) -> Box<dyn Driver>) -> (f64, f64) {
        let config = WorldConfig::base(Course::Phase { phase, split: Split::Test }, lanes, 100);
        let episodes = drive_all(&config, driver).unwrap();
        let crashes = episodes.iter().filter(|episode| episode.end == EndReason::Crash).count();
        (
            episodes.iter().map(|episode| episode.episode_return).sum::<f64>() / lanes as f64,
            crashes as f64 / lanes as f64,
        )
    }

    #[test]
    fn the_planner_reaches_the_ceiling() {
        for phase in Phase::ALL {
            let (planned, crashes) = mean(phase, 6, |_| Box::new(Planner::exhaustive(6)));
            let best = ceiling(phase, 100).unwrap();
            assert!((planned - best).abs() < 1.5 && crashes == 0.0, "{phase:?}: {planned} of {best}");
        }
    }

    #[test]
    fn bang_bang_drives_and_the_blind_do_not() {
        for (phase, expected) in Phase::ALL.into_iter().zip([241.5, 243.4, 238.8, 233.4]) {
            let (score, crashes) = mean(phase, 50, |_| Box::new(BangBang::tuned(phase)));
            assert!((score - expected).abs() < 2.0 && crashes == 0.0, "{phase:?}: {score}");
            let (random, _) = mean(phase, 50, |lane| Box::new(Random::new(lane)));
            let (straight, _) = mean(phase, 50, |_| Box::new(Straight));
            assert!(random < 0.0 && (straight < 0.0 || phase == Phase::Straight), "{phase:?}: {random} {straight}");
        }
    }
}
