//! What was found on the circuits: tables, and its part of docs/results.md.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::contender::Contender;
use super::folder::MODES;
use super::row::{Row, Run};
use super::{NAME, open};
use crate::benchmark::agents::Agent;
use crate::benchmark::table::Table;
use crate::experiments::stats::Distribution;
use crate::failure::Failure;

/// Question, and after a line of dashes what was found.
const TEXT: &str = include_str!("../../../studies/circuits.md");
/// Its heading.
const TITLE: &str = "Real circuits: does a network drive roads that it never saw?";
/// Crashes within this many units are of one place.
const PLACE: f64 = 50.0;

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Findings<'a> {
    /// A row for each run.
    pub runs: &'a [Run],
    /// Their laps.
    pub rows: &'a [Row],
}

impl<'a> Findings<'a> {
    /// All tables.
    pub fn tables(&self) -> Vec<Table> {
        vec![self.totals(), self.by_circuit()]
    }

    /// Condition and preset of all that drove, scripts last, else in the order of the conditions.
    fn contenders(&self) -> Vec<[String; 2]> {
        let names: BTreeSet<[&String; 2]> = self.runs.iter().map(|run| [&run.condition, &run.preset]).collect();
        let mut contenders: Vec<Contender> =
            names.into_iter().filter_map(|[condition, preset]| Contender::of(condition, preset)).collect();
        let agents = Agent::beside();
        contenders.sort_by_key(|contender| match *contender {
            Contender::Network(condition, agent) => {
                (condition as usize, agents.iter().position(|other| *other == agent))
            }
            Contender::Script(script) => (usize::MAX, Some(script as usize)),
        });
        contenders.into_iter().map(Contender::names).collect()
    }

    fn rows_of(&self, [condition, preset]: &[String; 2], mode: &str) -> Vec<&'a Row> {
        let is_its = |row: &&Row| row.condition == *condition && row.preset == *preset && row.mode == mode;
        self.rows.iter().filter(is_its).collect()
    }

    /// Laps and reward of each contender.
    fn totals(&self) -> Table {
        let mut table = Table::new(
            "Laps completed of all that were begun, how many of the networks completed all of theirs, and mean reward of a step [95 % interval over seeds], crashes \
             included; on the right the return of the same networks on the test tracks of phase 4, horizon 100.",
            &[
                "trained on",
                "driver",
                "`fit`: laps",
                "networks",
                "reward a step",
                "`real`: laps",
                "networks",
                "reward a step",
                "phase 4",
            ],
        );
        for contender in self.contenders() {
            let [condition, preset] = &contender;
            let mut cells = match condition.as_str() {
                "script" => vec!["-".to_owned(), preset.clone()],
                _ => vec![condition.clone(), format!("`{preset}`")],
            };
            for (_, mode) in MODES {
                let rows = self.rows_of(&contender, mode);
                let mut seeds: BTreeMap<u64, Vec<&Row>> = BTreeMap::new();
                rows.iter().for_each(|row| seeds.entry(row.seed).or_default().push(row));
                let whole = seeds.values().filter(|rows| rows.iter().all(|row| row.laps == row.starts)).count();
                let rewards: Vec<f64> = seeds.values().map(|rows| reward_per_step(rows)).collect();
                cells.extend([laps(&rows), format!("{whole}/{}", seeds.len()), interval(&rewards, 3)]);
            }
            let own = |run: &&Run| [&run.condition, &run.preset] == [condition, preset];
            let returns: Vec<f64> = self.runs.iter().filter(own).filter_map(|run| run.return_h100).collect();
            cells.push(interval(&returns, 1));
            table.rows.push(cells);
        }
        table
    }

    /// Laps of each circuit in real metres, that where most fail first.
    fn by_circuit(&self) -> Table {
        let caption = format!(
            "Mode `real`, by circuit, the one where most fail first: laps of all networks, those who did not complete all of theirs, and the place where most networks left the road, in metres of \
             centre line from the first point of the file, with how many of the crashes lie within {PLACE} m after it."
        );
        let mut table = Table::new(caption, &["circuit", "laps", "not all laps", "where"]);
        let mut circuits: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in self.rows.iter().filter(|row| row.mode == "real") {
            circuits.entry(&row.circuit).or_default().push(row);
        }
        let failed = |rows: &[&Row]| rows.iter().map(|row| row.starts.saturating_sub(row.laps)).sum::<usize>();
        let mut circuits: Vec<(&str, Vec<&Row>)> = circuits.into_iter().collect();
        circuits.sort_by_key(|(_, rows)| Reverse(failed(rows)));
        for (name, rows) in circuits {
            let mut weak = Vec::new();
            for [condition, preset] in self.contenders() {
                let own = |row: &&Row| row.condition == condition && row.preset == preset;
                let own: Vec<&Row> = rows.iter().copied().filter(own).collect();
                if failed(&own) > 0 {
                    weak.push(format!("{condition} `{preset}` {}", laps(&own)));
                }
            }
            let weak = if weak.is_empty() { "-".to_owned() } else { weak.join(", ") };
            let networks: Vec<&Row> = rows.into_iter().filter(|row| row.condition != "script").collect();
            table.rows.push(vec![name.to_owned(), laps(&networks), weak, worst_place(&networks)]);
        }
        table
    }

    fn how(&self) -> String {
        let seeds: BTreeSet<u64> =
            self.runs.iter().filter(|run| run.return_h100.is_some()).map(|run| run.seed).collect();
        let (first, last) = (seeds.first().copied().unwrap_or_default(), seeds.last().copied().unwrap_or_default());
        let circuits: BTreeSet<&str> = self.rows.iter().map(|row| row.circuit.as_str()).collect();
        let names = circuits.iter().copied().collect::<Vec<&str>>().join(", ");
        let rows: Vec<&Row> = self.rows.iter().collect();
        let starts = rows.first().map_or(0, |row| row.starts);
        format!(
            "300 episodes, seeds {first} to {last}; {} circuits ({names}), {starts} starts evenly spaced on each.",
            circuits.len()
        )
    }
}

/// Laps completed of those begun.
pub fn laps(rows: &[&Row]) -> String {
    let sum = |count: fn(&Row) -> usize| rows.iter().map(|row| count(row)).sum::<usize>();
    format!("{}/{}", sum(|row| row.laps), sum(|row| row.starts))
}

fn reward_per_step(rows: &[&Row]) -> f64 {
    let steps = rows.iter().map(|row| row.steps).sum::<usize>().max(1) as f64;
    rows.iter().map(|row| row.reward_per_step * row.steps as f64).sum::<f64>() / steps
}

/// The stretch with most crashes, as its beginning and its share of them.
fn worst_place(rows: &[&Row]) -> String {
    let mut places: Vec<f64> =
        rows.iter().flat_map(|row| row.crashed_at.split_whitespace()).filter_map(|place| place.parse().ok()).collect();
    places.sort_by(f64::total_cmp);
    let within = |from: f64| places.iter().filter(|&&place| (from..from + PLACE).contains(&place)).count();
    // Of stretches with as many, the first.
    let worst = places.iter().copied().max_by_key(|&from| (within(from), Reverse(from as usize)));
    worst.map_or("-".to_owned(), |from| format!("{from:.0} m ({} of {})", within(from), places.len()))
}

fn interval(sample: &[f64], digits: usize) -> String {
    match Distribution::of(sample) {
        None => "-".to_owned(),
        Some(Distribution { mean, .. }) if sample.len() == 1 => format!("{mean:.digits$}"),
        Some(Distribution { mean, ci95: [low, high], .. }) => {
            format!("{mean:.digits$} [{low:.digits$}, {high:.digits$}]")
        }
    }
}

/// Its part of docs/results.md.
pub fn section(results: &Path) -> Result<String, Failure> {
    let store = open(results)?;
    if store.rows().is_empty() {
        return Ok(format!("## {TITLE}\n\nNot measured yet: `experiment {NAME}`.\n\n"));
    }
    let findings = Findings { runs: store.rows(), rows: store.points() };
    let (question, answer) = TEXT.split_once("\n---\n").unwrap_or((TEXT, ""));
    let tables: String = findings.tables().iter().map(|table| table.markdown() + "\n").collect();
    Ok(format!(
        "## {TITLE}\n\n{}\n\n{}\n\n{tables}{}\n\n\
         `cargo run --release -- experiment {NAME} --circuits DIR`; raw data: [{NAME}.csv](../results/{NAME}.csv), [{NAME}_runs.csv](../results/{NAME}_runs.csv).\n\n",
        question.trim(),
        findings.how(),
        answer.trim(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_place_is_a_stretch_and_not_a_point() {
        let row = |crashed_at: &str| Row {
            condition: "zero-shot".to_owned(),
            preset: "stdp".to_owned(),
            seed: 1,
            circuit: "a".to_owned(),
            mode: "real".to_owned(),
            starts: 3,
            laps: 1,
            steps: 10,
            reward_per_step: 2.0,
            crashed_at: crashed_at.to_owned(),
        };
        let rows = [row("900 10.5"), row("30 920"), row("940"), row("")];
        assert_eq!(worst_place(&rows.iter().collect::<Vec<&Row>>()), "900 m (3 of 5)");
        assert_eq!(worst_place(&[&rows[3]]), "-");
        assert_eq!(laps(&rows.iter().collect::<Vec<&Row>>()), "4/12");
    }

    #[test]
    fn what_was_not_measured_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let text = section(directory.path()).unwrap();
        assert_eq!(text, format!("## {TITLE}\n\nNot measured yet: `experiment circuits`.\n\n"));
    }
}
