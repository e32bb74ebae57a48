//! Aggregates over runs and tasks with their uncertainty, as the library rliable computes them (Agarwal et al. 2021, "Deep
//! reinforcement learning at the edge of the statistical precipice").
//!
//! The scores of an agent are a list for each task, one score for each run; both agents of a comparison have the same tasks.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::stats::{RESAMPLES, iqm, percentiles};

/// Scores of an agent: task by task, those of its runs. No list is empty.
pub type Scores = Vec<Vec<f64>>;

/// Interquartile mean over all runs of all tasks.
pub fn aggregate_iqm(scores: &[Vec<f64>]) -> f64 {
    iqm(&scores.concat())
}

/// For each τ the share of runs whose score is above it, as a mean over the tasks: the performance profile.
pub fn performance_profile(scores: &[Vec<f64>], taus: &[f64]) -> Vec<f64> {
    let above =
        |tau: f64, runs: &Vec<f64>| runs.iter().filter(|&&score| score > tau).count() as f64 / runs.len() as f64;
    let share = |tau: &f64| scores.iter().map(|runs| above(*tau, runs)).sum::<f64>() / scores.len() as f64;
    taus.iter().map(share).collect()
}

/// P(X > Y): the probability that a run of X scores higher than one of Y on a task drawn at random; equal scores count half
/// (Mann & Whitney's U over the number of pairs).
pub fn probability_of_improvement(x: &[Vec<f64>], y: &[Vec<f64>]) -> f64 {
    let of_task = |(x, y): (&Vec<f64>, &Vec<f64>)| {
        let wins = |a: &f64| y.iter().map(|b| if a > b { 1.0 } else { f64::from(u8::from(a == b)) / 2.0 }).sum::<f64>();
        x.iter().map(wins).sum::<f64>() / (x.len() * y.len()) as f64
    };
    x.iter().zip(y).map(of_task).sum::<f64>() / x.len() as f64
}

/// 95 % intervals of some statistics by stratified percentile bootstrap: the runs of each task of each agent are drawn anew, with
/// replacement. The same scores always give the same intervals.
pub fn intervals(agents: &[&[Vec<f64>]], statistics: impl Fn(&[Scores]) -> Vec<f64>) -> Vec<[f64; 2]> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut resample = |runs: &Vec<f64>| -> Vec<f64> {
        (0..runs.len()).map(|_| runs[(rng.next_u64() % runs.len() as u64) as usize]).collect()
    };
    let mut samples: Vec<Vec<f64>> = Vec::new();
    for _ in 0..RESAMPLES {
        let drawn: Vec<Scores> = agents.iter().map(|tasks| tasks.iter().map(&mut resample).collect()).collect();
        let values = statistics(&drawn);
        samples.resize(values.len(), Vec::with_capacity(RESAMPLES));
        samples.iter_mut().zip(values).for_each(|(sample, value)| sample.push(value));
    }
    samples.into_iter().map(percentiles).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // The expected numbers are those of rliable 1.2.0: `metrics.aggregate_iqm`, `library.run_score_deviation`,
    // `metrics.probability_of_improvement`, `library.get_interval_estimates`.
    const X: [f64; 9] = [0.95, 0.97, 0.99, 0.985, 0.91, 0.999, 0.96, 0.98, 0.40];
    const Y: [f64; 7] = [0.93, 0.97, 0.90, 0.96, 0.88, 0.99, 0.2];

    fn one_task() -> (Scores, Scores) {
        (vec![X.to_vec()], vec![Y.to_vec()])
    }

    fn two_tasks() -> (Scores, Scores) {
        let x = vec![vec![0.95, 0.97, 0.99, 0.985], vec![0.5, 0.6, 0.55, 0.7]];
        (x, vec![vec![0.93, 0.97, 0.90], vec![0.52, 0.6, 0.4]])
    }

    #[track_caller]
    fn assert_close(values: &[f64], expected: &[f64], tolerance: f64) {
        let close = values.iter().zip(expected).all(|(value, expected)| (value - expected).abs() < tolerance);
        assert!(close && values.len() == expected.len(), "{values:?} instead of {expected:?}");
    }

    #[test]
    fn golden_interquartile_means() {
        let (x, y) = one_task();
        assert_close(
            &[aggregate_iqm(&x), aggregate_iqm(&y), aggregate_iqm(&two_tasks().0)],
            &[0.969, 0.928, 0.805],
            1e-12,
        );
    }

    #[test]
    fn golden_profile() {
        let taus = [0.0, 0.4, 0.9, 0.95, 0.96, 0.97, 0.99, 1.0];
        let expected = [9.0, 8.0, 8.0, 6.0, 5.0, 4.0, 1.0, 0.0].map(|runs| runs / 9.0);
        assert_close(&performance_profile(&one_task().0, &taus), &expected, 1e-12);
        assert_close(&performance_profile(&two_tasks().0, &[0.5, 0.6, 0.97]), &[0.875, 0.625, 0.25], 1e-12);
    }

    #[test]
    fn golden_probabilities_of_improvement() {
        let ((x, y), (x2, y2)) = (one_task(), two_tasks());
        let both = [probability_of_improvement(&x, &y), probability_of_improvement(&x2, &y2)];
        assert_close(&both, &[0.690_476_190_476_190_5, 0.791_666_666_666_666_7], 1e-12);
        let ties = vec![vec![1.0, 1.0]];
        assert_eq!(probability_of_improvement(&ties, &ties), 0.5);
    }

    #[test]
    fn intervals_are_those_of_rliable_but_for_the_draws() {
        let (x, y) = one_task();
        let iqms = |agents: &[Scores]| agents.iter().map(|scores| aggregate_iqm(scores)).collect();
        let bounds = intervals(&[&x, &y], iqms).concat();
        assert_close(&bounds, &[0.838, 0.9858, 0.628, 0.966], 0.015);
        assert_close(&intervals(&[&two_tasks().0], iqms).concat(), &[0.75, 0.838_75], 0.015);
        let improvement = |agents: &[Scores]| vec![probability_of_improvement(&agents[0], &agents[1])];
        assert_close(&intervals(&[&x, &y], improvement).concat(), &[0.396_825, 0.936_508], 0.02);
        let profile = |agents: &[Scores]| performance_profile(&agents[0], &[0.95, 0.97]);
        let bounds = intervals(&[&x], profile);
        assert_close(&bounds.concat(), &[1.0 / 3.0, 8.0 / 9.0, 1.0 / 9.0, 7.0 / 9.0], 1e-9);
        assert_eq!(bounds, intervals(&[&x], profile));
    }
}
