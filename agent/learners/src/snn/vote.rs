//! The vote: the pool that fires most spikes in a step acts.

use rand::Rng;

use crate::ACTIONS;

/// The share of each pool in all motor spikes; 0 for every pool when none fired.
pub fn shares(spikes: [f32; ACTIONS]) -> [f32; ACTIONS] {
    let total = spikes.iter().sum::<f32>().max(1.0);
    spikes.map(|count| count / total)
}

/// The pool with most spikes; among equals one at random.
pub fn winner(spikes: [f32; ACTIONS], rng: &mut impl Rng) -> usize {
    let most = spikes.into_iter().fold(0.0, f32::max);
    let mut candidates = (0..ACTIONS).filter(|&pool| spikes[pool] == most);
    let drawn = rng.next_u32() as usize % candidates.clone().count().max(1);
    candidates.nth(drawn).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    #[test]
    fn shares_are_of_all_spikes() {
        assert_eq!(shares([6.0, 2.0, 0.0]), [0.75, 0.25, 0.0]);
        assert_eq!(shares([0.0; 3]), [0.0; 3]);
    }

    #[test]
    fn most_spikes_win_and_ties_are_drawn() {
        let mut rng = stream(1, Purpose::Ties, 0);
        assert_eq!(winner([3.0, 5.0, 4.0], &mut rng), 1);
        let mut won = [0; 3];
        (0..3000).for_each(|_| won[winner([7.0, 2.0, 7.0], &mut rng)] += 1);
        assert!(won[0] > 1350 && won[1] == 0 && won[2] > 1350, "{won:?}");
        let mut won = [0; 3];
        (0..3000).for_each(|_| won[winner([0.0; 3], &mut rng)] += 1);
        assert!(won.iter().all(|&count| count > 850), "{won:?}");
    }
}
