//! The generated code is checked in; this test makes it again and fails when the two differ.
//! `SPIKEDRIVE_CODEGEN=write cargo test -p spikedrive-proto --test generated_code` (or `cargo xtask codegen`) renews it.

use std::fs;
use std::path::Path;

#[test]
fn checked_in_code_is_that_of_the_proto_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let descriptors = protox::compile(["spikedrive/v1/environment.proto"], [root]).unwrap();
    let out = tempfile::tempdir().unwrap();
    tonic_prost_build::configure().out_dir(out.path()).compile_fds(descriptors).unwrap();
    let fresh = fs::read_to_string(out.path().join("spikedrive.v1.rs")).unwrap();
    let checked_in = root.join("src/gen/spikedrive.v1.rs");
    if std::env::var_os("SPIKEDRIVE_CODEGEN").is_some_and(|mode| mode == "write") {
        fs::write(&checked_in, &fresh).unwrap();
    }
    let same = fs::read_to_string(&checked_in).is_ok_and(|text| text == fresh);
    assert!(same, "{} is stale: run `cargo xtask codegen`", checked_in.display());
}
