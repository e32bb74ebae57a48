// The last steps, as a ring of numbers: nothing is allocated while it runs.

/** Named columns of numbers; the oldest row gives way to the newest. NaN marks what a step did not have. */
export class History {
  /** @param {string[]} names of the columns @param {number} capacity rows kept */
  constructor(names, capacity) {
    this.names = names;
    this.capacity = capacity;
    this.columns = names.map(() => new Float64Array(capacity));
    this.clear();
  }

  /** Forgets everything. */
  clear() {
    /** Rows held. */
    this.length = 0;
    /** Where the next row goes. */
    this.head = 0;
  }

  /** Begins a row, all NaN. Its values are written by {@link History#set}. */
  begin() {
    const row = this.head;
    for (const column of this.columns) column[row] = NaN;
    this.head = (this.head + 1) % this.capacity;
    this.length = Math.min(this.capacity, this.length + 1);
    this.row = row;
  }

  /** @param {number} column @param {?number} value of the row that was begun last */
  set(column, value) {
    this.columns[column][this.row] = value ?? NaN;
  }

  /** @param {number} column @param {number} index 0 is the oldest row @returns {number} */
  get(column, index) {
    return this.columns[column][(this.head - this.length + index + this.capacity) % this.capacity];
  }

  /** @param {number} column @returns {number} the newest value, NaN if there is none */
  last(column) {
    return this.length ? this.get(column, this.length - 1) : NaN;
  }

  /** @param {number} most rows, the newest ones @returns {number[][]} rows of all columns, oldest first */
  rows(most = this.length) {
    const first = Math.max(0, this.length - most);
    const rows = [];
    for (let i = first; i < this.length; i++) rows.push(this.columns.map((_, column) => this.get(column, i)));
    return rows;
  }
}
