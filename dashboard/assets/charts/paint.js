// What stands between the axes of a chart: lines, bands, marks and levels.

import { font } from '../draw/surface.js';
import { palette, translucent } from '../draw/palette.js';

/** Least space for each diamond, in CSS pixels. */
const DOT_ROOM = 5;

/**
 * @typedef {{name: string, colour: () => string, dash?: number[], width?: number, alpha?: number, dots?: boolean, quiet?: boolean,
 *   xs: ArrayLike<number>, ys: ArrayLike<number>, low?: number[], high?: number[], counts?: number[]}} Line `quiet` lines are drawn but
 *   not named; a mean tells its interval, and how many values it is of
 * @typedef {{colour: () => string, xs: ArrayLike<number>, low: ArrayLike<number>, high: ArrayLike<number>}} Band
 * @typedef {{x: number, text: string, colour: () => string}} Mark
 */

/**
 * A line through its finite values, broken where one is none, with diamonds on them where it asks for `dots` and they have room.
 * @param {CanvasRenderingContext2D} context @param {import('./axes.js').Axes} axes @param {Line} line
 */
export function paintLine(context, axes, line) {
  const colour = line.colour();
  context.globalAlpha = line.alpha ?? 1;
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = line.width ?? 1.8;
  context.setLineDash(line.dash ?? []);
  context.lineJoin = 'round';
  context.beginPath();
  let drawing = false;
  for (let i = 0; i < line.xs.length; i++) {
    const known = Number.isFinite(line.ys[i]);
    if (known && drawing) context.lineTo(axes.x(line.xs[i]), axes.y(line.ys[i]));
    else if (known) context.moveTo(axes.x(line.xs[i]), axes.y(line.ys[i]));
    drawing = known;
  }
  context.stroke();
  context.setLineDash([]);
  const room = (axes.box.right - axes.box.left) / Math.max(1, line.xs.length);
  if (line.dots && room >= DOT_ROOM) {
    for (let i = 0; i < line.xs.length; i++) diamond(context, axes.x(line.xs[i]), axes.y(line.ys[i]));
  }
  context.globalAlpha = 1;
}

/** The space between two lines. @param {CanvasRenderingContext2D} context @param {import('./axes.js').Axes} axes @param {Band} band */
export function paintBand(context, axes, { colour, xs, low, high }) {
  context.beginPath();
  for (let i = 0; i < xs.length; i++) context.lineTo(axes.x(xs[i]), axes.y(low[i]));
  for (let i = xs.length - 1; i >= 0; i--) context.lineTo(axes.x(xs[i]), axes.y(high[i]));
  context.closePath();
  context.fillStyle = translucent(colour(), palette.dark ? 0.25 : 0.18);
  context.fill();
}

/**
 * Upright dashes with a text each; a text that has no room is left out.
 * @param {CanvasRenderingContext2D} context @param {import('./axes.js').Axes} axes @param {Mark[]} marks from left to right
 */
export function paintMarks(context, axes, marks) {
  const { box } = axes;
  context.font = font(11);
  context.lineWidth = 1;
  let clear = -Infinity;
  for (const { x, text, colour } of marks) {
    const place = Math.round(axes.x(x)) + 0.5;
    context.strokeStyle = colour();
    context.setLineDash([3, 4]);
    context.beginPath();
    context.moveTo(place, box.top);
    context.lineTo(place, box.bottom);
    context.stroke();
    context.setLineDash([]);
    if (place < clear) continue;
    context.fillStyle = palette.muted;
    context.fillText(text, place + 4, box.top + 9);
    clear = place + context.measureText(text).width + 8;
  }
}

/**
 * A level to compare with.
 * @param {CanvasRenderingContext2D} context @param {import('./axes.js').Axes} axes @param {{y: number, text: string}} rule
 */
export function paintRule(context, axes, rule) {
  const { box } = axes;
  const y = axes.y(rule.y);
  context.strokeStyle = palette.muted;
  context.setLineDash([6, 4]);
  context.lineWidth = 1.2;
  context.beginPath();
  context.moveTo(box.left, y);
  context.lineTo(box.right, y);
  context.stroke();
  context.setLineDash([]);
  context.font = font(11);
  context.fillStyle = palette.muted;
  context.textAlign = 'right';
  context.fillText(rule.text, box.right - 4, y - 5);
  context.textAlign = 'left';
}

function diamond(context, x, y) {
  context.beginPath();
  context.moveTo(x, y - 3.5);
  context.lineTo(x + 3.5, y);
  context.lineTo(x, y + 3.5);
  context.lineTo(x - 3.5, y);
  context.closePath();
  context.fill();
}
