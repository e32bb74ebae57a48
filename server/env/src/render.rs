//! Pictures of a lane: its road, its car and what that sees, as shapes and as SVG.
//!
//! The camera follows the car; the world's x axis points right and its y axis up.

use std::fmt::Write;

use crate::sensors::ray_angle_rad;
use crate::{Drive, Pose};

/// Width and height of a picture where none is asked for, in pixels.
pub const DEFAULT_PIXELS: u32 = 480;
/// Smallest and largest width and height, in pixels.
pub const PIXELS: std::ops::RangeInclusive<u32> = 16..=1024;
/// How much of the world a picture shows in each direction, in units.
const SHOWN: f64 = 53.0;

/// Length and width of the car as it is drawn, in units: larger than the point that it is.
const CAR: [f64; 2] = [3.2, 1.6];

/// Red, green and blue.
pub type Color = [u8; 3];

const GROUND: Color = [233, 236, 228];
const ROAD: Color = [120, 124, 130];
const EDGE: Color = [250, 250, 250];
const CENTRE: Color = [200, 204, 120];
const RAY: Color = [36, 113, 163];
const BODY: Color = [196, 58, 49];
const GLASS: Color = [40, 44, 52];

/// What is drawn, in this order, in pixels from the upper left corner.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Width and height in pixels.
    pub pixels: u32,
    /// Colour of the whole picture before anything is drawn.
    pub ground: Color,
    /// The shapes.
    pub shapes: Vec<Shape>,
}

/// A polygon or a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Its corners.
    pub points: Vec<[f32; 2]>,
    /// Its colour.
    pub color: Color,
    /// Width of the line in pixels; `None` for a filled polygon.
    pub stroke: Option<f32>,
}

/// From the world to the picture.
struct Camera {
    middle: [f64; 2],
    pixels: f64,
}

impl Camera {
    fn see(&self, [x, y]: [f64; 2]) -> [f32; 2] {
        let scale = self.pixels / SHOWN;
        let [dx, dy] = [x - self.middle[0], y - self.middle[1]];
        [0.5 * self.pixels + scale * dx, 0.5 * self.pixels - scale * dy].map(|pixel| pixel as f32)
    }

    fn shape(&self, points: &[[f64; 2]], color: Color, stroke: Option<f64>) -> Shape {
        let stroke = stroke.map(|units| (units * self.pixels / SHOWN) as f32);
        Shape { points: points.iter().map(|&point| self.see(point)).collect(), color, stroke }
    }
}

impl Picture {
    /// The car of an episode now, on its road, with its rays as the driver sees them; `pixels` wide and high.
    pub fn of(drive: &Drive, pixels: u32) -> Self {
        let pose = Pose::of(drive);
        let camera = Camera { middle: pose.position, pixels: f64::from(pixels) };
        let mut shapes = road(drive, &camera);
        shapes.extend(rays(drive, &pose, &camera));
        shapes.extend(car(&pose, &camera));
        Self { pixels, ground: GROUND, shapes }
    }

    /// The picture as a document of its own.
    pub fn svg(&self) -> String {
        let Self { pixels, ground, shapes } = self;
        let mut text = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{pixels}" height="{pixels}" viewBox="0 0 {pixels} {pixels}"><rect width="100%" height="100%" fill="{}"/>"#,
            hex(*ground)
        );
        for Shape { points, color, stroke } in shapes {
            let points: Vec<String> = points.iter().map(|[x, y]| format!("{x:.1},{y:.1}")).collect();
            let (points, color) = (points.join(" "), hex(*color));
            // Writing to a string cannot fail.
            let _ = match stroke {
                None => write!(text, r#"<polygon points="{points}" fill="{color}"/>"#),
                Some(width) => write!(
                    text,
                    r#"<polyline points="{points}" fill="none" stroke="{color}" stroke-width="{width:.1}"/>"#
                ),
            };
        }
        text + "</svg>\n"
    }
}

fn hex([red, green, blue]: Color) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// The samples of the road that can be seen, piece by piece: the outline of a road that turns back on itself would leave holes.
fn road(drive: &Drive, camera: &Camera) -> Vec<Shape> {
    let track = drive.track();
    let last = if track.is_closed() { track.samples() } else { track.samples() - 1 };
    let near = |sample: usize| {
        let [x, y] = track.centre(sample);
        (x - camera.middle[0]).abs().max((y - camera.middle[1]).abs()) < SHOWN
    };
    let pieces: Vec<[usize; 2]> =
        (0..last).filter(|&sample| near(sample)).map(|sample| [sample, (sample + 1) % track.samples()]).collect();
    let left = |sample: usize| track.beside(sample, track.half_width(sample)[0]);
    let right = |sample: usize| track.beside(sample, -track.half_width(sample)[1]);
    let asphalt = pieces.iter().map(|&[a, b]| camera.shape(&[left(a), left(b), right(b), right(a)], ROAD, None));
    let lines = pieces.iter().flat_map(|&[a, b]| {
        let edge = |from, to| camera.shape(&[from, to], EDGE, Some(0.22));
        // The centre line is dashed: two units long, two apart.
        let dash =
            (a / 4).is_multiple_of(2).then(|| camera.shape(&[track.centre(a), track.centre(b)], CENTRE, Some(0.12)));
        [edge(left(a), left(b)), edge(right(a), right(b))].into_iter().chain(dash)
    });
    asphalt.chain(lines).collect()
}

fn rays(drive: &Drive, pose: &Pose, camera: &Camera) -> Vec<Shape> {
    let distances = drive.observation();
    let ray = |(ray, &distance): (usize, &f32)| {
        let (sin, cos) = libm::sincos(pose.heading_rad + ray_angle_rad(ray, distances.len()));
        let [x, y] = pose.position;
        let (distance, half) = (f64::from(distance), 0.35);
        let end = [x + distance * cos, y + distance * sin];
        let tip =
            [[-half, -half], [half, -half], [half, half], [-half, half]].map(|[dx, dy]| [end[0] + dx, end[1] + dy]);
        [camera.shape(&[pose.position, end], RAY, Some(0.12)), camera.shape(&tip, RAY, None)]
    };
    distances.iter().enumerate().flat_map(ray).collect()
}

fn car(pose: &Pose, camera: &Camera) -> [Shape; 2] {
    let (sin, cos) = libm::sincos(pose.heading_rad);
    let rectangle = |back: f64, front: f64, half_width: f64, color| {
        let corner = |along: f64, left: f64| {
            let [x, y] = pose.position;
            [x + along * cos - left * sin, y + along * sin + left * cos]
        };
        let corners = [
            corner(back, half_width),
            corner(front, half_width),
            corner(front, -half_width),
            corner(back, -half_width),
        ];
        camera.shape(&corners, color, None)
    };
    let [length, width] = CAR;
    [
        rectangle(-0.5 * length, 0.5 * length, 0.5 * width, BODY),
        rectangle(0.03 * length, 0.25 * length, 0.3 * width, GLASS),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, Course, Phase, Split, VectorWorld, WorldConfig, WorldOptions};

    fn world(options: WorldOptions) -> VectorWorld {
        let course = Course::Phase { phase: Phase::Complex, split: Split::Test };
        VectorWorld::new(WorldConfig { options, ..WorldConfig::base(course, 1, 100) }).unwrap()
    }

    #[test]
    fn the_car_is_in_the_middle_and_its_rays_end_where_it_sees_the_edge() {
        for rays in [3, 9] {
            let mut world = world(WorldOptions { rays, ..WorldOptions::default() });
            world.step(&[Action::Straight]).unwrap();
            let picture = Picture::of(world.drive(0).unwrap(), 480);
            let drawn: Vec<_> =
                picture.shapes.iter().filter(|shape| shape.color == RAY && shape.stroke.is_some()).collect();
            assert_eq!(drawn.len(), rays);
            for (shape, &distance) in drawn.iter().zip(world.observations()) {
                let [from, to] = shape.points[..] else { panic!("{shape:?}") };
                assert_eq!(from, [240.0, 240.0]);
                let length = (to[0] - from[0]).hypot(to[1] - from[1]);
                assert!((length - distance * 480.0 / SHOWN as f32).abs() < 0.01, "{length} {distance}");
            }
            let body = picture.shapes.iter().find(|shape| shape.color == BODY).unwrap();
            let middle = [0, 1].map(|axis| body.points.iter().map(|point| point[axis]).sum::<f32>() / 4.0);
            assert!(middle.iter().all(|pixel| (pixel - 240.0).abs() < 0.01));
        }
    }

    #[test]
    fn the_document_holds_every_shape() {
        let world = world(WorldOptions::default());
        let picture = Picture::of(world.drive(0).unwrap(), 64);
        let svg = picture.svg();
        assert!(
            svg.starts_with(r#"<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64""#)
                && svg.ends_with("</svg>\n")
        );
        assert_eq!(svg.matches("<polygon").count() + svg.matches("<polyline").count(), picture.shapes.len());
        assert!(picture.shapes.len() > 100 && !svg.contains("NaN"));
    }
}
