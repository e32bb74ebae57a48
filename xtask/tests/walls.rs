//! The walls between the crates, and other rules that no compiler keeps. ARCHITECTURE.md tells why they stand.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Who may import whom, of ours. A new crate gets a line.
const IMPORTS: [(&str, &[&str]); 7] = [
    ("spikedrive-env", &[]),
    ("spikedrive-learners", &[]),
    ("spikedrive-proto", &["spikedrive-env"]),
    ("spikedrive-server", &["spikedrive-env", "spikedrive-proto"]),
    ("spikedrive-dashboard", &["spikedrive-env", "spikedrive-proto"]),
    (
        "spikedrive-agent",
        &["spikedrive-dashboard", "spikedrive-env", "spikedrive-learners", "spikedrive-proto", "spikedrive-server"],
    ),
    ("spikedrive-xtask", &[]),
];

/// Synchronous and deterministic: no runtime, socket, file, clock, printing or global random number.
const PURE: [&str; 2] = ["spikedrive-env", "spikedrive-learners"];

/// All that a pure crate may build on. Its tests may use more.
const PURE_DEPENDENCIES: [&str; 7] = ["libm", "ndarray", "rand", "rand_chacha", "rayon", "serde", "thiserror"];

/// What the `clippy.toml` of a pure crate forbids at least.
const IMPURE_METHODS: [&str; 4] =
    ["std::time::Instant::now", "std::time::SystemTime::now", "rand::rng", "rand::random"];

/// Names for a place where everything ends up.
const EMPTY_NAMES: [&str; 5] = ["common", "utils", "types", "config", "errors"];

/// Largest file of the repository, in bytes.
const MAX_FILE_BYTES: u64 = 2 << 20;

/// A crate of the workspace, as cargo understands its manifest.
struct Package {
    name: String,
    manifest: PathBuf,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    /// `dev-dependencies`: seen by tests, examples and benchmarks alone.
    dev: bool,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn packages() -> Vec<Package> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let args = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let output = Command::new(cargo).args(args).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

fn package(value: &Value) -> Package {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let dependency = |value: &Value| Dependency { name: text(&value["name"]), dev: value["kind"] == "dev" };
    Package {
        name: text(&value["name"]),
        manifest: text(&value["manifest_path"]).into(),
        dependencies: value["dependencies"].as_array().unwrap().iter().map(dependency).collect(),
    }
}

fn read_toml(path: &Path) -> toml::Table {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn crates_import_only_whom_they_may() {
    let packages = packages();
    let names = |set: &BTreeSet<&str>| set.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let listed: BTreeSet<_> = IMPORTS.iter().map(|&(name, _)| name).collect();
    let ours: BTreeSet<_> = packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(names(&ours), names(&listed), "the table of imports must name every crate of the workspace");
    for package in &packages {
        let (_, allowed) = IMPORTS.iter().find(|(name, _)| *name == package.name).unwrap();
        for Dependency { name, .. } in &package.dependencies {
            let fine = !ours.contains(name.as_str()) || allowed.contains(&name.as_str());
            assert!(fine, "{} may not import {name}", package.name);
        }
    }
}

#[test]
fn pure_crates_build_on_pure_crates() {
    for package in packages().iter().filter(|package| PURE.contains(&package.name.as_str())) {
        for Dependency { name, .. } in package.dependencies.iter().filter(|dependency| !dependency.dev) {
            assert!(PURE_DEPENDENCIES.contains(&name.as_str()), "{} is pure and may not import {name}", package.name);
        }
    }
}

#[test]
fn pure_crates_forbid_clocks_and_global_random_numbers() {
    for package in packages().iter().filter(|package| PURE.contains(&package.name.as_str())) {
        let clippy = read_toml(&package.manifest.with_file_name("clippy.toml"));
        let methods = clippy["disallowed-methods"].as_array().unwrap();
        let forbidden: Vec<_> = methods.iter().filter_map(|method| method["path"].as_str()).collect();
        for method in IMPURE_METHODS {
            assert!(forbidden.contains(&method), "the clippy.toml of {} must forbid {method}", package.name);
        }
    }
}

#[test]
fn every_crate_inherits_the_lints_and_unsafe_code_is_forbidden() {
    let workspace = read_toml(&root().join("Cargo.toml"));
    assert_eq!(workspace["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    for Package { name, manifest, .. } in packages() {
        let inherits = read_toml(&manifest).get("lints").and_then(|lints| lints.get("workspace")?.as_bool());
        assert_eq!(inherits, Some(true), "{name} needs `[lints] workspace = true`");
    }
}

#[test]
fn every_crate_is_named_after_what_it_holds() {
    for Package { name, .. } in packages() {
        assert!(name.starts_with("spikedrive-"), "{name}");
        assert!(!name.split('-').any(|word| EMPTY_NAMES.contains(&word)), "{name} says nothing about what it holds");
    }
}

#[test]
fn continuous_integration_runs_the_command_of_the_readme() {
    let path = root().join(".ci/run");
    let script = fs::read_to_string(&path).unwrap();
    assert_eq!(script.lines().last(), Some("exec cargo xtask test"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o100, 0o100, "{} is not executable: chmod +x it", path.display());
    }
}

#[test]
fn no_file_is_large() {
    let mut ignored: Vec<_> = fs::read_to_string(root().join(".gitignore")).unwrap().lines().map(trimmed).collect();
    ignored.push(".git".to_owned());
    let mut directories = vec![root()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap().filter_map(Result::ok) {
            // What vanishes meanwhile, such as an editor's temporary file, is not large.
            let Ok(metadata) = entry.metadata() else { continue };
            if ignored.iter().any(|name| entry.file_name() == name.as_str()) {
                continue;
            }
            if metadata.is_dir() {
                directories.push(entry.path());
            }
            let bytes = metadata.len();
            assert!(bytes <= MAX_FILE_BYTES, "{}: {bytes} bytes are more than 2 MiB", entry.path().display());
        }
    }
}

/// A line of .gitignore as the name that it ignores; patterns with wildcards match nothing here.
fn trimmed(line: &str) -> String {
    line.trim().trim_matches('/').to_owned()
}
