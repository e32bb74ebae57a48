//! Learning curves of conditions: the mean over seeds and its 95 % interval.

use std::collections::BTreeMap;

use super::chart::{Axis, Chart, Mark, Sample, Series};
use super::rows::Point;
use super::stats::Distribution;

/// Draws the curves, in the order of `conditions`, with the ceiling as a dashed line.
pub fn learning_curves(title: &str, points: &[Point], conditions: &[&str], ceiling: f64) -> String {
    let series: Vec<Series> = conditions
        .iter()
        .enumerate()
        .map(|(k, condition)| curve(condition, k, points))
        .filter(|curve| !curve.samples.is_empty())
        .collect();
    let samples = || series.iter().flat_map(|series| &series.samples);
    let last = samples().map(|sample| sample.x).fold(1.0, f64::max);
    Chart {
        title: title.to_owned(),
        x: Axis::linear("training episodes", [0.0, last]),
        y: Axis::linear("return", return_range(samples(), ceiling)),
        rule: Some((ceiling, format!("ceiling {ceiling:.1}"))),
        series,
    }
    .svg()
}

/// Returns from the lowest interval to the ceiling, in whole fifties.
pub fn return_range<'a>(samples: impl Iterator<Item = &'a Sample>, ceiling: f64) -> [f64; 2] {
    let lowest = samples.map(|sample| sample.interval[0]).fold(0.0, f64::min);
    [(lowest / 50.0).floor() * 50.0, (ceiling / 50.0).ceil() * 50.0]
}

fn curve(condition: &str, colour: usize, points: &[Point]) -> Series {
    let mut by_episode: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for point in points.iter().filter(|point| point.condition == condition) {
        by_episode.entry(point.episode).or_default().push(point.mean);
    }
    let sample = |(episode, means): (usize, Vec<f64>)| {
        let Distribution { mean, ci95, .. } = Distribution::of(&means)?;
        Some(Sample { x: episode as f64, y: mean, interval: ci95 })
    };
    let samples = by_episode.into_iter().filter_map(sample).collect();
    Series { name: condition.to_owned(), mark: Mark::Line, colour, samples }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_and_legend_follow_the_order_of_the_conditions() {
        let point = |preset: &str, seed, episode, mean| Point { condition: preset.to_owned(), seed, episode, mean };
        let points = [
            point("stdp", 1, 5, 0.0),
            point("stdp", 2, 5, 100.0),
            point("stdp", 1, 10, 200.0),
            point("pathway", 1, 5, 240.0),
        ];
        let svg = learning_curves("A title", &points, &["pathway", "stdp", "strict"], 243.6);
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
        let (pathway, stdp) = (svg.find(">pathway<").unwrap(), svg.find(">stdp<").unwrap());
        assert!(pathway < stdp && !svg.contains("strict") && svg.contains("ceiling 243.6"));
        // Episode 5 of 10, mean 50 of [0, 250]; then 200.
        assert!(svg.contains("d=\"M337.0 306.4 L610.0 97.6\""), "{svg}");
    }
}
