//! The spiking agent: acts on one lane or several, learns from each step, sleeps after each episode.

use std::collections::VecDeque;

use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::config::{NEURONS, Plasticity, SnnConfig};
use super::critic::Critic;
use super::dopamine::{DopamineState, td_error};
use super::eprop::FeedbackWeights;
use super::error::NetworkError;
use super::network::Network;
use super::plasticity::Witness;
use super::saved::{AHEAD, FILTERED, FORWARD, WEIGHTS};
use super::sleep::{Day, Sleep};
use super::state::{NetworkState, Streams};
use super::synapses::motor_weights_mut;
use super::three_factor::{Decision, Rates, ThreeFactorRule, Traces};
use crate::ACTIONS;
use crate::activity::{Activity, Population, Watch};
use crate::arrays::NamedArray;
use crate::op_count::{Operations, TrainingOperations};
use crate::random::{Purpose, stream};
use crate::schedule::Progress;

/// How an episode ended.
#[derive(Clone, Debug, PartialEq)]
pub enum StepEnd {
    /// The task ended: nothing of value follows.
    Terminated,
    /// The episode was cut; this is what the car sees there.
    Truncated(Vec<f32>),
}

/// What an episode was like from inside.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EpisodeSummary {
    /// Mean dopamine.
    pub mean_dopamine: f64,
    /// Learning rate η in this episode.
    pub learning_rate: f32,
}

/// An agent in the middle of a run. Its lanes share weights and critic, and each step of a lane changes them at once; traces,
/// membranes and random numbers are the lane's own. With n lanes the learning rate is η/√n and the critic's α/n: with the rates
/// of one lane, eight of them drove critic and weights apart (docs/lanes.md).
#[derive(Clone, Debug)]
pub struct SpikingLearner {
    config: SnnConfig,
    rule: ThreeFactorRule,
    lanes: Vec<Lane>,
    sleep: Option<Sleep>,
    sleep_rng: ChaCha8Rng,
    /// Length of the run, in episodes: what a schedule is scaled to.
    run_episodes: usize,
    episode: usize,
    /// The episode in which the present phase began.
    phase_start: usize,
    /// The episode in which the schedule began.
    run_start: usize,
    /// What dopamine is compared with.
    compared_with: DopamineState,
    /// What the network is used to: the mean of its features, where novelty counts.
    familiar: Vec<f32>,
    /// What it cost so far, but for what the rule counts itself.
    operations: TrainingOperations,
}

/// What belongs to one car.
#[derive(Clone, Debug)]
struct Lane {
    state: NetworkState,
    witness: Witness,
    traces: Traces,
    exploration: ChaCha8Rng,
    rates: Rates,
    /// V(x) and reward of the last step, not yet learned from.
    pending: Option<Pending>,
    dopamine: RunningMean,
    /// Sum of the rewards of the episode, as they are learned from.
    earned: f32,
    today: Day,
    shown: Shown,
}

/// What the last decision showed to those who watch.
#[derive(Clone, Copy, Debug, Default)]
struct Shown {
    shares: Option<[f32; ACTIONS]>,
    value: Option<f32>,
    dopamine: Option<f32>,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    value: f32,
    reward: f32,
}

#[derive(Clone, Copy, Debug, Default)]
struct RunningMean {
    sum: f64,
    count: u32,
}

impl RunningMean {
    fn note(&mut self, value: f32) {
        self.sum += f64::from(value);
        self.count += 1;
    }
}

/// All of an agent that outlives an episode, beside its parameters: what a resumed run goes on from. Membranes and traces end
/// with each episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpikingState {
    weights: Array2<f32>,
    /// M of the forward model.
    #[serde(default)]
    forward: Option<Array2<f32>>,
    /// M of the model that runs ahead.
    #[serde(default)]
    ahead: Option<Array2<f32>>,
    /// Synapses that hear the past.
    #[serde(default)]
    filtered: Option<Array2<f32>>,
    /// B of e-prop.
    #[serde(default)]
    feedback: Option<FeedbackWeights>,
    critic: Critic,
    episode: usize,
    phase_start: usize,
    #[serde(default)]
    run_start: usize,
    /// Neurons that are lost.
    #[serde(default)]
    cut: Vec<usize>,
    lanes: Vec<LaneStreams>,
    sleep: ChaCha8Rng,
    days: VecDeque<Day>,
    /// Crashes that are remembered longer; states of older versions have none.
    #[serde(default)]
    crashes: VecDeque<Day>,
    /// Older versions knew the TD error alone.
    #[serde(default)]
    dopamine: DopamineState,
    /// What the network is used to.
    #[serde(default)]
    familiar: Vec<f32>,
    /// States of older versions have none: the count begins where such a run goes on.
    #[serde(default)]
    operations: TrainingOperations,
}

/// The random streams of a lane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct LaneStreams {
    network: Streams,
    exploration: ChaCha8Rng,
}

impl Lane {
    fn new(network: &Network, state: NetworkState, exploration: ChaCha8Rng) -> Self {
        let (layout, config) = (network.layout(), network.config());
        Self {
            state,
            witness: Witness::new(config, layout),
            traces: Traces::new(layout, config.eprop),
            exploration,
            rates: Rates { learning: 0.0, homeostasis: 0.0 },
            pending: None,
            dopamine: RunningMean::default(),
            earned: 0.0,
            today: Day::default(),
            shown: Shown::default(),
        }
    }

    fn streams(&self) -> LaneStreams {
        LaneStreams { network: self.state.streams().clone(), exploration: self.exploration.clone() }
    }
}

impl SpikingLearner {
    /// A blank agent for a run of `run_episodes` episodes on so many lanes.
    pub fn new(config: SnnConfig, seed: u64, run_episodes: usize, lanes: usize) -> Result<Self, NetworkError> {
        let network = Network::new(config, seed)?;
        let lane = |lane| {
            let exploration = stream(seed, Purpose::Exploration, lane);
            Lane::new(&network, NetworkState::new(&network, seed, lane), exploration)
        };
        let feedback = config.eprop.map(|eprop| FeedbackWeights::new(eprop.feedback, network.layout(), seed));
        Ok(Self {
            config,
            lanes: (0..lanes as u64).map(lane).collect(),
            rule: ThreeFactorRule::new(network, feedback, lanes),
            sleep: config.sleep.map(Sleep::new),
            sleep_rng: stream(seed, Purpose::Sleep, 0),
            run_episodes,
            episode: 0,
            phase_start: 0,
            run_start: 0,
            compared_with: config.dopamine.state(seed),
            familiar: Vec::new(),
            operations: TrainingOperations::default(),
        })
    }

    /// An agent that goes on from a state, between two episodes.
    pub fn restored(config: SnnConfig, run_episodes: usize, state: SpikingState) -> Result<Self, NetworkError> {
        let mut network = Network::with_arrays(config, &state.arrays())?;
        network.cut(&state.cut)?;
        let features = network.layout().features();
        let sleep = match config.sleep {
            Some(params) => Sleep::restored(params, state.days, state.crashes, features)
                .map(Some)
                .ok_or_else(|| NetworkError::Config("the remembered episodes do not fit the network".to_owned()))?,
            None => None,
        };
        if !config.dopamine.fits(&state.dopamine) {
            return Err(NetworkError::Config("the remembered dopamine is of another kind".to_owned()));
        }
        let is_familiar = state.familiar.len() == features && state.familiar.iter().all(|mean| mean.is_finite());
        if !(state.familiar.is_empty() || is_familiar) {
            return Err(NetworkError::Config("what the network is used to does not fit it".to_owned()));
        }
        let lane = |LaneStreams { network: streams, exploration }| {
            Lane::new(&network, NetworkState::between_episodes(&network, streams), exploration)
        };
        Ok(Self {
            config,
            lanes: state.lanes.into_iter().map(lane).collect(),
            rule: ThreeFactorRule::restored(network, state.critic, state.feedback)?,
            sleep,
            sleep_rng: state.sleep,
            run_episodes,
            episode: state.episode,
            phase_start: state.phase_start.min(state.episode),
            run_start: state.run_start.min(state.episode),
            compared_with: state.dopamine,
            familiar: state.familiar,
            operations: state.operations,
        })
    }

    /// All that [`Self::restored`] needs, between two episodes.
    pub fn state(&self) -> SpikingState {
        let mut arrays = self.network().arrays();
        let mut take = |name| {
            let place = arrays.iter().position(|array| array.name == name)?;
            Some(arrays.swap_remove(place).values)
        };
        SpikingState {
            forward: take(FORWARD),
            ahead: take(AHEAD),
            filtered: take(FILTERED),
            weights: self.network().weights().clone(),
            feedback: self.rule.feedback().cloned(),
            critic: self.critic().clone(),
            episode: self.episode,
            phase_start: self.phase_start,
            run_start: self.run_start,
            cut: self.network().lost().to_vec(),
            lanes: self.lanes.iter().map(Lane::streams).collect(),
            sleep: self.sleep_rng.clone(),
            dopamine: self.compared_with.clone(),
            familiar: self.familiar.clone(),
            days: self.sleep.as_ref().map(|sleep| sleep.days().clone()).unwrap_or_default(),
            crashes: self.sleep.as_ref().map(|sleep| sleep.crashes().clone()).unwrap_or_default(),
            operations: self.operations(),
        }
    }

    /// The network as it is now.
    pub fn network(&self) -> &Network {
        self.rule.network()
    }

    /// The critic as it is now.
    pub fn critic(&self) -> &Critic {
        self.rule.critic()
    }

    /// What decisions and learning cost so far.
    pub fn operations(&self) -> TrainingOperations {
        let TrainingOperations { decisions, learning } = self.operations;
        TrainingOperations { decisions, learning: learning + self.rule.operations() }
    }

    /// Cars that it drives at the same time.
    pub fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// Episodes finished.
    pub fn episode(&self) -> usize {
        self.episode
    }

    /// Is told that another phase begins with the next episode.
    pub fn begin_phase(&mut self) {
        self.phase_start = self.episode;
    }

    /// Is told that schedule and homeostasis begin again with the next episode, to last to the end of the run.
    pub fn begin_again(&mut self) {
        (self.phase_start, self.run_start) = (self.episode, self.episode);
    }

    /// Loses sensory and hidden neurons for good, between two episodes.
    pub fn cut(&mut self, neurons: &[usize]) -> Result<(), NetworkError> {
        self.rule.cut(neurons)?;
        let afferents = self.network().layout().afferents();
        let heard = neurons.iter().filter(|neuron| afferents.contains(neuron));
        // Each has a feature in every copy that the temporal filter makes.
        let (first, count, all) = (afferents.start, afferents.len(), self.network().layout().features());
        let features: Vec<usize> = heard.flat_map(|neuron| (neuron - first..all).step_by(count)).collect();
        if let Some(sleep) = &mut self.sleep {
            sleep.silence(&features);
        }
        Ok(())
    }

    /// Forgets the last episode of a lane and prepares for the next.
    pub fn begin_episode(&mut self, lane: usize) {
        // Episodes are counted when they end; those of one round end in the order of the lanes.
        let episode = self.episode + lane;
        let in_phase = episode - self.phase_start;
        let (episode, episodes) = (episode - self.run_start, self.run_episodes.saturating_sub(self.run_start));
        let factor = self.config.schedule.factor(Progress { episode, episodes, in_phase });
        let learning = self.config.learning_rate * factor / libm::sqrtf(self.lanes.len() as f32);
        let network = self.rule.network();
        let lane = &mut self.lanes[lane];
        lane.rates = Rates { learning, homeostasis: learning * self.config.homeostasis.strength(episode) };
        lane.state.reset(network);
        lane.traces.reset();
        lane.witness.reset();
        lane.pending = None;
        lane.dopamine = RunningMean::default();
        lane.earned = 0.0;
        lane.today = Day::default();
        lane.shown = Shown::default();
    }

    /// Sees, learns from the lane's step before, decides. Returns an action index.
    pub fn act(&mut self, lane: usize, observation: &[f32]) -> usize {
        let lanes = self.lanes.len();
        self.operations.learning += self.lanes[lane].simulate(self.rule.network(), observation);
        self.rule.expect(&self.lanes[lane].state, lanes);
        self.operations.decisions += self.lanes[lane].state.operations();
        let competition = self.rule.network().competition(&self.lanes[lane].state);
        self.learn_from_pending(lane, true);
        let action = competition.explore(&mut self.lanes[lane].exploration);
        self.mark(lane, action, competition.shares());
        self.lanes[lane].state.note_action(action);
        action
    }

    /// Is told the reward of the lane's last action, and whether its episode ended with it.
    pub fn reward(&mut self, lane: usize, reward: f64, end: Option<StepEnd>) {
        let reward = (reward as f32).max(self.config.reward_floor);
        let lanes = self.lanes.len();
        let car = &mut self.lanes[lane];
        let bonus = self
            .config
            .novelty
            .map(|novelty| novelty.bonus(&mut self.familiar, car.state.features(), &mut self.operations.learning));
        let reward = reward + bonus.unwrap_or(0.0);
        if let Some(pending) = &mut car.pending {
            pending.reward = reward;
        }
        car.earned += reward;
        car.today.note_reward(reward);
        match end {
            None => return,
            Some(StepEnd::Terminated) => self.learn_from_pending(lane, false),
            Some(StepEnd::Truncated(observation)) => {
                let network = self.rule.network();
                // No decision follows: it is seen to be learned from.
                self.operations.learning += car.simulate(network, &observation) + car.state.operations();
                self.rule.expect(&car.state, lanes);
                if self.sleep.is_some() {
                    car.today.note_end(car.state.features());
                }
                self.learn_from_pending(lane, true);
            }
        }
        let Lane { traces, rates, dopamine, earned, shown, .. } = &mut self.lanes[lane];
        if let Some(told) = self.config.dopamine.after_episode(&mut self.compared_with, *earned) {
            dopamine.note(told);
            shown.dopamine = Some(told);
            self.rule.reinforce(traces, told, *rates);
        }
    }

    /// From the lane's next step on, these spikes are noted.
    pub fn watch(&mut self, lane: usize, watch: Watch) {
        self.lanes[lane].state.watch(watch);
    }

    /// What there is to see of the lane's last decision.
    pub fn activity(&self, lane: usize) -> Activity<'_> {
        let Lane { state, shown, .. } = &self.lanes[lane];
        Activity { raster: state.raster(), shares: shown.shares, value: shown.value, dopamine: shown.dopamine }
    }

    /// The layers whose spikes are noted.
    pub fn populations(&self, watch: Watch) -> Vec<Population> {
        self.network().populations(watch, self.config.plasticity != Plasticity::PreCount)
    }

    /// The lane's eligibility traces, in the places of their weights: `e[post, pre]`.
    pub fn eligibility(&self, lane: usize) -> Array2<f32> {
        let (layout, traces) = (self.network().layout(), self.lanes[lane].traces.eligibility().traces());
        let mut all = Array2::zeros((NEURONS, NEURONS));
        for (post, traces) in layout.motor().zip(traces.rows()) {
            // Those of the past have no place in the matrix.
            motor_weights_mut(&mut all, layout, post).iter_mut().zip(traces).for_each(|(e, trace)| *e = *trace);
        }
        all
    }

    /// Sleeps, and counts the episode of a lane.
    pub fn end_episode(&mut self, lane: usize) -> EpisodeSummary {
        let Lane { rates, dopamine, today, traces, .. } = &mut self.lanes[lane];
        if let Some(sleep) = &mut self.sleep {
            sleep.sleep(std::mem::take(today), &mut self.rule, traces, *rates, &mut self.sleep_rng);
        }
        self.episode += 1;
        let mean_dopamine = dopamine.sum / f64::from(dopamine.count.max(1));
        EpisodeSummary { mean_dopamine, learning_rate: rates.learning }
    }

    /// Learns from the lane's last step; with `bootstrap`, the present state's value follows it.
    fn learn_from_pending(&mut self, lane: usize, bootstrap: bool) {
        let Lane { state, traces, rates, pending, dopamine, shown, .. } = &mut self.lanes[lane];
        let Some(Pending { value, reward }) = pending.take() else { return };
        let features = state.features();
        let next_value = bootstrap.then(|| self.rule.value(features));
        let td_error = td_error(reward, self.config.discount, next_value, value);
        self.rule.predict(traces, td_error, features);
        if let Some(told) = self.config.dopamine.after_step(&mut self.compared_with, td_error, reward) {
            dopamine.note(told);
            shown.dopamine = Some(told);
            self.rule.reinforce(traces, told, *rates);
        }
    }

    fn mark(&mut self, lane: usize, action: usize, shares: [f32; ACTIONS]) {
        let layout = *self.rule.network().layout();
        let Lane { state, witness, traces, rates, pending, today, shown, .. } = &mut self.lanes[lane];
        let features = state.features();
        let local = witness.local(state, &layout);
        self.rule.mark(traces, Decision { features, action, shares, ratio: 1.0 }, local, *rates);
        if let Some(seen) = witness.sensitivity() {
            self.rule.mark_hidden(traces, action, shares, seen);
        }
        let value = self.rule.value(features);
        *pending = Some(Pending { value, reward: 0.0 });
        (shown.shares, shown.value) = (Some(shares), Some(value));
        if self.sleep.is_some() {
            today.note_decision(features, action, shares[action]);
        }
    }
}

impl SpikingState {
    /// The arrays of the network.
    fn arrays(&self) -> Vec<NamedArray> {
        let named = |(name, values): (&str, &Array2<f32>)| NamedArray { name: name.to_owned(), values: values.clone() };
        let others = [(FORWARD, &self.forward), (AHEAD, &self.ahead), (FILTERED, &self.filtered)];
        let others = others.into_iter().filter_map(|(name, values)| values.as_ref().map(|values| (name, values)));
        [(WEIGHTS, &self.weights)].into_iter().chain(others).map(named).collect()
    }
}

impl Lane {
    /// Returns what was done for learning alone.
    fn simulate(&mut self, network: &Network, observation: &[f32]) -> Operations {
        network.simulate(&mut self.state, observation, self.witness.begin_step())
    }
}

#[cfg(test)]
mod tests;
