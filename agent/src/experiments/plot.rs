//! Learning curves as SVG: the mean over seeds and its 95 % interval, one colour for each preset.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::rows::Point;
use super::stats::Distribution;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
/// Left, top, right, bottom.
const MARGIN: [f64; 4] = [56.0, 24.0, 150.0, 44.0];
/// Okabe & Ito's colours, told apart by colour-blind readers too.
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];

/// One preset's curve.
struct Curve {
    name: String,
    /// Episode, mean, interval.
    points: Vec<(f64, Distribution)>,
}

/// Draws the curves, in the order of `presets`, with the ceiling as a dashed line.
pub fn learning_curves(title: &str, points: &[Point], presets: &[&str], ceiling: f64) -> String {
    let curves: Vec<Curve> =
        presets.iter().map(|preset| curve(preset, points)).filter(|curve| !curve.points.is_empty()).collect();
    let last = curves.iter().flat_map(|curve| &curve.points).map(|point| point.0).fold(1.0, f64::max);
    let lowest = curves.iter().flat_map(|curve| &curve.points).map(|point| point.1.ci95[0]).fold(0.0, f64::min);
    let bottom = (lowest / 50.0).floor() * 50.0;
    let top = (ceiling / 50.0).ceil() * 50.0;
    let [left, above, right, below] = MARGIN;
    let x = |episode: f64| left + (WIDTH - left - right) * episode / last;
    let y = |value: f64| above + (HEIGHT - above - below) * (top - value) / (top - bottom);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n\
         <title>{title}</title>\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n<text x=\"{left}\" y=\"16\" font-weight=\"bold\">{title}</text>\n"
    );
    let mut tick = bottom;
    while tick <= top {
        let (y, end) = (y(tick), WIDTH - right);
        let _ = writeln!(
            svg,
            "<line x1=\"{left}\" y1=\"{y:.1}\" x2=\"{end}\" y2=\"{y:.1}\" stroke=\"#dddddd\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{tick}</text>",
            left - 6.0,
            y + 4.0
        );
        tick += 50.0;
    }
    for k in 0..=6 {
        let episode = (last * f64::from(k) / 6.0).round();
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{episode}</text>",
            x(episode),
            HEIGHT - below + 18.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">training episodes</text>",
        x(last / 2.0),
        HEIGHT - 8.0
    );
    let _ = writeln!(
        svg,
        "<line x1=\"{left}\" y1=\"{0:.1}\" x2=\"{1}\" y2=\"{0:.1}\" stroke=\"#555555\" stroke-dasharray=\"5 4\"/><text x=\"{2}\" y=\"{3:.1}\" fill=\"#555555\">ceiling {ceiling:.1}</text>",
        y(ceiling),
        WIDTH - right,
        WIDTH - right + 8.0,
        y(ceiling) + 4.0
    );
    for (k, (curve, colour)) in curves.iter().zip(COLOURS.iter().cycle()).enumerate() {
        let upper = curve.points.iter().map(|(episode, d)| (x(*episode), y(d.ci95[1])));
        let lower = curve.points.iter().rev().map(|(episode, d)| (x(*episode), y(d.ci95[0])));
        let band = path(upper.chain(lower));
        let mean = path(curve.points.iter().map(|(episode, d)| (x(*episode), y(d.mean))));
        let legend = above + 60.0 + 20.0 * k as f64;
        let at = WIDTH - right + 8.0;
        let _ = writeln!(
            svg,
            "<path d=\"{band} Z\" fill=\"{colour}\" fill-opacity=\"0.18\"/>\n<path d=\"{mean}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\"/>"
        );
        let _ = writeln!(
            svg,
            "<line x1=\"{at}\" y1=\"{legend}\" x2=\"{}\" y2=\"{legend}\" stroke=\"{colour}\" stroke-width=\"3\"/><text x=\"{}\" y=\"{}\">{}</text>",
            at + 18.0,
            at + 24.0,
            legend + 4.0,
            curve.name
        );
    }
    svg + "</svg>\n"
}

fn curve(preset: &str, points: &[Point]) -> Curve {
    let mut by_episode: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for point in points.iter().filter(|point| point.preset == preset) {
        by_episode.entry(point.episode).or_default().push(point.mean);
    }
    let points = by_episode
        .into_iter()
        .filter_map(|(episode, means)| Some((episode as f64, Distribution::of(&means)?)))
        .collect();
    Curve { name: preset.to_owned(), points }
}

fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    points.enumerate().map(|(k, (x, y))| format!("{}{x:.1} {y:.1}", if k == 0 { "M" } else { " L" })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_have_a_line_a_band_and_a_name() {
        let point = |seed, episode, mean| Point { preset: "stdp".to_owned(), seed, episode, mean };
        let points = [point(1, 5, 100.0), point(2, 5, 120.0), point(1, 10, 200.0), point(2, 10, 220.0)];
        let svg = learning_curves("title", &points, &["stdp", "pathway"], 243.6);
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
        assert_eq!(
            (svg.matches("<path").count(), svg.matches(">stdp<").count(), svg.matches("pathway").count()),
            (2, 1, 0)
        );
        // The mean of the first two points, 110, lies 140/250 of the way down the plot.
        let expected = format!("M{:.1} {:.1}", 56.0 + 554.0 * 0.5, 24.0 + 352.0 * 140.0 / 250.0);
        assert!(svg.contains(&expected), "{expected} is not in {svg}");
    }
}
