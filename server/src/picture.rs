//! Pictures of a lane, as the wire has them.

use spikedrive_env::VectorWorld;
use spikedrive_env::render::{Color, DEFAULT_PIXELS, PIXELS, Picture, Shape};
use spikedrive_proto::convert::ConvertError;
use spikedrive_proto::v1;
use tiny_skia::{FillRule, LineCap, Paint, PathBuilder, Pixmap, Stroke, Transform};

/// A picture of a lane.
pub(crate) fn render(world: &VectorWorld, settings: &v1::RenderSettings) -> Result<v1::RenderResponse, ConvertError> {
    let error = |field, reason| ConvertError { field, reason };
    let pixels = if settings.pixels == 0 { DEFAULT_PIXELS } else { settings.pixels };
    if !PIXELS.contains(&pixels) {
        return Err(error("pixels", format!("{pixels} is outside {}..={}", PIXELS.start(), PIXELS.end())));
    }
    let lanes = world.config().lanes;
    let drive = world.drive(settings.lane as usize).ok_or_else(|| {
        error("lane", format!("{} is none of the {lanes} lanes, the first of which is 0", settings.lane))
    })?;
    let picture = Picture::of(drive, pixels);
    let format = v1::PictureFormat::try_from(settings.format)
        .map_err(|_| error("format", format!("{} is no format: use 1 (RGB) or 2 (SVG)", settings.format)))?;
    let (format, data) = match format {
        v1::PictureFormat::Svg => (format, picture.svg().into_bytes()),
        v1::PictureFormat::Unspecified | v1::PictureFormat::Rgb => {
            (v1::PictureFormat::Rgb, rgb(&picture).unwrap_or_default())
        }
    };
    Ok(v1::RenderResponse { pixels, format: format.into(), data })
}

/// Red, green and blue of each pixel, row by row from the top; `None` if the picture has no size.
fn rgb(picture: &Picture) -> Option<Vec<u8>> {
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
