//! A picture of spikes: who, when, and which pool won.

use std::fmt::Write as _;
use std::ops::Range;

use spikedrive_learners::Population;

use super::spikes::Spikes;
use crate::experiments::chart::{COLOURS, escape};

/// Size of a tick and of a neuron.
const CELL: [f64; 2] = [1.9, 3.4];
/// Left, top, right, bottom.
const MARGIN: [f64; 4] = [106.0, 44.0, 12.0, 40.0];
/// Names of the winners.
const WINNERS: [&str; 3] = ["L", "S", "R"];

/// Draws the spikes of some steps as SVG: a row for each neuron, a stroke for each spike, and above each step the pool that won it.
pub fn raster(title: &str, spikes: &Spikes, populations: &[Population], steps: Range<usize>) -> String {
    let steps = steps.start.min(spikes.steps())..steps.end.min(spikes.steps());
    let ticks = spikes.ticks() as f64;
    let [left, top, right, bottom] = MARGIN;
    let wide = CELL[0] * ticks * steps.len() as f64;
    let high = CELL[1] * spikes.neurons() as f64;
    let (width, height, title) = (left + wide + right, top + high + bottom, escape(title));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"currentColor\" role=\"img\">\n\
         <title>{title}</title>\n<rect class=\"paper\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"#ffffff\"/>\n<text x=\"{left}\" y=\"16\" font-weight=\"bold\">{title}</text>\n"
    );
    for (k, step) in steps.clone().enumerate() {
        let x = left + CELL[0] * ticks * k as f64;
        let _ = writeln!(
            svg,
            "<path d=\"M{x:.1} {top} v{high:.1}\" stroke=\"currentColor\" stroke-opacity=\"0.2\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x + CELL[0] * ticks / 2.0,
            top - 8.0,
            WINNERS[spikes.winners()[step].min(2)]
        );
    }
    for (k, Population { name, neurons }) in populations.iter().enumerate() {
        let mut path = String::new();
        for (neuron, step) in neurons.clone().flat_map(|neuron| steps.clone().map(move |step| (neuron, step))) {
            for tick in (0..spikes.ticks()).filter(|tick| spikes.train(step, neuron) >> tick & 1 == 1) {
                let x = left + CELL[0] * (ticks * (step - steps.start) as f64 + tick as f64 + 0.5);
                let _ = write!(path, "M{x:.1} {:.1}v2.6", top + CELL[1] * neuron as f64 + 0.4);
            }
        }
        let middle = top + CELL[1] * (neurons.start + neurons.end) as f64 / 2.0 + 4.0;
        let _ = writeln!(
            svg,
            "<path d=\"{path}\" stroke=\"{}\" stroke-width=\"1.4\"/><text x=\"{:.1}\" y=\"{middle:.1}\" text-anchor=\"end\">{name}</text>",
            COLOURS[k % COLOURS.len()],
            left - 6.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{} steps of {} ms; above each the pool that won: left, straight, right</text>",
        left + wide / 2.0,
        height - 14.0,
        steps.len(),
        spikes.ticks()
    );
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use spikedrive_learners::Raster;

    use super::*;

    #[test]
    fn strokes_are_where_spikes_are() {
        let mut spikes = Spikes::new(4, 2).unwrap();
        for winner in [0, 2] {
            let mut raster = Raster::new(4);
            raster.tick([3].into_iter());
            raster.tick([0, 3].into_iter());
            spikes.push(winner, &raster);
        }
        let populations = [Population { name: "sensory", neurons: 0..2 }, Population { name: "motor", neurons: 2..4 }];
        let svg = raster("a < b", &spikes, &populations, 0..9);
        assert_eq!((svg.matches("v2.6").count(), svg.matches(">L<").count(), svg.matches(">R<").count()), (6, 1, 1));
        // Neuron 0 in the second tick of either step, two ticks of 1.9 apart.
        assert!(svg.contains("<path d=\"M108.8 44.4v2.6M112.7 44.4v2.6\" stroke=\"#0072b2\""), "{svg}");
        assert!(svg.contains("a &lt; b") && svg.contains("2 steps of 2 ms"), "{svg}");
        assert_eq!(raster("", &spikes, &populations, 5..9).matches("v2.6").count(), 0);
    }
}
