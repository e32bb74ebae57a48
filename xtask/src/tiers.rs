//! What the tasks run, in order.

use crate::stage::{Stage, cargo, file, tool};

/// The arguments that make buildah build a stage of deploy/Containerfile.
macro_rules! image {
    ($stage:literal) => {
        concat!(
            "bud --isolation chroot --format docker --file deploy/Containerfile --build-arg RUNTIME=scratch ",
            "--build-context build=target/containers --target ",
            $stage,
            " --tag spikedrive-",
            $stage,
            " ."
        )
    };
}

/// Everything that must hold before a commit. Cheap stages first.
pub(crate) const TEST: &[Stage] = &[
    cargo("fmt --all --check"),
    cargo("clippy --workspace --all-targets --locked -- -D warnings"),
    cargo("doc --workspace --no-deps --locked").with("RUSTDOCFLAGS", "-D warnings"),
    cargo("test --workspace --locked"),
    cargo("build --release --locked"),
    tool("python3", "-m venv target/tools/python"),
    file(
        "target/tools/python/bin/pip",
        "install --quiet --disable-pip-version-check --requirement xtask/requirements.txt",
    ),
    file("target/tools/python/bin/check-jsonschema", "--builtin-schema vendor.compose-spec docker-compose.yml"),
    // TensorBoard itself reads what a run writes.
    cargo("run --release --locked --quiet -- train --quiet --phase 4 --episodes 20 --runs target/tensorboard"),
    file("target/tools/python/bin/python", "xtask/tensorboard_reads.py target/tensorboard"),
    // The dashboard's page in a real browser, against the programs of the release build.
    file(
        "target/tools/python/bin/python",
        "-B -m pytest --quiet -p no:cacheprovider --basetemp target/browser dashboard/tests/browser",
    ),
    // The Python package: style, types, and its tests, against the programs of the release build.
    INSTALL_PACKAGE,
    INSTALL_GENERATOR,
    file("target/tools/python/bin/ruff", "format --no-cache --check python"),
    file("target/tools/python/bin/ruff", "check --no-cache --quiet python"),
    file("target/tools/python/bin/mypy", "--config-file python/pyproject.toml --cache-dir target/mypy python/src"),
    file("target/tools/python/bin/python", PACKAGE_TESTS),
    // What depends on Gymnasium's version, with the oldest that the package takes, of gRPC and protobuf as well, and one between.
    file(
        "target/tools/python/bin/pip",
        "install --quiet --disable-pip-version-check --upgrade --no-deps --target target/tools/oldest gymnasium==1.1.1 grpcio==1.71.2 protobuf==5.29.6",
    ),
    file("target/tools/python/bin/python", GYMNASIUM_TESTS).with("PYTHONPATH", "target/tools/oldest"),
    file(
        "target/tools/python/bin/pip",
        "install --quiet --disable-pip-version-check --upgrade --no-deps --target target/tools/gymnasium-1.2 gymnasium==1.2.2",
    ),
    file("target/tools/python/bin/python", GYMNASIUM_TESTS).with("PYTHONPATH", "target/tools/gymnasium-1.2"),
];

/// Without its dependencies: these are in the requirements.
const INSTALL_PACKAGE: Stage = file(
    "target/tools/python/bin/pip",
    "install --quiet --disable-pip-version-check --no-deps --no-build-isolation --force-reinstall ./python",
);

/// The generator of the Python messages, in a place of its own: it is as old as the oldest runtime that they shall work with.
const INSTALL_GENERATOR: Stage = file(
    "target/tools/python/bin/pip",
    "install --quiet --disable-pip-version-check --upgrade --no-deps --target target/tools/grpcio-tools grpcio-tools==1.71.2",
);

const PACKAGE_TESTS: &str = "-B -m pytest --quiet -p no:cacheprovider --basetemp target/python --config-file python/pyproject.toml python/tests";
const GYMNASIUM_TESTS: &str = "-B -m pytest --quiet -p no:cacheprovider --basetemp target/python --config-file python/pyproject.toml python/tests/test_env.py python/tests/test_vector.py python/tests/test_security.py python/tests/test_snapshots.py";

/// What we build on: `deny.toml` tells what is allowed. Advisories are left out: they change without a change of ours.
/// The installation is a matter of moments when that version is there already.
pub(crate) const SUPPLY_CHAIN: &[Stage] = &[
    cargo("install cargo-deny --version 0.20.2 --locked --root target/tools"),
    file("target/tools/bin/cargo-deny", "--locked check --hide-inclusion-graph licenses bans sources"),
];

/// What comes before the images can be tried: the last stages of deploy/Containerfile, on an empty base, around programs that were
/// built here by the script that its first stage runs. The flags let buildah work without a right to make namespaces.
pub(crate) const CONTAINERS: &[Stage] = &[
    tool("python3", "-m venv target/tools/python"),
    file("target/tools/python/bin/pip", "install --quiet --disable-pip-version-check podman-compose==1.6.0"),
    file("deploy/build-static", "target/containers/binaries"),
    tool("buildah", image!("server")),
    tool("buildah", image!("agent")),
    tool("buildah", image!("dashboard")),
];

/// What the deep baselines drive against.
pub(crate) const BASELINES: &[Stage] = &[cargo("build --release --locked --package spikedrive-server")];

/// What it costs to be looked at, in CPU time; its last lines are JSON.
pub(crate) const BENCH_DASHBOARD: &[Stage] = &[
    cargo("build --release --locked"),
    tool("python3", "-m venv target/tools/python"),
    file(
        "target/tools/python/bin/pip",
        "install --quiet --disable-pip-version-check --requirement xtask/requirements.txt",
    ),
    file("target/tools/python/bin/python", "-B dashboard/bench/cost.py"),
];

/// What a step of the world costs, in process.
pub(crate) const BENCH_ENV: &[Stage] = &[cargo("bench --locked -p spikedrive-env --bench vector_world")];

/// What a step from Python costs, beside an echo of the same bytes and beside the world alone.
pub(crate) const BENCH_PYTHON: &[Stage] = &[
    cargo("build --release --locked"),
    cargo("build --release --locked -p spikedrive-server --examples"),
    tool("python3", "-m venv target/tools/python"),
    file(
        "target/tools/python/bin/pip",
        "install --quiet --disable-pip-version-check --requirement xtask/requirements.txt",
    ),
    INSTALL_PACKAGE,
    file("target/tools/python/bin/python", "-B python/bench/vector.py"),
];

/// What the wire costs: in Rust beside an echo, then in Python beside RLMesh and dm_env_rpc.
pub(crate) const BENCH_WIRE: &[Stage] = &[
    cargo("build --release --locked"),
    cargo("build --release --locked -p spikedrive-server --examples"),
    cargo("bench --locked -p spikedrive-server --bench wire -- --out results/bench-wire.json"),
    tool("python3", "-m venv target/tools/python"),
    file(
        "target/tools/python/bin/pip",
        "install --quiet --disable-pip-version-check --requirement xtask/requirements.txt rlmesh==0.1.0",
    ),
    INSTALL_PACKAGE,
    file("target/tools/python/bin/python", "-B python/bench/wire.py --out results/bench-wire-peers.json"),
];

/// The test that guards the generated code renews it when told to; a script does the same for Python.
pub(crate) const CODEGEN: &[Stage] = &[
    cargo("test --locked -p spikedrive-xtask --test generated_code").with("SPIKEDRIVE_CODEGEN", "write"),
    tool("python3", "-m venv target/tools/python"),
    INSTALL_GENERATOR,
    file("target/tools/python/bin/python", "-B python/tools/generate_stubs.py")
        .with("PYTHONPATH", "target/tools/grpcio-tools"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_that_resolves_dependencies_uses_the_lockfile() {
        let stages =
            [TEST, SUPPLY_CHAIN, CONTAINERS, BASELINES, BENCH_DASHBOARD, BENCH_ENV, BENCH_PYTHON, BENCH_WIRE, CODEGEN]
                .concat();
        for stage in
            stages.iter().map(Stage::to_string).filter(|stage| stage.contains("cargo ") && !stage.contains("cargo fmt"))
        {
            assert!(stage.contains("--locked"), "{stage}");
        }
    }
}
