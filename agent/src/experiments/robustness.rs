//! `experiment robustness`: what trained networks bear without learning again: noise, coarse weights, neurons that are cut.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use clap::Args;
use serde::{Deserialize, Serialize};
use spikedrive_env::{Phase, Split, WorldOptions};
use spikedrive_learners::LearnerConfig;

use super::damage::Damage;
use super::outcome::train_and_then;
use super::rows;
use super::stats::Distribution;
use super::store::{Measured, Record, Store, measure};
use super::study::StudyArgs;
use crate::benchmark::agents::Agent;
use crate::checkpoint::config_hash;
use crate::env::LocalFactory;
use crate::evaluate::{Evaluator, held_out};
use crate::failure::Failure;
use crate::files::create_directory;
use crate::lesson::{HORIZON, Lesson};
use crate::report::{note, say};
use crate::stop::StopFlag;
use crate::summary::FinalScore;
use crate::train::TrainConfig;

/// Training episodes of each run.
const EPISODES: usize = 300;
/// Number of seeds.
const SEEDS: usize = 10;
/// Name of the files.
const NAME: &str = "robustness";

/// What the document says of it.
const QUESTION: &str = include_str!("../../studies/robustness.md");

/// Arguments of `experiment robustness`.
#[derive(Args, Clone, Debug)]
pub struct RobustnessArgs {
    /// Agents that learn, separated by commas: presets, and variants of them.
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "stdp,stdp-no-hidden,pathway,pathway-no-hidden,spikeless,own-spike,own-spike-no-hidden,strict,e-prop,strict-own-spike,predictive,dqn,ppo"
    )]
    pub presets: Vec<Agent>,
    /// How it is measured; ten seeds, if nothing else is said.
    #[command(flatten)]
    pub study: StudyArgs,
}

/// One trained network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Run {
    preset: String,
    seed: u64,
    config_hash: String,
    return_h100: f64,
}

/// One test of it: phase 4, horizon 100, 50 test tracks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Test {
    preset: String,
    seed: u64,
    damage: String,
    return_h100: f64,
    min_h100: f64,
    crash_rate_h100: f64,
}

impl Record for Run {
    type Run = (String, u64);

    fn run(&self) -> Self::Run {
        (self.preset.clone(), self.seed)
    }
}

impl Record for Test {
    type Run = (String, u64);

    fn run(&self) -> Self::Run {
        (self.preset.clone(), self.seed)
    }
}

/// Measures what is missing, then prints the table.
pub fn robustness(args: &RobustnessArgs, stop: &StopFlag) -> Result<(), Failure> {
    let StudyArgs { seeds, first_seed, jobs, out } = &args.study;
    create_directory(out)?;
    let seeds = *first_seed..first_seed.saturating_add(seeds.unwrap_or(SEEDS) as u64);
    let mut runs: Vec<(Agent, TrainConfig)> = Vec::new();
    for &agent in &args.presets {
        let learner = agent.trained()?;
        let config = |seed| TrainConfig::base(learner, Lesson::Direct(Phase::Complex), EPISODES, seed);
        runs.extend(seeds.clone().map(|seed| (agent, config(seed))));
    }
    let key = |(preset, config): &(Agent, TrainConfig)| (preset.name().to_owned(), config.seed);
    let store = measure(&runs, *jobs, open(out)?, stop, key, |(preset, config)| run_one(*preset, config, stop))?;
    let is_asked =
        |test: &&Test| seeds.contains(&test.seed) && args.presets.iter().any(|preset| preset.name() == test.preset);
    say(table(&store.points().iter().filter(is_asked).cloned().collect::<Vec<Test>>()));
    let [runs_path, tests_path] = store.paths();
    note(format!("raw data in {} and {}", runs_path.display(), tests_path.display()));
    Ok(())
}

/// What is there already, but for runs of other settings.
fn open(directory: &Path) -> Result<Store<Run, Test>, Failure> {
    let [runs, tests] = ["", "_tests"].map(|suffix| directory.join(format!("{NAME}{suffix}.csv")));
    let is_of_today = |run: &Run| {
        let learner = run.preset.parse::<Agent>().ok().and_then(|agent| agent.trained().ok());
        learner.is_some_and(|learner| run_hash(&learner) == run.config_hash)
    };
    let kept = rows::read::<Run>(&runs)?.into_iter().filter(is_of_today).collect();
    let there = rows::read(&tests)?;
    Ok(Store::new(runs, tests, kept, there))
}

/// What decides a run and its tests besides the seed.
fn run_hash(learner: &LearnerConfig) -> String {
    config_hash(&(learner, EPISODES, HORIZON, Damage::ALL.map(|damage| damage.to_string())))
}

fn run_one(preset: Agent, config: &TrainConfig, stop: &StopFlag) -> Result<Measured<Run, Test>, Failure> {
    train_and_then(*config, stop, |trainer, outcome| {
        let evaluator = Evaluator::new(1)?;
        let mut tests = Vec::new();
        for damage in Damage::ALL {
            let arrays = damage.apply(&config.learner, trainer.learner().policy().arrays(), config.seed);
            let policy = config.learner.policy(&arrays)?;
            let options = WorldOptions { sensor_noise: damage.sensor_noise(), ..config.world };
            let tracks = Split::Test.tracks() as usize;
            let world = held_out(Phase::Complex, Split::Test, HORIZON, tracks, options);
            let results = evaluator.evaluate(&LocalFactory, &world, policy.as_ref(), config.seed, stop)?;
            let score = FinalScore::of(&results)?;
            tests.push(Test {
                preset: preset.name().to_owned(),
                seed: config.seed,
                damage: damage.to_string(),
                return_h100: score.mean,
                min_h100: score.min,
                crash_rate_h100: score.crash_rate,
            });
        }
        let run = Run {
            preset: preset.name().to_owned(),
            seed: config.seed,
            config_hash: run_hash(&config.learner),
            return_h100: outcome.scores[0].mean,
        };
        let line = format!("{preset} seed {}: return {:.1}", config.seed, run.return_h100);
        Ok((vec![run], tests, line))
    })
}

/// Mean return [95 % interval] over seeds and crash rate: a row for each damage, a column for each preset, as Markdown.
fn table(tests: &[Test]) -> String {
    let mut presets = Agent::beside();
    presets.retain(|preset| tests.iter().any(|test| test.preset == preset.name()));
    let names: String = presets.iter().map(|preset| format!(" `{preset}` |")).collect();
    let mut table = format!("| damage |{names}\n|{}\n", "---|".repeat(presets.len() + 1));
    for damage in Damage::ALL.map(|damage| damage.to_string()) {
        let _ = write!(table, "| {damage} |");
        for preset in &presets {
            let those: Vec<&Test> =
                tests.iter().filter(|test| test.preset == preset.name() && test.damage == damage).collect();
            let returns: Vec<f64> = those.iter().map(|test| test.return_h100).collect();
            let Some(Distribution { mean, ci95: [low, high], .. }) = Distribution::of(&returns) else {
                table += " - |";
                continue;
            };
            let crashes = 100.0 * those.iter().map(|test| test.crash_rate_h100).sum::<f64>() / those.len() as f64;
            let crashes = if crashes > 0.0 { format!(", {crashes:.1} % crashes") } else { String::new() };
            let _ = write!(table, " {mean:.1} [{low:.1}, {high:.1}]{crashes} |");
        }
        table.push('\n');
    }
    table
}

/// Its part of docs/results.md.
pub fn section(results: &Path) -> Result<String, Failure> {
    let store = open(results)?;
    let title = "## Robustness: what does a trained network bear?";
    if store.rows().is_empty() {
        return Ok(format!("{title}\n\nNot measured yet: `experiment {NAME}`.\n\n"));
    }
    let seeds: BTreeSet<u64> = store.rows().iter().map(|run| run.seed).collect();
    let (first, last) = (seeds.first().copied().unwrap_or_default(), seeds.last().copied().unwrap_or_default());
    Ok(format!(
        "{title}\n\n{}\n\nMean return [95 % interval] with a horizon of 100, seeds {first} to {last}.\n\n{}\n\
         `cargo run --release -- experiment {NAME}`; raw data: [{NAME}.csv](../results/{NAME}.csv), [{NAME}_tests.csv](../results/{NAME}_tests.csv).\n\n",
        QUESTION.trim(),
        table(store.points()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_tested_with_every_damage_and_the_intact_one_is_the_network_itself() {
        let preset: Agent = "frugal".parse().unwrap();
        let config = TrainConfig::base(preset.trained().unwrap(), Lesson::Direct(Phase::Complex), 10, 3);
        let (runs, tests, _) = run_one(preset, &config, &StopFlag::default()).unwrap();
        assert_eq!(tests.len(), Damage::ALL.len());
        assert_eq!((tests[0].damage.as_str(), tests[0].return_h100), ("intact", runs[0].return_h100));
        assert!(tests.iter().skip(1).any(|test| test.return_h100 != runs[0].return_h100));
        let table = table(&tests);
        assert!(table.starts_with("| damage | `frugal` |\n|---|---|\n| intact | "), "{table}");
        assert_eq!(table.lines().count(), 2 + Damage::ALL.len());
    }
}
