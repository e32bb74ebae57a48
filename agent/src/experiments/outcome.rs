//! One run of an experiment: phase 4 from nothing, then the test of the final network.

use std::time::Duration;

use spikedrive_env::{Phase, WorldOptions};
use spikedrive_learners::Operations;

use crate::env::{EnvFactory, LocalFactory};
use crate::evaluate::{EpisodeResult, Evaluator};
use crate::failure::Failure;
use crate::stop::StopFlag;
use crate::summary::{FinalScore, TEST_HORIZONS};
use crate::thread_clock::ThreadClock;
use crate::train::{EpisodeRecord, Evaluation, Milestones, TrainConfig, TrainSink, Trainer};

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Training episodes.
    pub episodes: usize,
    /// Training steps.
    pub env_steps: usize,
    /// Training episodes that crashed.
    pub training_crashes: usize,
    /// When the milestones were reached.
    pub milestones: Milestones,
    /// The final network on the 50 test tracks of phase 4, with horizons 100 and 140.
    pub scores: [FinalScore; 2],
    /// Mean operations of a decision in the test of horizon 100.
    pub per_decision: PerDecision,
    /// All operations of the training, evaluations left out.
    pub training: Operations,
    /// CPU time of the training, evaluations left out.
    pub training_cpu: Duration,
    /// The evaluations on the way.
    pub curve: Vec<CurvePoint>,
}

/// Mean operations of one decision.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PerDecision {
    /// Synaptic accumulates.
    pub acs: f64,
    /// Multiply-accumulates.
    pub macs: f64,
    /// Neuron updates.
    pub neuron_updates: f64,
}

/// One evaluation on the way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// Training episodes until then.
    pub episode: usize,
    /// Training steps until then.
    pub env_steps: usize,
    /// The evaluation.
    pub evaluation: Evaluation,
}

impl PerDecision {
    /// The mean over all steps of these episodes.
    pub fn of(results: &[EpisodeResult]) -> Self {
        let total: Operations = results.iter().map(|result| result.operations).sum();
        let steps = results.iter().map(|result| result.steps).sum::<usize>().max(1) as f64;
        let Operations { acs, macs, neuron_updates } = total;
        let mean = |count: u64| count as f64 / steps;
        Self { acs: mean(acs), macs: mean(macs), neuron_updates: mean(neuron_updates) }
    }
}

/// Trains and tests, all of it on this thread.
pub fn train_and_test(config: TrainConfig, stop: &StopFlag) -> Result<Outcome, Failure> {
    train_and_then(config, stop, |_, outcome| Ok(outcome))
}

/// The same, and something more with what was trained.
pub fn train_and_then<T>(
    config: TrainConfig,
    stop: &StopFlag,
    then: impl FnOnce(&Trainer, Outcome) -> Result<T, Failure>,
) -> Result<T, Failure> {
    train_in(config, &LocalFactory, stop, then)
}

/// The same in environments of somebody else.
pub fn train_in<T>(
    config: TrainConfig,
    factory: &dyn EnvFactory,
    stop: &StopFlag,
    then: impl FnOnce(&Trainer, Outcome) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let clock = ThreadClock::start();
    let evaluator = Evaluator::new(1)?;
    let mut trainer = Trainer::new(config, factory, &evaluator, stop)?;
    let mut curve = Curve::default();
    trainer.run(&mut curve)?;
    let training_cpu = clock.elapsed().saturating_sub(evaluator.cpu_time());
    // What was added to the reward for learning's sake counts no more.
    let world = WorldOptions { predictive_reward: 0.0, ..config.world };
    let [h100, h140] = TEST_HORIZONS.map(|horizon| trainer.test_in(world, Phase::Complex, horizon));
    let (h100, h140) = (h100?, h140?);
    let outcome = Outcome {
        episodes: trainer.learner().episode(),
        env_steps: trainer.env_steps(),
        training_crashes: trainer.crashes(),
        milestones: *trainer.milestones(),
        scores: [FinalScore::of(&h100)?, FinalScore::of(&h140)?],
        per_decision: PerDecision::of(&h100),
        training: trainer.learner().operations().total(),
        training_cpu,
        curve: curve.0,
    };
    then(&trainer, outcome)
}

/// Notes the evaluations of a run.
#[derive(Default)]
pub(super) struct Curve(pub(super) Vec<CurvePoint>);

impl TrainSink for Curve {
    fn episode(&mut self, record: &EpisodeRecord, _trainer: &Trainer) -> Result<(), Failure> {
        let EpisodeRecord { episode, env_steps, .. } = *record;
        self.0.extend(record.evaluation.map(|evaluation| CurvePoint { episode, env_steps, evaluation }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use spikedrive_env::EndReason;
    use spikedrive_learners::snn::Preset;

    use super::*;
    use crate::lesson::Lesson;

    #[test]
    fn the_mean_is_over_decisions_and_not_over_episodes() {
        let episode = |steps, acs| EpisodeResult {
            episode_return: 0.0,
            steps,
            end: EndReason::Crash,
            operations: Operations { acs, macs: 2 * acs, neuron_updates: 0 },
        };
        let mean = PerDecision::of(&[episode(1, 10), episode(3, 2)]);
        assert_eq!(mean, PerDecision { acs: 3.0, macs: 6.0, neuron_updates: 0.0 });
        assert_eq!(PerDecision::of(&[]), PerDecision::default());
    }

    #[test]
    fn a_run_is_counted_and_timed() {
        let config = TrainConfig::base(Preset::Frugal.config(), Lesson::Direct(Phase::Complex), 10, 3);
        let outcome = train_and_test(config, &StopFlag::default()).unwrap();
        assert_eq!(outcome.per_decision, PerDecision { acs: 12.0, macs: 0.0, neuron_updates: 78.0 });
        assert_eq!(outcome.curve.iter().map(|point| point.episode).collect::<Vec<_>>(), [5, 10]);
        assert_eq!(outcome.curve[1].env_steps, outcome.env_steps);
        // 12 for each decision, and 12 for a look at what the horizon cut off.
        let looks = outcome.training.acs - 12 * outcome.env_steps as u64;
        assert!(looks.is_multiple_of(12) && looks <= 120 && outcome.training_cpu > Duration::ZERO, "{looks}");
    }
}
