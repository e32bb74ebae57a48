//! What must hold between the values of rows and curves.

use std::collections::{BTreeMap, BTreeSet};

use super::EPISODES;
use super::field::Problem;
use super::row::{Point, Row, RunKey};
use super::world::BenchmarkWorld;
use crate::experiments::store::Record;
use crate::train::MILESTONES;

/// Steps of a training episode at most.
const HORIZON: usize = 100;
/// Reward of a step that did not crash, at least and at most.
const REWARD: [f64; 2] = [0.4, 2.5];
/// Reward of a crash.
const CRASH: f64 = -100.0;
/// What rounding may add.
const TOLERANCE: f64 = 1e-6;

/// Columns of episodes and steps to 90, 95 and 98 %.
const TO: [[&str; 2]; 3] = [
    ["episodes_to_90", "env_steps_to_90"],
    ["episodes_to_95", "env_steps_to_95"],
    ["episodes_to_98", "env_steps_to_98"],
];

/// What is wrong in a row whose values are each in their range.
pub fn row_problems(line: u64, row: &Row) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut demand = |holds: bool, column, value: String, reason: String| {
        if !holds {
            problems.push(Problem::new(line, column, value, reason));
        }
    };
    let Row { episodes, env_steps, training_crashes, .. } = *row;
    let range =
        format!("is outside [{episodes}, {}]: {episodes} episodes have 1 to {HORIZON} steps each", episodes * HORIZON);
    demand((episodes..=episodes * HORIZON).contains(&env_steps), "env_steps", env_steps.to_string(), range);
    let reason = format!("is more than the {episodes} episodes");
    demand(training_crashes <= episodes, "training_crashes", training_crashes.to_string(), reason);
    for (column, mean, min, crash_rate, horizon) in [
        ("min_h100", row.return_h100, row.min_h100, row.crash_rate_h100, 100.0),
        ("min_h140", row.return_h140, row.min_h140, row.crash_rate_h140, 140.0),
    ] {
        let [least, most] = REWARD;
        demand(min <= mean + TOLERANCE, column, min.to_string(), format!("is more than the mean return {mean}"));
        let crashed = most_after_a_crash(horizon, most);
        let reason =
            format!("is more than {crashed}, the most that an episode with a crash earns: crash rate {crash_rate}");
        demand(crash_rate == 0.0 || min <= crashed + TOLERANCE, column, min.to_string(), reason);
        let whole = least * horizon;
        let reason = format!("is less than {whole}, the least that an episode without a crash earns: crash rate 0");
        demand(crash_rate > 0.0 || min >= whole - TOLERANCE, column, min.to_string(), reason);
    }
    problems.extend(milestone_problems(line, row));
    problems
}

/// The return of an episode that crashed in its last step and was perfect before.
fn most_after_a_crash(horizon: f64, most: f64) -> f64 {
    (horizon - 1.0) * most + CRASH
}

/// Episodes and steps to 90, 95 and 98 %: both or none, within the run, and none before an easier one.
fn milestone_problems(line: u64, row: &Row) -> Vec<Problem> {
    let mut problems = Vec::new();
    let show = |value: Option<usize>| value.map_or(String::new(), |value| value.to_string());
    let reached = [row.episodes_to(), row.env_steps_to()];
    let limits = [("episodes", row.episodes), ("env_steps", row.env_steps)];
    for (k, columns) in TO.iter().enumerate() {
        let [episodes, steps] = reached.map(|to| to[k]);
        if episodes.is_some() != steps.is_some() {
            problems.push(Problem::new(
                line,
                columns[1],
                show(steps),
                format!("and {} = {:?} must both be given or both be empty", columns[0], show(episodes)),
            ));
        }
        for (which, (name, limit)) in limits.into_iter().enumerate() {
            let value = reached[which][k];
            let column = columns[which];
            if value.is_some_and(|value| value > limit) {
                problems.push(Problem::new(line, column, show(value), format!("is more than {name} = {limit}")));
            }
            if k == 0 {
                continue;
            }
            let (easier, before) = (TO[k - 1][which], reached[which][k - 1]);
            match (before, value) {
                (None, Some(_)) => problems.push(Problem::new(
                    line,
                    column,
                    show(value),
                    format!("is reached and {easier} is not: {} % need {} % first", MILESTONES[k], MILESTONES[k - 1]),
                )),
                (Some(before), Some(now)) if now < before => {
                    problems.push(Problem::new(line, column, now, format!("is less than {easier} = {before}")));
                }
                _ => {}
            }
        }
    }
    problems
}

/// Runs that stand there twice.
pub fn duplicates(rows: &[(u64, Row)]) -> Vec<Problem> {
    let mut first: BTreeMap<RunKey, u64> = BTreeMap::new();
    let mut problems = Vec::new();
    for (line, row) in rows {
        match first.get(&row.run()) {
            Some(before) => {
                let reason = format!("of {} in {} is in line {before} already: each run once", row.agent, row.world);
                problems.push(Problem::new(*line, "seed", row.seed, reason));
            }
            None => _ = first.insert(row.run(), *line),
        }
    }
    problems
}

/// What is wrong in curves, given valid rows.
pub fn curve_problems(rows: &[(u64, Row)], points: &[(u64, Point)]) -> Vec<Problem> {
    let rows: BTreeMap<RunKey, &Row> = rows.iter().map(|(_, row)| (row.run(), row)).collect();
    let mut curves: BTreeMap<RunKey, Vec<(u64, &Point)>> = BTreeMap::new();
    points.iter().for_each(|(line, point)| curves.entry(point.run()).or_default().push((*line, point)));
    curves.iter().flat_map(|(run, curve)| one_curve(rows.get(run).copied(), curve)).collect()
}

fn one_curve(row: Option<&Row>, curve: &[(u64, &Point)]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let (first_line, first) = curve[0];
    let Some(row) = row else {
        let reason = format!("of {} in {} has a curve and no row", first.agent, first.world);
        return vec![Problem::new(first_line, "seed", first.seed, reason)];
    };
    for pair in curve.windows(2) {
        let [(_, before), (line, now)] = [pair[0], pair[1]];
        if now.episode <= before.episode {
            problems.push(Problem::new(
                line,
                "episode",
                now.episode,
                format!("is not more than {} before it", before.episode),
            ));
        }
        if now.env_steps < before.env_steps {
            problems.push(Problem::new(
                line,
                "env_steps",
                now.env_steps,
                format!("is less than {} before it", before.env_steps),
            ));
        }
    }
    for (line, point) in curve {
        for (column, value, limit) in
            [("episode", point.episode, row.episodes), ("env_steps", point.env_steps, row.env_steps)]
        {
            if value > limit {
                problems.push(Problem::new(*line, column, value, format!("is more than {limit} in the run's row")));
            }
        }
    }
    if problems.is_empty() {
        problems
            .extend(MILESTONES.iter().enumerate().filter_map(|(k, &percent)| first_reaching(row, curve, k, percent)));
    }
    problems
}

/// The row must name the first evaluation that has the share of the ceiling and no crash.
fn first_reaching(row: &Row, curve: &[(u64, &Point)], k: usize, percent: u32) -> Option<Problem> {
    let needed = f64::from(percent) / 100.0 * row.world.ceiling();
    // A mean that is a rounding away from the limit counts as either.
    let surely = |point: &Point| point.crash_rate == 0.0 && point.mean >= needed + TOLERANCE;
    let perhaps = |point: &Point| point.crash_rate == 0.0 && point.mean >= needed - TOLERANCE;
    let told = row.episodes_to()[k];
    let first = curve.iter().find(|(_, point)| surely(point));
    let is_first = match (told, first) {
        (Some(told), first) => {
            curve.iter().any(|(_, point)| point.episode == told && perhaps(point))
                && first.is_none_or(|(_, point)| point.episode >= told)
        }
        (None, first) => first.is_none(),
    };
    let told = told.map_or("never".to_owned(), |told| told.to_string());
    let found = first.map_or("never".to_owned(), |(_, point)| point.episode.to_string());
    let line = first.or(curve.first()).map_or(0, |(line, _)| *line);
    let reason = format!(
        "is the first evaluation at {percent} % of the ceiling ({needed:.2}) without a crash, the row says {told}"
    );
    (!is_first).then(|| Problem::new(line, "episode", found, reason))
}

/// What makes results weak or not comparable.
pub fn warnings<'a>(rows: impl Iterator<Item = &'a Row>, least: usize) -> Vec<String> {
    let mut agents: BTreeMap<(BenchmarkWorld, &str), Vec<&Row>> = BTreeMap::new();
    rows.for_each(|row| agents.entry((row.world, &row.agent)).or_default().push(row));
    let mut warnings = Vec::new();
    for ((world, agent), rows) in agents {
        let mut warn = |text: String| warnings.push(format!("{agent} in {world}: {text}"));
        let seeds = rows.iter().map(|row| row.seed).collect::<BTreeSet<_>>().len();
        if seeds < least {
            warn(format!("{seeds} seeds: a reported number needs at least {least}"));
        }
        for (column, kinds) in [
            ("config_hash", rows.iter().map(|row| row.config_hash.clone()).collect::<BTreeSet<_>>()),
            ("source", rows.iter().map(|row| row.source.clone()).collect()),
            ("inputs", rows.iter().map(|row| row.inputs.to_string()).collect()),
        ] {
            if kinds.len() > 1 {
                let kinds = kinds.into_iter().collect::<Vec<_>>().join(", ");
                warn(format!("rows with different {column} ({kinds}) are not one agent"));
            }
        }
        if let Some(row) = rows.iter().find(|row| ![0, EPISODES].contains(&row.episodes)) {
            warn(format!("seed {} was trained for {} episodes, the protocol says {EPISODES}", row.seed, row.episodes));
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::row::tests::row;

    fn base() -> Row {
        row("ppo", BenchmarkWorld::Base, 7, 230.0)
    }

    fn texts(problems: Vec<Problem>) -> Vec<String> {
        problems.iter().map(Problem::to_string).collect()
    }

    #[test]
    fn values_of_a_row_fit_together() {
        let one = |row: Row| {
            let [text] = <[String; 1]>::try_from(texts(row_problems(3, &row))).unwrap();
            text
        };
        assert_eq!(row_problems(3, &base()), []);
        assert_eq!(
            one(Row { env_steps: 30_001, ..base() }),
            "line 3, env_steps: \"30001\" is outside [300, 30000]: 300 episodes have 1 to 100 steps each"
        );
        assert_eq!(
            one(Row { training_crashes: 301, ..base() }),
            "line 3, training_crashes: \"301\" is more than the 300 episodes"
        );
        assert_eq!(
            one(Row { min_h100: 231.0, ..base() }),
            "line 3, min_h100: \"231\" is more than the mean return 230"
        );
        let crashed = one(Row { crash_rate_h140: 0.02, ..base() });
        assert!(
            crashed.starts_with("line 3, min_h140: \"317\" is more than 247.5, the most that an episode with a crash"),
            "{crashed}"
        );
        let whole = one(Row { min_h100: 39.0, ..base() });
        assert!(
            whole.starts_with("line 3, min_h100: \"39\" is less than 40, the least that an episode without"),
            "{whole}"
        );
    }

    #[test]
    fn milestones_come_in_their_order_and_within_the_run() {
        let problems = |row: Row| texts(row_problems(3, &row));
        assert_eq!(
            problems(Row { episodes_to_95: Some(9), ..base() }),
            ["line 3, episodes_to_95: \"9\" is less than episodes_to_90 = 10"]
        );
        assert_eq!(
            problems(Row { env_steps_to_95: Some(27_001), ..base() }),
            ["line 3, env_steps_to_95: \"27001\" is more than env_steps = 27000"]
        );
        assert_eq!(
            problems(Row { env_steps_to_90: None, env_steps_to_95: None, episodes_to_95: None, ..base() }),
            ["line 3, env_steps_to_90: \"\" and episodes_to_90 = \"10\" must both be given or both be empty"]
        );
        let skipped = Row { episodes_to_90: None, env_steps_to_90: None, ..base() };
        assert_eq!(
            problems(skipped)[0],
            "line 3, episodes_to_95: \"20\" is reached and episodes_to_90 is not: 95 % need 90 % first"
        );
    }

    #[test]
    fn each_run_stands_there_once() {
        let other = Row { world: BenchmarkWorld::Noise1, ..base() };
        let problems = duplicates(&[(2, base()), (3, other), (4, base())]);
        assert_eq!(texts(problems), ["line 4, seed: \"7\" of ppo in base is in line 2 already: each run once"]);
    }

    fn curve(points: &[(usize, usize, f64, f64)]) -> Vec<(u64, Point)> {
        let (agent, world, seed) = base().run();
        let point = |(line, &(episode, env_steps, mean, crash_rate)): (u64, &(usize, usize, f64, f64))| {
            (line, Point { agent: agent.clone(), world, seed, episode, env_steps, mean, crash_rate })
        };
        (2..).zip(points).map(point).collect()
    }

    #[test]
    fn curves_rise_in_episodes_and_tell_the_milestones_of_the_row() {
        let problems = |points: &[(usize, usize, f64, f64)]| texts(curve_problems(&[(2, base())], &curve(points)));
        // 90 % are 219.24, 95 % 231.42.
        let good = [(5, 300, 235.0, 0.05), (10, 600, 220.0, 0.0), (15, 900, 200.0, 0.0), (20, 1500, 232.0, 0.0)];
        assert_eq!(problems(&good), Vec::<String>::new());
        assert_eq!(
            problems(&[(10, 600, 219.0, 0.0), good[3]])[0],
            "line 3, episode: \"20\" is the first evaluation at 90 % of the ceiling (219.24) without a crash, the row says 10"
        );
        assert_eq!(
            problems(&[good[1], (10, 500, 0.0, 0.0)])[0],
            "line 3, episode: \"10\" is not more than 10 before it"
        );
        assert_eq!(problems(&[(301, 600, 0.0, 0.0)])[0], "line 2, episode: \"301\" is more than 300 in the run's row");
        let orphan = texts(curve_problems(&[], &curve(&good)));
        assert_eq!(orphan, ["line 2, seed: \"7\" of ppo in base has a curve and no row"]);
    }

    #[test]
    fn weak_results_are_warned_of() {
        let rows: Vec<Row> = (0..3).map(|seed| Row { seed, ..base() }).collect();
        assert_eq!(warnings(rows.iter(), 3), Vec::<String>::new());
        assert_eq!(warnings(rows.iter(), 4), ["ppo in base: 3 seeds: a reported number needs at least 4"]);
        let mixed = [base(), Row { seed: 8, source: "x 2".to_owned(), episodes: 10, ..base() }];
        assert_eq!(
            warnings(mixed.iter(), 1),
            [
                "ppo in base: rows with different source (someone 1.0, x 2) are not one agent",
                "ppo in base: seed 8 was trained for 10 episodes, the protocol says 300"
            ]
        );
    }
}
