//! Distance sensors: rays to the nearest edge of the road.

use std::array;
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4};

use crate::Car;
use crate::track::{PADDED_WINDOW, Track, WINDOW};

/// Number of rays of the base task: left, ahead, right.
pub const RAYS: usize = 3;

/// Most rays that can be asked for.
pub const MAX_RAYS: usize = 9;

/// Farthest distance that a ray reports, in units.
pub const RANGE: f32 = 20.0;

/// Segments of an edge that are looked at together: a window has a whole number of such blocks.
const BLOCK: usize = 4;
const _: () = assert!((WINDOW - 1).is_multiple_of(BLOCK));

/// Direction of ray `ray` of `rays` against the car's heading, in radians, left positive: evenly from +45° to −45°.
pub fn ray_angle_rad(ray: usize, rays: usize) -> f64 {
    FRAC_PI_4 - FRAC_PI_2 * ray as f64 / (rays - 1) as f64
}

/// Name of each ray, in the order of the observation: left, center and right, or the angle in degrees.
pub fn ray_names(rays: usize) -> Vec<String> {
    if rays == RAYS {
        return ["left", "center", "right"].map(str::to_owned).to_vec();
    }
    (0..rays).map(|ray| format!("{:+.1} deg", ray_angle_rad(ray, rays).to_degrees())).collect()
}

/// Casts the rays of `car`, whose nearest sample of `track` is `index`: one distance in `[0, 20]` units for each element of
/// `distances`, at most [`MAX_RAYS`], from left to right.
///
/// Only the edges from 8 units behind that sample to 30 ahead are seen: a track may overlap itself, and a car must not
/// see a piece of road that it reaches later.
pub fn sense(track: &Track, index: usize, car: &Car, distances: &mut [f32]) {
    let [ox, oy] = car.position.map(|coordinate| coordinate as f32);
    let rays = distances.len();
    let mut directions = [[0.0; 2]; MAX_RAYS];
    for (ray, direction) in directions[..rays].iter_mut().enumerate() {
        let (sin, cos) = libm::sincos(car.heading_rad + ray_angle_rad(ray, rays));
        *direction = [cos as f32, sin as f32];
    }
    distances.fill(RANGE);
    for edge in [track.left_edge(), track.right_edge()] {
        let (xs, ys) = edge.window(index);
        let xs: [f32; PADDED_WINDOW] = array::from_fn(|k| xs[k] - ox);
        let ys: [f32; PADDED_WINDOW] = array::from_fn(|k| ys[k] - oy);
        for (distance, &direction) in distances.iter_mut().zip(&directions) {
            *distance = nearest_hit(&xs, &ys, direction, *distance);
        }
    }
}

/// Distance along the ray from the origin to its nearest crossing with the polyline of vertices `xs`, `ys`, or `farthest`.
///
/// A segment crosses the ray's line where its end points lie on different sides: `side = d × vertex` changes sign. Few do: the
/// sides of all vertices come first, in a loop without branches, and blocks of segments that lie on one side are passed over.
fn nearest_hit(xs: &[f32; PADDED_WINDOW], ys: &[f32; PADDED_WINDOW], [dx, dy]: [f32; 2], farthest: f32) -> f32 {
    let side = |k: usize| dx * ys[k] - dy * xs[k];
    let is_right: [bool; PADDED_WINDOW] = array::from_fn(|k| side(k) <= 0.0);
    let mut nearest = farthest;
    for block in (0..WINDOW - 1).step_by(BLOCK) {
        if is_right[block..block + BLOCK] == is_right[block + 1..=block + BLOCK] {
            continue;
        }
        for k in (block..block + BLOCK).filter(|&k| is_right[k] != is_right[k + 1]) {
            let (a, b) = (side(k), side(k + 1));
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

    fn on_straight(lateral_deviation: f64, heading_rad: f64) -> [f32; RAYS] {
        let track = Phase::Straight.track(0, 260.0);
        let mut distances = [0.0; RAYS];
        sense(&track, 100, &Car { position: [50.0, lateral_deviation], heading_rad }, &mut distances);
        distances
    }

    #[test]
    fn more_rays_see_the_same_road_from_left_to_right() {
        let track = Phase::Complex.track(4, 260.0);
        let car = Car { position: track.beside(90, 1.0), heading_rad: track.heading_rad(90) + 0.1 };
        let (mut three, mut nine) = ([0.0; 3], [0.0; 9]);
        sense(&track, 90, &car, &mut three);
        sense(&track, 90, &car, &mut nine);
        assert_eq!(three, [nine[0], nine[4], nine[8]]);
        assert_eq!(ray_names(5), ["+45.0 deg", "+22.5 deg", "+0.0 deg", "-22.5 deg", "-45.0 deg"]);
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
