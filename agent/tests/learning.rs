//! The agent really learns: floors well below what `spikedrive experiment headline` measures, so that only a broken rule falls
//! through them.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::ops::Range;

use spikedrive_agent::env::LocalFactory;
use spikedrive_agent::evaluate::{Evaluator, crash_rate, mean_return};
use spikedrive_agent::lesson::{CurriculumPreset, Lesson};
use spikedrive_agent::stop::StopFlag;
use spikedrive_agent::train::{TrainConfig, Trainer};
use spikedrive_env::{Phase, WorldOptions};
use spikedrive_learners::snn::temporal::TemporalFilter;
use spikedrive_learners::snn::{Preset, SnnConfig};

/// Trains 300 episodes with each seed; every one must reach 90 % in time and end above the floor without a crash.
fn learns(preset: Preset, lesson: Lesson, seeds: Range<u64>, floor: f64, latest_mastery: usize) {
    learn_together(1, preset, lesson, seeds, floor, latest_mastery);
}

/// The same with several cars.
fn learn_together(lanes: usize, preset: Preset, lesson: Lesson, seeds: Range<u64>, floor: f64, latest_mastery: usize) {
    let (evaluator, stop) = (Evaluator::new(2).unwrap(), StopFlag::default());
    for seed in seeds {
        let config = TrainConfig { lanes, ..TrainConfig::base(preset.config(), lesson, 300, seed) };
        let mut trainer = Trainer::new(config, &LocalFactory, &evaluator, &stop).unwrap();
        trainer.run(&mut ()).unwrap();
        let test = trainer.test(Phase::Complex, 100).unwrap();
        assert!(
            mean_return(&test) >= floor && crash_rate(&test) == 0.0,
            "{preset} seed {seed}: {}",
            mean_return(&test)
        );
        let mastery = trainer.milestones().episodes_to[0];
        assert!(mastery.is_some_and(|episodes| episodes <= latest_mastery), "{preset} seed {seed}: {mastery:?}");
    }
}

#[test]
fn stdp_learns_the_hardest_phase() {
    learns(Preset::Stdp, Lesson::Direct(Phase::Complex), 1..4, 239.0, 90);
}

#[test]
fn pathway_learns_the_hardest_phase() {
    learns(Preset::Pathway, Lesson::Direct(Phase::Complex), 1..4, 241.0, 40);
}

#[test]
fn eight_cars_teach_one_network() {
    learn_together(8, Preset::Pathway, Lesson::Direct(Phase::Complex), 1..3, 240.0, 64);
}

#[test]
fn the_other_presets_learn_it_too() {
    let phase = Lesson::Direct(Phase::Complex);
    learns(Preset::Memory, phase, 1..3, 232.0, 120);
    learns(Preset::Strict, phase, 1..3, 237.0, 90);
    learns(Preset::OwnSpike, phase, 1..2, 235.0, 60);
    learns(Preset::StrictOwnSpike, phase, 1..2, 235.0, 60);
    learns(Preset::EProp, phase, 1..2, 234.0, 120);
    learns(Preset::Frugal, phase, 1..3, 238.0, 90);
}

#[test]
fn the_curriculum_leads_to_the_same_place() {
    learns(Preset::Stdp, Lesson::from(CurriculumPreset::Ceiling), 1..3, 239.0, 90);
    learns(Preset::Pathway, Lesson::from(CurriculumPreset::Seed), 1..2, 241.0, 40);
}

#[test]
fn rates_learn_as_spikes_do() {
    learns(Preset::Spikeless, Lesson::Direct(Phase::Complex), 1..3, 241.0, 40);
}

#[test]
fn a_forward_model_and_slow_synapses_tell_news_from_noise() {
    let world = WorldOptions { sensor_noise: 1.0, ..WorldOptions::default() };
    let (evaluator, stop) = (Evaluator::new(2).unwrap(), StopFlag::default());
    let predictive = Preset::Predictive.config();
    let forgetful = SnnConfig { forward: None, temporal: TemporalFilter::Step, ..predictive };
    let taught = |learner, seed| {
        let base = TrainConfig::base(learner, Lesson::Direct(Phase::Complex), 200, seed);
        let mut trainer = Trainer::new(TrainConfig { world, ..base }, &LocalFactory, &evaluator, &stop).unwrap();
        trainer.run(&mut ()).unwrap();
        mean_return(&trainer.test(Phase::Complex, 100).unwrap())
    };
    let mean = |learner| (1..4).map(|seed| taught(learner, seed)).sum::<f64>() / 3.0;
    let [with, without] = [mean(predictive), mean(forgetful)];
    assert!(with > 234.0 && with > without + 0.5, "{with} with them, {without} without");
}

/// On straight roads a hundred episodes are enough for the deep networks, too.
#[test]
fn the_dense_networks_learn_the_easiest_phase() {
    for preset in ["dqn", "ppo"] {
        let preset: spikedrive_learners::Preset = preset.parse().unwrap();
        let (evaluator, stop) = (Evaluator::new(2).unwrap(), StopFlag::default());
        let config = TrainConfig::base(preset.config(), Lesson::Direct(Phase::Straight), 100, 1);
        let mut trainer = Trainer::new(config, &LocalFactory, &evaluator, &stop).unwrap();
        trainer.run(&mut ()).unwrap();
        let test = trainer.test(Phase::Straight, 100).unwrap();
        assert!(mean_return(&test) >= 230.0 && crash_rate(&test) == 0.0, "{preset}: {}", mean_return(&test));
    }
}
