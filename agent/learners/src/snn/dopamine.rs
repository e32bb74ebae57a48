//! Dopamine: the third factor, which tells all synapses at once how things go.

use std::collections::VecDeque;

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::random::{Purpose, below, stream};
use crate::range::{above, in_range};

/// Where dopamine comes from. The critic learns from its TD error whatever the synapses are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Dopamine {
    /// The TD error of the critic (Schultz, Dayan & Montague 1997): [`td_error`].
    #[default]
    Td,
    /// `r − r̄`, with `r̄ ← r̄ + rate·(r − r̄)`: better or worse than lately, and no look ahead.
    Reward {
        /// Rate of the running mean.
        rate: f32,
    },
    /// `R − R̄` once, at the end of an episode with the return R (of rewards not below the floor, as all of learning), with `R̄ ← R̄ + rate·(R − R̄)`, which begins as the first return:
    /// one number an episode, after the first design. All decisions of an episode share it, so their traces should not fade: discount = 1, `trace_decay` = 1.
    Episodic {
        /// Rate of the running mean.
        rate: f32,
    },
    /// The TD error of an earlier moment of the run, any of the last `memory`; 0 at the first. The size of its errors without their meaning.
    Shuffled {
        /// Number of TD errors to draw from.
        memory: usize,
    },
    /// Always 0: nothing but homeostasis changes a weight.
    Absent,
}

/// What the source of dopamine remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DopamineState {
    /// Nothing: the TD error is of the critic.
    #[default]
    Td,
    /// The running mean of rewards.
    Reward {
        /// r̄.
        mean: f32,
    },
    /// The running mean of returns.
    Episodic {
        /// R̄; none before the first episode is over.
        mean: Option<f32>,
    },
    /// The last TD errors.
    Shuffled {
        /// The newest last.
        past: VecDeque<f32>,
        /// Which of them is taken.
        rng: Box<ChaCha8Rng>,
    },
    /// Nothing.
    Absent,
}

impl Dopamine {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        match *self {
            Self::Td | Self::Absent => Ok(()),
            Self::Reward { rate } | Self::Episodic { rate } => in_range("rate", rate, above(0.0, 1.0)),
            Self::Shuffled { memory } => in_range("memory", memory, 2..=100_000),
        }
    }

    /// The memory of a run that has not begun.
    pub fn state(self, seed: u64) -> DopamineState {
        match self {
            Self::Td => DopamineState::Td,
            Self::Reward { .. } => DopamineState::Reward { mean: 0.0 },
            Self::Episodic { .. } => DopamineState::Episodic { mean: None },
            Self::Shuffled { .. } => {
                DopamineState::Shuffled { past: VecDeque::new(), rng: Box::new(stream(seed, Purpose::Dopamine, 0)) }
            }
            Self::Absent => DopamineState::Absent,
        }
    }

    /// Whether a memory is of this kind.
    pub fn fits(self, state: &DopamineState) -> bool {
        std::mem::discriminant(&self.state(0)) == std::mem::discriminant(state)
    }

    /// What the synapses are told after a step; none where the end of the episode tells all.
    pub fn after_step(self, state: &mut DopamineState, td_error: f32, reward: f32) -> Option<f32> {
        match (self, state) {
            (Self::Reward { rate }, DopamineState::Reward { mean }) => {
                let surprise = reward - *mean;
                *mean += rate * surprise;
                Some(surprise)
            }
            (Self::Shuffled { memory }, DopamineState::Shuffled { past, rng }) => {
                let told = if past.is_empty() { 0.0 } else { past[below(past.len(), rng)] };
                past.push_back(td_error);
                while past.len() > memory {
                    past.pop_front();
                }
                Some(told)
            }
            (Self::Episodic { .. } | Self::Absent, _) => None,
            _ => Some(td_error),
        }
    }

    /// What they are told when an episode is over; none where steps tell all.
    pub fn after_episode(self, state: &mut DopamineState, episode_return: f32) -> Option<f32> {
        let (Self::Episodic { rate }, DopamineState::Episodic { mean }) = (self, state) else { return None };
        let baseline = mean.get_or_insert(episode_return);
        let surprise = episode_return - *baseline;
        *baseline += rate * surprise;
        Some(surprise)
    }
}

/// `δ = r + γ·V(next) − V(now)`. `next_value` is `None` where the episode was terminated: nothing follows a crash.
pub fn td_error(reward: f32, discount: f32, next_value: Option<f32>, value: f32) -> f32 {
    reward + discount * next_value.unwrap_or(0.0) - value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_td_errors() {
        assert!((td_error(2.5, 0.9, Some(20.0), 20.0) - 0.5).abs() < 1e-6);
        assert_eq!(td_error(-20.0, 0.9, None, 15.0), -35.0);
        let mut state = Dopamine::Td.state(1);
        assert_eq!(Dopamine::Td.after_step(&mut state, -3.0, 2.5), Some(-3.0));
        assert_eq!(Dopamine::Td.after_episode(&mut state, 240.0), None);
    }

    #[test]
    fn rewards_are_compared_with_their_running_mean() {
        let dopamine = Dopamine::Reward { rate: 0.5 };
        let mut state = dopamine.state(1);
        let told = [2.0, 2.0, 2.0].map(|reward| dopamine.after_step(&mut state, 99.0, reward));
        assert_eq!(told, [2.0, 1.0, 0.5].map(Some));
    }

    #[test]
    fn an_episode_is_compared_with_those_before_it_and_only_at_its_end() {
        let dopamine = Dopamine::Episodic { rate: 0.1 };
        let mut state = dopamine.state(1);
        assert_eq!(dopamine.after_step(&mut state, 99.0, 2.5), None);
        let told = [-50.0, 50.0, 50.0].map(|r| dopamine.after_episode(&mut state, r));
        assert_eq!(told, [Some(0.0), Some(100.0), Some(90.0)]);
    }

    #[test]
    fn a_shuffled_signal_is_of_an_earlier_moment() {
        let dopamine = Dopamine::Shuffled { memory: 50 };
        let mut state = dopamine.state(1);
        let told: Vec<f32> = (1..1000).filter_map(|k| dopamine.after_step(&mut state, k as f32, 0.0)).collect();
        assert_eq!((told[0], told[1]), (0.0, 1.0));
        let delays: Vec<f32> = (1u16..).zip(&told).skip(50).map(|(k, told)| f32::from(k) - told).collect();
        assert!(delays.iter().all(|delay| (1.0..=50.0).contains(delay)));
        let mean = delays.iter().sum::<f32>() / delays.len() as f32;
        assert!((mean - 25.5).abs() < 1.5, "{mean}");
    }

    #[test]
    fn a_state_knows_its_kind() {
        let kinds = [
            Dopamine::Td,
            Dopamine::Reward { rate: 0.1 },
            Dopamine::Episodic { rate: 0.1 },
            Dopamine::Shuffled { memory: 9 },
            Dopamine::Absent,
        ];
        for dopamine in kinds {
            let mut state = dopamine.state(7);
            dopamine.after_step(&mut state, 1.5, 2.0);
            assert!(kinds.into_iter().filter(|other| other.fits(&state)).eq([dopamine]));
        }
    }
}
