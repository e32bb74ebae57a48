//! What a person sees: a progress bar on a terminal, the same lines with and without one, and the final table.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;
use std::time::Duration;

use console::style;
use indicatif::{ProgressBar, ProgressStyle};
use spikedrive_env::Phase;
use spikedrive_server::cli::LogFormat;

use crate::experiments::stats::Distribution;
use crate::failure::Failure;
use crate::summary::{OverSeeds, Summary};
use crate::train::{EpisodeRecord, MILESTONES, Milestones, TrainConfig, TrainSink, Trainer};

/// Training episodes that the crash rate of the bar is taken over.
const CRASH_WINDOW: usize = 20;

/// Prints a line on standard output; a reader that went away is no failure of the run.
pub fn say(line: impl AsRef<str>) {
    let _ = writeln!(io::stdout(), "{}", line.as_ref());
}

/// What is shown on standard error while a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// A bar on a terminal, and lines.
    Lines,
    /// One JSON object a line.
    Json,
    /// Nothing but errors.
    Quiet,
}

static OUTPUT: OnceLock<Output> = OnceLock::new();

impl Output {
    /// What the user asked for.
    pub fn new(quiet: bool, format: LogFormat) -> Self {
        match (quiet, format) {
            (true, _) => Self::Quiet,
            (false, LogFormat::Json) => Self::Json,
            (false, LogFormat::Text) => Self::Lines,
        }
    }
}

/// Chooses what is shown, once, at the start.
pub fn set_output(output: Output) {
    let _ = OUTPUT.set(output);
}

fn output() -> Output {
    OUTPUT.get().copied().unwrap_or(Output::Lines)
}

/// Shows a line of progress on standard error.
pub fn note(line: impl AsRef<str>) {
    match output() {
        Output::Lines => complain(line),
        Output::Json => tracing::info!("{}", console::strip_ansi_codes(line.as_ref())),
        Output::Quiet => {}
    }
}

/// Prints an error on standard error.
pub fn complain(line: impl AsRef<str>) {
    if output() == Output::Json {
        tracing::error!("{}", line.as_ref());
    } else {
        let _ = writeln!(io::stderr(), "{}", line.as_ref());
    }
}

/// A bar of so many pieces when standard error is a terminal, else none.
pub(crate) fn bar(pieces: usize, template: &str) -> Option<ProgressBar> {
    (io::stderr().is_terminal() && output() == Output::Lines).then(|| {
        let bar = ProgressBar::new(pieces as u64);
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    })
}

/// How to run this program again: as the user did.
pub fn program() -> String {
    if std::env::var_os("CARGO").is_some() {
        return "cargo run --release --".to_owned();
    }
    std::env::args().next().unwrap_or_else(|| "spikedrive".to_owned())
}

/// Shows a run on standard error.
pub struct Reporter {
    bar: Option<ProgressBar>,
    recent_crashes: VecDeque<bool>,
    reached: Milestones,
    best: f64,
}

impl Reporter {
    /// A bar of `episodes` when standard error is a terminal, else none. `best` is the mean return of the best evaluation of a run
    /// that is gone on with.
    pub fn new(episodes: usize, trainer: &Trainer, best: Option<f64>) -> Self {
        let bar = bar(episodes, "{bar:30.cyan/blue} {pos}/{len} {elapsed} | {msg}");
        let (reached, best) = (*trainer.milestones(), best.unwrap_or(f64::NEG_INFINITY));
        Self { bar, recent_crashes: VecDeque::new(), reached, best }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, episode: usize, text: &str) {
        let line = format!("{} {text}", style(format!("episode {episode:>4}")).for_stderr().dim());
        match &self.bar {
            Some(bar) => bar.suspend(|| note(line)),
            None => note(line),
        }
    }
}

impl TrainSink for Reporter {
    fn episode(&mut self, record: &EpisodeRecord, trainer: &Trainer) -> Result<(), Failure> {
        self.recent_crashes.push_back(record.crashed);
        if self.recent_crashes.len() > CRASH_WINDOW {
            self.recent_crashes.pop_front();
        }
        if let Some(bar) = &self.bar {
            let crashes = self.recent_crashes.iter().filter(|&&crashed| crashed).count();
            let crash_percent = 100 * crashes / self.recent_crashes.len();
            let EpisodeRecord { phase, episode_return, mean_dopamine, .. } = record;
            bar.set_message(format!(
                "phase {phase} | return {episode_return:6.1} | dopamine {mean_dopamine:+.2} | crashes {crash_percent} %"
            ));
            bar.set_position(record.episode as u64);
        }
        if output() == Output::Json {
            let record = serde_json::to_string(record).unwrap_or_default();
            tracing::info!(record, "episode");
        }
        let Some(evaluation) = record.evaluation else { return Ok(()) };
        let mut text = format!(
            "evaluation {:6.1}, {:5.1} % of the ceiling, {:3.0} % crashes",
            evaluation.mean,
            evaluation.percent_of_ceiling,
            100.0 * evaluation.crash_rate
        );
        let news = self.milestone_news(trainer.milestones());
        if evaluation.mean > self.best {
            self.best = evaluation.mean;
            text += ", new best";
        } else if news.is_empty() {
            return Ok(());
        }
        self.line(record.episode, &(text + &news));
        Ok(())
    }

    fn phase_entered(&mut self, phase: Phase, episode: usize) {
        self.line(
            episode,
            &style(format!("enters phase {}, {}", phase.number(), phase.name())).for_stderr().cyan().to_string(),
        );
    }
}

impl Reporter {
    /// What was reached since the last call.
    fn milestone_news(&mut self, milestones: &Milestones) -> String {
        let mut news = String::new();
        for (k, percent) in MILESTONES.iter().enumerate() {
            if milestones.episodes_to[k].is_some() && self.reached.episodes_to[k].is_none() {
                let _ = write!(news, ", {}", style(format!("{percent} % reached")).for_stderr().green());
            }
        }
        self.reached = *milestones;
        news
    }
}

/// A finished run in a line: the phase that was taught, at the horizon that was trained.
pub fn one_line(summary: &Summary, config: &TrainConfig) -> String {
    let target = config.lesson.target();
    let score = summary.score(target, config.horizon).map_or("-".to_owned(), |score| format!("{:.1}", score.mean));
    format!("phase {} {score}, episodes to 90 / 95 / 98 %: {}", target.number(), summary.milestone_cells())
}

/// The table of several seeds: one row for each phase, on its 50 test tracks.
pub fn seeds_table(over_seeds: &OverSeeds, config: &TrainConfig) -> String {
    let mut table = String::from(
        "phase            | return, mean over seeds [95 % interval] |     IQM | worst seed | % of ceiling\n\
         -----------------|-----------------------------------------|---------|------------|-------------\n",
    );
    for phase in Phase::ALL {
        let by_horizon = over_seeds.final_returns.get(&phase.number().to_string());
        let Some(Distribution { mean, iqm, ci95: [low, high], min, .. }) =
            by_horizon.and_then(|returns| returns.get(&config.horizon.to_string()))
        else {
            continue;
        };
        let _ = writeln!(
            table,
            "{} {:<14} | {:>39} | {iqm:>7.1} | {min:>10.1} | {:>12}",
            phase.number(),
            phase.name(),
            format!("{mean:.1} [{low:.1}, {high:.1}]"),
            percent_of_ceiling(*mean, phase, config)
        );
    }
    let seeds = over_seeds.seeds;
    for (percent, episodes) in &over_seeds.episodes_to {
        let reached = over_seeds.reached.get(percent).copied().unwrap_or_default();
        let episodes = episodes.map_or("-".to_owned(), |Distribution { mean, ci95: [low, high], .. }| {
            format!("{mean:.1} [{low:.1}, {high:.1}]")
        });
        let _ = writeln!(table, "episodes to {percent} %: {episodes}, reached by {reached} of {seeds} seeds");
    }
    let _ = write!(table, "worst crash rate in a test: {:.0} %", 100.0 * over_seeds.worst_crash_rate);
    table
}

fn percent_of_ceiling(mean: f64, phase: Phase, config: &TrainConfig) -> String {
    let share = 100.0 * mean / config.ceilings[phase as usize - 1];
    if share == 0.0 { "-".to_owned() } else { format!("{share:.1} %") }
}

/// The table of a finished run: one row for each phase, on its 50 test tracks.
pub fn table(summary: &Summary, config: &TrainConfig) -> String {
    let target = config.lesson.target();
    let mut table =
        String::from("phase            |  return | % of ceiling | crash rate | episodes to 90 / 95 / 98 %\n");
    table += "-----------------|---------|--------------|------------|---------------------------\n";
    for phase in Phase::ALL {
        let Some(score) = summary.score(phase, config.horizon) else { continue };
        let percent = percent_of_ceiling(score.mean, phase, config);
        let milestones = if phase == target { summary.milestone_cells() } else { "-".to_owned() };
        let _ = writeln!(
            table,
            "{} {:<14} | {:>7.1} | {percent:>12} | {:>8.0} % | {milestones}",
            phase.number(),
            phase.name(),
            score.mean,
            100.0 * score.crash_rate
        );
    }
    table
}
