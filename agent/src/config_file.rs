//! Settings from a file: `--config FILE`, or `spikedrive.toml` in the present directory.
//!
//! The file has a table for each command, with the names of its flags: `[train]` (also for `up`), `[evaluate]`, `[serve]` …
//! Its values take the place of the built-in defaults, so that flags and environment variables go before them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, CommandFactory, FromArgMatches};

use crate::cli::Cli;
use crate::failure::Failure;
use crate::files::read_text;

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "spikedrive.toml";

/// Commands that take the table of another one.
const SHARED: [(&str, &str); 2] = [("up", "train"), ("config", "train")];

/// Table → flag → value.
type Settings = BTreeMap<String, BTreeMap<String, String>>;

/// Reads the command line, on top of the environment, on top of the file. Usage errors and `--help` end the process here.
pub fn command_line(args: impl IntoIterator<Item = OsString>) -> Result<(Cli, ArgMatches), Failure> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    let settings = match config_path(&args)? {
        Some(path) => read(&path)?,
        None => Settings::new(),
    };
    let command = with_defaults(Cli::command(), &settings);
    let mut matches = command.clone().get_matches_from(&args);
    if matches.subcommand().is_none() {
        args.push("up".into());
        matches = command.get_matches_from(&args);
    }
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    Ok((cli, matches))
}

/// The file that is named on the command line or in the environment, or the default one if it is there.
fn config_path(args: &[OsString]) -> Result<Option<PathBuf>, Failure> {
    let mut rest = args.iter().map(|arg| arg.to_string_lossy());
    while let Some(arg) = rest.next() {
        match arg.strip_prefix("--config") {
            Some("") => return Ok(rest.next().map(|path| PathBuf::from(path.as_ref()))),
            Some(value) if value.starts_with('=') => return Ok(Some(PathBuf::from(&value[1..]))),
            _ => {}
        }
    }
    let named = std::env::var_os("SPIKEDRIVE_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
    Ok(named.or_else(|| Path::new(DEFAULT_FILE).is_file().then(|| PathBuf::from(DEFAULT_FILE))))
}

fn read(path: &Path) -> Result<Settings, Failure> {
    parse(&read_text(path)?).map_err(|reason| Failure::Usage(format!("{}: {reason}", path.display())))
}

/// Reads the tables and checks that each is a command and each key one of its flags.
fn parse(text: &str) -> Result<Settings, String> {
    let file: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let commands = Cli::command();
    let mut settings = Settings::new();
    for (table, values) in file {
        let toml::Value::Table(values) = values else {
            return Err(format!("{table} stands outside a table: write it below [train] or another command"));
        };
        let flags = flags_of(&commands, &table).ok_or_else(|| {
            let known: Vec<_> = commands.get_subcommands().map(clap::Command::get_name).collect();
            format!("[{table}] is no command: use {}", known.join(", "))
        })?;
        for (key, value) in values {
            let key = key.replace('-', "_");
            if !flags.contains(&key) {
                return Err(format!("[{table}] {key} is unknown: use {}", flags.join(", ")));
            }
            settings.entry(table.clone()).or_default().insert(key.clone(), scalar(&table, &key, value)?);
        }
    }
    Ok(settings)
}

/// The flags of a command that a file may set.
fn flags_of(commands: &clap::Command, name: &str) -> Option<Vec<String>> {
    let command = commands.find_subcommand(name)?;
    let settable = |arg: &&clap::Arg| {
        arg.get_long().is_some() && !matches!(arg.get_action(), ArgAction::Help | ArgAction::Version)
    };
    Some(command.get_arguments().filter(settable).map(|arg| arg.get_id().to_string()).collect())
}

fn scalar(table: &str, key: &str, value: toml::Value) -> Result<String, String> {
    match value {
        toml::Value::String(text) => Ok(text),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Float(number) => Ok(number.to_string()),
        toml::Value::Boolean(flag) => Ok(flag.to_string()),
        other => Err(format!("[{table}] {key} is {other}: use a text, a number, true or false")),
    }
}

/// The commands, with the file's values as the defaults of their flags.
fn with_defaults(commands: clap::Command, settings: &Settings) -> clap::Command {
    let names: Vec<String> = commands.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    names.into_iter().fold(commands, |commands, name| {
        let table = SHARED.iter().find(|(command, _)| *command == name).map_or(name.as_str(), |(_, table)| table);
        let Some(values) = settings.get(table) else { return commands };
        commands.mut_subcommand(&name, |command| {
            command.mut_args(|arg| match values.get(arg.get_id().as_str()) {
                Some(value) => arg.default_value(value.clone()),
                None => arg,
            })
        })
    })
}

/// The effective settings of a command as a file that says where each comes from.
pub fn describe(matches: &ArgMatches, command: &clap::Command) -> String {
    let mut text = String::from("# Effective settings: flag > environment > file > default.\n[train]\n");
    let file = config_path(&[]).ok().flatten();
    let file_name = file.map_or("default".to_owned(), |path| format!("default or {}", path.display()));
    for arg in command.get_arguments().filter(|arg| arg.get_long().is_some()) {
        let id = arg.get_id().as_str();
        let value = matches
            .try_get_raw(id)
            .ok()
            .flatten()
            .and_then(|mut values| values.next())
            .map(|value| value.to_string_lossy());
        let source = match matches.try_contains_id(id).ok().and_then(|_| matches.value_source(id)) {
            Some(ValueSource::CommandLine) => "flag",
            Some(ValueSource::EnvVariable) => "environment",
            _ => &file_name,
        };
        let _ = match value {
            Some(value) => writeln!(text, "{id} = {}  # {source}", toml_literal(&value)),
            None if matches!(arg.get_action(), ArgAction::Set) => writeln!(text, "# {id} is not set"),
            None => Ok(()),
        };
    }
    text
}

/// Numbers and booleans as they are, all else in quotes.
fn toml_literal(value: &str) -> String {
    let bare = value.parse::<f64>().is_ok_and(f64::is_finite) || value == "true" || value == "false";
    if bare { value.to_owned() } else { toml::Value::String(value.to_owned()).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_by_tables_of_flags() {
        let settings =
            parse("[train]\npreset = 'pathway'\nepisodes = 40\nsensor-noise = 0.5\n[serve]\nlease = 60\n").unwrap();
        assert_eq!(settings["train"]["preset"], "pathway");
        assert_eq!((settings["train"]["sensor_noise"].as_str(), settings["serve"]["lease"].as_str()), ("0.5", "60"));
    }

    #[test]
    fn bad_files_name_the_key_and_what_is_known() {
        let text = |file: &str| parse(file).unwrap_err();
        assert!(text("[trian]\n").contains("[trian] is no command: use up, train"));
        assert!(text("[train]\nepisode = 3\n").contains("[train] episode is unknown: use preset,"));
        assert!(text("seed = 3\n").contains("seed stands outside a table: write it below [train]"));
        assert!(text("[train]\nseed = [1]\n").contains("[train] seed is [1]: use a text"));
        assert!(text("[train\n").contains("TOML parse error"));
    }

    #[test]
    fn flags_go_before_the_file_and_the_file_before_the_defaults() {
        let settings = parse("[train]\nepisodes = 40\nseed = 9\n").unwrap();
        let matches = with_defaults(Cli::command(), &settings).get_matches_from(["spikedrive", "up", "--seed", "5"]);
        let (_, up) = matches.subcommand().unwrap();
        assert_eq!((up.get_one::<usize>("episodes"), up.get_one::<u64>("seed")), (Some(&40), Some(&5)));
    }

    #[test]
    fn literals_are_toml() {
        assert_eq!([toml_literal("3"), toml_literal("true"), toml_literal("a\"b")], ["3", "true", "'a\"b'"]);
    }
}
