//! What the wire costs: `cargo xtask bench wire`, on an idle machine.
//!
//! Every figure that has a goal is a ratio within one run, whose sides take turns, or CPU time, which a busy neighbour inflates less
//! than wall time. Servers are processes of their own, so that their CPU time is theirs. `-- --out FILE` keeps the figures as JSON; FILE
//! is below the root of the repository.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

mod clock;
mod crowd;
mod in_process;
mod kept;
mod memory;
mod process;
mod stream;

use std::path::Path;

use serde_json::json;
use tokio::runtime::Builder;

fn main() {
    // `cargo test` builds and runs benchmarks too: there is nothing to be tested here.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let scaling = in_process::scaling();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let report = runtime.block_on(async {
        json!({
            "schema_version": 1,
            "load": std::fs::read_to_string("/proc/loadavg").unwrap().split(' ').take(3).collect::<Vec<_>>(),
            "in_process": scaling,
            "stream": stream::against_echo().await,
            "memory": memory::ten_million_steps().await,
            "kept": kept::snapshots_and_forks().await,
            "crowd": crowd::sessions().await,
        })
    });
    let mut arguments = std::env::args().skip_while(|argument| argument != "--out").skip(1);
    if let Some(file) = arguments.next() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
        std::fs::write(path, format!("{report:#}\n")).unwrap();
    }
}
