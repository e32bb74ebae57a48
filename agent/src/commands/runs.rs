//! `spikedrive runs`: what has been trained.

use std::fmt::Write as _;

use serde::Serialize;

use crate::cli::RunsArgs;
use crate::failure::Failure;
use crate::report::{program, say};
use crate::run_dir::{FoundRun, RunHead, SCHEMA_VERSION, find_runs};

/// What `runs --json` prints.
#[derive(Serialize)]
struct RunList<'a> {
    schema_version: u32,
    runs: &'a [FoundRun<RunHead>],
}

/// Lists runs and their weights, oldest first.
pub fn runs(args: &RunsArgs) -> Result<(), Failure> {
    let found = find_runs(&args.runs)?;
    if args.json {
        say(serde_json::to_string_pretty(&RunList { schema_version: SCHEMA_VERSION, runs: &found })
            .map_err(|error| Failure::System(error.to_string()))?);
    } else if found.is_empty() {
        say(format!("no runs in {}: start one with `{} train`", args.runs.display(), program()));
    } else {
        found.iter().for_each(|run| say(describe(run)));
    }
    Ok(())
}

fn describe(run: &FoundRun<RunHead>) -> String {
    let info = &run.info;
    let state = if run.finished { "finished" } else { "not finished" };
    let lesson = info.lesson.as_ref().map_or(String::new(), |lesson| format!(", {lesson}"));
    let mut text = format!(
        "{}: preset {}{lesson}, seed {}, {} of {} episodes, {state}",
        run.directory.display(),
        info.preset,
        info.seed,
        run.episodes_done,
        info.episodes
    );
    for weights in &run.weights {
        let score = weights.evaluation_return.map_or("-".to_owned(), |score| format!("{score:.1}"));
        let _ = write!(text, "\n  {score:>7}  episode {:>4}  {}", weights.episode, weights.path.display());
    }
    text
}
