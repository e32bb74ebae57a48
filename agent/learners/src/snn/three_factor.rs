//! The three-factor rule: weights and critic, and the two moments at which they change.

use super::critic::Critic;
use super::eligibility::{Eligibility, Local};
use super::homeostasis;
use super::network::{Network, NetworkError};
use super::synapses::WeightBounds;
use crate::ACTIONS;

/// Learning rates of an episode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// η, scaled by the schedule.
    pub learning: f32,
    /// η·h, scaled by the schedule and decayed.
    pub homeostasis: f32,
}

/// A decision to be learned from: what the network saw, did, and could have done.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// Spike counts of sensory and hidden neurons.
    pub features: &'a [f32],
    /// The chosen action.
    pub action: usize,
    /// The share of each pool.
    pub shares: [f32; ACTIONS],
    /// ρ: importance of the decision; 1 unless replayed.
    pub ratio: f32,
}

/// Everything that learns.
#[derive(Clone, Debug)]
pub struct ThreeFactorRule {
    network: Network,
    critic: Critic,
    eligibility: Eligibility,
    bounds: WeightBounds,
}

impl ThreeFactorRule {
    /// A rule that has learned nothing.
    pub fn new(network: Network) -> Self {
        let layout = *network.layout();
        let critic = Critic::new(network.config().critic, layout.presynaptic());
        Self {
            critic,
            eligibility: Eligibility::new(&layout),
            bounds: WeightBounds::new(layout.presynaptic()),
            network,
        }
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The critic.
    pub fn critic(&self) -> &Critic {
        &self.critic
    }

    /// The start of an episode, lived or replayed.
    pub fn forget_traces(&mut self) {
        self.eligibility.reset();
        self.critic.reset_traces();
    }

    /// After a decision: eligibility and critic traces remember it, and homeostasis nudges the pools.
    pub fn mark(&mut self, decision: Decision, local: Local, rates: Rates) {
        let Decision { features, action, shares, ratio } = decision;
        let config = self.network.config();
        let decay = config.discount * config.trace_decay;
        let gates = std::array::from_fn(|pool| if pool == action { 1.0 - shares[pool] } else { -shares[pool] });
        self.eligibility.mark(decay, ratio, gates, local);
        self.critic.mark(decay, ratio, features);
        let layout = *self.network.layout();
        for (pool, drive) in
            homeostasis::drive(shares, self.network.config().homeostasis.share_floor).into_iter().enumerate()
        {
            for post in layout.pool(pool) {
                self.bounds.update(self.network.weights_mut().row_mut(post), rates.homeostasis * drive, features);
            }
        }
    }

    /// After a reward: the critic learns, and dopamine turns eligibility into weight changes,
    /// `W_ij += η·clip(δ)·e_ij`.
    pub fn learn(&mut self, td_error: f32, features: &[f32], rates: Rates) {
        self.critic.learn(td_error, features);
        let clip = self.network.config().dopamine_clip;
        self.eligibility.apply(rates.learning * td_error.clamp(-clip, clip), self.network.weights_mut(), &self.bounds);
    }

    /// A rule whose network has the given weights and whose critic is given too.
    pub fn restored(network: Network, critic: Critic) -> Result<Self, NetworkError> {
        if critic.is_valid(network.layout().presynaptic()) {
            Ok(Self { critic, ..Self::new(network) })
        } else {
            Err(NetworkError::Config("the critic does not fit the network".to_owned()))
        }
    }
}
