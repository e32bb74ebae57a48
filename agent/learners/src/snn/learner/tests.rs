use super::*;
use crate::snn::Preset;
use crate::snn::ahead::AheadCells;
use crate::snn::cell_types::CellTypes;
use crate::snn::encoder::PopulationCode;
use crate::snn::eprop::{EProp, Feedback};
use crate::snn::novelty::Novelty;
use crate::snn::sleep::{CrashReplay, SleepParams};
use crate::snn::synapses::{MotorInputs, WiringParams};
use crate::snn::temporal::TemporalFilter;

#[test]
fn lost_neurons_stay_silent_through_learning_sleep_and_resume() {
    let crashes = Some(CrashReplay { memory: 3, share: 0.5 });
    for preset in Preset::ALL {
        let (learner, _) = bandit(preset, 3);
        let sleep = preset.config().sleep.map(|sleep| SleepParams { replays: 3, crashes, ..sleep });
        let config = SnnConfig { sleep, ..preset.config() };
        let mut learner = SpikingLearner::restored(config, 400, learner.state()).unwrap();
        // A crash to remember.
        learner.begin_episode(0);
        learner.act(0, &[12.0, 8.0, 3.0]);
        learner.reward(0, -100.0, Some(StepEnd::Terminated));
        learner.end_episode(0);
        let before = learner.network().weights().clone();
        let neurons = learner.network().layout().presynaptic();
        // Sensory ones, and hidden ones where there are any.
        let lost = [0, 7, 20, 41, neurons - 3, neurons - 1];
        assert!(learner.cut(&[100]).is_err());
        learner.cut(&lost).unwrap();
        if let Some(sleep) = &learner.sleep {
            let heard = learner.network().layout().afferents();
            for days in [sleep.crashes(), sleep.days()] {
                let dreams: Vec<_> = days.iter().flat_map(Day::features).collect();
                assert!(!dreams.is_empty(), "{preset}");
                let silent = |neuron: usize| dreams.iter().all(|seen| seen[neuron - heard.start] == 0.0);
                let lost = lost.into_iter().filter(|neuron| heard.contains(neuron));
                assert!(lost.into_iter().all(silent), "{preset} dreams of what it lost");
            }
        }
        let live = |learner: &mut SpikingLearner, episodes| {
            for episode in 0..episodes {
                learner.begin_episode(0);
                for step in 0..10 {
                    let observation = [(3 * step + episode) as f32 % 20.0, 8.0, 3.0 + step as f32];
                    learner.act(0, &observation);
                    let counts = learner.lanes[0].state.counts();
                    assert!(lost.iter().all(|&neuron| counts[neuron] == 0.0), "{preset}");
                    assert!(counts.iter().any(|&count| count > 0.0));
                    learner.reward(0, f64::from(step % 4), (step == 9).then_some(StepEnd::Terminated));
                }
                learner.end_episode(0);
            }
        };
        live(&mut learner, 2);
        let mut resumed = SpikingLearner::restored(config, 400, learner.state()).unwrap();
        live(&mut learner, 5);
        live(&mut resumed, 5);
        assert_eq!(learner.state(), resumed.state(), "{preset}");
        assert_ne!(*learner.network().weights(), before, "the others learn");
        let rows = |weights: &Array2<f32>| lost.map(|neuron| weights.row(neuron).to_vec());
        assert_eq!(rows(learner.network().weights()), rows(&before), "{preset}: nobody teaches them");
        let mut bad = learner.state();
        bad.cut.push(100);
        let refusal = SpikingLearner::restored(config, 400, bad).unwrap_err().to_string();
        assert!(refusal.contains("cannot be lost"), "{refusal}");
    }
}

/// A one-step task: the sensors say which of two actions is rewarded.
fn bandit(preset: Preset, seed: u64) -> (SpikingLearner, f64) {
    let mut learner = SpikingLearner::new(preset.config(), seed, 300, 1).unwrap();
    let mut late = 0.0;
    for episode in 0..300 {
        learner.begin_episode(0);
        for step in 0..10 {
            let leftish = (episode + step) % 2 == 0;
            let observation = if leftish { [12.0, 8.0, 3.0] } else { [3.0, 8.0, 12.0] };
            let right_answer = if leftish { 0 } else { 2 };
            let reward = if learner.act(0, &observation) == right_answer { 2.5 } else { 0.0 };
            learner.reward(0, reward, (step == 9).then_some(StepEnd::Terminated));
            if episode >= 250 {
                late += reward / 500.0;
            }
        }
        learner.end_episode(0);
    }
    (learner, late)
}

#[test]
fn every_preset_learns_a_simple_task_and_is_deterministic() {
    for preset in Preset::ALL {
        let (learner, late) = bandit(preset, 5);
        assert!(late > 2.2, "{preset}: {late} of 2.5");
        assert_eq!(learner.network(), bandit(preset, 5).0.network(), "{preset}");
        assert_ne!(learner.network(), bandit(preset, 6).0.network(), "{preset}");
    }
}

#[test]
fn a_crash_bootstraps_nothing_and_a_horizon_does() {
    let mut learner = SpikingLearner::new(Preset::Stdp.config(), 1, 10, 1).unwrap();
    let observation = [5.0, 9.0, 5.0];
    let mut dopamine = |end| {
        learner.begin_episode(0);
        learner.act(0, &observation);
        learner.reward(0, -100.0, Some(end));
        learner.end_episode(0).mean_dopamine
    };
    // A blank critic says 20 everywhere: −10 − 20 after a crash, −10 + 0.9·20 − 20 at a horizon (the floor is −10).
    assert!((dopamine(StepEnd::Terminated) + 30.0).abs() < 1e-4);
    let mut learner = SpikingLearner::new(Preset::Stdp.config(), 1, 10, 1).unwrap();
    learner.begin_episode(0);
    learner.act(0, &observation);
    learner.reward(0, -100.0, Some(StepEnd::Truncated(observation.to_vec())));
    assert!((learner.end_episode(0).mean_dopamine + 12.0).abs() < 1e-4);
}

#[test]
fn the_cost_of_one_step_worked_out_by_hand() {
    let learner = |preset: Preset| {
        let mut learner = SpikingLearner::new(preset.config(), 1, 10, 1).unwrap();
        learner.begin_episode(0);
        learner.act(0, &[5.0, 12.0, 7.0]);
        learner.reward(0, -100.0, Some(StepEnd::Terminated));
        learner.end_episode(0);
        learner.operations()
    };
    // 78 afferents of 3 motor neurons: 234 synapses. The decision marks critic and eligibility (2·78 + 2·234), balances the pools
    // (234) and asks the critic (78); the crash moves the critic (2·78 + 1) and the weights (234). Sleep recalls the decision
    // (234) and does all that again.
    let (mark, learn) = (2 * 78 + 2 * 234 + 234 + 78, 2 * 78 + 1 + 234);
    let frugal = learner(Preset::Frugal);
    assert_eq!(frugal.decisions, Operations { acs: 12, macs: 0, neuron_updates: 78 });
    assert_eq!(frugal.learning, Operations::of_macs(mark + learn + 234 + mark + learn));

    // 79 afferents of 21 motor neurons: 1659 synapses, and no sleep. Beside it 79 traces decay in each of 20 ticks, 79 more MACs
    // for each motor spike, and 21 motor neurons are simulated for 20 ticks.
    let stdp = learner(Preset::Stdp);
    let (mark, learn) = (2 * 79 + 2 * 1659 + 1659 + 79, 2 * 79 + 1 + 1659);
    let pairing = stdp.learning.macs - (mark + learn + 20 * 79) as u64;
    assert!(pairing.is_multiple_of(79) && pairing <= 21 * 20 * 79, "{pairing}");
    assert_eq!((stdp.learning.neuron_updates, stdp.decisions.neuron_updates), (20 * 21, 20 * 79));
    // Each AC of learning is a spike that arrives; each of them reaches 21 motor neurons and some hidden ones.
    assert!(stdp.decisions.acs > 21 * stdp.learning.acs, "{stdp:?}");
}

#[test]
fn the_horizon_costs_learning_a_look_and_a_state_keeps_the_count() {
    let mut learner = SpikingLearner::new(Preset::Frugal.config(), 1, 10, 1).unwrap();
    learner.begin_episode(0);
    learner.act(0, &[5.0, 12.0, 7.0]);
    learner.reward(0, 2.0, Some(StepEnd::Truncated(vec![5.0, 11.0, 7.0])));
    learner.end_episode(0);
    let operations = learner.operations();
    assert_eq!(operations.decisions.acs, 12);
    assert_eq!((operations.learning.acs, operations.learning.neuron_updates), (12, 78));
    let restored = SpikingLearner::restored(Preset::Frugal.config(), 10, learner.state()).unwrap();
    assert_eq!(restored.operations(), operations);
}

/// An episode of five steps that the horizon cuts.
fn live(learner: &mut SpikingLearner) {
    learner.begin_episode(0);
    for step in 0..5u8 {
        let observation = [5.0 + f32::from(step), 9.0, 12.0 - f32::from(step)];
        learner.act(0, &observation);
        let end = (step == 4).then(|| StepEnd::Truncated(observation.to_vec()));
        learner.reward(0, f64::from(step) - 1.5, end);
    }
    learner.end_episode(0);
}

#[test]
fn whatever_its_parts_a_restored_learner_goes_on_as_the_one_that_it_was_taken_from() {
    let (stdp, pathway, e_prop) = (Preset::Stdp.config(), Preset::Pathway.config(), Preset::EProp.config());
    let ahead = AheadCells { steps: 2, cells_per_sensor: 0, difference_cells: 3, rate: 0.1, clip: 5.0, offset: 1.0 };
    let looks_ahead = PopulationCode { cells_per_sensor: 14, ahead: Some(ahead), ..pathway.code };
    let flat = WiringParams { motor_inputs: MotorInputs::All, ..stdp.wiring };
    let random = e_prop.eprop.map(|eprop| EProp { feedback: Feedback::Random, ..eprop });
    for config in [
        SnnConfig { temporal: TemporalFilter::Attention { sharpness: 2.0 }, ..pathway },
        SnnConfig { temporal: TemporalFilter::Slow { tau_steps: 2.0 }, ..pathway },
        SnnConfig { temporal: TemporalFilter::Window { ticks: 30 }, ..stdp },
        SnnConfig { code: looks_ahead, hidden_neurons: 10, ..pathway },
        SnnConfig { novelty: Some(Novelty { strength: 1.0, rate: 0.1 }), cells: CellTypes::Mixed, ..stdp },
        SnnConfig { hidden_neurons: 0, motor_neurons: 31, wiring: flat, motor_gain: 1.0, ..stdp },
        SnnConfig { eprop: random, ..e_prop },
    ] {
        let mut learner = SpikingLearner::new(config, 3, 10, 1).unwrap();
        (0..3).for_each(|_| live(&mut learner));
        let born = SpikingLearner::new(config, 3, 10, 1).unwrap();
        assert_ne!(learner.network(), born.network(), "it learns: {config:?}");
        let mut restored = SpikingLearner::restored(config, 10, learner.state()).unwrap();
        (0..2).for_each(|_| live(&mut learner));
        (0..2).for_each(|_| live(&mut restored));
        assert_eq!(learner.state(), restored.state(), "{config:?}");
    }
}

#[test]
fn e_prop_moves_synapses_of_hidden_neurons_and_nothing_else_does() {
    for preset in [Preset::Strict, Preset::EProp] {
        let mut learner = SpikingLearner::new(preset.config(), 3, 10, 1).unwrap();
        let hidden = |learner: &SpikingLearner| {
            let rows = learner.network().layout().hidden();
            rows.flat_map(|post| learner.network().weights().row(post).to_vec()).collect::<Vec<f32>>()
        };
        let born = hidden(&learner);
        (0..3).for_each(|_| live(&mut learner));
        assert_eq!(hidden(&learner) != born, preset == Preset::EProp, "{preset}");
    }
}

#[test]
fn the_reward_of_one_step_is_never_learned_twice() {
    let mut learner = SpikingLearner::new(Preset::Stdp.config(), 1, 10, 1).unwrap();
    learner.begin_episode(0);
    learner.act(0, &[5.0, 9.0, 5.0]);
    learner.reward(0, 0.0, Some(StepEnd::Terminated));
    let after = learner.clone();
    learner.learn_from_pending(0, false);
    assert_eq!(learner.network(), after.network());
    assert_eq!(learner.critic(), after.critic());
}
