//! The three-factor rule: weights and critic, which all lanes share, and the two moments at which they change.

use ndarray::ArrayView2;

use super::critic::{Critic, CriticParams, CriticTraces};
use super::eligibility::{Activity, Eligibility};
use super::eprop::{EProp, FeedbackWeights, HiddenEligibility, Sensitivity};
use super::error::NetworkError;
use super::network::Network;
use super::state::NetworkState;
use super::synapses::{Layout, WeightBounds};
use super::{contrastive, homeostasis};
use crate::ACTIONS;
use crate::op_count::Operations;

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
    /// What the motor neurons hear.
    pub features: &'a [f32],
    /// The chosen action.
    pub action: usize,
    /// The share of each pool.
    pub shares: [f32; ACTIONS],
    /// ρ: importance of the decision; 1 unless replayed.
    pub ratio: f32,
}

/// The pre- and postsynaptic factors of a decision.
#[derive(Clone, Copy, Debug)]
pub enum Local<'a> {
    /// The afferents' counts × (chosen − share).
    PreCount,
    /// STDP pairings, motor × afferents, × (chosen − share).
    Pairings(ArrayView2<'a, f32>),
    /// The winner's burst − the pairings of own spikes: [`contrastive`].
    Contrast {
        /// Pairings of own spikes, motor × afferents.
        pairings: ArrayView2<'a, f32>,
        /// A₊: gain of a pair of the burst.
        a_plus: f32,
        /// x_j: the afferents' traces at the burst.
        pre_trace: &'a [f32],
        /// S: spikes of all motor neurons.
        motor_spikes: f32,
    },
}

/// Everything that learns.
#[derive(Clone, Debug)]
pub struct ThreeFactorRule {
    network: Network,
    critic: Critic,
    /// B of e-prop, where hidden neurons learn.
    feedback: Option<FeedbackWeights>,
    bounds: WeightBounds,
    /// Normalised counts of the decision at hand.
    normalised: Vec<f32>,
    /// What learning cost so far.
    operations: Operations,
}

/// What one lane's decisions left at the synapses and in the critic, waiting for dopamine.
#[derive(Clone, Debug, PartialEq)]
pub struct Traces {
    eligibility: Eligibility,
    hidden: Option<HiddenEligibility>,
    critic: CriticTraces,
}

impl Traces {
    /// Traces at rest.
    pub fn new(layout: &Layout, eprop: Option<EProp>) -> Self {
        Self {
            eligibility: Eligibility::new(layout),
            hidden: eprop.map(|_| HiddenEligibility::new(layout)),
            critic: CriticTraces::new(layout.features()),
        }
    }

    /// Forgets everything: the start of an episode, lived or replayed.
    pub fn reset(&mut self) {
        self.eligibility.reset();
        self.hidden.iter_mut().for_each(HiddenEligibility::reset);
        self.critic.reset();
    }

    /// e: the eligibility of the synapses into motor neurons.
    pub fn eligibility(&self) -> &Eligibility {
        &self.eligibility
    }
}

impl ThreeFactorRule {
    /// A rule that has learned nothing, for so many lanes. Each of them moves the critic; with n lanes its rate is α/n, since its
    /// normalised step is stable only below a total.
    pub fn new(network: Network, feedback: Option<FeedbackWeights>, lanes: usize) -> Self {
        let layout = *network.layout();
        let params = network.config().critic;
        let critic = CriticParams { rate: params.rate / lanes as f32, ..params };
        let critic = Critic::new(critic, layout.features());
        let (bounds, normalised) = (WeightBounds::new(&layout), Vec::new());
        Self { critic, feedback, bounds, normalised, network, operations: Operations::NONE }
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Takes sensory and hidden neurons away. A silent neuron leaves no trace: neither synapse nor critic learns anything of it.
    pub fn cut(&mut self, neurons: &[usize]) -> Result<(), NetworkError> {
        self.network.cut(neurons)
    }

    /// The critic.
    pub fn critic(&self) -> &Critic {
        &self.critic
    }

    /// What learning cost since the rule was made.
    pub fn operations(&self) -> Operations {
        self.operations
    }

    /// V(x), as the critic sees it, to learn from it.
    pub fn value(&mut self, features: &[f32]) -> f32 {
        self.operations += self.critic.value_cost();
        self.critic.value(features)
    }

    /// The drive of the pools at remembered spike counts: no spike arrives, so that every synapse costs a MAC.
    pub fn recall(&mut self, inverse_temperature: f32, features: &[f32]) -> [f32; ACTIONS] {
        let layout = self.network.layout();
        self.operations += Operations::of_macs(layout.motor().len() * layout.features());
        self.network.drive(inverse_temperature, features)
    }

    /// After a decision: the lane's traces remember it, and homeostasis nudges the pools.
    pub fn mark(&mut self, traces: &mut Traces, decision: Decision, local: Local, rates: Rates) {
        let Decision { features, shares, ratio, .. } = decision;
        let config = self.network.config();
        let decay = config.discount * config.trace_decay;
        let mut spent = traces.critic.mark(decay, ratio, features);
        let mut normalised = std::mem::take(&mut self.normalised);
        let presynaptic = match config.divisive {
            Some(divisive) => {
                spent += divisive.apply(features, &mut normalised);
                &normalised
            }
            None => features,
        };
        spent += self.remember(&mut traces.eligibility, decay, decision, presynaptic, local);
        spent += self.balance(shares, rates.homeostasis, presynaptic);
        self.operations += spent;
        self.normalised = normalised;
    }

    /// After a decision: the lane's synapses onto hidden neurons remember it, where these learn.
    pub fn mark_hidden(&mut self, traces: &mut Traces, action: usize, shares: [f32; ACTIONS], seen: &Sensitivity) {
        let (Some(feedback), Some(hidden)) = (&self.feedback, &mut traces.hidden) else { return };
        let config = self.network.config();
        let credit = config.credit.of(action, shares);
        let (signals, spent) = feedback.signals(self.network.weights(), self.network.layout(), credit);
        self.operations += spent + hidden.mark(config.discount * config.trace_decay, &signals, seen);
    }

    /// `e_ij ← ρ·(γλ·e_ij + local_ij)`. Returns what it cost.
    fn remember(
        &self,
        eligibility: &mut Eligibility,
        decay: f32,
        decision: Decision,
        presynaptic: &[f32],
        local: Local,
    ) -> Operations {
        let Decision { action, shares, ratio, .. } = decision;
        let decay = ratio * decay;
        let scaled = |gates: [f32; ACTIONS]| gates.map(|gate| ratio * gate);
        let credit = self.network.config().credit.of(action, shares);
        match local {
            Local::PreCount => eligibility.mark(decay, scaled(credit), Activity::Shared(presynaptic)),
            Local::Pairings(pairings) => eligibility.mark(decay, scaled(credit), Activity::Own(pairings)),
            Local::Contrast { pairings, a_plus, pre_trace, motor_spikes } => {
                let pool_sizes = self.network.layout().pool_sizes();
                let gates = contrastive::gates(action, a_plus, pool_sizes, motor_spikes);
                let free = eligibility.mark(decay, scaled(gates.free), Activity::Own(pairings));
                free + eligibility.mark(1.0, scaled(gates.burst), Activity::Shared(pre_trace))
            }
        }
    }

    /// Homeostasis: `W_ij += rate·drive_pool(i)·x_j`. Returns what it cost.
    fn balance(&mut self, shares: [f32; ACTIONS], rate: f32, presynaptic: &[f32]) -> Operations {
        let layout = *self.network.layout();
        let drives = homeostasis::drive(shares, self.network.config().homeostasis.share_floor);
        for (pool, drive) in drives.into_iter().enumerate() {
            for post in layout.pool(pool) {
                self.network.nudge(&self.bounds, post, rate * drive, presynaptic);
            }
        }
        Operations::of_macs(layout.motor().len() * presynaptic.len())
    }

    /// After seeing: the forward model learns, if there is one.
    pub fn expect(&mut self, state: &NetworkState, lanes: usize) {
        self.operations += self.network.learn_forward(state, lanes);
    }

    /// After a reward: the critic learns.
    pub fn predict(&mut self, traces: &Traces, td_error: f32, features: &[f32]) {
        self.operations += self.critic.learn(td_error, features, &traces.critic);
    }

    /// Dopamine turns the lane's eligibility into weight changes, `W_ij += η·clip(dopamine)·e_ij`.
    pub fn reinforce(&mut self, traces: &Traces, dopamine: f32, rates: Rates) {
        let clip = self.network.config().dopamine_clip;
        let step = rates.learning * dopamine.clamp(-clip, clip);
        self.operations += traces.eligibility.apply(step, &mut self.network, &self.bounds);
        if let (Some(EProp { rate, limit, .. }), Some(hidden)) = (self.network.config().eprop, &traces.hidden) {
            let layout = *self.network.layout();
            self.operations += hidden.apply(rate * step, limit, self.network.weights_mut(), &layout);
        }
    }

    /// B of e-prop, where hidden neurons learn.
    pub fn feedback(&self) -> Option<&FeedbackWeights> {
        self.feedback.as_ref()
    }

    /// A rule whose network has the given weights and whose critic and feedback are given too.
    pub fn restored(network: Network, critic: Critic, feedback: Option<FeedbackWeights>) -> Result<Self, NetworkError> {
        let misfit = |what: &str| Err(NetworkError::Config(format!("the {what} does not fit the network")));
        if !critic.is_valid(network.layout().features()) {
            return misfit("critic");
        }
        let fits = match (network.config().eprop, &feedback) {
            (Some(eprop), Some(feedback)) => feedback.fits(eprop.feedback, network.layout()),
            (None, None) => true,
            _ => false,
        };
        if !fits {
            return misfit("feedback of e-prop");
        }
        Ok(Self { critic, ..Self::new(network, feedback, 1) })
    }
}
