// A chart of lines and bands over a common x: hover or arrow keys read values, dragging zooms.

import { Panel } from './panel.js';
import { Axes } from '../charts/axes.js';
import { h, setText } from '../dom.js';
import { font } from '../draw/surface.js';
import { palette, translucent } from '../draw/palette.js';
import { number } from '../data/format.js';

/** Least width of a drag that zooms, in CSS pixels. */
const DRAG = 8;
/** Values from which on a robust range leaves some out. */
const MANY = 300;
/** Least space for each diamond, in CSS pixels. */
const DOT_ROOM = 5;
/** Lines that the box beside the pointer names at most. */
const NAMED = 10;

/**
 * @typedef {{name: string, colour: () => string, dash?: number[], width?: number, alpha?: number, dots?: boolean, quiet?: boolean,
 *   xs: ArrayLike<number>, ys: ArrayLike<number>}} Line `quiet` lines are drawn but not named
 * @typedef {{colour: () => string, xs: ArrayLike<number>, low: ArrayLike<number>, high: ArrayLike<number>}} Band
 * @typedef {{x: number, text: string, colour: () => string}} Mark
 */

export class ChartPanel extends Panel {
  /** @param {import('./scene.js').Scene} scene @param {{id: string, title: string, label: string, nothing: string}} about */
  constructor(scene, about) {
    super(scene, about);
    this.nothing = about.nothing;
    this.axes = new Axes();
    /** @type {Line[]} */
    this.lines = [];
    /** @type {Band[]} */
    this.bands = [];
    /** @type {Mark[]} */
    this.marks = [];
    /** @type {?{y: number, text: string}} a level to compare with */
    this.rule = null;
    /** Whether the range of y leaves out the lowest hundredth of many values, such as the crashes at the start of a run. */
    this.robust = false;
    this.titles = { x: '', y: '' };
    this.digits = 1;
    this.zoom = null;
    this.cursor = NaN;
    this.drag = null;
    this.tip = h('div', { class: 'tip', hidden: true, 'aria-live': 'polite' });
    this.reset = h('button', { type: 'button', class: 'quiet', hidden: true, onclick: () => this.#zoomTo(null) }, 'Show all');
    this.tools.append(this.reset);
    this.surface.element.append(this.tip);
    this.#listen();
  }

  /** Shows other data. @param {{lines: Line[], bands?: Band[], marks?: Mark[], rule?: ?{y: number, text: string}}} data */
  show({ lines, bands = [], marks = [], rule = null }) {
    this.lines = lines;
    this.bands = bands;
    this.marks = marks;
    this.rule = rule;
    this.dirty = true;
  }

  missing() {
    return this.lines.some(({ xs }) => xs.length) ? '' : this.nothing;
  }

  numbers() {
    const rows = this.lines.filter(({ quiet }) => !quiet)
      .flatMap(({ name, xs, ys }) => Array.from(xs, (x, i) => [name, x, Number.isFinite(ys[i]) ? ys[i] : null]));
    return rows.length ? { header: ['Line', this.titles.x, this.titles.y], rows } : null;
  }

  draw(context) {
    const { axes, surface } = this;
    const box = { left: 50, top: 24, right: surface.width - 10, bottom: surface.height - 38 };
    const xs = this.zoom ?? this.#rangeX();
    axes.fit(box, xs, this.#rangeY(xs));
    axes.paint(context, this.titles);
    context.save();
    context.beginPath();
    context.rect(box.left, box.top - 2, box.right - box.left, box.bottom - box.top + 4);
    context.clip();
    this.#marks(context, box);
    for (const band of this.bands) this.#band(context, band);
    if (this.rule) this.#rule(context, box);
    for (const line of this.lines) this.#line(context, line);
    context.restore();
    this.#cursorLine(context, box);
  }

  #line(context, line) {
    const { axes } = this;
    const colour = line.colour();
    context.globalAlpha = line.alpha ?? 1;
    context.strokeStyle = colour;
    context.fillStyle = colour;
    context.lineWidth = line.width ?? 1.8;
    context.setLineDash(line.dash ?? []);
    context.lineJoin = 'round';
    context.beginPath();
    for (let i = 0; i < line.xs.length; i++) {
      if (Number.isFinite(line.ys[i])) context.lineTo(axes.x(line.xs[i]), axes.y(line.ys[i]));
    }
    context.stroke();
    context.setLineDash([]);
    const room = (this.axes.box.right - this.axes.box.left) / Math.max(1, line.xs.length);
    if (line.dots && room >= DOT_ROOM) {
      for (let i = 0; i < line.xs.length; i++) diamond(context, axes.x(line.xs[i]), axes.y(line.ys[i]));
    }
    context.globalAlpha = 1;
  }

  #band(context, { colour, xs, low, high }) {
    const { axes } = this;
    context.beginPath();
    for (let i = 0; i < xs.length; i++) context.lineTo(axes.x(xs[i]), axes.y(low[i]));
    for (let i = xs.length - 1; i >= 0; i--) context.lineTo(axes.x(xs[i]), axes.y(high[i]));
    context.closePath();
    context.fillStyle = translucent(colour(), palette.dark ? 0.25 : 0.18);
    context.fill();
  }

  #marks(context, box) {
    context.font = font(11);
    context.lineWidth = 1;
    let clear = -Infinity;
    for (const { x, text, colour } of this.marks) {
      const place = Math.round(this.axes.x(x)) + 0.5;
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

  #rule(context, box) {
    const y = this.axes.y(this.rule.y);
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
    context.fillText(this.rule.text, box.right - 4, y - 5);
    context.textAlign = 'left';
  }

  #cursorLine(context, box) {
    if (this.drag && Math.abs(this.drag.to - this.drag.from) > DRAG) {
      context.fillStyle = translucent(palette.accent, 0.15);
      context.fillRect(this.drag.from, box.top, this.drag.to - this.drag.from, box.bottom - box.top);
    }
    const x = this.#snap();
    this.tip.hidden = Number.isNaN(x);
    if (this.tip.hidden) return;
    const place = Math.round(this.axes.x(x)) + 0.5;
    context.fillStyle = palette.muted;
    context.fillRect(place, box.top, 1, box.bottom - box.top);
    this.#tell(x, place, box);
  }

  /** The x of the data that is next to the cursor, NaN without a cursor. */
  #snap() {
    if (Number.isNaN(this.cursor)) return NaN;
    let best = NaN;
    for (const { xs } of this.lines) {
      for (let i = 0; i < xs.length; i++) {
        if (!(Math.abs(xs[i] - this.cursor) >= Math.abs(best - this.cursor)) && xs[i] >= this.axes.xs[0] && xs[i] <= this.axes.xs[1]) best = xs[i];
      }
    }
    return best;
  }

  #tell(x, place, box) {
    const named = [];
    for (const line of this.lines) {
      if (line.quiet) continue;
      const i = Array.prototype.indexOf.call(line.xs, x);
      if (i >= 0 && Number.isFinite(line.ys[i])) named.push({ line, value: line.ys[i] });
    }
    named.sort((a, b) => b.value - a.value);
    const rows = named.slice(0, NAMED).map(({ line, value }) => {
      const swatch = h('span', { class: 'dot' });
      swatch.style.background = line.colour();
      return h('div', {}, swatch, `${line.name} `, h('b', {}, number(value, this.digits)));
    });
    if (named.length > NAMED) rows.push(h('div', {}, `and ${named.length - NAMED} more`));
    this.tip.replaceChildren(h('div', { class: 'tip-title' }, `${this.titles.x} ${x}`), ...rows);
    const left = place > (box.left + box.right) / 2;
    this.tip.style.left = left ? 'auto' : `${place + 12}px`;
    this.tip.style.right = left ? `${this.surface.width - place + 12}px` : 'auto';
  }

  #rangeX() {
    let low = Infinity;
    let high = -Infinity;
    for (const { xs } of this.lines) {
      for (let i = 0; i < xs.length; i++) {
        low = Math.min(low, xs[i]);
        high = Math.max(high, xs[i]);
      }
    }
    return low <= high ? [low, high] : [0, 1];
  }

  #rangeY([from, to]) {
    let low = this.rule ? this.rule.y : Infinity;
    let high = this.rule ? this.rule.y : -Infinity;
    const seen = [];
    const take = (xs, ys) => {
      for (let i = 0; i < xs.length; i++) {
        if (xs[i] < from || xs[i] > to || !Number.isFinite(ys[i])) continue;
        low = Math.min(low, ys[i]);
        high = Math.max(high, ys[i]);
        if (this.robust) seen.push(ys[i]);
      }
    };
    for (const { xs, ys } of this.lines) take(xs, ys);
    if (seen.length >= MANY) low = seen.sort((a, b) => a - b)[Math.floor(seen.length / 100)];
    if (!(low <= high)) return [0, 1];
    // The interval of few runs is so wide at first that it would flatten the curves: it gets a quarter more room than they need.
    const [lowest, highest] = [low - (high - low) / 8, high + (high - low) / 8];
    for (const band of this.bands) {
      take(band.xs, band.low);
      take(band.xs, band.high);
    }
    low = Math.max(low, lowest);
    high = Math.min(high, highest);
    const room = Math.max((high - low) * 0.06, Math.abs(high) * 1e-3, 1e-3);
    return [low - room, high + room];
  }

  #zoomTo(range) {
    this.zoom = range;
    this.reset.hidden = range === null;
    this.dirty = true;
  }

  #listen() {
    const { canvas } = this.surface;
    canvas.tabIndex = 0;
    const at = (x) => {
      this.cursor = this.axes.box ? this.axes.valueAt(x) : NaN;
      this.dirty = true;
    };
    canvas.addEventListener('pointerdown', (event) => {
      if (event.pointerType === 'touch') return;
      canvas.setPointerCapture(event.pointerId);
      this.drag = { from: event.offsetX, to: event.offsetX };
    });
    canvas.addEventListener('pointermove', (event) => {
      if (this.drag) this.drag.to = event.offsetX;
      at(event.offsetX);
    });
    canvas.addEventListener('pointerup', () => {
      if (this.drag && Math.abs(this.drag.to - this.drag.from) > DRAG) {
        this.#zoomTo([this.axes.valueAt(Math.min(this.drag.from, this.drag.to)), this.axes.valueAt(Math.max(this.drag.from, this.drag.to))]);
      }
      this.drag = null;
      this.dirty = true;
    });
    canvas.addEventListener('dblclick', () => this.#zoomTo(null));
    const leave = () => {
      this.cursor = NaN;
      this.dirty = true;
    };
    canvas.addEventListener('pointerleave', leave);
    canvas.addEventListener('blur', leave);
    canvas.addEventListener('keydown', (event) => this.#key(event));
  }

  #key(event) {
    if (!this.axes.xs) return;
    const [low, high] = this.axes.xs;
    const step = event.shiftKey ? (high - low) / 10 : 1;
    const from = Number.isNaN(this.cursor) ? low : this.cursor;
    if (event.key === 'ArrowRight') this.cursor = Math.min(high, from + step);
    else if (event.key === 'ArrowLeft') this.cursor = Math.max(low, from - step);
    else if (event.key === 'Home') this.cursor = low;
    else if (event.key === 'End') this.cursor = high;
    else if (event.key === '+') this.#zoomTo([from - (high - low) / 4, from + (high - low) / 4]);
    else if (event.key === '0' || event.key === 'Escape') this.#zoomTo(null);
    else return;
    event.preventDefault();
    this.dirty = true;
  }
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
