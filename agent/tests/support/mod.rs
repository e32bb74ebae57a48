//! The program in a directory of its own: started, signalled, waited for.
#![allow(dead_code, reason = "each test file uses what it needs of it")]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Longer than anything here takes, and shorter than the 30 s after which a silent server is given up.
const PATIENCE: Duration = Duration::from_secs(25);

/// A directory with the circuits of the repository, in which the program knows nothing of the world outside.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap());
        fs::create_dir(place.path("circuits")).unwrap();
        fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/../circuits/example.csv"), place.path("circuits/example.csv"))
            .unwrap();
        place
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn text(&self, name: impl AsRef<Path>) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    pub(crate) fn json(&self, name: impl AsRef<Path>) -> Value {
        serde_json::from_str(&self.text(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// The names in a directory, sorted; none where there is no such directory.
    pub(crate) fn names(&self, directory: impl AsRef<Path>) -> Vec<String> {
        let entries = fs::read_dir(self.path(directory)).into_iter().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The directory of the only run in `runs`.
    pub(crate) fn only_run(&self) -> String {
        let [run] = <[String; 1]>::try_from(self.names("runs")).unwrap();
        format!("runs/{run}")
    }

    /// The program, found by its name as a shell finds it.
    pub(crate) fn shell(&self, line: &str) -> Ended {
        let programs = Path::new(env!("CARGO_BIN_EXE_spikedrive")).parent().unwrap();
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        Ended::of(self.clean("sh").args(["-c", line]).env("PATH", path))
    }

    /// The program with arguments that blanks separate.
    pub(crate) fn command(&self, args: &str) -> Command {
        let mut command = self.clean(env!("CARGO_BIN_EXE_spikedrive"));
        command.args(args.split_whitespace());
        command
    }

    pub(crate) fn run(&self, args: &str) -> Ended {
        Ended::of(&mut self.command(args))
    }

    pub(crate) fn start(&self, args: &str) -> Running {
        Running::of(self.command(args).stdout(Stdio::null()))
    }

    fn clean(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.0.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("SPIKEDRIVE_") || ["CARGO", "CLICOLOR_FORCE", "FORCE_COLOR"].contains(&name.as_str()) {
                command.env_remove(name);
            }
        }
        command
    }
}

/// A program that has ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { status: output.status, out: text(output.stdout), err: text(output.stderr) }
    }

    /// What it printed, having succeeded.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert!(self.status.success(), "{}: {}", self.status, self.err);
        self.out
    }

    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.done()).unwrap()
    }

    /// It ended with this status and printed nothing but a message that holds all of `words`.
    #[track_caller]
    pub(crate) fn refuses(&self, status: i32, words: &[&str]) {
        assert_eq!(self.status.code(), Some(status), "{}", self.err);
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not in {:?}", self.err);
        }
        assert_eq!(self.out, "");
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}

/// A program that runs; it is killed when dropped.
pub(crate) struct Running {
    child: Child,
    err: File,
}

impl Running {
    fn of(command: &mut Command) -> Self {
        let err = tempfile::tempfile().unwrap();
        Self { child: command.stderr(err.try_clone().unwrap()).spawn().unwrap(), err }
    }

    /// Sends a signal: `INT`, `TERM` or `KILL`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        let mut status = None;
        wait_until(|| {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let mut err = String::new();
        self.err.rewind().unwrap();
        self.err.read_to_string(&mut err).unwrap();
        Ended { status: status.unwrap(), out: String::new(), err }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `spikedrive serve` on a free port.
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) running: Running,
}

impl Server {
    pub(crate) fn start(place: &Place, args: &str) -> Self {
        let mut command = place.command(&format!("serve --listen 127.0.0.1:0 {args}"));
        let mut running = Running::of(command.stdout(Stdio::piped()));
        let mut line = String::new();
        BufReader::new(running.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (_, address) = line.trim_end().split_once(" listens on ").unwrap();
        Self { address: address.to_owned(), running }
    }
}

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn wait_until(mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "nothing happened within {PATIENCE:?}");
        sleep(Duration::from_millis(5));
    }
}

/// Whether a program was interrupted: by itself, with status 130, or by the signal before it could catch it.
pub(crate) fn is_interrupted(status: ExitStatus) -> bool {
    status.code() == Some(130) || status.signal() == Some(2)
}
