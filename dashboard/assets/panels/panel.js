// The frame around every picture: its title, what can be done with it, and what is said when there is nothing to show.

import { h, icon, setText, table } from '../dom.js';
import { Surface } from '../draw/surface.js';
import { palette } from '../draw/palette.js';
import { savePicture, saveText, toCsv } from '../data/export.js';

/** A table beside a picture is renewed this often while it is open, in milliseconds. */
const TABLE_EVERY_MS = 1000;
/** Rows that a table beside a picture shows at most; the CSV has them all. */
const TABLE_ROWS = 200;

/**
 * A picture that follows a scene. A kind of picture overrides what it needs of `begin`, `roadChanged`, `push`, `setWeights`, `clear`,
 * `draw`, `numbers` and `missing`, and sets `dirty` when it must be drawn again.
 */
export class Panel {
  /**
   * @param {import('./scene.js').Scene} scene
   * @param {{id: string, title: string, label: string}} about `label` tells what the picture shows, for those who do not see it
   */
  constructor(scene, { id, title, label }) {
    this.scene = scene;
    this.id = id;
    this.title = title;
    this.label = label;
    this.dirty = true;
    this.surface = new Surface(label, () => this.resized());
    /** Stands in the header beside the title: toggles, readings. */
    this.tools = h('div', { class: 'panel-tools' });
    /** Under the picture. */
    this.foot = h('div', { class: 'panel-foot' });
    this.note = h('p', { class: 'panel-note', hidden: true });
    this.#tableBox = h('div', {
      class: 'panel-table',
      hidden: true,
      tabindex: '0',
      role: 'region',
      'aria-label': `${title}: numbers`,
    });
    this.element = h(
      'section',
      { class: `panel panel-${id}`, 'aria-labelledby': `panel-${id}` },
      h('header', {}, h('h2', { id: `panel-${id}` }, title), this.tools, this.#menu()),
      h('div', { class: 'panel-body' }, this.surface.element, this.note),
      this.foot,
      this.#tableBox,
    );
  }

  #tableBox;
  #tableTime = -Infinity;
  /** Whether the table may differ from what is drawn. */
  #tableLate = false;

  /** A run begins, or is left. @param {?import('../wire/telemetry.js').RunStart} _run */
  begin(_run) {}

  /** Another road lies in the scene. */
  roadChanged() {}

  /** The scene has a new step. @param {import('../wire/telemetry.js').Frame} _frame @param {number} _now */
  push(_frame, _now) {}

  /** @param {import('../wire/telemetry.js').Weights} _weights */
  setWeights(_weights) {}

  /** Forgets what was shown. */
  clear() {}

  /** The size changed, and what was drawn is lost. */
  resized() {
    this.dirty = true;
  }

  /** The colours changed. */
  recolour() {
    this.dirty = true;
  }

  /** Draws everything that can be seen. @param {CanvasRenderingContext2D} _context @param {number} _now */
  draw(_context, _now) {}

  /**
   * What the picture shows, as a table; null if it shows nothing. Each row of an `upright` one is a quantity and its value: its CSV has a
   * column for each quantity.
   * @returns {?{header: string[], rows: unknown[][], upright?: boolean}}
   */
  numbers() {
    return null;
  }

  /** Why there is nothing to show: one plain sentence, or empty. */
  missing() {
    return '';
  }

  /** Draws if there is something new to see. @param {number} now @returns {boolean} whether it drew */
  refresh(now) {
    const { surface } = this;
    const draws = this.dirty && surface.visible && surface.width > 0;
    if (draws) {
      this.dirty = false;
      const missing = this.missing();
      this.note.hidden = missing === '';
      setText(this.note, missing);
      const context = surface.clear();
      if (missing === '') this.draw(context, now);
      this.#tableLate = true;
    }
    // Not only when something is drawn: the last step before a rest must reach the table as well.
    if (this.#tableLate && now - this.#tableTime > TABLE_EVERY_MS) this.#renewTable(now);
    return draws;
  }

  /** Ends what the panel observes. */
  close() {
    this.surface.close();
  }

  #menu() {
    const details = h(
      'details',
      { class: 'menu' },
      h('summary', { 'aria-label': `${this.title}: save or show as a table`, title: 'Save, or show as a table' }, icon('more')),
      h(
        'div',
        { class: 'menu-items' },
        h('button', { type: 'button', onclick: () => this.#pick(details, () => this.#toggleTable()) }, 'Show as table'),
        h('button', { type: 'button', onclick: () => this.#pick(details, () => this.#saveCsv()) }, 'Save numbers (CSV)'),
        h('button', { type: 'button', onclick: () => this.#pick(details, () => this.#savePng()) }, 'Save picture (PNG)'),
      ),
    );
    details.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      details.open = false;
      details.querySelector('summary').focus();
    });
    details.addEventListener('focusout', (event) => {
      if (!details.contains(event.relatedTarget)) details.open = false;
    });
    return details;
  }

  #pick(details, act) {
    details.open = false;
    details.querySelector('summary').focus();
    act();
  }

  #toggleTable() {
    this.#tableBox.hidden = !this.#tableBox.hidden;
    this.#renewTable(performance.now());
  }

  #renewTable(now) {
    this.#tableTime = now;
    this.#tableLate = false;
    if (this.#tableBox.hidden) return;
    const numbers = this.numbers();
    this.#tableBox.replaceChildren(
      numbers
        ? table(this.#caption(numbers), numbers.header, numbers.rows.slice(0, TABLE_ROWS))
        : h('p', {}, this.missing() || 'There are no numbers yet.'),
    );
  }

  #caption({ rows }) {
    return rows.length > TABLE_ROWS
      ? `${this.title}: the first ${TABLE_ROWS} of ${rows.length} rows; the CSV has all`
      : this.title;
  }

  #saveCsv() {
    const { header, rows, upright } = this.numbers() ?? { header: [this.title], rows: [] };
    const name = `spikedrive-${this.id}.csv`;
    if (!upright) saveText(name, toCsv(header, rows));
    else
      saveText(
        name,
        toCsv(
          rows.map(([quantity]) => quantity),
          [rows.map(([, value]) => value)],
        ),
      );
  }

  #savePng() {
    savePicture(`spikedrive-${this.id}.png`, this.surface.canvas, palette.card);
  }
}
