//! `spikedrive-server`: the environment server as a process of its own.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use spikedrive_server::cli::{HealthcheckArgs, LogFormat, ServeArgs, install_logging, run_healthcheck, run_serve};

/// Hosts SpikeDrive's car tracks over gRPC.
#[derive(Parser)]
#[command(name = "spikedrive-server", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(flatten)]
    serve: ServeArgs,
    /// Form of log lines: text, or json for one object a line.
    #[arg(long, value_name = "FORMAT", default_value = "text", env = "SPIKEDRIVE_LOG_FORMAT")]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Exits with 0 when a server serves, else with 1.
    Healthcheck(HealthcheckArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    install_logging("info", cli.log_format);
    let result = match &cli.command {
        None => run_serve(&cli.serve),
        Some(Command::Healthcheck(args)) => run_healthcheck(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not a log line: whatever the level, a server that fails says why.
            let _ = writeln!(io::stderr(), "spikedrive-server: {error}");
            ExitCode::FAILURE
        }
    }
}
