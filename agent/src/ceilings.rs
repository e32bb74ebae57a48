//! The ceiling of any world: measured for the base task, computed once and kept for others.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::PathBuf;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use spikedrive_env::ceiling::ceiling;
use spikedrive_env::oracle::{Planner, drive_lane};
use spikedrive_env::{Drive, ENVIRONMENT_ID, Phase, Split, VectorWorld, WorldConfig, WorldOptions};

use crate::evaluate::held_out;
use crate::failure::Failure;
use crate::files::{create_directory, write_whole};
use crate::report::note;

/// Version of the cache's format, raised when the planner changes.
const CACHE_VERSION: u32 = 1;

/// The planners of which the better one sets the ceiling: one compares every future, the other looks farther.
const PLANNERS: [fn() -> Planner; 2] = [|| Planner::exhaustive(6), || Planner::beam(14, 80)];

/// The ceilings that were computed on this machine.
#[derive(Default, Serialize, Deserialize)]
struct Cache {
    version: u32,
    ceilings: BTreeMap<String, f64>,
}

/// Mean return of a planner with the true state over the 50 test tracks: from the table where it was measured, else from the
/// cache, else by planning, which takes some seconds.
pub fn attainable(phase: Phase, horizon: usize, world: &WorldOptions) -> Result<f64, Failure> {
    if let Some(measured) = ceiling(phase, horizon).filter(|_| is_base(world)) {
        return Ok(measured);
    }
    let path = cache_path();
    let mut cache = path
        .as_deref()
        .and_then(|path| fs::read_to_string(path).ok())
        .and_then(|text| parse(&text))
        .unwrap_or_default();
    let key = key(phase, horizon, world)?;
    if let Some(&known) = cache.ceilings.get(&key) {
        return Ok(known);
    }
    note(format!("computing the ceiling of phase {} in this world, once ...", phase.number()));
    let planned = plan(&held_out(phase, Split::Test, horizon, Split::Test.tracks() as usize, *world))?;
    cache.version = CACHE_VERSION;
    cache.ceilings.insert(key, planned);
    if let Some(path) = path
        && let Err(failure) = save(&path, &cache)
    {
        note(format!("the ceiling is not kept: {failure}"));
    }
    Ok(planned)
}

/// The ceilings of phases 1 to 4; of those that are not `needed`, only if they are known without planning.
pub fn attainable_all(horizon: usize, world: &WorldOptions, needed: &[Phase]) -> Result<[f64; 4], Failure> {
    let mut ceilings = [f64::INFINITY; 4];
    for phase in Phase::ALL {
        let known = ceiling(phase, horizon).filter(|_| is_base(world));
        ceilings[phase as usize - 1] = match known {
            Some(known) => known,
            None if needed.contains(&phase) => attainable(phase, horizon, world)?,
            None => f64::INFINITY,
        };
    }
    Ok(ceilings)
}

/// Whether the planner meets the base task in this world: noise, latency, rays and what these read change what is seen, not what is.
fn is_base(world: &WorldOptions) -> bool {
    as_planned(world) == WorldOptions::default()
}

/// The options that a planner with the true state notices: to one that knows on which side a command steers, both are as good.
fn as_planned(world: &WorldOptions) -> WorldOptions {
    let WorldOptions { rays, sensor_noise, sensor_latency, left_ray_gain, .. } = WorldOptions::default();
    WorldOptions {
        rays,
        sensor_noise,
        sensor_latency,
        left_ray_gain,
        steering_gain: world.steering_gain.abs(),
        ..*world
    }
}

fn plan(world: &WorldConfig) -> Result<f64, Failure> {
    let lanes = VectorWorld::new(WorldConfig { options: as_planned(&world.options), ..world.clone() });
    let lanes = lanes.map_err(|error| Failure::Usage(error.to_string()))?;
    let drives: Vec<_> = (0..world.lanes).filter_map(|lane| lanes.drive(lane)).collect();
    let mean = |planner: fn() -> Planner| {
        let drive = |drive: &&Drive| drive_lane((*drive).clone(), &mut planner()).episode_return;
        // Collected first: the order of a parallel sum, and so its rounding, would differ from run to run.
        let returns: Vec<f64> = drives.par_iter().map(drive).collect();
        returns.iter().sum::<f64>() / returns.len() as f64
    };
    Ok(PLANNERS.into_iter().map(mean).fold(f64::NEG_INFINITY, f64::max))
}

fn key(phase: Phase, horizon: usize, world: &WorldOptions) -> Result<String, Failure> {
    let options = serde_json::to_string(&as_planned(world)).map_err(|error| Failure::System(error.to_string()))?;
    Ok(format!("{ENVIRONMENT_ID} phase {} horizon {horizon} {options}", phase.number()))
}

fn parse(text: &str) -> Option<Cache> {
    serde_json::from_str(text).ok().filter(|cache: &Cache| cache.version == CACHE_VERSION)
}

fn save(path: &std::path::Path, cache: &Cache) -> Result<(), Failure> {
    if let Some(directory) = path.parent() {
        create_directory(directory)?;
    }
    write_whole(path, |file| serde_json::to_writer_pretty(file, cache).map_err(std::io::Error::other))
}

/// `$SPIKEDRIVE_CACHE`, or `spikedrive` below the user's cache directory; none where there is no home.
fn cache_path() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let directory = set("SPIKEDRIVE_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("spikedrive")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/spikedrive")));
    directory.map(|directory| directory.join("ceilings.json"))
}

#[cfg(test)]
mod tests {
    use spikedrive_env::Course;

    use super::*;

    #[test]
    fn the_base_task_is_measured_and_sensing_changes_no_ceiling() {
        let noisy = WorldOptions { sensor_noise: 1.0, sensor_latency: 3, rays: 9, ..WorldOptions::default() };
        assert_eq!(attainable(Phase::Complex, 100, &noisy).unwrap(), ceiling(Phase::Complex, 100).unwrap());
        let faulty = WorldOptions { steering_gain: -1.0, left_ray_gain: 0.7, ..noisy };
        assert_eq!(attainable(Phase::Complex, 100, &faulty).unwrap(), ceiling(Phase::Complex, 100).unwrap());
        assert!(!is_base(&WorldOptions { steering_gain: -0.5, ..noisy }));
        let lagging = WorldOptions { actuator_lag: 0.2, ..noisy };
        assert!(!is_base(&lagging));
        assert_eq!(
            key(Phase::Sharp, 30, &lagging).unwrap(),
            key(Phase::Sharp, 30, &WorldOptions { rays: 3, ..lagging }).unwrap()
        );
    }

    #[test]
    fn a_plan_is_the_mean_of_the_better_planner() {
        let course = Course::Phase { phase: Phase::Straight, split: Split::Test };
        let short = plan(&WorldConfig::base(course, 3, 10)).unwrap();
        assert!((22.0..25.0).contains(&short), "{short}");
    }
}
