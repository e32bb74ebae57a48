//! What was found: tables, a page, and its part of docs/results.md.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use super::change::{Change, Way};
use super::row::{Point, Row};
use super::{LENGTH, NAME, open};
use crate::benchmark::agents::Agent;
use crate::benchmark::page::Page;
use crate::benchmark::table::Table;
use crate::experiments::plot::learning_curves;
use crate::experiments::rows;
use crate::experiments::stats::Distribution;
use crate::failure::Failure;

/// What the document says of it: the question, then what was found.
const QUESTION: &str = include_str!("../../../studies/q4.md");
/// Its title.
const TITLE: &str = "Q4: what does learning on line promise?";
/// Columns of the tables.
const COLUMNS: [&str; 9] = [
    "agent",
    "learns",
    "before the change",
    "just after it (frozen)",
    "episodes to 90 %",
    "to 95 %",
    "to 98 %",
    "after 200 episodes",
    "crashes while learning",
];

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Findings<'a> {
    /// The rows.
    pub(super) rows: &'a [Row],
    /// Their curves.
    pub(super) points: &'a [Point],
}

impl Findings<'_> {
    /// A table for each change, as Markdown.
    pub(super) fn tables(&self) -> String {
        let tables = Change::ALL.map(|change| self.table(change).markdown());
        tables.join("\n")
    }

    /// Everything, as one HTML file.
    pub(super) fn page(&self) -> String {
        let plain = QUESTION.replace(['`', '*'], "");
        let paragraphs: Vec<&str> = plain.split("\n\n").collect();
        let mut page = Page::new(TITLE, &paragraphs);
        for change in Change::ALL {
            page.heading(&capital(&change.to_string()));
            for way in Way::ALL {
                page.figure(&self.curves(change, way));
            }
            page.element(&self.table(change).html());
        }
        page.finish()
    }

    fn curves(&self, change: Change, way: Way) -> String {
        let point = |point: &Point| rows::Point {
            condition: point.agent.clone(),
            seed: point.seed,
            episode: point.episode,
            mean: point.mean,
        };
        let those = self.points.iter().filter(|point| point.change == change && point.way == way);
        let points: Vec<rows::Point> = those.map(point).collect();
        let title = format!("{}; {}: return on validation tracks since then", capital(&change.to_string()), way.name());
        learning_curves(&title, &points, &self.agents(), self.ceiling(change))
    }

    /// Mean [95 % interval] over seeds: a line for each agent and each way to learn.
    fn table(&self, change: Change) -> Table {
        let caption = format!("{} (ceiling {:.1})", capital(&change.to_string()), self.ceiling(change));
        let mut table = Table::new(caption, &COLUMNS);
        for agent in self.agents() {
            for way in Way::ALL {
                let is_of = |row: &&Row| row.agent == agent && row.way == way && row.change == change;
                let rows: Vec<&Row> = self.rows.iter().filter(is_of).collect();
                if !rows.is_empty() {
                    table.rows.push(line(agent, way, &rows));
                }
            }
        }
        table
    }

    /// The agents, in the order in which the program knows them.
    fn agents(&self) -> Vec<&'static str> {
        let names = Agent::beside().into_iter().map(Agent::name);
        names.filter(|name| self.rows.iter().any(|row| row.agent == *name)).collect()
    }

    fn ceiling(&self, change: Change) -> f64 {
        self.rows.iter().find(|row| row.change == change).map_or(f64::NAN, |row| row.ceiling)
    }
}

fn line(agent: &str, way: Way, rows: &[&Row]) -> Vec<String> {
    let over = |value: &dyn Fn(&Row) -> Option<f64>| rows.iter().filter_map(|row| value(row)).collect::<Vec<f64>>();
    let score = |value: fn(&Row) -> f64, crash_rate: fn(&Row) -> f64| {
        let crashes = 100.0 * over(&|row| Some(crash_rate(row))).iter().sum::<f64>() / rows.len() as f64;
        let crashes = if crashes > 0.0 { format!(", {crashes:.1} % crashes") } else { String::new() };
        interval(&over(&|row| Some(value(row)))) + &crashes
    };
    let milestone = |value: fn(&Row) -> Option<usize>| {
        let reached = over(&|row| value(row).map(|episodes| episodes as f64));
        let some = if reached.len() < rows.len() {
            format!(" ({} of {} seeds)", reached.len(), rows.len())
        } else {
            String::new()
        };
        interval(&reached) + &some
    };
    let trained = rows.iter().any(|row| row.before.is_some());
    let frozen = if trained { score(|row| row.frozen, |row| row.frozen_crash_rate) } else { "-".to_owned() };
    vec![
        agent.to_owned(),
        way.name().to_owned(),
        interval(&over(&|row| row.before)),
        frozen,
        milestone(|row| row.episodes_to_90),
        milestone(|row| row.episodes_to_95),
        milestone(|row| row.episodes_to_98),
        score(|row| row.after, |row| row.after_crash_rate),
        interval(&over(&|row| Some(row.training_crashes as f64))),
    ]
}

fn interval(sample: &[f64]) -> String {
    Distribution::of(sample).map_or("-".to_owned(), |Distribution { mean, ci95: [low, high], .. }| {
        format!("{mean:.1} [{low:.1}, {high:.1}]")
    })
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// Its part of docs/results.md.
pub fn section(results: &Path) -> Result<String, Failure> {
    let store = open(results)?;
    let mut text = format!("## {TITLE}\n\n{}\n\n", QUESTION.trim());
    if store.rows().is_empty() {
        let _ = write!(text, "Not measured yet: `experiment {NAME}`.\n\n");
        return Ok(text);
    }
    let seeds: BTreeSet<u64> = store.rows().iter().map(|row| row.seed).collect();
    let (first, last) = (seeds.first().copied().unwrap_or_default(), seeds.last().copied().unwrap_or_default());
    let findings = Findings { rows: store.rows(), points: store.points() };
    let curves = Way::ALL.map(|way| format!("[{NAME}_curves_{0}.csv](../results/{NAME}_curves_{0}.csv)", way.name()));
    let curves = curves.join(", ");
    let _ = write!(
        text,
        "{} episodes, then {} in the changed world; seeds {first} to {last}. Mean [95 % interval] over seeds.\n\n{}\n\
         `cargo run --release -- experiment {NAME}`; raw data: [{NAME}.csv](../results/{NAME}.csv), {curves}; \
         curves: [{NAME}.html](../results/{NAME}.html).\n\n",
        LENGTH.before,
        LENGTH.after,
        findings.tables(),
    );
    Ok(text)
}
