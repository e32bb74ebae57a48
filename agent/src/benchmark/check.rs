//! `spikedrive benchmark check`: are these rows what docs/benchmark.md says?

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use super::parse::{RowFile, count};
use crate::failure::Failure;
use crate::report::say;

/// Arguments of `benchmark check`.
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    /// The rows; NAME_curves.csv beside NAME.csv is checked too, if it is there.
    #[arg(value_name = "FILE.csv")]
    pub file: PathBuf,
}

/// Prints what is wrong and what is weak; fails if anything is wrong.
pub fn check(args: &CheckArgs) -> Result<(), Failure> {
    let RowFile { path, rows, points, problems, warnings, .. } = RowFile::read(&args.file)?;
    problems.iter().for_each(|problem| say(format!("error: {problem}")));
    warnings.iter().for_each(|warning| say(format!("warning: {}: {warning}", path.display())));
    let agents: BTreeSet<&str> = rows.iter().map(|(_, row)| row.agent.as_str()).collect();
    let found = format!(
        "{}: {} of {} and {} of curves, {}, {}",
        path.display(),
        count(rows.len(), "valid row"),
        count(agents.len(), "agent"),
        count(points.len(), "point"),
        count(problems.len(), "error"),
        count(warnings.len(), "warning")
    );
    if problems.is_empty() {
        say(found);
        Ok(())
    } else {
        Err(Failure::System(found))
    }
}
