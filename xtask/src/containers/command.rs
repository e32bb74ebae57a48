//! Programs whose output is looked at.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A program, of the system or relative to the root of the repository, that runs in the root and asks no questions. It is set up so
/// that podman works on machines without systemd, and without a right to raise limits. Settings of SpikeDrive in the caller's
/// environment would reach the agent: they are left out.
pub(crate) fn command(program: &str, args: &[&str]) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let program = if program.contains('/') { root.join(program) } else { program.into() };
    let mut command = Command::new(program);
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SPIKEDRIVE_")) {
        command.env_remove(name);
    }
    command
        .args(args)
        .env("CONTAINERS_CONF", root.join("xtask/containers.conf"))
        .env("DISABLE_HC_SYSTEMD", "true")
        .current_dir(root)
        .stdin(Stdio::null());
    command
}

/// Runs a program that must succeed; what it prints goes to the terminal.
pub(crate) fn run(program: &str, args: &[&str]) -> Result<(), String> {
    eprintln!("\n$ {program} {}", args.join(" "));
    let status = command(program, args).status().map_err(|error| format!("cannot start {program}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{program} {}` failed: {status}", args.join(" "))) }
}

/// Runs a program that must succeed, and returns what it prints.
pub(crate) fn output(program: &str, args: &[&str]) -> Result<String, String> {
    let output = command(program, args).output().map_err(|error| format!("cannot start {program}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("`{program} {}` failed: {}: {}", args.join(" "), output.status, String::from_utf8_lossy(&said).trim()))
}

/// Tries again until `probe` succeeds; after `limit` its last error.
pub(crate) fn until<T>(limit: Duration, mut probe: impl FnMut() -> Result<T, String>) -> Result<T, String> {
    let start = Instant::now();
    loop {
        match probe() {
            Err(reason) if start.elapsed() >= limit => return Err(format!("after {} s: {reason}", limit.as_secs())),
            Err(_) => thread::sleep(Duration::from_millis(200)),
            Ok(value) => return Ok(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_returned_and_failures_tell_what_was_said() {
        assert_eq!(output("sh", &["-c", "echo fine"]), Ok("fine".to_owned()));
        let failure = output("sh", &["-c", "echo why >&2; exit 3"]).unwrap_err();
        assert_eq!(failure, "`sh -c echo why >&2; exit 3` failed: exit status: 3: why");
    }

    #[test]
    fn a_probe_is_repeated_up_to_the_limit() {
        let mut left = 2;
        let mut count_down = || {
            left -= 1;
            if left == 0 { Ok("there") } else { Err("not yet".to_owned()) }
        };
        assert_eq!(until(Duration::from_secs(5), &mut count_down), Ok("there"));
        assert_eq!(until::<()>(Duration::ZERO, || Err("never".to_owned())), Err("after 0 s: never".to_owned()));
    }
}
