//! Pictures as pixels.

use spikedrive_env::render::{Color, Picture, Shape};
use tiny_skia::{FillRule, LineCap, Paint, PathBuilder, Pixmap, Stroke, Transform};

/// Red, green and blue of each pixel, row by row from the top; `None` if the picture has no size.
pub(crate) fn rgb(picture: &Picture) -> Option<Vec<u8>> {
    let mut pixmap = Pixmap::new(picture.pixels, picture.pixels)?;
    let [red, green, blue] = picture.ground;
    pixmap.fill(tiny_skia::Color::from_rgba8(red, green, blue, u8::MAX));
    for shape in &picture.shapes {
        draw(&mut pixmap, shape);
    }
    // Nothing is transparent, so that red, green and blue are what they were before they were multiplied with it.
    Some(pixmap.pixels().iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect())
}

fn draw(pixmap: &mut Pixmap, Shape { points, color, stroke }: &Shape) {
    let mut path = PathBuilder::new();
    for (number, &[x, y]) in points.iter().enumerate() {
        if number == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
    }
    match stroke {
        Some(width) => {
            let stroke = Stroke { width: *width, line_cap: LineCap::Round, ..Stroke::default() };
            if let Some(path) = path.finish() {
                pixmap.stroke_path(&path, &paint(*color, true), &stroke, Transform::identity(), None);
            }
        }
        None => {
            path.close();
            if let Some(path) = path.finish() {
                // Without antialiasing: the pieces of a road would show their seams.
                pixmap.fill_path(&path, &paint(*color, false), FillRule::Winding, Transform::identity(), None);
            }
        }
    }
}

fn paint([red, green, blue]: Color, anti_alias: bool) -> Paint<'static> {
    let mut paint = Paint { anti_alias, ..Paint::default() };
    paint.set_color_rgba8(red, green, blue, u8::MAX);
    paint
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_drawn_where_they_are() {
        let square = |low: f32, high: f32| vec![[low, low], [high, low], [high, high], [low, high]];
        let picture = Picture {
            pixels: 20,
            ground: [1, 2, 3],
            shapes: vec![
                Shape { points: square(5.0, 10.0), color: [200, 0, 0], stroke: None },
                Shape { points: vec![[0.0, 15.0], [20.0, 15.0]], color: [0, 0, 200], stroke: Some(4.0) },
                Shape { points: vec![], color: [9, 9, 9], stroke: None },
            ],
        };
        let pixels = rgb(&picture).unwrap();
        let at = |x: usize, y: usize| pixels[3 * (20 * y + x)..][..3].to_vec();
        assert_eq!(pixels.len(), 20 * 20 * 3);
        assert_eq!(
            (at(0, 0), at(7, 7), at(11, 7), at(9, 15)),
            (vec![1, 2, 3], vec![200, 0, 0], vec![1, 2, 3], vec![0, 0, 200])
        );
        assert_eq!(rgb(&Picture { pixels: 0, ..picture }), None);
    }
}
