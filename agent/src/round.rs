//! A round of training: an episode on every lane, step by step, and those who look at it.

use spikedrive_env::{Action, EndReason, Phase, Pose, Road};
use spikedrive_learners::snn::StepEnd;
use spikedrive_learners::{Activity, Learner, Watch};

use crate::env::{EnvError, VectorEnv};
use crate::failure::Failure;
use crate::stop::StopFlag;

/// Looks at single steps of a run, and may make it wait. It changes no number of the run.
pub trait Onlooker {
    /// An episode begins on a lane, on this road if the environment tells it.
    fn episode_begins(&mut self, lane: usize, episode: usize, phase: Phase, road: Option<&Road>);

    /// Before the lanes take a step: waits, if somebody wants it to, until `stop` is set. `keep_alive` is called every second
    /// meanwhile.
    fn before_step(&mut self, stop: &StopFlag, keep_alive: KeepAlive) -> Result<(), EnvError>;

    /// What is to be watched in the next step of a lane, if it is to be shown.
    fn watch(&self, lane: usize) -> Option<Watch>;

    /// A step that was to be shown.
    fn step(&mut self, view: &StepView);
}

/// Tells an environment that its driver waits.
pub type KeepAlive<'a> = &'a mut dyn FnMut() -> Result<(), EnvError>;

/// A step, as those see it who look.
#[derive(Clone, Copy)]
pub struct StepView<'a> {
    /// Lane of the car.
    pub lane: usize,
    /// Number of the episode, from 1.
    pub episode: usize,
    /// Number of the step in it, from 0.
    pub step: usize,
    /// Phase that is driven.
    pub phase: Phase,
    /// Where the car was before the action.
    pub pose: Pose,
    /// What it saw there.
    pub observation: &'a [f32],
    /// The action that was taken.
    pub action: Action,
    /// Its reward.
    pub reward: f64,
    /// Sum of the rewards of the episode, this one included.
    pub episode_return: f64,
    /// What the network did for it.
    pub activity: Activity<'a>,
    /// The learner, which has not been told the reward yet; none where a network drives and does not learn.
    pub learner: Option<&'a dyn Learner>,
}

/// The cars' environment.
pub(crate) struct TrainingEnv {
    pub(crate) env: Box<dyn VectorEnv>,
    pub(crate) lanes: usize,
    pub(crate) phase: Phase,
    /// Whether the episodes of all lanes ended with the last step, so that the next one only resets them.
    pub(crate) ended: bool,
}

/// What happened in an episode.
#[derive(Clone, Copy)]
pub(crate) struct Episode {
    pub(crate) episode_return: f64,
    pub(crate) length: usize,
    pub(crate) end: EndReason,
}

/// A round that somebody looks at.
pub(crate) struct Show<'a> {
    pub(crate) onlooker: &'a mut dyn Onlooker,
    pub(crate) phase: Phase,
    pub(crate) stop: &'a StopFlag,
}

/// An episode on its way.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    episode_return: f64,
    length: usize,
    end: Option<EndReason>,
}

/// Drives and learns from one episode on every lane. A lane whose episode is over waits for the others; the reset step of
/// autoreset mode NEXT_STEP counts for nothing.
pub(crate) fn drive_round(
    env: &mut TrainingEnv,
    learner: &mut dyn Learner,
    mut show: Option<Show>,
) -> Result<Vec<Episode>, Failure> {
    let TrainingEnv { env, lanes, ended, .. } = env;
    let mut actions = vec![Action::Straight; *lanes];
    if std::mem::take(ended) {
        env.step(&actions)?;
    }
    (0..*lanes).for_each(|lane| learner.begin_episode(lane));
    if let Some(show) = &mut show {
        show.begin(env.as_ref(), learner, *lanes);
    }
    let mut observations = env.observations().to_vec();
    let rays = observations.len() / *lanes;
    let mut progress = vec![Progress::default(); *lanes];
    let mut poses = Vec::new();
    while progress.iter().any(|lane| lane.end.is_none()) {
        if let Some(show) = &mut show {
            show.onlooker.before_step(show.stop, &mut || env.keep_alive())?;
            poses.clear();
            poses.extend(env.info().iter().flat_map(|info| &info.poses));
        }
        for (lane, observation) in observations.chunks_exact(rays).enumerate() {
            if progress[lane].end.is_none() {
                let watch = show.as_ref().and_then(|show| show.onlooker.watch(lane));
                learner.watch(lane, watch.unwrap_or_default());
                actions[lane] = Action::ALL[learner.act(lane, observation)];
            }
        }
        let batch = env.step(&actions)?;
        for (lane, progress) in progress.iter_mut().enumerate().filter(|(_, progress)| progress.end.is_none()) {
            let seen = &observations[lane * rays..][..rays];
            let (reward, end) = (batch.rewards[lane], batch.ends[lane]);
            progress.episode_return += reward;
            if let (Some(show), Some(pose)) = (&mut show, poses.get(lane)) {
                let Progress { episode_return, length: step, .. } = *progress;
                let (episode, phase, action) = (number(learner, lane), show.phase, actions[lane]);
                let (pose, observation) = (*pose, seen);
                show.step(&StepView {
                    lane,
                    episode,
                    step,
                    phase,
                    pose,
                    observation,
                    action,
                    reward,
                    episode_return,
                    activity: learner.activity(lane),
                    learner: Some(learner),
                });
            }
            progress.length += 1;
            progress.end = end;
            let observation = || batch.observations[lane * rays..][..rays].to_vec();
            learner.reward(lane, reward, end.map(|end| step_end(end, observation)));
        }
        observations.copy_from_slice(&batch.observations);
    }
    *ended = progress.iter().all(|lane| lane.length == progress[0].length);
    let episode = |Progress { episode_return, length, end }| end.map(|end| Episode { episode_return, length, end });
    Ok(progress.into_iter().filter_map(episode).collect())
}

impl Show<'_> {
    fn begin(&mut self, env: &dyn VectorEnv, learner: &dyn Learner, lanes: usize) {
        for lane in 0..lanes {
            let road = env.info().and_then(|info| info.road(lane));
            self.onlooker.episode_begins(lane, number(learner, lane), self.phase, road);
        }
    }

    fn step(&mut self, view: &StepView) {
        if self.onlooker.watch(view.lane).is_some() {
            self.onlooker.step(view);
        }
    }
}

/// Number of the present episode of a lane: those of a round are counted in the order of the lanes.
fn number(learner: &dyn Learner, lane: usize) -> usize {
    learner.episode() + lane + 1
}

fn step_end(end: EndReason, observation: impl FnOnce() -> Vec<f32>) -> StepEnd {
    if end.is_terminated() { StepEnd::Terminated } else { StepEnd::Truncated(observation()) }
}
