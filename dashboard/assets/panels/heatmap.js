// A matrix W[post, pre] as a heat map: one pixel a synapse on a canvas of its own, stretched over the panel. Pointer or arrow keys
// read single synapses.

import { Panel } from './panel.js';
import { h, setText } from '../dom.js';
import { font } from '../draw/surface.js';
import { palette, populationColour } from '../draw/palette.js';
import { cssColour, diverging } from '../draw/colormap.js';
import { number } from '../data/format.js';

const GUTTER = 16;
const BAR = 26;
/** The part that is shown of a matrix without a synapse. */
const EMPTY = { top: 0, bottom: 1, left: 0, right: 1 };

/**
 * @typedef {{rows: number, columns: number, values: Float32Array, most: number}} Values what is shown; `most` is the largest
 *   magnitude
 */

export class HeatPanel extends Panel {
  /**
   * @param {import('./scene.js').Scene} scene
   * @param {{id: string, title: string, label: string, nothing: string}} about `nothing` is said when an agent has no such matrix
   */
  constructor(scene, about) {
    super(scene, about);
    this.nothing = about.nothing;
    this.pixels = document.createElement('canvas');
    this.map = diverging();
    this.cursor = null;
    /** The part of the matrix that has ever held a synapse: rows `top..bottom`, columns `left..right`; null if none has. */
    this.part = null;
    this.reading = h('output', { class: 'reading', 'aria-live': 'polite' }, 'Point at a synapse, or use the arrow keys here.');
    this.foot.append(this.reading);
    this.#listen();
  }

  /** What to show now; null if there is nothing. @returns {?Values} */
  values() {
    return null;
  }

  /** The matrix changed. */
  changed() {
    const values = this.values();
    this.shown = values?.values.length ? values : null;
    this.dirty = true;
    if (this.shown) {
      if (values.rows !== this.rows || values.columns !== this.columns) this.#forget(values);
      this.#widen(values);
      this.#paint(values);
      if (this.cursor) this.#read();
    }
  }

  /** Another matrix comes: what was looked at in the one before is not there. */
  #forget({ rows, columns }) {
    this.rows = rows;
    this.columns = columns;
    this.part = null;
    this.#point(null);
  }

  recolour() {
    this.map = diverging();
    this.changed();
  }

  missing() {
    if (!this.scene.run) return 'No run is shown.';
    if (this.shown) return '';
    return this.values() ? 'This agent’s matrix has no rows or no columns.' : this.nothing;
  }

  numbers() {
    const values = this.shown;
    if (!values) return null;
    const rows = [];
    for (let post = 0; post < values.rows; post++) {
      for (let pre = 0; pre < values.columns; pre++) {
        const value = values.values[post * values.columns + pre];
        if (value !== 0) rows.push([post, pre, Number(value.toPrecision(4))]);
      }
    }
    return { header: ['post', 'pre', this.quantity()], rows };
  }

  /** What the numbers are. */
  quantity() {
    return this.title;
  }

  draw(context) {
    const { most } = this.shown;
    const part = this.part ?? EMPTY;
    const columns = part.right - part.left;
    const rows = part.bottom - part.top;
    const box = this.#box();
    context.imageSmoothingEnabled = false;
    context.drawImage(this.pixels, part.left, part.top, columns, rows, box.left, box.top, box.width, box.height);
    context.strokeStyle = palette.line;
    context.strokeRect(box.left - 0.5, box.top - 0.5, box.width + 1, box.height + 1);
    this.#layers(context, box, part);
    this.#bar(context, most);
    if (this.cursor) {
      context.strokeStyle = palette.text;
      context.lineWidth = 2;
      context.strokeRect(
        box.left + ((this.cursor.pre - part.left) / columns) * box.width - 1,
        box.top + ((this.cursor.post - part.top) / rows) * box.height - 1,
        box.width / columns + 2,
        box.height / rows + 2,
      );
    }
  }

  /** Where the matrix lies in the picture. */
  #box() {
    return {
      left: GUTTER,
      top: GUTTER,
      width: Math.max(10, this.surface.width - GUTTER - 1),
      height: Math.max(10, this.surface.height - GUTTER - BAR),
    };
  }

  /** Widens the part that is shown until it holds every synapse: most of a layered network's matrix is empty. */
  #widen({ columns, values }) {
    for (let i = 0; i < values.length; i++) {
      if (values[i] === 0) continue;
      const row = Math.floor(i / columns);
      const column = i - row * columns;
      this.part ??= { top: row, bottom: row + 1, left: column, right: column + 1 };
      this.part.top = Math.min(this.part.top, row);
      this.part.bottom = Math.max(this.part.bottom, row + 1);
      this.part.left = Math.min(this.part.left, column);
      this.part.right = Math.max(this.part.right, column + 1);
    }
  }

  #paint({ rows, columns, values, most }) {
    if (this.pixels.width !== columns || this.pixels.height !== rows || !this.image) {
      this.pixels.width = columns;
      this.pixels.height = rows;
      this.image = this.pixels.getContext('2d').createImageData(columns, rows);
      this.inks = new Uint32Array(this.image.data.buffer);
    }
    const scale = most > 0 ? 127 / most : 0;
    for (let i = 0; i < values.length; i++) this.inks[i] = this.map[128 + Math.round(values[i] * scale)];
    this.pixels.getContext('2d').putImageData(this.image, 0, 0);
  }

  /** Bars along both sides, and lines, tell where layers begin. */
  #layers(context, box, part) {
    const populations = this.scene.run?.populations ?? [];
    const x = (neuron) => box.left + ((clamp(neuron, part.left, part.right) - part.left) / (part.right - part.left)) * box.width;
    const y = (neuron) => box.top + ((clamp(neuron, part.top, part.bottom) - part.top) / (part.bottom - part.top)) * box.height;
    context.lineWidth = 1;
    context.strokeStyle = palette.muted;
    context.globalAlpha = 0.5;
    context.beginPath();
    for (const { first } of populations) {
      if (first > part.left && first < part.right) {
        context.moveTo(Math.round(x(first)) + 0.5, box.top);
        context.lineTo(Math.round(x(first)) + 0.5, box.top + box.height);
      }
      if (first > part.top && first < part.bottom) {
        context.moveTo(box.left, Math.round(y(first)) + 0.5);
        context.lineTo(box.left + box.width, Math.round(y(first)) + 0.5);
      }
    }
    context.stroke();
    context.globalAlpha = 1;
    populations.forEach(({ name, first, size }, index) => {
      context.fillStyle = populationColour(name, index);
      context.fillRect(x(first), box.top - 7, Math.max(0, x(first + size) - x(first) - 1), 4);
      context.fillRect(box.left - 7, y(first), 4, Math.max(0, y(first + size) - y(first) - 1));
    });
    context.fillStyle = palette.muted;
    context.font = font(10);
    context.fillText('pre →', box.left, box.top - 9);
    context.save();
    context.translate(box.left - 9, box.top + 4);
    context.rotate(-Math.PI / 2);
    context.textAlign = 'right';
    context.fillText('← post', 0, 0);
    context.restore();
  }

  #bar(context, most) {
    const y = this.surface.height - 14;
    const width = Math.min(180, this.surface.width - 110);
    const left = (this.surface.width - width) / 2;
    for (let i = 0; i < width; i++) {
      context.fillStyle = cssColour(this.map, 1 + Math.round((i / width) * 254));
      context.fillRect(left + i, y, 1.5, 8);
    }
    context.fillStyle = palette.text;
    context.font = font(11);
    context.textBaseline = 'middle';
    context.textAlign = 'right';
    context.fillText(`−${most.toPrecision(2)}`, left - 6, y + 4.5);
    context.textAlign = 'left';
    context.fillText(`+${most.toPrecision(2)}`, left + width + 6, y + 4.5);
    context.textBaseline = 'alphabetic';
  }

  #listen() {
    const { canvas } = this.surface;
    canvas.tabIndex = 0;
    canvas.addEventListener('pointermove', (event) => {
      if (!this.shown) return;
      const box = this.#box();
      const { top, bottom, left, right } = this.part ?? EMPTY;
      const pre = left + Math.floor(((event.offsetX - box.left) / box.width) * (right - left));
      const post = top + Math.floor(((event.offsetY - box.top) / box.height) * (bottom - top));
      const inside = pre >= left && post >= top && pre < right && post < bottom;
      this.#point(inside ? { pre, post } : null);
    });
    canvas.addEventListener('pointerleave', () => this.#point(null));
    canvas.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!step || !this.shown) return;
      event.preventDefault();
      const size = event.shiftKey ? 10 : 1;
      const { top, bottom, left, right } = this.part ?? EMPTY;
      const at = this.cursor ?? { pre: left, post: top };
      this.#point({
        pre: clamp(at.pre + step[0] * size, left, right - 1),
        post: clamp(at.post + step[1] * size, top, bottom - 1),
      });
    });
  }

  #point(cursor) {
    this.cursor = cursor;
    this.dirty = true;
    this.#read();
  }

  #read() {
    if (!this.cursor || !this.shown) {
      setText(this.reading, 'Point at a synapse, or use the arrow keys here.');
      return;
    }
    const { pre, post } = this.cursor;
    const value = this.shown.values[post * this.shown.columns + pre];
    setText(this.reading, `${this.#neuron(post)} ← ${this.#neuron(pre)}: ${number(value, 4)}`);
  }

  #neuron(index) {
    const population = this.scene.run?.populations.find(({ first, size }) => index >= first && index < first + size);
    return population ? `${population.name} ${index - population.first}` : `neuron ${index}`;
  }
}

/** @param {number} value @param {number} low @param {number} high */
function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

/**
 * A matrix in eight bits as numbers, written to `into` where it has the right length.
 * @param {import('../wire/telemetry.js').Matrix} matrix @param {?Values} into
 * @returns {Values}
 */
export function numbersOf(matrix, into) {
  const reuse = into && into.values.length === matrix.values.length;
  const result = reuse ? into : { rows: 0, columns: 0, values: new Float32Array(matrix.values.length), most: 0 };
  result.rows = matrix.rows;
  result.columns = matrix.columns;
  result.most = 0;
  for (let i = 0; i < matrix.values.length; i++) {
    result.values[i] = matrix.values[i] * matrix.scale;
    result.most = Math.max(result.most, Math.abs(result.values[i]));
  }
  return result;
}
