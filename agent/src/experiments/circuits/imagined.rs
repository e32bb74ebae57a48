//! Imagined circuits, drawn by chance, in the format of real ones: roads to train on, and others of them to choose on, so that nothing is chosen on
//! the circuits that are reported.

use std::f64::consts::TAU;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use rand::Rng;
use spikedrive_env::random::{Purpose, stream, uniform};
use spikedrive_env::{Circuit, CircuitMode, Track};

/// Numbers of those that networks train on; others may be used for choices.
pub const TRAINED: Range<u64> = 0..40;

/// Metres between two points.
const SPACING: f64 = 5.0;

/// The roads of these circuits, in real metres.
pub fn roads(numbers: Range<u64>) -> Vec<Arc<Track>> {
    let road = |number: u64| {
        let circuit = Circuit::from_csv(&format!("imagined {number}"), &csv(number), CircuitMode::Real);
        circuit.ok().map(|circuit| Arc::clone(circuit.track()))
    };
    numbers.filter_map(road).collect()
}

/// The file of circuit `number`: a loop of straights and round corners, the tightest with a radius of 8 to 14 m, half-widths of 3.7 to 12.5 m on
/// each side, which change slowly, and a stretch that is half as wide again.
pub fn csv(number: u64) -> String {
    let mut rng = stream(number, Purpose::Track, 0, 1);
    circuit(&mut rng)
}

fn circuit(rng: &mut impl Rng) -> String {
    let corners = uniform(rng, 12.0, 22.0) as usize;
    let extent = uniform(rng, 400.0, 900.0);
    let corner = |k: usize, rng: &mut _| {
        let angle = TAU * (k as f64 + uniform(rng, -0.35, 0.35)) / corners as f64;
        let radius = extent * uniform(rng, 0.3, 1.0);
        [radius * angle.cos(), radius * angle.sin()]
    };
    let corners: Vec<[f64; 2]> = (0..corners).map(|k| corner(k, rng)).collect();
    let tightest = uniform(rng, 8.0, 14.0);
    let sides: [[f64; 4]; 2] = std::array::from_fn(|_| {
        [uniform(rng, 3.7, 11.0), uniform(rng, 0.0, 1.5), uniform(rng, 100.0, 500.0), uniform(rng, 0.0, TAU)]
    });
    let [from, to] = [uniform(rng, 0.0, 1500.0), uniform(rng, 100.0, 500.0)];
    let mut text = String::from("x_m,y_m,w_tr_right_m,w_tr_left_m\n");
    for (k, [x, y]) in line(&corners, tightest, rng).into_iter().enumerate() {
        let along = k as f64 * SPACING;
        let wider = if (from..from + to).contains(&along) { 1.5 } else { 1.0 };
        let [right, left] = sides.map(|[mean, swing, period, offset]| {
            (wider * (mean + swing * (TAU * along / period + offset).sin())).max(3.7)
        });
        let _ = writeln!(text, "{x:.3},{y:.3},{right:.3},{left:.3}");
    }
    text
}

/// The polygon with round corners, as points about [`SPACING`] apart.
fn line(corners: &[[f64; 2]], tightest: f64, rng: &mut impl Rng) -> Vec<[f64; 2]> {
    let n = corners.len();
    let mut points: Vec<[f64; 2]> = Vec::new();
    for k in 0..n {
        let [before, here, after] = [corners[(k + n - 1) % n], corners[k], corners[(k + 1) % n]];
        let towards = |[x, y]: [f64; 2]| {
            let [dx, dy] = [x - here[0], y - here[1]];
            let length = dx.hypot(dy);
            ([dx / length, dy / length], length)
        };
        let ((back, to_back), (on, to_on)) = (towards(before), towards(after));
        let half = 0.5 * (back[0] * on[0] + back[1] * on[1]).clamp(-1.0, 1.0).acos();
        let most = 0.45 * to_back.min(to_on) * half.tan();
        let radius = (tightest * uniform(rng, 0.0, 1.2).exp()).min(most);
        let tangent = radius / half.tan();
        let [a, b] = [back, on].map(|[x, y]| [here[0] + tangent * x, here[1] + tangent * y]);
        let (bisector, distance) = ([back[0] + on[0], back[1] + on[1]], radius / half.sin());
        let norm = bisector[0].hypot(bisector[1]).max(1e-9);
        let centre = [here[0] + distance * bisector[0] / norm, here[1] + distance * bisector[1] / norm];
        if let Some(&last) = points.last() {
            straight(&mut points, last, a);
        } else {
            points.push(a);
        }
        let [first, last] = [a, b].map(|[x, y]| (y - centre[1]).atan2(x - centre[0]));
        let turn = (last - first + 1.5 * TAU).rem_euclid(TAU) - 0.5 * TAU;
        let steps = (radius * turn.abs() / SPACING).ceil().max(2.0);
        for step in 1..=steps as usize {
            let angle = first + turn * step as f64 / steps;
            points.push([centre[0] + radius * angle.cos(), centre[1] + radius * angle.sin()]);
        }
    }
    if let (Some(&last), Some(&first)) = (points.last(), points.first()) {
        straight(&mut points, last, first);
        points.pop();
    }
    points
}

fn straight(points: &mut Vec<[f64; 2]>, [x0, y0]: [f64; 2], [x1, y1]: [f64; 2]) {
    let steps = ((x1 - x0).hypot(y1 - y0) / SPACING).ceil().max(1.0);
    points.extend((1..=steps as usize).map(|step| {
        let share = step as f64 / steps;
        [x0 + share * (x1 - x0), y0 + share * (y1 - y0)]
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_trained_on_are_circuits_and_differ() {
        let roads = roads(TRAINED);
        assert_eq!(roads.len() as u64, TRAINED.end);
        assert!(roads.windows(2).all(|pair| pair[0] != pair[1]));
        for road in roads {
            let widths: Vec<f64> = (0..road.samples()).flat_map(|sample| road.half_width(sample)).collect();
            assert!(widths.iter().all(|width| (3.6..19.0).contains(width)), "{} m", road.length());
        }
    }
}
