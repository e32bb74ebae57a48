//! `spikedrive config`: what a training would use, and where each value comes from.

use clap::{ArgMatches, CommandFactory};

use crate::cli::{Cli, LearnArgs};
use crate::config_file::describe;
use crate::failure::Failure;
use crate::report::say;

/// Checks and prints the settings.
pub fn config(args: &LearnArgs, matches: &ArgMatches) -> Result<(), Failure> {
    args.train_config()?;
    let commands = Cli::command();
    if let (Some((_, given)), Some(command)) = (matches.subcommand(), commands.find_subcommand("config")) {
        say(describe(given, command).trim_end());
    }
    Ok(())
}
