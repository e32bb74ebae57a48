//! The headline experiment: each preset learns phase 4 from nothing, once for each seed, and is tested on the 50 test tracks.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use clap::Args;
use spikedrive_env::{Phase, WorldOptions};
use spikedrive_learners::snn::Preset;

use super::plot::learning_curves;
use super::rows::{self, Point, Row};
use super::stats::Distribution;
use crate::ceilings::attainable_all;
use crate::checkpoint::config_hash;
use crate::cli::{WorldArgs, default_threads, parse_episodes, parse_threads};
use crate::env::LocalFactory;
use crate::evaluate::Evaluator;
use crate::failure::Failure;
use crate::files::create_directory;
use crate::jobs;
use crate::lesson::{HORIZON, Lesson};
use crate::report::{note, say};
use crate::stop::StopFlag;
use crate::summary::Summary;
use crate::train::{EpisodeRecord, TrainConfig, TrainSink, Trainer};

/// Arguments of `experiment headline`.
#[derive(Args, Clone, Debug)]
pub struct HeadlineArgs {
    /// Presets, separated by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "stdp,pathway")]
    pub presets: Vec<Preset>,
    /// Number of seeds.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = parse_threads)]
    pub seeds: usize,
    /// The first of them.
    #[arg(long, value_name = "S", default_value_t = 1001)]
    pub first_seed: u64,
    /// Training episodes of each run.
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = parse_episodes)]
    pub episodes: usize,
    /// The world.
    #[command(flatten)]
    pub world: WorldArgs,
    /// Runs at the same time.
    #[arg(long, value_name = "N", default_value_t = default_threads(), value_parser = parse_threads, env = "SPIKEDRIVE_THREADS")]
    pub jobs: usize,
    /// Directory of the results.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
    /// Name of the results: NAME.csv (a row for each run), NAME_curves.csv and NAME.svg. Runs that are there already are kept.
    #[arg(long, value_name = "NAME", default_value = "headline")]
    pub name: String,
}

/// What has been measured so far, in memory as on disk.
struct Results {
    rows_path: PathBuf,
    points_path: PathBuf,
    rows: Vec<Row>,
    points: Vec<Point>,
}

/// Measures what is missing, keeping each run when it is finished; then prints the table and draws the curves.
pub fn headline(args: &HeadlineArgs, stop: &StopFlag) -> Result<(), Failure> {
    create_directory(&args.out)?;
    let world = args.world.options(WorldOptions::default())?;
    let lesson = Lesson::Direct(Phase::Complex);
    let ceilings = attainable_all(HORIZON, &world, &lesson.phases())?;
    let seeds = args.first_seed..args.first_seed.saturating_add(args.seeds as u64);
    let config = |preset: Preset, seed| {
        let learner = preset.for_rays(world.rays).into();
        TrainConfig { learner, lesson, episodes: args.episodes, seed, lanes: 1, horizon: HORIZON, world, ceilings }
    };
    let runs: Vec<(Preset, TrainConfig)> =
        args.presets.iter().flat_map(|&preset| seeds.clone().map(move |seed| (preset, config(preset, seed)))).collect();
    let results = Mutex::new(Results::open(args, &runs)?);
    measure(&runs, args.jobs, &results, stop)?;
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    say(table(&results.rows, &args.presets));
    let names: Vec<&str> = args.presets.iter().map(|preset| preset.name()).collect();
    let title = format!("Phase 4: return on validation tracks, mean and 95 % interval over {} seeds", args.seeds);
    let svg = learning_curves(&title, &results.points, &names, ceilings[3]);
    rows::write_text(&args.out.join(format!("{}.svg", args.name)), &svg)?;
    note(format!("raw data in {} and {}", results.rows_path.display(), results.points_path.display()));
    Ok(())
}

impl Results {
    /// Keeps the runs of the files that are runs of this experiment.
    fn open(args: &HeadlineArgs, runs: &[(Preset, TrainConfig)]) -> Result<Self, Failure> {
        let rows_path = args.out.join(format!("{}.csv", args.name));
        let points_path = args.out.join(format!("{}_curves.csv", args.name));
        let wanted = |row: &Row| {
            let is_row = |(preset, config): &(Preset, TrainConfig)| {
                row.preset == preset.name() && row.seed == config.seed && row.config_hash == run_hash(*preset, config)
            };
            runs.iter().any(is_row)
        };
        let rows: Vec<Row> = rows::read(&rows_path).into_iter().filter(wanted).collect();
        let kept = |point: &Point| rows.iter().any(|row| row.preset == point.preset && row.seed == point.seed);
        let points = rows::read(&points_path).into_iter().filter(kept).collect();
        if !rows.is_empty() {
            note(format!("{} of {} runs are there already", rows.len(), runs.len()));
        }
        Ok(Self { rows_path, points_path, rows, points })
    }

    fn has(&self, preset: Preset, seed: u64) -> bool {
        self.rows.iter().any(|row| row.preset == preset.name() && row.seed == seed)
    }

    /// Adds a run and writes the files, sorted, so that the order in which runs end does not show.
    fn add(&mut self, row: Row, points: Vec<Point>) -> Result<(), Failure> {
        self.rows.push(row);
        self.points.extend(points);
        let position = |name: &str| Preset::ALL.iter().position(|preset| preset.name() == name);
        self.rows.sort_by_key(|row| (position(&row.preset), row.seed));
        self.points.sort_by_key(|point| (position(&point.preset), point.seed, point.episode));
        rows::write(&self.rows_path, &self.rows)?;
        rows::write(&self.points_path, &self.points)
    }
}

/// Runs what is missing, `jobs` at a time; the first failure ends it, what is finished is kept.
fn measure(
    runs: &[(Preset, TrainConfig)],
    jobs: usize,
    results: &Mutex<Results>,
    stop: &StopFlag,
) -> Result<(), Failure> {
    jobs::for_each(runs, jobs, stop, |(preset, config)| {
        if lock(results).has(*preset, config.seed) {
            return Ok(());
        }
        let (row, points) = run_one(*preset, *config, stop)?;
        note(format!("{preset} seed {}: {}", config.seed, describe(&row)));
        lock(results).add(row, points)
    })
}

fn lock(results: &Mutex<Results>) -> MutexGuard<'_, Results> {
    results.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What decides a run besides its seed.
fn run_hash(preset: Preset, config: &TrainConfig) -> String {
    config_hash(&(preset.for_rays(config.world.rays), config.world, config.episodes, config.horizon))
}

fn run_one(preset: Preset, config: TrainConfig, stop: &StopFlag) -> Result<(Row, Vec<Point>), Failure> {
    let evaluator = Evaluator::new(1)?;
    let mut trainer = Trainer::new(config, &LocalFactory, &evaluator, stop)?;
    let mut curve = Curve { preset: preset.name(), seed: config.seed, points: Vec::new() };
    trainer.run(&mut curve)?;
    let summary = Summary::of(&trainer, preset.name(), "", &[Phase::Complex])?;
    let row = Row::of(&summary, &run_hash(preset, &config));
    Ok((row.ok_or_else(|| Failure::System("a test is missing".to_owned()))?, curve.points))
}

/// Notes the evaluations of a run.
struct Curve {
    preset: &'static str,
    seed: u64,
    points: Vec<Point>,
}

impl TrainSink for Curve {
    fn episode(&mut self, record: &EpisodeRecord, _trainer: &Trainer) -> Result<(), Failure> {
        if let Some(evaluation) = record.evaluation {
            let (preset, seed) = (self.preset.to_owned(), self.seed);
            self.points.push(Point { preset, seed, episode: record.episode, mean: evaluation.mean });
        }
        Ok(())
    }
}

fn describe(row: &Row) -> String {
    let cell = |episodes: Option<usize>| episodes.map_or("never".to_owned(), |episodes| episodes.to_string());
    let milestones = [row.episodes_to_90, row.episodes_to_95, row.episodes_to_98].map(cell).join(" / ");
    format!("return {:.1}, episodes to 90 / 95 / 98 %: {milestones}", row.return_h100)
}

/// Mean [95 % interval] over seeds, as Markdown.
fn table(rows: &[Row], presets: &[Preset]) -> String {
    let mut table = String::from(
        "| preset | seeds | return, H = 100 | IQM | worst seed | return, H = 140 | crashes in the test | episodes to 90 % | to 95 % | to 98 % | training crashes |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for preset in presets {
        let runs: Vec<&Row> = rows.iter().filter(|row| row.preset == preset.name()).collect();
        let over =
            |value: &dyn Fn(&Row) -> f64| Distribution::of(&runs.iter().map(|row| value(row)).collect::<Vec<f64>>());
        let (h100, h140) = (over(&|row| row.return_h100), over(&|row| row.return_h140));
        let crashes = over(&|row| 100.0 * row.crash_rate_h100.max(row.crash_rate_h140));
        let _ = write!(table, "| `{preset}` | {} | {} ", runs.len(), interval(h100));
        let _ = write!(table, "| {} | {} ", cell(h100.map(|d| d.iqm)), cell(h100.map(|d| d.min)));
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

fn interval(distribution: Option<Distribution>) -> String {
    distribution.map_or("-".to_owned(), |Distribution { mean, ci95: [low, high], .. }| {
        format!("{mean:.1} [{low:.1}, {high:.1}]")
    })
}

fn cell(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.1}"))
}
