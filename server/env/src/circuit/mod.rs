//! Real circuits: closed centre lines from CSV, fitted to the car or in real metres.

mod csv;
mod error;

use std::f64::consts::{PI, TAU};
use std::sync::Arc;

use crate::config::MAX_HORIZON;
use crate::track::{DS, HALF_WIDTH, Track};

pub use csv::COLUMNS;
pub use error::CircuitError;

/// Radius of the tightest corner of a fitted circuit, in units: the tightest that phase 4 trains.
const TIGHTEST_RADIUS: f64 = 12.5;
/// Shortest fitted lap, in units. A circle of the tightest radius is 2π·12.5 = 78.5, and less when smoothing shrinks it.
const SHORTEST_LAP: f64 = 5.0 * TIGHTEST_RADIUS;
/// Shortest and longest circuit, in metres.
const LENGTH_RANGE_M: [f64; 2] = [100.0, 100_000.0];

/// A corner tighter than this, in metres, is hard to drive in real metres.
const TIGHT_RADIUS: f64 = 10.0;

/// How metres become units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CircuitMode {
    /// Scaled so that the tightest corner has a radius of 12.5 units, the tightest that phase 4 trains; 8 units wide.
    #[default]
    Fit,
    /// 1 unit is 1 metre, as wide as the file says.
    Real,
}

/// A closed road.
#[derive(Clone, Debug, PartialEq)]
pub struct Circuit {
    name: String,
    csv: String,
    mode: CircuitMode,
    track: Arc<Track>,
    units_per_metre: f64,
    tightest_radius: f64,
}

impl Circuit {
    /// Reads a circuit: `x_m,y_m,w_tr_right_m,w_tr_left_m` a row, with or without a header; lines that start with `#` are
    /// comments.
    ///
    /// Centre line and widths are resampled to 0.5 m and smoothed by two passes of a ±5 m moving average. Mode `fit` scales the
    /// line by `12.5·κ` units per metre, κ its largest curvature (heading change over 2 m), and ignores the widths. The line is
    /// resampled to 0.5 units and smoothed by two passes over ±1 unit.
    pub fn from_csv(name: &str, csv: &str, mode: CircuitMode) -> Result<Self, CircuitError> {
        let points = from_origin(csv::read(csv)?);
        let metres = perimeter(&points);
        if !(LENGTH_RANGE_M[0]..=LENGTH_RANGE_M[1]).contains(&metres) {
            return Err(CircuitError::Length { metres });
        }
        let smooth = smoothed(resampled(&points), 5.0);
        let curvature = max_curvature(&smooth);
        let units_per_metre = match mode {
            CircuitMode::Fit => curvature * TIGHTEST_RADIUS,
            CircuitMode::Real => 1.0,
        };
        let units = perimeter(&smooth) * units_per_metre;
        if units < SHORTEST_LAP {
            return Err(CircuitError::LapTooShort { units });
        }
        if units > MAX_HORIZON as f64 {
            return Err(CircuitError::LapTooLong { units, radius_m: 1.0 / curvature });
        }
        let scaled: Vec<_> = smooth.iter().map(|point| point.map(|metres| metres * units_per_metre)).collect();
        let points = smoothed(resampled(&scaled), 1.0);
        let tightest_radius = 1.0 / max_curvature(&points);
        let half_width = points.iter().map(|[_, _, right, left]| match mode {
            CircuitMode::Fit => [HALF_WIDTH; 2],
            CircuitMode::Real => [*left, *right],
        });
        let track = Track::from_loop(points.iter().map(|[x, y, ..]| [*x, *y]).collect(), half_width.collect());
        Ok(Self {
            name: name.to_owned(),
            csv: csv.to_owned(),
            mode,
            track: Arc::new(track),
            units_per_metre,
            tightest_radius,
        })
    }

    /// How metres became units.
    pub fn mode(&self) -> CircuitMode {
        self.mode
    }

    /// Radius of the tightest corner as it is driven, in units.
    pub fn tightest_radius(&self) -> f64 {
        self.tightest_radius
    }

    /// What a driver should know before it starts.
    pub fn warning(&self) -> Option<String> {
        (self.mode == CircuitMode::Real && self.tightest_radius < TIGHT_RADIUS)
            .then(|| format!("the tightest corner of {} has a radius of {:.1} m, less than {TIGHT_RADIUS} m: few drivers get round it", self.name, self.tightest_radius))
    }

    /// What the circuit is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text that the circuit was read from.
    pub fn csv(&self) -> &str {
        &self.csv
    }

    /// The road.
    pub fn track(&self) -> &Arc<Track> {
        &self.track
    }

    /// The scale.
    pub fn units_per_metre(&self) -> f64 {
        self.units_per_metre
    }

    /// Steps that suffice for a lap: a fifth more than its length, and no more than an episode may have.
    pub fn lap_horizon(&self) -> usize {
        (libm::ceil(1.2 * self.track.length()) as usize).min(MAX_HORIZON)
    }
}

/// The points moved so that the first is the origin: coordinates of a map would cost the precision of the edges.
fn from_origin(mut points: Vec<[f64; 4]>) -> Vec<[f64; 4]> {
    let Some(&[x0, y0, ..]) = points.first() else { return points };
    for [x, y, ..] in &mut points {
        (*x, *y) = (*x - x0, *y - y0);
    }
    points
}

/// Distance between two points, by their first two coordinates.
fn distance<const N: usize>(a: &[f64; N], b: &[f64; N]) -> f64 {
    libm::hypot(b[0] - a[0], b[1] - a[1])
}

/// The sides of a closed polygon, with their lengths.
fn sides<const N: usize>(points: &[[f64; N]]) -> impl Iterator<Item = (&[f64; N], &[f64; N], f64)> {
    points.iter().zip(points.iter().cycle().skip(1)).map(|(a, b)| (a, b, distance(a, b)))
}

fn perimeter<const N: usize>(points: &[[f64; N]]) -> f64 {
    sides(points).map(|(_, _, length)| length).sum()
}

/// The closed polygon resampled evenly, as close to [`DS`] apart as fits its length.
fn resampled<const N: usize>(points: &[[f64; N]]) -> Vec<[f64; N]> {
    let length = perimeter(points);
    let n = libm::round(length / DS) as usize;
    let step = length / n as f64;
    let mut samples = Vec::with_capacity(n);
    let mut passed = 0.0;
    for (a, b, side) in sides(points) {
        while samples.len() < n && samples.len() as f64 * step < passed + side {
            let fraction = (samples.len() as f64 * step - passed) / side;
            samples.push(std::array::from_fn(|k| a[k] + fraction * (b[k] - a[k])));
        }
        passed += side;
    }
    samples
}

/// Two passes of a moving average over ±`reach` along a closed line sampled at [`DS`].
fn smoothed<const N: usize>(mut points: Vec<[f64; N]>, reach: f64) -> Vec<[f64; N]> {
    let (n, half) = (points.len(), libm::round(reach / DS) as usize);
    let weight = 1.0 / (2 * half + 1) as f64;
    for _ in 0..2 {
        let average =
            |i: usize, k: usize| (0..=2 * half).map(|offset| weight * points[(i + n + offset - half) % n][k]).sum();
        points = (0..n).map(|i| std::array::from_fn(|k| average(i, k))).collect();
    }
    points
}

/// Largest change of heading over four samples, per unit of length.
fn max_curvature<const N: usize>(points: &[[f64; N]]) -> f64 {
    let n = points.len();
    let heading = |i: usize| {
        let (a, b) = (&points[(i + n - 1) % n], &points[(i + 1) % n]);
        libm::atan2(b[1] - a[1], b[0] - a[0])
    };
    let headings: Vec<f64> = (0..n).map(heading).collect();
    let turn = |i: usize| {
        let turn = headings[(i + 4) % n] - headings[i];
        (turn - TAU * libm::floor((turn + PI) / TAU)).abs() / (4.0 * DS)
    };
    (0..n).map(turn).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ellipse of about `4·radius·√2` by that, `points` points.
    fn oval(radius: f64, points: usize) -> String {
        let row = |i: usize| {
            let angle = TAU * i as f64 / points as f64;
            format!("{},{},5.0,5.0\n", 2.0 * radius * libm::cos(angle), radius * libm::sin(angle))
        };
        (0..points).map(row).collect()
    }

    fn error(csv: &str) -> String {
        Circuit::from_csv("test", csv, CircuitMode::Fit).unwrap_err().to_string()
    }

    #[test]
    fn fits_the_tightest_corner_to_the_car() {
        let circuit = Circuit::from_csv("oval", &oval(100.0, 200), CircuitMode::Fit).unwrap();
        // The tightest radius of an ellipse with half-axes 200 and 100 is b²/a = 50 m, a little more once smoothed.
        assert!((circuit.units_per_metre() - 0.25).abs() < 0.01, "{}", circuit.units_per_metre());
        let points: Vec<_> = (0..circuit.track().samples()).map(|i| circuit.track().centre(i)).collect();
        assert!((max_curvature(&points) - 1.0 / 12.5).abs() < 0.003);
        assert!((circuit.track().length() - 968.8 * circuit.units_per_metre()).abs() < 2.0);
        assert_eq!(circuit.lap_horizon(), libm::ceil(1.2 * circuit.track().length()) as usize);
    }

    #[test]
    fn headers_comments_and_a_repeated_last_point_are_fine() {
        let plain = oval(100.0, 200);
        let expected = Circuit::from_csv("a", &plain, CircuitMode::Fit).unwrap();
        let first = plain.lines().next().unwrap();
        for csv in [
            format!("# x_m,y_m,w_tr_right_m,w_tr_left_m\n{plain}"),
            format!("x_m,y_m,w_tr_right_m,w_tr_left_m\r\n{}", plain.replace('\n', "\r\n")),
            format!("\u{feff}{plain}\n\n"),
            format!("{plain}{first}\n"),
        ] {
            assert_eq!(Circuit::from_csv("a", &csv, CircuitMode::Fit).unwrap().track(), expected.track());
        }
    }

    #[test]
    fn bad_files_are_refused_with_line_value_and_remedy() {
        let good = oval(100.0, 200);
        assert!(error("").starts_with("0 points are too few"));
        assert!(error(&oval(100.0, 9)).starts_with("9 points are too few"));
        assert!(error("1;2;3;4\n").starts_with("line 1: 1 fields in \"1;2;3;4\""));
        assert!(error(&format!("{good}1,2,3\n")).starts_with("line 201: 3 fields"));
        assert_eq!(
            error(&format!("0,NaN,5,5\n{good}")),
            "line 1: y_m is \"NaN\": it must be a finite number of metres"
        );
        assert!(error(&format!("{good}x,1,2,3\n")).starts_with("line 201: x_m is \"x\""));
        assert_eq!(error(&format!("200,0,5,-1\n{good}")), "line 1: w_tr_left_m is -1: a width must be above 0 m");
        assert!(error(&format!("200,0,0,5\n{good}")).contains("w_tr_right_m is 0"));
        let half: String = good.lines().take(100).map(|line| format!("{line}\n")).collect();
        assert!(error(&half).starts_with("line 100: the circuit is open: its last point is"), "{}", error(&half));
        assert!(error(&oval(5.0, 200)).contains("it must be from 100 m"));
        assert!(error(&oval(1e9, 200)).contains("it must be from 100 m"));
    }

    #[test]
    fn a_loop_that_smoothing_wipes_out_is_refused() {
        // A moving average over 10.5 m takes a circle of 10.5 m to its middle.
        let radius_m = 0.25 / libm::sin(PI / 21.0);
        let row = |i: i32| {
            let (sin, cos) = libm::sincos(TAU * f64::from(i) / 21.0);
            format!("{},{},5,5\n", radius_m * cos, radius_m * sin)
        };
        let ten_times_around: String = (0..210).map(row).collect();
        assert!(error(&ten_times_around).starts_with("the fitted lap is 0.0 units"), "{}", error(&ten_times_around));
    }

    #[test]
    fn a_spike_in_the_data_is_named() {
        let mut csv = String::new();
        for (i, line) in oval(9000.0, 5000).lines().enumerate() {
            let shift = if i == 1250 { "0,8960,5,5" } else { line };
            csv += &format!("{shift}\n");
        }
        assert!(error(&csv).starts_with("the fitted lap is"), "{}", error(&csv));
    }

    #[test]
    fn real_metres_keep_length_and_widths() {
        let csv = oval(100.0, 200).replace(",5.0,5.0", ",4.0,7.5");
        let circuit = Circuit::from_csv("oval", &csv, CircuitMode::Real).unwrap();
        assert_eq!((circuit.units_per_metre(), circuit.warning()), (1.0, None));
        assert!((circuit.track().length() - 968.8).abs() < 4.0, "{}", circuit.track().length());
        let [left, right] = circuit.track().half_width(77);
        assert!((left - 7.5).abs() < 1e-9 && (right - 4.0).abs() < 1e-9);
        let tight = Circuit::from_csv("tight", &oval(17.0, 60), CircuitMode::Real).unwrap();
        assert!(tight.warning().is_some_and(|text| text.contains("less than 10 m")), "{}", tight.tightest_radius());
    }
}
