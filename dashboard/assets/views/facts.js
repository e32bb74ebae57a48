// A row of named values.

import { h, setText } from '../dom.js';

/** Values change at most this often, in milliseconds: faster nobody reads. */
const EVERY_MS = 100;

export class Facts {
  /** @param {string[]} names @param {string[]} wide those of them whose values are long */
  constructor(names, wide = []) {
    this.values = new Map(names.map((name) => [name, h('dd', {}, '–')]));
    this.element = h(
      'dl',
      { class: 'facts' },
      ...names.map((name) => h('div', { class: wide.includes(name) ? 'wide' : null }, h('dt', {}, name), this.values.get(name))),
    );
    this.last = -Infinity;
    this.late = 0;
  }

  /** Writes values now. @param {Record<string, string>} values */
  set(values) {
    for (const [name, text] of Object.entries(values)) {
      const element = this.values.get(name);
      setText(element, text);
      element.title = text;
    }
  }

  /** Writes the values that `read` gives, now or a little later, if many come. @param {() => Record<string, string>} read */
  soon(read) {
    clearTimeout(this.late);
    const wait = this.last + EVERY_MS - performance.now();
    const write = () => {
      this.last = performance.now();
      this.set(read());
    };
    if (wait <= 0) write();
    else this.late = setTimeout(write, wait);
  }

  /** Ends what is still to be written. */
  close() {
    clearTimeout(this.late);
  }

  /** Empties all values. */
  clear() {
    this.close();
    for (const element of this.values.values()) {
      setText(element, '–');
      element.title = '';
    }
  }
}
