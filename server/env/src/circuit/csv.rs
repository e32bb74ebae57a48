//! Circuit files: rows of centre line and widths, checked line by line.

use super::{distance, error::CircuitError};

/// The columns of a circuit file, all in metres.
pub const COLUMNS: [&str; 4] = ["x_m", "y_m", "w_tr_right_m", "w_tr_left_m"];

/// Fewest points that can describe a circuit.
const MIN_POINTS: usize = 10;
/// A closing gap this many times the median spacing means that the circuit is open.
const OPEN_FACTOR: f64 = 5.0;

/// A closed loop of points: x, y, width to the right, width to the left, in metres.
pub(super) fn read(csv: &str) -> Result<Vec<[f64; 4]>, CircuitError> {
    close(parse(csv)?)
}

/// A point and the line that it stands in.
struct Row {
    line: usize,
    point: [f64; 4],
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
    let [_, _, right, left] = values;
    for (column, value) in [(COLUMNS[2], right), (COLUMNS[3], left)] {
        if value <= 0.0 {
            return Err(CircuitError::Width { line, column, value });
        }
    }
    Ok(Row { line, point: values })
}

/// At most 60 characters of a text that came from outside.
fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Checks that the points make a closed loop; points that repeat the one before, or a last one that repeats the first, are dropped.
fn close(mut rows: Vec<Row>) -> Result<Vec<[f64; 4]>, CircuitError> {
    rows.dedup_by(|next, row| next.point[..2] == row.point[..2]);
    if let [first, .., last] = rows.as_slice()
        && first.point[..2] == last.point[..2]
    {
        rows.pop();
    }
    let [first, .., last] = rows.as_slice() else {
        return Err(CircuitError::TooFewPoints { found: rows.len() });
    };
    if rows.len() < MIN_POINTS {
        return Err(CircuitError::TooFewPoints { found: rows.len() });
    }
    let mut spacings: Vec<f64> = rows.windows(2).map(|pair| distance(&pair[0].point, &pair[1].point)).collect();
    spacings.sort_by(f64::total_cmp);
    let spacing_m = spacings[spacings.len() / 2];
    let gap_m = distance(&last.point, &first.point);
    if gap_m > OPEN_FACTOR * spacing_m {
        return Err(CircuitError::Open { line: last.line, gap_m, spacing_m });
    }
    Ok(rows.into_iter().map(|row| row.point).collect())
}
