//! The rates of the preset `stdp` for a few observations, in a file that `python/tests/baselines/test_code.py` tests as well: so
//! that the deep baselines are told what the spiking network is told. `SPIKEDRIVE_GOLDEN=write` renews the file.

use std::fmt::Write as _;
use std::path::Path;

use spikedrive_learners::snn::Preset;
use spikedrive_learners::snn::encoder::CodeMemory;

/// Distances in units to the left, ahead and to the right, and the last action; none at the start of an episode.
const CASES: [([f32; 3], Option<usize>); 12] = [
    ([6.0, 10.0, 20.0], Some(2)),
    ([0.0, 0.0, 0.0], None),
    ([20.0, 20.0, 20.0], Some(1)),
    ([20.0, 20.0, 0.0], Some(0)),
    ([0.0, 20.0, 20.0], Some(2)),
    ([5.656_854, 20.0, 5.656_854], None),
    ([5.3, 14.2, 6.1], Some(0)),
    ([6.1, 14.2, 5.3], Some(2)),
    ([2.75, 7.125, 11.5], Some(1)),
    ([9.8, 3.3, 1.2], Some(0)),
    ([4.4, 17.9, 7.7], Some(1)),
    ([7.01, 12.34, 4.56], Some(2)),
];

fn golden() -> String {
    let code = Preset::Stdp.config().code;
    let mut text = String::from("left,centre,right,action");
    for cell in 0..code.cells() {
        let _ = write!(text, ",rate{cell}");
    }
    text.push('\n');
    for (distances, action) in CASES {
        let mut memory = CodeMemory::default();
        memory.reset(&code);
        if let Some(action) = action {
            memory.note_action(action);
        }
        let mut rates = vec![f32::NAN; code.cells()];
        code.rates(&distances, &mut memory, &mut rates);
        let [left, centre, right] = distances;
        let action = action.map_or(String::new(), |action| action.to_string());
        let _ = write!(text, "{left},{centre},{right},{action}");
        for rate in rates {
            let _ = write!(text, ",{rate}");
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_file_that_python_tests_holds_the_rates_of_today() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/tests/baselines/code_stdp.csv");
    if std::env::var_os("SPIKEDRIVE_GOLDEN").is_some_and(|mode| mode == "write") {
        std::fs::write(&path, golden()).unwrap();
    }
    let file = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        file,
        golden(),
        "renew it: SPIKEDRIVE_GOLDEN=write cargo test -p spikedrive-learners --test encoder_golden"
    );
}
