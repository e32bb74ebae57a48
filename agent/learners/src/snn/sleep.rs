//! Sleep: after an episode, remembered ones are replayed and learned from again.

use std::collections::VecDeque;

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::competition::Readout;
use super::config::SnnConfig;
use super::dopamine::td_error;
use super::readout;
use super::three_factor::{Decision, Local, Rates, ThreeFactorRule, Traces};
use crate::ACTIONS;
use crate::range::in_range;

/// Parameters of sleep.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SleepParams {
    /// Episodes that are remembered.
    pub memory: usize,
    /// Replays after an episode: first the one just lived, then any of those remembered.
    pub replays: usize,
    /// Homeostasis while asleep.
    pub homeostasis: SleepHomeostasis,
}

impl SleepParams {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        in_range("memory", self.memory, 1..=1000)?;
        in_range("replays", self.replays, 0..=1000)
    }
}

/// Homeostasis while asleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SleepHomeostasis {
    /// As awake.
    On,
    /// Asleep, only dopamine changes weights.
    Off,
}

/// One remembered decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Moment {
    features: Vec<f32>,
    action: usize,
    /// μ: its probability when it was taken.
    probability: f32,
    reward: f32,
}

/// One episode as it is remembered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Day {
    moments: Vec<Moment>,
    /// What the network saw at the end, unless that was a crash.
    last_features: Option<Vec<f32>>,
}

/// The diary of the last episodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Sleep {
    params: SleepParams,
    days: VecDeque<Day>,
}

impl Day {
    /// Writes down a decision.
    pub fn note_decision(&mut self, features: &[f32], action: usize, probability: f32) {
        self.moments.push(Moment { features: features.to_vec(), action, probability, reward: 0.0 });
    }

    /// Writes down the reward of the last decision, as it was learned from.
    pub fn note_reward(&mut self, reward: f32) {
        if let Some(moment) = self.moments.last_mut() {
            moment.reward = reward;
        }
    }

    /// Writes down what the network saw when the horizon cut the episode.
    pub fn note_end(&mut self, features: &[f32]) {
        self.last_features = Some(features.to_vec());
    }

    /// Whether a learner with so many features could have lived it.
    fn is_valid(&self, features: usize) -> bool {
        let fits = |seen: &Vec<f32>| seen.len() == features;
        self.moments.iter().all(|moment| fits(&moment.features) && moment.action < ACTIONS)
            && self.last_features.iter().all(fits)
    }
}

impl Sleep {
    /// An empty diary.
    pub fn new(params: SleepParams) -> Self {
        Self { params, days: VecDeque::new() }
    }

    /// A diary of the given days, unless a learner with so many features cannot have lived them.
    pub fn restored(params: SleepParams, days: VecDeque<Day>, features: usize) -> Option<Self> {
        days.iter().all(|day| day.is_valid(features)).then_some(Self { params, days })
    }

    /// The days that are remembered, the newest last.
    pub fn days(&self) -> &VecDeque<Day> {
        &self.days
    }

    /// Forgets what these features said: who is lost says nothing, not in a dream either.
    pub fn silence(&mut self, features: &[usize]) {
        for day in &mut self.days {
            let moments = day.moments.iter_mut().map(|moment| &mut moment.features);
            for seen in moments.chain(&mut day.last_features) {
                features.iter().for_each(|&feature| seen[feature] = 0.0);
            }
        }
    }

    /// Ends the day and replays: the one just lived, then others drawn uniformly from the memory. Leaves `traces` in any state.
    pub fn sleep(
        &mut self,
        today: Day,
        rule: &mut ThreeFactorRule,
        traces: &mut Traces,
        rates: Rates,
        rng: &mut impl Rng,
    ) {
        self.days.push_back(today);
        while self.days.len() > self.params.memory.max(1) {
            self.days.pop_front();
        }
        let rates = match self.params.homeostasis {
            SleepHomeostasis::On => rates,
            SleepHomeostasis::Off => Rates { homeostasis: 0.0, ..rates },
        };
        for replay in 0..self.params.replays {
            let newest = self.days.len() - 1;
            let day = if replay == 0 { newest } else { rng.next_u32() as usize % self.days.len() };
            self.days[day].replay(rule, traces, rates);
        }
    }
}

impl Day {
    /// Learns again from the episode, with the present weights. Decisions that the network would hardly take any more count
    /// less: `ρ = min(1, π(a)/μ(a))` (Retrace, Munos et al. 2016).
    fn replay(&self, rule: &mut ThreeFactorRule, traces: &mut Traces, rates: Rates) {
        let SnnConfig { discount, readout: Readout::Pathway { inverse_temperature }, .. } = *rule.network().config()
        else {
            // From counts alone only a pathway can be recomputed; `SnnConfig::validate` lets nothing else sleep.
            return;
        };
        traces.reset();
        for (k, moment) in self.moments.iter().enumerate() {
            let Moment { features, action, probability, reward } = moment;
            let shares = readout::shares(rule.recall(inverse_temperature, features));
            let ratio = (shares[*action] / probability).min(1.0);
            rule.mark(traces, Decision { features, action: *action, shares, ratio }, Local::PreCount, rates);
            let next = self.moments.get(k + 1).map(|moment| &moment.features).or(self.last_features.as_ref());
            let next_value = next.map(|features| rule.value(features));
            let td_error = td_error(*reward, discount, next_value, rule.value(features));
            rule.predict(traces, td_error, features);
            rule.reinforce(traces, td_error, rates);
        }
    }
}
