//! Random search for the parameters of the presets `dqn`, `ppo` and `memory` (Bergstra & Bengio 2012), on validation tracks and seeds 1 to 16 alone:
//! no test track is driven.
//!
//! `tune WORLD PRESET INPUTS TRIALS FILE [SETTINGS...]` draws TRIALS settings, trains each with seeds 1 and 2 on phase 4 of WORLD (`base`, `hard-lag`, ...) for
//! 300 episodes, then the best three once more with seeds 3 to 6, and adds a row for each run to FILE (docs/baselines.md). Settings that are given are trials
//! from 100 on. INPUTS is a value of the parameter `inputs`, such as `{kind=sensors-action}`, or `-` for a spiking preset. `train --set` takes the settings of a
//! row as they are.

use std::error::Error;
use std::fs::OpenOptions;

use rand::Rng;
use serde::Serialize;
use spikedrive_agent::env::LocalFactory;
use spikedrive_agent::evaluate::{Evaluator, crash_rate, held_out, mean_return};
use spikedrive_agent::lesson::Lesson;
use spikedrive_agent::overrides::{Overrides, Source};
use spikedrive_agent::parameters::Assignment;
use spikedrive_agent::stop::StopFlag;
use spikedrive_agent::train::{EpisodeRecord, TrainConfig, Trainer};
use spikedrive_env::ceiling::ceiling;
use spikedrive_env::{Phase, Split, WorldPreset};
use spikedrive_learners::random::{Purpose, below, stream, uniform};
use spikedrive_learners::{Preset, snn};

const EPISODES: usize = 300;
const SEARCH: std::ops::RangeInclusive<u64> = 1..=2;
const CONFIRM: std::ops::RangeInclusive<u64> = 3..=6;
const CONFIRMED: usize = 3;
/// Number of the first trial of settings that were not drawn.
const FIRST_GIVEN: usize = 100;
/// Horizon at which the final network is scored; it trained on 100.
const LONG: usize = 140;

/// What is tuned, where.
#[derive(Clone, Copy)]
struct Search<'a> {
    world: WorldPreset,
    preset: Preset,
    inputs: &'a str,
}

/// One run.
#[derive(Serialize)]
struct Row {
    world: String,
    preset: String,
    inputs: String,
    trial: usize,
    seed: u64,
    settings: String,
    /// Of the final network on the validation tracks.
    return_h100: f64,
    crash_rate_h100: f64,
    return_h140: f64,
    crash_rate_h140: f64,
    /// Mean over all evaluations of the run.
    mean_evaluation: f64,
    episodes_to_90: Option<usize>,
    episodes_to_95: Option<usize>,
    episodes_to_98: Option<usize>,
    env_steps: usize,
    /// Mean of the final network's share of the ceiling (H = 140) and that of all evaluations (H = 100), in percent.
    score: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [world, preset, inputs, trials, path, given @ ..] = &arguments[..] else {
        return Err("use tune WORLD PRESET INPUTS TRIALS FILE [SETTINGS...]".into());
    };
    // As text: what a program ends with is told as `Debug` has it.
    let world = world.parse::<WorldPreset>().map_err(|error| error.to_string())?;
    let preset = preset.parse::<Preset>().map_err(|error| error.to_string())?;
    let search = Search { world, preset, inputs };
    let trials: usize =
        trials.parse().map_err(|error| format!("TRIALS: {trials:?} is no number ({error}): use 0 or more"))?;
    let drawn = (0..trials).map(|trial| search.settings(trial).map(|settings| (trial, settings)));
    let given = (FIRST_GIVEN..).zip(given).map(|(trial, settings)| Ok((trial, search.with_inputs(settings))));
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let is_new = file.metadata()?.len() == 0;
    let mut rows = csv::WriterBuilder::new().has_headers(is_new).from_writer(file);
    let mut scores = Vec::new();
    for trial in drawn.chain(given) {
        let (trial, settings) = trial?;
        let score = search.measure((trial, &settings), SEARCH, &mut rows)?;
        scores.push((trial, settings, score));
    }
    scores.sort_by(|(.., a), (.., b)| b.total_cmp(a));
    for (trial, settings, _) in scores.iter().take(CONFIRMED) {
        search.measure((*trial, settings), CONFIRM, &mut rows)?;
    }
    Ok(())
}

impl Search<'_> {
    /// Trains with each seed; returns the mean score.
    fn measure<W: std::io::Write>(
        self,
        (trial, settings): (usize, &str),
        seeds: std::ops::RangeInclusive<u64>,
        rows: &mut csv::Writer<W>,
    ) -> Result<f64, Box<dyn Error>> {
        let mut scores = Vec::new();
        for seed in seeds {
            let row = self.run((trial, settings), seed)?;
            scores.push(row.score);
            rows.serialize(row)?;
            rows.flush()?;
        }
        Ok(scores.iter().sum::<f64>() / scores.len() as f64)
    }

    fn run(self, (trial, settings): (usize, &str), seed: u64) -> Result<Row, Box<dyn Error>> {
        let Self { world, preset, inputs } = self;
        let mut overrides = Overrides::default();
        let assignments: Vec<Assignment> = settings.split(';').map(str::parse).collect::<Result<_, String>>()?;
        overrides.extend(&Source::Flag, assignments);
        let base = TrainConfig::base(overrides.apply(preset.config())?, Lesson::Direct(Phase::Complex), EPISODES, seed);
        let config = TrainConfig { world: world.options(), ..base };
        let (evaluator, stop) = (Evaluator::new(1)?, StopFlag::default());
        let mut trainer = Trainer::new(config, &LocalFactory, &evaluator, &stop)?;
        let mut log = Vec::<EpisodeRecord>::new();
        trainer.run(&mut log)?;
        let validate = |horizon| {
            let world = held_out(Phase::Complex, Split::Validation, horizon, 20, config.world);
            evaluator.evaluate(&LocalFactory, &world, trainer.learner().policy(), seed, &stop)
        };
        let (short, long) = (validate(spikedrive_agent::lesson::HORIZON)?, validate(LONG)?);
        let evaluations: Vec<f64> = log.iter().filter_map(|record| Some(record.evaluation?.mean)).collect();
        let mean_evaluation = evaluations.iter().sum::<f64>() / evaluations.len() as f64;
        let share = |found: f64, horizon| found / ceiling(Phase::Complex, horizon).unwrap_or(f64::NAN);
        let score =
            50.0 * (share(mean_return(&long), LONG) + share(mean_evaluation, spikedrive_agent::lesson::HORIZON));
        let [episodes_to_90, episodes_to_95, episodes_to_98] = trainer.milestones().episodes_to;
        Ok(Row {
            world: world.to_string(),
            preset: preset.to_string(),
            inputs: inputs.to_owned(),
            trial,
            seed,
            settings: settings.to_owned(),
            return_h100: mean_return(&short),
            crash_rate_h100: crash_rate(&short),
            return_h140: mean_return(&long),
            crash_rate_h140: crash_rate(&long),
            mean_evaluation,
            episodes_to_90,
            episodes_to_95,
            episodes_to_98,
            env_steps: trainer.env_steps(),
            score,
        })
    }
}

/// Trial 0: settings as they are found in the literature and elsewhere.
const DQN: &str = "learning_rate=0.001;schedule={kind=warmup-cosine,warmup=0,floor=0.05};activation=relu;reward.floor=-20;\
    reward.scale=0.1;batch=64;n_steps=3;updates=1;target_rate=0.01;exploration.steps=2000;exploration.end=0.02;\
    learning_starts=300;gradient_clip=10;discount=0.9";
const PPO: &str = "learning_rate=0.003;schedule={kind=warmup-cosine,warmup=0,floor=0.05};activation=tanh;reward.floor=-20;\
    reward.scale=0.1;rollout=256;epochs=10;minibatch=64;trace_decay=0.9;entropy=0.005;clip=0.2;gradient_clip=0.5;discount=0.95";

impl Search<'_> {
    /// The settings of a trial, as `--set` takes them.
    fn settings(self, trial: usize) -> Result<String, String> {
        let mut draw = Draw(stream(trial as u64, Purpose::Exploration, 0));
        let drawn = match self.preset {
            Preset::Dqn if trial == 0 => DQN.to_owned(),
            Preset::Ppo if trial == 0 => PPO.to_owned(),
            Preset::Dqn => draw.dqn().join(";"),
            Preset::Ppo => draw.ppo().join(";"),
            // Trial 0: as it is.
            Preset::Snn(snn::Preset::Memory) if trial == 0 => "ticks=20".to_owned(),
            Preset::Snn(snn::Preset::Memory) => draw.memory().join(";"),
            other => return Err(format!("{other} is not tuned here: use dqn, ppo or memory")),
        };
        Ok(self.with_inputs(&drawn))
    }

    /// Settings of what a deep network sees come before all others.
    fn with_inputs(self, settings: &str) -> String {
        if self.inputs == "-" { settings.to_owned() } else { format!("inputs={};{settings}", self.inputs) }
    }
}

struct Draw<R>(R);

impl<R: Rng> Draw<R> {
    fn dqn(&mut self) -> Vec<String> {
        let mut drawn = self.common(2e-4, 3e-3);
        drawn.extend([
            self.one_of("batch", &["32", "64"]),
            self.one_of("n_steps", &["1", "2", "3", "5"]),
            self.one_of("updates", &["1", "1", "2"]),
            self.log("target_rate", 3e-3, 3e-2),
            self.one_of("exploration.steps", &["500", "1000", "2000", "4000"]),
            self.one_of("exploration.end", &["0.01", "0.02", "0.05"]),
            self.one_of("learning_starts", &["100", "300"]),
            self.one_of("gradient_clip", &["1", "10"]),
            self.one_of("discount", &["0.85", "0.9", "0.95"]),
        ]);
        drawn
    }

    fn ppo(&mut self) -> Vec<String> {
        let mut drawn = self.common(5e-4, 5e-3);
        drawn.extend([
            self.one_of("rollout", &["64", "128", "256", "512"]),
            self.one_of("epochs", &["5", "10", "20"]),
            self.one_of("minibatch", &["32", "64", "128"]),
            self.one_of("trace_decay", &["0.8", "0.9", "0.95"]),
            self.log("entropy", 1e-3, 2e-2),
            self.one_of("clip", &["0.1", "0.2", "0.3"]),
            self.one_of("gradient_clip", &["0.5", "1"]),
            self.one_of("discount", &["0.9", "0.95", "0.97"]),
        ]);
        drawn
    }

    fn memory(&mut self) -> Vec<String> {
        let mut drawn = vec![
            self.log("learning_rate", 1e-2, 6e-2),
            self.one_of("schedule", &["{kind=fixed}", "{kind=warmup-cosine,warmup=10,floor=0.02}"]),
            self.one_of("divisive.gain", &["0.5", "1", "2"]),
            self.one_of("dopamine_clip", &["1", "2", "5"]),
            self.one_of("homeostasis.strength", &["0.2", "0.5", "1"]),
            self.one_of("critic.rate", &["0.05", "0.1", "0.2"]),
            self.one_of("discount", &["0.9", "0.93", "0.95"]),
            self.one_of("trace_decay", &["0.8", "0.9"]),
            self.one_of("reward_floor", &["-5", "-10", "-20"]),
            self.one_of("code.change.rate", &["0.2", "0.3", "0.5"]),
            self.one_of("temporal", &["{kind=step}", "{kind=slow,tau_steps=2}"]),
        ];
        // Actions that are told, and the hidden neurons that are left.
        let (efference, hidden) = [("2", "19"), ("4", "13"), ("6", "7"), ("8", "1")][below(4, &mut self.0)];
        drawn.extend([format!("code.efference_steps={efference}"), format!("hidden_neurons={hidden}")]);
        drawn
    }

    fn common(&mut self, slowest: f32, fastest: f32) -> Vec<String> {
        vec![
            self.log("learning_rate", slowest, fastest),
            self.one_of("schedule", &["{kind=fixed}", "{kind=warmup-cosine,warmup=0,floor=0.05}"]),
            self.one_of("activation", &["tanh", "relu"]),
            self.one_of("reward.floor", &["-10", "-20", "-50"]),
            self.one_of("reward.scale", &["0.05", "0.1", "0.2"]),
        ]
    }

    fn one_of(&mut self, name: &str, values: &[&str]) -> String {
        format!("{name}={}", values[below(values.len(), &mut self.0)])
    }

    /// Uniform in the logarithm, with three digits.
    fn log(&mut self, name: &str, low: f32, high: f32) -> String {
        let value = low * (high / low).powf(uniform(&mut self.0));
        format!("{name}={value:.2e}")
    }
}
