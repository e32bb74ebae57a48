//! The DQN agent.

use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::config::DqnConfig;
use super::n_step::{NStep, Next};
use super::replay::{Batch, Replay};
use crate::ACTIONS;
use crate::activity::{Activity, Population, Watch};
use crate::arrays::NamedArray;
use crate::dense::adam::{self, Adam, clip_norm};
use crate::dense::floats;
use crate::dense::mlp::{Mlp, Tape};
use crate::dense::policy::{QPolicy, outputs};
use crate::dense::run::{Car, Clock};
use crate::learner::{Learner, LearnerConfig, LearnerState, Memory, Policy};
use crate::op_count::TrainingOperations;
use crate::random::{Purpose, below, stream, uniform};
use crate::snn::error::NetworkError;
use crate::snn::readout::greedy;
use crate::snn::{EpisodeSummary, StepEnd};

/// Name of the network in weight files.
const NETWORK: &str = "q";
/// Gain of the output layer at birth: values near 0.
const OUTPUT_GAIN: f32 = 0.1;

/// DQN in the middle of a run. Its lanes share network and memory; every step of a lane is followed by `updates` gradient steps.
#[derive(Clone, Debug)]
pub struct DqnLearner {
    config: DqnConfig,
    policy: QPolicy,
    target: Mlp,
    adam: Adam,
    replay: Replay,
    sampling: ChaCha8Rng,
    lanes: Vec<Lane>,
    run_episodes: usize,
    clock: Clock,
    /// Steps of all lanes.
    steps: u64,
    /// Those after which exploration began.
    explored_from: u64,
    learning_rate: f32,
    scratch: Scratch,
}

/// What belongs to one car.
#[derive(Clone, Debug)]
struct Lane {
    car: Car,
    n_step: NStep,
    /// The last step, whose successor is not known.
    pending: Option<Pending>,
}

#[derive(Clone, Debug)]
struct Pending {
    state: Vec<f32>,
    action: usize,
    /// Q(s, a) when it was taken.
    value: f32,
    reward: f32,
}

/// Room for batches.
#[derive(Clone, Debug, Default)]
struct Scratch {
    batch: Batch,
    tape: Tape,
    target_tape: Tape,
    gradient: Vec<f32>,
}

/// All of an agent that outlives an episode, beside its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DqnState {
    #[serde(with = "floats")]
    network: Vec<f32>,
    #[serde(with = "floats")]
    target: Vec<f32>,
    adam: Adam,
    replay: Replay,
    sampling: ChaCha8Rng,
    exploration: Vec<ChaCha8Rng>,
    clock: Clock,
    steps: u64,
    #[serde(default)]
    explored_from: u64,
}

impl DqnConfig {
    /// The network that drives, given arrays of a file.
    pub fn policy(self, arrays: &[NamedArray]) -> Result<QPolicy, NetworkError> {
        let QPolicy { sight, network } = self.blank(0)?;
        Ok(QPolicy { sight, network: network.with_arrays(NETWORK, arrays)? })
    }

    fn blank(self, seed: u64) -> Result<QPolicy, NetworkError> {
        self.validate().map_err(NetworkError::Config)?;
        let widths = self.hidden.between(self.sight().width(), ACTIONS);
        let network = Mlp::new(widths, self.activation, OUTPUT_GAIN, &mut stream(seed, Purpose::Wiring, 0));
        Ok(QPolicy { sight: self.sight(), network })
    }
}

impl QPolicy {
    /// What a file keeps: `q.{layer}.weight` and `q.{layer}.bias`.
    pub fn arrays(&self) -> Vec<NamedArray> {
        self.network.arrays(NETWORK)
    }
}

impl DqnLearner {
    /// A blank agent for a run of `run_episodes` episodes on so many lanes.
    pub fn new(config: DqnConfig, seed: u64, run_episodes: usize, lanes: usize) -> Result<Self, NetworkError> {
        let policy = config.blank(seed)?;
        let parameters = policy.network.parameters().len();
        let lane = |lane| Lane::new(&config, stream(seed, Purpose::Exploration, lane));
        Ok(Self {
            config,
            target: policy.network.clone(),
            adam: Adam::new(config.adam, parameters),
            replay: Replay::new(config.capacity, config.sight().width()),
            sampling: stream(seed, Purpose::Replay, 0),
            lanes: (0..lanes as u64).map(lane).collect(),
            policy,
            run_episodes,
            clock: Clock::default(),
            steps: 0,
            explored_from: 0,
            learning_rate: config.learning_rate,
            scratch: Scratch::default(),
        })
    }

    /// An agent that goes on from a state, between two episodes.
    pub fn restored(config: DqnConfig, run_episodes: usize, state: DqnState) -> Result<Self, NetworkError> {
        let blank = Self::new(config, 0, run_episodes, 0)?;
        let network = blank.policy.network.restored(state.network)?;
        state.adam.check(config.adam, network.parameters().len())?;
        state.replay.check(config.capacity, config.sight().width())?;
        Ok(Self {
            target: network.restored(state.target)?,
            policy: QPolicy { network, ..blank.policy },
            adam: state.adam,
            replay: state.replay,
            sampling: state.sampling,
            lanes: state.exploration.into_iter().map(|exploration| Lane::new(&config, exploration)).collect(),
            clock: state.clock,
            steps: state.steps,
            explored_from: state.explored_from.min(state.steps),
            ..blank
        })
    }

    /// All that [`Self::restored`] needs, between two episodes.
    pub fn state(&self) -> DqnState {
        DqnState {
            network: self.policy.network.parameters().to_vec(),
            target: self.target.parameters().to_vec(),
            adam: self.adam.clone(),
            replay: self.replay.clone(),
            sampling: self.sampling.clone(),
            exploration: self.lanes.iter().map(|lane| lane.car.exploration.clone()).collect(),
            clock: self.clock,
            steps: self.steps,
            explored_from: self.explored_from,
        }
    }

    /// Steps of all lanes so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The lane's last step has a successor, of this value: it is remembered as soon as its n-step return is complete.
    fn conclude(&mut self, lane: usize, next: Next, next_value: f32) {
        let DqnConfig { discount, n_steps, reward: params, .. } = self.config;
        let Lane { car, n_step, pending } = &mut self.lanes[lane];
        let Some(Pending { state, action, value, reward }) = pending.take() else { return };
        car.note_td_error(params.unscaled(reward + discount * next_value - value));
        n_step.push((state, action, reward), next, (n_steps, discount), |done| self.replay.push(done));
    }

    /// Q(s, ·).
    fn values(&mut self, state: &[f32]) -> [f32; ACTIONS] {
        outputs(self.policy.network.forward(state, &mut self.scratch.tape))
    }

    /// A gradient step on a batch: `L = mean Huber(Q(s, a) − y)`, `y = R + γⁿ·Q'(s', argmax_a Q(s', a))`, where Q' is the target
    /// network, which judges what the network itself would choose (van Hasselt et al. 2016).
    fn learn(&mut self) {
        let network = &mut self.policy.network;
        let Scratch { batch, tape, target_tape, gradient } = &mut self.scratch;
        self.replay.sample(self.config.batch, &mut self.sampling, batch);
        let judged = self.target.forward(&batch.nexts, target_tape);
        let chosen = network.forward(&batch.nexts, tape);
        let rows = chosen.chunks_exact(ACTIONS).zip(judged.chunks_exact(ACTIONS));
        let targets: Vec<f32> = rows
            .zip(batch.rewards.iter().zip(&batch.discounts))
            .map(|((chosen, judged), (rewards, discount))| rewards + discount * judged[greedy(outputs(chosen))])
            .collect();
        let values = network.forward(&batch.states, tape);
        let errors = huber_gradient(values, &batch.actions, &targets, self.config.huber);
        gradient.clear();
        gradient.resize(network.parameters().len(), 0.0);
        network.backward(tape, &errors, gradient);
        clip_norm(&mut [gradient], self.config.gradient_clip);
        self.adam.step(network.parameters_mut(), gradient, self.learning_rate);
        let rate = self.config.target_rate;
        for (slow, fast) in self.target.parameters_mut().iter_mut().zip(network.parameters()) {
            *slow += rate * (fast - *slow);
        }
        let passes = 3 * network.forward_macs() + network.backward_macs();
        let parameters = network.parameters().len() as u64;
        self.clock.operations.learning.macs += self.config.batch as u64 * passes + (adam::MACS + 1) * parameters;
    }
}

impl Learner for DqnLearner {
    fn begin_phase(&mut self) {
        self.clock.begin_phase();
    }

    /// It explores as at first. What it remembers of its steps stays.
    fn begin_again(&mut self) {
        self.clock.begin_again();
        self.explored_from = self.steps;
    }

    /// Loses hidden units, in the target network as well.
    fn cut(&mut self, percent: usize, rng: &mut ChaCha8Rng) -> Result<(), NetworkError> {
        let silent = self.policy.network.cut(percent, rng);
        self.target.silence(&silent);
        self.adam.forget(&silent);
        Ok(())
    }

    /// Forgets the last episode of a lane and prepares for the next. The learning rate is that of the round.
    fn begin_episode(&mut self, lane: usize) {
        let factor = self.clock.factor(self.config.schedule, self.run_episodes);
        self.learning_rate = self.config.learning_rate * factor;
        self.lanes[lane].begin_episode();
    }

    /// Sees and decides: with probability ε any action, else the best.
    fn act(&mut self, lane: usize, observation: &[f32]) -> usize {
        let state = self.lanes[lane].car.eye.see(observation).to_vec();
        self.clock.operations.decisions.macs += self.policy.network.forward_macs();
        let values = self.values(&state);
        let best = greedy(values);
        self.conclude(lane, Next::Goes(&state), values[best]);
        let epsilon = self.config.exploration.epsilon(self.steps - self.explored_from);
        let Lane { car, pending, .. } = &mut self.lanes[lane];
        let explores = uniform(&mut car.exploration) < epsilon;
        let action = if explores { below(ACTIONS, &mut car.exploration) } else { best };
        car.eye.note_action(action);
        *pending = Some(Pending { state, action, value: values[action], reward: 0.0 });
        let mut shares = [epsilon / ACTIONS as f32; ACTIONS];
        shares[best] += 1.0 - epsilon;
        car.shown.shares = Some(shares);
        car.shown.value = Some(self.config.reward.unscaled(values[best]));
        action
    }

    /// Is told the reward of the lane's last action, and whether its episode ended with it. Then it learns.
    fn reward(&mut self, lane: usize, reward: f64, end: Option<StepEnd>) {
        self.steps += 1;
        if let Some(pending) = &mut self.lanes[lane].pending {
            pending.reward = self.config.reward.learned(reward);
        }
        match end {
            None => {}
            Some(StepEnd::Terminated) => self.conclude(lane, Next::Ends, 0.0),
            Some(StepEnd::Truncated(observation)) => {
                let state = self.lanes[lane].car.eye.see(&observation).to_vec();
                self.clock.operations.learning.macs += self.policy.network.forward_macs();
                let values = self.values(&state);
                self.conclude(lane, Next::Cut(&state), values[greedy(values)]);
            }
        }
        if self.replay.len() >= self.config.learning_starts {
            (0..self.config.updates).for_each(|_| self.learn());
        }
    }

    fn end_episode(&mut self, lane: usize) -> EpisodeSummary {
        self.clock.episode += 1;
        self.lanes[lane].car.summary(self.learning_rate)
    }

    /// What there is to see of the lane's last decision: the probabilities of ε-greedy, `max_a Q`, and the one-step TD error
    /// `r + γ·max_a Q(s', a) − Q(s, a)` of the step before, both in units of reward.
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
        LearnerConfig::Dqn(self.config)
    }

    fn memory(&self) -> Memory {
        Memory::Steps(self.steps)
    }

    fn state(&self) -> LearnerState {
        LearnerState::Dqn(Box::new(self.state()))
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
    fn new(config: &DqnConfig, exploration: ChaCha8Rng) -> Self {
        Self { car: Car::new(config.sight(), exploration), n_step: NStep::default(), pending: None }
    }

    fn begin_episode(&mut self) {
        self.car.begin_episode();
        self.n_step.reset();
        self.pending = None;
    }
}

/// `dL/dQ` for every output of a batch: `clamp(Q(s, a) − y, −δ, δ)/rows` at the action taken, 0 elsewhere (Huber 1964).
fn huber_gradient(values: &[f32], actions: &[usize], targets: &[f32], delta: f32) -> Vec<f32> {
    let mut gradient = vec![0.0; values.len()];
    for (row, (action, target)) in actions.iter().zip(targets).enumerate() {
        let at = row * ACTIONS + action;
        gradient[at] = (values[at] - target).clamp(-delta, delta) / actions.len() as f32;
    }
    gradient
}

#[cfg(test)]
mod tests;
