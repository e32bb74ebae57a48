//! The first design's rule, as it was written: does it learn, in any of its readings? The answer is in docs/seed-rule.md.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use rayon::prelude::*;
use spikedrive_env::Phase;
use spikedrive_learners::seed::{Mode, Reading, SeedConfig, SeedNetwork, SeedState};
use spikedrive_learners::snn::synapses::WEIGHT_BOUNDS;

use super::stats::Distribution;
use crate::cli::{default_threads, parse_threads};
use crate::env::LocalFactory;
use crate::evaluate::{Evaluator, crash_rate, mean_return};
use crate::failure::Failure;
use crate::files::{create_directory, write_whole};
use crate::lesson::{CurriculumPreset, HORIZON, Lesson};
use crate::report::{note, say};
use crate::stop::StopFlag;
use crate::train::{EpisodeRecord, Evaluation, TrainConfig, Trainer};

/// Episodes of a frozen network: it does not change, so that a few are enough.
const FROZEN_EPISODES: usize = 60;
/// Episodes at the end of a run that its score is taken over.
const LAST: usize = 50;
/// Evaluations at the end of a run that tell whether it kept what it found.
const LATE: usize = 10;
/// What the sensors see in the middle of a straight road.
const CENTRED: [f32; 3] = [5.66, 20.0, 5.66];
/// Steps for which a trained network looks at it.
const PROBE_STEPS: usize = 100;

/// Arguments of `experiment seed-rule`.
#[derive(Args, Clone, Debug)]
pub struct SeedRuleArgs {
    /// Number of seeds.
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = parse_threads)]
    pub seeds: usize,
    /// The first of them.
    #[arg(long, value_name = "S", default_value_t = 1001)]
    pub first_seed: u64,
    /// Training episodes of each run.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    pub episodes: u32,
    /// Runs at the same time.
    #[arg(long, value_name = "N", default_value_t = default_threads(), value_parser = parse_threads, env = "SPIKEDRIVE_THREADS")]
    pub jobs: usize,
    /// Directory of seed_rule.csv.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
}

/// What is compared: a row of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Setting {
    lesson: Lesson,
    reading: Reading,
    mode: Mode,
}

/// What one seed came to.
#[derive(Clone, Debug, PartialEq)]
struct Outcome {
    setting: Setting,
    seed: u64,
    episodes: usize,
    env_steps: usize,
    /// Mean of the last training episodes.
    training_return: f64,
    training_crash_rate: f64,
    /// Phase at the end.
    phase: u32,
    /// Greedy, on the 50 test tracks of the lesson's target.
    test_return: f64,
    test_crash_rate: f64,
    episodes_to_90: Option<usize>,
    evaluations: Evaluations,
    probe: Probe,
}

/// The greedy evaluations during a run: a rule that wanders may pass through a good network without keeping it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Evaluations {
    /// The best mean return.
    best: f64,
    /// Share of evaluations without a crash at 90 % of the ceiling or more.
    share_at_90: f64,
    /// The same among the last ten.
    late_share_at_90: f64,
}

/// What a trained network is like.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Probe {
    /// Spikes a neuron and tick, in the middle of a straight road.
    firing_rate: f64,
    /// Share of decisions that the most frequent action has there.
    top_action_share: f64,
    /// Share of weights at a bound.
    at_bounds: f64,
}

/// Measures, writes the raw data, prints the table.
pub fn seed_rule(args: &SeedRuleArgs, stop: &StopFlag) -> Result<(), Failure> {
    create_directory(&args.out)?;
    let seeds = args.first_seed..args.first_seed.saturating_add(args.seeds as u64);
    let runs: Vec<(Setting, u64)> =
        settings().into_iter().flat_map(|setting| seeds.clone().map(move |seed| (setting, seed))).collect();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.jobs).build();
    let pool = pool.map_err(|error| Failure::System(format!("cannot start {} threads: {error}", args.jobs)))?;
    let run = |&(setting, seed): &(Setting, u64)| run_one(setting, seed, args.episodes as usize, stop);
    let outcomes = pool.install(|| runs.par_iter().map(run).collect::<Result<Vec<Outcome>, Failure>>())?;
    let path = args.out.join("seed_rule.csv");
    write_whole(&path, |file| file.write_all(csv(&outcomes).as_bytes()))?;
    say(table(&outcomes));
    note(format!("raw data in {}", path.display()));
    Ok(())
}

/// Every reading with every teacher on phase 1; A and B with dopamine through the curriculum too.
fn settings() -> Vec<Setting> {
    let direct = Lesson::Direct(Phase::Straight);
    let on_phase_1 =
        Reading::ALL.into_iter().flat_map(|reading| Mode::ALL.map(|mode| Setting { lesson: direct, reading, mode }));
    let curriculum = Lesson::from(CurriculumPreset::Seed);
    let through_all =
        [Reading::A, Reading::B].map(|reading| Setting { lesson: curriculum, reading, mode: Mode::Dopamine });
    on_phase_1.chain(through_all).collect()
}

fn run_one(setting: Setting, seed: u64, episodes: usize, stop: &StopFlag) -> Result<Outcome, Failure> {
    let Setting { lesson, reading, mode } = setting;
    let episodes = if mode == Mode::Frozen { episodes.min(FROZEN_EPISODES) } else { episodes };
    let learner = SeedConfig::new(reading, mode);
    let config = TrainConfig::base(learner, lesson, episodes, seed);
    let evaluator = Evaluator::new(1)?;
    let mut trainer = Trainer::new(config, &LocalFactory, &evaluator, stop)?;
    let mut log = Vec::<EpisodeRecord>::new();
    trainer.run(&mut log)?;
    let last = &log[log.len().saturating_sub(LAST)..];
    let mean = |value: &dyn Fn(&EpisodeRecord) -> f64| last.iter().map(value).sum::<f64>() / last.len() as f64;
    let test = trainer.test(lesson.target(), HORIZON)?;
    let weights = trainer.learner().policy().synapses();
    let weights = weights.ok_or_else(|| Failure::System("the first design has lost its synapses".to_owned()))?;
    let outcome = Outcome {
        setting,
        seed,
        episodes,
        env_steps: trainer.env_steps(),
        training_return: mean(&|record| record.episode_return),
        training_crash_rate: mean(&|record| f64::from(u8::from(record.crashed))),
        phase: trainer.phase().number(),
        test_return: mean_return(&test),
        test_crash_rate: crash_rate(&test),
        episodes_to_90: trainer.milestones().episodes_to[0],
        evaluations: Evaluations::of(&log),
        probe: probe(&SeedNetwork::with_weights(learner, weights)?, seed),
    };
    note(format!("{reading} {mode}, {lesson}, seed {seed}: return {:.1}", outcome.training_return));
    Ok(outcome)
}

impl Evaluations {
    fn of(records: &[EpisodeRecord]) -> Self {
        let evaluations: Vec<Evaluation> = records.iter().filter_map(|record| record.evaluation).collect();
        let share_at_90 = |evaluations: &[Evaluation]| {
            let good = |evaluation: &&Evaluation| evaluation.percent_of_ceiling >= 90.0 && evaluation.crash_rate == 0.0;
            evaluations.iter().filter(good).count() as f64 / evaluations.len().max(1) as f64
        };
        Self {
            best: evaluations.iter().map(|evaluation| evaluation.mean).fold(f64::NEG_INFINITY, f64::max),
            share_at_90: share_at_90(&evaluations),
            late_share_at_90: share_at_90(&evaluations[evaluations.len().saturating_sub(LATE)..]),
        }
    }
}

fn probe(network: &SeedNetwork, seed: u64) -> Probe {
    let (mut state, mut rates, mut actions) = (SeedState::new(seed, u64::MAX), 0.0, [0u32; 3]);
    for _ in 0..PROBE_STEPS {
        actions[network.act_greedily(&mut state, &CENTRED)] += 1;
        rates += f64::from(state.firing_rate(network));
    }
    let weights = network.weights();
    let at_bounds = weights.iter().filter(|weight| WEIGHT_BOUNDS.contains(&weight.abs())).count();
    Probe {
        firing_rate: rates / PROBE_STEPS as f64,
        top_action_share: f64::from(actions.into_iter().max().unwrap_or_default()) / PROBE_STEPS as f64,
        at_bounds: at_bounds as f64 / weights.len() as f64,
    }
}

/// One row for each run.
fn csv(outcomes: &[Outcome]) -> String {
    let mut csv = String::from(
        "lesson,reading,mode,seed,episodes,env_steps,return_last50,crash_rate_last50,last_phase,test_phase,\
         test_return,test_crash_rate,episodes_to_90,best_evaluation,share_at_90,late_share_at_90,firing_rate,top_action_share,weights_at_bounds\n",
    );
    for outcome in outcomes {
        let Outcome { setting: Setting { lesson, reading, mode }, probe, .. } = outcome;
        let _ = write!(
            csv,
            "{lesson},{reading},{mode},{},{},{},{:.4},{:.4},{}",
            outcome.seed,
            outcome.episodes,
            outcome.env_steps,
            outcome.training_return,
            outcome.training_crash_rate,
            outcome.phase
        );
        let mastered = outcome.episodes_to_90.map_or(String::new(), |episodes| episodes.to_string());
        let target = lesson.target().number();
        let _ = write!(csv, ",{target},{:.4},{:.4},{mastered}", outcome.test_return, outcome.test_crash_rate);
        let Evaluations { best, share_at_90, late_share_at_90 } = outcome.evaluations;
        let _ = write!(csv, ",{best:.4},{share_at_90:.4},{late_share_at_90:.4}");
        let _ = writeln!(csv, ",{:.5},{:.4},{:.4}", probe.firing_rate, probe.top_action_share, probe.at_bounds);
    }
    csv
}

/// Mean [95 % CI] over seeds, as Markdown.
fn table(outcomes: &[Outcome]) -> String {
    let mut table = String::from(
        "| reading | lesson | teacher | seeds | return, last 50 training episodes | crashes | greedy test | crashes | seeds ever at 90 % | evaluations at 90 % | the last ten | best evaluation | seeds in phase 4 | firing rate | most frequent action | weights at a bound |\n",
    );
    table += "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";
    for setting in settings() {
        let runs: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.setting == setting).collect();
        let over_seeds = |value: &dyn Fn(&Outcome) -> f64| {
            Distribution::of(&runs.iter().map(|run| value(run)).collect::<Vec<f64>>())
        };
        let interval = |value: &dyn Fn(&Outcome) -> f64| {
            over_seeds(value).map_or("-".to_owned(), |Distribution { mean, ci95: [low, high], .. }| {
                format!("{mean:.1} [{low:.1}, {high:.1}]")
            })
        };
        let percent = |value: &dyn Fn(&Outcome) -> f64| {
            over_seeds(value).map_or("-".to_owned(), |Distribution { mean, .. }| format!("{:.0} %", 100.0 * mean))
        };
        let Setting { lesson, reading, mode } = setting;
        let mastered = runs.iter().filter(|run| run.episodes_to_90.is_some()).count();
        let arrived = match lesson {
            Lesson::Direct(_) | Lesson::Mixture => "-".to_owned(),
            Lesson::Curriculum(_) => runs.iter().filter(|run| run.phase == 4).count().to_string(),
        };
        let _ = writeln!(
            table,
            "| {reading} | {lesson} | {mode} | {} | {} | {} | {} | {} | {mastered} | {} | {} | {} | {arrived} | {} | {} | {} |",
            runs.len(),
            interval(&|run| run.training_return),
            percent(&|run| run.training_crash_rate),
            interval(&|run| run.test_return),
            percent(&|run| run.test_crash_rate),
            percent(&|run| run.evaluations.share_at_90),
            percent(&|run| run.evaluations.late_share_at_90),
            over_seeds(&|run| run.evaluations.best)
                .map_or("-".to_owned(), |d| format!("{:.0} (at most {:.0})", d.mean, d.max)),
            over_seeds(&|run| run.probe.firing_rate).map_or("-".to_owned(), |d| format!("{:.3}", d.mean)),
            percent(&|run| run.probe.top_action_share),
            percent(&|run| run.probe.at_bounds),
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_outcome_and_rows_match_the_header() {
        let run = || {
            let setting =
                Setting { lesson: Lesson::Direct(Phase::Straight), reading: Reading::B, mode: Mode::Dopamine };
            run_one(setting, 5, 5, &StopFlag::default()).unwrap()
        };
        let outcomes = [run(), run()];
        assert_eq!(outcomes[0], outcomes[1]);
        let csv = csv(&outcomes);
        assert!(csv.lines().all(|line| line.matches(',').count() == 18), "{csv}");
        assert!(csv.lines().nth(1).unwrap().starts_with("phase 1,B,dopamine,5,5,"), "{csv}");
        assert_eq!(table(&outcomes).lines().count(), 2 + settings().len());
        assert_eq!(settings().len(), 11);
    }
}
