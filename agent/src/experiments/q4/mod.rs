//! `experiment q4`: what learning on line promises. A network has mastered the task, then the world changes, or the network itself: how
//! long does it take to recover, against frozen weights, against a blank network, and against the deep agents? A run trains one network
//! and lets it meet every change, each time as it was.

pub mod change;
mod report;
pub mod row;

use std::path::Path;

use clap::Args;
use spikedrive_env::Phase;
use spikedrive_learners::random::{Purpose, stream};
use spikedrive_learners::{Learner, LearnerConfig};

pub use self::change::{Change, Way};
use self::report::Findings;
pub use self::report::section;
use self::row::{Point, Row, RunKey, recovered};
use super::outcome::{Curve, CurvePoint};
use super::rows::{self, write_text};
use super::store::{Measured, Store, measure, part_path};
use super::study::StudyArgs;
use crate::benchmark::agents::Agent;
use crate::ceilings::attainable_all;
use crate::checkpoint::config_hash;
use crate::env::LocalFactory;
use crate::evaluate::Evaluator;
use crate::failure::Failure;
use crate::files::create_directory;
use crate::lesson::{HORIZON, Lesson};
use crate::report::{note, say};
use crate::stop::StopFlag;
use crate::summary::FinalScore;
use crate::train::{TrainConfig, Trainer};

/// Number of seeds.
const SEEDS: usize = 10;
/// Name of the files.
const NAME: &str = "q4";

/// Arguments of `experiment q4`.
#[derive(Args, Clone, Debug)]
pub struct Q4Args {
    /// Agents that learn, separated by commas: presets, and variants of the deep ones.
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "stdp,stdp-no-hidden,pathway,pathway-no-hidden,spikeless,ppo,ppo-x4,dqn"
    )]
    pub agents: Vec<Agent>,
    /// Ways to learn, separated by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "schedule,unaware,fresh")]
    pub ways: Vec<Way>,
    /// How it is measured; ten seeds, if nothing else is said.
    #[command(flatten)]
    pub study: StudyArgs,
}

/// Training episodes before the change and after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Length {
    before: usize,
    after: usize,
}

/// The length of every run.
const LENGTH: Length = Length { before: 300, after: 200 };

/// One network that meets the changes.
#[derive(Clone, Debug)]
struct Trial {
    agent: Agent,
    way: Way,
    learner: LearnerConfig,
    seed: u64,
}

/// Ceilings of each changed world.
type Ceilings = [[f64; 4]; Change::ALL.len()];

impl Trial {
    fn new(agent: Agent, way: Way, seed: u64) -> Result<Self, Failure> {
        let learner = agent.trained()?;
        if matches!(learner, LearnerConfig::Seed(_)) {
            return Err(Failure::Usage(format!("{agent} cannot learn here: leave it out")));
        }
        Ok(Self { agent, way, learner: way.config(learner), seed })
    }

    fn key(&self) -> RunKey {
        (self.agent.name().to_owned(), self.way, self.seed)
    }

    /// Its training where nothing has changed.
    fn config(&self, episodes: usize) -> TrainConfig {
        TrainConfig::base(self.learner, Lesson::Direct(Phase::Complex), episodes, self.seed)
    }
}

/// Measures what is missing, then prints the tables.
pub fn q4(args: &Q4Args, stop: &StopFlag) -> Result<(), Failure> {
    let StudyArgs { seeds, first_seed, jobs, out } = &args.study;
    create_directory(out)?;
    let seeds = *first_seed..first_seed.saturating_add(seeds.unwrap_or(SEEDS) as u64);
    let mut trials = Vec::new();
    for &agent in &args.agents {
        for &way in &args.ways {
            let those: Result<Vec<Trial>, Failure> = seeds.clone().map(|seed| Trial::new(agent, way, seed)).collect();
            trials.extend(those?);
        }
    }
    let store = open(out)?;
    let ceilings = ceilings()?;
    let work = |trial: &Trial| run_one(trial, LENGTH, &ceilings, stop);
    let store = measure(&trials, *jobs, store, stop, Trial::key, work)?;
    let findings = Findings { rows: store.rows(), points: store.points() };
    say(findings.tables());
    let page = out.join(format!("{NAME}.html"));
    write_text(&page, &findings.page())?;
    let [rows_path, points_path] = store.paths().map(|path| path.display());
    note(format!("raw data in {rows_path}, and in {points_path} by way, charts in {}", page.display()));
    Ok(())
}

/// What is there already, but for runs of other settings.
fn open(directory: &Path) -> Result<Store<Row, Point>, Failure> {
    let [rows_path, points_path] = ["", "_curves"].map(|suffix| directory.join(format!("{NAME}{suffix}.csv")));
    let is_of_today = |row: &Row| {
        let trial = row.agent.parse().ok().and_then(|agent| Trial::new(agent, row.way, row.seed).ok());
        trial.is_some_and(|trial| run_hash(&trial.learner, LENGTH) == row.config_hash)
    };
    let kept = rows::read::<Row>(&rows_path)?.into_iter().filter(is_of_today).collect();
    let mut points = Vec::new();
    for way in Way::ALL {
        points.extend(rows::read(&part_path(&points_path, way.name()))?);
    }
    Ok(Store::new(rows_path, points_path, kept, points))
}

/// What decides a run besides way and seed.
fn run_hash(learner: &LearnerConfig, length: Length) -> String {
    let changes = Change::ALL.map(|change| (change.world(), change.lost()));
    config_hash(&(learner, length.before, length.after, HORIZON, changes))
}

/// What a planner attains in each changed world: as much as before, where it can do as much as before.
fn ceilings() -> Result<Ceilings, Failure> {
    let mut ceilings = [[f64::INFINITY; 4]; Change::ALL.len()];
    for (ceilings, change) in ceilings.iter_mut().zip(Change::ALL) {
        *ceilings = attainable_all(HORIZON, &change.world(), &[Phase::Complex])?;
    }
    Ok(ceilings)
}

fn run_one(
    trial: &Trial,
    length: Length,
    ceilings: &Ceilings,
    stop: &StopFlag,
) -> Result<Measured<Row, Point>, Failure> {
    let evaluator = Evaluator::new(1)?;
    let trained = match trial.way {
        Way::Fresh => None,
        Way::Schedule | Way::Unaware => {
            let mut trainer = Trainer::new(trial.config(length.before), &LocalFactory, &evaluator, stop)?;
            trainer.run(&mut ())?;
            Some(trainer)
        }
    };
    let (mut rows, mut points) = (Vec::new(), Vec::new());
    for (change, ceilings) in Change::ALL.into_iter().zip(ceilings) {
        let (row, of_row) = meet(trial, trained.as_ref(), change, (length, ceilings), (&evaluator, stop))?;
        rows.push(row);
        points.extend(of_row);
    }
    let recovered = rows.iter().map(|row| row.episodes_to_90.map_or("never".to_owned(), |n| n.to_string()));
    let recovered = recovered.collect::<Vec<String>>().join(" / ");
    let line = format!("{} {} seed {}: episodes to 90 %: {recovered}", trial.agent, trial.way.name(), trial.seed);
    Ok((rows, points, line))
}

/// A network meets a change, and learns on.
fn meet(
    trial: &Trial,
    trained: Option<&Trainer>,
    change: Change,
    (length, ceilings): (Length, &[f64; 4]),
    (evaluator, stop): (&Evaluator, &StopFlag),
) -> Result<(Row, Vec<Point>), Failure> {
    let lived = trained.map_or(0, |trained| trained.learner().episode());
    let base = trial.config(lived + length.after);
    let config = TrainConfig { world: change.world(), ceilings: *ceilings, ..base };
    let mut learner = match trained {
        Some(trained) => trial.learner.restored(config.episodes, trained.learner().state())?,
        None => trial.learner.learner(trial.seed, config.episodes, config.lanes)?,
    };
    change_learner(learner.as_mut(), trial, change)?;
    let mut trainer = Trainer::with_learner(config, learner, &LocalFactory, evaluator, stop);
    let test = |trainer: &Trainer| FinalScore::of(&trainer.test(Phase::Complex, HORIZON)?);
    let frozen = test(&trainer)?;
    let mut curve = Curve(vec![CurvePoint { episode: lived, env_steps: 0, evaluation: trainer.evaluate()? }]);
    trainer.run(&mut curve)?;
    let since = |point: CurvePoint| CurvePoint { episode: point.episode - lived, ..point };
    let curve: Vec<CurvePoint> = curve.0.into_iter().map(since).collect();
    let (after, [episodes_to_90, episodes_to_95, episodes_to_98]) = (test(&trainer)?, recovered(&curve));
    let row = Row {
        agent: trial.agent.name().to_owned(),
        way: trial.way,
        change,
        seed: trial.seed,
        config_hash: run_hash(&trial.learner, length),
        ceiling: ceilings[Phase::Complex as usize - 1],
        before: trained.map(test).transpose()?.map(|score| score.mean),
        frozen: frozen.mean,
        frozen_crash_rate: frozen.crash_rate,
        episodes: length.after,
        env_steps: trainer.env_steps(),
        training_crashes: trainer.crashes(),
        episodes_to_90,
        episodes_to_95,
        episodes_to_98,
        after: after.mean,
        after_crash_rate: after.crash_rate,
    };
    let points = row.points(&curve);
    Ok((row, points))
}

/// What happens to the learner itself.
fn change_learner(learner: &mut dyn Learner, trial: &Trial, change: Change) -> Result<(), Failure> {
    if trial.way == Way::Schedule {
        learner.begin_again();
    }
    // The neurons that `experiment robustness` cuts.
    Ok(learner.cut(change.lost(), &mut stream(trial.seed, Purpose::Damage, 0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Length = Length { before: 10, after: 10 };

    fn run(agent: &str, way: Way) -> (Vec<Row>, Vec<Point>) {
        let trial = Trial::new(agent.parse().unwrap(), way, 3).unwrap();
        let ceilings = [[243.6; 4]; Change::ALL.len()];
        let (rows, points, _) = run_one(&trial, SHORT, &ceilings, &StopFlag::default()).unwrap();
        (rows, points)
    }

    #[test]
    fn a_network_meets_every_change_as_it_was() {
        let (rows, points) = run("frugal", Way::Schedule);
        assert_eq!(rows.iter().map(|row| row.change).collect::<Vec<_>>(), Change::ALL);
        let [nothing, _, mirrored, ..] = &rows[..] else { panic!("{rows:?}") };
        assert!(rows.iter().all(|row| row.before == Some(nothing.frozen) && row.episodes == 10), "{rows:?}");
        assert_ne!(mirrored.frozen, nothing.frozen);
        let episodes: Vec<usize> = points.iter().map(|point| point.episode).collect();
        assert_eq!(episodes, [0, 5, 10].repeat(5));
        assert_eq!(run("frugal", Way::Schedule), (rows, points), "to the last bit");
    }

    #[test]
    fn every_way_and_kind_of_agent_is_possible() {
        for (agent, way) in
            [("frugal", Way::Unaware), ("frugal", Way::Fresh), ("ppo-w8", Way::Schedule), ("dqn-w8", Way::Unaware)]
        {
            let (rows, _) = run(agent, way);
            assert!(
                rows.iter().all(|row| row.before.is_some() == (way != Way::Fresh) && row.env_steps >= 10),
                "{rows:?}"
            );
        }
        for agent in ["seed", "planner"] {
            let refusal = Trial::new(agent.parse().unwrap(), Way::Fresh, 1).unwrap_err().to_string();
            assert_eq!(refusal, format!("{agent} cannot learn here: leave it out"));
        }
    }

    #[test]
    fn rows_survive_the_disk_and_make_tables_and_a_page() {
        let directory = tempfile::tempdir().unwrap();
        let (mut rows, mut points) = run("frugal", Way::Schedule);
        let (more, of_more) = run("frugal", Way::Fresh);
        rows.extend(more);
        points.extend(of_more);
        assert!(section(directory.path()).unwrap().contains("Not measured yet: `experiment q4`."));
        let rows_path = directory.path().join("q4.csv");
        open(directory.path()).unwrap().add(rows.clone(), points.clone()).unwrap();
        assert!(open(directory.path()).unwrap().rows().is_empty(), "they are of other lengths");
        assert_eq!(rows::read::<Row>(&rows_path).unwrap(), rows);
        let hash = run_hash(&Trial::new("frugal".parse().unwrap(), Way::Fresh, 3).unwrap().learner, LENGTH);
        let rows: Vec<Row> = rows.into_iter().map(|row| Row { config_hash: hash.clone(), ..row }).collect();
        rows::write(&rows_path, &rows).unwrap();
        assert_eq!(open(directory.path()).unwrap().points(), points);
        let text = section(directory.path()).unwrap();
        assert!(text.contains("\nLeft steers right, right steers left (ceiling 243.6)\n"), "{text}");
        assert_eq!(
            (text.matches("| frugal | schedule | ").count(), text.matches("| frugal | fresh | - | - |").count()),
            (5, 5)
        );
        let page = Findings { rows: &rows, points: &points }.page();
        assert_eq!((page.matches("<svg").count(), page.matches("<table>").count()), (15, 5));
    }
}
