//! Files of rows and curves, whoever wrote them.

use std::path::{Path, PathBuf};

use super::field::{Fields, Problem};
use super::row::{COLUMNS, CURVE_COLUMNS, Inputs, Point, Row};
use super::rules;
use super::world::BenchmarkWorld;
use super::{MIN_SEEDS, PROTOCOL};
use crate::failure::Failure;
use crate::files::read_text;

/// Most training episodes of a run.
const MAX_EPISODES: u64 = 1_000_000;
/// Most steps of an episode.
const HORIZON: u64 = 100;
/// More operations than any run could cost.
const MAX_OPERATIONS: u64 = 1_000_000_000_000_000_000;
/// What a crash costs: no return is lower.
const LEAST_RETURN: f64 = -100.0;
/// What a step earns at most.
const MOST_REWARD: f64 = 2.5;
/// Problems that are told of a file; the rest is counted.
const TOLD: usize = 20;

/// A file of rows with the curves beside it, each with its line.
#[derive(Debug)]
pub struct RowFile {
    /// The file.
    pub path: PathBuf,
    /// NAME_curves.csv beside NAME.csv.
    pub curves_path: PathBuf,
    /// Its rows.
    pub rows: Vec<(u64, Row)>,
    /// The points of the curves; none where there is no such file.
    pub points: Vec<(u64, Point)>,
    /// What is wrong, each with the name of its file.
    pub problems: Vec<String>,
    /// What makes results weak or not comparable.
    pub warnings: Vec<String>,
}

impl RowFile {
    /// A file that is to be written.
    pub fn empty(path: &Path) -> Self {
        let curves_path = curves_path(path);
        let (rows, points, problems, warnings) = Default::default();
        Self { path: path.to_owned(), curves_path, rows, points, problems, warnings }
    }

    /// Reads and checks both files.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let mut file = Self::empty(path);
        let (rows, mut problems) = lines(&read_text(path)?, &COLUMNS, row);
        problems.extend(rows.iter().flat_map(|(line, row)| rules::row_problems(*line, row)));
        problems.extend(rules::duplicates(&rows));
        file.tell(path, problems);
        file.warnings = rules::warnings(rows.iter().map(|(_, row)| row), MIN_SEEDS);
        file.rows = rows;
        let curves_path = file.curves_path.clone();
        // Where nothing was trained the file is empty.
        let curves = if curves_path.exists() { read_text(&curves_path)? } else { String::new() };
        if !curves.is_empty() {
            let (points, mut problems) = lines(&curves, &CURVE_COLUMNS, point);
            // A row that is wrong is no measure for its curve.
            if file.problems.is_empty() {
                problems.extend(rules::curve_problems(&file.rows, &points));
            }
            file.tell(&curves_path, problems);
            file.points = points;
        }
        Ok(file)
    }

    /// The same; a file with a problem is refused.
    pub fn read_valid(path: &Path) -> Result<Self, Failure> {
        let file = Self::read(path)?;
        match &file.problems[..] {
            [] => Ok(file),
            problems => {
                let told = problems.iter().take(TOLD).map(|problem| format!("\n  {problem}")).collect::<String>();
                let more = problems.len().saturating_sub(TOLD);
                let more = if more == 0 { String::new() } else { format!("\n  and {more} more") };
                let path = path.display();
                Err(Failure::System(format!("{path} has {}:{told}{more}", count(problems.len(), "error"))))
            }
        }
    }

    fn tell(&mut self, path: &Path, problems: Vec<Problem>) {
        self.problems.extend(problems.iter().map(|problem| format!("{}: {problem}", path.display())));
    }
}

/// `1 row`, `2 rows`.
pub fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// NAME_curves.csv beside NAME.csv.
fn curves_path(path: &Path) -> PathBuf {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    path.with_file_name(format!("{stem}_curves.csv"))
}

/// All lines below the header that can be read.
fn lines<T>(
    text: &str,
    columns: &'static [&'static str],
    read: impl Fn(Fields) -> Result<(u64, T), Vec<Problem>>,
) -> (Vec<(u64, T)>, Vec<Problem>) {
    let (mut values, mut problems) = (Vec::new(), Vec::new());
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.records();
    match records.next() {
        Some(Ok(header)) if header.iter().eq(columns.iter().copied()) => {}
        header => {
            let found = header.and_then(Result::ok).map(|header| header.iter().collect::<Vec<_>>().join(","));
            let reason = format!("is no header of such a file: use {}", columns.join(","));
            return (values, vec![Problem::new(1, columns[0], found.unwrap_or_default(), reason)]);
        }
    }
    for record in records {
        let result = match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                read(Fields::new(columns, &record, line))
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                Err(vec![Problem::new(line, columns[0], "", format!("cannot be read: {error}"))])
            }
        };
        match result {
            Ok(value) => values.push(value),
            Err(found) => problems.extend(found),
        }
    }
    (values, problems)
}

fn row(mut fields: Fields) -> Result<(u64, Row), Vec<Problem>> {
    let f = &mut fields;
    let episodes = 0..=MAX_EPISODES;
    let env_steps = 0..=MAX_EPISODES * HORIZON;
    let operations = 0.0..=MAX_OPERATIONS as f64;
    let returns = |horizon: f64| LEAST_RETURN..=MOST_REWARD * horizon;
    let row = Row {
        agent: agent(f),
        source: f.text("source", "is no source: use program and version, at most 100 printable characters", is_source),
        inputs: f.named("inputs", Inputs::Sensors),
        world: f.named("world", BenchmarkWorld::Base),
        seed: f.count("seed", 0..=u64::MAX),
        config_hash: f.text("config_hash", "is no hash: use 8 to 64 hexadecimal digits, lower case", is_hash),
        protocol: f.count("protocol", u64::from(PROTOCOL)..=u64::from(PROTOCOL)) as u32,
        episodes: f.count("episodes", episodes.clone()) as usize,
        env_steps: f.count("env_steps", env_steps.clone()) as usize,
        training_crashes: f.count("training_crashes", episodes.clone()) as usize,
        episodes_to_90: f.optional_count("episodes_to_90", episodes.clone()),
        env_steps_to_90: f.optional_count("env_steps_to_90", env_steps.clone()),
        episodes_to_95: f.optional_count("episodes_to_95", episodes.clone()),
        env_steps_to_95: f.optional_count("env_steps_to_95", env_steps.clone()),
        episodes_to_98: f.optional_count("episodes_to_98", episodes),
        env_steps_to_98: f.optional_count("env_steps_to_98", env_steps),
        return_h100: f.number("return_h100", returns(100.0)),
        min_h100: f.number("min_h100", returns(100.0)),
        crash_rate_h100: f.share("crash_rate_h100", 50),
        return_h140: f.number("return_h140", returns(140.0)),
        min_h140: f.number("min_h140", returns(140.0)),
        crash_rate_h140: f.share("crash_rate_h140", 50),
        acs_per_decision: f.number("acs_per_decision", operations.clone()),
        macs_per_decision: f.number("macs_per_decision", operations.clone()),
        neuron_updates_per_decision: f.number("neuron_updates_per_decision", operations.clone()),
        training_acs: f.count("training_acs", 0..=MAX_OPERATIONS),
        training_macs: f.count("training_macs", 0..=MAX_OPERATIONS),
        training_neuron_updates: f.count("training_neuron_updates", 0..=MAX_OPERATIONS),
        cpu_seconds: f.number("cpu_seconds", 0.0..=1e9),
    };
    fields.finish(row)
}

fn point(mut fields: Fields) -> Result<(u64, Point), Vec<Problem>> {
    let f = &mut fields;
    let point = Point {
        agent: agent(f),
        world: f.named("world", BenchmarkWorld::Base),
        seed: f.count("seed", 0..=u64::MAX),
        episode: f.count("episode", 0..=MAX_EPISODES) as usize,
        env_steps: f.count("env_steps", 0..=MAX_EPISODES * HORIZON) as usize,
        mean: f.number("return", LEAST_RETURN..=MOST_REWARD * HORIZON as f64),
        crash_rate: f.share("crash_rate", 20),
    };
    fields.finish(point)
}

fn agent(fields: &mut Fields) -> String {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    let is_name = |text: &str| (1..=40).contains(&text.len()) && text.chars().all(is_letter);
    fields.text("agent", "is no name of an agent: use 1 to 40 of a-z, 0-9, . and -", is_name)
}

fn is_source(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= 100 && !text.chars().any(char::is_control)
}

fn is_hash(text: &str) -> bool {
    (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::row::tests::row as made_up;
    use crate::experiments::rows::write;

    /// The file's text with one field changed.
    fn with(column: &str, value: &str) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.csv");
        write(&path, &[made_up("ppo", BenchmarkWorld::Base, 7, 230.0)]).unwrap();
        let text = read_text(&path).unwrap();
        let (header, line) = text.trim_end().split_once('\n').unwrap();
        let place = header.split(',').position(|known| known == column).unwrap();
        let mut fields: Vec<&str> = line.split(',').collect();
        fields[place] = value;
        std::fs::write(&path, format!("{header}\n{}\n", fields.join(","))).unwrap();
        RowFile::read(&path)
            .unwrap()
            .problems
            .iter()
            .map(|problem| problem.split_once(": ").unwrap().1.to_owned())
            .collect()
    }

    #[test]
    fn every_column_has_its_range_and_the_error_names_line_column_value_and_range() {
        assert_eq!(with("agent", "ppo"), Vec::<String>::new());
        for (column, value, reason) in [
            ("agent", "PPO", "is no name of an agent: use 1 to 40 of a-z, 0-9, . and -"),
            ("source", "", "is no source: use program and version, at most 100 printable characters"),
            (
                "inputs",
                "pixels",
                "is unknown: use sensors, sensors+action, sensors-x4, code or, for a driver that knows the true state, state",
            ),
            ("world", "hard", "is unknown: \"hard\" is no world of the benchmark: use base or noise-1"),
            ("seed", "-1", "is no whole number in [0, 18446744073709551615]"),
            ("config_hash", "abc", "is no hash: use 8 to 64 hexadecimal digits, lower case"),
            ("protocol", "2", "is no whole number in [1, 1]"),
            ("episodes", "3e2", "is no whole number in [0, 1000000]"),
            ("env_steps", "", "is no whole number in [0, 100000000]"),
            ("episodes_to_98", "never", "is no whole number in [0, 1000000]"),
            ("return_h100", "250.5", "is no number in [-100, 250]"),
            ("return_h140", "NaN", "is no number in [-100, 350]"),
            ("crash_rate_h100", "1.02", "is no number in [0, 1]"),
            ("acs_per_decision", "-3", "is no number in [0, 1000000000000000000]"),
            ("training_macs", "1.5", "is no whole number in [0, 1000000000000000000]"),
            ("cpu_seconds", "inf", "is no number in [0, 1000000000]"),
        ] {
            assert_eq!(with(column, value)[0], format!("line 2, {column}: {value:?} {reason}"));
        }
        assert!(with("crash_rate_h140", "0.03")[0].ends_with("is no share of 50 tracks: use a multiple of 0.02"));
    }

    #[test]
    fn another_header_and_another_length_are_told() {
        let read = |text: &str| {
            let (rows, problems) = lines(text, &CURVE_COLUMNS, point);
            (rows.len(), problems.iter().map(Problem::to_string).collect::<Vec<_>>())
        };
        let header = CURVE_COLUMNS.join(",");
        let (rows, problems) = read("agent,seed\nppo,1\n");
        assert_eq!((rows, problems.len()), (0, 1));
        assert!(
            problems[0].starts_with("line 1, agent: \"agent,seed\" is no header of such a file: use agent,world,seed")
        );
        assert_eq!(read("").1.len(), 1);
        let (rows, problems) = read(&format!("{header}\nppo,base,1,5\nppo,base,1,5,400,-3.5,0.05\n"));
        assert_eq!(
            (rows, &problems[..]),
            (1, &["line 2, agent: \"4\" is the number of fields: a row has 7".to_owned()][..])
        );
    }
}
