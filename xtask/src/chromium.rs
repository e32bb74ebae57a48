//! The browser that the dashboard's tests drive. Debian's is a package; elsewhere whoever runs the tests brings one.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::stage::{Stage, tool};

/// Names a browser that is not on the path.
const VARIABLE: &str = "SPIKEDRIVE_CHROMIUM";
/// What it is called, as in dashboard/tests/browser/support/browser.py.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const INSTALL: [Stage; 2] =
    [tool("apt-get", "update --quiet=2"), tool("apt-get", "install --yes --quiet=2 --no-install-recommends chromium")];

/// What can be done about a browser that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Remedy {
    None,
    Install,
    Ask,
}

/// Makes sure that there is a browser: one that is missing is installed where this is allowed, or else the error tells how to get it.
pub(crate) fn ensure() -> Result<(), String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let directories: Vec<PathBuf> = env::split_paths(&path).collect();
    let named = env::var_os(VARIABLE).map(PathBuf::from);
    if let Some(named) = named.as_deref().filter(|named| !named.is_file()) {
        return Err(format!("{VARIABLE} names {}, which is no file: name a Chromium, or unset it", named.display()));
    }
    let is_there = named.is_some() || is_one_in(&NAMES, &directories);
    match remedy(is_there, is_one_in(&["apt-get"], &directories), is_root()) {
        Remedy::None => Ok(()),
        Remedy::Install => INSTALL.iter().try_for_each(|stage| {
            eprintln!("\n$ {stage}");
            stage.run().map_err(|reason| format!("`{stage}` failed: {reason}; {}", advice()))
        }),
        Remedy::Ask => Err(advice()),
    }
}

fn remedy(is_there: bool, has_apt: bool, is_root: bool) -> Remedy {
    match (is_there, has_apt && is_root) {
        (true, _) => Remedy::None,
        (false, true) => Remedy::Install,
        (false, false) => Remedy::Ask,
    }
}

fn advice() -> String {
    format!(
        "the dashboard's tests need a Chromium on the path ({}): install one, such as with `sudo apt-get install chromium`, or \
         name its program in {VARIABLE}",
        NAMES.join(", ")
    )
}

fn is_one_in(names: &[&str], directories: &[PathBuf]) -> bool {
    directories.iter().any(|directory| names.iter().any(|name| directory.join(name).is_file()))
}

/// Whether packages may be installed: the owner of our own process, as Linux tells it.
fn is_root() -> bool {
    fs::metadata(Path::new("/proc/self")).is_ok_and(|own| own.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_browser_is_installed_by_root_with_apt_alone() {
        assert_eq!(remedy(true, true, true), Remedy::None);
        assert_eq!(remedy(false, true, true), Remedy::Install);
        assert_eq!(remedy(false, true, false), Remedy::Ask);
        assert_eq!(remedy(false, false, true), Remedy::Ask);
        assert!(advice().contains("sudo apt-get install chromium"));
    }

    #[test]
    fn a_program_is_found_in_any_directory_of_the_path() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let path = [PathBuf::from("/nonexistent"), source];
        assert!(is_one_in(&["no-such-file", "chromium.rs"], &path));
        assert!(!is_one_in(&["no-such-file"], &path));
    }
}
