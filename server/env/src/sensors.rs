//! Three distance sensors: rays to the nearest edge of the road.

use std::f64::consts::FRAC_PI_4;

use crate::Car;
use crate::track::{Edge, Track, WINDOW};

/// Distances in units to the left, ahead and to the right, each in `[0, 20]`.
pub type Observation = [f32; OBSERVATION_SIZE];

/// Number of rays.
pub const OBSERVATION_SIZE: usize = 3;

/// Farthest distance that a ray reports, in units.
pub const RANGE: f32 = 20.0;

/// Direction of each ray against the car's heading, in radians, left positive.
pub const RAY_ANGLES_RAD: [f64; OBSERVATION_SIZE] = [FRAC_PI_4, 0.0, -FRAC_PI_4];

/// Name of each ray, in the order of the observation.
pub const RAY_NAMES: [&str; OBSERVATION_SIZE] = ["left", "center", "right"];

/// Casts the rays of `car`, whose nearest sample of `track` is `index`.
///
/// Only the edges from 8 units behind that sample to 30 ahead are seen: a track may overlap itself, and a car must not
/// see a piece of road that it reaches later.
pub fn sense(track: &Track, index: usize, car: &Car) -> Observation {
    let origin = [car.position[0] as f32, car.position[1] as f32];
    let directions = RAY_ANGLES_RAD.map(|angle_rad| {
        let (sin, cos) = libm::sincos(car.heading_rad + angle_rad);
        [cos as f32, sin as f32]
    });
    let mut distances = [RANGE; OBSERVATION_SIZE];
    for edge in [track.left_edge(), track.right_edge()] {
        let (xs, ys) = relative_window(edge, index, origin);
        for (distance, direction) in distances.iter_mut().zip(directions) {
            *distance = nearest_hit(&xs, &ys, direction, *distance);
        }
    }
    distances
}

/// The vertices of `edge` in the window around `index`, seen from `origin`.
fn relative_window(edge: &Edge, index: usize, origin: [f32; 2]) -> ([f32; WINDOW], [f32; WINDOW]) {
    let (window_x, window_y) = edge.window(index);
    let (mut xs, mut ys) = ([0.0; WINDOW], [0.0; WINDOW]);
    for k in 0..WINDOW {
        xs[k] = window_x[k] - origin[0];
        ys[k] = window_y[k] - origin[1];
    }
    (xs, ys)
}

/// Distance along the ray from the origin to its nearest crossing with the polyline, or `farthest`.
///
/// A segment crosses the ray's line where its end points lie on different sides: `side = d × vertex` changes sign.
fn nearest_hit(xs: &[f32; WINDOW], ys: &[f32; WINDOW], direction: [f32; 2], farthest: f32) -> f32 {
    let [dx, dy] = direction;
    let mut sides = [0.0f32; WINDOW];
    for k in 0..WINDOW {
        sides[k] = dx * ys[k] - dy * xs[k];
    }
    let mut nearest = farthest;
    for k in 0..WINDOW - 1 {
        let (a, b) = (sides[k], sides[k + 1]);
        if (a <= 0.0) != (b <= 0.0) {
            let fraction = a / (a - b);
            let x = xs[k] + fraction * (xs[k + 1] - xs[k]);
            let y = ys[k] + fraction * (ys[k + 1] - ys[k]);
            let distance = x * dx + y * dy;
            if distance >= 0.0 && distance < nearest {
                nearest = distance;
            }
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phase;

    fn on_straight(lateral_deviation: f64, heading_rad: f64) -> Observation {
        let track = Phase::Straight.track(0, 260.0);
        sense(&track, 100, &Car { position: [50.0, lateral_deviation], heading_rad })
    }

    #[test]
    fn golden_numbers_on_a_straight_road() {
        let [left, center, right] = on_straight(0.0, 0.0);
        assert!((left - 4.0 * 2f32.sqrt()).abs() < 1e-4 && (right - left).abs() < 1e-4);
        assert_eq!(center, 20.0);
        let [left, _, right] = on_straight(1.0, 0.0);
        assert!((left - 3.0 * 2f32.sqrt()).abs() < 1e-4 && (right - 5.0 * 2f32.sqrt()).abs() < 1e-4);
        let [left, center, right] = on_straight(0.0, FRAC_PI_4);
        assert!((left - 4.0).abs() < 1e-4 && (center - 4.0 * 2f32.sqrt()).abs() < 1e-4);
        assert_eq!(right, 20.0);
    }

    #[test]
    fn mirrored_car_sees_mirrored_distances() {
        let ([a, b, c], [x, y, z]) = (on_straight(1.3, 0.07), on_straight(-1.3, -0.07));
        assert!((a - z).abs() < 1e-4 && (b - y).abs() < 1e-4 && (c - x).abs() < 1e-4);
    }
}
