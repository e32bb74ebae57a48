//! `spikedrive config`: what a training would use, and where each value comes from.

use std::fmt::Write as _;

use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, CommandFactory};
use spikedrive_learners::LearnerConfig;

use crate::cli::{Cli, LearnArgs};
use crate::config_file::{LEARNER, SettingsFile};
use crate::failure::Failure;
use crate::literal;
use crate::parameters::parameters;
use crate::report::say;

/// Checks and prints the settings, as a file that reads back to the same.
pub fn config(args: &LearnArgs, given: Option<&ArgMatches>, file: Option<&SettingsFile>) -> Result<(), Failure> {
    let config = args.train_config()?;
    let commands = Cli::command();
    if let (Some(given), Some(command)) = (given, commands.find_subcommand("config")) {
        let preset = args.preset.for_rays(config.world.rays)?;
        let learner = describe_learner(args, &config.learner, &preset).map_err(Failure::System)?;
        say(format!("{}\n{}", describe_flags(args, given, command, file), learner.trim_end()));
    }
    Ok(())
}

/// The flags and where each comes from. A phase that gave way to a curriculum is not set any more.
fn describe_flags(
    args: &LearnArgs,
    given: &ArgMatches,
    command: &clap::Command,
    file: Option<&SettingsFile>,
) -> String {
    let mut text = String::from("# Effective settings: flag > environment > file > default.\n[train]\n");
    let one_value = |arg: &&clap::Arg| arg.get_long().is_some() && matches!(arg.get_action(), ArgAction::Set);
    for arg in command.get_arguments().filter(one_value) {
        let id = arg.get_id().as_str();
        let gave_way = id == "phase" && args.phase.is_none();
        let raw = given.try_get_raw(id).ok().flatten().filter(|_| !gave_way);
        let value = raw.and_then(|mut values| values.next()).map(|value| value.to_string_lossy());
        let source = match (given.value_source(id), file) {
            (Some(ValueSource::CommandLine), _) => "flag".to_owned(),
            (Some(ValueSource::EnvVariable), _) => "environment".to_owned(),
            (_, Some(file)) if file.get("train", id).is_some() => file.name(),
            _ => "default".to_owned(),
        };
        let _ = match value {
            Some(value) => writeln!(text, "{id} = {}  # {source}", toml_literal(&value)),
            None => writeln!(text, "# {id} is not set"),
        };
    }
    text
}

/// Every parameter of network and learning rule, with its source where it is not as in the preset.
fn describe_learner(args: &LearnArgs, config: &LearnerConfig, preset: &LearnerConfig) -> Result<String, String> {
    let mut text = format!("[train.{LEARNER}]\n");
    let presets = parameters(preset)?;
    for parameter in parameters(config)? {
        let source = args.overrides.source_of(&parameter.path).filter(|_| !presets.contains(&parameter));
        let source = source.map_or(String::new(), |source| format!("  # {source}"));
        let _ = writeln!(text, "{} = {}{source}", parameter.path.join("."), literal::write(&parameter.value));
    }
    Ok(text)
}

/// Numbers and booleans as they are where TOML has them so, all else in quotes.
fn toml_literal(value: &str) -> String {
    let parsed = format!("v = {value}").parse::<toml::Table>().ok().and_then(|mut table| table.remove("v"));
    let same = match parsed {
        Some(toml::Value::Integer(number)) => number.to_string() == value,
        Some(toml::Value::Float(number)) => number.is_finite() && number.to_string() == value,
        Some(toml::Value::Boolean(_)) => true,
        _ => false,
    };
    if same { value.to_owned() } else { toml::Value::String(value.to_owned()).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_toml() {
        assert_eq!([toml_literal("3"), toml_literal("true"), toml_literal("a\"b")], ["3", "true", "'a\"b'"]);
        let quoted = ["007", "1e3", "0.10", "18446744073709551615", "inf", "1 # 2"];
        assert_eq!(
            quoted.map(toml_literal),
            quoted.map(|text| format!("\"{text}\"")),
            "they would read back otherwise"
        );
        assert_eq!(["0.1", "-5", "9223372036854775807"].map(toml_literal), ["0.1", "-5", "9223372036854775807"]);
    }
}
