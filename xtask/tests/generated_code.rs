//! The generated code is checked in; this test makes it again and fails when the two differ.
//! `cargo xtask codegen` renews it. It lives here because `spikedrive-proto` itself may not compile while the two differ.

use std::fs;
use std::path::Path;

use prost::Message;

/// Every file that is not imported by another one of these.
const FILES: [&str; 4] = [
    "spikedrive/v1/environment.proto",
    "spikedrive/v1/snapshot.proto",
    "spikedrive/v1/telemetry.proto",
    "dm_env_rpc/v1/extensions/properties.proto",
];

/// What is made of them. Well-known types come from `prost-types`.
const GENERATED: [&str; 5] = [
    "spikedrive.v1.rs",
    "dm_env_rpc.v1.rs",
    "dm_env_rpc.v1.extensions.properties.rs",
    "google.rpc.rs",
    "descriptors.bin",
];

#[test]
fn checked_in_code_is_that_of_the_proto_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto");
    let descriptors = protox::compile(FILES, [&root]).unwrap();
    let out = tempfile::tempdir().unwrap();
    fs::write(out.path().join("descriptors.bin"), descriptors.encode_to_vec()).unwrap();
    // What the hot loop carries is neither copied out of the message that came nor allocated for each that goes.
    let build = tonic_prost_build::configure().bytes(".spikedrive.v1.StreamRequest").bytes(".spikedrive.v1.StepResult");
    // Maps that are sent have an order: the same answer is the same bytes.
    build.btree_map(".dm_env_rpc").out_dir(out.path()).compile_fds(descriptors).unwrap();
    let mut written: Vec<_> = fs::read_dir(out.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let mut expected = GENERATED;
    written.sort();
    expected.sort_unstable();
    assert_eq!(
        written, expected,
        "a package was added or has gone: name its file here, and its module in proto/src/lib.rs"
    );
    for name in GENERATED {
        let (fresh, checked_in) = (fs::read(out.path().join(name)).unwrap(), root.join("src/gen").join(name));
        if std::env::var_os("SPIKEDRIVE_CODEGEN").is_some_and(|mode| mode == "write") {
            fs::write(&checked_in, &fresh).unwrap();
        }
        let same = fs::read(&checked_in).is_ok_and(|bytes| bytes == fresh);
        assert!(same, "{} is stale: run `cargo xtask codegen`", checked_in.display());
    }
}
