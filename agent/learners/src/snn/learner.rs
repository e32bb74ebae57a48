//! The spiking agent: acts, learns from each step, sleeps after each episode.

use rand_chacha::ChaCha8Rng;

use super::config::{Plasticity, SnnConfig};
use super::critic::Critic;
use super::dopamine::td_error;
use super::eligibility::Local;
use super::network::{Network, NetworkError, NetworkState};
use super::readout;
use super::sleep::Sleep;
use super::stdp::PairStdp;
use super::three_factor::{Decision, Rates, ThreeFactorRule};
use crate::random::{Purpose, stream};
use crate::{ACTIONS, Observation};

/// The lane of the training car; evaluations use others.
const TRAINING_LANE: u64 = 0;

/// How an episode ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StepEnd {
    /// The task ended: nothing of value follows.
    Terminated,
    /// The episode was cut; this is what the car sees there.
    Truncated(Observation),
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
    stdp: Option<PairStdp>,
    sleep: Option<Sleep>,
    exploration: ChaCha8Rng,
    sleep_rng: ChaCha8Rng,
    /// Length of the run, in episodes: what a schedule is scaled to.
    run_episodes: usize,
    episode: usize,
    rates: Rates,
    /// V(x) and reward of the last step, not yet learned from.
    pending: Option<Pending>,
    dopamine: RunningMean,
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
        let stdp = match config.plasticity {
            Plasticity::PairStdp(params) => Some(PairStdp::new(params, layout.motor().len(), layout.presynaptic())),
            Plasticity::PreCount => None,
        };
        Ok(Self {
            config,
            rule: ThreeFactorRule::new(network),
            state,
            stdp,
            sleep: config.sleep.map(Sleep::new),
            exploration: stream(seed, Purpose::Exploration, TRAINING_LANE),
            sleep_rng: stream(seed, Purpose::Sleep, TRAINING_LANE),
            run_episodes,
            episode: 0,
            rates: Rates { learning: 0.0, homeostasis: 0.0 },
            pending: None,
            dopamine: RunningMean::default(),
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

    /// Forgets the last episode and prepares for the next.
    pub fn begin_episode(&mut self) {
        let factor = self.config.schedule.factor(self.episode, self.run_episodes);
        let learning = self.config.learning_rate * factor;
        self.rates = Rates { learning, homeostasis: learning * self.config.homeostasis.strength(self.episode) };
        self.state.reset();
        self.rule.forget_traces();
        if let Some(stdp) = &mut self.stdp {
            stdp.reset();
        }
        self.pending = None;
        self.dopamine = RunningMean::default();
    }

    /// Sees, learns from the step before, decides. Returns an action index.
    pub fn act(&mut self, observation: &Observation) -> usize {
        self.simulate(observation);
        let shares = readout::shares(self.rule.network().pool_drive(&self.state));
        self.learn_from_pending(true);
        let action = readout::sample(shares, &mut self.exploration);
        self.mark(action, shares);
        self.state.set_previous_action(action);
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
                    sleep.note_end(self.state.counts());
                }
                self.learn_from_pending(true);
            }
        }
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

    fn simulate(&mut self, observation: &Observation) {
        if let Some(stdp) = &mut self.stdp {
            stdp.begin_step();
        }
        self.rule.network().simulate(&mut self.state, observation, self.stdp.as_mut());
    }

    /// Learns from the last step; with `bootstrap`, the present state's value follows it.
    fn learn_from_pending(&mut self, bootstrap: bool) {
        let Some(Pending { value, reward }) = self.pending.take() else { return };
        let features = self.state.counts();
        let next_value = bootstrap.then(|| self.rule.critic().value(features));
        let td_error = td_error(reward, self.config.discount, next_value, value);
        self.dopamine.sum += f64::from(td_error);
        self.dopamine.count += 1;
        self.rule.learn(td_error, features, self.rates);
    }

    fn mark(&mut self, action: usize, shares: [f32; ACTIONS]) {
        let features = self.state.counts();
        let local = match &self.stdp {
            Some(stdp) => Local::Pairings(stdp.pairings()),
            None => Local::PreCount(features),
        };
        self.rule.mark(Decision { features, action, shares, ratio: 1.0 }, local, self.rates);
        self.pending = Some(Pending { value: self.rule.critic().value(features), reward: 0.0 });
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
        learner.reward(-100.0, Some(StepEnd::Truncated(observation)));
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
