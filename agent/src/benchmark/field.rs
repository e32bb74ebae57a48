//! The fields of one line of a CSV file, read strictly: what is wrong is told with line, column, value and range.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use csv::StringRecord;

/// Something that is wrong in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Line of the file, from 1.
    pub line: u64,
    /// Column.
    pub column: &'static str,
    /// What stands there.
    pub value: String,
    /// Why it cannot be, and what could.
    pub reason: String,
}

impl Problem {
    /// A problem with a value.
    pub fn new(line: u64, column: &'static str, value: impl fmt::Display, reason: impl Into<String>) -> Self {
        Self { line, column, value: value.to_string(), reason: reason.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, value, reason } = self;
        write!(f, "line {line}, {column}: {value:?} {reason}")
    }
}

/// A line whose fields are taken one by one; a field that is wrong counts as its type's default and is noted.
pub struct Fields<'a> {
    line: u64,
    columns: &'static [&'static str],
    record: &'a StringRecord,
    problems: Vec<Problem>,
}

impl<'a> Fields<'a> {
    /// A line of a file with these columns.
    pub fn new(columns: &'static [&'static str], record: &'a StringRecord, line: u64) -> Self {
        let mut problems = Vec::new();
        if record.len() != columns.len() {
            let reason = format!("is the number of fields: a row has {}", columns.len());
            problems.push(Problem::new(line, columns[0], record.len(), reason));
        }
        Self { line, columns, record, problems }
    }

    /// The value, unless something was wrong.
    pub fn finish<T>(self, value: T) -> Result<(u64, T), Vec<Problem>> {
        if self.problems.is_empty() { Ok((self.line, value)) } else { Err(self.problems) }
    }

    /// A text that obeys a rule, told in words.
    pub fn text(&mut self, column: &'static str, rule: &str, obeys: impl Fn(&str) -> bool) -> String {
        let text = self.get(column);
        if !obeys(text) {
            self.note(column, rule);
        }
        text.to_owned()
    }

    /// A value of a type that knows what it can be.
    pub fn named<T: FromStr>(&mut self, column: &'static str, fallback: T) -> T
    where
        T::Err: fmt::Display,
    {
        match self.get(column).parse() {
            Ok(value) => value,
            Err(error) => {
                self.note(column, &format!("is unknown: {error}"));
                fallback
            }
        }
    }

    /// A whole number in a range.
    pub fn count(&mut self, column: &'static str, range: RangeInclusive<u64>) -> u64 {
        match self.get(column).parse() {
            Ok(count) if range.contains(&count) => count,
            _ => {
                self.note(column, &format!("is no whole number in [{}, {}]", range.start(), range.end()));
                0
            }
        }
    }

    /// The same, or an empty field.
    pub fn optional_count(&mut self, column: &'static str, range: RangeInclusive<u64>) -> Option<usize> {
        (!self.get(column).is_empty()).then(|| self.count(column, range) as usize)
    }

    /// A number in a range.
    pub fn number(&mut self, column: &'static str, range: RangeInclusive<f64>) -> f64 {
        match self.get(column).parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                self.note(column, &format!("is no number in [{}, {}]", range.start(), range.end()));
                0.0
            }
        }
    }

    /// A share of so many.
    pub fn share(&mut self, column: &'static str, of: u32) -> f64 {
        let share = self.number(column, 0.0..=1.0);
        let number = share * f64::from(of);
        if (number - number.round()).abs() > 1e-6 {
            self.note(column, &format!("is no share of {of} tracks: use a multiple of {}", 1.0 / f64::from(of)));
        }
        share
    }

    fn get(&self, column: &str) -> &'a str {
        let place = self.columns.iter().position(|known| *known == column);
        place.and_then(|place| self.record.get(place)).unwrap_or_default()
    }

    fn note(&mut self, column: &'static str, reason: &str) {
        // A line of another length has that one problem.
        if self.record.len() == self.columns.len() {
            self.problems.push(Problem::new(self.line, column, self.get(column), reason));
        }
    }
}
