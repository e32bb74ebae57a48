//! Runs stages one after the other, up to the first that fails, and tells how long each took.

use std::time::{Duration, Instant};

use crate::stage::Stage;

/// A stage that was run, and for how long.
type Timing = (Stage, Duration);

/// Runs `stages` in order; an error names the one that failed.
pub(crate) fn run(stages: &[Stage]) -> Result<(), String> {
    let (timings, result) = run_with(stages, |stage| {
        eprintln!("\n$ {stage}");
        stage.run()
    });
    eprint!("\n{}", table(&timings));
    result
}

/// The order and the end of it all, whatever it is that `perform` does.
fn run_with(
    stages: &[Stage],
    mut perform: impl FnMut(&Stage) -> Result<(), String>,
) -> (Vec<Timing>, Result<(), String>) {
    let mut timings = Vec::new();
    for (done, stage) in stages.iter().enumerate() {
        let start = Instant::now();
        let result = perform(stage);
        timings.push((*stage, start.elapsed()));
        if let Err(reason) = result {
            let left = stages.len() - done - 1;
            return (timings, Err(format!("`{stage}` failed: {reason}; stages not run: {left}")));
        }
    }
    (timings, Ok(()))
}

fn table(timings: &[Timing]) -> String {
    let line = |seconds: f64, what: &dyn std::fmt::Display| format!("{seconds:>8.1} s  {what}\n");
    let total: Duration = timings.iter().map(|(_, elapsed)| elapsed).sum();
    let lines = timings.iter().map(|(stage, elapsed)| line(elapsed.as_secs_f64(), stage));
    lines.chain([line(total.as_secs_f64(), &"total")]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::cargo;

    const STAGES: [Stage; 3] = [cargo("one"), cargo("two"), cargo("three")];

    #[test]
    fn all_stages_run_in_order() {
        let mut seen = Vec::new();
        let (timings, result) = run_with(&STAGES, |stage| {
            seen.push(*stage);
            Ok(())
        });
        assert_eq!((result, timings.len(), seen), (Ok(()), 3, STAGES.to_vec()));
    }

    #[test]
    fn the_first_failure_ends_it() {
        let fail_second = |stage: &Stage| if *stage == STAGES[1] { Err("exit status: 101".to_owned()) } else { Ok(()) };
        let (timings, result) = run_with(&STAGES, fail_second);
        let message = "`cargo two` failed: exit status: 101; stages not run: 1";
        assert_eq!((timings.len(), result), (2, Err(message.to_owned())));
    }

    #[test]
    fn the_table_adds_up() {
        let timings = [(STAGES[0], Duration::from_millis(1500)), (STAGES[1], Duration::from_secs(60))];
        assert_eq!(table(&timings), "     1.5 s  cargo one\n    60.0 s  cargo two\n    61.5 s  total\n");
    }
}
