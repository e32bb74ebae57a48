//! A stage: one command line, run in the root of the repository.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

/// One command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stage {
    variable: Option<(&'static str, &'static str)>,
    program: Program,
    /// Separated by blanks; none of them contains one.
    args: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    /// The cargo that started us, so that a `cargo +toolchain` reaches every stage.
    Cargo,
    /// A file, relative to the root.
    File(&'static str),
    /// A program of the system, found on the path.
    Tool(&'static str),
}

/// `cargo <args>`.
pub(crate) const fn cargo(args: &'static str) -> Stage {
    Stage { variable: None, program: Program::Cargo, args }
}

/// `<file> <args>`, with the file relative to the root.
pub(crate) const fn file(path: &'static str, args: &'static str) -> Stage {
    Stage { variable: None, program: Program::File(path), args }
}

/// `<name> <args>`, with a program of the system.
pub(crate) const fn tool(name: &'static str, args: &'static str) -> Stage {
    Stage { variable: None, program: Program::Tool(name), args }
}

impl Stage {
    /// The same with an environment variable.
    pub(crate) const fn with(self, name: &'static str, value: &'static str) -> Self {
        Self { variable: Some((name, value)), ..self }
    }

    /// Runs it; its output is ours. Nothing may ask questions: standard input is empty.
    pub(crate) fn run(&self) -> Result<(), String> {
        match self.command().status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(status.to_string()),
            Err(error) => Err(format!("cannot start: {error}")),
        }
    }

    /// Runs it without output, and tells whether it succeeded.
    pub(crate) fn succeeds(&self) -> bool {
        self.command().stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    fn command(&self) -> Command {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let program = match self.program {
            Program::Cargo => env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")),
            Program::File(path) => root.join(path).into_os_string(),
            Program::Tool(name) => OsString::from(name),
        };
        let mut command = Command::new(program);
        command.args(self.args.split_whitespace()).envs(self.variable).current_dir(root).stdin(Stdio::null());
        command
    }
}

impl fmt::Display for Stage {
    /// As one would type it in the root.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, value)) = self.variable {
            write!(f, "{name}={value:?} ")?;
        }
        match self.program {
            Program::Cargo => write!(f, "cargo {}", self.args),
            Program::File(name) | Program::Tool(name) => write!(f, "{name} {}", self.args),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_shown_as_one_would_type_it() {
        assert_eq!(cargo("fmt --all").to_string(), "cargo fmt --all");
        assert_eq!(
            cargo("doc").with("RUSTDOCFLAGS", "-D warnings").to_string(),
            "RUSTDOCFLAGS=\"-D warnings\" cargo doc"
        );
        assert_eq!(file("bin/tool", "check").to_string(), "bin/tool check");
    }

    #[test]
    fn a_stage_tells_how_it_ended() {
        assert!(cargo("--version").succeeds());
        assert!(!cargo("no-such-command").succeeds());
        assert!(file("no/such/file", "").run().unwrap_err().starts_with("cannot start: "));
    }
}
