//! Numbers as tables show them.

use crate::experiments::stats::Distribution;

/// What stands where there is nothing.
pub const NOTHING: &str = "-";

/// Mean [95 % interval].
pub fn interval(sample: &[f64], decimals: usize) -> String {
    Distribution::of(sample)
        .map_or(NOTHING.to_owned(), |Distribution { mean, ci95, .. }| value_in(mean, ci95, decimals))
}

/// A value and its interval.
pub fn value_in(value: f64, [low, high]: [f64; 2], decimals: usize) -> String {
    format!("{value:.decimals$} [{low:.decimals$}, {high:.decimals$}]")
}

/// A number with three significant digits, in thousands, millions or billions where it is large.
pub fn significant(number: f64) -> String {
    for (unit, letter) in [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e4, " k")] {
        if number.abs() >= unit {
            let unit = if letter == " k" { 1e3 } else { unit };
            return format!("{}{letter}", digits(number / unit));
        }
    }
    digits(number)
}

fn digits(number: f64) -> String {
    let magnitude = if number == 0.0 { 0 } else { number.abs().log10().floor() as i32 };
    let decimals = (2 - magnitude).clamp(0, 6) as usize;
    let text = format!("{number:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_tell_enough() {
        let shown = [0.0, 12.0, 0.123_456, 9.999, 1582.3, 12_345.0, 3.21e6, 4.5e9, 1e12, -2.5].map(significant);
        assert_eq!(shown, ["0", "12", "0.123", "10", "1582", "12.3 k", "3.21 M", "4.5 G", "1 T", "-2.5"]);
        assert_eq!(interval(&[3.0; 4], 1), "3.0 [3.0, 3.0]");
        assert_eq!(interval(&[], 1), "-");
    }
}
