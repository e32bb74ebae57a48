//! A run that is told to a real dashboard, which does not share its disk.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;

use prost::Message;
use spikedrive_agent::embedded::{EmbeddedDashboard, EmbeddedServer};
use spikedrive_agent::lesson::Lesson;
use spikedrive_agent::run::{Place, Run, Watch};
use spikedrive_agent::run_dir::RunInfo;
use spikedrive_agent::stop::StopFlag;
use spikedrive_agent::telemetry::Dashboard;
use spikedrive_agent::train::TrainConfig;
use spikedrive_agent::watcher::Onlookers;
use spikedrive_env::Phase;
use spikedrive_learners::{Preset, snn};
use spikedrive_proto::v1;
use support::wait_until;

/// The recordings below a run that were not kept in any case.
fn unplanned(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(run.join("recordings")).into_iter().flatten().map(|entry| entry.unwrap().path());
    let named = files.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path));
    let wanted = named.filter(|(name, _)| name.ends_with("best.pb") || name.ends_with("crashed.pb"));
    // One that is dropped meanwhile is none.
    let read = wanted.filter_map(|(name, path)| Some((name, fs::read(path).ok()?)));
    read.filter(|(name, _)| !["first", "periodic"].iter().any(|word| name.contains(word))).collect()
}

#[test]
fn recordings_of_neurons_that_are_simulated_anyway_are_taken() {
    for preset in [snn::Preset::Pathway, snn::Preset::Frugal].map(Preset::Snn) {
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let (own, told) = (directory.path().join("run"), directory.path().join("told"));
        let server = EmbeddedServer::on_free_port().unwrap();
        let address = server.address().unwrap();
        let dashboard = EmbeddedDashboard::start(told.clone(), address.clone()).unwrap();
        let config = TrainConfig {
            horizon: 60,
            ..TrainConfig::base(preset.config(), Lesson::Direct(Phase::Complex), 100_000, 3)
        };
        let onlookers = Onlookers {
            dashboard: Some(Dashboard { address: dashboard.ingest().unwrap(), token: None }),
            recordings: true,
        };
        let info = RunInfo::new(preset, &config, "here");
        let (place, server) = (Place::In(own.clone()), address.into());
        let run = Run { info, place, server, threads: 1, watch: Watch::FromAfar, onlookers };
        let (stop, mut kept) = (StopFlag::default(), BTreeMap::new());
        let until = stop.clone();
        let running = thread::spawn(move || run.perform(&until));
        wait_until(|| {
            let own = unplanned(&own);
            kept = unplanned(&told.join("run"));
            kept.retain(|name, bytes| own.get(name) == Some(bytes));
            kept.len() > 2
        });
        stop.set();
        assert!(running.join().unwrap().unwrap_err().is_interruption());
        for (name, bytes) in kept {
            let recording = v1::Recording::decode(bytes.as_slice()).unwrap();
            let shown: Vec<_> = recording.populations.iter().map(|shown| (shown.name.as_str(), shown.size)).collect();
            let neurons = recording.populations.iter().map(|shown| shown.first + shown.size).max().unwrap();
            assert!(shown.iter().all(|(name, size)| !name.starts_with("motor") && *size > 0), "{name}: {shown:?}");
            assert!(neurons < 100 && recording.frames.iter().all(|frame| !frame.raster.is_empty()), "{name}");
            let whole = |frame: &v1::Frame| frame.raster.len() == frame.ticks as usize * neurons.div_ceil(8) as usize;
            assert!(recording.frames.iter().all(whole), "{name}");
        }
    }
}
