//! What a study found: a table, a page, and its part of docs/results.md.

use std::fmt::Write as _;
use std::path::Path;

use super::definition::Condition;
use super::{BUILT_IN, Study, trials};
use crate::benchmark::page::Page;
use crate::benchmark::table::Table;
use crate::experiments::campaign::{self, Results};
use crate::experiments::plot::learning_curves;
use crate::experiments::rows::{Point, Row, write_text};
use crate::experiments::{circuits, q3, q4, robustness};
use crate::failure::Failure;

/// Curves of more conditions than this cannot be told apart.
const MOST_CURVES: usize = 8;
/// What stands before all studies.
const INTRODUCTION: &str = include_str!("../../../studies/introduction.md");

/// A study and what was measured of it.
#[derive(Clone, Copy, Debug)]
pub struct Findings<'a> {
    /// Name of its files.
    pub name: &'a str,
    /// The study.
    pub study: &'a Study,
    /// A row for each run.
    pub rows: &'a [Row],
    /// Their curves.
    pub points: &'a [Point],
}

impl<'a> Findings<'a> {
    /// The table, as Markdown.
    pub fn table(&self) -> String {
        let Study { conditions, reference: usual, .. } = self.study;
        let line = |condition: &'a Condition| {
            let reference = condition.reference.as_ref().unwrap_or(usual).as_str();
            (condition.name.as_str(), (reference != condition.name).then_some(reference))
        };
        campaign::table(self.rows, "condition", &conditions.iter().map(line).collect::<Vec<_>>())
    }

    fn names(&self) -> Vec<&'a str> {
        self.study.conditions.iter().map(|condition| condition.name.as_str()).collect()
    }

    /// Everything, as one HTML file.
    pub fn page(&self) -> String {
        let Study { title, question, answer, .. } = self.study;
        let mut page = Page::new(title, &[question, answer, &self.how()]);
        let ceiling = self.study.conditions.first().and_then(|condition| condition.config(self.study).ok());
        let ceiling = ceiling.map_or(f64::NAN, |config| config.ceilings[3]);
        for names in self.names().chunks(MOST_CURVES) {
            let title = format!("{title}: return on validation tracks, mean and 95 % interval over seeds");
            page.figure(&learning_curves(&title, self.points, names, ceiling));
        }
        let mut lines = self.table();
        lines.retain(|character| character != '`');
        let mut lines = lines
            .lines()
            .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<String>>());
        let header = lines.next().unwrap_or_default();
        let rows = lines.skip(1).collect();
        page.element(&Table { caption: self.how(), header, rows }.html());
        let mut conditions = Table::new("Conditions", &["condition", "preset", "changes", "what it is"]);
        for condition in &self.study.conditions {
            let about = condition.about.replace('`', "");
            let cells = [condition.name.clone(), condition.preset.to_string(), condition.set.join("; "), about];
            conditions.rows.push(cells.to_vec());
        }
        page.element(&conditions.html());
        page.finish()
    }

    fn how(&self) -> String {
        let seeds: std::collections::BTreeSet<u64> = self.rows.iter().map(|row| row.seed).collect();
        let (first, last) = (seeds.first().copied().unwrap_or_default(), seeds.last().copied().unwrap_or_default());
        format!(
            "{} episodes, seeds {first} to {last}; mean [95 % bootstrap interval] over seeds, differences seed by seed.",
            self.study.episodes
        )
    }

    /// Its part of the document.
    fn section(&self) -> String {
        let Study { title, question, answer, .. } = self.study;
        let mut text = format!("## {title}\n\n{}\n\n", question.trim());
        for condition in &self.study.conditions {
            let settings = condition.set.iter().map(|set| format!(" `--set '{set}'`")).collect::<String>();
            let _ = writeln!(
                text,
                "- **`{}`**: {} (`--preset {}`{settings})",
                condition.name,
                condition.about.trim(),
                condition.preset
            );
        }
        let _ = write!(text, "\n{}\n\n{}\n", self.how(), self.table());
        if !answer.is_empty() {
            let _ = write!(text, "{}\n\n", answer.trim());
        }
        let name = self.name;
        let _ = writeln!(
            text,
            "`cargo run --release -- experiment {name}`; raw data: [{name}.csv](../results/{name}.csv), [{name}_curves.csv](../results/{name}_curves.csv); \
             the study: [agent/studies/{name}.toml](../agent/studies/{name}.toml).\n"
        );
        text
    }
}

/// docs/results.md, from the raw data in a directory. A study without a row is told to be missing.
pub fn document(results: &Path) -> Result<String, Failure> {
    let mut text = format!("{}\n\n", INTRODUCTION.trim());
    for (name, file) in BUILT_IN {
        let study = Study::parse(file, name)?;
        let Results { rows, points, .. } = campaign::read(&trials(&study, None, 1001)?, results, name)?;
        let findings = Findings { name, study: &study, rows: &rows, points: &points };
        if rows.is_empty() {
            let _ = write!(text, "## {}\n\nNot measured yet: `experiment {name}`.\n\n", study.title);
        } else {
            text += &findings.section();
        }
        if name == "q2" {
            text += &q3::report::section(results)?;
        }
    }
    text += &robustness::section(results)?;
    text += &q4::section(results)?;
    text += &circuits::report::section(results)?;
    Ok(text.trim_end().to_owned() + "\n")
}

/// Writes it.
pub fn write_document(results: &Path, path: &Path) -> Result<(), Failure> {
    write_text(path, &document(results)?)
}
