// Statistics of learning curves.

/** Two-sided probability of the intervals. */
const COVERED = 0.95;
/** 97.5 % quantile of the normal distribution. */
const Z_975 = 1.959963984540054;
/** Degrees of freedom from which on the expansion is used. */
const MANY = 200;
const quantiles = new Map();

/**
 * 97.5 % quantile of Student's t. Up to 200 degrees of freedom the exact distribution function is inverted by bisection; beyond, the
 * expansion in 1/ν of Abramowitz and Stegun (1964), 26.7.5, is off by less than 1e-9.
 * @param {number} freedom degrees of freedom, a whole number from 1 @returns {number} NaN for others
 */
export function t975(freedom) {
  if (!Number.isInteger(freedom) || freedom < 1) return NaN;
  if (!quantiles.has(freedom)) quantiles.set(freedom, freedom < MANY ? invertedT(freedom) : expandedT(freedom));
  return quantiles.get(freedom);
}

/** The t between which and −t the share `COVERED` lies; t = √ν·tan θ. */
function invertedT(freedom) {
  let low = 0;
  let high = Math.PI / 2;
  for (let round = 0; round < 60; round++) {
    const angle = (low + high) / 2;
    if (shareWithin(angle, freedom) < COVERED) low = angle;
    else high = angle;
  }
  return Math.sqrt(freedom) * Math.tan((low + high) / 2);
}

/** P(|T| < √ν·tan θ) as a finite sum: Abramowitz and Stegun (1964), 26.7.3 for odd ν and 26.7.4 for even ν. */
function shareWithin(angle, freedom) {
  const odd = freedom % 2 === 1;
  const square = Math.cos(angle) ** 2;
  let term = odd ? Math.cos(angle) : 1;
  let sum = freedom > 1 ? term : 0;
  for (let k = odd ? 3 : 2; k < freedom; k += 2) {
    term *= ((k - 1) / k) * square;
    sum += term;
  }
  return odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}

function expandedT(freedom) {
  const z = Z_975;
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
  ];
  return terms.reduceRight((sum, term) => (sum + term) / freedom, 0) + z;
}

/** @param {ArrayLike<number>} values @returns {number} arithmetic mean, NaN of nothing */
function mean(values) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/**
 * Mean and its 95 % confidence interval by Student's t: mean ± t·s/√n.
 * @param {number[]} values
 * @returns {{mean: number, low: number, high: number, count: number}} of one value the interval is NaN
 */
export function meanInterval(values) {
  const count = values.length;
  const centre = mean(values);
  if (count < 2) return { mean: centre, low: NaN, high: NaN, count };
  let squares = 0;
  for (const value of values) squares += (value - centre) ** 2;
  const half = (t975(count - 1) * Math.sqrt(squares / (count - 1))) / Math.sqrt(count);
  return { mean: centre, low: centre - half, high: centre + half, count };
}

/**
 * Exponential moving average without the bias of its start: s_i = β·s_{i−1} + (1−β)·x_i, divided by 1 − β^(i+1).
 * @param {ArrayLike<number>} values what is no finite number is passed over, and keeps the place of a gap as NaN
 * @param {number} weight β in [0, 1); 0 changes nothing
 * @returns {Float64Array}
 */
export function smooth(values, weight) {
  const result = new Float64Array(values.length);
  let average = 0;
  let scale = 0;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      result[i] = NaN;
      continue;
    }
    average = weight * average + (1 - weight) * values[i];
    scale = weight * scale + (1 - weight);
    result[i] = average / scale;
  }
  return result;
}

/**
 * Mean and interval across curves at each x that at least two of them have; curves need not be equally long.
 * @param {{xs: number[], ys: ArrayLike<number>}[]} curves
 * @returns {{xs: number[], mean: number[], low: number[], high: number[], counts: number[]}} `counts` is how many curves each mean is of
 */
export function acrossRuns(curves) {
  const at = new Map();
  for (const { xs, ys } of curves) {
    xs.forEach((x, i) => {
      if (!Number.isFinite(ys[i])) return;
      if (!at.has(x)) at.set(x, []);
      at.get(x).push(ys[i]);
    });
  }
  const band = { xs: [], mean: [], low: [], high: [], counts: [] };
  for (const x of [...at.keys()].sort((a, b) => a - b)) {
    const interval = meanInterval(at.get(x));
    if (interval.count < 2) continue;
    band.xs.push(x);
    band.mean.push(interval.mean);
    band.low.push(interval.low);
    band.high.push(interval.high);
    band.counts.push(interval.count);
  }
  return band;
}
