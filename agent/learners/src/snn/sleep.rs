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
use crate::random::uniform;
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
    /// Whether crashes are remembered longer and replayed more often than other episodes.
    #[serde(default)]
    pub crashes: Option<CrashReplay>,
}

/// Crashes have a memory of their own: what goes wrong on few roads is else forgotten before it is learned from enough. Each replay but the first is with
/// probability `share` of one of the last `memory` episodes that ended in a crash, drawn uniformly. It is a replay by need, like that of what surprised most
/// (Schaul, Quan, Antonoglou & Silver 2016) or of what hurt (Wu, Haggerty, Kemere & Ji 2017). Nothing takes back that critic and pools then see more crashes than
/// there are; where hardly any happen, that costs return.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CrashReplay {
    /// Crashes that are remembered.
    pub memory: usize,
    /// Probability that a replay is of one of them.
    pub share: f32,
}

impl SleepParams {
    /// Checks every parameter.
    pub fn validate(&self) -> Result<(), String> {
        in_range("memory", self.memory, 1..=1000)?;
        in_range("replays", self.replays, 0..=1000)?;
        let Some(CrashReplay { memory, share }) = self.crashes else { return Ok(()) };
        in_range("crashes.memory", memory, 1..=1000)?;
        in_range("crashes.share", share, 0.0..=1.0)
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
    /// Those of the last crashes, where they have a memory of their own.
    crashes: VecDeque<Day>,
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

    /// What the network saw, step by step.
    #[cfg(test)]
    pub(super) fn features(&self) -> impl Iterator<Item = &Vec<f32>> + Clone {
        self.moments.iter().map(|moment| &moment.features)
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
        Self { params, days: VecDeque::new(), crashes: VecDeque::new() }
    }

    /// A diary of the given days and crashes, unless a learner with so many features cannot have lived them.
    pub fn restored(params: SleepParams, days: VecDeque<Day>, crashes: VecDeque<Day>, features: usize) -> Option<Self> {
        let valid = days.iter().chain(&crashes).all(|day| day.is_valid(features));
        valid.then_some(Self { params, days, crashes })
    }

    /// The days that are remembered, the newest last.
    pub fn days(&self) -> &VecDeque<Day> {
        &self.days
    }

    /// The crashes that are remembered longer, the newest last.
    pub fn crashes(&self) -> &VecDeque<Day> {
        &self.crashes
    }

    /// Forgets what these features said: who is lost says nothing, not in a dream either.
    pub fn silence(&mut self, features: &[usize]) {
        for day in self.days.iter_mut().chain(&mut self.crashes) {
            let moments = day.moments.iter_mut().map(|moment| &mut moment.features);
            for seen in moments.chain(&mut day.last_features) {
                features.iter().for_each(|&feature| seen[feature] = 0.0);
            }
        }
    }

    /// Ends the day and replays: the one just lived, then others drawn from memory. Leaves `traces` in any state.
    pub fn sleep(
        &mut self,
        today: Day,
        rule: &mut ThreeFactorRule,
        traces: &mut Traces,
        rates: Rates,
        rng: &mut impl Rng,
    ) {
        self.end_day(today);
        let rates = match self.params.homeostasis {
            SleepHomeostasis::On => rates,
            SleepHomeostasis::Off => Rates { homeostasis: 0.0, ..rates },
        };
        for replay in 0..self.params.replays {
            let newest = self.days.len() - 1;
            let day = if replay == 0 { &self.days[newest] } else { self.recall(rng) };
            day.replay(rule, traces, rates);
        }
    }

    /// Writes the day into the diary, and forgets what is too old.
    fn end_day(&mut self, today: Day) {
        let crashed = today.last_features.is_none();
        if let Some(params) = self.params.crashes.filter(|_| crashed) {
            remember(&mut self.crashes, today.clone(), params.memory);
        }
        remember(&mut self.days, today, self.params.memory);
    }

    /// A day of the past.
    fn recall(&self, rng: &mut impl Rng) -> &Day {
        let share = self.params.crashes.filter(|_| !self.crashes.is_empty()).map(|crashes| crashes.share);
        let days = if share.is_some_and(|share| uniform(rng) < share) { &self.crashes } else { &self.days };
        &days[rng.next_u32() as usize % days.len()]
    }
}

/// Adds a day, and forgets those before the last `memory`.
fn remember(days: &mut VecDeque<Day>, day: Day, memory: usize) {
    days.push_back(day);
    while days.len() > memory.max(1) {
        days.pop_front();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    fn params(crashes: Option<CrashReplay>) -> SleepParams {
        SleepParams { memory: 2, replays: 3, homeostasis: SleepHomeostasis::On, crashes }
    }

    /// A day that nothing happened on; its number is the value of its only feature.
    fn day(number: usize, crashed: bool) -> Day {
        let mut day = Day::default();
        day.note_decision(&[number as f32], 0, 1.0);
        if !crashed {
            day.note_end(&[0.0]);
        }
        day
    }

    fn number(day: &Day) -> usize {
        day.moments[0].features[0] as usize
    }

    #[test]
    fn crashes_are_remembered_longer_and_recalled_more_often() {
        let mut sleep = Sleep::new(params(Some(CrashReplay { memory: 3, share: 0.75 })));
        for (number, crashed) in [true, true, false, true, true, false, false].into_iter().enumerate() {
            sleep.end_day(day(number, crashed));
        }
        assert_eq!(sleep.days().iter().map(number).collect::<Vec<_>>(), [5, 6]);
        assert_eq!(sleep.crashes().iter().map(number).collect::<Vec<_>>(), [1, 3, 4]);
        let mut rng = stream(1, Purpose::Sleep, 0);
        let recalled: Vec<usize> = (0..4000).map(|_| number(sleep.recall(&mut rng))).collect();
        let share = |wanted: usize| recalled.iter().filter(|number| **number == wanted).count() as f32 / 4000.0;
        for crash in [1, 3, 4] {
            assert!((share(crash) - 0.25).abs() < 0.03, "{crash}: {}", share(crash));
        }
        assert!((share(5) - 0.125).abs() < 0.03 && (share(6) - 0.125).abs() < 0.03);
    }

    #[test]
    fn without_a_memory_of_their_own_crashes_are_days_like_others() {
        let mut sleep = Sleep::new(params(None));
        (0..5).for_each(|number| sleep.end_day(day(number, true)));
        assert!(sleep.crashes().is_empty());
        assert!([3, 4].contains(&number(sleep.recall(&mut stream(1, Purpose::Sleep, 0)))), "one of the last two");
        // Where none has happened, none is recalled.
        let mut sleep = Sleep::new(params(Some(CrashReplay { memory: 1, share: 1.0 })));
        sleep.end_day(day(7, false));
        assert_eq!(number(sleep.recall(&mut stream(1, Purpose::Sleep, 0))), 7);
    }

    #[test]
    fn what_is_impossible_is_told() {
        let refuses = |crashes, words: &str| assert!(params(Some(crashes)).validate().unwrap_err().starts_with(words));
        refuses(CrashReplay { memory: 0, share: 0.5 }, "crashes.memory: 0 is outside [1, 1000]");
        refuses(CrashReplay { memory: 1, share: 1.5 }, "crashes.share: 1.5 is outside [0, 1]");
        refuses(CrashReplay { memory: 1, share: f32::NAN }, "crashes.share: NaN");
        assert!(params(Some(CrashReplay { memory: 1, share: 0.0 })).validate().is_ok());
        let crashes = VecDeque::from([day(1, true)]);
        assert!(Sleep::restored(params(None), VecDeque::new(), crashes.clone(), 1).is_some());
        assert!(Sleep::restored(params(None), VecDeque::new(), crashes, 2).is_none(), "one feature, not two");
    }
}
