//! `spikedrive benchmark`: measures agents of this program, run by run, and keeps their rows.

use std::path::{Path, PathBuf};

use clap::Args;
use rayon::prelude::*;
use spikedrive_env::oracle::{OracleEpisode, drive_lane};
use spikedrive_env::{Drive, Phase, Split, VectorWorld};
use spikedrive_learners::Operations;

use super::agents::{Agent, Script};
use super::parse::RowFile;
use super::row::{Point, Row, Run};
use super::world::BenchmarkWorld;
use super::{EPISODES, PROTOCOL};
use crate::ceilings::attainable_all;
use crate::checkpoint::config_hash;
use crate::cli::{default_threads, parse_episodes, parse_threads};
use crate::evaluate::{EpisodeResult, held_out};
use crate::experiments::outcome::{Outcome, PerDecision, train_and_test};
use crate::experiments::store::{self, Measured, Store};
use crate::failure::Failure;
use crate::files::create_directory;
use crate::lesson::{HORIZON, Lesson};
use crate::report::note;
use crate::stop::StopFlag;
use crate::summary::{FinalScore, TEST_HORIZONS};
use crate::train::{Milestones, TrainConfig};

/// Arguments of `benchmark` itself.
#[derive(Args, Clone, Debug)]
pub struct MeasureArgs {
    /// Agents, separated by commas: presets, dqn or ppo with other inputs (-sensors, -x4, -code) or widths (-w8, -w16, -w32), and the scripts
    /// random, straight, bang-bang and planner; by default all.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub agents: Vec<Agent>,
    /// Worlds, separated by commas: base, noise-1.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "base,noise-1")]
    pub worlds: Vec<BenchmarkWorld>,
    /// Number of seeds.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = parse_threads)]
    pub seeds: usize,
    /// The first of them.
    #[arg(long, value_name = "S", default_value_t = 1001)]
    pub first_seed: u64,
    /// Training episodes of each run; the protocol's are 300.
    #[arg(long, value_name = "N", default_value_t = EPISODES, value_parser = parse_episodes)]
    pub episodes: usize,
    /// Runs at the same time.
    #[arg(long, value_name = "N", default_value_t = default_threads(), value_parser = parse_threads, env = "SPIKEDRIVE_JOBS")]
    pub jobs: usize,
    /// Directory of benchmark.csv and benchmark_curves.csv. Runs that are there already are kept.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
}

/// A run that is to be made.
struct Job {
    run: Run,
    driver: Driver,
}

/// Who drives.
#[expect(clippy::large_enum_variant, reason = "there are few of them")]
enum Driver {
    Learner(TrainConfig),
    Script(Script),
}

/// Measures what is missing, keeping each run when it is finished.
pub fn measure(args: &MeasureArgs, stop: &StopFlag) -> Result<(), Failure> {
    let jobs = jobs(args)?;
    create_directory(&args.out)?;
    let store = open(&args.out.join("benchmark.csv"), &jobs)?;
    let store = store::measure(&jobs, args.jobs, store, stop, |job| job.run.key(), |job| job.measure(stop))?;
    let [rows, points] = store.paths().map(|path| path.display());
    note(format!(
        "{} rows in {rows}, curves in {points}; `spikedrive benchmark report` makes the tables",
        store.rows().len()
    ));
    Ok(())
}

/// Every agent in every world with every seed.
fn jobs(args: &MeasureArgs) -> Result<Vec<Job>, Failure> {
    let agents = if args.agents.is_empty() { Agent::all().collect() } else { args.agents.clone() };
    let mut jobs = Vec::new();
    for &world in &args.worlds {
        for &agent in &agents {
            for seed in args.first_seed..args.first_seed.saturating_add(args.seeds as u64) {
                jobs.push(Job::new(agent, world, seed, args.episodes)?);
            }
        }
    }
    Ok(jobs)
}

/// The file's rows, but for those of these runs that were made with another configuration.
fn open(path: &Path, jobs: &[Job]) -> Result<Store<Row, Point>, Failure> {
    let RowFile { rows, points, curves_path, .. } =
        if path.exists() { RowFile::read_valid(path)? } else { RowFile::empty(path) };
    let is_stale = |row: &Row| {
        let is_run = |run: &Run| run.agent == row.agent && run.world == row.world && run.seed == row.seed;
        jobs.iter().any(|Job { run, .. }| is_run(run) && run.config_hash != row.config_hash)
    };
    let rows = rows.into_iter().map(|(_, row)| row).filter(|row| !is_stale(row)).collect();
    let points = points.into_iter().map(|(_, point)| point).collect();
    Ok(Store::new(path.to_owned(), curves_path, rows, points))
}

impl Job {
    fn new(agent: Agent, world: BenchmarkWorld, seed: u64, episodes: usize) -> Result<Self, Failure> {
        let options = world.options();
        let (driver, config_hash) = match (agent, agent.learner(options.rays)?) {
            (_, Some(learner)) => {
                let lesson = Lesson::Direct(Phase::Complex);
                let ceilings = attainable_all(HORIZON, &options, &lesson.phases())?;
                let horizon = HORIZON;
                let config =
                    TrainConfig { learner, lesson, episodes, seed, lanes: 1, horizon, world: options, ceilings };
                (Driver::Learner(config), config_hash(&(PROTOCOL, learner, options, episodes, horizon)))
            }
            (Agent::Script(script), None) => (Driver::Script(script), config_hash(&(PROTOCOL, script.name(), options))),
            (_, None) => return Err(Failure::System(format!("{agent} has nothing to train"))),
        };
        let run = Run { agent: agent.name().to_owned(), inputs: agent.inputs()?, world, seed, config_hash };
        Ok(Self { run, driver })
    }

    fn measure(&self, stop: &StopFlag) -> Result<Measured<Row, Point>, Failure> {
        let outcome = match self.driver {
            Driver::Learner(config) => train_and_test(config, stop)?,
            Driver::Script(script) => test_script(script, self.run.world, self.run.seed)?,
        };
        let Run { agent, world, seed, .. } = &self.run;
        let row = self.run.row(&outcome);
        let line = format!(
            "{agent} in {world}, seed {seed}: return {:.1}, crashes {:.0} %, episodes to 90 / 95 / 98 %: {}",
            row.return_h100,
            100.0 * row.crash_rate_h100,
            row.episodes_to().map(|episodes| episodes.map_or("-".to_owned(), |n| n.to_string())).join(" / ")
        );
        Ok((vec![row], outcome.curve.iter().map(|point| self.run.point(point)).collect(), line))
    }
}

/// A script is tested and not trained. It costs no operation of a network.
fn test_script(script: Script, world: BenchmarkWorld, seed: u64) -> Result<Outcome, Failure> {
    let test = |horizon| FinalScore::of(&drive_script(script, world, seed, horizon)?);
    let [h100, h140] = TEST_HORIZONS.map(test);
    Ok(Outcome {
        episodes: 0,
        env_steps: 0,
        training_crashes: 0,
        milestones: Milestones::default(),
        scores: [h100?, h140?],
        per_decision: PerDecision::default(),
        training: Operations::NONE,
        training_cpu: std::time::Duration::ZERO,
        curve: Vec::new(),
    })
}

fn drive_script(
    script: Script,
    world: BenchmarkWorld,
    seed: u64,
    horizon: usize,
) -> Result<Vec<EpisodeResult>, Failure> {
    let config = held_out(Phase::Complex, Split::Test, horizon, Split::Test.tracks() as usize, world.options());
    let lanes = VectorWorld::new(config.clone()).map_err(|error| Failure::Usage(error.to_string()))?;
    let drives: Vec<(u64, &Drive)> =
        (0..config.lanes).filter_map(|lane| Some((lane as u64, lanes.drive(lane)?))).collect();
    let drive = |(lane, drive): (u64, &Drive)| {
        let OracleEpisode { episode_return, steps, end } =
            drive_lane(drive.clone(), script.driver(seed, lane).as_mut());
        EpisodeResult { episode_return, steps, end, operations: Operations::NONE }
    };
    Ok(drives.into_par_iter().map(drive).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::rules;

    #[test]
    fn a_run_makes_a_valid_row_and_its_curve() {
        for (agent, points) in [("frugal", 2), ("random", 0), ("bang-bang", 0)] {
            let job = Job::new(agent.parse().unwrap(), BenchmarkWorld::Noise1, 1001, 10).unwrap();
            let (rows, curve, line) = job.measure(&StopFlag::default()).unwrap();
            assert_eq!((rows.len(), rules::row_problems(2, &rows[0])), (1, vec![]));
            assert_eq!((curve.len(), rows[0].cpu_seconds > 0.0), (points, points > 0));
            assert!(line.starts_with(&format!("{agent} in noise-1, seed 1001: return ")), "{line}");
        }
    }

    #[test]
    fn the_hash_is_of_all_but_the_seed() {
        let hash = |agent: &str, world, seed, episodes| {
            Job::new(agent.parse().unwrap(), world, seed, episodes).unwrap().run.config_hash
        };
        let base = hash("stdp", BenchmarkWorld::Base, 1001, 300);
        assert_eq!(base, hash("stdp", BenchmarkWorld::Base, 1002, 300));
        assert_ne!(base, hash("stdp", BenchmarkWorld::Noise1, 1001, 300));
        assert_ne!(base, hash("stdp", BenchmarkWorld::Base, 1001, 299));
        assert_ne!(base, hash("pathway", BenchmarkWorld::Base, 1001, 300));
        assert_ne!(hash("random", BenchmarkWorld::Base, 1, 300), hash("straight", BenchmarkWorld::Base, 1, 300));
    }
}
