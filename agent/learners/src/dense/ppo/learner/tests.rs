use super::*;
use crate::dense::Widths;
use crate::dense::testing::bandit;
use crate::op_count::Operations;

fn config() -> PpoConfig {
    let hidden = Widths::new(&[16]).unwrap();
    PpoConfig { hidden, rollout: 64, minibatch: 16, epochs: 10, ..PpoConfig::for_rays(3) }
}

#[test]
fn a_shuffle_keeps_all_and_mixes_evenly() {
    let (mut rng, mut firsts) = (stream(1, Purpose::Minibatches, 0), [0; 4]);
    for _ in 0..4000 {
        let mut order = [0, 1, 2, 3];
        shuffle(&mut order, &mut rng);
        firsts[order[0]] += 1;
        order.sort_unstable();
        assert_eq!(order, [0, 1, 2, 3]);
    }
    assert!(firsts.iter().all(|count| (900..1100).contains(count)), "{firsts:?}");
}

const OBSERVATION: [f32; 3] = [5.0, 9.0, 5.0];

#[test]
fn a_crash_bootstraps_nothing_and_a_horizon_does() {
    let reward = crate::dense::reward::RewardParams { floor: -20.0, scale: 0.1 };
    let lived = |end| {
        let mut learner = PpoLearner::new(PpoConfig { reward, ..config() }, 1, 10, 1).unwrap();
        learner.begin_episode(0);
        learner.act(0, &OBSERVATION);
        learner.reward(0, -100.0, Some(end));
        learner.lanes[0].steps[0].clone()
    };
    let (crash, cut) = (lived(StepEnd::Terminated), lived(StepEnd::Truncated(OBSERVATION.to_vec())));
    assert_eq!((crash.reward, crash.next_value, crash.ended), (-2.0, 0.0, true));
    assert!(cut.ended && cut.next_value != 0.0, "{cut:?}");
}

#[test]
fn a_rollout_is_of_all_lanes_and_may_end_in_the_middle_of_episodes() {
    let mut learner = PpoLearner::new(PpoConfig { rollout: 8, ..config() }, 1, 10, 3).unwrap();
    (0..3).for_each(|lane| learner.begin_episode(lane));
    for step in 0..4 {
        for lane in 0..3 {
            learner.act(lane, &OBSERVATION);
            // In the fourth round of steps the second lane completes the eighth step.
            assert_eq!(learner.updates(), u64::from(step == 3 && lane > 0));
        }
        (0..3).for_each(|lane| learner.reward(lane, 2.0, None));
    }
    let waiting: Vec<usize> = learner.lanes.iter().map(|lane| lane.steps.len()).collect();
    assert_eq!(waiting, [0, 0, 1]);
}

#[test]
fn operations_are_counted() {
    let mut learner = PpoLearner::new(config(), 1, 10, 1).unwrap();
    learner.begin_episode(0);
    learner.act(0, &OBSERVATION);
    // 6 × 16 + 16 × 3, and the critic's 6 × 16 + 16.
    let (decisions, learning) = (Operations::of_macs(144), Operations::of_macs(112));
    assert_eq!(learner.operations(), TrainingOperations { decisions, learning });
    let mut driver = learner.policy.driver(1, 0);
    driver.act_greedily(&OBSERVATION);
    assert_eq!(driver.operations(), decisions);
}

#[test]
fn lost_units_stay_lost() {
    let mut learner = PpoLearner::new(config(), 5, 200, 1).unwrap();
    bandit(&mut learner, 100);
    let mut rng = stream(5, Purpose::Damage, 0);
    let silent = [&learner.policy.actor, &learner.policy.critic].map(|network| network.clone().cut(50, &mut rng));
    learner.cut(50, &mut stream(5, Purpose::Damage, 0)).unwrap();
    let updates = learner.updates();
    let mut learner = PpoLearner::restored(config(), 200, learner.state()).unwrap();
    bandit(&mut learner, 50);
    assert!(learner.updates() > updates);
    for (network, silent) in [&learner.policy.actor, &learner.policy.critic].into_iter().zip(silent) {
        assert!(silent.iter().all(|&at| network.parameters()[at] == 0.0));
    }
}

#[test]
fn it_learns_a_simple_task_and_is_deterministic() {
    for lanes in [1, 3] {
        let run = |seed| {
            let mut learner = PpoLearner::new(config(), seed, 200, lanes).unwrap();
            let late = bandit(&mut learner, 200);
            (late, learner.state())
        };
        let (late, state) = run(5);
        assert!(late > 2.3, "{late} of 2.5");
        assert_eq!(state, run(5).1);
        assert_ne!(state.actor, run(6).1.actor);
    }
}
