//! The training loop: one car, one episode after another, with periodic greedy evaluations.

use serde::Serialize;
use spikedrive_env::ceiling::ceiling;
use spikedrive_env::{Action, Course, EndReason, Phase, Split, WorldConfig, WorldOptions};
use spikedrive_learners::snn::StepEnd;
use spikedrive_learners::{Curriculum, Learner, LearnerConfig};

use crate::env::{EnvFactory, VectorEnv};
use crate::evaluate::{EpisodeResult, Evaluator, crash_rate, held_out, mean_return};
use crate::failure::Failure;
use crate::lesson::{HORIZON, Lesson};
use crate::stop::StopFlag;

/// Training episodes between two evaluations.
pub const EVAL_EVERY: usize = 5;
/// Shares of the ceiling whose first reaching is noted, in percent.
pub const MILESTONES: [u32; 3] = [90, 95, 98];

/// Everything that decides how a run goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainConfig {
    /// Network and learning rule.
    pub learner: LearnerConfig,
    /// What is taught.
    pub lesson: Lesson,
    /// Number of training episodes.
    pub episodes: usize,
    /// Seed of the run.
    pub seed: u64,
    /// Steps of an episode, in training and in periodic evaluation.
    pub horizon: usize,
    /// The world.
    pub world: WorldOptions,
    /// Ceilings of phases 1 to 4 in that world.
    pub ceilings: [f64; 4],
}

impl TrainConfig {
    /// A run in the base world with its horizon and ceilings.
    pub fn base(learner: impl Into<LearnerConfig>, lesson: Lesson, episodes: usize, seed: u64) -> Self {
        let learner = learner.into();
        let ceilings = Phase::ALL.map(|phase| ceiling(phase, HORIZON).unwrap_or(f64::INFINITY));
        Self { learner, lesson, episodes, seed, horizon: HORIZON, world: WorldOptions::default(), ceilings }
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
#[derive(Clone, Copy, Debug, Default, PartialEq)]
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
    fn phase_entered(&mut self, phase: Phase, episode: usize);
}

/// Nobody follows.
impl TrainSink for () {
    fn episode(&mut self, _record: &EpisodeRecord, _trainer: &Trainer) -> Result<(), Failure> {
        Ok(())
    }

    fn phase_entered(&mut self, _phase: Phase, _episode: usize) {}
}

/// Keeps every record.
impl TrainSink for Vec<EpisodeRecord> {
    fn episode(&mut self, record: &EpisodeRecord, _trainer: &Trainer) -> Result<(), Failure> {
        self.push(*record);
        Ok(())
    }

    fn phase_entered(&mut self, _phase: Phase, _episode: usize) {}
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
}

/// The car's environment, and whether its last episode is over, so that the next step only resets it.
struct TrainingEnv {
    env: Box<dyn VectorEnv>,
    ended: bool,
}

/// What happened in an episode.
struct Episode {
    episode_return: f64,
    length: usize,
    end: EndReason,
}

impl<'a> Trainer<'a> {
    /// A run that has not started.
    pub fn new(
        config: TrainConfig,
        factory: &'a dyn EnvFactory,
        evaluator: &'a Evaluator,
        stop: &'a StopFlag,
    ) -> Result<Self, Failure> {
        let learner = config.learner.learner(config.seed, config.episodes)?;
        let curriculum = config.lesson.curriculum(&config.ceilings);
        let milestones = Milestones::default();
        Ok(Self {
            config,
            factory,
            evaluator,
            stop,
            learner,
            curriculum,
            env: None,
            env_steps: 0,
            crashes: 0,
            milestones,
        })
    }

    /// Trains to the last episode, or until it is told to stop.
    pub fn run(&mut self, sink: &mut dyn TrainSink) -> Result<(), Failure> {
        while self.learner.episode() < self.config.episodes {
            let (mut record, phase_over) = self.train_episode()?;
            let evaluation =
                if record.episode.is_multiple_of(EVAL_EVERY) { self.evaluate().map(Some) } else { Ok(None) };
            if let Ok(Some(evaluation)) = &evaluation {
                self.milestones.note(evaluation, record.episode, record.env_steps);
                record.evaluation = Some(*evaluation);
            }
            sink.episode(&record, self)?;
            evaluation?;
            if phase_over {
                self.env = None;
                self.learner.begin_phase();
                sink.phase_entered(self.phase(), record.episode);
            }
        }
        Ok(())
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
        self.evaluate_on(&held_out(phase, Split::Test, horizon, Split::Test.tracks() as usize, self.config.world))
    }

    /// The phase that is taught now.
    pub fn phase(&self) -> Phase {
        self.config.lesson.phases()[self.curriculum.phase()]
    }

    fn train_episode(&mut self) -> Result<(EpisodeRecord, bool), Failure> {
        let phase = self.phase();
        let mut env = match self.env.take() {
            Some(env) => env,
            None => self.open(phase)?,
        };
        let episode = drive_episode(&mut env, self.learner.as_mut(), self.stop)?;
        self.env = Some(env);
        let summary = self.learner.end_episode();
        let crashed = episode.end == EndReason::Crash;
        self.env_steps += episode.length;
        self.crashes += usize::from(crashed);
        let phase_over = self.curriculum.record(episode.episode_return);
        let record = EpisodeRecord {
            episode: self.learner.episode(),
            phase: phase.number(),
            episode_return: episode.episode_return,
            length: episode.length,
            crashed,
            mean_dopamine: summary.mean_dopamine,
            learning_rate: summary.learning_rate,
            env_steps: self.env_steps,
            evaluation: None,
        };
        Ok((record, phase_over))
    }

    /// A training environment whose first episode is the next one of the run.
    fn open(&self, phase: Phase) -> Result<TrainingEnv, Failure> {
        let course = Course::Phase { phase, split: Split::Train };
        let first_episode = self.learner.episode() as u64;
        let TrainConfig { seed, horizon, world, .. } = self.config;
        let base = WorldConfig::base(course, 1, horizon);
        let env = self.factory.make(&WorldConfig { seed, first_episode, options: world, ..base })?;
        self.learner.policy().check_rays(env.observations().len())?;
        Ok(TrainingEnv { env, ended: false })
    }

    fn evaluate(&self) -> Result<Evaluation, Failure> {
        let TrainConfig { lesson, horizon, world, ceilings, .. } = self.config;
        let target = lesson.target();
        let tracks = Split::Validation.tracks() as usize;
        let results = self.evaluate_on(&held_out(target, Split::Validation, horizon, tracks, world))?;
        let mean = mean_return(&results);
        let percent_of_ceiling = 100.0 * mean / ceilings[target as usize - 1];
        Ok(Evaluation { mean, percent_of_ceiling, crash_rate: crash_rate(&results) })
    }

    fn evaluate_on(&self, world: &WorldConfig) -> Result<Vec<EpisodeResult>, Failure> {
        self.evaluator.evaluate(self.factory, world, self.learner.policy(), self.config.seed, self.stop)
    }
}

/// Drives and learns from one episode. The reset step of autoreset mode NEXT_STEP counts for nothing.
fn drive_episode(env: &mut TrainingEnv, learner: &mut dyn Learner, stop: &StopFlag) -> Result<Episode, Failure> {
    if std::mem::take(&mut env.ended) {
        env.env.step(&[Action::Straight])?;
    }
    learner.begin_episode();
    let mut observation = env.env.observations().to_vec();
    let (mut episode_return, mut length) = (0.0, 0);
    loop {
        if stop.is_set() {
            return Err(Failure::Interrupted);
        }
        let action = learner.act(&observation);
        let batch = env.env.step(&[Action::ALL[action]])?;
        let (reward, end) = (batch.rewards[0], batch.ends[0]);
        observation.copy_from_slice(&batch.observations);
        episode_return += reward;
        length += 1;
        let step_end = end
            .map(|end| if end.is_terminated() { StepEnd::Terminated } else { StepEnd::Truncated(observation.clone()) });
        learner.reward(reward, step_end);
        if let Some(end) = end {
            env.ended = true;
            return Ok(Episode { episode_return, length, end });
        }
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
