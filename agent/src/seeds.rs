//! Several seeds at once: `1..20` (both ends included) or `3,5,8`.

use std::str::FromStr;

/// Most seeds of one command.
const MAX_SEEDS: usize = 10_000;

/// Seeds in the order in which they were named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeds(Vec<u64>);

/// A text that names no seeds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} names no seeds: use a range such as 1..20, both ends included, or a list such as 3,5,8, of at most {MAX_SEEDS}"
)]
pub struct SeedsError(String);

impl Seeds {
    /// Each seed once.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().copied()
    }
}

impl FromStr for Seeds {
    type Err = SeedsError;

    fn from_str(text: &str) -> Result<Self, SeedsError> {
        let error = || SeedsError(text.to_owned());
        let number = |text: &str| text.trim().parse::<u64>().map_err(|_| error());
        let mut seeds = Vec::new();
        for part in text.split(',') {
            let (first, last) = match part.split_once("..") {
                Some((first, last)) => (number(first)?, number(last.trim_start_matches('='))?),
                None => (number(part)?, number(part)?),
            };
            let is_short = last.checked_sub(first).is_some_and(|span| span < (MAX_SEEDS - seeds.len()) as u64);
            if !is_short {
                return Err(error());
            }
            seeds.extend((first..=last).filter(|seed| !seeds.contains(seed)).collect::<Vec<_>>());
        }
        Ok(Self(seeds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_include_both_ends_and_lists_name_each_once() {
        let seeds = |text: &str| text.parse::<Seeds>().map(|seeds| seeds.0);
        assert_eq!(seeds("1..4"), Ok(vec![1, 2, 3, 4]));
        assert_eq!(seeds("1..=3"), Ok(vec![1, 2, 3]));
        assert_eq!(seeds("8, 3,5..6,3"), Ok(vec![8, 3, 5, 6]));
        assert_eq!(seeds("7"), Ok(vec![7]));
        for bad in ["", "a", "4..1", "1..", "..3", "1..10001", "0..18446744073709551615", "1,,2", "-1"] {
            let message = seeds(bad).unwrap_err().to_string();
            assert!(message.starts_with(&format!("{bad:?} names no seeds: use a range such as 1..20")), "{message}");
        }
        assert_eq!(seeds("1..10000").unwrap().len(), 10_000);
    }
}
