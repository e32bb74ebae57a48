//! Why a circuit file is refused, with line, value and remedy.

use crate::config::MAX_HORIZON;

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
