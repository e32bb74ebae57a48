//! The arrays that a file keeps of a spiking network.

use super::config::SnnConfig;
use super::synapses::Layout;
use crate::arrays::NamedArray;

/// Name of the array `W[post, pre]`.
pub const WEIGHTS: &str = "weights";
/// Name of the array of the forward model, if there is one: `M[action·rays + ray, sensory neuron]`.
pub const FORWARD: &str = "forward";
/// Name of the array of the model that runs ahead, if there is one: `M[ray, cell of the present]`, and
/// further columns for a constant and the actions until then.
pub const AHEAD: &str = "ahead";
/// Name of the array of synapses that hear the past, if there are any: `W[motor neuron, copy·afferents + afferent]`.
pub const FILTERED: &str = "filtered";

/// What these neurons say to others is set to 0, in arrays of [`super::Network::arrays`].
pub fn silence(config: &SnnConfig, arrays: &mut [NamedArray], neurons: &[usize]) {
    let (layout, cells_of_the_present) = (Layout::new(config), config.code.cells_of_the_present());
    for NamedArray { name, values } in arrays {
        for &neuron in neurons {
            let columns: Vec<usize> = match name.as_str() {
                FILTERED => layout.filtered_columns(neuron).collect(),
                // Those that look ahead are no part of their own model.
                AHEAD if neuron >= cells_of_the_present => Vec::new(),
                // The forward model hears the sensory neurons alone.
                _ => (neuron..values.ncols().min(neuron + 1)).collect(),
            };
            columns.into_iter().for_each(|column| values.column_mut(column).fill(0.0));
        }
    }
}
