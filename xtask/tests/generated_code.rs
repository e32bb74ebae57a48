//! The generated code is checked in; this test makes it again and fails when the two differ.
//! `cargo xtask codegen` renews it. It lives here because `spikedrive-proto` itself may not compile while the two differ.

use std::fs;
use std::path::Path;

use prost::Message;

#[test]
fn checked_in_code_is_that_of_the_proto_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto");
    let files = ["environment", "snapshot", "telemetry"].map(|name| format!("spikedrive/v1/{name}.proto"));
    let descriptors = protox::compile(files, [&root]).unwrap();
    let out = tempfile::tempdir().unwrap();
    fs::write(out.path().join("descriptors.bin"), descriptors.encode_to_vec()).unwrap();
    // What the hot loop carries is neither copied out of the message that came nor allocated for each that goes.
    let build = tonic_prost_build::configure().bytes(".spikedrive.v1.StreamRequest").bytes(".spikedrive.v1.StepResult");
    build.out_dir(out.path()).compile_fds(descriptors).unwrap();
    for name in ["spikedrive.v1.rs", "descriptors.bin"] {
        let (fresh, checked_in) = (fs::read(out.path().join(name)).unwrap(), root.join("src/gen").join(name));
        if std::env::var_os("SPIKEDRIVE_CODEGEN").is_some_and(|mode| mode == "write") {
            fs::write(&checked_in, &fresh).unwrap();
        }
        let same = fs::read(&checked_in).is_ok_and(|bytes| bytes == fresh);
        assert!(same, "{} is stale: run `cargo xtask codegen`", checked_in.display());
    }
}
