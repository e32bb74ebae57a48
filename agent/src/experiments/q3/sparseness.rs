//! How few neurons carry a step.

use super::spikes::Spikes;

/// How sparse the activity of some neurons is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sparseness {
    /// Mean share of the neurons that spike at least once in a step.
    pub active_per_step: f64,
    /// Mean share of the neurons that spike in a tick of 1 ms: a thousandth of the mean rate in Hz.
    pub active_per_tick: f64,
    /// Mean over steps of the sparseness of the neurons' counts; none without a spike.
    pub population: Option<f64>,
    /// Mean over the neurons that spike at all of the sparseness of their counts over steps.
    pub lifetime: Option<f64>,
}

impl Sparseness {
    /// Of all neurons, over all steps; none where there are none.
    pub fn of(spikes: &Spikes) -> Option<Self> {
        let (neurons, steps) = (spikes.neurons(), spikes.steps());
        let cells = (neurons * steps) as f64;
        let all = || (0..steps).flat_map(|step| (0..neurons).map(move |neuron| spikes.count(step, neuron)));
        let counts = |step| move |neuron| f64::from(spikes.count(step, neuron));
        let population = (0..steps).filter_map(|step| sparseness((0..neurons).map(counts(step))));
        let over_steps = |neuron| (0..steps).map(move |step| f64::from(spikes.count(step, neuron)));
        let lifetime = (0..neurons).filter_map(|neuron| sparseness(over_steps(neuron)));
        (cells > 0.0).then(|| Self {
            active_per_step: all().filter(|&count| count > 0).count() as f64 / cells,
            active_per_tick: f64::from(all().sum::<u32>()) / (cells * spikes.ticks() as f64),
            population: mean(population),
            lifetime: mean(lifetime),
        })
    }
}

/// `S = (1 − a)/(1 − 1/n)` with `a = (Σr/n)²/(Σr²/n)`: 0 if all n responses are equal, 1 if there is one alone. a is the sparseness of Treves &
/// Rolls (1991), S that of Vinje & Gallant (2000). None where there is no response, or only one to be had.
pub fn sparseness(responses: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
    responses.for_each(|r| (n, sum, squares) = (n + 1.0, sum + r, squares + r * r));
    (squares > 0.0 && n > 1.0).then(|| (1.0 - sum * sum / (n * squares)) / (1.0 - 1.0 / n))
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (n, sum) = values.fold((0.0, 0.0), |(n, sum), value| (n + 1.0, sum + value));
    (n > 0.0).then(|| sum / n)
}

#[cfg(test)]
mod tests {
    use spikedrive_learners::Raster;
    use spikedrive_learners::random::{Purpose, stream};

    use super::super::spikes::testing::independent;
    use super::super::surrogate::thrown;
    use super::*;

    #[test]
    fn golden_numbers() {
        let s = |responses: &[f64]| sparseness(responses.iter().copied());
        assert_eq!((s(&[2.0; 5]), s(&[0.0, 3.0, 0.0, 0.0])), (Some(0.0), Some(1.0)));
        // a = (6/4)²/(14/4) = 9/14.
        assert!((s(&[1.0, 2.0, 3.0, 0.0]).unwrap() - 5.0 / 14.0 / 0.75).abs() < 1e-12);
        assert_eq!((s(&[0.0; 3]), s(&[1.0]), s(&[])), (None, None, None));
    }

    #[test]
    fn shares_are_of_neurons_and_rates_are_per_tick() {
        let mut spikes = Spikes::new(4, 2).unwrap();
        for steps in [[vec![0], vec![0, 1]], [vec![], vec![0]]] {
            let mut raster = Raster::new(4);
            steps.into_iter().for_each(|tick| raster.tick(tick.into_iter()));
            spikes.push(0, &raster);
        }
        // Counts 2, 1, 0, 0 and 1, 0, 0, 0.
        let Sparseness { active_per_step, active_per_tick, population, lifetime } = Sparseness::of(&spikes).unwrap();
        assert_eq!((active_per_step, active_per_tick), (3.0 / 8.0, 4.0 / 16.0));
        assert!((population.unwrap() - f64::midpoint((1.0 - 9.0 / 20.0) / 0.75, 1.0)).abs() < 1e-12);
        // 2, 1: (1 − 9/10)/(1/2); 1, 0: 1.
        assert!((lifetime.unwrap() - f64::midpoint(0.2, 1.0)).abs() < 1e-12);
        assert_eq!(Sparseness::of(&Spikes::new(4, 2).unwrap()), None);
    }

    #[test]
    fn independent_equal_neurons_are_as_sparse_as_their_spikes_thrown_at_random() {
        for seed in 0..5 {
            let mut rng = stream(seed, Purpose::Surrogate, 0);
            let spikes = independent(50, 20, 400, 0.05, &mut rng);
            let (own, chance) = (Sparseness::of(&spikes).unwrap(), Sparseness::of(&thrown(&spikes, &mut rng)).unwrap());
            assert!((own.active_per_step - (1.0 - 0.95f64.powi(20))).abs() < 0.01);
            assert!((own.active_per_step - chance.active_per_step).abs() < 0.01);
            assert!((own.population.unwrap() - chance.population.unwrap()).abs() < 0.01);
            assert!((own.lifetime.unwrap() - chance.lifetime.unwrap()).abs() < 0.01);
        }
    }
}
