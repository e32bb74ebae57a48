//! Real circuits: closed centre lines from CSV, fitted to the car.

use std::f64::consts::{PI, TAU};
use std::sync::Arc;

use crate::config::MAX_HORIZON;
use crate::track::{DS, Track};

/// The columns of a circuit file, all in metres.
pub const COLUMNS: [&str; 4] = ["x_m", "y_m", "w_tr_right_m", "w_tr_left_m"];

/// Radius of the tightest corner of a fitted circuit, in units: the tightest that phase 4 trains.
const TIGHTEST_RADIUS: f64 = 12.5;
/// Shortest fitted lap, in units. A circle of the tightest radius is 2π·12.5 = 78.5, and less when smoothing shrinks it.
const SHORTEST_LAP: f64 = 5.0 * TIGHTEST_RADIUS;
/// Fewest points that can describe a circuit.
const MIN_POINTS: usize = 10;
/// Shortest and longest circuit, in metres.
const LENGTH_RANGE_M: [f64; 2] = [100.0, 100_000.0];
/// A closing gap this many times the median spacing means that the circuit is open.
const OPEN_FACTOR: f64 = 5.0;

/// A closed road, scaled so that its tightest corner has a radius of 12.5 units (mode `fit`).
#[derive(Clone, Debug, PartialEq)]
pub struct Circuit {
    name: String,
    csv: String,
    track: Arc<Track>,
    units_per_metre: f64,
}

/// Why a circuit file was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CircuitError {
    /// A row does not have four fields.
    #[error(
        "line {line}: {found} fields in {row:?}: each row needs four, separated by commas: x_m,y_m,w_tr_right_m,w_tr_left_m"
    )]
    Fields {
        /// Line number, from 1.
        line: usize,
        /// Fields found.
        found: usize,
        /// The row.
        row: String,
    },
    /// A field is no finite number.
    #[error("line {line}: {column} is {value:?}: it must be a finite number of metres")]
    Number {
        /// Line number, from 1.
        line: usize,
        /// Name of the column.
        column: &'static str,
        /// The field.
        value: String,
    },
    /// A width is zero or negative.
    #[error("line {line}: {column} is {value}: a width must be above 0 m")]
    Width {
        /// Line number, from 1.
        line: usize,
        /// Name of the column.
        column: &'static str,
        /// The width in metres.
        value: f64,
    },
    /// There are too few points.
    #[error("{found} points are too few for a circuit: give at least 10, about 5 m apart")]
    TooFewPoints {
        /// Points found.
        found: usize,
    },
    /// The circuit is too short or too long.
    #[error("the circuit is {metres:.1} m long: it must be from 100 m to 100000 m; are the coordinates in metres?")]
    Length {
        /// Length in metres.
        metres: f64,
    },
    /// The last point is far from the first.
    #[error(
        "line {line}: the circuit is open: its last point is {gap_m:.1} m from the first, more than 5 times the median spacing \
         of {spacing_m:.1} m; close the loop"
    )]
    Open {
        /// Line number of the last point.
        line: usize,
        /// Distance from the last point to the first, in metres.
        gap_m: f64,
        /// Median distance between neighbours, in metres.
        spacing_m: f64,
    },
    /// The fitted lap is shorter than that of any smooth loop.
    #[error(
        "the fitted lap is {units:.1} units, less than a loop around corners of 12.5 units can be: the points turn within \
         a few metres; give one smooth loop, its points about 5 m apart"
    )]
    LapTooShort {
        /// Length of the fitted lap, in units.
        units: f64,
    },
    /// The fitted lap is longer than any episode.
    #[error(
        "the fitted lap is {units:.0} units, more than an episode can last ({MAX_HORIZON} steps): the tightest corner (radius \
         {radius_m:.2} m) is scaled to 12.5 units; widen that corner, or leave the spike in the data out"
    )]
    LapTooLong {
        /// Length of the fitted lap, in units.
        units: f64,
        /// Radius of the tightest corner, in metres.
        radius_m: f64,
    },
}

impl Circuit {
    /// Reads and fits a circuit: `x_m,y_m,w_tr_right_m,w_tr_left_m` a row, with or without a header; lines that start with
    /// `#` are comments. Widths are checked but not used: a fitted road is 8 units wide.
    ///
    /// The centre line is resampled to 0.5 m and smoothed by two passes of a ±5 m moving average; its largest curvature
    /// κ (heading change over 2 m) gives the scale `12.5·κ` units per metre; the scaled line is resampled to 0.5 units and
    /// smoothed by two passes over ±1 unit.
    pub fn from_csv(name: &str, csv: &str) -> Result<Self, CircuitError> {
        let points = close(parse(csv)?)?;
        let metres = perimeter(&points);
        if !(LENGTH_RANGE_M[0]..=LENGTH_RANGE_M[1]).contains(&metres) {
            return Err(CircuitError::Length { metres });
        }
        let smooth = smoothed(resampled(&points), 5.0);
        let curvature = max_curvature(&smooth);
        let units_per_metre = curvature * TIGHTEST_RADIUS;
        let units = perimeter(&smooth) * units_per_metre;
        if units < SHORTEST_LAP {
            return Err(CircuitError::LapTooShort { units });
        }
        if units > MAX_HORIZON as f64 {
            return Err(CircuitError::LapTooLong { units, radius_m: 1.0 / curvature });
        }
        let scaled: Vec<_> = smooth.iter().map(|[x, y]| [x * units_per_metre, y * units_per_metre]).collect();
        let track = Track::from_loop(smoothed(resampled(&scaled), 1.0));
        Ok(Self { name: name.to_owned(), csv: csv.to_owned(), track: Arc::new(track), units_per_metre })
    }

    /// What the circuit is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text that the circuit was read from.
    pub fn csv(&self) -> &str {
        &self.csv
    }

    /// The fitted road.
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

/// A point and the line that it stands in.
struct Row {
    line: usize,
    point: [f64; 2],
}

fn parse(csv: &str) -> Result<Vec<Row>, CircuitError> {
    let mut rows = Vec::new();
    let mut header_allowed = true;
    for (index, text) in csv.trim_start_matches('\u{feff}').lines().enumerate() {
        let (line, text) = (index + 1, text.trim());
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let fields: Vec<&str> = text.split(',').map(str::trim).collect();
        if std::mem::take(&mut header_allowed) && is_header(&fields) {
            continue;
        }
        let Ok(fields) = <[&str; 4]>::try_from(fields.as_slice()) else {
            return Err(CircuitError::Fields { line, found: fields.len(), row: shortened(text) });
        };
        rows.push(parse_row(line, fields)?);
    }
    Ok(rows)
}

fn is_header(fields: &[&str]) -> bool {
    fields.len() == COLUMNS.len()
        && fields
            .iter()
            .all(|field| field.starts_with(|c: char| c.is_ascii_alphabetic()) && field.parse::<f64>().is_err())
}

fn parse_row(line: usize, fields: [&str; 4]) -> Result<Row, CircuitError> {
    let mut values = [0.0; 4];
    for ((value, field), column) in values.iter_mut().zip(fields).zip(COLUMNS) {
        *value = field.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| CircuitError::Number {
            line,
            column,
            value: shortened(field),
        })?;
    }
    let [x, y, right, left] = values;
    for (column, value) in [(COLUMNS[2], right), (COLUMNS[3], left)] {
        if value <= 0.0 {
            return Err(CircuitError::Width { line, column, value });
        }
    }
    Ok(Row { line, point: [x, y] })
}

/// At most 60 characters of a text that came from outside.
fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Checks that the points make a closed loop; a last point that repeats the first is dropped.
fn close(mut rows: Vec<Row>) -> Result<Vec<[f64; 2]>, CircuitError> {
    if let [first, .., last] = rows.as_slice()
        && first.point == last.point
    {
        rows.pop();
    }
    let [first, .., last] = rows.as_slice() else {
        return Err(CircuitError::TooFewPoints { found: rows.len() });
    };
    if rows.len() < MIN_POINTS {
        return Err(CircuitError::TooFewPoints { found: rows.len() });
    }
    let mut spacings: Vec<f64> = rows.windows(2).map(|pair| distance(pair[0].point, pair[1].point)).collect();
    spacings.sort_by(f64::total_cmp);
    let spacing_m = spacings[spacings.len() / 2];
    let gap_m = distance(last.point, first.point);
    if gap_m > OPEN_FACTOR * spacing_m {
        return Err(CircuitError::Open { line: last.line, gap_m, spacing_m });
    }
    Ok(rows.into_iter().map(|row| row.point).collect())
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    libm::hypot(b[0] - a[0], b[1] - a[1])
}

/// The sides of a closed polygon, with their lengths.
fn sides(points: &[[f64; 2]]) -> impl Iterator<Item = ([f64; 2], [f64; 2], f64)> {
    points.iter().zip(points.iter().cycle().skip(1)).map(|(&a, &b)| (a, b, distance(a, b)))
}

fn perimeter(points: &[[f64; 2]]) -> f64 {
    sides(points).map(|(_, _, length)| length).sum()
}

/// The closed polygon resampled evenly, as close to [`DS`] apart as fits its length.
fn resampled(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let length = perimeter(points);
    let n = libm::round(length / DS) as usize;
    let step = length / n as f64;
    let mut samples = Vec::with_capacity(n);
    let mut passed = 0.0;
    for (a, b, side) in sides(points) {
        while samples.len() < n && samples.len() as f64 * step < passed + side {
            let fraction = (samples.len() as f64 * step - passed) / side;
            samples.push([a[0] + fraction * (b[0] - a[0]), a[1] + fraction * (b[1] - a[1])]);
        }
        passed += side;
    }
    samples
}

/// Two passes of a moving average over ±`reach` along a closed line sampled at [`DS`].
fn smoothed(mut points: Vec<[f64; 2]>, reach: f64) -> Vec<[f64; 2]> {
    let (n, half) = (points.len(), libm::round(reach / DS) as usize);
    let weight = 1.0 / (2 * half + 1) as f64;
    for _ in 0..2 {
        points = (0..n)
            .map(|i| {
                let around = (0..=2 * half).map(|k| points[(i + n + k - half) % n]);
                around.fold([0.0, 0.0], |sum, point| [sum[0] + weight * point[0], sum[1] + weight * point[1]])
            })
            .collect();
    }
    points
}

/// Largest change of heading over four samples, per metre.
fn max_curvature(points: &[[f64; 2]]) -> f64 {
    let track = Track::from_loop(points.to_vec());
    let n = track.samples();
    (0..n)
        .map(|i| {
            let turn = track.heading_rad((i + 4) % n) - track.heading_rad(i);
            (turn - TAU * libm::floor((turn + PI) / TAU)).abs() / (4.0 * DS)
        })
        .fold(0.0, f64::max)
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
        Circuit::from_csv("test", csv).unwrap_err().to_string()
    }

    #[test]
    fn fits_the_tightest_corner_to_the_car() {
        let circuit = Circuit::from_csv("oval", &oval(100.0, 200)).unwrap();
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
        let expected = Circuit::from_csv("a", &plain).unwrap();
        let first = plain.lines().next().unwrap();
        for csv in [
            format!("# x_m,y_m,w_tr_right_m,w_tr_left_m\n{plain}"),
            format!("x_m,y_m,w_tr_right_m,w_tr_left_m\r\n{}", plain.replace('\n', "\r\n")),
            format!("\u{feff}{plain}\n\n"),
            format!("{plain}{first}\n"),
        ] {
            assert_eq!(Circuit::from_csv("a", &csv).unwrap().track(), expected.track());
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
}
