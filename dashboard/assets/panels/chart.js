// A chart of lines and bands over a common x: hover or arrow keys read values, dragging zooms.

import { Panel } from './panel.js';
import { Axes } from '../charts/axes.js';
import { paintBand, paintLine, paintMarks, paintRule } from '../charts/paint.js';
import { h } from '../dom.js';
import { palette, translucent } from '../draw/palette.js';
import { number } from '../data/format.js';

/** Least width of a drag that zooms, in CSS pixels. */
const DRAG = 8;
/** Values from which on a robust range leaves some out. */
const MANY = 300;
/** Lines that the box beside the pointer names at most. */
const NAMED = 10;

export class ChartPanel extends Panel {
  /** @param {import('./scene.js').Scene} scene @param {{id: string, title: string, label: string, nothing: string}} about */
  constructor(scene, about) {
    super(scene, about);
    this.nothing = about.nothing;
    this.axes = new Axes();
    /** @type {import('../charts/paint.js').Line[]} */
    this.lines = [];
    /** @type {import('../charts/paint.js').Band[]} */
    this.bands = [];
    /** @type {import('../charts/paint.js').Mark[]} */
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
    this.reset = h('button', { type: 'button', class: 'quiet', hidden: true, onclick: () => this.showAll() }, 'Show all');
    this.tools.append(this.reset);
    this.surface.element.append(this.tip);
    this.#listen();
  }

  /**
   * Shows other data.
   * @param {{lines: import('../charts/paint.js').Line[], bands?: import('../charts/paint.js').Band[],
   *   marks?: import('../charts/paint.js').Mark[], rule?: ?{y: number, text: string}}} data
   */
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

  /** Shows the whole range again. */
  showAll() {
    this.#zoomTo(null);
  }

  numbers() {
    const lines = this.#named();
    const intervals = lines.some(({ counts }) => counts);
    const rows = lines.flatMap(({ name, xs, ys, low, high, counts }) =>
      Array.from(xs, (x, i) => [name, x, ys[i], ...(intervals ? [low?.[i], high?.[i], counts?.[i] ?? 1] : [])]),
    );
    const more = intervals ? ['95 % interval from', '95 % interval to', 'n'] : [];
    return rows.length ? { header: ['Line', this.titles.x, this.titles.y, ...more], rows } : null;
  }

  draw(context) {
    const { axes, surface } = this;
    const box = { left: 50, top: 24, right: surface.width - 10, bottom: surface.height - 38 };
    const xs = this.#span();
    axes.fit(box, xs, this.#rangeY(xs));
    axes.paint(context, this.titles);
    context.save();
    context.beginPath();
    context.rect(box.left, box.top - 2, box.right - box.left, box.bottom - box.top + 4);
    context.clip();
    paintMarks(context, this.axes, this.marks);
    for (const band of this.bands) paintBand(context, this.axes, band);
    if (this.rule) paintRule(context, this.axes, this.rule);
    for (const line of this.lines) paintLine(context, this.axes, line);
    context.restore();
    this.#cursorLine(context, box);
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

  /** The lines that are told by their names. */
  #named() {
    return this.lines.filter(({ quiet }) => !quiet);
  }

  /** The x of the data that is next to the cursor, NaN without a cursor. */
  #snap() {
    if (Number.isNaN(this.cursor)) return NaN;
    const [low, high] = this.#span();
    let best = NaN;
    for (const { xs } of this.#named()) {
      for (let i = 0; i < xs.length; i++) {
        if (
          !(Math.abs(xs[i] - this.cursor) >= Math.abs(best - this.cursor)) &&
          xs[i] >= low &&
          xs[i] <= high
        )
          best = xs[i];
      }
    }
    return best;
  }

  /** The x of the data that follows on the one next to the cursor, or comes before it. @param {1 | -1} direction */
  #next(direction) {
    const [low, high] = this.#span();
    const here = this.#snap();
    if (Number.isNaN(here)) return direction > 0 ? low : high;
    let best = here;
    for (const { xs } of this.#named()) {
      for (let i = 0; i < xs.length; i++) {
        const ahead = (xs[i] - here) * direction;
        const within = xs[i] >= low && xs[i] <= high;
        if (within && ahead > 0 && (best === here || ahead < (best - here) * direction)) best = xs[i];
      }
    }
    return best;
  }

  #tell(x, place, box) {
    const named = [];
    for (const line of this.#named()) {
      const { value, count } = reading(line, x);
      if (Number.isFinite(value)) named.push({ line, value, count });
    }
    named.sort((a, b) => b.value - a.value);
    const rows = named.slice(0, NAMED).map(({ line, value, count }) => {
      const swatch = h('span', { class: 'dot' });
      swatch.style.background = line.colour();
      return h('div', {}, swatch, `${line.name} `, h('b', {}, number(value, this.digits)), count && ` (n = ${count})`);
    });
    if (named.length > NAMED) rows.push(h('div', {}, `and ${named.length - NAMED} more`));
    this.tip.replaceChildren(h('div', { class: 'tip-title' }, `${this.titles.x} ${x}`), ...rows);
    const left = place > (box.left + box.right) / 2;
    this.tip.style.left = left ? 'auto' : `${place + 12}px`;
    this.tip.style.right = left ? `${this.surface.width - place + 12}px` : 'auto';
  }

  /** What the data as it is now shows of x: keys may come before the picture of it. */
  #span() {
    return this.zoom ?? this.#rangeX();
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
        this.#zoomTo([
          this.axes.valueAt(Math.min(this.drag.from, this.drag.to)),
          this.axes.valueAt(Math.max(this.drag.from, this.drag.to)),
        ]);
      }
      this.drag = null;
      this.dirty = true;
    });
    canvas.addEventListener('pointercancel', () => {
      this.drag = null;
      this.dirty = true;
    });
    canvas.addEventListener('dblclick', () => this.showAll());
    const leave = () => {
      this.cursor = NaN;
      this.dirty = true;
    };
    canvas.addEventListener('pointerleave', leave);
    canvas.addEventListener('blur', leave);
    canvas.addEventListener('keydown', (event) => this.#key(event));
  }

  #key(event) {
    if (this.missing()) return;
    const [low, high] = this.#span();
    const jump = event.shiftKey ? (high - low) / 10 : 0;
    const from = Number.isNaN(this.cursor) ? low : this.cursor;
    if (event.key === 'ArrowRight') this.cursor = jump ? Math.min(high, from + jump) : this.#next(1);
    else if (event.key === 'ArrowLeft') this.cursor = jump ? Math.max(low, from - jump) : this.#next(-1);
    else if (event.key === 'Home') this.cursor = low;
    else if (event.key === 'End') this.cursor = high;
    else if (event.key === '+') this.#zoomTo([from - (high - low) / 4, from + (high - low) / 4]);
    else if (event.key === '0' || event.key === 'Escape') this.showAll();
    else return;
    event.preventDefault();
    this.dirty = true;
  }
}

/**
 * What a line says at x: its point there or, where it has none, what the stroke between two points shows. Dots stand for themselves alone.
 * @param {import('../charts/paint.js').Line} line by x @param {number} x
 * @returns {{value: number, count: number | undefined}} NaN where the line is not
 */
function reading({ xs, ys, counts, dots }, x) {
  let i = -1;
  while (i + 1 < xs.length && xs[i + 1] <= x) i++;
  if (i < 0 || (xs[i] !== x && (dots || i + 1 === xs.length))) return { value: NaN, count: undefined };
  const share = xs[i] === x ? 0 : (x - xs[i]) / (xs[i + 1] - xs[i]);
  const value = share ? ys[i] + (ys[i + 1] - ys[i]) * share : ys[i];
  return { value, count: share ? counts && Math.min(counts[i], counts[i + 1]) : counts?.[i] };
}
