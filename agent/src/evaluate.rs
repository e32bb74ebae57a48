//! Greedy evaluation: no exploration, no learning, one episode a lane.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rayon::prelude::*;
use spikedrive_env::{Action, Course, EndReason, LaneInfo, Phase, Pose, Road, Split, WorldConfig, WorldOptions};
use spikedrive_learners::{Driver, Operations, Policy};

use crate::env::EnvFactory;
use crate::failure::Failure;
use crate::stop::StopFlag;
use crate::thread_clock::ThreadClock;

/// Evaluations draw their noise from lanes of their own, so that they never disturb training.
pub(crate) const FIRST_EVALUATION_LANE: u64 = 1 << 32;

/// How one episode went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpisodeResult {
    /// Sum of its rewards.
    pub episode_return: f64,
    /// Its steps.
    pub steps: usize,
    /// Why it ended.
    pub end: EndReason,
    /// What its decisions cost.
    pub operations: Operations,
}

/// How one episode was driven, for pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// Its road.
    pub road: Road,
    /// Its steps.
    pub steps: Vec<TraceStep>,
}

/// One step of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceStep {
    /// Where the car was before the action.
    pub pose: Pose,
    /// The action.
    pub action: Action,
    /// Its reward.
    pub reward: f64,
}

/// Share of episodes that ended in a crash.
pub fn crash_rate(results: &[EpisodeResult]) -> f64 {
    results.iter().filter(|result| result.end == EndReason::Crash).count() as f64 / results.len() as f64
}

/// Mean return.
pub fn mean_return(results: &[EpisodeResult]) -> f64 {
    results.iter().map(|result| result.episode_return).sum::<f64>() / results.len() as f64
}

/// The world of an evaluation on the first `episodes` tracks of a split, one lane for each.
pub fn held_out(phase: Phase, split: Split, horizon: usize, episodes: usize, options: WorldOptions) -> WorldConfig {
    WorldConfig { options, ..WorldConfig::base(Course::Phase { phase, split }, episodes, horizon) }
}

/// Runs evaluations on a fixed number of threads. The results do not depend on that number.
#[derive(Debug)]
pub struct Evaluator {
    pool: rayon::ThreadPool,
    cpu_ns: AtomicU64,
}

/// One car of an evaluation.
struct Car<'a> {
    driver: Box<dyn Driver + 'a>,
    action: Action,
    episode_return: f64,
    steps: usize,
    end: Option<EndReason>,
    operations: Operations,
    trace: Option<Trace>,
}

impl Evaluator {
    /// An evaluator that runs the lanes' drivers on `threads` threads.
    pub fn new(threads: usize) -> Result<Self, Failure> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| Failure::System(format!("cannot start {threads} threads: {error}")))?;
        Ok(Self { pool, cpu_ns: AtomicU64::new(0) })
    }

    /// CPU time that evaluations took so far on the threads that asked for them: all of it, if the evaluator has one thread.
    pub fn cpu_time(&self) -> Duration {
        Duration::from_nanos(self.cpu_ns.load(Ordering::Relaxed))
    }

    /// Drives one episode on every lane. The policy's noise comes from streams of `(seed, lane)`.
    pub fn evaluate(
        &self,
        factory: &dyn EnvFactory,
        world: &WorldConfig,
        policy: &dyn Policy,
        seed: u64,
        stop: &StopFlag,
    ) -> Result<Vec<EpisodeResult>, Failure> {
        Ok(self.evaluate_traced(factory, world, policy, seed, stop)?.0)
    }

    /// The same, and how each episode was driven, if the world tells where the cars are.
    pub fn evaluate_traced(
        &self,
        factory: &dyn EnvFactory,
        world: &WorldConfig,
        policy: &dyn Policy,
        seed: u64,
        stop: &StopFlag,
    ) -> Result<(Vec<EpisodeResult>, Vec<Trace>), Failure> {
        let clock = ThreadClock::start();
        let mut env = factory.make(world)?;
        policy.check_rays(env.observations().len() / world.lanes)?;
        let mut cars: Vec<Car> = (0..world.lanes as u64).map(|lane| Car::new(policy, seed, lane)).collect();
        if let Some(info) = env.info() {
            cars.iter_mut().enumerate().for_each(|(lane, car)| car.begin_trace(lane, info));
        }
        while cars.iter().any(|car| car.end.is_none()) {
            if stop.is_set() {
                return Err(Failure::Interrupted);
            }
            self.decide(&mut cars, env.observations(), world.options.rays);
            let actions: Vec<Action> = cars.iter().map(|car| car.action).collect();
            if let Some(info) = env.info() {
                cars.iter_mut().zip(&info.poses).for_each(|(car, pose)| car.trace(*pose));
            }
            let batch = env.step(&actions)?;
            for (car, (reward, end)) in cars.iter_mut().zip(batch.rewards.iter().zip(&batch.ends)) {
                car.record(*reward, *end);
            }
        }
        let results = cars.iter().filter_map(Car::result).collect();
        self.cpu_ns.fetch_add(clock.elapsed().as_nanos() as u64, Ordering::Relaxed);
        Ok((results, cars.into_iter().filter_map(|car| car.trace).collect()))
    }

    fn decide(&self, cars: &mut [Car], observations: &[f32], rays: usize) {
        let decide = |(car, observation): (&mut Car, &[f32])| car.decide(observation);
        if self.pool.current_num_threads() == 1 {
            cars.iter_mut().zip(observations.chunks_exact(rays)).for_each(decide);
        } else {
            self.pool.install(|| cars.par_iter_mut().zip(observations.par_chunks_exact(rays)).for_each(decide));
        }
    }
}

impl<'a> Car<'a> {
    fn new(policy: &'a dyn Policy, seed: u64, lane: u64) -> Self {
        let driver = policy.driver(seed, FIRST_EVALUATION_LANE + lane);
        let (action, operations) = (Action::Straight, Operations::NONE);
        Self { driver, action, episode_return: 0.0, steps: 0, end: None, operations, trace: None }
    }

    /// A car whose episode is over waits for the others.
    fn decide(&mut self, observation: &[f32]) {
        if self.end.is_none() {
            self.action = Action::ALL[self.driver.act_greedily(observation)];
            self.operations += self.driver.operations();
        }
    }

    fn begin_trace(&mut self, lane: usize, info: &LaneInfo) {
        self.trace = info.road(lane).map(|road| Trace { road: road.clone(), steps: Vec::new() });
    }

    /// Notes where the car is before its action; the reward follows.
    fn trace(&mut self, pose: Pose) {
        if let (Some(trace), None) = (&mut self.trace, self.end) {
            trace.steps.push(TraceStep { pose, action: self.action, reward: 0.0 });
        }
    }

    fn record(&mut self, reward: f64, end: Option<EndReason>) {
        if self.end.is_none() {
            self.episode_return += reward;
            self.steps += 1;
            self.end = end;
            if let Some(step) = self.trace.as_mut().and_then(|trace| trace.steps.last_mut()) {
                step.reward = reward;
            }
        }
    }

    fn result(&self) -> Option<EpisodeResult> {
        let Self { episode_return, steps, operations, .. } = *self;
        self.end.map(|end| EpisodeResult { episode_return, steps, end, operations })
    }
}
