//! The training loop: rounds of one episode on every lane, with periodic greedy evaluations.

use serde::{Deserialize, Deserializer, Serialize};
use spikedrive_env::ceiling::ceiling;
use spikedrive_env::{Course, EndReason, Phase, Split, WorldConfig, WorldOptions};
use spikedrive_learners::{Curriculum, Learner, LearnerConfig, LearnerState};

use crate::env::EnvFactory;
use crate::evaluate::{EpisodeResult, Evaluator, Trace, crash_rate, held_out, mean_return};
use crate::failure::Failure;
use crate::lesson::{HORIZON, Lesson};
use crate::round::{Episode, Onlooker, Show, TrainingEnv, drive_round};
use crate::stop::StopFlag;

/// Training episodes between two evaluations.
pub const EVAL_EVERY: usize = 5;
/// Shares of the ceiling whose first reaching is noted, in percent.
pub const MILESTONES: [u32; 3] = [90, 95, 98];

/// Everything that decides how a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainConfig {
    /// Network and learning rule.
    #[serde(rename = "config")]
    pub learner: LearnerConfig,
    /// What is taught.
    pub lesson: Lesson,
    /// Number of training episodes.
    pub episodes: usize,
    /// Seed of the run.
    pub seed: u64,
    /// Cars that drive and teach the same network at the same time.
    pub lanes: usize,
    /// Steps of an episode, in training and in periodic evaluation.
    pub horizon: usize,
    /// The world.
    pub world: WorldOptions,
    /// Ceilings of phases 1 to 4 in that world; infinite, in files null, where nobody needs it.
    #[serde(deserialize_with = "infinite_where_null")]
    pub ceilings: [f64; 4],
}

fn infinite_where_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[f64; 4], D::Error> {
    let ceilings = <[Option<f64>; 4]>::deserialize(deserializer)?;
    Ok(ceilings.map(|ceiling| ceiling.unwrap_or(f64::INFINITY)))
}

impl TrainConfig {
    /// A run in the base world with its horizon and ceilings.
    pub fn base(learner: impl Into<LearnerConfig>, lesson: Lesson, episodes: usize, seed: u64) -> Self {
        let learner = learner.into();
        let ceilings = Phase::ALL.map(|phase| ceiling(phase, HORIZON).unwrap_or(f64::INFINITY));
        Self { learner, lesson, episodes, seed, lanes: 1, horizon: HORIZON, world: WorldOptions::default(), ceilings }
    }
}

/// A greedy evaluation on the validation tracks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Mean return.
    pub mean: f64,
    /// Share of the ceiling, in percent.
    pub percent_of_ceiling: f64,
    /// Share of episodes that crashed.
    pub crash_rate: f64,
}

/// A training episode, as it is logged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EpisodeRecord {
    /// Number of the episode, from 1.
    pub episode: usize,
    /// Phase that was driven.
    pub phase: u32,
    /// Sum of the true rewards.
    #[serde(rename = "return")]
    pub episode_return: f64,
    /// Steps of the episode.
    pub length: usize,
    /// Whether it ended in a crash.
    pub crashed: bool,
    /// Mean dopamine.
    pub mean_dopamine: f64,
    /// Learning rate η.
    pub learning_rate: f32,
    /// Steps of all training episodes so far.
    pub env_steps: usize,
    /// The evaluation that followed, if one did.
    pub evaluation: Option<Evaluation>,
}

/// When each milestone was reached first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Milestones {
    /// Training episodes until then, in the order of [`MILESTONES`].
    pub episodes_to: [Option<usize>; 3],
    /// Training steps until then.
    pub env_steps_to: [Option<usize>; 3],
}

impl Milestones {
    /// Notes an evaluation: a milestone needs its share of the ceiling and no crash.
    fn note(&mut self, evaluation: &Evaluation, episodes: usize, env_steps: usize) {
        for (k, &percent) in MILESTONES.iter().enumerate() {
            if self.episodes_to[k].is_none()
                && evaluation.crash_rate == 0.0
                && evaluation.percent_of_ceiling >= f64::from(percent)
            {
                self.episodes_to[k] = Some(episodes);
                self.env_steps_to[k] = Some(env_steps);
            }
        }
    }
}

/// Follows a run: writes files, draws bars.
pub trait TrainSink {
    /// An episode, and the evaluation after it, are over.
    fn episode(&mut self, record: &EpisodeRecord, trainer: &Trainer) -> Result<(), Failure>;

    /// A new phase was entered after `episode` episodes.
    fn phase_entered(&mut self, _phase: Phase, _episode: usize) {}

    /// Who looks at single steps, if anybody does.
    fn onlooker(&mut self) -> Option<&mut dyn Onlooker> {
        None
    }

    /// A round is over and all of it is told: the state of the trainer is one to go on from.
    fn round_over(&mut self, _trainer: &Trainer) -> Result<(), Failure> {
        Ok(())
    }
}

/// Nobody follows.
impl TrainSink for () {
    fn episode(&mut self, _record: &EpisodeRecord, _trainer: &Trainer) -> Result<(), Failure> {
        Ok(())
    }
}

/// Keeps every record.
impl TrainSink for Vec<EpisodeRecord> {
    fn episode(&mut self, record: &EpisodeRecord, _trainer: &Trainer) -> Result<(), Failure> {
        self.push(*record);
        Ok(())
    }
}

/// A run in the middle of its training.
pub struct Trainer<'a> {
    config: TrainConfig,
    factory: &'a dyn EnvFactory,
    evaluator: &'a Evaluator,
    stop: &'a StopFlag,
    learner: Box<dyn Learner>,
    curriculum: Curriculum,
    env: Option<TrainingEnv>,
    env_steps: usize,
    crashes: usize,
    milestones: Milestones,
    /// Whether a round has begun that is not over.
    in_round: bool,
}

/// All that a run goes on from between two rounds, beside its configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainState {
    learner: LearnerState,
    curriculum: Curriculum,
    env_steps: usize,
    crashes: usize,
    milestones: Milestones,
}

impl<'a> Trainer<'a> {
    /// A run that has not started.
    pub fn new(
        config: TrainConfig,
        factory: &'a dyn EnvFactory,
        evaluator: &'a Evaluator,
        stop: &'a StopFlag,
    ) -> Result<Self, Failure> {
        let learner = config.learner.learner(config.seed, config.episodes, config.lanes)?;
        Ok(Self::with_learner(config, learner, factory, evaluator, stop))
    }

    /// A run of a learner that has lived already; its episodes follow those, and the run counts from none.
    pub fn with_learner(
        config: TrainConfig,
        learner: Box<dyn Learner>,
        factory: &'a dyn EnvFactory,
        evaluator: &'a Evaluator,
        stop: &'a StopFlag,
    ) -> Self {
        Self {
            config,
            factory,
            evaluator,
            stop,
            learner,
            curriculum: config.lesson.curriculum(&config.ceilings),
            env: None,
            env_steps: 0,
            crashes: 0,
            milestones: Milestones::default(),
            in_round: false,
        }
    }

    /// Goes on from a state of a run with the same configuration, bit for bit as that run would have.
    pub fn resume(self, state: TrainState) -> Result<Self, Failure> {
        let TrainState { learner, curriculum, env_steps, crashes, milestones } = state;
        let learner = self.config.learner.restored(self.config.episodes, learner)?;
        let phases = self.config.lesson.phases().len();
        if learner.lanes() == self.config.lanes && curriculum.phase() < phases {
            Ok(Self { learner, curriculum, env_steps, crashes, milestones, ..self })
        } else {
            Err(Failure::System(format!(
                "the state has {} lanes and phase {} of the curriculum, the run {} lanes and {phases} phases",
                learner.lanes(),
                curriculum.phase() + 1,
                self.config.lanes
            )))
        }
    }

    /// What [`Self::resume`] needs; none if a round was broken off.
    pub fn state(&self) -> Option<TrainState> {
        (!self.in_round).then(|| TrainState {
            learner: self.learner.state(),
            curriculum: self.curriculum.clone(),
            env_steps: self.env_steps,
            crashes: self.crashes,
            milestones: self.milestones,
        })
    }

    /// Trains to the last episode, or until it is told to stop: then it finishes the round, so that nothing of it is lost.
    pub fn run(&mut self, sink: &mut dyn TrainSink) -> Result<(), Failure> {
        while self.learner.episode() < self.config.episodes {
            if self.stop.is_set() {
                return Err(Failure::Interrupted);
            }
            self.round(sink)?;
        }
        Ok(())
    }

    /// An episode on every lane, and the evaluation if one is due.
    fn round(&mut self, sink: &mut dyn TrainSink) -> Result<(), Failure> {
        self.in_round = true;
        let before = self.learner.episode();
        let (mut records, phase_over) = self.train_round(sink.onlooker())?;
        let after = self.learner.episode();
        if after / EVAL_EVERY > before / EVAL_EVERY
            && let Some(last) = records.last_mut()
        {
            let evaluation = self.evaluate()?;
            self.milestones.note(&evaluation, after, last.env_steps);
            last.evaluation = Some(evaluation);
        }
        if phase_over {
            self.env = None;
            self.learner.begin_phase();
        }
        records.iter().try_for_each(|record| sink.episode(record, self))?;
        if phase_over {
            sink.phase_entered(self.phase(), after);
        }
        self.in_round = false;
        sink.round_over(self)
    }

    /// Where its environments come from.
    pub fn factory(&self) -> &dyn EnvFactory {
        self.factory
    }

    /// Configuration of the run.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// The learner as it is now.
    pub fn learner(&self) -> &dyn Learner {
        self.learner.as_ref()
    }

    /// Training steps so far.
    pub fn env_steps(&self) -> usize {
        self.env_steps
    }

    /// Training episodes that crashed.
    pub fn crashes(&self) -> usize {
        self.crashes
    }

    /// When the milestones were reached.
    pub fn milestones(&self) -> &Milestones {
        &self.milestones
    }

    /// Greedy results of the present network on all 50 test tracks.
    pub fn test(&self, phase: Phase, horizon: usize) -> Result<Vec<EpisodeResult>, Failure> {
        self.test_in(self.config.world, phase, horizon)
    }

    /// The same in another world than it is taught in.
    pub fn test_in(&self, world: WorldOptions, phase: Phase, horizon: usize) -> Result<Vec<EpisodeResult>, Failure> {
        let tracks = Split::Test.tracks() as usize;
        self.evaluate_on(&held_out(phase, Split::Test, horizon, tracks, world), self.stop)
    }

    /// The same, and how each of them was driven, for pictures; without that where a message could not hold it.
    pub fn test_traced(&self, phase: Phase, horizon: usize) -> Result<(Vec<EpisodeResult>, Vec<Trace>), Failure> {
        let tracks = Split::Test.tracks() as usize;
        let world = held_out(phase, Split::Test, horizon, tracks, self.config.world).with_info(true);
        self.evaluator.evaluate_traced(self.factory, &world, self.learner.policy(), self.config.seed, self.stop)
    }

    /// The phase that is taught now.
    pub fn phase(&self) -> Phase {
        let TrainConfig { lesson, seed, .. } = self.config;
        lesson.phase(&self.curriculum, seed, self.rounds())
    }

    fn train_round(&mut self, onlooker: Option<&mut dyn Onlooker>) -> Result<(Vec<EpisodeRecord>, bool), Failure> {
        let phase = self.phase();
        let lanes = self.config.lanes.min(self.config.episodes - self.learner.episode());
        let mut env = match self.env.take().filter(|env| env.lanes == lanes && env.phase == phase) {
            Some(env) => env,
            None => self.open(phase, lanes, onlooker.is_some())?,
        };
        let show = onlooker.map(|onlooker| Show { onlooker, phase, stop: self.stop });
        let episodes = drive_round(&mut env, self.learner.as_mut(), show)?;
        // A lane that ended before the others has begun an episode that nobody drove: such an environment is used up.
        self.env = Some(env).filter(|env| env.ended);
        let mut phase_over = false;
        let mut records = Vec::with_capacity(lanes);
        for (lane, Episode { episode_return, length, end }) in episodes.into_iter().enumerate() {
            let summary = self.learner.end_episode(lane);
            let crashed = end == EndReason::Crash;
            self.env_steps += length;
            self.crashes += usize::from(crashed);
            phase_over = phase_over || self.curriculum.record(episode_return);
            records.push(EpisodeRecord {
                episode: self.learner.episode(),
                phase: phase.number(),
                episode_return,
                length,
                crashed,
                mean_dopamine: summary.mean_dopamine,
                learning_rate: summary.learning_rate,
                env_steps: self.env_steps,
                evaluation: None,
            });
        }
        Ok((records, phase_over))
    }

    /// Rounds that are over.
    fn rounds(&self) -> u64 {
        (self.learner.episode() / self.config.lanes) as u64
    }

    /// A training environment whose first episodes are those of the next round.
    fn open(&self, phase: Phase, lanes: usize, info: bool) -> Result<TrainingEnv, Failure> {
        let course = Course::Phase { phase, split: Split::Train };
        let TrainConfig { seed, horizon, world, .. } = self.config;
        let first_episode = self.rounds();
        let base = WorldConfig::base(course, lanes, horizon);
        let env = self.factory.make(&WorldConfig { seed, first_episode, options: world, ..base }.with_info(info))?;
        self.learner.policy().check_rays(env.observations().len() / lanes)?;
        Ok(TrainingEnv { env, lanes, phase, ended: false })
    }

    /// A greedy evaluation on the validation tracks of the phase that is aimed at.
    pub fn evaluate(&self) -> Result<Evaluation, Failure> {
        let TrainConfig { lesson, horizon, world, ceilings, .. } = self.config;
        let target = lesson.target();
        let tracks = Split::Validation.tracks() as usize;
        // It belongs to the round, which is finished whoever asks to stop.
        let never = StopFlag::default();
        let results = self.evaluate_on(&held_out(target, Split::Validation, horizon, tracks, world), &never)?;
        let mean = mean_return(&results);
        let percent_of_ceiling = 100.0 * mean / ceilings[target as usize - 1];
        Ok(Evaluation { mean, percent_of_ceiling, crash_rate: crash_rate(&results) })
    }

    fn evaluate_on(&self, world: &WorldConfig, stop: &StopFlag) -> Result<Vec<EpisodeResult>, Failure> {
        self.evaluator.evaluate(self.factory, world, self.learner.policy(), self.config.seed, stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_milestone_needs_its_share_and_no_crash_and_is_noted_once() {
        let mut milestones = Milestones::default();
        let evaluation = |percent_of_ceiling, crash_rate| Evaluation { mean: 0.0, percent_of_ceiling, crash_rate };
        milestones.note(&evaluation(99.0, 0.05), 5, 400);
        assert_eq!(milestones, Milestones::default());
        milestones.note(&evaluation(95.0, 0.0), 10, 900);
        milestones.note(&evaluation(99.0, 0.0), 15, 1400);
        assert_eq!(milestones.episodes_to, [Some(10), Some(10), Some(15)]);
        assert_eq!(milestones.env_steps_to, [Some(900), Some(900), Some(1400)]);
    }
}
