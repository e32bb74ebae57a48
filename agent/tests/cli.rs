//! The program as its users meet it: what it prints, what it leaves on disk, and with which status it ends.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::Duration;

use ndarray::{Array2, ShapeBuilder};
use ndarray_npy::npy::header::Header;
use ndarray_npy::{WritableElement, read_npy, write_npy};
use serde_json::Value;
use support::{Ended, Place, Server, is_interrupted, wait_until};

/// Training that goes on until somebody stops it.
const ENDLESS: &str = "train --phase 1 --episodes 1000000 --out run";

/// A network that drives, trained once: its place, which outlives the tests, and what `train --json` printed.
fn driver() -> &'static (Place, Value) {
    static DRIVER: OnceLock<(Place, Value)> = OnceLock::new();
    DRIVER.get_or_init(|| {
        let place = Place::new();
        let summary = place.run("train --preset pathway --phase 4 --episodes 60 --out runs/driver --json").json();
        (place, summary)
    })
}

/// A place with a copy of the driver's last network: `w.npy` and `w.json`.
fn place_with_weights() -> Place {
    let place = Place::new();
    for extension in ["npy", "json"] {
        let from = driver().0.path(format!("runs/driver/weights/last.{extension}"));
        fs::copy(from, place.path(format!("w.{extension}"))).unwrap();
    }
    place
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn sorted<const N: usize>(mut keys: [&str; N]) -> [&str; N] {
    keys.sort_unstable();
    keys
}

fn completed_episodes(place: &Place, run: &str) -> usize {
    fs::read(place.path(run).join("episodes.jsonl")).map_or(0, |log| log.iter().filter(|&&byte| byte == b'\n').count())
}

#[track_caller]
fn assert_drives(place: &Place, weights: impl AsRef<Path>) {
    place.run(&format!("evaluate --episodes 1 --horizon 5 --weights {}", weights.as_ref().display())).done();
}

mod up {
    use super::*;

    #[test]
    fn trains_prints_a_table_and_leaves_a_run() {
        let place = Place::new();
        let Ended { status, out, err } = place.run("up --episodes 10 --listen 127.0.0.1:0");
        assert!(status.success(), "{err}");
        for text in [&out, &err] {
            assert!(!text.contains(['\x1b', '\r', '█']), "not a terminal: {text:?}");
        }
        for row in ["1 straight", "2 gentle curves", "3 sharp turns", "4 complex"] {
            assert_eq!(out.lines().filter(|line| line.starts_with(row)).count(), 1, "{out}");
        }

        let run = place.only_run();
        assert!(err.contains(&format!("run in {run}")) && out.contains(&format!("saved in {run}")), "{err}{out}");
        let files = ["episodes.jsonl", "recordings", "run.json", "state.cbor", "summary.json", "tb", "weights"];
        assert_eq!(place.names(&run), files);
        let log = place.text(format!("{run}/episodes.jsonl"));
        let episodes = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["episode"].clone());
        assert!(log.ends_with('\n') && episodes.eq(1..=10));

        let stamp = place.json(format!("{run}/run.json"))["started_at"].as_str().unwrap().to_owned();
        let mut weights = place.names(format!("{run}/weights"));
        let sidecars = weights.extract_if(.., |name| name.ends_with(".json")).collect::<Vec<_>>();
        assert_eq!(weights, sidecars.iter().map(|name| name.replace(".json", ".npy")).collect::<Vec<_>>());
        assert_eq!(weights.remove(0), "last.npy");
        assert!(!weights.is_empty());
        for name in weights {
            let reward = name.strip_prefix("weights_reward").unwrap().strip_suffix(&format!("_{stamp}.npy")).unwrap();
            assert!(reward.parse::<f64>().is_ok() && reward.contains('.'), "{name}");
        }
    }

    #[test]
    fn recommends_commands_that_work() {
        let place = Place::new();
        let out = place.run("up --episodes 5 --listen 127.0.0.1:0").done();
        let program = format!("  {} ", env!("CARGO_BIN_EXE_spikedrive"));
        let commands: Vec<_> = out.lines().filter(|line| line.starts_with(&program)).collect();
        assert_eq!(commands.len(), 4, "{out}");
        for command in commands {
            place.shell(&format!("SPIKEDRIVE_EPISODES=1 {command}")).done();
        }
    }

    #[test]
    fn recommends_commands_that_work_on_a_run_in_an_odd_place() {
        let place = Place::new();
        let run = "it's here/a run";
        let mut up = place.command("up --episodes 5 --listen 127.0.0.1:0 --out");
        let out = Ended::of(up.arg(run).env("CARGO", "cargo")).done();
        let commands: Vec<_> =
            out.lines().filter_map(|line| line.strip_prefix("  cargo run --release -- ")).map(str::trim).collect();
        let outputs = [0, 1, 3].map(|k| place.shell(&format!("spikedrive {}", commands[k])).done());
        assert!(outputs.iter().all(|output| output.contains(run)), "{outputs:?}");
    }

    #[test]
    fn is_the_default_and_reads_the_environment() {
        let place = Place::new();
        let mut command = place.command("");
        command.envs([("SPIKEDRIVE_EPISODES", "2"), ("SPIKEDRIVE_LISTEN", "127.0.0.1:0"), ("SPIKEDRIVE_OUT", "here")]);
        assert!(Ended::of(&mut command).done().contains("episodes to 90 / 95 / 98 %"));
        assert_eq!(completed_episodes(&place, "here"), 2);
        let mut command = place.command("train --episodes 1 --out there");
        Ended::of(command.env("SPIKEDRIVE_EPISODES", "2")).done();
        assert_eq!(completed_episodes(&place, "there"), 1, "the command line goes first");
    }

    #[test]
    fn takes_the_next_free_port_and_names_it() {
        let place = Place::new();
        // Somebody else may hold the default port; for a moment only, or all the time.
        let held = (0..200).find_map(|_| {
            sleep(Duration::from_millis(5));
            TcpListener::bind("127.0.0.1:50051").ok()
        });
        let err = place.run("up --episodes 1").err;
        drop(held);
        let (_, rest) = err.split_once("environment server listens on 127.0.0.1:").unwrap();
        let port: u16 = rest.lines().next().unwrap().parse().unwrap();
        assert!((50052..50151).contains(&port), "{port}");
    }

    #[test]
    fn refuses_an_address_that_is_taken() {
        let place = Place::new();
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        for command in ["up", "serve"] {
            let refused = place.run(&format!("{command} --listen {address}"));
            refused.refuses(1, &[&address, "choose another address with --listen (port 0 takes any free one)"]);
        }
        assert_eq!(place.names("runs"), [""; 0]);
    }
}

mod train {
    use super::*;

    #[test]
    fn prints_the_summary_as_json() {
        let place = Place::new();
        let out = place.run("train --episodes 6 --seed 3 --json").done();
        assert_eq!(out, place.text(format!("{}/summary.json", place.only_run())));

        let summary: Value = serde_json::from_str(&out).unwrap();
        let documented = [
            "schema_version",
            "run",
            "preset",
            "lesson",
            "world",
            "seed",
            "episodes",
            "env_steps",
            "eval_every",
            "episodes_to",
            "env_steps_to",
            "training_crashes",
            "final",
        ];
        assert_eq!(keys(&summary), sorted(documented));
        for (key, value) in [("schema_version", 1), ("seed", 3), ("episodes", 6), ("eval_every", 5)] {
            assert_eq!(summary[key], value, "{key}");
        }
        assert!(summary["env_steps"].as_u64() > Some(6) && summary["training_crashes"].as_u64() <= Some(6));
        for milestones in ["episodes_to", "env_steps_to"] {
            assert_eq!(keys(&summary[milestones]), ["90", "95", "98"]);
        }
        assert_eq!(keys(&summary["final"]), ["1", "2", "3", "4"]);
        for phase in summary["final"].as_object().unwrap().values() {
            assert_eq!(keys(phase), ["100", "140"]);
            for score in phase.as_object().unwrap().values() {
                assert_eq!(keys(score), sorted(["mean", "iqm", "ci95", "min", "crash_rate"]));
                assert!(score["mean"].is_f64() && score["ci95"].as_array().unwrap().len() == 2);
            }
        }
    }

    #[test]
    fn gives_the_same_weights_on_any_number_of_threads_and_on_a_server() {
        let place = Place::new();
        let server = Server::start(&place, "");
        let weights = |out: &str, more: &str| {
            place.run(&format!("train --episodes 10 --out {out} {more}")).done();
            (place.read(format!("{out}/weights/last.npy")), place.json(format!("{out}/summary.json"))["final"].clone())
        };
        let expected = weights("one", "--threads 1");
        assert!(expected == weights("eight", "--threads 8"));
        assert!(expected == weights("remote", &format!("--server {}", server.address)));
        assert!(expected.0 != weights("other", "--seed 2").0);
        assert_eq!(place.json("remote/run.json")["server"], server.address);
    }

    #[test]
    fn refuses_places_that_cannot_hold_a_run() {
        let place = Place::new();
        place.write("file", "");
        place.write("circuits/mine.txt", "");
        for arguments in ["--out file/run", "--out file", "--runs file/runs", "--out circuits"] {
            let (_, name) = arguments.split_once(' ').unwrap();
            let message = format!("cannot write {name}: ");
            place
                .run(&format!("train --episodes 1 {arguments}"))
                .refuses(1, &[&message, "choose another place with --out"]);
        }
        place.run("train --out circuits").refuses(1, &["the directory is not empty"]);
        assert_eq!(place.names("circuits"), ["example.csv", "mine.txt"]);
    }

    #[test]
    fn a_server_with_too_little_room_refuses_with_the_remedy_and_the_network_is_kept() {
        let place = Place::new();
        let server = Server::start(&place, "--max-sessions 1");
        let refused = place.run(&format!("train --episodes 10 --out run --server {}", server.address));
        let kept = "the network is kept in run/weights/last.npy";
        refused
            .refuses(1, &[&server.address, "start it with a larger --max-sessions", "stopped after 5 episodes", kept]);
        assert_drives(&place, "run");
    }

    #[test]
    fn a_lost_server_ends_it_within_seconds_and_the_network_is_kept() {
        for signal in ["KILL", "TERM"] {
            let place = Place::new();
            let server = Server::start(&place, "");
            let train = place.start(&format!("{ENDLESS} --server {}", server.address));
            wait_until(|| completed_episodes(&place, "run") > 3);
            server.running.signal(signal);
            let lost = format!("lost the server at {}", server.address);
            train.end().refuses(3, &[&lost, "the network is kept in run/weights/last.npy"]);
            assert_drives(&place, "run/weights/last.npy");
        }
    }

    #[test]
    fn ctrl_c_ends_it_with_130_and_the_network_is_kept() {
        for signal in ["INT", "TERM"] {
            let place = Place::new();
            let train = place.start(ENDLESS);
            wait_until(|| completed_episodes(&place, "run") > 3);
            train.signal(signal);
            train.end().refuses(130, &["interrupted", "the network is kept in run/weights/last.npy"]);
            assert_drives(&place, "run/weights/last.npy");
            let episodes = completed_episodes(&place, "run");
            assert_eq!(place.json("run/weights/last.json")["episode"], episodes);
        }
    }

    #[test]
    fn ctrl_c_at_the_start_leaves_no_run_or_a_network_that_loads() {
        for milliseconds in [0, 2, 5, 10, 20, 40, 80] {
            let place = Place::new();
            let train = place.start(ENDLESS);
            sleep(Duration::from_millis(milliseconds));
            train.signal("INT");
            let Ended { status, err, .. } = train.end();
            assert!(is_interrupted(status), "{milliseconds} ms: {status}, {err}");
            if place.path("run").exists() {
                assert_drives(&place, "run/weights/last.npy");
            }
        }
    }

    #[test]
    fn a_killed_run_leaves_whole_files_and_is_listed() {
        for episodes in [1, 5, 60] {
            let place = Place::new();
            let train = place.start(&ENDLESS.replace("--out run", "--preset pathway"));
            let run = || place.names("runs").first().map(|run| format!("runs/{run}"));
            wait_until(|| run().is_some_and(|run| completed_episodes(&place, &run) >= episodes));
            train.signal("KILL");
            train.end();

            let run = run().unwrap();
            let log = place.text(format!("{run}/episodes.jsonl"));
            let (whole, _torn) = log.rsplit_once('\n').unwrap();
            for line in whole.lines() {
                serde_json::from_str::<Value>(line).unwrap();
            }
            let weights = place.names(format!("{run}/weights"));
            for name in weights.iter().filter(|name| name.ends_with(".npy")) {
                assert_drives(&place, format!("{run}/weights/{name}"));
            }
            assert!(episodes < 60 || weights.contains(&"last.npy".to_owned()), "{weights:?}");
            let listed = place.run("runs").done();
            assert!(listed.starts_with(&format!("{run}: preset pathway, phase 1, seed 1, ")), "{listed}");
            assert!(listed.lines().next().unwrap().ends_with(" of 1000000 episodes, not finished"), "{listed}");
        }
    }
}

mod evaluate {
    use super::*;

    #[test]
    fn reports_on_each_split_and_horizon() {
        let (place, _) = driver();
        for (arguments, split, horizon, episodes) in [
            ("", "test", 100, 50),
            ("--horizon 140", "test", 140, 50),
            ("--split validation", "validation", 100, 20),
            ("--split train --episodes 7", "train", 100, 7),
        ] {
            let report = place.run(&format!("evaluate --json {arguments}")).json();
            let documented = [
                "schema_version",
                "weights",
                "phase",
                "split",
                "world",
                "horizon",
                "episodes",
                "return",
                "ceiling",
                "percent_of_ceiling",
                "crash_rate",
            ];
            assert_eq!(keys(&report), sorted(documented));
            assert_eq!(keys(&report["return"]), sorted(["mean", "iqm", "ci95", "min", "max"]));
            assert_eq!((&report["schema_version"], &report["phase"]), (&1.into(), &4.into()));
            assert_eq!(report["split"], split);
            assert_eq!((&report["horizon"], &report["episodes"]), (&horizon.into(), &episodes.into()));
            assert_eq!(report["crash_rate"], 0.0);
            assert_eq!(report["percent_of_ceiling"].as_f64() > Some(90.0), split == "test", "{report}");
        }
        let text = place.run("evaluate --phase 2").done();
        assert!(text.contains("(preset pathway, seed 1, after ") && text.contains(" % of the ceiling"), "{text}");
    }

    #[test]
    fn repeats_the_scores_that_training_noted() {
        let (place, summary) = driver();
        for (phase, horizon) in [("4", "100"), ("4", "140"), ("1", "100")] {
            let last = format!("--weights runs/driver/weights/last.npy --phase {phase} --horizon {horizon}");
            let report = place.run(&format!("evaluate --json {last}")).json();
            let score = &summary["final"][phase][horizon];
            for key in ["mean", "iqm", "ci95", "min"] {
                assert_eq!(report["return"][key], score[key], "phase {phase}, horizon {horizon}: {key}");
            }
            assert_eq!(report["crash_rate"], score["crash_rate"]);
        }
        let best = place.run("evaluate --json --split validation --weights runs/driver").json();
        let sidecar = best["weights"].as_str().unwrap().replace(".npy", ".json");
        assert_eq!(best["return"]["mean"], place.json(sidecar)["evaluation_return"]);
    }

    #[test]
    fn drives_whole_laps_of_a_circuit() {
        let (place, _) = driver();
        let report = place.run("evaluate --json --circuit circuits/example.csv").json();
        assert_eq!((&report["phase"], &report["split"]), (&Value::Null, &Value::Null));
        assert_eq!(report["circuit"], "circuits/example.csv");
        assert_eq!((&report["laps"], &report["laps_completed"]), (&3.into(), &3.into()), "{report}");
        assert_eq!(report["crash_rate"], 0.0);
        assert!(report["return_per_step"].as_f64() > Some(2.0), "{report}");
        let length = report["lap_length"].as_f64().unwrap();
        assert_eq!(report["horizon"], (1.2 * length).ceil() as u64);

        let stopped = place.run("evaluate --json --circuit circuits/example.csv --horizon 50 --episodes 2").json();
        assert_eq!((&stopped["laps"], &stopped["laps_completed"]), (&2.into(), &0.into()));
        let text = place.run("evaluate --circuit circuits/example.csv").done();
        assert!(text.contains("3 of 3 laps completed"), "{text}");
    }

    #[test]
    fn finds_weights_by_file_by_run_and_in_the_newest_run() {
        let (driver, _) = driver();
        let weights_of = |place: &Place, arguments: &str| {
            let report = place.run(&format!("evaluate --json --episodes 1 --horizon 5 {arguments}")).json();
            report["weights"].as_str().unwrap().to_owned()
        };
        assert_eq!(weights_of(driver, "--weights runs/driver/weights/last.npy"), "runs/driver/weights/last.npy");
        let best = driver.run("runs --json").json()["runs"][0]["weights"][0]["path"].as_str().unwrap().to_owned();
        assert!(best.starts_with("runs/driver/weights/weights_reward"), "{best}");
        assert_eq!(weights_of(driver, "--weights runs/driver"), best);
        assert_eq!(weights_of(driver, ""), best);

        let place = Place::new();
        fs::create_dir_all(place.path("runs/0-older")).unwrap();
        fs::copy(driver.path("runs/driver/run.json"), place.path("runs/0-older/run.json")).unwrap();
        place.run("train --episodes 1").done();
        let newest = place.names("runs").pop().unwrap();
        assert_eq!(weights_of(&place, ""), format!("runs/{newest}/weights/last.npy"));
    }

    #[test]
    fn gives_the_same_report_on_a_server() {
        let (place, _) = driver();
        let server = Server::start(place, "");
        for arguments in ["--phase 3 --horizon 140", "--split train", "--circuit circuits/example.csv --threads 1"] {
            let report = |more: &str| place.run(&format!("evaluate --json {arguments} {more}")).done();
            assert_eq!(report(""), report(&format!("--server {}", server.address)), "{arguments}");
        }
    }

    #[test]
    fn refuses_bad_circuits_with_line_and_remedy() {
        let place = place_with_weights();
        let good = place.text("circuits/example.csv");
        let first = |lines: usize| good.lines().take(lines).map(|line| format!("{line}\n")).collect::<String>();
        let with_line_10 = |row: &str| good.replacen(good.lines().nth(9).unwrap(), row, 1);
        let tiny: String = (0..12).map(|i| format!("{},{},5,5\n", if i < 6 { i } else { 11 - i }, i / 6)).collect();
        for (csv, words) in [
            (first(100), ["line 100: the circuit is open", "close the loop"]),
            (first(7), ["5 points are too few", "give at least 10"]),
            (tiny, ["m long: it must be from 100 m", "are the coordinates in metres?"]),
            (with_line_10("NaN,0,5,5"), ["line 10: x_m is \"NaN\"", "must be a finite number"]),
            (with_line_10("1,2,5,-0.5"), ["line 10: w_tr_left_m is -0.5", "must be above 0 m"]),
            (with_line_10("1,2,0,5"), ["line 10: w_tr_right_m is 0", "must be above 0 m"]),
            (with_line_10("1,2,5"), ["line 10: 3 fields in \"1,2,5\"", "each row needs four"]),
            (String::new(), ["0 points are too few", "give at least 10"]),
        ] {
            place.write("bad.csv", &csv);
            place.run("evaluate --weights w.npy --circuit bad.csv").refuses(1, &[&["bad.csv: "], &words[..]].concat());
        }
        for (name, reason) in [("absent.csv", "No such file"), ("circuits", "Is a directory"), ("w.npy", "UTF-8")] {
            let refused = place.run(&format!("evaluate --weights w.npy --circuit {name}"));
            refused.refuses(1, &[&format!("cannot read {name}: "), reason]);
        }
    }

    #[test]
    fn a_circuit_file_longer_than_the_server_takes_is_refused_and_the_server_is_not_lost() {
        let place = place_with_weights();
        let server = Server::start(&place, "");
        for (mebibytes, limit) in [(2, "more than 1048576"), (5, "the limit is: 4194304 bytes")] {
            let comment = format!("#{}\n", "x".repeat(mebibytes << 20));
            place.write("long.csv", &(comment + &place.text("circuits/example.csv")));
            let long = "evaluate --weights w.npy --circuit long.csv --horizon 5";
            place.run(long).done();
            let refused = place.run(&format!("{long} --server {}", server.address));
            refused.refuses(1, &[&format!("the server at {} refuses: ", server.address), limit]);
        }
    }

    #[test]
    fn refuses_bad_weights_with_the_reason() {
        let place = place_with_weights();
        let refuses = |words: &[&str]| place.run("evaluate --weights w.npy").refuses(1, words);
        let whole = place.read("w.npy");
        fs::write(place.path("w.npy"), &whole[..whole.len() / 2]).unwrap();
        refuses(&["w.npy is no usable numpy file", "it must hold 100 × 100 numbers, float32 or float64"]);
        let mut forged = Header::from_reader(&mut whole.as_slice()).unwrap();
        forged.shape = vec![1_000_000_000, 1_000_000_000];
        fs::write(place.path("w.npy"), forged.to_bytes().unwrap()).unwrap();
        refuses(&["w.npy is no usable numpy file", "[1000000000, 1000000000]", "it must hold 100 × 100 numbers"]);

        fn put<T: WritableElement>(place: &Place, weights: &Array2<T>) {
            write_npy(place.path("w.npy"), weights).unwrap();
        }
        put(&place, &Array2::<f32>::zeros((100, 99)));
        refuses(&["w.npy: the weights are 100 × 99: they must be 100 × 100"]);
        put(&place, &Array2::<i64>::zeros((100, 100)));
        refuses(&["w.npy is no usable numpy file", "'<i8'", "float32 or float64"]);
        put(&place, &Array2::from_elem((100, 100), f32::NAN));
        refuses(&["w.npy: weight [0, 0] is NaN: every weight must be finite"]);
        place
            .run("evaluate --weights absent.npy")
            .refuses(1, &["cannot read absent.npy: No such file", "give a .npy or .npz file"]);
        place.run("evaluate --weights circuits").refuses(1, &["no weights in circuits", "the directory of a run"]);
        place.run("evaluate").refuses(1, &["no weights in runs: train first"]);
    }

    #[test]
    fn refuses_bad_sidecars_with_the_remedy() {
        let place = place_with_weights();
        let refuses = |words: &[&str]| place.run("evaluate --weights w.npy").refuses(1, words);
        let sidecar = place.text("w.json");
        let edited = sidecar.replacen("\"ticks\": 20", "\"ticks\": 21", 1);
        assert_ne!(edited, sidecar);
        let remedy = "restore the file that was written with the weights";
        place.write("w.json", &edited);
        refuses(&["w.json: config_hash is", "one of them was changed", remedy]);
        place.write("w.json", &sidecar[..sidecar.len() / 2]);
        refuses(&["w.json: EOF while parsing", remedy]);
        place.write("w.json", &sidecar.replacen("\"schema_version\": 1", "\"schema_version\": 2", 1));
        refuses(&["w.json: schema_version 2 is not 1", "use the version of spikedrive that wrote it"]);
        fs::remove_file(place.path("w.json")).unwrap();
        refuses(&["w.json is missing: it tells which preset w.npy belongs to", "keep both files together"]);
    }

    #[test]
    fn takes_weights_of_other_precision_and_order() {
        let place = place_with_weights();
        let report = || place.run("evaluate --json --weights w.npy").done();
        let expected = report();
        let weights: Array2<f32> = read_npy(place.path("w.npy")).unwrap();
        let mut fortran = Array2::<f64>::zeros((100, 100).f());
        fortran.assign(&weights.mapv(f64::from));
        write_npy(place.path("w.npy"), &fortran).unwrap();
        let header = Header::from_reader(&mut place.read("w.npy").as_slice()).unwrap();
        assert!(header.layout.is_fortran() && header.type_descriptor.to_string() == "'<f8'");
        assert_eq!(report(), expected);
    }
}

mod seed {
    use super::*;

    #[test]
    fn trains_is_kept_with_its_reading_and_drives_again() {
        let place = Place::new();
        let summary = place.run("train --preset seed --reading c --phase 1 --episodes 5 --out run --json").json();
        assert_eq!(summary["preset"], "seed");
        let sidecar = place.json("run/weights/last.json");
        assert_eq!((&sidecar["config"]["kind"], &sidecar["config"]["reading"]), (&"seed".into(), &"C".into()));
        assert!(sidecar["baseline"].is_f64() && sidecar["critic"].is_null());
        assert_eq!(place.json("run/run.json")["config"], sidecar["config"]);

        let last = "evaluate --weights run/weights/last.npy --phase 1";
        let report = place.run(&format!("{last} --json")).json();
        assert_eq!(report["return"]["mean"], summary["final"]["1"]["100"]["mean"]);
        for more in ["", "--preset seed", "--preset seed --reading C"] {
            let text = place.run(&format!("{last} {more}")).done();
            assert!(text.contains("(preset seed, reading C, seed 1, after 5 episodes)"), "{text}");
        }
        place.run(&format!("{last} --preset seed --reading A")).refuses(1, &["belongs to reading C, not to reading A"]);
    }

    #[test]
    fn lives_in_other_worlds_that_have_three_rays() {
        let place = Place::new();
        let flags = "--phase 1 --episodes 2 --sensor-noise 0.5 --horizon 30 --out run";
        place.run(&format!("train --preset seed {flags}")).done();
        let [run, sidecar] = ["run/run.json", "run/weights/last.json"].map(|file| place.json(file));
        assert_eq!((&run["world"]["sensor_noise"], &run["horizon"]), (&0.5.into(), &30.into()));
        assert_eq!((&sidecar["world"], &sidecar["config_hash"]), (&run["world"], &run["config_hash"]));
        let evaluate = "evaluate --weights run/weights/last.npy --phase 1";
        assert_eq!(place.run(&format!("{evaluate} --json")).json()["world"], run["world"]);
        let refused = ["casts 5 rays and the network takes 3", "use a world of 3 rays"];
        place.run(&format!("{evaluate} --rays 5")).refuses(1, &refused);
        std::fs::rename(place.path("run/weights/last.npy"), place.path("bare.npy")).unwrap();
        let evaluate = "evaluate --preset seed --weights bare.npy --phase 1";
        assert_eq!(place.run(&format!("{evaluate} --json")).json()["world"]["sensor_noise"], 0.0);
        place.run(&format!("{evaluate} --rays 5")).refuses(1, &refused);
    }

    #[test]
    fn is_set_in_a_file() {
        let place = Place::new();
        place.write("spikedrive.toml", "[train]\npreset = 'seed'\nreading = 'A'\nphase = 1\nepisodes = 1\n");
        let settings = place.run("config").done();
        assert!(settings.contains("reading = 'A'") || settings.contains("reading = \"A\""), "{settings}");
        place.run("train --out run").done();
        assert_eq!(place.json("run/weights/last.json")["config"]["reading"], "A");
    }

    #[test]
    fn drives_a_bare_matrix_that_is_named_as_its_own() {
        let place = place_with_weights();
        let weights: Array2<f32> = read_npy(place.path("w.npy")).unwrap();
        let bare = "weights_reward290.8_20260308_144053.npy";
        write_npy(place.path(bare), &weights.mapv(f64::from)).unwrap();
        let evaluate = format!("evaluate --episodes 2 --weights {bare}");
        place.run(&evaluate).refuses(1, &["json is missing", "keep both files together, or give --preset seed"]);
        for (more, reading) in [("", "B"), ("--reading A", "A"), ("--reading B", "B"), ("--reading C", "C")] {
            let text = place.run(&format!("{evaluate} --preset seed {more}")).done();
            assert!(text.contains(&format!("{bare} (preset seed, reading {reading}, a bare matrix)")), "{text}");
        }
        place.run("evaluate --preset seed --weights w.npy").refuses(1, &["preset pathway, not to preset seed"]);
        write_npy(place.path(bare), &Array2::<f64>::zeros((100, 99))).unwrap();
        place.run(&format!("{evaluate} --preset seed")).refuses(1, &["the weights are 100 × 99"]);
    }

    #[test]
    fn its_flags_are_refused_elsewhere() {
        let place = Place::new();
        for (arguments, words) in [
            ("train --reading A", ["--reading is for --preset seed", "the preset stdp leaves nothing open"]),
            ("train --preset seed --schedule cosine", ["--schedule is not for --preset seed", "fixed"]),
            ("train --preset seed --rays 5", ["casts 5 rays and the network takes 3", "use a world of 3 rays"]),
            ("config --preset seed --rays 9", ["casts 9 rays and the network takes 3", "use a world of 3 rays"]),
            ("train --preset seed --reading D", ["\"D\" is no reading", "use A, B or C"]),
            ("evaluate --reading A", ["--preset", "required"]),
            ("evaluate --preset seed", ["--weights", "required"]),
            ("evaluate --preset stdp --weights w.npy", ["'stdp'", "[possible values: seed]"]),
        ] {
            place.run(arguments).refuses(2, &words);
        }
        assert_eq!(place.names("runs"), [""; 0]);
    }

    #[test]
    fn experiment_writes_a_row_a_run_and_prints_the_table() {
        let place = Place::new();
        let table = place.run("experiment seed-rule --seeds 1 --episodes 2 --jobs 2").done();
        assert_eq!(table.lines().filter(|line| line.starts_with("| ")).count(), 12, "{table}");
        let csv = place.text("results/seed_rule.csv");
        assert_eq!(csv.lines().count(), 12, "{csv}");
    }
}

mod runs {
    use super::*;

    #[test]
    fn are_listed_with_their_weights() {
        let (place, _) = driver();
        let text = place.run("runs").done();
        let head = "runs/driver: preset pathway, phase 4, seed 1, 60 of 60 episodes, finished\n";
        assert!(
            text.starts_with(head) && text.ends_with("        -  episode   60  runs/driver/weights/last.npy\n"),
            "{text}"
        );

        let list = place.run("runs --json").json();
        assert_eq!(list["schema_version"], 1);
        let [run] = list["runs"].as_array().unwrap().as_slice() else { panic!("{list}") };
        assert_eq!(keys(run), sorted(["directory", "info", "episodes_done", "finished", "weights"]));
        assert_eq!((&run["directory"], &run["finished"]), (&"runs/driver".into(), &true.into()));
        assert_eq!((&run["episodes_done"], &run["info"]), (&60.into(), &place.json("runs/driver/run.json")));
        let weights = run["weights"].as_array().unwrap();
        let scores: Vec<_> = weights.iter().map(|weights| weights["evaluation_return"].as_f64()).collect();
        assert!(
            scores.is_sorted_by(|a, b| a >= b) && scores.last() == Some(&None),
            "best first, last.npy last: {scores:?}"
        );
        assert_eq!(text.lines().count(), 1 + weights.len());
    }

    #[test]
    fn those_of_other_programs_stand_among_them_in_the_order_of_time() {
        let place = Place::new();
        let own: Value = driver().0.json("runs/driver/run.json");
        for (name, started_at) in [("a", "20260131T120002Z"), ("b", "20260131T120000Z")] {
            fs::create_dir_all(place.path(format!("runs/{name}"))).unwrap();
            let info = Value::Object(
                own.as_object()
                    .unwrap()
                    .clone()
                    .into_iter()
                    .chain([("started_at".into(), started_at.into())])
                    .collect(),
            );
            fs::write(place.path(format!("runs/{name}/run.json")), info.to_string()).unwrap();
        }
        fs::create_dir_all(place.path("runs/other")).unwrap();
        let other = r#"{"schema_version":1,"started_at":"2026-01-31T12:00:01Z","preset":"sb3-dqn","seed":3,"episodes":300,"lesson":null,"config":{}}"#;
        fs::write(place.path("runs/other/run.json"), other).unwrap();
        fs::write(place.path("runs/other/episodes.jsonl"), "{}\n{}\n{\"torn").unwrap();

        let listed = place.run("runs").done();
        let names: Vec<&str> = listed.lines().map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(names, ["runs/b", "runs/other", "runs/a"], "{listed}");
        assert!(listed.contains("runs/other: preset sb3-dqn, seed 3, 2 of 300 episodes, not finished\n"), "{listed}");
        let list = place.run("runs --json").json();
        assert_eq!(list["runs"][1]["info"], serde_json::from_str::<Value>(other).unwrap());
    }

    #[test]
    fn an_empty_directory_says_how_to_start() {
        let place = Place::new();
        let text = place.run("runs").done();
        assert!(
            text.starts_with("no runs in runs: start one with `") && text.ends_with("spikedrive train`\n"),
            "{text}"
        );
        for arguments in ["runs --json", "runs --runs circuits --json"] {
            assert_eq!(place.run(arguments).json()["runs"], Value::Array(vec![]));
        }
        place.run("runs --runs circuits/example.csv").refuses(1, &["cannot read circuits/example.csv: "]);
    }
}

#[test]
fn impossible_arguments_are_refused_with_value_and_remedy() {
    let place = Place::new();
    for (arguments, words) in [
        ("train --phase 7", ["'7'", "use 1 (straight), 2 (gentle curves), 3 (sharp turns) or 4 (complex)"]),
        ("train --phase four", ["'four'", "use 1 (straight)"]),
        ("train --episodes 0", ["'0'", "use a whole number from 1 to 1000000"]),
        ("train --threads 1000", ["'1000'", "use a whole number from 1 to 256"]),
        ("train --preset x", ["\"x\" is no preset", "use stdp, pathway,"]),
        ("train --curriculum x", ["\"x\" is no curriculum", "use ceiling or seed"]),
        ("train --schedule x", ["'x'", "use fixed, cosine or phase-decay"]),
        ("train --phase 2 --curriculum seed", ["--phase and --curriculum exclude each other", "give one of them"]),
        ("train --server not-an-address", ["\"not-an-address\" is no server address", "use host:port"]),
        ("evaluate --split x", ["'x'", "use test, validation or train"]),
        ("evaluate --horizon 0", ["'0'", "use a whole number from 1 to 10000"]),
        ("evaluate --circuit a.csv --split test", ["'--circuit <FILE.csv>' cannot be used with", "--split"]),
        ("drive", ["unrecognized subcommand 'drive'", "--help"]),
    ] {
        place.run(arguments).refuses(2, &words);
    }
    assert_eq!(place.names("."), ["circuits"]);
}

#[test]
fn a_server_that_does_not_run_is_named_with_the_way_to_start_it() {
    let place = place_with_weights();
    for command in ["train", "evaluate --weights w.npy"] {
        let refused = place.run(&format!("{command} --server 127.0.0.1:1"));
        refused.refuses(3, &["lost the server at 127.0.0.1:1", "Connection refused", "`spikedrive serve`"]);
    }
    assert_eq!(place.names("runs"), [""; 0], "no run began");
}

/// Other worlds than the base task.
mod worlds {
    use super::*;

    #[test]
    fn a_run_remembers_its_world_and_is_evaluated_in_it() {
        let place = Place::new();
        let flags = "--world hard-latency --rays 3 --sensor-noise 0.25 --episodes 5 --phase 1";
        let summary = place.run(&format!("train --json {flags}")).json();
        assert_eq!((&summary["world"]["sensor_latency"], &summary["world"]["sensor_noise"]), (&3.into(), &0.25.into()));
        let last = format!("evaluate --json --phase 1 --weights {}/weights/last.npy", place.only_run());
        let report = place.run(&last).json();
        assert_eq!(report["world"], summary["world"]);
        assert_eq!(report["return"]["mean"], summary["final"]["1"]["100"]["mean"]);
        let base = place.run(&format!("{last} --world base")).json();
        assert_eq!(base["world"]["sensor_latency"], 0);
        let served = Server::start(&place, "");
        assert_eq!(place.run(&format!("{last} --server {}", served.address)).json(), report);
    }

    #[test]
    fn options_out_of_range_are_refused() {
        let place = Place::new();
        for (flags, words) in [
            ("--world hard", ["\"hard\" is no world", "use base, hard-latency"]),
            ("--rays 4", ["rays: 4", "none of 3, 5, 7, 9"]),
            ("--gust 2", ["gust: 2", "[0, 0.3]"]),
            ("--actuator-lag 0", ["actuator_lag: 0", "(0, 1]"]),
            ("--steering-gain -2.5", ["steering_gain: -2.5", "[-2, 0) and (0, 2]"]),
            ("--left-ray-gain 0", ["left_ray_gain: 0", "(0, 1]"]),
        ] {
            place.run(&format!("train --episodes 1 {flags}")).refuses(2, &words);
        }
    }

    #[test]
    fn oracles_show_floors_and_ceiling() {
        let reports = Place::new().run("oracle --phase 1 --horizon 20 --json").json();
        let mean = |driver: usize| reports[driver]["return"]["mean"].as_f64().unwrap();
        assert_eq!(reports[0]["driver"], "planner, 6 deep");
        assert!(mean(0) > 46.0 && mean(0) > mean(2) && mean(2) > mean(4), "{reports}");
        assert!(Place::new().run("oracle --phase 1 --horizon 10").done().contains("bang-bang"));
    }

    #[test]
    fn a_ceiling_that_nobody_measured_is_computed_once_and_kept() {
        let place = place_with_weights();
        let evaluate = || {
            let mut command = place.command("evaluate --json --weights w.npy --phase 1 --horizon 15 --world hard-lag");
            Ended::of(command.env("SPIKEDRIVE_CACHE", place.path("cache")))
        };
        let first = evaluate();
        assert!(first.err.contains("computing the ceiling of phase 1"), "{}", first.err);
        assert!(place.text("cache/ceilings.json").contains("phase 1 horizon 15"));
        let second = evaluate();
        assert!(!second.err.contains("computing"), "{}", second.err);
        let (first, second) = (first.json(), second.json());
        assert_eq!(first, second);
        assert!(first["ceiling"].as_f64().is_some_and(|ceiling| (30.0..37.5).contains(&ceiling)), "{first}");
    }

    #[test]
    fn a_circuit_can_be_driven_in_real_metres() {
        let (place, _) = driver();
        let fitted = place.run("evaluate --json --circuit circuits/example.csv").json();
        let real = place.run("evaluate --json --circuit circuits/example.csv --circuit-mode real").json();
        assert_eq!(real["units_per_metre"], 1.0);
        assert!(fitted["units_per_metre"] != 1.0 && real["lap_length"].as_f64() > Some(900.0));
    }
}

/// Settings from a file, and what is shown.
mod settings {
    use super::*;

    #[test]
    fn go_from_flag_to_environment_to_file_to_default() {
        let place = Place::new();
        place.write("spikedrive.toml", "[train]\nepisodes = 7\nseed = 8\npreset = 'pathway'\nphase = 2\n");
        let mut command = place.command("config --seed 9 --curriculum seed");
        let out = Ended::of(command.env("SPIKEDRIVE_EPISODES", "6")).done();
        for line in [
            "seed = 9  # flag",
            "episodes = 6  # environment",
            "preset = 'pathway'  # spikedrive.toml",
            "# phase is not set",
        ] {
            assert!(out.contains(line) || out.replace('"', "'").contains(line), "{line} is not in\n{out}");
        }
        place.write("other.toml", &out);
        let again = place.run("config --config other.toml").done();
        assert!(again.contains("seed = 9  # other.toml") && again.contains("episodes = 6  # other.toml"), "{again}");
        let summary = place.run("train --json --config spikedrive.toml --episodes 2").json();
        assert_eq!((&summary["lesson"], &summary["seed"]), (&"phase 2".into(), &8.into()));
    }

    #[test]
    fn a_phase_and_a_curriculum_exclude_each_other_only_on_the_command_line() {
        let place = Place::new();
        place.run("train --phase 1 --curriculum seed").refuses(2, &["--phase and --curriculum exclude each other"]);
        let mut command = place.command("train --json --episodes 1 --phase 1");
        let summary = Ended::of(command.env("SPIKEDRIVE_CURRICULUM", "seed")).json();
        assert_eq!(summary["lesson"], "phase 1");
        let mut command = place.command("train --json --episodes 1 --curriculum seed");
        let summary = Ended::of(command.env("SPIKEDRIVE_PHASE", "1")).json();
        assert_eq!(summary["lesson"], "curriculum seed");
    }

    #[test]
    fn bad_files_are_refused_with_key_and_remedy() {
        let place = Place::new();
        for (file, words) in [
            ("[train]\nepisode = 3\n", ["bad.toml: [train] episode is unknown", "use preset"]),
            ("[trian]\n", ["[trian] is no command", "use up, train"]),
            ("[train]\nseed = [1]\n", ["[train] seed is", "use a text"]),
        ] {
            place.write("bad.toml", file);
            place.run("train --config bad.toml").refuses(2, &words);
        }
        place.run("train --config nowhere.toml").refuses(1, &["cannot read nowhere.toml"]);
        place.write("bad.toml", "[train]\nepisodes = 0\n");
        place.run("train --config bad.toml").refuses(2, &["--episodes", "from 1 to"]);
    }

    #[test]
    fn quiet_shows_results_only_and_json_one_object_a_line() {
        let place = Place::new();
        let quiet = place.run("train --json --quiet --episodes 2 --phase 1");
        assert_eq!(quiet.err, "");
        quiet.json();
        let logged = place.run("train --json --log-format json --episodes 5 --phase 1");
        let lines: Vec<Value> = logged.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.iter().filter(|line| line["message"] == "episode").count(), 5);
        assert!(
            lines
                .iter()
                .any(|line| line["message"].as_str().is_some_and(|text| text.starts_with("training 5 episodes")))
        );
        let error = place.run("evaluate --log-format json --weights nowhere.npy");
        assert!(error.err.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{}", error.err);
    }
}

/// Measurements over many seeds.
mod experiments {
    use super::*;

    #[test]
    fn headline_keeps_what_is_there_and_measures_what_is_missing() {
        let place = Place::new();
        let headline = "experiment headline --presets stdp,pathway --episodes 5 --out results --name small";
        let first = place.run(&format!("{headline} --seeds 1"));
        let (rows, curves) = (place.text("results/small.csv"), place.text("results/small_curves.csv"));
        assert_eq!((rows.lines().count(), curves.lines().count()), (3, 3), "{rows}{curves}");
        assert!(first.done().contains("| `pathway` | 1 | "));
        assert!(place.text("results/small.svg").starts_with("<svg"));

        let again = place.run(&format!("{headline} --seeds 1"));
        assert!(again.err.contains("2 of 2 runs are there already"), "{}", again.err);
        let more = place.run(&format!("{headline} --seeds 2 --jobs 2"));
        assert!(more.err.contains("2 of 4 runs are there already"), "{}", more.err);
        let all = place.text("results/small.csv");
        assert!(rows.lines().all(|row| all.contains(row)) && all.lines().count() == 5, "{all}");

        let other = place.run(&format!("{headline} --seeds 1 --world hard-latency"));
        assert!(!other.err.contains("there already"), "{}", other.err);
    }
}
