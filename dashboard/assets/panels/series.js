// Numbers of a step over the last steps, such as dopamine and the critic's value.

import { Panel } from './panel.js';
import { Axes } from '../charts/axes.js';
import { h, setText } from '../dom.js';
import { palette } from '../draw/palette.js';
import { History } from '../data/history.js';
import { number } from '../data/format.js';

/** Steps shown. */
const STEPS = 300;
/** Marks nearer to each other than this are left out, in CSS pixels. */
const CROWDED = 10;

export class SeriesPanel extends Panel {
  /**
   * @param {import('./scene.js').Scene} scene
   * @param {{id: string, title: string, label: string, nothing: string,
   *   series: {name: string, colour: string, least?: number, pick: (frame: import('../wire/telemetry.js').Frame) => ?number}[]}} about
   *   `colour` is a name of the palette; nothing is drawn below `least`
   */
  constructor(scene, about) {
    super(scene, about);
    this.nothing = about.nothing;
    this.series = about.series;
    this.axes = new Axes();
    this.history = new History(['episode', 'step', ...about.series.map(({ name }) => name)], STEPS);
    this.values = about.series.map(() => h('b', {}, '–'));
    this.foot.append(
      h(
        'p',
        { class: 'legend' },
        ...about.series.map(({ name, colour }, i) => h('span', {}, h('i', { class: `swatch ${colour}` }), name, this.values[i])),
      ),
    );
  }

  clear() {
    this.history.clear();
    this.some = false;
    this.values.forEach((value) => setText(value, '–'));
  }

  push(frame) {
    const { history } = this;
    history.begin();
    history.set(0, frame.episode);
    history.set(1, frame.step);
    this.series.forEach(({ pick }, i) => {
      const value = pick(frame);
      history.set(i + 2, value);
      if (value !== null && value !== undefined) this.some = true;
    });
    this.dirty = true;
  }

  missing() {
    if (!this.history.length) return 'No step has arrived yet.';
    if (this.some) return '';
    return this.scene.run?.recorded ? 'This recording holds no such numbers.' : this.nothing;
  }

  numbers() {
    if (!this.some) return null;
    return { header: ['Episode', 'Step', ...this.series.map(({ name }) => name)], rows: this.history.rows().reverse() };
  }

  draw(context) {
    const { axes, history, surface } = this;
    const [low, high] = this.#range();
    axes.fit({ left: 42, top: 10, right: surface.width - 4, bottom: surface.height - 36 }, [-(STEPS - 1), 0], [low, high]);
    axes.paint(context, { x: 'steps before now' });
    this.#episodes(context);
    if (low < 0 && high > 0) {
      context.fillStyle = palette.muted;
      context.fillRect(axes.box.left, Math.round(axes.y(0)), axes.box.right - axes.box.left, 1);
    }
    this.series.forEach(({ colour, least = -Infinity }, i) => {
      this.#line(context, i + 2, palette[colour], least);
      setText(this.values[i], number(history.last(i + 2), 2));
    });
  }

  #line(context, column, colour, least) {
    const { axes, history } = this;
    context.beginPath();
    let drawing = false;
    for (let i = 0; i < history.length; i++) {
      const value = Math.max(least, history.get(column, i));
      if (Number.isNaN(value)) {
        drawing = false;
        continue;
      }
      const x = axes.x(i - history.length + 1);
      if (drawing) context.lineTo(x, axes.y(value));
      else context.moveTo(x, axes.y(value));
      drawing = true;
    }
    context.strokeStyle = colour;
    context.lineWidth = 1.7;
    context.lineJoin = 'round';
    context.stroke();
  }

  /** Thin lines where an episode begins; left out where they would crowd, as in a run at full speed. */
  #episodes(context) {
    const { axes, history } = this;
    context.fillStyle = palette.line;
    let last = -Infinity;
    for (let i = 1; i < history.length; i++) {
      if (history.get(0, i) === history.get(0, i - 1)) continue;
      const place = Math.round(axes.x(i - history.length + 0.5));
      if (place - last >= CROWDED) context.fillRect(place, axes.box.top, 2, axes.box.bottom - axes.box.top);
      last = place;
    }
  }

  #range() {
    let low = Infinity;
    let high = -Infinity;
    for (let column = 2; column < this.series.length + 2; column++) {
      const { least = -Infinity } = this.series[column - 2];
      for (let i = 0; i < this.history.length; i++) {
        const value = Math.max(least, this.history.get(column, i));
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    low = Math.min(low, 0);
    high = Math.max(high, 0);
    const room = Math.max(0.5, (high - low) * 0.08);
    return [low < 0 ? low - room : low, high + room];
  }
}
