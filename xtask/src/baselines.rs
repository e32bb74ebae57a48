//! The deep baselines of python/: trained and tested in a Python environment of their own, for torch is 5.6 GB. It is kept outside
//! the clone, under the hash of the file that locks its versions.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use crate::runner;
use crate::tiers;

const LOCK: &str = "python/baselines-requirements.txt";
/// Written when the installation is complete: one that was broken off is made anew.
const COMPLETE: &str = "complete";

/// Installs what is missing, builds the server, and runs the tests.
pub(crate) fn test() -> Result<(), String> {
    let environment = environment()?;
    if !environment.join(COMPLETE).is_file() {
        install(&environment)?;
    }
    runner::run(tiers::BASELINES)?;
    run(
        environment.join("bin/python").as_os_str(),
        &["-B", "-m", "pytest", "--quiet", "-p", "no:cacheprovider", "python/tests/baselines"].map(OsStr::new),
    )
}

/// `${XDG_CACHE_HOME:-~/.cache}/spikedrive/baselines-<hash>`.
fn environment() -> Result<PathBuf, String> {
    let lock = fs::read(root().join(LOCK)).map_err(|error| format!("cannot read {LOCK}: {error}"))?;
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".cache")))
        .ok_or("neither XDG_CACHE_HOME nor HOME is set: name a directory with room for 6 GB in XDG_CACHE_HOME")?;
    Ok(cache.join("spikedrive").join(format!("baselines-{}", hash(&lock))))
}

/// First 8 bytes of SHA-256, hexadecimal.
fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn install(environment: &Path) -> Result<(), String> {
    run(
        OsStr::new("python3"),
        &[OsStr::new("-m"), OsStr::new("venv"), OsStr::new("--clear"), environment.as_os_str()],
    )?;
    run(
        environment.join("bin/pip").as_os_str(),
        &["install", "--quiet", "--disable-pip-version-check", "--requirement", LOCK].map(OsStr::new),
    )?;
    let complete = environment.join(COMPLETE);
    fs::write(&complete, "").map_err(|error| format!("cannot write {}: {error}", complete.display()))
}

/// Runs a program in the root, where Python finds the package's source; what it prints goes to the terminal.
fn run(program: &OsStr, args: &[&OsStr]) -> Result<(), String> {
    let args: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    let line = format!("{} {}", program.to_string_lossy(), args.join(" "));
    eprintln!("\n$ {line}");
    let mut command = Command::new(program);
    command.args(args.iter().map(AsRef::<str>::as_ref)).current_dir(root()).stdin(Stdio::null());
    let status = command.env("PYTHONPATH", "python/src").status().map_err(|error| format!("`{line}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed: {status}")) }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_belongs_to_its_versions() {
        let name = environment().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(name, format!("baselines-{}", hash(&fs::read(root().join(LOCK)).unwrap())));
        // SHA-256 of nothing begins so.
        assert_eq!(hash(b""), "e3b0c44298fc1c14");
        assert_ne!(hash(b"torch==2.15.0\n"), hash(b"torch==2.15.1\n"));
    }

    #[test]
    fn every_line_of_the_lock_names_one_version() {
        let lock = fs::read_to_string(root().join(LOCK)).unwrap();
        let lines = lock.lines().filter(|line| !line.starts_with('#'));
        assert!(lines.clone().count() > 10 && lines.clone().all(|line| line.contains("==")), "{lock}");
    }
}
