// Statistics of learning curves.

/** 97.5 % quantile of Student's t for 1 to 30 degrees of freedom. */
const T_975 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101,
  2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/**
 * 97.5 % quantile of Student's t: from the table up to 30 degrees of freedom, beyond by the expansion
 * z + (z³ + z)/(4ν), which is off by less than 0.001 there.
 * @param {number} freedom degrees of freedom, at least 1
 */
export function t975(freedom) {
  if (freedom <= T_975.length) return T_975[freedom - 1];
  const z = 1.959964;
  return z + (z * z * z + z) / (4 * freedom);
}

/** @param {ArrayLike<number>} values @returns {number} arithmetic mean, NaN of nothing */
export function mean(values) {
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
 * @param {ArrayLike<number>} values NaN is passed over, and keeps the place of a gap
 * @param {number} weight β in [0, 1); 0 changes nothing
 * @returns {Float64Array}
 */
export function smooth(values, weight) {
  const result = new Float64Array(values.length);
  let average = 0;
  let scale = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) {
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
 * Mean and interval across runs at each x that at least two of them have; curves need not be equally long.
 * @param {{xs: number[], ys: ArrayLike<number>}[]} curves
 * @returns {{xs: number[], mean: number[], low: number[], high: number[], counts: number[]}}
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
