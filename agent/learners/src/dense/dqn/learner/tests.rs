use super::*;
use crate::dense::Widths;
use crate::dense::testing::bandit;
use crate::op_count::Operations;

fn config() -> DqnConfig {
    let exploration = super::super::Exploration { start: 1.0, end: 0.02, steps: 1000 };
    let hidden = Widths::new(&[16]).unwrap();
    DqnConfig { hidden, learning_starts: 64, updates: 1, exploration, ..DqnConfig::for_rays(3) }
}

#[test]
fn errors_are_clipped_and_felt_by_the_action_taken() {
    let gradient = huber_gradient(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[1, 0], &[1.5, 9.0], 1.0);
    assert_eq!(gradient, [0.0, 0.25, 0.0, -0.5, 0.0, 0.0]);
}

#[test]
fn operations_are_counted() {
    let hidden = Widths::new(&[8]).unwrap();
    let config = DqnConfig { hidden, batch: 2, learning_starts: 1, ..config() };
    let mut learner = DqnLearner::new(config, 1, 10, 1).unwrap();
    learner.begin_episode(0);
    learner.act(0, &[5.0, 9.0, 5.0]);
    // 6 × 8 + 8 × 3.
    let of = |decisions, learning| TrainingOperations {
        decisions: Operations::of_macs(decisions),
        learning: Operations::of_macs(learning),
    };
    assert_eq!(learner.operations(), of(72, 0));
    learner.reward(0, 2.0, Some(StepEnd::Terminated));
    // Two rows of three passes forward and one back (2 × 72 − 48), and 5 for each of 72 weights and 11 biases.
    assert_eq!(learner.operations(), of(72, 2 * (3 * 72 + 96) + 5 * 83));
    assert_eq!(learner.steps(), 1);
}

#[test]
fn lost_units_stay_lost_and_exploration_begins_again() {
    let mut learner = DqnLearner::new(config(), 5, 200, 1).unwrap();
    bandit(&mut learner, 150);
    let rng = || stream(5, Purpose::Damage, 0);
    let silent = learner.policy.network.clone().cut(50, &mut rng());
    learner.cut(50, &mut rng()).unwrap();
    learner.begin_again();
    let mut resumed = DqnLearner::restored(config(), 200, learner.state()).unwrap();
    for learner in [&mut learner, &mut resumed] {
        learner.begin_episode(0);
        learner.act(0, &[5.0, 9.0, 5.0]);
        assert_eq!(learner.lanes[0].car.shown.shares, Some([1.0 / 3.0; 3]), "any action");
        bandit(learner, 50);
        for network in [&learner.policy.network, &learner.target] {
            assert!(silent.iter().all(|&at| network.parameters()[at] == 0.0));
            assert!(network.parameters().iter().any(|&parameter| parameter != 0.0));
        }
    }
    assert_eq!(learner.state(), resumed.state());
}

#[test]
fn it_learns_a_simple_task_and_is_deterministic() {
    for lanes in [1, 3] {
        let run = |seed| {
            let mut learner = DqnLearner::new(config(), seed, 200, lanes).unwrap();
            let late = bandit(&mut learner, 200);
            (late, learner.state())
        };
        let (late, state) = run(5);
        assert!(late > 2.3, "{late} of 2.5");
        assert_eq!(state, run(5).1);
        assert_ne!(state.network, run(6).1.network);
    }
}
