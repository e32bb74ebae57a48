//! Ranges of parameters. A parameter may come from a file or a command line: none is trusted.

use std::fmt::Display;
use std::ops::{Bound, RangeBounds};

/// Checks that a parameter lies in its range; NaN lies in none.
pub(crate) fn in_range<T: Display + PartialOrd>(
    name: &str,
    value: T,
    range: impl RangeBounds<T>,
) -> Result<(), String> {
    if range.contains(&value) {
        Ok(())
    } else {
        Err(format!("{name}: {value} is outside {}: use a number within", text(&range)))
    }
}

/// The range (low, high].
pub(crate) fn above<T>(low: T, high: T) -> (Bound<T>, Bound<T>) {
    (Bound::Excluded(low), Bound::Included(high))
}

/// Puts the name of a part before the name of its parameter, with which a message begins.
pub(crate) fn part(name: &str, checked: Result<(), String>) -> Result<(), String> {
    checked.map_err(|reason| format!("{name}.{reason}"))
}

fn text<T: Display>(range: &impl RangeBounds<T>) -> String {
    let low = match range.start_bound() {
        Bound::Included(low) => format!("[{low}"),
        Bound::Excluded(low) => format!("({low}"),
        Bound::Unbounded => "(-inf".to_owned(),
    };
    let high = match range.end_bound() {
        Bound::Included(high) => format!("{high}]"),
        Bound::Excluded(high) => format!("{high})"),
        Bound::Unbounded => "inf)".to_owned(),
    };
    format!("{low}, {high}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_belong_to_a_range_or_not() {
        assert_eq!(in_range("a", 0.0f32, 0.0..=1.0), Ok(()));
        assert_eq!(in_range("a", 1.0f32, above(0.0, 1.0)), Ok(()));
        let text = |checked: Result<(), String>| checked.unwrap_err();
        assert_eq!(text(in_range("a", 1.1f32, 0.0..=1.0)), "a: 1.1 is outside [0, 1]: use a number within");
        assert_eq!(text(in_range("a", 0.0f32, above(0.0, 0.5))), "a: 0 is outside (0, 0.5]: use a number within");
        assert_eq!(text(in_range("a", 1.0, 0.0..1.0)), "a: 1 is outside [0, 1): use a number within");
        assert_eq!(text(in_range("n", 0, 1..=9)), "n: 0 is outside [1, 9]: use a number within");
        assert_eq!(text(part("b", in_range("a", 2.0, 0.0..=1.0))), "b.a: 2 is outside [0, 1]: use a number within");
    }

    #[test]
    fn no_range_holds_what_is_not_finite() {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(in_range("a", value, -1e9..=1e9).is_err());
            assert!(in_range("a", value, above(0.0, 1e9)).is_err());
        }
    }
}
