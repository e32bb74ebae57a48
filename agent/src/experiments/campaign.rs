//! A campaign: conditions that learn from nothing, each once for every seed, and are tested on the 50 test tracks of phase 4.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use spikedrive_env::Phase;
use spikedrive_learners::LearnerConfig;
use spikedrive_learners::snn::Preset;

use super::outcome::{CurvePoint, train_and_test};
use super::rows::{self, Point, Row};
use super::stats::Distribution;
use super::store::{Measured, Record, Store, measure};
use crate::benchmark::tables::iqm_interval;
use crate::checkpoint::config_hash;
use crate::failure::Failure;
use crate::files::create_directory;
use crate::lesson::Lesson;
use crate::stop::StopFlag;
use crate::train::TrainConfig;

/// One run of a campaign.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What is compared.
    pub condition: String,
    /// All that decides the run.
    pub config: TrainConfig,
}

/// The runs of a campaign.
#[derive(Clone, Debug)]
pub struct Results {
    /// A row for each run.
    pub rows: Vec<Row>,
    /// Their curves.
    pub points: Vec<Point>,
    /// The two files.
    pub paths: [PathBuf; 2],
}

/// Measures what is missing in DIR/NAME.csv and DIR/NAME_curves.csv, `jobs` runs at a time, and keeps each when it is finished.
pub fn run(trials: &[Trial], directory: &Path, name: &str, jobs: usize, stop: &StopFlag) -> Result<Results, Failure> {
    create_directory(directory)?;
    let store = open(trials, directory, name)?;
    let key_of = |trial: &Trial| key(&trial.condition, trial.config.seed);
    Ok(asked(&measure(trials, jobs, store, stop, key_of, |trial| run_one(trial, stop))?, trials))
}

/// What is there of a campaign.
pub fn read(trials: &[Trial], directory: &Path, name: &str) -> Result<Results, Failure> {
    Ok(asked(&open(trials, directory, name)?, trials))
}

/// The runs of the files; those of other settings are left out, to be measured anew, those of other seeds are kept.
fn open(trials: &[Trial], directory: &Path, name: &str) -> Result<Store<Row, Point>, Failure> {
    let [rows_path, points_path] = ["", "_curves"].map(|suffix| directory.join(format!("{name}{suffix}.csv")));
    let rows: Vec<Row> = rows::read(&rows_path)?;
    let is_known = |row: &Row| trials.iter().any(|trial| row.condition == trial.condition);
    if let Some(Row { condition, .. }) = rows.iter().find(|row| !is_known(row)) {
        let file = rows_path.display();
        return Err(Failure::Usage(format!(
            "{file} holds runs of {condition:?}, which is not measured here: move it away, or choose another place"
        )));
    }
    let is_of_today = |row: &Row| {
        trials.iter().any(|trial| row.condition == trial.condition && row.config_hash == run_hash(&trial.config))
    };
    let points = rows::read(&points_path)?;
    Ok(Store::new(rows_path, points_path, rows.into_iter().filter(is_of_today).collect(), points))
}

/// The runs that were asked for.
fn asked(store: &Store<Row, Point>, trials: &[Trial]) -> Results {
    let keys: BTreeSet<RunKey> = trials.iter().map(|trial| key(&trial.condition, trial.config.seed)).collect();
    Results {
        rows: store.rows().iter().filter(|row| keys.contains(&row.run())).cloned().collect(),
        points: store.points().iter().filter(|point| keys.contains(&point.run())).cloned().collect(),
        paths: store.paths().map(Clone::clone),
    }
}

/// What tells runs apart, in the order of the files: presets in their order, then others by name.
type RunKey = (usize, String, u64);

fn key(condition: &str, seed: u64) -> RunKey {
    let place = Preset::ALL.iter().position(|known| known.name() == condition);
    (place.unwrap_or(usize::MAX), condition.to_owned(), seed)
}

impl Record for Row {
    type Run = RunKey;

    fn run(&self) -> RunKey {
        key(&self.condition, self.seed)
    }
}

impl Record for Point {
    type Run = RunKey;

    fn run(&self) -> RunKey {
        key(&self.condition, self.seed)
    }
}

/// What decides a run besides its seed.
fn run_hash(config: &TrainConfig) -> String {
    let TrainConfig { learner, lesson, world, episodes, horizon, .. } = config;
    match (learner, lesson) {
        // The form that the first of these files had.
        (LearnerConfig::Snn(snn), Lesson::Direct(Phase::Complex)) => config_hash(&(snn, world, episodes, horizon)),
        _ => config_hash(&(learner, lesson, world, episodes, horizon)),
    }
}

fn run_one(Trial { condition, config }: &Trial, stop: &StopFlag) -> Result<Measured<Row, Point>, Failure> {
    let outcome = train_and_test(*config, stop)?;
    let row = Row::of(&outcome, condition, config.seed, &run_hash(config));
    let point = |point: &CurvePoint| Point {
        condition: condition.clone(),
        seed: config.seed,
        episode: point.episode,
        mean: point.evaluation.mean,
    };
    let line = format!("{condition} seed {}: {}", config.seed, describe(&row));
    Ok((vec![row], outcome.curve.iter().map(point).collect(), line))
}

fn describe(row: &Row) -> String {
    let cell = |episodes: Option<usize>| episodes.map_or("never".to_owned(), |episodes| episodes.to_string());
    let milestones = [row.episodes_to_90, row.episodes_to_95, row.episodes_to_98].map(cell).join(" / ");
    format!("return {:.1}, episodes to 90 / 95 / 98 %: {milestones}", row.return_h100)
}

/// Mean [95 % interval] over seeds, as Markdown: a line for each condition, with the difference of returns, seed by seed, from another one
/// where there are any.
pub fn table(rows: &[Row], heading: &str, conditions: &[(&str, Option<&str>)]) -> String {
    let compares = conditions.iter().any(|(_, reference)| reference.is_some());
    let difference = if compares { " difference |" } else { "" };
    let mut table = format!(
        "| {heading} | seeds | return, H = 100 |{difference} IQM | worst seed | return, H = 140 | crashes in the test | episodes to 90 % | to 95 % | to 98 % | training crashes |\n\
         |{}\n",
        "---|".repeat(if compares { 12 } else { 11 })
    );
    let of = |condition: &str| rows.iter().filter(|row| row.condition == condition).collect::<Vec<&Row>>();
    for &(condition, reference) in conditions {
        let runs = of(condition);
        let over =
            |value: &dyn Fn(&Row) -> f64| Distribution::of(&runs.iter().map(|row| value(row)).collect::<Vec<f64>>());
        let (h100, h140) = (over(&|row| row.return_h100), over(&|row| row.return_h140));
        let crashes = over(&|row| 100.0 * row.crash_rate_h100.max(row.crash_rate_h140));
        let _ = write!(table, "| `{condition}` | {} | {} ", runs.len(), interval(h100));
        if compares {
            let from = |name| format!("{} from `{name}`", interval(paired(&runs, &of(name))));
            let _ = write!(table, "| {} ", reference.map_or("-".to_owned(), from));
        }
        let returns: Vec<f64> = runs.iter().map(|row| row.return_h100).collect();
        let iqm = if returns.is_empty() { "-".to_owned() } else { iqm_interval(&vec![returns], 1) };
        let _ = write!(table, "| {iqm} | {} ", cell(h100.map(|d| d.min)));
        let _ = write!(table, "| {} | {} % ", interval(h140), cell(crashes.map(|d| d.mean)));
        let milestones: [fn(&Row) -> Option<usize>; 3] =
            [|row| row.episodes_to_90, |row| row.episodes_to_95, |row| row.episodes_to_98];
        for milestone in milestones {
            let reached: Vec<f64> =
                runs.iter().filter_map(|row| milestone(row)).map(|episodes| episodes as f64).collect();
            let some = if reached.len() < runs.len() {
                format!(" ({} of {} seeds)", reached.len(), runs.len())
            } else {
                String::new()
            };
            let _ = write!(table, "| {}{some} ", interval(Distribution::of(&reached)));
        }
        let _ = writeln!(table, "| {} |", interval(over(&|row| row.training_crashes as f64)));
    }
    table
}

/// Differences of returns between runs of the same seed.
fn paired(runs: &[&Row], others: &[&Row]) -> Option<Distribution> {
    let difference = |row: &&Row| {
        let other = others.iter().find(|other| other.seed == row.seed)?;
        Some(row.return_h100 - other.return_h100)
    };
    Distribution::of(&runs.iter().filter_map(difference).collect::<Vec<f64>>())
}

fn interval(distribution: Option<Distribution>) -> String {
    distribution.map_or("-".to_owned(), |Distribution { mean, ci95: [low, high], .. }| {
        format!("{mean:.1} [{low:.1}, {high:.1}]")
    })
}

fn cell(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.1}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(condition: &str, seed: u64) -> Trial {
        let config = TrainConfig::base(Preset::Frugal.config(), Lesson::Direct(Phase::Complex), 5, seed);
        Trial { condition: condition.to_owned(), config }
    }

    #[test]
    fn runs_of_other_seeds_are_kept_and_of_other_conditions_refused() {
        let directory = tempfile::tempdir().unwrap();
        let run = |trials: &[Trial]| super::run(trials, directory.path(), "a", 1, &StopFlag::default());
        let first = run(&[trial("x", 1), trial("y", 1)]).unwrap();
        assert_eq!((first.rows.len(), first.points.len()), (2, 2));
        let second = run(&[trial("x", 2), trial("y", 2)]).unwrap();
        assert!(second.rows.iter().all(|row| row.seed == 2) && second.rows.len() == 2);
        let all = read(&[trial("x", 1), trial("x", 2), trial("y", 1)], directory.path(), "a").unwrap();
        assert_eq!((all.rows.len(), &all.rows[0]), (3, &first.rows[0]));
        let refusal = run(&[trial("x", 1)]).unwrap_err().to_string();
        assert!(refusal.contains("a.csv holds runs of \"y\", which is not measured here"), "{refusal}");
        std::fs::write(directory.path().join("a.csv"), "something,else\n1,2\n").unwrap();
        assert!(run(&[trial("x", 1)]).unwrap_err().to_string().ends_with("move it away"));
    }

    #[test]
    fn differences_are_taken_seed_by_seed() {
        let directory = tempfile::tempdir().unwrap();
        let trials: Vec<Trial> = [1, 2].map(|seed| trial("x", seed)).into();
        let mut rows = super::run(&trials, directory.path(), "a", 1, &StopFlag::default()).unwrap().rows;
        let better = rows.clone().into_iter().map(|row| Row {
            condition: "y".to_owned(),
            return_h100: row.return_h100 + 2.0,
            ..row
        });
        rows.extend(better.collect::<Vec<Row>>());
        let table = table(&rows, "condition", &[("x", None), ("y", Some("x"))]);
        assert!(table.contains("| 2.0 [2.0, 2.0] from `x` |"), "{table}");
        let columns: Vec<usize> = table.lines().map(|line| line.matches('|').count()).collect();
        assert_eq!(columns, [13; 4]);
    }
}
