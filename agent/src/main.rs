//! `spikedrive`: the spiking agent, its experiments, and the environment server, in one program.

use std::process::ExitCode;

use clap::Parser;
use spikedrive_agent::cli::{self, Cli, Command};
use spikedrive_agent::failure::Failure;
use spikedrive_agent::report::note;
use spikedrive_agent::stop::StopFlag;
use spikedrive_server::cli::install_logging;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let serves = matches!(cli.command, Some(Command::Serve(_)));
    install_logging(if serves { "info" } else { "warn" });
    // The server has signal handlers of its own.
    let stop = if serves { Ok(StopFlag::default()) } else { StopFlag::on_signal() };
    let result = stop
        .map_err(|error| Failure::System(format!("cannot catch signals: {error}")))
        .and_then(|stop| cli::run(cli, &stop));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            note(format!("spikedrive: {failure}"));
            ExitCode::from(failure.exit_code())
        }
    }
}
