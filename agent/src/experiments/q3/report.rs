//! What Q3 found: tables, a page, and its part of docs/results.md.

use std::collections::BTreeSet;
use std::path::Path;

use spikedrive_learners::snn;

use super::row::{LAYERS, NULLS, PAIRS, Row, Run, State};
use super::{NAME, PLAN, open, picture_path};
use crate::benchmark::agents::Agent;
use crate::benchmark::page::Page;
use crate::benchmark::table::Table;
use crate::experiments::stats::Distribution;
use crate::failure::Failure;
use crate::files::read_text;

/// Question, and after a line of dashes what was found.
const TEXT: &str = include_str!("../../../studies/q3.md");
/// Its heading.
const TITLE: &str = "Q3: what temporal patterns emerge?";

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Findings<'a> {
    /// A row for each run.
    pub runs: &'a [Run],
    /// Two rows for each whose neurons spike: trained, untrained.
    pub networks: &'a [Row],
}

impl Findings<'_> {
    /// All tables.
    pub fn tables(&self) -> Vec<Table> {
        let mut tables = self.main_tables();
        tables.insert(1, self.synchrony("5ms", "bins of 5 ms"));
        tables
    }

    /// Those of the document.
    fn main_tables(&self) -> Vec<Table> {
        vec![
            self.synchrony("1ms", "bins of 1 ms"),
            self.synchrony("step", "whole steps"),
            self.sparseness(),
            self.lead(),
            self.cuts(),
        ]
    }

    /// Presets that were measured, in their order.
    fn presets(&self) -> Vec<String> {
        let there = |agent: &Agent| self.runs.iter().any(|run| run.preset == agent.name());
        Agent::beside().into_iter().filter(there).map(|agent| agent.name().to_owned()).collect()
    }

    /// Every network whose neurons spike, trained and untrained.
    fn all(&self) -> Vec<(String, State)> {
        let watched = |preset: &String| self.networks.iter().any(|row| row.preset == *preset);
        let presets = self.presets().into_iter().filter(watched);
        presets.flat_map(|preset| State::ALL.map(|state| (preset.clone(), state))).collect()
    }

    /// Over seeds: something of each network.
    fn over(&self, preset: &str, state: State, value: impl Fn(&Row) -> Option<f64>) -> Option<Distribution> {
        let those = self.networks.iter().filter(|row| row.preset == preset && row.network == state);
        Distribution::of(&those.filter_map(value).collect::<Vec<f64>>())
    }

    /// Of pairs within a pool, between pools, and the difference of the two.
    fn synchrony(&self, bin: &str, bins: &str) -> Table {
        let caption = format!(
            "Mean correlation of the spike counts of two motor neurons, {bins}. Where motor neurons never spike there is none."
        );
        let header = [
            "preset",
            "network",
            "pairs",
            "correlation",
            "times shuffled",
            "steps shuffled",
            "other trials",
            "beyond other trials",
        ];
        let mut table = Table::new(caption, &header);
        let one = |row: &Row, pairs: &str, null: &str| row.get(&format!("{pairs}_{bin}{null}"));
        let value = |row: &Row, pairs: usize, null: &str| match PAIRS.get(pairs) {
            Some(pairs) => one(row, pairs, null),
            None => Some(one(row, PAIRS[0], null)? - one(row, PAIRS[1], null)?),
        };
        for (preset, state) in self.all() {
            for (pairs, name) in ["within a pool", "between pools", "difference"].into_iter().enumerate() {
                let of = |null: &str| self.over(&preset, state, |row| value(row, pairs, null));
                let beyond = |row: &Row| Some(value(row, pairs, "")? - value(row, pairs, "_other_trials")?);
                if of("").is_none() {
                    continue;
                }
                let nulls = NULLS.map(|null| mean(of(&format!("_{null}")), 3));
                let mut cells = vec![preset.clone(), state.to_string(), name.to_owned(), interval(of(""), 3)];
                cells.extend(nulls);
                cells.push(interval(self.over(&preset, state, beyond), 3));
                table.rows.push(cells);
            }
        }
        table
    }

    fn sparseness(&self) -> Table {
        let caption = "Sparseness; in brackets what as many spikes in each tick give on neurons drawn at random. A rate of 10 Hz is 1 % of the \
                       neurons in a tick.";
        let header = [
            "preset",
            "network",
            "layer",
            "active in a step, %",
            "rate, Hz",
            "population sparseness",
            "lifetime sparseness",
        ];
        let mut table = Table::new(caption, &header);
        for (preset, state) in self.all() {
            // Sensory neurons do not learn, nor do hidden ones without e-prop: untrained they do the same.
            let learns = |layer| layer == "motor" || (layer == "hidden" && preset == snn::Preset::EProp.name());
            let layers = LAYERS.into_iter().filter(|&layer| state == State::Trained || learns(layer));
            for layer in layers {
                let of = |measure: &str| self.over(&preset, state, |row| row.get(&format!("{layer}_{measure}")));
                if of("rate_hz").is_none() {
                    continue;
                }
                let both = |measure: &str, digits| {
                    let chance = mean(of(&format!("{measure}_thrown")), digits);
                    format!("{} ({chance})", mean(of(measure), digits))
                };
                table.rows.push(vec![
                    preset.clone(),
                    state.to_string(),
                    layer.to_owned(),
                    both("active_per_step_percent", 1),
                    mean(of("rate_hz"), 1),
                    both("population_sparseness", 2),
                    both("lifetime_sparseness", 2),
                ]);
            }
        }
        table
    }

    fn lead(&self) -> Table {
        let caption = "The lead of the winning pool in synaptic current, and what makes it; in brackets with the winners of other steps.";
        let header = [
            "preset",
            "network",
            "more excitation than the losers",
            "less inhibition than the losers",
            "inhibition's share of the lead, %",
            "inhibitory of all spikes heard, %",
        ];
        let mut table = Table::new(caption, &header);
        for (preset, state) in self.all() {
            let of = |measure: &str| self.over(&preset, state, |row| row.get(measure));
            let both = |measure: &str| {
                format!("{} ({})", interval(of(measure), 4), mean(of(&format!("{measure}_labels_shuffled")), 4))
            };
            table.rows.push(vec![
                preset.clone(),
                state.to_string(),
                both("excitation_lead"),
                both("inhibition_lead"),
                interval(of("inhibition_share_percent"), 1),
                mean(of("inhibitory_spikes_percent"), 1),
            ]);
        }
        table
    }

    fn cuts(&self) -> Table {
        let caption = "Return on the 50 test tracks, horizon 100: whole, without any inhibition of motor neurons, and without as many \
                       excitatory afferents (mean of five draws).";
        let header = [
            "preset",
            "inhibitory of all afferents",
            "untrained",
            "trained",
            "without inhibition",
            "with less excitation",
            "difference of the two",
        ];
        let mut table = Table::new(caption, &header);
        for preset in self.presets() {
            let runs: Vec<&Run> = self.runs.iter().filter(|run| run.preset == preset).collect();
            let Some(&&Run { inhibitory_afferents: inhibitory, excitatory_afferents: excitatory, .. }) = runs.first()
            else {
                continue;
            };
            let over = |value: fn(&Run) -> f64| {
                let values: Vec<f64> = runs.iter().map(|run| value(run)).collect();
                interval(Distribution::of(&values), 1)
            };
            let crashes = |value: fn(&Run) -> f64| {
                let percent = 100.0 * runs.iter().map(|run| value(run)).sum::<f64>() / runs.len() as f64;
                if percent >= 0.05 { format!(", {percent:.1} % crashes") } else { String::new() }
            };
            table.rows.push(vec![
                preset.clone(),
                format!("{inhibitory} of {}", inhibitory + excitatory),
                over(|run| run.untrained_return_h100),
                over(|run| run.return_h100) + &crashes(|run| run.crash_rate_h100),
                over(|run| run.no_inhibition_return_h100) + &crashes(|run| run.no_inhibition_crash_rate_h100),
                over(|run| run.less_excitation_return_h100) + &crashes(|run| run.less_excitation_crash_rate_h100),
                over(|run| run.no_inhibition_return_h100 - run.less_excitation_return_h100),
            ]);
        }
        table
    }

    /// Everything, as one HTML file, with the pictures that lie in a directory.
    pub fn page(&self, directory: &Path) -> Result<String, Failure> {
        let (question, answer) = texts();
        let plain = |text: &str| text.replace(['`', '*'], "");
        let paragraphs = question.split("\n\n").chain(answer.split("\n\n")).map(plain).chain([self.how()]);
        let paragraphs: Vec<String> = paragraphs.collect();
        let mut page = Page::new(TITLE, &paragraphs.iter().map(String::as_str).collect::<Vec<&str>>());
        for preset in self.presets() {
            let path = picture_path(directory, &preset);
            if path.exists() {
                page.figure(&read_text(&path)?);
            }
        }
        self.tables().iter().for_each(|table| page.element(&table.html()));
        Ok(page.finish())
    }

    fn how(&self) -> String {
        let seeds: BTreeSet<u64> = self.runs.iter().map(|run| run.seed).collect();
        let (first, last) = (seeds.first().copied().unwrap_or_default(), seeds.last().copied().unwrap_or_default());
        let episodes = PLAN.episodes;
        format!("{episodes} episodes, seeds {first} to {last}; mean [95 % bootstrap interval] over seeds.")
    }
}

/// Its part of docs/results.md.
pub fn section(results: &Path) -> Result<String, Failure> {
    let store = open(results)?;
    if store.rows().is_empty() {
        return Ok(format!("## {TITLE}\n\nNot measured yet: `experiment {NAME}`.\n\n"));
    }
    let findings = Findings { runs: store.rows(), networks: store.points() };
    let (question, answer) = texts();
    let tables: String = findings.main_tables().iter().map(|table| table.markdown() + "\n").collect();
    let pictures: String = findings
        .presets()
        .iter()
        .filter(|preset| picture_path(results, preset).exists())
        .map(|preset| format!("![Spikes of {preset}](../results/{NAME}-{preset}.svg)\n\n"))
        .collect();
    Ok(format!(
        "## {TITLE}\n\n{question}\n\n{}\n\n{tables}{pictures}{answer}\n\n\
         `cargo run --release -- experiment {NAME}`; raw data: [{NAME}.csv](../results/{NAME}.csv), [{NAME}_runs.csv](../results/{NAME}_runs.csv).\n\n",
        findings.how()
    ))
}

/// Question and answer.
fn texts() -> (&'static str, &'static str) {
    let (question, answer) = TEXT.split_once("\n---\n").unwrap_or((TEXT, ""));
    (question.trim(), answer.trim())
}

fn interval(distribution: Option<Distribution>, digits: usize) -> String {
    distribution.map_or("-".to_owned(), |Distribution { mean, ci95: [low, high], .. }| {
        let [mean, low, high] = [mean, low, high].map(|value| number(value, digits));
        format!("{mean} [{low}, {high}]")
    })
}

fn mean(distribution: Option<Distribution>, digits: usize) -> String {
    distribution.map_or("-".to_owned(), |Distribution { mean, .. }| number(mean, digits))
}

/// Without the sign of what is rounded to 0.
fn number(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let is_zero = text.trim_start_matches('-').chars().all(|character| matches!(character, '0' | '.'));
    if is_zero { text.trim_start_matches('-').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_no_sign() {
        assert_eq!(
            [(-0.0004, 3), (-0.0006, 3), (0.0, 1), (12.34, 1)].map(|(value, digits)| number(value, digits)),
            ["0.000", "-0.001", "0.0", "12.3"]
        );
    }

    #[test]
    fn what_was_not_measured_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let text = section(directory.path()).unwrap();
        assert_eq!(text, format!("## {TITLE}\n\nNot measured yet: `experiment q3`.\n\n"));
    }
}
