//! `spikedrive benchmark report`: tables and a page from the rows of whoever measured.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::MIN_SEEDS;
use super::energy::Memory;
use super::group::{WorldRuns, worlds};
use super::page::Page;
use super::parse::{RowFile, count};
use super::pictures::{Over, learning_curves, pareto, profile};
use super::row::{Point, Row, RunKey};
use super::table::Table;
use super::{overview, rules, tables};
use crate::experiments::chart::Chart;
use crate::experiments::rows::write_text;
use crate::experiments::store::Record;
use crate::failure::Failure;
use crate::files::{create_directory, read_text, sorted_entries};
use crate::report::{note, say};

/// Where the tables begin in a document.
const BEGIN: &str = "<!-- benchmark: begin -->";
/// Where they end.
const END: &str = "<!-- benchmark: end -->";

/// Arguments of `benchmark report`.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// Files of rows, each with its NAME_curves.csv beside it; by default benchmark.csv and benchmark-*.csv in the directory --out.
    #[arg(value_name = "FILES")]
    pub files: Vec<PathBuf>,
    /// Directory of benchmark.html.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
    /// Document whose tables are renewed, between its marks; by default docs/benchmark.md and README.md, where they have marks.
    #[arg(long, value_name = "FILE.md")]
    pub document: Option<PathBuf>,
    /// Agent that the others are compared with.
    #[arg(long, value_name = "NAME", default_value = "stdp")]
    pub reference: String,
}

/// Reads all rows, renews document and page, prints the tables.
pub fn report(args: &ReportArgs) -> Result<(), Failure> {
    let files = if args.files.is_empty() { files_in(&args.out)? } else { args.files.clone() };
    let (rows, points) = read(&files)?;
    if !rows.iter().any(|row| row.agent == args.reference) {
        let agents: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.agent.as_str()).collect();
        let known = agents.into_iter().collect::<Vec<_>>().join(", ");
        note(format!(
            "no row is of the reference {:?}: nothing is compared with it; there are {known}",
            args.reference
        ));
    }
    rules::warnings(rows.iter(), MIN_SEEDS).iter().for_each(|warning| note(format!("warning: {warning}")));
    let worlds = worlds(rows, points);
    let tables = all_tables(&worlds, &args.reference);
    let markdown = tables.iter().map(Table::markdown).collect::<Vec<_>>().join("\n");
    let documents: Vec<PathBuf> = match &args.document {
        Some(path) => vec![path.clone()],
        None => {
            ["docs/benchmark.md", "README.md"].map(PathBuf::from).into_iter().filter(|path| path.is_file()).collect()
        }
    };
    for path in &documents {
        match renewed(&read_text(path)?, &markdown, &worlds) {
            Some(document) => {
                write_text(path, &document)?;
                note(format!("tables renewed in {}", path.display()));
            }
            None if args.document.is_none() => (),
            None => return Err(Failure::Usage(format!("{} has no lines {BEGIN} and {END}: add them", path.display()))),
        }
    }
    create_directory(&args.out)?;
    let path = args.out.join("benchmark.html");
    write_text(&path, &page(&worlds, &args.reference))?;
    say(markdown.trim_end());
    note(format!("charts in {}", path.display()));
    Ok(())
}

/// benchmark.csv and those of others, benchmark-*.csv.
fn files_in(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let is_rows = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let stem = name.strip_suffix(".csv").unwrap_or_default();
        (stem == "benchmark" || stem.starts_with("benchmark-")) && !stem.ends_with("_curves")
    };
    let files: Vec<PathBuf> = sorted_entries(directory)?.into_iter().filter(is_rows).collect();
    let directory = directory.display();
    let none =
        || Failure::Usage(format!("{directory} holds no benchmark.csv: run `spikedrive benchmark`, or name files"));
    if files.is_empty() { Err(none()) } else { Ok(files) }
}

/// All rows and points. A run that stands in two files is refused.
fn read(files: &[PathBuf]) -> Result<(Vec<Row>, Vec<Point>), Failure> {
    let (mut rows, mut points) = (Vec::new(), Vec::new());
    let mut from: BTreeMap<RunKey, &Path> = BTreeMap::new();
    for path in files {
        let file = RowFile::read_valid(path)?;
        if !file.curves_path.exists() {
            note(format!("{} is not there: no curves of {}", file.curves_path.display(), path.display()));
        }
        for (line, row) in file.rows {
            if let Some(other) = from.insert(row.run(), path) {
                let Row { agent, world, seed, .. } = &row;
                return Err(Failure::Usage(format!(
                    "{}: line {line}, {agent} in {world} with seed {seed} is in {} already: keep one of them",
                    path.display(),
                    other.display()
                )));
            }
            rows.push(row);
        }
        points.extend(file.points.into_iter().map(|(_, point)| point));
    }
    if rows.is_empty() {
        return Err(Failure::Usage(format!("{} without rows: there is nothing to report", count(files.len(), "file"))));
    }
    Ok((rows, points))
}

fn all_tables(worlds: &[WorldRuns], reference: &str) -> Vec<Table> {
    let of_world = |runs: &WorldRuns| {
        let tables = [tables::results(runs), tables::learning(runs), tables::costs(runs)];
        tables.into_iter().chain(tables::improvement(runs, reference)).collect::<Vec<_>>()
    };
    let mut all: Vec<Table> = worlds.iter().flat_map(of_world).collect();
    if worlds.len() > 1 {
        all.push(tables::together(worlds, reference));
    }
    all
}

fn page(worlds: &[WorldRuns], reference: &str) -> String {
    let mut page = Page::new(
        "SpikeDrive benchmark",
        &[
            "Protocol 1: phase 4 from nothing, 300 training episodes, the final policy on 50 test tracks. docs/benchmark.md tells the protocol, \
             every column and how to reproduce each figure.",
            "Intervals are 95 % bootstrap intervals over seeds. Energy is a model of counted operations (45 nm), not a measurement. The planner \
             knows the true state: it is the ceiling, no competitor.",
        ],
    );
    for runs in worlds {
        page.heading(&format!("World {}", runs.world));
        page.element(&tables::results(runs).html());
        page.element(&tables::learning(runs).html());
        let charts = [
            learning_curves(runs, Over::Episodes),
            learning_curves(runs, Over::EnvSteps),
            profile(
                format!("World {}: performance profile", runs.world),
                &tables::in_every_world(std::slice::from_ref(runs)),
            ),
        ];
        charts.iter().map(Chart::svg).for_each(|svg| page.figure(&svg));
        if let Some(table) = tables::improvement(runs, reference) {
            page.element(&table.html());
        }
        page.element(&tables::costs(runs).html());
        [Memory::Without, Memory::With].into_iter().for_each(|memory| page.figure(&pareto(runs, memory).svg()));
    }
    if worlds.len() > 1 {
        page.heading("All worlds together");
        page.element(&tables::together(worlds, reference).html());
        let title = "All worlds: performance profile".to_owned();
        page.figure(&profile(title, &tables::in_every_world(worlds)).svg());
    }
    page.finish()
}

/// The document with other tables between its marks, and with another overview; none if it has no marks.
fn renewed(document: &str, tables: &str, worlds: &[WorldRuns]) -> Option<String> {
    let with_tables = between_marks(document, tables);
    let with_overview = overview::renewed(with_tables.as_deref().unwrap_or(document), worlds);
    with_overview.or(with_tables)
}

/// The document with other tables between its marks; none if it has no marks.
fn between_marks(document: &str, tables: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{tables}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::group::tests::made_up;
    use crate::experiments::rows::write;

    #[test]
    fn tables_take_the_place_of_older_ones() {
        let document = format!("# Title\n{BEGIN}\nold\n{END}\nThe end.\n");
        let renewed = between_marks(&document, "| new |\n").unwrap();
        assert_eq!(renewed, format!("# Title\n{BEGIN}\n\n| new |\n\n{END}\nThe end.\n"));
        assert_eq!(between_marks(&renewed, "| new |\n"), Some(renewed.clone()), "the same again");
        assert_eq!(between_marks("# Title\n", ""), None);
    }

    #[test]
    fn the_page_holds_all_and_loads_nothing() {
        let (rows, points) = made_up();
        let html = page(&worlds(rows, points), "good");
        // Two worlds of three tables and a comparison, five charts each, and all together.
        assert_eq!((html.matches("<table>").count(), html.matches("<svg").count()), (9, 11));
        let elsewhere = html.replace("http://www.w3.org/2000/svg", "");
        assert!(!elsewhere.contains("http://") && !elsewhere.contains("https://") && !html.contains("<script"));
        assert!(html.contains("prefers-color-scheme: dark") && html.contains("All worlds together"));
    }

    #[test]
    fn a_run_in_two_files_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let paths = ["benchmark.csv", "benchmark-sb3.csv"].map(|name| directory.path().join(name));
        let rows = made_up().0;
        write(&paths[0], &rows).unwrap();
        write(&paths[1], &rows[..1]).unwrap();
        write(&directory.path().join("benchmark-sb3_curves.csv"), &Vec::<Point>::new()).unwrap();
        let files = files_in(directory.path()).unwrap();
        assert_eq!(files, [paths[1].clone(), paths[0].clone()]);
        let message = read(&files).unwrap_err().to_string();
        assert!(
            message.contains("good in noise-1 with seed 2 is in") && message.ends_with("keep one of them"),
            "{message}"
        );
    }
}
