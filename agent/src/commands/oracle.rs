//! `spikedrive oracle`: floors and ceiling of a world, from drivers that do not learn.

use rayon::prelude::*;
use serde::Serialize;
use spikedrive_env::oracle::{BangBang, Driver, OracleEpisode, Planner, Random, Straight, drive_lane};
use spikedrive_env::{EndReason, Phase, Split, VectorWorld, WorldOptions};

use crate::cli::OracleArgs;
use crate::evaluate::held_out;
use crate::experiments::stats::Distribution;
use crate::failure::Failure;
use crate::report::say;

/// Version of the JSON that `oracle --json` prints.
const SCHEMA_VERSION: u32 = 1;

/// A driver, by its name.
type Maker = (&'static str, fn(Phase, u64) -> Box<dyn Driver>);

const DRIVERS: [Maker; 5] = [
    ("planner, 6 deep", |_, _| Box::new(Planner::exhaustive(6))),
    ("planner, 14 deep", |_, _| Box::new(Planner::beam(14, 80))),
    ("bang-bang", |phase, _| Box::new(BangBang::tuned(phase))),
    ("straight", |_, _| Box::new(Straight)),
    ("random", |_, lane| Box::new(Random::new(lane))),
];

/// What an oracle reached.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OracleReport {
    /// Version of this format.
    pub schema_version: u32,
    /// Phase.
    pub phase: u32,
    /// Steps of an episode.
    pub horizon: usize,
    /// What differs from the base task.
    pub world: WorldOptions,
    /// The driver.
    pub driver: &'static str,
    /// Returns over the 50 test tracks.
    #[serde(rename = "return")]
    pub returns: Distribution,
    /// Share of them that ended in a crash.
    pub crash_rate: f64,
}

/// Drives and prints.
pub fn oracle(args: &OracleArgs) -> Result<(), Failure> {
    let world = args.world.options(WorldOptions::default())?;
    let phases = args.phase.map_or(Phase::ALL.to_vec(), |phase| vec![phase]);
    let reports: Vec<OracleReport> =
        phases.iter().map(|&phase| drive_phase(phase, args.horizon, world)).collect::<Result<Vec<_>, _>>()?.concat();
    if args.json {
        say(serde_json::to_string_pretty(&reports).map_err(|error| Failure::System(error.to_string()))?);
        return Ok(());
    }
    say("phase            | driver           |  return [95 % interval]  | crash rate");
    say("-----------------|------------------|--------------------------|-----------");
    for (report, phase) in reports.iter().zip(phases.iter().flat_map(|phase| [phase; DRIVERS.len()])) {
        let Distribution { mean, ci95: [low, high], .. } = report.returns;
        let interval = format!("[{low:.1}, {high:.1}]");
        let (number, name, driver, crashes) = (phase.number(), phase.name(), report.driver, 100.0 * report.crash_rate);
        say(format!("{number} {name:<14} | {driver:<16} | {mean:>7.2} {interval:<16} | {crashes:>7.0} %"));
    }
    Ok(())
}

fn drive_phase(phase: Phase, horizon: usize, world: WorldOptions) -> Result<Vec<OracleReport>, Failure> {
    let config = held_out(phase, Split::Test, horizon, Split::Test.tracks() as usize, world);
    let lanes = VectorWorld::new(config.clone()).map_err(|error| Failure::Usage(error.to_string()))?;
    let report = |(driver, make): &Maker| {
        let drive =
            |lane: usize| lanes.drive(lane).map(|drive| drive_lane(drive.clone(), make(phase, lane as u64).as_mut()));
        let episodes: Vec<OracleEpisode> = (0..config.lanes).into_par_iter().filter_map(drive).collect();
        let returns: Vec<f64> = episodes.iter().map(|episode| episode.episode_return).collect();
        let crashes = episodes.iter().filter(|episode| episode.end == EndReason::Crash).count();
        let returns = Distribution::of(&returns).ok_or_else(|| Failure::System("no episode was driven".to_owned()))?;
        let (phase, crash_rate) = (phase.number(), crashes as f64 / episodes.len() as f64);
        Ok(OracleReport { schema_version: SCHEMA_VERSION, phase, horizon, world, driver, returns, crash_rate })
    };
    DRIVERS.iter().map(report).collect()
}
