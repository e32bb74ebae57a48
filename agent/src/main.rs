//! `spikedrive`: the spiking agent, its experiments, and the environment server, in one program.

use std::process::ExitCode;

use spikedrive_agent::cli::{self, Command};
use spikedrive_agent::config_file::{Invocation, command_line};
use spikedrive_agent::failure::Failure;
use spikedrive_agent::report::{self, Output};
use spikedrive_agent::stop::StopFlag;
use spikedrive_server::cli::install_logging;

fn main() -> ExitCode {
    match command_line(std::env::args_os()).and_then(perform) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report::complain(format!("spikedrive: {failure}"));
            ExitCode::from(failure.exit_code())
        }
    }
}

fn perform(invocation: Invocation) -> Result<(), Failure> {
    let cli = &invocation.cli;
    let serves = matches!(cli.command, Some(Command::Serve(_) | Command::Dashboard(_)));
    let output = Output::new(cli.output.quiet, cli.output.log_format);
    report::set_output(output);
    let level = if serves || output == Output::Json { "info" } else { "warn" };
    install_logging(if cli.output.quiet { "error" } else { level }, cli.output.log_format);
    // The server has signal handlers of its own.
    let stop = if serves { Ok(StopFlag::default()) } else { StopFlag::on_signal() };
    cli::run(invocation, &stop.map_err(|error| Failure::System(format!("cannot catch signals: {error}")))?)
}
