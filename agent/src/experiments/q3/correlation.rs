//! How much neurons spike together: mean pairwise correlation of spike counts.

use std::ops::Range;

use spikedrive_learners::ACTIONS;

use super::spikes::Spikes;

/// Mean correlation over pairs of neurons; none where there is no pair whose neurons both vary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pairs {
    /// Over pairs of one pool.
    pub within: Option<f64>,
    /// Over pairs of two pools.
    pub between: Option<f64>,
}

/// Mean over pairs (i, j) of Pearson's `r_ij = Σ_n z_i(n)·z_j(n) / N`, with z the standardised spike counts in N bins of so many ticks
/// (r_sc in Cohen & Kohn 2011, "Measuring and interpreting neuronal correlations"). With `P_a = Σ_{i in pool a} z_i` the sum over all pairs
/// within a pool is `|P_a|²/N − n_a` and between two `P_a·P_b/N`. Neurons whose count never changes are left out. None where bins do
/// not divide a step.
pub fn correlation(spikes: &Spikes, pools: &[Range<usize>; ACTIONS], bin_ticks: usize) -> Option<Pairs> {
    Some(Sums::new(spikes, pools, bin_ticks, 1)?.pairs())
}

/// The same between neuron i in one trial and neuron j in another, over all pairs of trials: what the stimulus alone makes of
/// it, for the trials show the same stimulus and share nothing else (the shift predictor of Perkel, Gerstein & Moore 1967, over all shifts).
/// The first trial is the first part of the steps, and so on. None for fewer than two trials or where they do not divide the steps.
pub fn across_trials(
    spikes: &Spikes,
    pools: &[Range<usize>; ACTIONS],
    bin_ticks: usize,
    trials: usize,
) -> Option<Pairs> {
    if trials < 2 || !spikes.steps().is_multiple_of(trials) {
        return None;
    }
    Some(Sums::new(spikes, pools, bin_ticks, trials)?.pairs_across())
}

/// Sums of standardised counts.
struct Sums {
    trials: usize,
    /// P of each pool.
    pools: [Vec<f64>; ACTIONS],
    /// Σ over neurons of |Σ over trials of z|².
    over_trials: f64,
    /// Neurons of each pool that vary.
    neurons: [usize; ACTIONS],
}

impl Sums {
    fn new(spikes: &Spikes, pools: &[Range<usize>; ACTIONS], bin_ticks: usize, trials: usize) -> Option<Self> {
        if bin_ticks == 0 || !spikes.ticks().is_multiple_of(bin_ticks) || spikes.steps() == 0 {
            return None;
        }
        let bins = spikes.steps() * (spikes.ticks() / bin_ticks);
        let mut sums =
            Self { trials, pools: [(); ACTIONS].map(|()| vec![0.0; bins]), over_trials: 0.0, neurons: [0; ACTIONS] };
        for (pool, neurons) in pools.iter().enumerate() {
            for neuron in neurons.clone() {
                let Some(z) = standardised(counts(spikes, neuron, bin_ticks)) else { continue };
                sums.neurons[pool] += 1;
                sums.pools[pool].iter_mut().zip(&z).for_each(|(sum, z)| *sum += z);
                if trials > 1 {
                    let total = total_over(&z, trials);
                    sums.over_trials += dot(&total, &total);
                }
            }
        }
        Some(sums)
    }

    fn bins(&self) -> f64 {
        self.pools[0].len() as f64
    }

    fn pairs(&self) -> Pairs {
        let own = self.bins() * self.neurons.iter().sum::<usize>() as f64;
        let within = self.pools.iter().map(|pool| dot(pool, pool)).sum::<f64>() - own;
        self.mean(within, self.products(&self.pools), self.bins())
    }

    /// From the products of the sums over trials those of one trial with itself are taken away.
    fn pairs_across(&self) -> Pairs {
        let totals = [0, 1, 2].map(|pool: usize| total_over(&self.pools[pool], self.trials));
        let squares = |pools: &[Vec<f64>; ACTIONS]| pools.iter().map(|pool| dot(pool, pool)).sum::<f64>();
        let own = self.over_trials - self.bins() * self.neurons.iter().sum::<usize>() as f64;
        let within = squares(&totals) - squares(&self.pools) - own;
        let between = self.products(&totals) - self.products(&self.pools);
        self.mean(within, between, self.bins() * (self.trials - 1) as f64)
    }

    /// Σ of P_a·P_b over pairs of pools.
    fn products(&self, pools: &[Vec<f64>; ACTIONS]) -> f64 {
        dot(&pools[0], &pools[1]) + dot(&pools[0], &pools[2]) + dot(&pools[1], &pools[2])
    }

    fn mean(&self, within: f64, between: f64, products: f64) -> Pairs {
        let [a, b, c] = self.neurons.map(|neurons| neurons as f64);
        let of = |sum: f64, pairs: f64| (pairs > 0.0).then(|| sum / products / pairs);
        let within = of(within, self.neurons.iter().map(|&n| (n * n.saturating_sub(1)) as f64).sum());
        Pairs { within, between: of(between, a * b + a * c + b * c) }
    }
}

/// Spikes of a neuron in each bin.
fn counts(spikes: &Spikes, neuron: usize, bin_ticks: usize) -> Vec<f64> {
    let mask = u64::MAX >> (u64::BITS as usize - bin_ticks);
    let bins = (0..spikes.ticks()).step_by(bin_ticks);
    let of = |step| bins.clone().map(move |first| f64::from((spikes.train(step, neuron) >> first & mask).count_ones()));
    (0..spikes.steps()).flat_map(of).collect()
}

/// With mean 0 and variance 1; none for what does not vary.
fn standardised(mut values: Vec<f64>) -> Option<Vec<f64>> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let sd = (values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / n).sqrt();
    values.iter_mut().for_each(|value| *value = (*value - mean) / sd);
    (sd > 0.0).then_some(values)
}

/// The sum over trials of each bin.
fn total_over(values: &[f64], trials: usize) -> Vec<f64> {
    let mut total = vec![0.0; values.len() / trials];
    for trial in values.chunks_exact(total.len().max(1)) {
        total.iter_mut().zip(trial).for_each(|(total, value)| *total += value);
    }
    total
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use spikedrive_learners::Raster;
    use spikedrive_learners::random::{Purpose, stream, uniform};

    use super::super::spikes::testing::independent;
    use super::*;

    const POOLS: [Range<usize>; ACTIONS] = [0..3, 3..5, 5..7];

    fn pearson(a: &[f64], b: &[f64]) -> f64 {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (ma, mb) = (mean(a), mean(b));
        let cov = |x: &[f64], y: &[f64], mx: f64, my: f64| {
            x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>() / x.len() as f64
        };
        cov(a, b, ma, mb) / (cov(a, a, ma, ma) * cov(b, b, mb, mb)).sqrt()
    }

    fn pool_of(neuron: usize) -> usize {
        POOLS.iter().position(|pool| pool.contains(&neuron)).unwrap()
    }

    /// Pair by pair, trial by trial.
    fn brute(spikes: &Spikes, bin: usize, trials: usize) -> [f64; 2] {
        let (mut sums, mut pairs) = ([0.0; 2], [0.0; 2]);
        for i in 0..7 {
            for j in (0..7).filter(|&j| j != i) {
                let at = usize::from(pool_of(i) != pool_of(j));
                let (a, b) = (counts(spikes, i, bin), counts(spikes, j, bin));
                let length = a.len() / trials;
                let shifts = if trials == 1 { 0..1 } else { 1..trials };
                for shift in shifts {
                    let mut shifted = b.clone();
                    shifted.rotate_left(shift * length);
                    sums[at] += pearson(&a, &shifted);
                    pairs[at] += 1.0;
                }
            }
        }
        [sums[0] / pairs[0], sums[1] / pairs[1]]
    }

    #[test]
    fn golden_numbers() {
        // Two neurons of one pool spike in ticks 0, 1 and in 0, 2 of four: r = 0. With the third, in 0 to 2, r = 1/√3.
        let mut raster = Raster::new(7);
        for spikes in [vec![0, 1, 2], vec![0, 2], vec![1, 2], vec![]] {
            raster.tick(spikes.into_iter());
        }
        let mut spikes = Spikes::new(7, 4).unwrap();
        spikes.push(0, &raster);
        let Pairs { within, between } = correlation(&spikes, &POOLS, 1).unwrap();
        assert!((within.unwrap() - 2.0 / 3.0 / 3f64.sqrt()).abs() < 1e-12, "{within:?}");
        assert_eq!(between, None, "the others never spike");
        assert_eq!((correlation(&spikes, &POOLS, 3), across_trials(&spikes, &POOLS, 1, 2)), (None, None));
    }

    #[test]
    fn sums_over_pools_are_those_over_pairs() {
        for seed in 0..20 {
            let spikes = independent(7, 20, 12, 0.2, &mut stream(seed, Purpose::Surrogate, 0));
            for bin in [1, 5, 20] {
                let close = |Pairs { within, between }: Pairs, trials| {
                    let [w, b] = brute(&spikes, bin, trials);
                    assert!((within.unwrap() - w).abs() < 1e-10 && (between.unwrap() - b).abs() < 1e-10);
                };
                close(correlation(&spikes, &POOLS, bin).unwrap(), 1);
                close(across_trials(&spikes, &POOLS, bin, 3).unwrap(), 3);
            }
        }
    }

    #[test]
    fn independent_neurons_do_not_correlate_and_identical_ones_fully() {
        for seed in 0..10 {
            let mut rng = stream(seed, Purpose::Surrogate, 0);
            let mut spikes = independent(7, 20, 1000, 0.1, &mut rng);
            for bin in [1, 5, 20] {
                let Pairs { within, between } = correlation(&spikes, &POOLS, bin).unwrap();
                // The standard error over the 5 pairs of one pool is 0.014 where a step is a bin.
                assert!(within.unwrap().abs() < 0.06 && between.unwrap().abs() < 0.06, "{within:?} {between:?}");
            }
            for step in 0..1000 {
                (1..7).for_each(|neuron| *spikes.train_mut(step, neuron) = spikes.train(step, 0));
            }
            let Pairs { within, between } = correlation(&spikes, &POOLS, 5).unwrap();
            assert!((within.unwrap() - 1.0).abs() < 1e-9 && (between.unwrap() - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn other_trials_tell_what_the_stimulus_shares_and_not_what_a_trial_shares() {
        let mut rng = stream(1, Purpose::Surrogate, 0);
        let steps = 2000;
        let stimulus: Vec<f32> = (0..steps).map(|_| 0.4 * uniform(&mut rng)).collect();
        let mut spikes = Spikes::new(7, 10).unwrap();
        for _ in 0..3 {
            for rate in &stimulus {
                let mut raster = Raster::new(7);
                for _ in 0..10 {
                    // A common input of this trial alone makes all of them spike.
                    let common = uniform(&mut rng) < 0.1;
                    let spiking: Vec<usize> = (0..7).filter(|_| common || uniform(&mut rng) < *rate).collect();
                    raster.tick(spiking.into_iter());
                }
                spikes.push(0, &raster);
            }
        }
        let all = correlation(&spikes, &POOLS, 10).unwrap();
        let shared = across_trials(&spikes, &POOLS, 10, 3).unwrap();
        let (all, shared) = (all.within.unwrap(), shared.within.unwrap());
        // Var of 10·p with p uniform in [0, 0.4] is 1.33·0.81; common input adds 10·0.09·0.8² to what is shared.
        assert!(shared > 0.3 && shared < 0.45 && all > shared + 0.15, "{all} {shared}");
    }
}
