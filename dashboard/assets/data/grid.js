// Curves whose points lie at different x, brought to one grid so that they can be averaged.

/** Points of a grid, at most. */
const MOST = 500;

/**
 * Curves at common x: whole numbers, evenly apart over the range that at least two curves cover, as many as the longest curve has
 * points and at most 500. Between its points a curve is interpolated linearly; beyond its ends it is not continued. Of points at one x
 * the mean counts.
 * @param {{xs: ArrayLike<number>, ys: ArrayLike<number>}[]} curves
 * @returns {{xs: number[], ys: number[]}[]} those of the curves that have a point, on the grid as far as they reach
 */
export function onGrid(curves) {
  const clean = curves.map(points).filter((curve) => curve.length);
  const grid = gridOf(clean);
  return clean.map((curve) => {
    const first = curve[0].x;
    const last = curve.at(-1).x;
    const xs = grid.filter((x) => x >= first && x <= last);
    return { xs, ys: interpolated(curve, xs) };
  });
}

/** The finite points of a curve, by x. */
function points({ xs, ys }) {
  const at = new Map();
  for (let i = 0; i < xs.length; i++) {
    if (!Number.isFinite(xs[i]) || !Number.isFinite(ys[i])) continue;
    const sum = at.get(xs[i]) ?? { total: 0, count: 0 };
    sum.total += ys[i];
    sum.count++;
    at.set(xs[i], sum);
  }
  return [...at].map(([x, { total, count }]) => ({ x, y: total / count })).sort((a, b) => a.x - b.x);
}

function gridOf(curves) {
  if (curves.length < 2) return [];
  // From where the second curve begins to where the last but one ends.
  const low = curves.map((curve) => curve[0].x).sort((a, b) => a - b)[1];
  const high = curves.map((curve) => curve.at(-1).x).sort((a, b) => b - a)[1];
  if (low > high) return [];
  const parts = Math.min(MOST, Math.max(...curves.map((curve) => curve.length))) - 1;
  const grid = Array.from({ length: parts + 1 }, (_, i) => Math.round(parts ? low + ((high - low) * i) / parts : low));
  return [...new Set(grid)];
}

/** @param {{x: number, y: number}[]} curve by x @param {number[]} xs within its range, by size */
function interpolated(curve, xs) {
  let i = 0;
  return xs.map((x) => {
    while (i < curve.length - 2 && curve[i + 1].x <= x) i++;
    const from = curve[i];
    const to = curve[i + 1] ?? from;
    return to.x > from.x ? from.y + ((to.y - from.y) * (x - from.x)) / (to.x - from.x) : from.y;
  });
}
