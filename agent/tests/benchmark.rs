//! `spikedrive benchmark` from the first run to a report and a check of it, as its users meet it.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use support::{Ended, Place};

/// Two agents, two seeds, a short training.
const SHORT: &str = "benchmark --agents frugal,bang-bang --worlds base --seeds 2 --episodes 10";

fn lines(place: &Place, file: &str) -> Vec<Vec<String>> {
    let text = place.text(file);
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn measures_goes_on_reports_and_checks() {
    let place = Place::new();
    // One seed first; the rest finds it there.
    place.run(&SHORT.replace("--seeds 2", "--seeds 1")).done();
    let first = lines(&place, "results/benchmark.csv");
    let Ended { status, err, .. } = place.run(SHORT);
    assert!(status.success() && err.contains("2 of 4 runs are there already"), "{err}");
    assert!(err.contains("2/2 ") && err.contains("all runs are over"), "{err}");

    let rows = lines(&place, "results/benchmark.csv");
    let keys: Vec<[&str; 3]> = rows[1..].iter().map(|row| [row[0].as_str(), &row[3], &row[4]]).collect();
    let expected = [["bang-bang", "1001"], ["bang-bang", "1002"], ["frugal", "1001"], ["frugal", "1002"]];
    assert_eq!(keys, expected.map(|[agent, seed]| [agent, "base", seed]));
    assert_eq!((&rows[1], &rows[3]), (&first[1], &first[2]), "what was there is kept to the last byte");
    let column = |name: &str| rows[0].iter().position(|column| column == name).unwrap();
    assert_eq!([1, 3].map(|row| &rows[row][column("inputs")][..]), ["sensors", "code"]);
    assert_eq!([1, 3].map(|row| &rows[row][column("episodes")][..]), ["0", "10"]);
    assert_eq!([1, 3].map(|row| &rows[row][column("acs_per_decision")][..]), ["0.0", "12.0"]);
    let curves = lines(&place, "results/benchmark_curves.csv");
    assert_eq!(
        curves[1..].iter().map(|point| [&point[0][..], &point[3]]).collect::<Vec<_>>(),
        [["frugal", "5"], ["frugal", "10"], ["frugal", "5"], ["frugal", "10"]]
    );

    place.write("doc.md", "# Benchmark\n<!-- benchmark: begin -->\n<!-- benchmark: end -->\nThe end.\n");
    let out = place.run("benchmark report --document doc.md --reference frugal").done();
    let document = place.text("doc.md");
    assert!(document.starts_with("# Benchmark\n") && document.ends_with("The end.\n"));
    for text in ["| bang-bang | 2 | 234.", "P(frugal > Y)", "| frugal | 12 | 0 | 78 |"] {
        assert!(document.contains(text) && out.contains(text), "{text} is not in {document}");
    }
    assert!(place.text("results/benchmark.html").contains("<svg"));

    let out = place.run("benchmark check results/benchmark.csv").done();
    assert!(out.contains("4 valid rows of 2 agents and 4 points of curves, 0 errors, 3 warnings"), "{out}");
    assert!(out.contains("frugal in base: 2 seeds: a reported number needs at least 10"), "{out}");
    assert!(out.contains("seed 1001 was trained for 10 episodes, the protocol says 300"), "{out}");
}

#[test]
fn other_settings_take_the_place_of_a_row_and_other_agents_stay() {
    let place = Place::new();
    place.run("benchmark --agents frugal,straight --worlds base --seeds 1 --episodes 5").done();
    let err = place.run("benchmark --agents frugal --worlds base --seeds 1 --episodes 10").err;
    assert!(!err.contains("there already"), "{err}");
    let rows = lines(&place, "results/benchmark.csv");
    assert_eq!(
        rows[1..].iter().map(|row| [&row[0][..], &row[7]]).collect::<Vec<_>>(),
        [["frugal", "10"], ["straight", "0"]]
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_never_overwritten() {
    let place = Place::new();
    place.run("benchmark --agents random --worlds base --seeds 1").done();
    let good = place.text("results/benchmark.csv");
    let bad = good.replace(",base,1001,", ",mars,1001,");
    place.write("results/benchmark.csv", &bad);
    let told = "line 2, world: \"mars\" is unknown: \"mars\" is no world of the benchmark: use base or noise-1";

    let Ended { status, out, err } = place.run("benchmark check results/benchmark.csv");
    assert_eq!(status.code(), Some(1));
    assert!(out.contains(&format!("error: results/benchmark.csv: {told}")) && err.contains("1 error"), "{out}{err}");
    for command in ["benchmark --agents random --worlds base --seeds 2", "benchmark report"] {
        let Ended { status, err, .. } = place.run(command);
        assert_eq!(status.code(), Some(1), "{command}");
        assert!(err.contains("results/benchmark.csv has 1 error:") && err.contains(told), "{err}");
    }
    assert_eq!(place.text("results/benchmark.csv"), bad);
}

#[test]
fn impossible_requests_are_refused() {
    let place = Place::new();
    let refused = |command: &str, code: i32, words: &str| {
        let Ended { status, err, .. } = place.run(command);
        assert!(status.code() == Some(code) && err.contains(words), "{command}: {status} {err}");
    };
    refused("benchmark --agents stpd", 2, "\"stpd\" is no agent: use stdp, pathway");
    refused("benchmark --worlds mars", 2, "use base or noise-1");
    refused("benchmark --seeds 0", 2, "use a whole number from 1");
    refused("benchmark check nowhere.csv", 1, "cannot read nowhere.csv");
    refused("benchmark report", 2, "results holds no benchmark.csv: run `spikedrive benchmark`, or name files");
    place.run("benchmark --agents straight --worlds base --seeds 1").done();
    place.write("bare.md", "# Nothing\n");
    refused("benchmark report --document bare.md", 2, "bare.md has no lines <!-- benchmark: begin -->");
    assert_eq!(place.text("bare.md"), "# Nothing\n");
}
