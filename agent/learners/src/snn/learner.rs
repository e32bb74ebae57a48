//! The spiking agent: acts, learns from each step, sleeps after each episode.

use ndarray::Array2;
use rand_chacha::ChaCha8Rng;

use super::config::{NEURONS, SnnConfig};
use super::critic::Critic;
use super::dopamine::td_error;
use super::network::{Network, NetworkError, NetworkState};
use super::plasticity::Witness;
use super::sleep::Sleep;
use super::synapses::motor_weights_mut;
use super::three_factor::{Decision, Rates, ThreeFactorRule};
use crate::ACTIONS;
use crate::activity::{Activity, Population, Watch};
use crate::random::{Purpose, stream};
use crate::schedule::Progress;

/// The lane of the training car; evaluations use others.
const TRAINING_LANE: u64 = 0;

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
    /// Mean TD error.
    pub mean_dopamine: f64,
    /// Learning rate η in this episode.
    pub learning_rate: f32,
}

/// An agent in the middle of a run.
#[derive(Clone, Debug)]
pub struct SpikingLearner {
    config: SnnConfig,
    rule: ThreeFactorRule,
    state: NetworkState,
    witness: Witness,
    sleep: Option<Sleep>,
    exploration: ChaCha8Rng,
    sleep_rng: ChaCha8Rng,
    /// Length of the run, in episodes: what a schedule is scaled to.
    run_episodes: usize,
    episode: usize,
    /// The episode in which the present phase began.
    phase_start: usize,
    rates: Rates,
    /// V(x) and reward of the last step, not yet learned from.
    pending: Option<Pending>,
    dopamine: RunningMean,
    shown: Shown,
}

/// What the last step showed to those who watch.
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

impl SpikingLearner {
    /// A blank agent for a run of `run_episodes` episodes.
    pub fn new(config: SnnConfig, seed: u64, run_episodes: usize) -> Result<Self, NetworkError> {
        let network = Network::new(config, seed)?;
        let layout = *network.layout();
        let state = NetworkState::new(&network, seed, TRAINING_LANE);
        Ok(Self {
            config,
            rule: ThreeFactorRule::new(network),
            state,
            witness: Witness::new(config.plasticity, &layout),
            sleep: config.sleep.map(Sleep::new),
            exploration: stream(seed, Purpose::Exploration, TRAINING_LANE),
            sleep_rng: stream(seed, Purpose::Sleep, TRAINING_LANE),
            run_episodes,
            episode: 0,
            phase_start: 0,
            rates: Rates { learning: 0.0, homeostasis: 0.0 },
            pending: None,
            dopamine: RunningMean::default(),
            shown: Shown::default(),
        })
    }

    /// The network as it is now.
    pub fn network(&self) -> &Network {
        self.rule.network()
    }

    /// The critic as it is now.
    pub fn critic(&self) -> &Critic {
        self.rule.critic()
    }

    /// Episodes finished.
    pub fn episode(&self) -> usize {
        self.episode
    }

    /// Is told that another phase begins with the next episode.
    pub fn begin_phase(&mut self) {
        self.phase_start = self.episode;
    }

    /// Forgets the last episode and prepares for the next.
    pub fn begin_episode(&mut self) {
        let progress =
            Progress { episode: self.episode, episodes: self.run_episodes, in_phase: self.episode - self.phase_start };
        let factor = self.config.schedule.factor(progress);
        let learning = self.config.learning_rate * factor;
        self.rates = Rates { learning, homeostasis: learning * self.config.homeostasis.strength(self.episode) };
        self.state.reset(self.rule.network());
        self.rule.forget_traces();
        self.witness.reset();
        self.pending = None;
        self.dopamine = RunningMean::default();
        self.shown = Shown::default();
    }

    /// Sees, learns from the step before, decides. Returns an action index.
    pub fn act(&mut self, observation: &[f32]) -> usize {
        self.simulate(observation);
        let competition = self.rule.network().competition(&self.state);
        self.learn_from_pending(true);
        let action = competition.explore(&mut self.exploration);
        self.mark(action, competition.shares());
        self.state.note_action(action);
        action
    }

    /// Is told the reward of the last action, and whether the episode ended with it.
    pub fn reward(&mut self, reward: f64, end: Option<StepEnd>) {
        let reward = (reward as f32).max(self.config.reward_floor);
        if let Some(pending) = &mut self.pending {
            pending.reward = reward;
        }
        if let Some(sleep) = &mut self.sleep {
            sleep.note_reward(reward);
        }
        match end {
            None => {}
            Some(StepEnd::Terminated) => self.learn_from_pending(false),
            Some(StepEnd::Truncated(observation)) => {
                self.simulate(&observation);
                if let Some(sleep) = &mut self.sleep {
                    sleep.note_end(self.state.features(self.rule.network().layout()));
                }
                self.learn_from_pending(true);
            }
        }
    }

    /// From the next step on, these spikes are noted.
    pub fn watch(&mut self, watch: Watch) {
        self.state.watch(watch);
    }

    /// What there is to see of the last decision.
    pub fn activity(&self) -> Activity<'_> {
        let Shown { shares, value, dopamine } = self.shown;
        Activity { raster: self.state.raster(), shares, value, dopamine }
    }

    /// The layers whose spikes are noted.
    pub fn populations(&self, watch: Watch) -> Vec<Population> {
        self.network().populations(watch, self.witness != Witness::Counts)
    }

    /// The eligibility traces, in the places of their weights: `e[post, pre]`.
    pub fn eligibility(&self) -> Array2<f32> {
        let (layout, traces) = (self.network().layout(), self.rule.eligibility().traces());
        let mut all = Array2::zeros((NEURONS, NEURONS));
        for (post, traces) in layout.motor().zip(traces.rows()) {
            motor_weights_mut(&mut all, layout, post).assign(&traces);
        }
        all
    }

    /// Sleeps, and counts the episode.
    pub fn end_episode(&mut self) -> EpisodeSummary {
        if let Some(sleep) = &mut self.sleep {
            sleep.sleep(&mut self.rule, self.rates, &mut self.sleep_rng);
        }
        self.episode += 1;
        let mean_dopamine = self.dopamine.sum / f64::from(self.dopamine.count.max(1));
        EpisodeSummary { mean_dopamine, learning_rate: self.rates.learning }
    }

    fn simulate(&mut self, observation: &[f32]) {
        self.rule.network().simulate(&mut self.state, observation, self.witness.begin_step());
    }

    /// Learns from the last step; with `bootstrap`, the present state's value follows it.
    fn learn_from_pending(&mut self, bootstrap: bool) {
        let Some(Pending { value, reward }) = self.pending.take() else { return };
        let features = self.state.features(self.rule.network().layout());
        let next_value = bootstrap.then(|| self.rule.critic().value(features));
        let td_error = td_error(reward, self.config.discount, next_value, value);
        self.dopamine.sum += f64::from(td_error);
        self.dopamine.count += 1;
        self.shown.dopamine = Some(td_error);
        self.rule.learn(td_error, features, self.rates);
    }

    fn mark(&mut self, action: usize, shares: [f32; ACTIONS]) {
        let layout = *self.rule.network().layout();
        let features = self.state.features(&layout);
        let local = self.witness.local(&self.state, &layout);
        self.rule.mark(Decision { features, action, shares, ratio: 1.0 }, local, self.rates);
        let value = self.rule.critic().value(features);
        self.pending = Some(Pending { value, reward: 0.0 });
        (self.shown.shares, self.shown.value) = (Some(shares), Some(value));
        if let Some(sleep) = &mut self.sleep {
            sleep.note_decision(features, action, shares[action]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snn::Preset;

    /// A one-step task: the sensors say which of two actions is rewarded.
    fn bandit(preset: Preset, seed: u64) -> (SpikingLearner, f64) {
        let mut learner = SpikingLearner::new(preset.config(), seed, 300).unwrap();
        let mut late = 0.0;
        for episode in 0..300 {
            learner.begin_episode();
            for step in 0..10 {
                let leftish = (episode + step) % 2 == 0;
                let observation = if leftish { [12.0, 8.0, 3.0] } else { [3.0, 8.0, 12.0] };
                let right_answer = if leftish { 0 } else { 2 };
                let reward = if learner.act(&observation) == right_answer { 2.5 } else { 0.0 };
                learner.reward(reward, (step == 9).then_some(StepEnd::Terminated));
                if episode >= 250 {
                    late += reward / 500.0;
                }
            }
            learner.end_episode();
        }
        (learner, late)
    }

    #[test]
    fn every_preset_learns_a_simple_task_and_is_deterministic() {
        for preset in Preset::ALL {
            let (learner, late) = bandit(preset, 5);
            assert!(late > 2.2, "{preset}: {late} of 2.5");
            assert_eq!(learner.network(), bandit(preset, 5).0.network(), "{preset}");
            assert_ne!(learner.network(), bandit(preset, 6).0.network(), "{preset}");
        }
    }

    #[test]
    fn a_crash_bootstraps_nothing_and_a_horizon_does() {
        let mut learner = SpikingLearner::new(Preset::Stdp.config(), 1, 10).unwrap();
        let observation = [5.0, 9.0, 5.0];
        let mut dopamine = |end| {
            learner.begin_episode();
            learner.act(&observation);
            learner.reward(-100.0, Some(end));
            learner.end_episode().mean_dopamine
        };
        // A blank critic says 20 everywhere: −10 − 20 after a crash, −10 + 0.9·20 − 20 at a horizon (the floor is −10).
        assert!((dopamine(StepEnd::Terminated) + 30.0).abs() < 1e-4);
        let mut learner = SpikingLearner::new(Preset::Stdp.config(), 1, 10).unwrap();
        learner.begin_episode();
        learner.act(&observation);
        learner.reward(-100.0, Some(StepEnd::Truncated(observation.to_vec())));
        assert!((learner.end_episode().mean_dopamine + 12.0).abs() < 1e-4);
    }

    #[test]
    fn the_reward_of_one_step_is_never_learned_twice() {
        let mut learner = SpikingLearner::new(Preset::Stdp.config(), 1, 10).unwrap();
        learner.begin_episode();
        learner.act(&[5.0, 9.0, 5.0]);
        learner.reward(0.0, Some(StepEnd::Terminated));
        let after = learner.clone();
        learner.learn_from_pending(false);
        assert_eq!(learner.network(), after.network());
        assert_eq!(learner.critic(), after.critic());
    }
}
