use super::*;
use crate::preset::Preset;

#[test]
fn a_network_takes_as_many_rays_as_it_was_made_for() {
    for preset in Preset::all() {
        for rays in [3, 5, 7, 9] {
            let Ok(config) = preset.for_rays(rays) else {
                assert_eq!((preset.name(), rays > 3), ("seed", true));
                continue;
            };
            let learner = config.learner(1, 10, 1).unwrap();
            assert_eq!(learner.policy().check_rays(rays), Ok(()), "{preset}");
            let refusal = learner.policy().check_rays(rays + 2).unwrap_err().to_string();
            let expected = format!("the world casts {} rays and the network takes {rays}: ", rays + 2);
            assert!(refusal.starts_with(&expected), "{preset}: {refusal}");
            assert!(refusal.ends_with(&format!("use a world of {rays} rays")), "{preset}: {refusal}");
        }
    }
}

/// The learning rates of so many rounds.
fn rates(learner: &mut dyn Learner, rounds: usize) -> Vec<f32> {
    let round = |_| {
        learner.begin_episode(0);
        for step in 0..10u8 {
            learner.act(0, &[f32::from(step), 12.0, 7.0]);
            learner.reward(0, f64::from(step % 3), (step == 9).then_some(StepEnd::Terminated));
        }
        learner.end_episode(0).learning_rate
    };
    (0..rounds).map(round).collect()
}

#[test]
fn a_schedule_that_begins_again_lasts_to_the_end_of_the_run_even_if_that_is_resumed() {
    for preset in ["stdp", "pathway", "dqn", "ppo"] {
        let config = preset.parse::<Preset>().unwrap().config();
        let mut learner = config.learner(3, 20, 1).unwrap();
        let first = rates(learner.as_mut(), 20);
        let mut learner = config.restored(40, learner.state()).unwrap();
        learner.begin_again();
        let mut again = rates(learner.as_mut(), 7);
        let mut resumed = config.restored(40, learner.state()).unwrap();
        again.extend(rates(resumed.as_mut(), 13));
        assert_eq!(again, first, "{preset}");
        assert!(first[3] > 2.0 * first[19], "{preset}: {first:?}");
    }
}

/// A run of three rounds on two lanes; every other step of lane 1 is watched as `watch` says.
fn watched_run(preset: Preset, watch: Watch) -> Box<dyn Learner> {
    let mut learner = preset.config().learner(3, 10, 2).unwrap();
    for round in 0..3u8 {
        (0..2).for_each(|lane| learner.begin_episode(lane));
        for step in 0..12u8 {
            learner.watch(1, if step % 2 == 0 { watch } else { Watch::Nothing });
            let actions = [0, 1].map(|lane| learner.act(lane, &[f32::from(step), 12.0, 7.0]));
            let (activity, unseen) = (learner.activity(1), learner.activity(0));
            let spikes = !learner.populations(watch).is_empty();
            assert_eq!(activity.raster.is_some(), spikes && step % 2 == 0 && watch != Watch::Nothing, "{preset}");
            assert_eq!(unseen.raster, None);
            if !matches!(preset, Preset::Seed(_)) {
                let shares = activity.shares.unwrap();
                assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-5 && shares[actions[1]] > 0.0, "{preset}");
                assert_eq!((activity.value.is_some(), activity.dopamine.is_some()), (true, step > 0), "{preset}");
            }
            for lane in 0..2 {
                let end = (step == 11).then(|| match round {
                    0 => StepEnd::Terminated,
                    _ => StepEnd::Truncated(vec![3.0, 4.0, 5.0]),
                });
                learner.reward(lane, f64::from(step) - 3.0, end);
            }
        }
        assert_ne!(learner.eligibility(1), Some(Array2::zeros((100, 100))), "{preset}");
        (0..2).for_each(|lane| _ = learner.end_episode(lane));
    }
    learner
}

#[test]
fn watching_changes_nothing_that_a_run_goes_on_from_in_any_preset() {
    for preset in Preset::all() {
        let unwatched = watched_run(preset, Watch::Nothing);
        for watch in [Watch::Simulated, Watch::Everything] {
            let watched = watched_run(preset, watch);
            assert_eq!(watched.state(), unwatched.state(), "{preset}");
            let neurons = watched.populations(watch).iter().map(|shown| shown.neurons.len()).sum::<usize>();
            let spikes = matches!(preset, Preset::Seed(_) | Preset::Snn(_)) && preset.name() != "spikeless";
            let expected = if spikes { 36..=100 } else { 0..=0 };
            assert!(expected.contains(&neurons), "{preset}: {neurons}");
        }
    }
}

#[test]
fn every_preset_drives_learns_and_is_restored_from_its_parts() {
    for preset in Preset::all() {
        let config = preset.config();
        let mut learner = config.learner(3, 10, 1).unwrap();
        for episode in 1..=2 {
            learner.begin_phase();
            learner.begin_episode(0);
            for _ in 0..5 {
                assert!(learner.act(0, &[5.0, 12.0, 7.0]) < crate::ACTIONS);
                learner.reward(0, 2.0, None);
            }
            learner.act(0, &[5.0, 12.0, 7.0]);
            learner.reward(0, -100.0, Some(StepEnd::Terminated));
            assert!(learner.end_episode(0).learning_rate > 0.0);
            assert_eq!(learner.episode(), episode);
        }
        assert_eq!(learner.config(), config);
        assert_eq!(learner.policy().synapses().is_some(), config.has_synapses(), "{preset}");
        // DQN and PPO live more than twelve steps before they learn.
        let blank = config.learner(3, 10, 1).unwrap().policy().arrays();
        assert_eq!(learner.policy().arrays() != blank, config.has_synapses(), "{preset}");
        let restored = config.policy(&learner.policy().arrays()).unwrap();
        assert_eq!(restored.arrays(), learner.policy().arrays(), "{preset}");
        let actions = |policy: &dyn Policy| {
            let mut driver = policy.driver(3, 9);
            (0..20).map(|k| driver.act_greedily(&[k as f32, 10.0, 9.0])).collect::<Vec<_>>()
        };
        assert_eq!(actions(restored.as_ref()), actions(learner.policy()), "{preset}");
        for other in Preset::all() {
            let memory = other.config().learner(1, 1, 1).unwrap().memory();
            let same_kind = std::mem::discriminant(&config) == std::mem::discriminant(&other.config());
            assert!(same_kind || !config.fits(&memory), "{preset} with the memory of {other}");
        }
        assert!(config.fits(&learner.memory()), "{preset}");
    }
}
