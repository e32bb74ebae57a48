//! Experience replay (Lin 1992; Mnih et al. 2015): what was lived is remembered, and drawn at random to be learned from.

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::ACTIONS;
use crate::dense::floats;
use crate::random::below;
use crate::snn::error::NetworkError;

/// A step, and the n − 1 that followed it.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// s: what was seen.
    pub state: Vec<f32>,
    /// a: what was done.
    pub action: usize,
    /// R: the discounted sum of the rewards that followed.
    pub rewards: f32,
    /// s': what was seen then.
    pub next: Vec<f32>,
    /// What its value counts: γ to the power of the number of rewards, or 0 if the episode terminated.
    pub discount: f32,
}

/// The last transitions, in a ring.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    capacity: usize,
    /// Numbers of a state.
    width: usize,
    #[serde(with = "floats")]
    states: Vec<f32>,
    actions: Vec<usize>,
    #[serde(with = "floats")]
    rewards: Vec<f32>,
    #[serde(with = "floats")]
    nexts: Vec<f32>,
    #[serde(with = "floats")]
    discounts: Vec<f32>,
    /// Where the next one goes once the ring is full: in the place of the oldest.
    oldest: usize,
}

/// Transitions that were drawn, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// States.
    pub states: Vec<f32>,
    /// Actions.
    pub actions: Vec<usize>,
    /// Sums of rewards.
    pub rewards: Vec<f32>,
    /// States after that.
    pub nexts: Vec<f32>,
    /// What their values count.
    pub discounts: Vec<f32>,
}

impl Replay {
    /// An empty memory for states of `width` numbers.
    pub fn new(capacity: usize, width: usize) -> Self {
        let [states, rewards, nexts, discounts] = std::array::from_fn(|_| Vec::new());
        Self { capacity, width, states, actions: Vec::new(), rewards, nexts, discounts, oldest: 0 }
    }

    /// Checks that it could be one of this capacity, for such states.
    pub fn check(&self, capacity: usize, width: usize) -> Result<(), NetworkError> {
        let length = self.len();
        let fits = (self.capacity, self.width) == (capacity, width)
            && length <= capacity
            && self.oldest < capacity
            && [self.states.len(), self.nexts.len()] == [length * width; 2]
            && [self.rewards.len(), self.discounts.len()] == [length; 2]
            && self.actions.iter().all(|&action| action < ACTIONS);
        if fits { Ok(()) } else { Err(NetworkError::Config("the remembered steps do not fit the network".to_owned())) }
    }

    /// Transitions that are remembered.
    pub fn len(&self) -> usize {
        self.actions.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// Remembers a transition; the oldest makes room for it.
    pub fn push(&mut self, transition: &Transition) {
        let Transition { state, action, rewards, next, discount } = transition;
        if self.len() < self.capacity {
            self.states.extend(state);
            self.actions.push(*action);
            self.rewards.push(*rewards);
            self.nexts.extend(next);
            self.discounts.push(*discount);
            return;
        }
        let at = self.oldest;
        self.states[at * self.width..][..self.width].copy_from_slice(state);
        self.nexts[at * self.width..][..self.width].copy_from_slice(next);
        (self.actions[at], self.rewards[at], self.discounts[at]) = (*action, *rewards, *discount);
        self.oldest = (at + 1) % self.capacity;
    }

    /// Draws so many, each as likely as any other, again and again; none where nothing is remembered.
    pub fn sample(&self, count: usize, rng: &mut impl Rng, batch: &mut Batch) {
        *batch = Batch::default();
        for _ in 0..if self.is_empty() { 0 } else { count } {
            let at = below(self.len(), rng);
            batch.states.extend(&self.states[at * self.width..][..self.width]);
            batch.actions.push(self.actions[at]);
            batch.rewards.push(self.rewards[at]);
            batch.nexts.extend(&self.nexts[at * self.width..][..self.width]);
            batch.discounts.push(self.discounts[at]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    fn transition(k: usize) -> Transition {
        let x = k as f32;
        Transition { state: vec![x, -x], action: k % 3, rewards: 10.0 * x, next: vec![x + 1.0, 0.0], discount: 0.5 }
    }

    #[test]
    fn the_oldest_makes_room_and_all_others_are_drawn_alike() {
        let mut replay = Replay::new(4, 2);
        let (mut rng, mut batch) = (stream(1, Purpose::Replay, 0), Batch::default());
        replay.sample(3, &mut rng, &mut batch);
        assert!(replay.is_empty() && batch == Batch::default());
        (0..6).for_each(|k| replay.push(&transition(k)));
        replay.check(4, 2).unwrap();
        replay.sample(4000, &mut rng, &mut batch);
        for k in 0..6 {
            let drawn = batch.rewards.iter().filter(|&&rewards| rewards == 10.0 * k as f32).count();
            assert_eq!((900..1100).contains(&drawn), k >= 2, "{k}: {drawn}");
        }
        for (at, &rewards) in batch.rewards.iter().enumerate() {
            let Transition { state, action, next, discount, .. } = transition((rewards / 10.0) as usize);
            assert_eq!((&batch.states[2 * at..][..2], &batch.nexts[2 * at..][..2]), (&state[..], &next[..]));
            assert_eq!((batch.actions[at], batch.discounts[at]), (action, discount));
        }
    }

    #[test]
    fn a_memory_of_something_else_is_refused() {
        let mut replay = Replay::new(4, 2);
        replay.push(&transition(1));
        assert!(replay.check(4, 3).is_err() && replay.check(5, 2).is_err());
        let refused = |changed: Replay| changed.check(4, 2).is_err();
        assert!(refused(Replay { oldest: 4, ..replay.clone() }));
        assert!(refused(Replay { actions: vec![3], ..replay.clone() }));
        assert!(refused(Replay { rewards: vec![], ..replay.clone() }) && !refused(replay));
    }
}
