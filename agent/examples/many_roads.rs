//! What 50 test roads cannot tell: settings are trained, and driven from 1,000 starts on the 200 roads of the training split. A run of 300 episodes has met three
//! quarters of them, mostly from other starts.
//!
//! `many_roads WORLD PRESET FIRST LAST FILE SETTINGS` trains seeds FIRST to LAST on phase 4 of WORLD for 300 episodes and adds a row for each to FILE. SETTINGS are
//! those of `tune`: parameters with `;` between.

use std::error::Error;
use std::fs::OpenOptions;

use serde::Serialize;
use spikedrive_agent::env::LocalFactory;
use spikedrive_agent::evaluate::{Evaluator, crash_rate, held_out, mean_return};
use spikedrive_agent::lesson::{HORIZON, Lesson};
use spikedrive_agent::overrides::{Overrides, Source};
use spikedrive_agent::parameters::Assignment;
use spikedrive_agent::stop::StopFlag;
use spikedrive_agent::train::{EpisodeRecord, TrainConfig, Trainer};
use spikedrive_env::{Phase, Split, WorldPreset};
use spikedrive_learners::Preset;

const EPISODES: usize = 300;
const STARTS: usize = 1000;

/// One run.
#[derive(Serialize)]
struct Row<'a> {
    world: &'a str,
    preset: &'a str,
    settings: &'a str,
    seed: u64,
    return_h100: f64,
    crash_rate_h100: f64,
    training_crashes: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [world, preset, first, last, path, settings] = &arguments[..] else {
        return Err("use many_roads WORLD PRESET FIRST LAST FILE SETTINGS".into());
    };
    let seed = |name: &str, text: &str| {
        text.parse::<u64>()
            .map_err(|error| format!("{name}: {text:?} is no seed ({error}): use a whole number from 0 on"))
    };
    let (first, last) = (seed("FIRST", first)?, seed("LAST", last)?);
    if first > last {
        return Err(format!("LAST: {last} is before FIRST, {first}: use {first} or more").into());
    }
    // As text: what a program ends with is told as `Debug` has it.
    let options = world.parse::<WorldPreset>().map_err(|error| error.to_string())?.options();
    let chosen = preset.parse::<Preset>().map_err(|error| error.to_string())?;
    let mut overrides = Overrides::default();
    overrides.extend(&Source::Flag, settings.split(';').map(str::parse).collect::<Result<Vec<Assignment>, String>>()?);
    let learner = overrides.apply(chosen.config())?;
    let open = OpenOptions::new().create(true).append(true).open(path);
    let file = open.map_err(|error| format!("FILE: {path:?} cannot be written: {error}"))?;
    let is_new = file.metadata()?.len() == 0;
    let mut rows = csv::WriterBuilder::new().has_headers(is_new).from_writer(file);
    for seed in first..=last {
        let base = TrainConfig::base(learner, Lesson::Direct(Phase::Complex), EPISODES, seed);
        let (evaluator, stop) = (Evaluator::new(1)?, StopFlag::default());
        let mut trainer = Trainer::new(TrainConfig { world: options, ..base }, &LocalFactory, &evaluator, &stop)?;
        let mut log = Vec::<EpisodeRecord>::new();
        trainer.run(&mut log)?;
        let roads = held_out(Phase::Complex, Split::Train, HORIZON, STARTS, options);
        let driven = evaluator.evaluate(&LocalFactory, &roads, trainer.learner().policy(), seed, &stop)?;
        rows.serialize(Row {
            world,
            preset,
            settings,
            seed,
            return_h100: mean_return(&driven),
            crash_rate_h100: crash_rate(&driven),
            training_crashes: log.iter().filter(|record| record.crashed).count(),
        })?;
        rows.flush()?;
    }
    Ok(())
}
