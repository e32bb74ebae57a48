//! The headline experiment: each preset learns phase 4 from nothing, once for each seed, and is tested on the 50 test tracks.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use spikedrive_env::{Phase, WorldOptions};
use spikedrive_learners::snn::Preset;

use super::outcome::{CurvePoint, train_and_test};
use super::plot::learning_curves;
use super::rows::{self, Point, Row};
use super::stats::Distribution;
use super::store::{Measured, Record, Store, measure};
use crate::ceilings::attainable_all;
use crate::checkpoint::config_hash;
use crate::cli::{WorldArgs, default_threads, parse_episodes, parse_threads};
use crate::failure::Failure;
use crate::files::create_directory;
use crate::lesson::{HORIZON, Lesson};
use crate::report::{note, say};
use crate::stop::StopFlag;
use crate::train::TrainConfig;

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
    let store = measure(
        &runs,
        args.jobs,
        open(args, &runs),
        stop,
        |(preset, config)| run_of(*preset, config),
        |run| run_one(run, stop),
    )?;
    let (rows, points) = (store.rows(), store.points());
    say(table(rows, &args.presets));
    let names: Vec<&str> = args.presets.iter().map(|preset| preset.name()).collect();
    let title = format!("Phase 4: return on validation tracks, mean and 95 % interval over {} seeds", args.seeds);
    let svg = learning_curves(&title, points, &names, ceilings[3]);
    rows::write_text(&args.out.join(format!("{}.svg", args.name)), &svg)?;
    let [rows_path, points_path] = store.paths();
    note(format!("raw data in {} and {}", rows_path.display(), points_path.display()));
    Ok(())
}

/// The runs of the files that are runs of this experiment.
fn open(args: &HeadlineArgs, runs: &[(Preset, TrainConfig)]) -> Store<Row, Point> {
    let [rows_path, points_path] = ["", "_curves"].map(|suffix| args.out.join(format!("{}{suffix}.csv", args.name)));
    let wanted = |row: &Row| {
        let is_row = |(preset, config): &(Preset, TrainConfig)| {
            row.preset == preset.name() && row.seed == config.seed && row.config_hash == run_hash(*preset, config)
        };
        runs.iter().any(is_row)
    };
    let kept = rows::read(&rows_path).into_iter().filter(wanted).collect();
    let points = rows::read(&points_path);
    Store::new(rows_path, points_path, kept, points)
}

/// What tells runs apart, in the order of the files.
type RunKey = (Option<usize>, u64);

fn run_of(preset: Preset, config: &TrainConfig) -> RunKey {
    key(preset.name(), config.seed)
}

fn key(preset: &str, seed: u64) -> RunKey {
    (Preset::ALL.iter().position(|known| known.name() == preset), seed)
}

impl Record for Row {
    type Run = RunKey;

    fn run(&self) -> RunKey {
        key(&self.preset, self.seed)
    }
}

impl Record for Point {
    type Run = RunKey;

    fn run(&self) -> RunKey {
        key(&self.preset, self.seed)
    }
}

/// What decides a run besides its seed.
fn run_hash(preset: Preset, config: &TrainConfig) -> String {
    config_hash(&(preset.for_rays(config.world.rays), config.world, config.episodes, config.horizon))
}

fn run_one((preset, config): &(Preset, TrainConfig), stop: &StopFlag) -> Result<Measured<Row, Point>, Failure> {
    let outcome = train_and_test(*config, stop)?;
    let row = Row::of(&outcome, preset.name(), config.seed, &run_hash(*preset, config));
    let point = |point: &CurvePoint| Point {
        preset: preset.name().to_owned(),
        seed: config.seed,
        episode: point.episode,
        mean: point.evaluation.mean,
    };
    let line = format!("{preset} seed {}: {}", config.seed, describe(&row));
    Ok((row, outcome.curve.iter().map(point).collect(), line))
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
