//! Settings from a file: `--config FILE`, or `spikedrive.toml` in the present directory.
//!
//! The file has a table for each command, with the names of its flags: `[train]` (also for `up`), `[evaluate]`, `[serve]` … The
//! table `[train.learner]` holds parameters of the preset.
//! Its values take the place of the built-in defaults, so that flags and environment variables go before them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{ArgAction, ArgMatches, CommandFactory, FromArgMatches};

use crate::cli::Cli;
use crate::failure::Failure;
use crate::files::read_text;
use crate::literal;
use crate::parameters::Assignment;

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "spikedrive.toml";

/// Commands that take the table of another one.
const SHARED: [(&str, &str); 2] = [("up", "train"), ("config", "train")];

/// Key of the table below `[train]` that holds parameters of the preset.
pub const LEARNER: &str = "learner";

/// Table → flag → value.
type Tables = BTreeMap<String, BTreeMap<String, String>>;

/// What the user asks for.
#[derive(Debug)]
pub struct Invocation {
    /// The command and its settings.
    pub cli: Cli,
    /// Where each of them comes from.
    pub matches: ArgMatches,
    /// The file of settings.
    pub file: Option<SettingsFile>,
}

/// A file of settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SettingsFile {
    path: PathBuf,
    tables: Tables,
    /// The table `[train.learner]`.
    pub learner: Vec<Assignment>,
}

impl SettingsFile {
    /// How a user knows it.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The value of a flag, if it is set.
    pub fn get(&self, table: &str, flag: &str) -> Option<&str> {
        self.tables.get(table)?.get(flag).map(String::as_str)
    }
}

/// Reads the command line, on top of the environment, on top of the file. Usage errors and `--help` end the process here.
pub fn command_line(args: impl IntoIterator<Item = OsString>) -> Result<Invocation, Failure> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    let file = config_path(&args)?.map(read).transpose()?;
    let command = with_defaults(Cli::command(), file.as_ref());
    let mut matches = command.clone().get_matches_from(&args);
    if matches.subcommand().is_none() {
        args.push("up".into());
        matches = command.get_matches_from(&args);
    }
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    Ok(Invocation { cli, matches, file })
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

fn read(path: PathBuf) -> Result<SettingsFile, Failure> {
    let file = parse(&read_text(&path)?).map_err(|reason| Failure::Usage(format!("{}: {reason}", path.display())))?;
    Ok(SettingsFile { path, ..file })
}

/// Reads the tables and checks that each is a command and each key one of its flags.
fn parse(text: &str) -> Result<SettingsFile, String> {
    let content: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let commands = Cli::command();
    let mut file = SettingsFile::default();
    for (table, values) in content {
        let toml::Value::Table(values) = values else {
            return Err(format!("{table} stands outside a table: write it below [train] or another command"));
        };
        let flags = flags_of(&commands, &table).ok_or_else(|| {
            let known: Vec<_> = commands.get_subcommands().map(clap::Command::get_name).collect();
            format!("[{table}] is no command: use {}", known.join(", "))
        })?;
        for (key, value) in values {
            let key = key.replace('-', "_");
            if table == "train" && key == LEARNER {
                file.learner = learner(value)?;
                continue;
            }
            if !flags.contains(&key) {
                return Err(format!("[{table}] {key} is unknown: use {}", flags.join(", ")));
            }
            file.tables.entry(table.clone()).or_default().insert(key.clone(), scalar(&table, &key, value)?);
        }
    }
    Ok(file)
}

/// Reads the parameters of the preset.
fn learner(value: toml::Value) -> Result<Vec<Assignment>, String> {
    let toml::Value::Table(table) = value else {
        return Err(format!("[train] {LEARNER} is {value}: use a table [train.{LEARNER}] of parameters"));
    };
    let assignment = |(key, value)| {
        let value = literal::of_toml(value).map_err(|reason| format!("[train.{LEARNER}] {key}: {reason}"))?;
        Ok(Assignment { path: vec![key], value })
    };
    table.into_iter().map(assignment).collect()
}

/// The flags of a command that a file may set.
fn flags_of(commands: &clap::Command, name: &str) -> Option<Vec<String>> {
    let command = commands.find_subcommand(name)?;
    let settable = |arg: &&clap::Arg| {
        arg.get_long().is_some()
            && !matches!(arg.get_action(), ArgAction::Append | ArgAction::Help | ArgAction::Version)
    };
    let flags = command.get_arguments().filter(settable).map(|arg| arg.get_id().to_string());
    Some(flags.chain((name == "train").then(|| LEARNER.to_owned())).collect())
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
fn with_defaults(commands: clap::Command, file: Option<&SettingsFile>) -> clap::Command {
    let names: Vec<String> = commands.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    names.into_iter().fold(commands, |commands, name| {
        let table = SHARED.iter().find(|(command, _)| *command == name).map_or(name.as_str(), |(_, table)| table);
        let Some(values) = file.and_then(|file| file.tables.get(table)) else { return commands };
        commands.mut_subcommand(&name, |command| {
            command.mut_args(|arg| match values.get(arg.get_id().as_str()) {
                Some(value) => arg.default_value(value.clone()),
                None => arg,
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_by_tables_of_flags() {
        let file =
            parse("[train]\npreset = 'pathway'\nepisodes = 40\nsensor-noise = 0.5\n[serve]\nlease = 60\n").unwrap();
        assert_eq!(file.get("train", "preset"), Some("pathway"));
        assert_eq!((file.get("train", "sensor_noise"), file.get("serve", "lease")), (Some("0.5"), Some("60")));
        assert_eq!((file.get("train", "seed"), file.get("evaluate", "phase")), (None, None));
    }

    #[test]
    fn parameters_of_the_preset_have_a_table_of_their_own() {
        let file = parse("[train.learner]\nticks = 9\n[train.learner.lif]\nnoise_sd = 0.5\n").unwrap();
        let [lif, ticks] = &file.learner[..] else { panic!("{file:?}") };
        assert_eq!((&ticks.path[..], &ticks.value), (&["ticks".to_owned()][..], &9.into()));
        assert_eq!((&lif.path[..], &lif.value["noise_sd"]), (&["lif".to_owned()][..], &0.5.into()));
    }

    #[test]
    fn bad_files_name_the_key_and_what_is_known() {
        let text = |file: &str| parse(file).unwrap_err();
        assert!(text("[trian]\n").contains("[trian] is no command: use up, train"));
        assert!(text("[train]\nepisode = 3\n").contains("[train] episode is unknown: use preset,"));
        assert!(text("seed = 3\n").contains("seed stands outside a table: write it below [train]"));
        assert!(text("[train]\nseed = [1]\n").contains("[train] seed is [1]: use a text"));
        assert!(text("[train\n").contains("TOML parse error"));
        assert!(text("[train]\nset = 'ticks=3'\n").contains("[train] set is unknown: use preset,"));
        assert!(text("[train]\nlearner = 3\n").contains("[train] learner is 3: use a table [train.learner]"));
        assert!(text("[train.learner]\nticks = nan\n").contains("[train.learner] ticks: NaN is no value"));
        assert!(text("[evaluate.learner]\nticks = 3\n").contains("[evaluate] learner is unknown"));
    }

    #[test]
    fn flags_go_before_the_file_and_the_file_before_the_defaults() {
        let file = parse("[train]\nepisodes = 40\nseed = 9\n").unwrap();
        let matches = with_defaults(Cli::command(), Some(&file)).get_matches_from(["spikedrive", "up", "--seed", "5"]);
        let (_, up) = matches.subcommand().unwrap();
        assert_eq!((up.get_one::<usize>("episodes"), up.get_one::<u64>("seed")), (Some(&40), Some(&5)));
    }
}
