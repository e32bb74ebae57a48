//! A task for tests.

use crate::Learner;
use crate::snn::StepEnd;

/// A one-step task: the sensors say which of two actions is rewarded with 2.5. Returns the mean reward of the last fifty episodes.
pub(super) fn bandit(learner: &mut dyn Learner, episodes: usize) -> f64 {
    let mut late = 0.0;
    for episode in 0..episodes {
        (0..learner.lanes()).for_each(|lane| learner.begin_episode(lane));
        for step in 0..10 {
            for lane in 0..learner.lanes() {
                let leftish = (episode + step + lane) % 2 == 0;
                let observation = if leftish { [12.0, 8.0, 3.0] } else { [3.0, 8.0, 12.0] };
                let right_answer = if leftish { 0 } else { 2 };
                let reward = if learner.act(lane, &observation) == right_answer { 2.5 } else { 0.0 };
                learner.reward(lane, reward, (step == 9).then_some(StepEnd::Terminated));
                if episode + 50 >= episodes {
                    late += reward / (500 * learner.lanes()) as f64;
                }
            }
        }
        (0..learner.lanes()).for_each(|lane| _ = learner.end_episode(lane));
    }
    late
}
