// The geometry of a road: its edges, its extent, and where on it a car is.

/**
 * @typedef {{name: string, closed: boolean, count: number, centre: Float32Array, left: Float32Array, right: Float32Array,
 *   along: Float32Array, length: number, bounds: {minX: number, maxX: number, minY: number, maxY: number}}} RoadShape
 *   points as x, y pairs; `along` is the distance from the first point
 */

/**
 * Lays out a road. The edges stand square to the direction between a point's neighbours.
 * @param {import('../wire/telemetry.js').Road} road
 * @returns {RoadShape}
 */
export function layOut({ name, closed, centre, halfWidths }) {
  const count = centre.length / 2;
  const left = new Float32Array(count * 2);
  const right = new Float32Array(count * 2);
  const along = new Float32Array(count);
  const bounds = { minX: Infinity, maxX: -Infinity, minY: Infinity, maxY: -Infinity };
  for (let i = 0; i < count; i++) {
    const before = closed ? (i + count - 1) % count : Math.max(0, i - 1);
    const after = closed ? (i + 1) % count : Math.min(count - 1, i + 1);
    const dx = centre[2 * after] - centre[2 * before];
    const dy = centre[2 * after + 1] - centre[2 * before + 1];
    const length = Math.hypot(dx, dy) || 1;
    const x = centre[2 * i];
    const y = centre[2 * i + 1];
    left[2 * i] = x - (dy / length) * halfWidths[2 * i];
    left[2 * i + 1] = y + (dx / length) * halfWidths[2 * i];
    right[2 * i] = x + (dy / length) * halfWidths[2 * i + 1];
    right[2 * i + 1] = y - (dx / length) * halfWidths[2 * i + 1];
    if (i > 0) along[i] = along[i - 1] + Math.hypot(x - centre[2 * i - 2], y - centre[2 * i - 1]);
    bounds.minX = Math.min(bounds.minX, left[2 * i], right[2 * i]);
    bounds.maxX = Math.max(bounds.maxX, left[2 * i], right[2 * i]);
    bounds.minY = Math.min(bounds.minY, left[2 * i + 1], right[2 * i + 1]);
    bounds.maxY = Math.max(bounds.maxY, left[2 * i + 1], right[2 * i + 1]);
  }
  const gap = closed && count > 1 ? Math.hypot(centre[0] - centre[2 * count - 2], centre[1] - centre[2 * count - 1]) : 0;
  return { name, closed, count, centre, left, right, along, length: count ? along[count - 1] + gap : 0, bounds };
}

/**
 * Index of the point of the centre line next to a position. A track may overlap itself, so it is sought near `hint` first and
 * everywhere only when the car is far from there.
 * @param {RoadShape} road @param {number} x @param {number} y @param {number} hint index of the step before, or -1
 */
export function nearest(road, x, y, hint) {
  if (hint >= 0) {
    const near = scan(road, x, y, hint - 20, hint + 40);
    if (squared(road, near, x, y) < 100) return near;
  }
  return scan(road, x, y, 0, road.count - 1);
}

/**
 * Distance from the centre line in units, left positive.
 * @param {RoadShape} road @param {number} index nearest point @param {number} x @param {number} y
 */
export function lateralDeviation(road, index, x, y) {
  const dx = road.left[2 * index] - road.right[2 * index];
  const dy = road.left[2 * index + 1] - road.right[2 * index + 1];
  const width = Math.hypot(dx, dy) || 1;
  return ((x - road.centre[2 * index]) * dx + (y - road.centre[2 * index + 1]) * dy) / width;
}

/** Index of a point, counted round a closed road and held at the ends of an open one. @param {RoadShape} road @param {number} k */
export function pointAt(road, k) {
  return road.closed ? ((k % road.count) + road.count) % road.count : Math.min(road.count - 1, Math.max(0, k));
}

function scan(road, x, y, from, to) {
  let best = 0;
  let least = Infinity;
  for (let k = from; k <= to; k++) {
    const i = pointAt(road, k);
    const distance = squared(road, i, x, y);
    if (distance < least) {
      least = distance;
      best = i;
    }
  }
  return best;
}

function squared(road, index, x, y) {
  return (road.centre[2 * index] - x) ** 2 + (road.centre[2 * index + 1] - y) ** 2;
}
