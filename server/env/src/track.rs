//! A road: a centre line sampled every half unit, its heading, and the two edges that the sensors see.

/// Distance between two samples of the centre line, in units.
pub const DS: f64 = 0.5;

/// Distance from the centre line to each edge of the base task, in units.
pub const HALF_WIDTH: f64 = 4.0;

/// Samples of the window that a car perceives: 8 units behind it to 30 ahead.
pub const WINDOW: usize = BEHIND + AHEAD + 1;
/// The window, and as many samples more as make it whole registers of a vector unit: they are read, but not seen.
pub(crate) const PADDED_WINDOW: usize = WINDOW.next_multiple_of(8);
const BEHIND: usize = 16;
const AHEAD: usize = 60;
const PADDED_AHEAD: usize = PADDED_WINDOW - BEHIND - 1;

/// The nearest sample is looked for this far behind and ahead of the last one.
const NEAREST_BEHIND: isize = -6;
const NEAREST_AHEAD: isize = 8;

/// A road, open or closed.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    centre: Vec<[f64; 2]>,
    heading_rad: Vec<f64>,
    /// Cosine and sine of the heading.
    direction: Vec<[f64; 2]>,
    /// Distance from the centre line to the left and the right edge.
    half_width: Vec<[f64; 2]>,
    left: Edge,
    right: Edge,
    closed: bool,
}

/// The sample of a centre line that is nearest to a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    /// Index of the sample.
    pub index: usize,
    /// Samples from the last index to this one, negative when the car went back.
    pub advance: isize,
    /// Distance from the point to the sample, in units.
    pub distance: f64,
    /// Distance from the centre line, in units, left positive.
    pub lateral_deviation: f64,
}

impl Track {
    /// Samples on each side of one that its curvature is averaged over: real roads ease into a bend.
    pub(crate) const SMOOTHING: usize = 3;

    /// An open road of `samples` samples that starts at the origin along the x axis.
    ///
    /// `curvature[i]`, in radians per unit, holds from sample i to i + 1; it is smoothed by a moving average over ±3
    /// samples, then integrated by the midpoint rule: `heading += κ·ds`, `position += ds·(cos, sin)(heading + κ·ds/2)`.
    /// Samples after the last one are only averaged over.
    pub(crate) fn from_curvature(curvature: &[f64], samples: usize) -> Self {
        let mut centre = Vec::with_capacity(samples);
        let mut headings = Vec::with_capacity(samples);
        let (mut position, mut heading_rad) = ([0.0, 0.0], 0.0);
        for i in 0..samples {
            centre.push(position);
            headings.push(heading_rad);
            let around = &curvature[i.saturating_sub(Self::SMOOTHING)..curvature.len().min(i + Self::SMOOTHING + 1)];
            let turn_rad = DS * around.iter().sum::<f64>() / around.len() as f64;
            let (sin, cos) = libm::sincos(heading_rad + 0.5 * turn_rad);
            position = [position[0] + DS * cos, position[1] + DS * sin];
            heading_rad += turn_rad;
        }
        let half_width = vec![[HALF_WIDTH; 2]; samples];
        Self::from_centre(centre, headings, half_width, false)
    }

    /// A closed road through evenly spaced samples; the heading is that of the chord between the two neighbours.
    pub(crate) fn from_loop(centre: Vec<[f64; 2]>, half_width: Vec<[f64; 2]>) -> Self {
        let n = centre.len();
        let heading_rad = (0..n)
            .map(|i| {
                let (a, b) = (centre[(i + n - 1) % n], centre[(i + 1) % n]);
                libm::atan2(b[1] - a[1], b[0] - a[0])
            })
            .collect();
        Self::from_centre(centre, heading_rad, half_width, true)
    }

    fn from_centre(centre: Vec<[f64; 2]>, heading_rad: Vec<f64>, half_width: Vec<[f64; 2]>, closed: bool) -> Self {
        let direction = |&heading_rad: &f64| {
            let (sin, cos) = libm::sincos(heading_rad);
            [cos, sin]
        };
        let direction: Vec<_> = heading_rad.iter().map(direction).collect();
        let left = Edge::beside(&centre, &direction, |i| half_width[i][0], closed);
        let right = Edge::beside(&centre, &direction, |i| -half_width[i][1], closed);
        Self { centre, heading_rad, direction, half_width, left, right, closed }
    }

    /// The same road with other half-widths: one pair, left and right, for each sample.
    pub(crate) fn with_half_width(self, half_width: Vec<[f64; 2]>) -> Self {
        Self::from_centre(self.centre, self.heading_rad, half_width, self.closed)
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.centre.len()
    }

    /// Length of the centre line in units, of a closed road once around.
    pub fn length(&self) -> f64 {
        self.samples() as f64 * DS
    }

    /// Whether the road ends where it starts.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Sample `index` of the centre line.
    pub fn centre(&self, index: usize) -> [f64; 2] {
        self.centre[index]
    }

    /// Heading of the centre line at sample `index`, in radians.
    pub fn heading_rad(&self, index: usize) -> f64 {
        self.heading_rad[index]
    }

    /// Distance from sample `index` to the left and the right edge, in units.
    pub fn half_width(&self, index: usize) -> [f64; 2] {
        self.half_width[index]
    }

    /// The left edge.
    pub fn left_edge(&self) -> &Edge {
        &self.left
    }

    /// The right edge.
    pub fn right_edge(&self) -> &Edge {
        &self.right
    }

    /// The sample nearest to `position` among those from 3 units behind sample `last` to 4 ahead. The search is local
    /// because a road may cross itself.
    pub fn nearest(&self, last: usize, position: [f64; 2]) -> Nearest {
        let mut best = (f64::INFINITY, last, 0);
        for offset in NEAREST_BEHIND..=NEAREST_AHEAD {
            let Some(index) = self.offset(last, offset) else { continue };
            let [x, y] = self.centre[index];
            let squared = (x - position[0]) * (x - position[0]) + (y - position[1]) * (y - position[1]);
            if squared < best.0 {
                best = (squared, index, offset);
            }
        }
        let (squared, index, advance) = best;
        Nearest { index, advance, distance: squared.sqrt(), lateral_deviation: self.lateral_deviation(index, position) }
    }

    /// The point `lateral_deviation` units to the left of sample `index`.
    pub fn beside(&self, index: usize, lateral_deviation: f64) -> [f64; 2] {
        beside(self.centre[index], self.direction[index], lateral_deviation)
    }

    fn lateral_deviation(&self, index: usize, position: [f64; 2]) -> f64 {
        let ([x, y], [cos, sin]) = (self.centre[index], self.direction[index]);
        (position[1] - y) * cos - (position[0] - x) * sin
    }

    fn offset(&self, index: usize, offset: isize) -> Option<usize> {
        let n = self.samples() as isize;
        let target = index as isize + offset;
        if (0..n).contains(&target) {
            Some(target as usize)
        } else {
            self.closed.then(|| target.rem_euclid(n) as usize)
        }
    }
}

/// One edge of the road: flat coordinates, padded at both ends so that the window of every sample is one slice.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    x: Vec<f32>,
    y: Vec<f32>,
}

impl Edge {
    fn beside(centre: &[[f64; 2]], direction: &[[f64; 2]], lateral: impl Fn(usize) -> f64, closed: bool) -> Self {
        let n = centre.len() as isize;
        let padded = -(BEHIND as isize)..n + PADDED_AHEAD as isize;
        let (x, y) = padded
            .map(|i| {
                let i = if closed { i.rem_euclid(n) } else { i.clamp(0, n - 1) } as usize;
                let [x, y] = beside(centre[i], direction[i], lateral(i));
                (x as f32, y as f32)
            })
            .unzip();
        Self { x, y }
    }

    /// The x and y of the [`PADDED_WINDOW`] vertices around sample `index`, of which [`WINDOW`] are perceived.
    pub(crate) fn window(&self, index: usize) -> (&[f32], &[f32]) {
        (&self.x[index..index + PADDED_WINDOW], &self.y[index..index + PADDED_WINDOW])
    }

    /// The x and y of the vertex of each sample.
    pub fn vertices(&self) -> (&[f32], &[f32]) {
        (&self.x[BEHIND..self.x.len() - PADDED_AHEAD], &self.y[BEHIND..self.y.len() - PADDED_AHEAD])
    }
}

fn beside([x, y]: [f64; 2], [cos, sin]: [f64; 2], lateral: f64) -> [f64; 2] {
    [x - lateral * sin, y + lateral * cos]
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::Phase;

    #[test]
    fn a_constant_curvature_makes_a_circle() {
        let radius = 20.0;
        let track = Track::from_curvature(&vec![1.0 / radius; 300], 252);
        for i in 0..track.samples() {
            let [x, y] = track.centre(i);
            assert!((x.hypot(y - radius) - radius).abs() < 2e-3);
        }
    }

    #[test]
    fn edges_lie_half_a_road_beside_the_centre() {
        let track = Phase::Complex.track(3, 260.0);
        for edge in [track.left_edge(), track.right_edge()] {
            let (xs, ys) = edge.vertices();
            assert_eq!(xs.len(), track.samples());
            for i in 0..track.samples() {
                let [x, y] = track.centre(i);
                let width = (f64::from(xs[i]) - x).hypot(f64::from(ys[i]) - y);
                assert!((width - HALF_WIDTH).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn nearest_tells_index_and_signed_deviation() {
        let track = Phase::Complex.track(5, 260.0);
        for (index, deviation) in [(40, 1.5), (200, -3.0), (333, 0.0)] {
            let nearest = track.nearest(index - 2, track.beside(index, deviation));
            assert_eq!((nearest.index, nearest.advance), (index, 2));
            assert!((nearest.lateral_deviation - deviation).abs() < 1e-9);
            assert!((nearest.distance - deviation.abs()).abs() < 1e-9);
        }
    }

    #[test]
    fn a_loop_wraps_around() {
        let n = 200;
        let point = |i| {
            let (sin, cos) = libm::sincos(TAU * i as f64 / n as f64);
            [16.0 * cos, 16.0 * sin]
        };
        let track = Track::from_loop((0..n).map(point).collect(), vec![[4.0; 2]; n]);
        let nearest = track.nearest(n - 1, track.centre(2));
        assert_eq!((nearest.index, nearest.advance), (2, 3));
        assert_eq!(track.length(), 100.0);
    }
}
