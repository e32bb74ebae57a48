//! The benchmark: one protocol for every driver, its raw rows, the report that is made of them, and the check of what others submit.
//! docs/benchmark.md tells protocol and columns.
//!
//! [`measure`] runs the agents of this program ([`agents`]) and writes rows ([`row`]); [`parse`] and [`rules`] read rows strictly,
//! whoever wrote them; [`report`] turns them into tables ([`tables`]) and a page ([`page`]).

pub mod agents;
pub mod check;
pub mod energy;
pub mod field;
pub mod format;
pub mod group;
pub mod measure;
pub mod overview;
pub mod page;
pub mod parse;
pub mod pictures;
pub mod report;
pub mod row;
pub mod rules;
pub mod table;
pub mod tables;
pub mod variants;
pub mod world;

use clap::{Args, Subcommand};

use self::check::CheckArgs;
use self::measure::MeasureArgs;
use self::report::ReportArgs;
use crate::failure::Failure;
use crate::stop::StopFlag;

/// Version of the protocol: rows of different versions are never compared.
pub const PROTOCOL: u32 = 1;
/// Training episodes of the protocol.
pub const EPISODES: usize = 300;
/// Runs of an agent in a world that a reported number needs at least.
pub const MIN_SEEDS: usize = 10;

/// Arguments of `benchmark`.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BenchmarkArgs {
    /// What to measure, without a further command.
    #[command(flatten)]
    pub measure: MeasureArgs,
    /// What else to do with the rows.
    #[command(subcommand)]
    pub command: Option<BenchmarkCommand>,
}

/// What is done with rows.
#[derive(Subcommand, Clone, Debug)]
pub enum BenchmarkCommand {
    /// Make the tables of docs/benchmark.md and README.md and results/benchmark.html from rows, these and those of others.
    Report(ReportArgs),
    /// Check a file of rows, and the curves beside it, before it is submitted.
    Check(CheckArgs),
}

/// Measures, reports or checks.
pub fn benchmark(args: &BenchmarkArgs, stop: &StopFlag) -> Result<(), Failure> {
    match &args.command {
        None => measure::measure(&args.measure, stop),
        Some(BenchmarkCommand::Report(args)) => report::report(args),
        Some(BenchmarkCommand::Check(args)) => check::check(args),
    }
}
