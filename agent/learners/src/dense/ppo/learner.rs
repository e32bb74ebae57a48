//! The PPO agent.

use ndarray::Array2;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::config::PpoConfig;
use super::loss::{Taken, log_probabilities, normalise, policy_gradient};
use super::rollout::{Lesson, Step, lessons};
use crate::ACTIONS;
use crate::activity::{Activity, Population, Watch};
use crate::arrays::NamedArray;
use crate::dense::adam::{self, Adam, clip_norm};
use crate::dense::floats;
use crate::dense::mlp::{Mlp, Tape};
use crate::dense::policy::{ActorCritic, outputs};
use crate::dense::run::{Car, Clock};
use crate::learner::{Learner, LearnerConfig, LearnerState, Memory, Policy};
use crate::op_count::TrainingOperations;
use crate::random::{Purpose, below, stream};
use crate::snn::error::NetworkError;
use crate::snn::readout::{sample, shares};
use crate::snn::{EpisodeSummary, StepEnd};

/// Names of the networks in weight files.
const NETWORKS: [&str; 2] = ["actor", "critic"];
/// Gains of the output layers at birth: a policy that tries everything, values of their full size.
const OUTPUT_GAINS: [f32; 2] = [0.01, 1.0];

/// PPO in the middle of a run. Its lanes share both networks. As soon as all lanes together have lived `rollout` complete steps, in
/// the middle of episodes or not, it learns from them and forgets them; a step whose successor has not been seen by then belongs to
/// the next rollout.
#[derive(Clone, Debug)]
pub struct PpoLearner {
    config: PpoConfig,
    policy: ActorCritic,
    /// Of actor and critic.
    adam: [Adam; 2],
    shuffling: ChaCha8Rng,
    lanes: Vec<Lane>,
    run_episodes: usize,
    clock: Clock,
    /// Rollouts that were learned from.
    updates: u64,
    learning_rate: f32,
    tape: Tape,
}

/// What belongs to one car.
#[derive(Clone, Debug)]
struct Lane {
    car: Car,
    /// Complete steps since the last update.
    steps: Vec<Step>,
    /// The last step, whose successor is not known.
    pending: Option<Step>,
}

/// All of an agent that outlives an episode, beside its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PpoState {
    #[serde(with = "floats")]
    actor: Vec<f32>,
    #[serde(with = "floats")]
    critic: Vec<f32>,
    adam: [Adam; 2],
    shuffling: ChaCha8Rng,
    lanes: Vec<(ChaCha8Rng, Vec<Step>)>,
    clock: Clock,
    updates: u64,
}

/// Steps to be learned from together, row by row.
struct Minibatch {
    inputs: Vec<f32>,
    taken: Vec<Taken>,
    expected: Vec<f32>,
}

impl PpoConfig {
    /// The networks, given arrays of a file.
    pub fn policy(self, arrays: &[NamedArray]) -> Result<ActorCritic, NetworkError> {
        let ActorCritic { sight, actor, critic } = self.blank(0)?;
        let [actor, critic] = [actor.with_arrays(NETWORKS[0], arrays)?, critic.with_arrays(NETWORKS[1], arrays)?];
        Ok(ActorCritic { sight, actor, critic })
    }

    fn blank(self, seed: u64) -> Result<ActorCritic, NetworkError> {
        self.validate().map_err(NetworkError::Config)?;
        let network = |which: usize, outputs| {
            let widths = self.hidden.between(self.sight().width(), outputs);
            let mut rng = stream(seed, Purpose::Wiring, which as u64);
            Mlp::new(widths, self.activation, OUTPUT_GAINS[which], &mut rng)
        };
        Ok(ActorCritic { sight: self.sight(), actor: network(0, ACTIONS), critic: network(1, 1) })
    }
}

impl ActorCritic {
    /// What a file keeps: `actor.{layer}.weight`, `actor.{layer}.bias`, and the same of the critic.
    pub fn arrays(&self) -> Vec<NamedArray> {
        [self.actor.arrays(NETWORKS[0]), self.critic.arrays(NETWORKS[1])].concat()
    }
}

impl PpoLearner {
    /// A blank agent for a run of `run_episodes` episodes on so many lanes.
    pub fn new(config: PpoConfig, seed: u64, run_episodes: usize, lanes: usize) -> Result<Self, NetworkError> {
        let policy = config.blank(seed)?;
        let lane = |lane| Lane::new(&config, stream(seed, Purpose::Exploration, lane), Vec::new());
        Ok(Self {
            config,
            adam: [&policy.actor, &policy.critic].map(|network| Adam::new(config.adam, network.parameters().len())),
            policy,
            shuffling: stream(seed, Purpose::Minibatches, 0),
            lanes: (0..lanes as u64).map(lane).collect(),
            run_episodes,
            clock: Clock::default(),
            updates: 0,
            learning_rate: config.learning_rate,
            tape: Tape::default(),
        })
    }

    /// An agent that goes on from a state, between two episodes.
    pub fn restored(config: PpoConfig, run_episodes: usize, state: PpoState) -> Result<Self, NetworkError> {
        let blank = Self::new(config, 0, run_episodes, 0)?;
        let ActorCritic { sight, actor, critic } = blank.policy;
        let (actor, critic) = (actor.restored(state.actor)?, critic.restored(state.critic)?);
        for (adam, network) in state.adam.iter().zip([&actor, &critic]) {
            adam.check(config.adam, network.parameters().len())?;
        }
        let fits = |step: &Step| step.input.len() == sight.width() && step.action < ACTIONS;
        if !state.lanes.iter().all(|(_, steps)| steps.iter().all(fits)) {
            return Err(NetworkError::Config("the steps of the last rollout do not fit the network".to_owned()));
        }
        let lane = |(exploration, steps)| Lane::new(&config, exploration, steps);
        Ok(Self {
            policy: ActorCritic { sight, actor, critic },
            adam: state.adam,
            shuffling: state.shuffling,
            lanes: state.lanes.into_iter().map(lane).collect(),
            clock: state.clock,
            updates: state.updates,
            ..blank
        })
    }

    /// All that [`Self::restored`] needs, between two episodes.
    pub fn state(&self) -> PpoState {
        PpoState {
            actor: self.policy.actor.parameters().to_vec(),
            critic: self.policy.critic.parameters().to_vec(),
            adam: self.adam.clone(),
            shuffling: self.shuffling.clone(),
            lanes: self.lanes.iter().map(|lane| (lane.car.exploration.clone(), lane.steps.clone())).collect(),
            clock: self.clock,
            updates: self.updates,
        }
    }

    /// Rollouts that were learned from.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// V(s).
    fn value(&mut self, input: &[f32]) -> f32 {
        self.clock.operations.learning.macs += self.policy.critic.forward_macs();
        self.policy.critic.forward(input, &mut self.tape)[0]
    }

    /// The lane's last step has a successor of this value, and is complete.
    fn conclude(&mut self, lane: usize, next_value: f32, ended: bool) {
        let Lane { car, steps, pending } = &mut self.lanes[lane];
        let Some(pending) = pending.take() else { return };
        let step = Step { next_value, ended, ..pending };
        car.note_td_error(self.config.reward.unscaled(step.td_error(self.config.discount)));
        steps.push(step);
    }

    /// Learns from the rollout, if it is long enough.
    fn update_if_due(&mut self) -> bool {
        if self.lanes.iter().map(|lane| lane.steps.len()).sum::<usize>() < self.config.rollout {
            return false;
        }
        let PpoConfig { discount, trace_decay, epochs, minibatch, .. } = self.config;
        let steps = self.lanes.iter_mut().flat_map(|lane| {
            let steps = std::mem::take(&mut lane.steps);
            let lessons = lessons(&steps, discount, trace_decay);
            steps.into_iter().zip(lessons)
        });
        let rollout: Vec<(Step, Lesson)> = steps.collect();
        let mut order: Vec<usize> = (0..rollout.len()).collect();
        // Minibatches of about the same size: no gradient comes from a rest of a few steps.
        let size = rollout.len().div_ceil((rollout.len() / minibatch).max(1));
        for _ in 0..epochs {
            shuffle(&mut order, &mut self.shuffling);
            order.chunks(size).for_each(|chosen| self.learn(&Minibatch::of(&rollout, chosen)));
        }
        self.updates += 1;
        true
    }

    /// A gradient step on `mean(L_clip − c·H + c_v·½·(V(s) − V_expected)²)`.
    fn learn(&mut self, minibatch: &Minibatch) {
        let PpoConfig { clip, entropy, value, gradient_clip, .. } = self.config;
        let ActorCritic { actor, critic, .. } = &mut self.policy;
        let rows = minibatch.taken.len();
        let scale = 1.0 / rows as f32;

        let logits = actor.forward(&minibatch.inputs, &mut self.tape).chunks_exact(ACTIONS);
        let slopes =
            logits.zip(&minibatch.taken).flat_map(|(z, taken)| policy_gradient(outputs(z), *taken, clip, entropy));
        let slopes: Vec<f32> = slopes.map(|slope| scale * slope).collect();
        let mut actor_gradient = vec![0.0; actor.parameters().len()];
        actor.backward(&self.tape, &slopes, &mut actor_gradient);

        let values = critic.forward(&minibatch.inputs, &mut self.tape);
        let errors: Vec<f32> = values
            .iter()
            .zip(&minibatch.expected)
            .map(|(found, expected)| scale * value * (found - expected))
            .collect();
        let mut critic_gradient = vec![0.0; critic.parameters().len()];
        critic.backward(&self.tape, &errors, &mut critic_gradient);

        clip_norm(&mut [&mut actor_gradient, &mut critic_gradient], gradient_clip);
        let [actor_adam, critic_adam] = &mut self.adam;
        actor_adam.step(actor.parameters_mut(), &actor_gradient, self.learning_rate);
        critic_adam.step(critic.parameters_mut(), &critic_gradient, self.learning_rate);
        for network in [&*actor, &*critic] {
            self.clock.operations.learning.macs += rows as u64 * (network.forward_macs() + network.backward_macs());
            self.clock.operations.learning.macs += adam::MACS * network.parameters().len() as u64;
        }
    }
}

impl Learner for PpoLearner {
    fn begin_phase(&mut self) {
        self.clock.begin_phase();
    }

    fn begin_again(&mut self) {
        self.clock.begin_again();
    }

    /// Loses hidden units of the actor, then of the critic.
    fn cut(&mut self, percent: usize, rng: &mut ChaCha8Rng) -> Result<(), NetworkError> {
        let ActorCritic { actor, critic, .. } = &mut self.policy;
        for (network, adam) in [actor, critic].into_iter().zip(&mut self.adam) {
            adam.forget(&network.cut(percent, rng));
        }
        Ok(())
    }

    /// Forgets the last episode of a lane and prepares for the next. The learning rate is that of the round.
    fn begin_episode(&mut self, lane: usize) {
        let factor = self.clock.factor(self.config.schedule, self.run_episodes);
        self.learning_rate = self.config.learning_rate * factor;
        self.lanes[lane].begin_episode();
    }

    /// Sees, learns if it is time to, and decides by chance: each action with the probability that the actor gives it.
    fn act(&mut self, lane: usize, observation: &[f32]) -> usize {
        let input = self.lanes[lane].car.eye.see(observation).to_vec();
        let mut value = self.value(&input);
        self.conclude(lane, value, false);
        if self.update_if_due() {
            value = self.value(&input);
        }
        self.clock.operations.decisions.macs += self.policy.actor.forward_macs();
        let logits = outputs(self.policy.actor.forward(&input, &mut self.tape));
        let Lane { car, pending, .. } = &mut self.lanes[lane];
        let shares = shares(logits);
        let action = sample(shares, &mut car.exploration);
        let log_probability = log_probabilities(logits)[action];
        car.eye.note_action(action);
        car.shown.shares = Some(shares);
        car.shown.value = Some(self.config.reward.unscaled(value));
        *pending = Some(Step { input, action, log_probability, value, reward: 0.0, next_value: 0.0, ended: false });
        action
    }

    /// Is told the reward of the lane's last action, and whether its episode ended with it.
    fn reward(&mut self, lane: usize, reward: f64, end: Option<StepEnd>) {
        if let Some(pending) = &mut self.lanes[lane].pending {
            pending.reward = self.config.reward.learned(reward);
        }
        match end {
            None => {}
            Some(StepEnd::Terminated) => self.conclude(lane, 0.0, true),
            Some(StepEnd::Truncated(observation)) => {
                let input = self.lanes[lane].car.eye.see(&observation).to_vec();
                let value = self.value(&input);
                self.conclude(lane, value, true);
            }
        }
    }

    fn end_episode(&mut self, lane: usize) -> EpisodeSummary {
        self.clock.episode += 1;
        self.lanes[lane].car.summary(self.learning_rate)
    }

    /// What there is to see of the lane's last decision: the probabilities, V, and the TD error of the step before, both in units of
    /// reward.
    fn activity(&self, lane: usize) -> Activity<'_> {
        self.lanes[lane].car.shown
    }

    fn operations(&self) -> TrainingOperations {
        self.clock.operations
    }

    fn lanes(&self) -> usize {
        self.lanes.len()
    }

    fn episode(&self) -> usize {
        self.clock.episode
    }

    fn policy(&self) -> &dyn Policy {
        &self.policy
    }

    fn config(&self) -> LearnerConfig {
        LearnerConfig::Ppo(self.config)
    }

    fn memory(&self) -> Memory {
        Memory::Updates(self.updates)
    }

    fn state(&self) -> LearnerState {
        LearnerState::Ppo(Box::new(self.state()))
    }

    /// It has no spikes to note.
    fn watch(&mut self, _lane: usize, _watch: Watch) {}

    /// None: nothing spikes.
    fn populations(&self, _watch: Watch) -> Vec<Population> {
        Vec::new()
    }

    /// None: nothing waits at a synapse.
    fn eligibility(&self, _lane: usize) -> Option<Array2<f32>> {
        None
    }
}

impl Lane {
    fn new(config: &PpoConfig, exploration: ChaCha8Rng, steps: Vec<Step>) -> Self {
        Self { car: Car::new(config.sight(), exploration), steps, pending: None }
    }

    fn begin_episode(&mut self) {
        self.car.begin_episode();
        self.pending = None;
    }
}

impl Minibatch {
    /// The chosen steps of a rollout, their advantages normalised.
    fn of(rollout: &[(Step, Lesson)], chosen: &[usize]) -> Self {
        let mut advantages: Vec<f32> = chosen.iter().map(|&at| rollout[at].1.advantage).collect();
        normalise(&mut advantages);
        let taken = chosen.iter().zip(advantages).map(|(&at, advantage)| {
            let Step { action, log_probability, .. } = rollout[at].0;
            Taken { action, log_probability, advantage }
        });
        Self {
            inputs: chosen.iter().flat_map(|&at| &rollout[at].0.input).copied().collect(),
            taken: taken.collect(),
            expected: chosen.iter().map(|&at| rollout[at].1.expected).collect(),
        }
    }
}

/// Fisher and Yates: every order is as likely as any other.
fn shuffle(order: &mut [usize], rng: &mut impl Rng) {
    for last in (1..order.len()).rev() {
        order.swap(last, below(last + 1, rng));
    }
}

#[cfg(test)]
mod tests;
