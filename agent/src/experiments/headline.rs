//! The headline experiment: each preset learns phase 4 from nothing, once for each seed, and is tested on the 50 test tracks.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use clap::Args;
use spikedrive_env::Phase;
use spikedrive_learners::snn::Preset;

use super::stats::Distribution;
use crate::cli::{default_threads, parse_threads};
use crate::env::LocalFactory;
use crate::evaluate::Evaluator;
use crate::failure::Failure;
use crate::files::{create_directory, write_whole};
use crate::lesson::Lesson;
use crate::report::{note, say};
use crate::stop::StopFlag;
use crate::summary::{FinalScore, Summary};
use crate::train::{MILESTONES, TrainConfig, Trainer};

/// Training episodes of each run.
const EPISODES: usize = 300;

/// Arguments of `experiment headline`.
#[derive(Args, Clone, Debug)]
pub struct HeadlineArgs {
    /// Number of seeds.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = parse_threads)]
    pub seeds: usize,
    /// The first of them.
    #[arg(long, value_name = "S", default_value_t = 1001)]
    pub first_seed: u64,
    /// Runs at the same time.
    #[arg(long, value_name = "N", default_value_t = default_threads(), value_parser = parse_threads, env = "SPIKEDRIVE_THREADS")]
    pub jobs: usize,
    /// Directory of headline.csv.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
}

/// Measures, writes the raw data, prints the table.
pub fn headline(args: &HeadlineArgs, stop: &StopFlag) -> Result<(), Failure> {
    create_directory(&args.out)?;
    let seeds = args.first_seed..args.first_seed.saturating_add(args.seeds as u64);
    let runs: Vec<(Preset, u64)> =
        Preset::ALL.into_iter().flat_map(|preset| seeds.clone().map(move |seed| (preset, seed))).collect();
    let summaries = run_all(&runs, args.jobs, stop)?;
    let path = args.out.join("headline.csv");
    write_whole(&path, |file| file.write_all(csv(&summaries).as_bytes()))?;
    say(table(&summaries));
    note(format!("raw data in {}", path.display()));
    Ok(())
}

/// Runs in the order in which they were asked for, `jobs` at a time.
fn run_all(runs: &[(Preset, u64)], jobs: usize, stop: &StopFlag) -> Result<Vec<Summary>, Failure> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while !stop.is_set()
                    && let Some(&(preset, seed)) = runs.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let summary = run_one(preset, seed, stop);
                    note(format!("{preset} seed {seed}: {}", describe(&summary)));
                    let mut done = done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    done.push((preset.name(), seed, summary));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let position = |preset: &str, seed: u64| runs.iter().position(|&(p, s)| p.name() == preset && s == seed);
    done.sort_by_key(|(preset, seed, _)| position(preset, *seed));
    done.into_iter().map(|(_, _, summary)| summary).collect()
}

fn run_one(preset: Preset, seed: u64, stop: &StopFlag) -> Result<Summary, Failure> {
    let config = TrainConfig::base(preset.config(), Lesson::Direct(Phase::Complex), EPISODES, seed);
    let evaluator = Evaluator::new(1)?;
    let mut trainer = Trainer::new(config, &LocalFactory, &evaluator, stop)?;
    trainer.run(&mut ())?;
    Summary::of(&trainer, preset.name(), "", &[Phase::Complex])
}

fn describe(summary: &Result<Summary, Failure>) -> String {
    match summary {
        Err(failure) => failure.to_string(),
        Ok(summary) => {
            let score = score(summary, 100).map_or(f64::NAN, |score| score.mean);
            format!("return {score:.1}, episodes to 90 / 95 / 98 %: {}", summary.milestone_cells())
        }
    }
}

fn score(summary: &Summary, horizon: usize) -> Option<&FinalScore> {
    summary.score(Phase::Complex, horizon)
}

/// One row for each run.
fn csv(summaries: &[Summary]) -> String {
    let mut csv = String::from("preset,seed,episodes,env_steps,training_crashes");
    for percent in MILESTONES {
        let _ = write!(csv, ",episodes_to_{percent},env_steps_to_{percent}");
    }
    csv += ",return_h100,min_h100,crash_rate_h100,return_h140,min_h140,crash_rate_h140\n";
    for summary in summaries {
        let Summary { preset, seed, episodes, env_steps, training_crashes, .. } = summary;
        let _ = write!(csv, "{preset},{seed},{episodes},{env_steps},{training_crashes}");
        for percent in MILESTONES.map(|percent| percent.to_string()) {
            for values in [&summary.episodes_to, &summary.env_steps_to] {
                let value = values.get(&percent).copied().flatten();
                let _ = write!(csv, ",{}", value.map_or(String::new(), |value| value.to_string()));
            }
        }
        for FinalScore { mean, min, crash_rate, .. } in [100, 140].iter().filter_map(|&horizon| score(summary, horizon))
        {
            let _ = write!(csv, ",{mean:.4},{min:.4},{crash_rate}");
        }
        csv.push('\n');
    }
    csv
}

/// Mean [95 % CI] over seeds, as Markdown.
fn table(summaries: &[Summary]) -> String {
    let mut table = String::from(
        "| preset | seeds | return, H = 100 | IQM | worst seed | return, H = 140 | crashes in the test | episodes to 90 % | to 95 % | to 98 % | training crashes |\n",
    );
    table += "|---|---|---|---|---|---|---|---|---|---|---|\n";
    for preset in Preset::ALL {
        let runs: Vec<&Summary> = summaries.iter().filter(|summary| summary.preset == preset.name()).collect();
        let over_seeds = |value: &dyn Fn(&Summary) -> Option<f64>| {
            runs.iter().filter_map(|summary| value(summary)).collect::<Vec<f64>>()
        };
        let mean = |horizon| over_seeds(&move |summary| Some(score(summary, horizon)?.mean));
        let crash = over_seeds(&|summary| Some(score(summary, 100)?.crash_rate.max(score(summary, 140)?.crash_rate)));
        let h100 = Distribution::of(&mean(100));
        let _ = write!(table, "| `{preset}` | {} | {} ", runs.len(), interval(h100));
        let _ = write!(table, "| {} | {} ", cell(h100.map(|d| d.iqm)), cell(h100.map(|d| d.min)));
        let _ = write!(
            table,
            "| {} | {} % ",
            interval(Distribution::of(&mean(140))),
            cell(Distribution::of(&crash).map(|d| 100.0 * d.mean))
        );
        for percent in MILESTONES.map(|percent| percent.to_string()) {
            let reached = over_seeds(&|summary| Some(summary.episodes_to.get(&percent).copied().flatten()? as f64));
            let never = if reached.len() < runs.len() {
                format!(" ({} of {} seeds)", reached.len(), runs.len())
            } else {
                String::new()
            };
            let _ = write!(table, "| {}{never} ", interval(Distribution::of(&reached)));
        }
        let _ = writeln!(
            table,
            "| {} |",
            interval(Distribution::of(&over_seeds(&|summary| Some(summary.training_crashes as f64))))
        );
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
