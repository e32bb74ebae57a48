// Numbers and names as text.

/** @param {?number} value @param {number} digits after the point @returns {string} with a true minus sign, or a dash for nothing */
export function number(value, digits = 1) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  return value.toFixed(digits).replace('-', '−');
}

/** A number of a table: rounded where it is read, whole where it is saved. */
export class Measure {
  /** @param {?number} value @param {number} digits after the point, to be read */
  constructor(value, digits) {
    this.value = value;
    this.digits = digits;
  }

  toString() {
    return number(this.value, this.digits);
  }
}

/** @param {?number} value @returns {string} thousands apart */
export function count(value) {
  return !Number.isFinite(value) ? '–' : Math.round(value).toLocaleString('en-GB').replaceAll(',', '\u202f');
}

/** @param {?number} share in [0, 1] */
export function percent(share, digits = 0) {
  return share === null || share === undefined || !Number.isFinite(share) ? '–' : `${number(share * 100, digits)} %`;
}

/** A point in time like 20261123T230842Z as local text. @param {?string} stamp */
export function time(stamp) {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp ?? '');
  const date = match
    ? new Date(`${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}Z`)
    : new Date(stamp ?? NaN);
  if (Number.isNaN(date.getTime())) return parameter(stamp);
  return date.toLocaleString('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
}

/** A value of a configuration as text. @param {unknown} value */
export function parameter(value) {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

/**
 * A nested object as flat pairs of dotted name and value.
 * @param {?object} object @param {string} prefix @returns {[string, unknown][]}
 */
export function flatten(object, prefix = '') {
  return Object.entries(object ?? {}).flatMap(([key, value]) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? flatten(value, `${prefix}${key}.`)
      : [[prefix + key, value]],
  );
}
