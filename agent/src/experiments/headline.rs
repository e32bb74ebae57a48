//! The headline experiment: each preset learns phase 4 from nothing, once for each seed, and is tested on the 50 test tracks.

use std::path::PathBuf;

use clap::Args;
use spikedrive_env::{Phase, WorldOptions};
use spikedrive_learners::snn::Preset;

use super::campaign::{self, Results, Trial};
use super::plot::learning_curves;
use super::rows::write_text;
use crate::ceilings::attainable_all;
use crate::cli::{WorldArgs, default_threads, parse_episodes, parse_threads};
use crate::failure::Failure;
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
    let world = args.world.options(WorldOptions::default())?;
    let lesson = Lesson::Direct(Phase::Complex);
    let ceilings = attainable_all(HORIZON, &world, &lesson.phases())?;
    let seeds = args.first_seed..args.first_seed.saturating_add(args.seeds as u64);
    let trial = |preset: Preset, seed| {
        let learner = preset.for_rays(world.rays).into();
        let config =
            TrainConfig { learner, lesson, episodes: args.episodes, seed, lanes: 1, horizon: HORIZON, world, ceilings };
        Trial { condition: preset.name().to_owned(), config }
    };
    let trials: Vec<Trial> =
        args.presets.iter().flat_map(|&preset| seeds.clone().map(move |seed| trial(preset, seed))).collect();
    let Results { rows, points, paths } = campaign::run(&trials, &args.out, &args.name, args.jobs, stop)?;
    let names: Vec<&str> = args.presets.iter().map(|preset| preset.name()).collect();
    let lines: Vec<(&str, Option<&str>)> = names.iter().map(|&name| (name, None)).collect();
    say(campaign::table(&rows, "preset", &lines));
    let title = format!("Phase 4: return on validation tracks, mean and 95 % interval over {} seeds", args.seeds);
    let svg = learning_curves(&title, &points, &names, ceilings[3]);
    write_text(&args.out.join(format!("{}.svg", args.name)), &svg)?;
    let [rows_path, points_path] = paths;
    note(format!("raw data in {} and {}", rows_path.display(), points_path.display()));
    Ok(())
}
