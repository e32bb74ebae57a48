//! What chance would make: the same spikes, exchanged so that one relation between them is lost and all else is kept.

use rand_chacha::ChaCha8Rng;
use spikedrive_learners::ACTIONS;
use spikedrive_learners::random::{below, some_of};

use super::spikes::Spikes;

/// Each neuron's spikes of a step at other ticks of the step: its count of each step is kept, and with it whatever makes counts rise and fall
/// together; fine timing is lost (the spike-time randomisation of Grün 2009, "Data-driven significance estimation for precise spike
/// correlation").
pub fn times_shuffled(spikes: &Spikes, rng: &mut ChaCha8Rng) -> Spikes {
    let mut shuffled = spikes.clone();
    for step in 0..spikes.steps() {
        for neuron in 0..spikes.neurons() {
            let count = spikes.count(step, neuron) as usize;
            let ticks = some_of(count, spikes.ticks(), rng);
            *shuffled.train_mut(step, neuron) = ticks.into_iter().fold(0, |word: u64, tick| word | 1 << tick);
        }
    }
    shuffled
}

/// Each neuron's steps in another order, its own, among those with the same winner: what the winner tells of counts and of timing within
/// the step is kept, what else a step has in common is lost.
pub fn steps_shuffled(spikes: &Spikes, rng: &mut ChaCha8Rng) -> Spikes {
    let mut shuffled = spikes.clone();
    for winner in 0..ACTIONS {
        let steps: Vec<usize> = (0..spikes.steps()).filter(|&step| spikes.winners()[step] == winner).collect();
        for neuron in 0..spikes.neurons() {
            let mut order = steps.clone();
            shuffle(&mut order, rng);
            steps
                .iter()
                .zip(order)
                .for_each(|(&to, from)| *shuffled.train_mut(to, neuron) = spikes.train(from, neuron));
        }
    }
    shuffled
}

/// The spikes of each tick on other neurons, each as likely as any other and none twice: how many there are in each tick is kept, who they
/// are is lost.
pub fn thrown(spikes: &Spikes, rng: &mut ChaCha8Rng) -> Spikes {
    let mut shuffled = spikes.clone();
    for step in 0..spikes.steps() {
        (0..spikes.neurons()).for_each(|neuron| *shuffled.train_mut(step, neuron) = 0);
        for tick in 0..spikes.ticks() {
            let count = (0..spikes.neurons()).filter(|&neuron| spikes.train(step, neuron) >> tick & 1 == 1).count();
            let neurons = some_of(count, spikes.neurons(), rng);
            neurons.into_iter().for_each(|neuron| *shuffled.train_mut(step, neuron) |= 1 << tick);
        }
    }
    shuffled
}

/// Any order of these, each as likely as any other (Fisher & Yates).
pub fn shuffle<T>(values: &mut [T], rng: &mut ChaCha8Rng) {
    (1..values.len()).rev().for_each(|last| values.swap(last, below(last + 1, rng)));
}

#[cfg(test)]
mod tests {
    use spikedrive_learners::random::{Purpose, stream};

    use super::super::correlation::correlation;
    use super::super::spikes::testing::independent;
    use super::*;

    fn counts(spikes: &Spikes, step: usize) -> Vec<u32> {
        (0..spikes.neurons()).map(|neuron| spikes.count(step, neuron)).collect()
    }

    #[test]
    fn each_keeps_what_it_says() {
        for seed in 0..20 {
            let mut rng = stream(seed, Purpose::Surrogate, 0);
            let spikes = independent(9, 20, 30, 0.2, &mut rng);
            let (times, steps) = (times_shuffled(&spikes, &mut rng), steps_shuffled(&spikes, &mut rng));
            let thrown = thrown(&spikes, &mut rng);
            for other in [&times, &steps, &thrown] {
                assert_eq!(other.winners(), spikes.winners());
                assert_ne!(other, &spikes);
            }
            for step in 0..30 {
                assert_eq!(counts(&times, step), counts(&spikes, step));
                let in_tick =
                    |spikes: &Spikes, tick: usize| (0..9).filter(|&i| spikes.train(step, i) >> tick & 1 == 1).count();
                assert!((0..20).all(|tick| in_tick(&thrown, tick) == in_tick(&spikes, tick)));
            }
            for (neuron, winner) in (0..9).flat_map(|neuron| (0..3).map(move |winner| (neuron, winner))) {
                let trains = |spikes: &Spikes| {
                    let of = (0..30).filter(|&step| spikes.winners()[step] == winner);
                    let mut trains: Vec<u64> = of.map(|step| spikes.train(step, neuron)).collect();
                    trains.sort_unstable();
                    trains
                };
                assert_eq!(trains(&steps), trains(&spikes));
            }
        }
    }

    #[test]
    fn each_loses_what_it_says() {
        let mut rng = stream(3, Purpose::Surrogate, 0);
        let mut spikes = independent(6, 20, 1000, 0.1, &mut rng);
        (0..1000).for_each(|step| (1..6).for_each(|i| *spikes.train_mut(step, i) = spikes.train(step, 0)));
        let pools = [0..2, 2..4, 4..6];
        let within = |spikes: &Spikes, bin| correlation(spikes, &pools, bin).unwrap().within.unwrap();
        let times = times_shuffled(&spikes, &mut rng);
        // Equal binomial counts over 20 ticks leave r = 1/20 of what they were.
        assert!((within(&times, 1) - 0.05).abs() < 0.02 && within(&times, 20) > 0.999);
        let steps = steps_shuffled(&spikes, &mut rng);
        assert!(within(&steps, 1).abs() < 0.02 && within(&steps, 20).abs() < 0.06);
    }

    #[test]
    fn orders_are_fair() {
        let mut rng = stream(1, Purpose::Surrogate, 0);
        let mut first = [0; 4];
        for _ in 0..4000 {
            let mut order = [0, 1, 2, 3];
            shuffle(&mut order, &mut rng);
            first[order[0]] += 1;
        }
        assert!(first.iter().all(|&count| (880..1120).contains(&count)), "{first:?}");
    }
}
