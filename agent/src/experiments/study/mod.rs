//! Studies: questions as files. Each names conditions, all of which learn with the same seeds and as many episodes and are tested on phase 4, and one
//! that the others are compared with. Those in `agent/studies` are part of the program; docs/results.md is made of their results. A study
//! NAME leaves NAME.csv (a row for each run), `NAME_curves.csv` and NAME.html.

pub mod definition;
pub mod report;

use std::path::PathBuf;

use clap::Args;

pub use self::definition::Study;
use self::report::{Findings, write_document};
use super::campaign::{self, Results, Trial};
use super::rows::write_text;
use crate::cli::{default_threads, parse_threads};
use crate::failure::Failure;
use crate::report::{note, say};
use crate::stop::StopFlag;

/// The studies of this program: name and file.
pub const BUILT_IN: [(&str, &str); 7] = [
    ("q1", include_str!("../../../studies/q1.toml")),
    ("q2", include_str!("../../../studies/q2.toml")),
    ("ladder", include_str!("../../../studies/ladder.toml")),
    ("ablation", include_str!("../../../studies/ablation.toml")),
    ("hard", include_str!("../../../studies/hard.toml")),
    ("hard-60", include_str!("../../../studies/hard-60.toml")),
    ("hard-1000", include_str!("../../../studies/hard-1000.toml")),
];

/// How a study is measured.
#[derive(Args, Clone, Debug)]
pub struct StudyArgs {
    /// Number of seeds; by default as many as the study says, or 10.
    #[arg(long, value_name = "N", value_parser = parse_threads)]
    pub seeds: Option<usize>,
    /// The first of them.
    #[arg(long, value_name = "S", default_value_t = 1001)]
    pub first_seed: u64,
    /// Runs at the same time.
    #[arg(long, value_name = "N", default_value_t = default_threads(), value_parser = parse_threads, env = "SPIKEDRIVE_THREADS")]
    pub jobs: usize,
    /// Directory of the results. Runs that are there are kept.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
}

/// Arguments of `experiment study`.
#[derive(Args, Clone, Debug)]
pub struct OwnStudyArgs {
    /// The study: a file such as those in agent/studies.
    #[arg(value_name = "FILE.toml")]
    pub file: PathBuf,
    /// How it is measured.
    #[command(flatten)]
    pub args: StudyArgs,
}

/// Arguments of `experiment report`.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// Directory of the results.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
    /// Document that is written.
    #[arg(long, value_name = "FILE.md", default_value = "docs/results.md")]
    pub document: PathBuf,
}

/// Measures what is missing of a study of this program.
pub fn built_in(name: &str, args: &StudyArgs, stop: &StopFlag) -> Result<(), Failure> {
    let known = BUILT_IN.into_iter().find(|(known, _)| *known == name);
    let (name, file) = known.ok_or_else(|| Failure::Usage(format!("{name:?} is no study")))?;
    measure(name, &Study::parse(file, name)?, args, stop)
}

/// Measures what is missing of anybody's study.
pub fn own(args: &OwnStudyArgs, stop: &StopFlag) -> Result<(), Failure> {
    let name = args.file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let study = Study::parse(&crate::files::read_text(&args.file)?, &args.file.display().to_string())?;
    measure(&name, &study, &args.args, stop)
}

fn measure(name: &str, study: &Study, args: &StudyArgs, stop: &StopFlag) -> Result<(), Failure> {
    let trials = trials(study, args.seeds, args.first_seed)?;
    let Results { rows, points, paths } = campaign::run(&trials, &args.out, name, args.jobs, stop)?;
    let findings = Findings { name, study, rows: &rows, points: &points };
    say(findings.table());
    let page = args.out.join(format!("{name}.html"));
    write_text(&page, &findings.page())?;
    let [rows_path, points_path] = paths;
    note(format!("raw data in {} and {}, charts in {}", rows_path.display(), points_path.display(), page.display()));
    Ok(())
}

/// Every run of a study.
fn trials(study: &Study, seeds: Option<usize>, first_seed: u64) -> Result<Vec<Trial>, Failure> {
    let seeds = first_seed..first_seed.saturating_add(seeds.unwrap_or(study.seeds) as u64);
    let mut trials = Vec::new();
    for condition in &study.conditions {
        let config = condition.config(study)?;
        let trial =
            |seed| Trial { condition: condition.name.clone(), config: crate::train::TrainConfig { seed, ..config } };
        trials.extend(seeds.clone().map(trial));
    }
    Ok(trials)
}

/// Writes docs/results.md anew from what was measured.
pub fn report(args: &ReportArgs) -> Result<(), Failure> {
    write_document(&args.out, &args.document)?;
    note(format!("written: {}", args.document.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_studies_of_this_program_are_possible() {
        for (name, file) in BUILT_IN {
            let study = Study::parse(file, name).unwrap();
            let trials = trials(&study, Some(2), 1001).unwrap();
            assert_eq!(trials.len(), 2 * study.conditions.len(), "{name}");
            for trial in trials {
                assert!(trial.config.learner.learner(1, 10, 1).is_ok(), "{name}: {}", trial.condition);
            }
        }
    }

    #[test]
    fn more_episodes_and_more_seeds_change_nothing_else() {
        let [short, many, long] = ["hard", "hard-60", "hard-1000"].map(|wanted| {
            let (name, file) = BUILT_IN.into_iter().find(|(name, _)| *name == wanted).unwrap();
            Study::parse(file, name).unwrap()
        });
        assert_eq!((short.episodes, long.episodes, long.seeds), (300, 1000, short.seeds));
        assert_eq!((many.episodes, many.seeds), (short.episodes, 60));
        assert!(long.conditions.iter().all(|condition| short.conditions.contains(condition)));
        assert_eq!(many.conditions, long.conditions);
    }

    #[test]
    fn every_part_of_the_document_can_be_chosen() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let text = std::fs::read_to_string(root.join("docs/parts.md")).unwrap();
        // The second column: `'dopamine={kind="td"}'`, `code.scale=log`.
        let columns = text.lines().filter(|line| line.starts_with("| ")).filter_map(|line| line.split(" | ").nth(1));
        let spans = columns.flat_map(|column| column.split('`').skip(1).step_by(2));
        let settings: Vec<&str> = spans
            .map(|span| span.trim_matches('\''))
            .filter(|set| set.contains('=') && !set.contains("PATH"))
            .collect();
        assert!(settings.len() > 30, "{settings:?}");
        for set in settings {
            let possible = ["stdp", "pathway", "spikeless", "own-spike"].map(|preset| {
                let condition = format!("name=\"a\"\nabout=\"\"\npreset=\"{preset}\"\nset=[{set:?}]");
                let study = format!("title=\"t\"\nquestion=\"q\"\nreference=\"a\"\n[[condition]]\n{condition}");
                let study = Study::parse(&study, "here").unwrap();
                study.conditions[0].config(&study).map_err(|error| error.to_string())
            });
            assert!(possible.iter().any(Result::is_ok), "{set}: {:?}", possible[0]);
        }
    }

    #[test]
    fn the_document_is_what_the_raw_data_say() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let written = std::fs::read_to_string(root.join("docs/results.md")).unwrap();
        assert!(
            report::document(&root.join("results")).unwrap() == written,
            "docs/results.md is not what results/ say: `spikedrive experiment report` writes it anew"
        );
    }
}
