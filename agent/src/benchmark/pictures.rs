//! The charts of the report.

use super::energy::Memory;
use super::group::{AgentRuns, WorldRuns};
use super::row::Point;
use super::tables::Everywhere;
use crate::experiments::chart::{Axis, Chart, Mark, Sample, Scale, Series, TEXT};
use crate::experiments::plot::return_range;
use crate::experiments::reliable::{Scores, aggregate_iqm, intervals, performance_profile};
use crate::experiments::stats::Distribution;

/// Places of a curve that is drawn over training steps.
const STEPS: usize = 60;
/// Shares of the ceiling that profiles and returns against energy begin at: below it nobody drives well.
const LEAST_SCORE: f64 = 0.8;
/// Places of a profile from there to the ceiling.
const TAUS: u32 = 100;

/// What a learning curve runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Training episodes.
    Episodes,
    /// Training steps.
    EnvSteps,
}

impl Over {
    fn of(self, point: &Point) -> usize {
        match self {
            Self::Episodes => point.episode,
            Self::EnvSteps => point.env_steps,
        }
    }
}

/// Learning curves of the agents that were trained: mean over seeds and its 95 % interval.
pub fn learning_curves(runs: &WorldRuns, over: Over) -> Chart {
    let curve = |agent: &AgentRuns| Series {
        name: agent.name.clone(),
        mark: Mark::Line,
        colour: agent.colour,
        samples: mean_curve(&agent.curves, over),
    };
    let series: Vec<Series> = runs.agents.iter().map(curve).filter(|curve| !curve.samples.is_empty()).collect();
    let samples = || series.iter().flat_map(|series| &series.samples);
    let last = samples().map(|sample| sample.x).fold(1.0, f64::max);
    let ceiling = runs.world.ceiling();
    let label = match over {
        Over::Episodes => "training episodes",
        Over::EnvSteps => "training steps",
    };
    Chart {
        title: format!("World {}: return on validation tracks over {label}", runs.world),
        x: Axis::linear(label, [0.0, last]),
        y: Axis::linear("return, H = 100", return_range(samples(), ceiling)),
        rule: Some((ceiling, format!("ceiling {ceiling:.1}"))),
        series,
    }
}

/// At each place the mean of the curves' latest evaluations: from where every curve has one to where the first one ends.
fn mean_curve(curves: &[Vec<Point>], over: Over) -> Vec<Sample> {
    let ends = |end: fn(&[Point]) -> Option<&Point>| curves.iter().filter_map(move |curve| Some(over.of(end(curve)?)));
    let (Some(first), Some(last)) = (ends(|curve| curve.first()).max(), ends(|curve| curve.last()).min()) else {
        return Vec::new();
    };
    let places: Vec<usize> = match over {
        // Each evaluation of any run is a place.
        Over::Episodes => {
            let mut places: Vec<usize> = curves.iter().flatten().map(|point| point.episode).collect();
            places.sort_unstable();
            places.dedup();
            places.retain(|place| (first..=last).contains(place));
            places
        }
        Over::EnvSteps => (0..=STEPS).map(|k| first + last.saturating_sub(first) * k / STEPS).collect(),
    };
    let latest =
        |curve: &Vec<Point>, place| curve.iter().rev().find(|point| over.of(point) <= place).map(|point| point.mean);
    let sample = |place: usize| {
        let means: Vec<f64> = curves.iter().filter_map(|curve| latest(curve, place)).collect();
        let Distribution { mean, ci95, .. } = Distribution::of(&means)?;
        Some(Sample { x: place as f64, y: mean, interval: ci95 })
    };
    places.into_iter().filter_map(sample).collect()
}

/// The performance profile of some agents: how many runs score above each share of the ceiling.
pub fn profile(title: String, agents: &[Everywhere]) -> Chart {
    let tau = |k: u32| LEAST_SCORE + (1.0 - LEAST_SCORE) * f64::from(k) / f64::from(TAUS);
    let taus: Vec<f64> = (0..=TAUS).map(tau).collect();
    let series = |Everywhere { name, colour, scores }: &Everywhere| {
        let bounds = intervals(&[scores], |agents| performance_profile(&agents[0], &taus));
        let shares = performance_profile(scores, &taus).into_iter().zip(bounds);
        let samples = taus.iter().zip(shares).map(|(&x, (y, interval))| Sample { x, y, interval }).collect();
        Series { name: name.clone(), mark: Mark::Line, colour: *colour, samples }
    };
    Chart {
        title,
        x: Axis::linear("score τ: share of the ceiling", [LEAST_SCORE, 1.0]),
        y: Axis::linear("share of runs with a score above τ", [0.0, 1.0]),
        series: agents.iter().map(series).collect(),
        rule: None,
    }
}

/// Return against energy of a decision, for the agents that need any by the model and drive well; the line joins those that no other
/// beats in both.
pub fn pareto(runs: &WorldRuns, memory: Memory) -> Chart {
    let ceiling = runs.world.ceiling();
    let dot = |agent: &AgentRuns| Series {
        name: agent.name.clone(),
        mark: Mark::Dots,
        colour: agent.colour,
        samples: vec![return_at(agent, agent.decision_nanojoules(memory))],
    };
    let mut series: Vec<Series> = runs.agents.iter().map(dot).collect();
    series.retain(|dot| dot.samples[0].x > 0.0 && dot.samples[0].y >= LEAST_SCORE * ceiling);
    let dots: Vec<Sample> = series.iter().map(|dot| dot.samples[0]).collect();
    let energies = || dots.iter().map(|dot| dot.x);
    let (low, high) = (energies().fold(f64::INFINITY, f64::min), energies().fold(0.0, f64::max));
    let powers = [low.log10().floor(), (1.01 * high).log10().ceil()];
    let range = if dots.is_empty() { [1.0, 10.0] } else { powers.map(|power| 10f64.powf(power)) };
    series.push(Series { name: "Pareto front".to_owned(), mark: Mark::Line, colour: TEXT, samples: front(dots) });
    let label = match memory {
        Memory::Without => "arithmetic alone",
        Memory::With => "with memory",
    };
    Chart {
        title: format!("World {}: return against energy of a decision, {label}", runs.world),
        x: Axis { label: format!("modelled energy of a decision, nJ, {label}"), range, scale: Scale::Log },
        y: Axis::linear("IQM of the return, H = 100", [(LEAST_SCORE * ceiling).floor(), ceiling.ceil()]),
        series,
        rule: Some((ceiling, format!("ceiling {ceiling:.1}"))),
    }
}

/// From the thriftiest on, those that are better than all before.
fn front(mut dots: Vec<Sample>) -> Vec<Sample> {
    dots.sort_by(|a, b| a.x.total_cmp(&b.x).then(b.y.total_cmp(&a.y)));
    let mut best = f64::NEG_INFINITY;
    dots.retain(|dot| {
        let before = best;
        best = best.max(dot.y);
        dot.y > before
    });
    dots.into_iter().map(|dot| Sample { interval: [dot.y; 2], ..dot }).collect()
}

fn return_at(agent: &AgentRuns, energy: f64) -> Sample {
    let returns: Scores = vec![agent.returns()];
    let bounds = intervals(&[&returns], |agents| vec![aggregate_iqm(&agents[0])]);
    Sample { x: energy, y: aggregate_iqm(&returns), interval: bounds[0] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::group::{tests::made_up, worlds};

    fn base() -> WorldRuns {
        let (rows, points) = made_up();
        worlds(rows, points).swap_remove(0)
    }

    #[test]
    fn a_curve_is_the_mean_of_the_latest_evaluations_where_all_have_one() {
        let point = |episode, mean| Point { episode, env_steps: 10 * episode, mean, ..made_up().1[0].clone() };
        let curves = [vec![point(5, 0.0), point(10, 100.0)], vec![point(6, 50.0), point(12, 150.0)]];
        let samples = mean_curve(&curves, Over::Episodes);
        assert_eq!(samples.iter().map(|sample| (sample.x, sample.y)).collect::<Vec<_>>(), [(6.0, 25.0), (10.0, 75.0)]);
        let samples = mean_curve(&curves, Over::EnvSteps);
        assert_eq!((samples[0].x, samples[0].y, samples[STEPS].x, samples[STEPS].y), (60.0, 25.0, 100.0, 75.0));
        assert_eq!(mean_curve(&[], Over::Episodes), []);
    }

    #[test]
    fn the_front_holds_those_that_nobody_beats() {
        let chart = pareto(&base(), Memory::Without);
        // `bad` drives too badly to be shown.
        let [good, line] = &chart.series[..] else { panic!("{:?}", chart.series) };
        assert_eq!((good.name.as_str(), line.samples.len(), line.samples[0].y), ("good", 1, 235.0));
        assert_eq!((chart.x.range, chart.y.range), ([1.0, 10.0], [194.0, 244.0]));
        let dots = [[5.0, 230.0], [1.0, 200.0], [2.0, 190.0], [9.0, 229.0], [5.0, 220.0]];
        let dots = dots.map(|[x, y]| Sample { x, y, interval: [y - 1.0, y + 1.0] });
        let shown: Vec<_> = front(dots.to_vec()).iter().map(|dot| (dot.x, dot.y, dot.interval)).collect();
        assert_eq!(shown, [(1.0, 200.0, [200.0; 2]), (5.0, 230.0, [230.0; 2])]);
    }

    #[test]
    fn a_profile_falls_from_all_runs_to_none() {
        let agent = Everywhere { name: "good".to_owned(), colour: 0, scores: vec![vec![0.8501, 0.9501]] };
        let chart = profile(String::new(), &[agent]);
        let share = |place: usize| chart.series[0].samples[place].y;
        // Places are 0.2 % apart, from 80 %.
        assert_eq!([share(0), share(25), share(26), share(75), share(76), share(100)], [1.0, 1.0, 0.5, 0.5, 0.0, 0.0]);
    }

    #[test]
    fn agents_without_curves_have_no_line() {
        let mut runs = base();
        runs.agents[1].curves.clear();
        let chart = learning_curves(&runs, Over::EnvSteps);
        assert_eq!(chart.series.iter().map(|series| series.name.as_str()).collect::<Vec<_>>(), ["good"]);
    }
}
