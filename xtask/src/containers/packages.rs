//! What the test of the containers needs of the system.

use super::command::{output, run};

/// Programs, each with the Debian packages that bring it and what it needs at its side.
const PROGRAMS: [(&str, &[&str]); 4] = [
    ("buildah", &["buildah"]),
    ("podman", &["podman", "netavark", "aardvark-dns", "iptables"]),
    ("runc", &["runc"]),
    ("curl", &["curl"]),
];

/// Installs what is missing.
pub(crate) fn install() -> Result<(), String> {
    let missing = missing(|program| output(program, &["--version"]).is_ok());
    if missing.is_empty() {
        return Ok(());
    }
    let apt_get = |args: &[&str]| {
        run("apt-get", args)
            .map_err(|error| format!("{error}; install {} by hand, or run this as root", missing.join(", ")))
    };
    apt_get(&["update", "--quiet"])?;
    apt_get(&[&["install", "--yes", "--quiet", "--no-install-recommends"], missing.as_slice()].concat())
}

/// The packages of the programs that are not there.
fn missing(is_there: impl Fn(&str) -> bool) -> Vec<&'static str> {
    PROGRAMS
        .iter()
        .filter(|(program, _)| !is_there(program))
        .flat_map(|(_, packages)| packages.iter().copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_not_installed() {
        assert_eq!(missing(|_| true), Vec::<&str>::new());
        assert_eq!(missing(|program| program != "podman"), ["podman", "netavark", "aardvark-dns", "iptables"]);
    }
}
