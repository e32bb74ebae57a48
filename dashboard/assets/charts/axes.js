// Axes of a chart: the map from values to the picture, the grid and its numbers.

import { font } from '../draw/surface.js';
import { palette } from '../draw/palette.js';

/**
 * Round numbers that divide a range: 1, 2 or 5 times a power of ten apart.
 * @param {number} low @param {number} high @param {number} most how many at most
 * @returns {number[]}
 */
function ticks(low, high, most) {
  if (!isOpen(low, high) || most < 1) return [];
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
  const result = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) result.push(i * step);
  return result;
}

/** @param {number} value @param {number} step between two ticks @returns {string} with as many digits as tell ticks apart */
function tickText(value, step) {
  const digits = Math.max(0, Math.min(6, -Math.floor(Math.log10(step) + 1e-9)));
  return (Object.is(value, -0) ? 0 : value).toFixed(digits).replace('-', '−');
}

/** Whether a range is wide enough for numbers to tell its ends apart: two means may differ in their last bit alone. */
function isOpen(low, high) {
  return high - low > 1e-9 * Math.max(1e-6, Math.abs(low), Math.abs(high));
}

/** A range that is wide enough. */
function opened([low, high]) {
  return isOpen(low, high) ? [low, high] : [low - 0.5, low + 0.5];
}

/** A linear map of two ranges to a box, and the picture of both axes. */
export class Axes {
  /**
   * @param {{left: number, top: number, right: number, bottom: number}} box in CSS pixels
   * @param {[number, number]} xs range from left to right
   * @param {[number, number]} ys range from bottom to top
   */
  fit(box, xs, ys) {
    this.box = box;
    this.xs = opened(xs);
    this.ys = opened(ys);
  }

  /** @param {number} value */
  x(value) {
    return this.box.left + ((value - this.xs[0]) / (this.xs[1] - this.xs[0])) * (this.box.right - this.box.left);
  }

  /** @param {number} value */
  y(value) {
    return this.box.bottom - ((value - this.ys[0]) / (this.ys[1] - this.ys[0])) * (this.box.bottom - this.box.top);
  }

  /** The value at a place in the picture. @param {number} place in CSS pixels from the left */
  valueAt(place) {
    return this.xs[0] + ((place - this.box.left) / (this.box.right - this.box.left)) * (this.xs[1] - this.xs[0]);
  }

  /**
   * Paints grid, numbers and titles.
   * @param {CanvasRenderingContext2D} context
   * @param {{x?: string, y?: string}} titles
   */
  paint(context, titles = {}) {
    const { box } = this;
    context.font = font(11);
    context.lineWidth = 1;
    context.strokeStyle = palette.line;
    context.fillStyle = palette.muted;
    const rows = ticks(this.ys[0], this.ys[1], Math.max(2, Math.floor((box.bottom - box.top) / 42)));
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    context.beginPath();
    for (const value of rows) {
      const y = Math.round(this.y(value)) + 0.5;
      context.moveTo(box.left, y);
      context.lineTo(box.right, y);
      context.fillText(tickText(value, rows[1] - rows[0] || 1), box.left - 7, y);
    }
    context.stroke();
    const columns = ticks(this.xs[0], this.xs[1], Math.max(2, Math.floor((box.right - box.left) / 76)));
    context.textAlign = 'center';
    context.textBaseline = 'top';
    for (const value of columns) context.fillText(tickText(value, columns[1] - columns[0] || 1), this.x(value), box.bottom + 7);
    context.textAlign = 'right';
    if (titles.x) context.fillText(titles.x, box.right, box.bottom + 22);
    context.textAlign = 'left';
    context.textBaseline = 'alphabetic';
    if (titles.y) context.fillText(titles.y, box.left - 40, box.top - 10);
  }
}
