//! A multilayer perceptron and its gradient.

use ndarray::{Array2, ArrayView2};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::init::orthogonal;
use crate::arrays::NamedArray;
use crate::random::some_of;
use crate::snn::error::NetworkError;

/// What a hidden unit makes of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `tanh z`.
    Tanh,
    /// `max(z, 0)`.
    Relu,
}

/// Dense layers: `a_0 = x`, `a_k = f(W_k·a_{k−1} + b_k)`; the last layer is linear.
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp {
    /// Units of each layer, inputs and outputs among them.
    widths: Vec<usize>,
    activation: Activation,
    /// Of each layer the weights, input by input, then the biases: a row of weights is what one input sends to every unit.
    parameters: Vec<f32>,
}

/// The activations of a batch, layer by layer, `rows × units` each: what a backward pass needs of the forward pass before it.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    rows: usize,
    layers: Vec<Vec<f32>>,
}

/// A layer's part of the parameters.
#[derive(Clone, Copy)]
struct Layer {
    inputs: usize,
    outputs: usize,
    start: usize,
}

impl Activation {
    fn apply(self, values: &mut [f32]) {
        match self {
            Self::Tanh => values.iter_mut().for_each(|z| *z = libm::tanhf(*z)),
            Self::Relu => values.iter_mut().for_each(|z| *z = z.max(0.0)),
        }
    }

    /// Multiplies `dL/da` with `da/dz`, which the activation a itself tells: `1 − a²` or `1[a > 0]`.
    fn back(self, activations: &[f32], gradient: &mut [f32]) {
        let pairs = gradient.iter_mut().zip(activations);
        match self {
            Self::Tanh => pairs.for_each(|(d, a)| *d *= 1.0 - a * a),
            Self::Relu => pairs.for_each(|(d, a)| *d = if *a > 0.0 { *d } else { 0.0 }),
        }
    }
}

impl Layer {
    fn weights(self) -> std::ops::Range<usize> {
        self.start..self.start + self.inputs * self.outputs
    }

    fn biases(self) -> std::ops::Range<usize> {
        self.weights().end..self.weights().end + self.outputs
    }
}

impl Mlp {
    /// A blank network: orthogonal weights, gain √2 in hidden layers and `output_gain` in the last, no biases.
    pub fn new(widths: Vec<usize>, activation: Activation, output_gain: f32, rng: &mut impl Rng) -> Self {
        let mut network = Self::with_parameters(widths, activation, Vec::new());
        let last = network.layers().count() - 1;
        for (k, Layer { inputs, outputs, .. }) in network.layers().enumerate().collect::<Vec<_>>() {
            let gain = if k == last { output_gain } else { std::f32::consts::SQRT_2 };
            network.parameters.extend(orthogonal(inputs, outputs, gain, rng));
            network.parameters.extend(std::iter::repeat_n(0.0, outputs));
        }
        network
    }

    fn with_parameters(widths: Vec<usize>, activation: Activation, parameters: Vec<f32>) -> Self {
        Self { widths, activation, parameters }
    }

    /// A network of the same shape with these parameters, if they are as many and finite.
    pub fn restored(&self, parameters: Vec<f32>) -> Result<Self, NetworkError> {
        if parameters.len() != self.parameters.len() || !parameters.iter().all(|parameter| parameter.is_finite()) {
            let wanted = self.parameters.len();
            return Err(NetworkError::Config(format!("the network needs {wanted} finite parameters")));
        }
        Ok(Self { parameters, ..self.clone() })
    }

    /// All parameters.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// The same, to be changed.
    pub fn parameters_mut(&mut self) -> &mut [f32] {
        &mut self.parameters
    }

    /// MACs of one row in [`Self::forward`].
    pub fn forward_macs(&self) -> u64 {
        self.layers().map(|layer| layer.weights().len() as u64).sum()
    }

    /// MACs of one row in [`Self::backward`].
    pub fn backward_macs(&self) -> u64 {
        2 * self.forward_macs() - (self.widths[0] * self.widths[1]) as u64
    }

    /// The outputs for a batch of inputs, row after row.
    pub fn forward<'t>(&self, inputs: &[f32], tape: &'t mut Tape) -> &'t [f32] {
        tape.rows = inputs.len() / self.widths[0];
        tape.layers.resize_with(self.widths.len(), Vec::new);
        tape.layers[0].clear();
        tape.layers[0].extend_from_slice(inputs);
        let last = self.widths.len() - 2;
        for (k, layer) in self.layers().enumerate() {
            let (before, after) = tape.layers.split_at_mut(k + 1);
            let (x, y) = (&before[k], &mut after[0]);
            affine(x, &self.parameters[layer.weights()], &self.parameters[layer.biases()], y);
            if k < last {
                self.activation.apply(y);
            }
        }
        &tape.layers[last + 1]
    }

    /// Adds `dL/dθ` to `gradient`, given `dL/dy` for each output of the forward pass that `tape` holds (Rumelhart et al. 1986):
    /// `dL/dW_k = Σ_rows a_{k−1}·δ_kᵀ`, `dL/db_k = Σ_rows δ_k`, `δ_{k−1} = (W_kᵀ·δ_k)⊙f'`.
    pub fn backward(&self, tape: &Tape, output_gradient: &[f32], gradient: &mut [f32]) {
        let mut delta = output_gradient.to_vec();
        let (mut transposed, mut before) = (Vec::new(), Vec::new());
        for (k, layer) in self.layers().enumerate().collect::<Vec<_>>().into_iter().rev() {
            let Layer { inputs, outputs, .. } = layer;
            add_outer(&tape.layers[k], &delta, inputs, outputs, &mut gradient[layer.weights()]);
            for row in delta.chunks_exact(outputs) {
                gradient[layer.biases()].iter_mut().zip(row).for_each(|(sum, d)| *sum += d);
            }
            if k > 0 {
                let weights = &self.parameters[layer.weights()];
                transposed.clear();
                transposed.extend((0..inputs * outputs).map(|at| weights[at % inputs * outputs + at / inputs]));
                affine(&delta, &transposed, &vec![0.0; inputs], &mut before);
                self.activation.back(&tape.layers[k], &mut before);
                std::mem::swap(&mut delta, &mut before);
            }
        }
    }

    /// Weights `W[unit, input]` and biases `b[unit, 0]` of every layer, as `{name}.{layer}.weight` and `{name}.{layer}.bias`.
    pub fn arrays(&self, name: &str) -> Vec<NamedArray> {
        let arrays = |(k, layer): (usize, Layer)| {
            let weights = Array2::from_shape_fn((layer.outputs, layer.inputs), |(unit, input)| {
                self.parameters[layer.weights()][input * layer.outputs + unit]
            });
            let biases = Array2::from_shape_fn((layer.outputs, 1), |(unit, _)| self.parameters[layer.biases()][unit]);
            [(format!("{name}.{k}.weight"), weights), (format!("{name}.{k}.bias"), biases)]
        };
        let named = |(name, values)| NamedArray { name, values };
        self.layers().enumerate().flat_map(arrays).map(named).collect()
    }

    /// The network of the same shape that these arrays tell of; others among them are passed over.
    pub fn with_arrays(&self, name: &str, arrays: &[NamedArray]) -> Result<Self, NetworkError> {
        let mut network = self.clone();
        for (k, layer) in self.layers().enumerate() {
            let Layer { inputs, outputs, .. } = layer;
            let weights = NamedArray::find(arrays, &format!("{name}.{k}.weight"), (outputs, inputs))?;
            let biases = NamedArray::find(arrays, &format!("{name}.{k}.bias"), (outputs, 1))?;
            copy(weights.t(), &mut network.parameters[layer.weights()]);
            copy(biases, &mut network.parameters[layer.biases()]);
        }
        Ok(network)
    }

    /// Takes so many percent of the units of each hidden layer away, for good: the weights into and out of them and their biases
    /// become 0. Such a unit puts out `f(0) = 0`, and no gradient reaches it: `δ = W_outᵀ·δ_out⊙f' = 0`. Returns these parameters, of
    /// which an optimiser must remember nothing.
    pub fn cut(&mut self, percent: usize, rng: &mut impl Rng) -> Vec<usize> {
        let layers: Vec<Layer> = self.layers().collect();
        let mut silent = Vec::new();
        for (into, out) in layers.iter().zip(&layers[1..]) {
            let units = into.outputs;
            for unit in some_of(units * percent / 100, units, rng) {
                silent.extend(into.weights().skip(unit).step_by(units));
                silent.push(into.biases().start + unit);
                silent.extend(out.weights().skip(unit * out.outputs).take(out.outputs));
            }
        }
        self.silence(&silent);
        silent
    }

    /// Sets these parameters to 0.
    pub fn silence(&mut self, parameters: &[usize]) {
        parameters.iter().for_each(|&at| self.parameters[at] = 0.0);
    }

    fn layers(&self) -> impl Iterator<Item = Layer> {
        let mut start = 0;
        self.widths.windows(2).map(move |pair| {
            let layer = Layer { inputs: pair[0], outputs: pair[1], start };
            start = layer.biases().end;
            layer
        })
    }
}

fn copy(from: ArrayView2<f32>, to: &mut [f32]) {
    to.iter_mut().zip(from.iter()).for_each(|(to, from)| *to = *from);
}

/// Inputs, or rows, that the two kernels below take at once: their sums then stay in registers. The order of every sum is fixed, so
/// that it comes out the same on every machine.
const BLOCK: usize = 4;

/// `y = x·W + b`, row by row.
fn affine(x: &[f32], weights: &[f32], biases: &[f32], y: &mut Vec<f32>) {
    let outputs = biases.len();
    let inputs = weights.len() / outputs;
    y.clear();
    y.resize(x.len() / inputs * outputs, 0.0);
    for (x, y) in x.chunks_exact(inputs).zip(y.chunks_exact_mut(outputs)) {
        y.copy_from_slice(biases);
        let (blocks, rest) = x.as_chunks::<BLOCK>();
        let mut rows = weights.chunks_exact(outputs);
        for block in blocks {
            add_scaled(block, std::array::from_fn(|_| rows.next().unwrap_or_default()), y);
        }
        for (x, row) in rest.iter().zip(rows) {
            y.iter_mut().zip(row).for_each(|(y, w)| *y += x * w);
        }
    }
}

/// `G += xᵀ·δ`, summed over the rows.
fn add_outer(x: &[f32], delta: &[f32], inputs: usize, outputs: usize, gradient: &mut [f32]) {
    let mut blocks = x.chunks_exact(BLOCK * inputs).zip(delta.chunks_exact(BLOCK * outputs));
    for (x, delta) in &mut blocks {
        for (input, gradient) in gradient.chunks_exact_mut(outputs).enumerate() {
            let scales = std::array::from_fn(|row| x[row * inputs + input]);
            add_scaled(&scales, std::array::from_fn(|row| &delta[row * outputs..][..outputs]), gradient);
        }
    }
    let done = x.len() / (BLOCK * inputs) * BLOCK;
    for (x, delta) in x[done * inputs..].chunks_exact(inputs).zip(delta[done * outputs..].chunks_exact(outputs)) {
        for (x, gradient) in x.iter().zip(gradient.chunks_exact_mut(outputs)) {
            gradient.iter_mut().zip(delta).for_each(|(g, d)| *g += x * d);
        }
    }
}

/// `y += Σ_k scale_k·row_k`.
#[inline]
fn add_scaled(scales: &[f32; BLOCK], rows: [&[f32]; BLOCK], y: &mut [f32]) {
    let [r0, r1, r2, r3] = rows.map(|row| &row[..y.len()]);
    for (k, y) in y.iter_mut().enumerate() {
        *y += (scales[0] * r0[k] + scales[1] * r1[k]) + (scales[2] * r2[k] + scales[3] * r3[k]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream, uniform_in};

    /// 2 inputs, 2 hidden units, 1 output: h = f(x₀ + x₁, 2·x₀ − x₁ + 0.5), y = 3·h₀ − 2·h₁ + 1.
    fn by_hand(activation: Activation) -> Mlp {
        let parameters = vec![1.0, 2.0, 1.0, -1.0, 0.0, 0.5, 3.0, -2.0, 1.0];
        Mlp::with_parameters(vec![2, 2, 1], activation, parameters)
    }

    #[test]
    fn golden_outputs_and_gradients() {
        let (network, mut tape) = (by_hand(Activation::Relu), Tape::default());
        // x = (1, 2): z = (3, 0.5), h = z, y = 9 − 1 + 1 = 9. x = (−1, 0): z = (−1, −1.5), h = 0, y = 1.
        assert_eq!(network.forward(&[1.0, 2.0, -1.0, 0.0], &mut tape), [9.0, 1.0]);
        let mut gradient = vec![0.0; 9];
        network.backward(&tape, &[1.0, 10.0], &mut gradient);
        // Of the second row only the output's bias feels anything: 1 + 10.
        assert_eq!(gradient, [3.0, -2.0, 6.0, -4.0, 3.0, -2.0, 3.0, 0.5, 11.0]);
        let network = by_hand(Activation::Tanh);
        let y = 3.0 * libm::tanhf(3.0) - 2.0 * libm::tanhf(0.5) + 1.0;
        assert!((network.forward(&[1.0, 2.0], &mut tape)[0] - y).abs() < 1e-6);
    }

    #[test]
    fn macs_are_inputs_times_outputs() {
        let network = Mlp::new(vec![3, 64, 64, 3], Activation::Relu, 1.0, &mut stream(1, Purpose::Wiring, 0));
        // 192 + 4096 + 192; twice that less the first layer's 192.
        assert_eq!((network.forward_macs(), network.backward_macs()), (4480, 8768));
        assert_eq!(network.parameters().len(), 4480 + 131);
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        for (widths, activation) in [
            (vec![5, 7, 6, 3], Activation::Tanh),
            (vec![5, 9, 3], Activation::Relu),
            (vec![9, 4, 4, 4, 2], Activation::Tanh),
        ] {
            let mut rng = stream(3, Purpose::Wiring, 0);
            let (rows, inputs, outputs) = (6, widths[0], widths[widths.len() - 1]);
            let mut network = Mlp::new(widths, activation, 1.0, &mut rng);
            let mut draw = |n: usize| (0..n).map(|_| uniform_in(&mut rng, -1.0, 1.0)).collect::<Vec<f32>>();
            let (x, scales) = (draw(rows * inputs), draw(rows * outputs));
            // L = Σ s·y: its gradient with respect to y is s.
            let mut tape = Tape::default();
            network.forward(&x, &mut tape);
            let mut gradient = vec![0.0; network.parameters().len()];
            network.backward(&tape, &scales, &mut gradient);
            let mut loss = |network: &Mlp| -> f64 {
                network.forward(&x, &mut tape).iter().zip(&scales).map(|(y, s)| f64::from(y * s)).sum()
            };
            for (k, &found) in gradient.iter().enumerate() {
                let (parameter, step) = (network.parameters[k], 1e-3);
                network.parameters[k] = parameter + step;
                let above = loss(&network);
                network.parameters[k] = parameter - step;
                let difference = (above - loss(&network)) / (2.0 * f64::from(step));
                network.parameters[k] = parameter;
                assert!((difference - f64::from(found)).abs() < 5e-3, "parameter {k}: {found} instead of {difference}");
            }
        }
    }

    #[test]
    fn a_unit_that_is_cut_puts_out_nothing_and_feels_nothing() {
        for activation in [Activation::Tanh, Activation::Relu] {
            let mut rng = stream(4, Purpose::Damage, 0);
            let mut network = Mlp::new(vec![5, 8, 6, 3], activation, 1.0, &mut rng);
            network.parameters_mut().iter_mut().for_each(|parameter| *parameter += 0.1);
            let silent = network.cut(50, &mut rng);
            // 4 units of 5 + 1 + 6 parameters, 3 of 8 + 1 + 3; those between two of them count twice.
            assert_eq!(silent.len(), 4 * 12 + 3 * 12);
            let (mut tape, mut gradient) = (Tape::default(), vec![0.0; network.parameters().len()]);
            network.forward(&[0.3, -0.2, 0.9, 1.0, -1.0], &mut tape);
            network.backward(&tape, &[1.0, -2.0, 0.5], &mut gradient);
            assert!(silent.iter().all(|&at| network.parameters()[at] == 0.0 && gradient[at] == 0.0));
            for (layer, dead) in [(1, 4), (2, 3)] {
                let silent = tape.layers[layer].iter().filter(|a| **a == 0.0).count();
                // A rectified unit may be silent and alive.
                let fits = silent == dead || (silent > dead && activation == Activation::Relu);
                assert!(fits, "{silent} of layer {layer} are silent, {activation:?}");
            }
        }
    }

    #[test]
    fn a_network_is_restored_from_its_arrays() {
        let new = |seed| Mlp::new(vec![3, 8, 2], Activation::Tanh, 0.5, &mut stream(seed, Purpose::Wiring, 0));
        let (network, other) = (new(1), new(2));
        let arrays = network.arrays("q");
        let names: Vec<_> = arrays.iter().map(|array| (array.name.as_str(), array.values.dim())).collect();
        assert_eq!(names, [("q.0.weight", (8, 3)), ("q.0.bias", (8, 1)), ("q.1.weight", (2, 8)), ("q.1.bias", (2, 1))]);
        assert_eq!(other.with_arrays("q", &arrays).unwrap(), network);
        assert_eq!(by_hand(Activation::Relu).arrays("q")[0].values, ndarray::array![[1.0, 1.0], [2.0, -1.0]]);
        let text = |arrays: &[NamedArray]| network.with_arrays("q", arrays).unwrap_err().to_string();
        assert_eq!(text(&arrays[1..]), "there is no array q.0.weight: it must be 8 × 3");
        let mut wrong = arrays.clone();
        wrong[1].values = Array2::zeros((1, 8));
        assert_eq!(text(&wrong), "the array q.0.bias is 1 × 8: it must be 8 × 1");
        wrong[1].values = Array2::from_elem((8, 1), f32::NAN);
        assert_eq!(text(&wrong), "q.0.bias [0, 0] is NaN: every number must be finite");
        assert!(network.restored(vec![0.0; 3]).unwrap_err().to_string().contains("needs 50 finite parameters"));
    }
}
