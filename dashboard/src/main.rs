//! `spikedrive-dashboard`: the dashboard as a process of its own.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use spikedrive_dashboard::cli::{DashboardArgs, HealthcheckArgs, run_dashboard, run_healthcheck};
use tracing_subscriber::EnvFilter;

/// Takes what agents tell, keeps it, and shows it in a browser.
#[derive(Parser)]
#[command(name = "spikedrive-dashboard", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(flatten)]
    dashboard: DashboardArgs,
    /// Form of log lines: text, or json for one object a line.
    #[arg(long, value_name = "FORMAT", default_value = "text", env = "SPIKEDRIVE_LOG_FORMAT")]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Exits with 0 when a dashboard serves, else with 1.
    Healthcheck(HealthcheckArgs),
}

/// Form of log lines.
#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    install_logging(cli.log_format);
    let result = match &cli.command {
        None => run_dashboard(&cli.dashboard),
        Some(Command::Healthcheck(args)) => run_healthcheck(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not a log line: whatever the level, a dashboard that fails says why.
            let _ = writeln!(io::stderr(), "spikedrive-dashboard: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Sends log lines to standard error; SPIKEDRIVE_LOG sets the level.
fn install_logging(format: LogFormat) {
    let filter = EnvFilter::try_from_env("SPIKEDRIVE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}
