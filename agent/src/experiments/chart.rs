//! Charts as SVG: lines with bands, dots, one or two axes in powers of ten. They stand alone, and in a page take its colour of text.

use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
/// Left, top, right, bottom.
const MARGIN: [f64; 4] = [64.0, 28.0, 150.0, 44.0];
/// Height of a line of the legend.
const LEGEND: f64 = 18.0;
/// Okabe & Ito's colours, told apart by colour-blind readers too; the last is that of the text.
pub(super) const COLOURS: [&str; 7] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "currentColor"];
/// Number of the text's colour.
pub const TEXT: usize = COLOURS.len() - 1;
/// Each round of colours has a pattern of its own.
const DASHES: [&str; 4] = ["", "6 3", "2 3", "8 3 2 3"];

/// A picture of series over a plane.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What is shown.
    pub title: String,
    /// Horizontal.
    pub x: Axis,
    /// Vertical.
    pub y: Axis,
    /// What is drawn, in the order of the legend.
    pub series: Vec<Series>,
    /// A dashed horizontal line, with its name.
    pub rule: Option<(f64, String)>,
}

/// One direction.
#[derive(Clone, Debug)]
pub struct Axis {
    /// What it counts, with its unit.
    pub label: String,
    /// From where to where.
    pub range: [f64; 2],
    /// How values are spread.
    pub scale: Scale,
}

/// How values are spread along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// Each power of ten as long as the next; the range is positive.
    Log,
}

/// One agent, or one line.
#[derive(Clone, Debug)]
pub struct Series {
    /// Name in the legend.
    pub name: String,
    /// How it is drawn.
    pub mark: Mark,
    /// Which colour and pattern: the same number looks the same in every chart.
    pub colour: usize,
    /// Its values, from left to right.
    pub samples: Vec<Sample>,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A line, with its interval as a band.
    Line,
    /// Dots, with their intervals as bars.
    Dots,
}

/// One value of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Where.
    pub x: f64,
    /// How much.
    pub y: f64,
    /// Its 95 % interval.
    pub interval: [f64; 2],
}

impl Axis {
    /// An even axis.
    pub fn linear(label: &str, range: [f64; 2]) -> Self {
        Self { label: label.to_owned(), range, scale: Scale::Linear }
    }

    /// Share of the way from the lower end, cut off beyond both.
    fn place(&self, value: f64) -> f64 {
        let [low, high] = self.range;
        let share = match self.scale {
            Scale::Linear => (value - low) / (high - low),
            Scale::Log => (value.max(low) / low).log10() / (high / low).log10(),
        };
        share.clamp(0.0, 1.0)
    }

    fn ticks(&self) -> Vec<f64> {
        let [low, high] = self.range;
        match self.scale {
            Scale::Linear => {
                let step = round_step((high - low) / 6.0);
                let first = (low / step - 1e-9).ceil() as i64;
                (first..).map(|k| k as f64 * step).take_while(|tick| *tick <= high + step * 1e-9).collect()
            }
            Scale::Log => {
                let first = (low.log10() - 1e-9).ceil() as i32;
                (first..).map(|k| 10f64.powi(k)).take_while(|tick| *tick <= high * (1.0 + 1e-9)).collect()
            }
        }
    }
}

/// 1, 2 or 5 times a power of ten, not below the value.
fn round_step(value: f64) -> f64 {
    let power = 10f64.powf(value.max(f64::MIN_POSITIVE).log10().floor());
    let fits = |factor: &f64| factor * power >= value * (1.0 - 1e-9);
    [1.0, 2.0, 5.0].into_iter().find(fits).unwrap_or(10.0) * power
}

impl Chart {
    /// Draws it.
    pub fn svg(&self) -> String {
        let [left, top, right, bottom] = MARGIN;
        let height = HEIGHT.max(top + bottom + 40.0 + LEGEND * self.series.len() as f64);
        let frame = Frame { left, right: WIDTH - right, top, bottom: height - bottom };
        let title = escape(&self.title);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"currentColor\" role=\"img\">\n\
             <title>{title}</title>\n<rect class=\"paper\" width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n<text x=\"{left}\" y=\"16\" font-weight=\"bold\">{title}</text>\n"
        );
        self.axes(&mut svg, &frame, height);
        if let Some((value, name)) = &self.rule {
            let (y, end, beside) = (frame.y(&self.y, *value), frame.right, frame.right + 8.0);
            let _ = writeln!(
                svg,
                "<path d=\"M{left} {y:.1} H{end}\" stroke=\"currentColor\" stroke-opacity=\"0.6\" stroke-dasharray=\"5 4\"/><text x=\"{beside}\" y=\"{:.1}\">{}</text>",
                y + 4.0,
                escape(name)
            );
        }
        for (k, series) in self.series.iter().enumerate() {
            let colour = COLOURS[series.colour % COLOURS.len()];
            let dashes = DASHES[series.colour / COLOURS.len() % DASHES.len()];
            match series.mark {
                Mark::Line => self.line(&mut svg, &frame, series, colour, dashes),
                Mark::Dots => self.dots(&mut svg, &frame, series, colour),
            }
            let (x, y) = (frame.right + 8.0, top + 34.0 + LEGEND * k as f64);
            let _ = writeln!(
                svg,
                "<path d=\"M{x} {y} H{}\" stroke=\"{colour}\" stroke-width=\"3\" stroke-dasharray=\"{dashes}\"/><text x=\"{}\" y=\"{}\">{}</text>",
                x + 18.0,
                x + 24.0,
                y + 4.0,
                escape(&series.name)
            );
        }
        svg + "</svg>\n"
    }

    fn axes(&self, svg: &mut String, frame: &Frame, height: f64) {
        let Frame { left, right, bottom, .. } = *frame;
        for tick in self.y.ticks() {
            let y = frame.y(&self.y, tick);
            let _ = writeln!(
                svg,
                "<path d=\"M{left} {y:.1} H{right}\" stroke=\"currentColor\" stroke-opacity=\"0.15\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                left - 6.0,
                y + 4.0,
                number(tick)
            );
        }
        for tick in self.x.ticks() {
            let x = frame.x(&self.x, tick);
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                bottom + 18.0,
                number(tick)
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n<text transform=\"translate(14 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            f64::midpoint(left, right),
            height - 8.0,
            escape(&self.x.label),
            f64::midpoint(frame.top, bottom),
            escape(&self.y.label)
        );
    }

    fn line(&self, svg: &mut String, frame: &Frame, series: &Series, colour: &str, dashes: &str) {
        let bound = |sample: &Sample, k: usize| (frame.x(&self.x, sample.x), frame.y(&self.y, sample.interval[k]));
        let upper = series.samples.iter().map(|sample| bound(sample, 1));
        let lower = series.samples.iter().rev().map(|sample| bound(sample, 0));
        let band = path(upper.chain(lower));
        let mean = path(series.samples.iter().map(|sample| (frame.x(&self.x, sample.x), frame.y(&self.y, sample.y))));
        if !series.samples.is_empty() {
            let _ = writeln!(
                svg,
                "<path d=\"{band} Z\" fill=\"{colour}\" fill-opacity=\"0.18\"/>\n<path d=\"{mean}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\" stroke-dasharray=\"{dashes}\"/>"
            );
        }
    }

    fn dots(&self, svg: &mut String, frame: &Frame, series: &Series, colour: &str) {
        for Sample { x, y, interval: [low, high] } in &series.samples {
            let x = frame.x(&self.x, *x);
            let [y, low, high] = [y, low, high].map(|value| frame.y(&self.y, *value));
            let _ = writeln!(
                svg,
                "<path d=\"M{x:.1} {low:.1} V{high:.1}\" stroke=\"{colour}\"/><circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/><text x=\"{:.1}\" y=\"{:.1}\" font-size=\"10\">{}</text>",
                x + 6.0,
                y - 5.0,
                escape(&series.name)
            );
        }
    }
}

/// Where the plane lies in the picture.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Frame {
    fn x(&self, axis: &Axis, value: f64) -> f64 {
        self.left + (self.right - self.left) * axis.place(value)
    }

    fn y(&self, axis: &Axis, value: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * axis.place(value)
    }
}

/// A text inside XML or HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    points.enumerate().map(|(k, (x, y))| format!("{}{x:.1} {y:.1}", if k == 0 { "M" } else { " L" })).collect()
}

/// A tick without what rounding left.
fn number(tick: f64) -> String {
    let rounded = (tick * 1e6).round() / 1e6;
    if rounded == 0.0 { "0".to_owned() } else { rounded.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers_within_the_range() {
        assert_eq!(Axis::linear("", [-100.0, 250.0]).ticks(), [-100.0, 0.0, 100.0, 200.0]);
        assert_eq!(Axis::linear("", [0.0, 300.0]).ticks(), [0.0, 50.0, 100.0, 150.0, 200.0, 250.0, 300.0]);
        assert_eq!(Axis::linear("", [0.8, 1.0]).ticks().len(), 5);
        let log = Axis { label: String::new(), range: [0.05, 200.0], scale: Scale::Log };
        assert_eq!(log.ticks(), [0.1, 1.0, 10.0, 100.0]);
        assert_eq!((log.place(0.05), log.place(200.0), log.place(0.0)), (0.0, 1.0, 0.0));
        assert!((log.place(10f64.sqrt()) - 0.5).abs() < 1e-12);
        assert_eq!((number(0.1 + 0.2), number(-0.0)), ("0.3".to_owned(), "0".to_owned()));
    }

    #[test]
    fn samples_are_drawn_where_they_belong_and_names_are_escaped() {
        let sample = |x, y| Sample { x, y, interval: [y - 10.0, y + 10.0] };
        let series = |name: &str, mark| Series {
            name: name.to_owned(),
            mark,
            colour: 0,
            samples: vec![sample(0.0, 0.0), sample(100.0, 50.0)],
        };
        let chart = Chart {
            title: "a < b & c".to_owned(),
            x: Axis::linear("steps", [0.0, 100.0]),
            y: Axis::linear("return", [0.0, 100.0]),
            series: vec![series("line", Mark::Line), series("\"dots\"", Mark::Dots)],
            rule: Some((100.0, "top".to_owned())),
        };
        let svg = chart.svg();
        // The plane spans x from 64 to 610 and y from 376 (0) to 28 (100).
        assert!(svg.contains("<path d=\"M64.0 376.0 L610.0 202.0\" fill=\"none\""), "{svg}");
        assert!(svg.contains("<path d=\"M64.0 341.2 L610.0 167.2 L610.0 236.8 L64.0 376.0 Z\""), "{svg}");
        assert!(
            svg.contains("<circle cx=\"610.0\" cy=\"202.0\"") && svg.contains("<path d=\"M64 28.0 H610\""),
            "{svg}"
        );
        assert!(svg.contains("<title>a &lt; b &amp; c</title>") && svg.contains("&quot;dots&quot;"), "{svg}");
    }
}
