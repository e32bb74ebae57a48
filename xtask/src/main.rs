//! `cargo xtask`: the developer's one door. Continuous integration goes through it as well.

mod baselines;
mod chromium;
mod components;
mod containers;
mod runner;
mod stage;
mod tiers;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

#[derive(Parser, Debug)]
#[command(name = "xtask", bin_name = "cargo xtask", about = "Everything a developer of SpikeDrive needs to run.")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand, Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    /// Everything that must hold before a commit: format, lints, documentation, tests, release build, TensorBoard, the dashboard in a browser,
    /// the Python package.
    Test {
        /// Check licenses, sources and duplicates of all dependencies instead; the first time, this builds cargo-deny.
        #[arg(long)]
        supply_chain: bool,
        /// Build the images and try docker-compose.yml with them instead; installs podman with apt-get where it is missing.
        #[arg(long, conflicts_with = "supply_chain")]
        containers: bool,
        /// Train and test the deep baselines of python/ instead; the first time, this installs 6 GB below ~/.cache/spikedrive.
        #[arg(long, conflicts_with_all = ["supply_chain", "containers"])]
        baselines: bool,
    },
    /// Measure; on an idle machine, if the numbers shall say anything.
    Bench {
        /// What.
        #[arg(value_enum)]
        what: Bench,
    },
    /// Renew the code generated from proto/**/*.proto, in Rust and Python.
    Codegen,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Bench {
    /// What it costs to be looked at: frames a second, the dashboard's CPU, the agent's CPU with 50 readers.
    Dashboard,
    /// What a step of the world costs with 1, 64 and 1,024 lanes, and what a track costs.
    Env,
    /// What a step of a vector costs from Python, in CPU time of client and server together.
    Python,
    /// What the wire costs: latency and CPU time beside an echo, RLMesh and dm_env_rpc; memory, forks, crowds of sessions.
    Wire,
}

fn main() -> ExitCode {
    match perform(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<(), String> {
    match task {
        Task::Test { supply_chain: true, .. } => runner::run(tiers::SUPPLY_CHAIN),
        Task::Test { containers: true, .. } => containers::test(),
        Task::Test { baselines: true, .. } => baselines::test(),
        Task::Test { .. } => {
            components::check()?;
            chromium::ensure()?;
            runner::run(tiers::TEST)
        }
        Task::Bench { what: Bench::Dashboard } => {
            chromium::ensure()?;
            runner::run(tiers::BENCH_DASHBOARD)
        }
        Task::Bench { what: Bench::Env } => runner::run(tiers::BENCH_ENV),
        Task::Bench { what: Bench::Python } => runner::run(tiers::BENCH_PYTHON),
        Task::Bench { what: Bench::Wire } => runner::run(tiers::BENCH_WIRE),
        Task::Codegen => runner::run(tiers::CODEGEN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_read() {
        let task = |args: &[&str]| Cli::try_parse_from([&["xtask"], args].concat()).map(|cli| cli.task).ok();
        let test = |supply_chain, containers, baselines| Some(Task::Test { supply_chain, containers, baselines });
        assert_eq!(task(&["test"]), test(false, false, false));
        assert_eq!(task(&["test", "--supply-chain"]), test(true, false, false));
        assert_eq!(task(&["test", "--containers"]), test(false, true, false));
        assert_eq!(task(&["test", "--baselines"]), test(false, false, true));
        assert_eq!(task(&["test", "--containers", "--supply-chain"]), None);
        assert_eq!(task(&["test", "--containers", "--baselines"]), None);
        assert_eq!(task(&["bench", "dashboard"]), Some(Task::Bench { what: Bench::Dashboard }));
        assert_eq!(task(&["bench", "env"]), Some(Task::Bench { what: Bench::Env }));
        assert_eq!(task(&["bench", "python"]), Some(Task::Bench { what: Bench::Python }));
        assert_eq!(task(&["bench", "wire"]), Some(Task::Bench { what: Bench::Wire }));
        assert_eq!(task(&["codegen"]), Some(Task::Codegen));
        assert_eq!(task(&[]), None);
    }
}
