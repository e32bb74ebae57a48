// Colours. css/tokens.css is their one source; this reads it for the canvases, in the theme that is on.
// The categorical colours are those of Okabe and Ito, made for all kinds of colour vision.

const NAMES = [
  'page',
  'card',
  'sunken',
  'text',
  'muted',
  'line',
  'accent',
  'good',
  'bad',
  'road',
  'road-edge',
  'ground',
  'car',
  'ghost',
  'ray',
  'trail',
  'left',
  'straight',
  'right',
  'series-1',
  'series-2',
  'series-3',
  'series-4',
  'series-5',
  'series-6',
  'series-7',
  'series-8',
];

/** Number of colours that tell series apart; line styles tell further ones. */
const SERIES = 8;

/**
 * The colours of the present theme, by their names in css/tokens.css, and `dark`.
 * The object stays the same, its values change with the theme.
 * @type {Record<string, string> & {dark: boolean}}
 */
export const palette = { dark: false };

/** Reads the colours anew. */
export function readPalette() {
  const style = getComputedStyle(document.documentElement);
  for (const name of NAMES) palette[name] = style.getPropertyValue(`--${name}`).trim();
  palette.dark = style.getPropertyValue('--dark').trim() === '1';
}

/** @param {number} index @returns {string} colour of a series */
export function seriesColour(index) {
  return palette[`series-${(index % SERIES) + 1}`];
}

/** @param {number} index @returns {number[]} dashes of a series: solid for the first eight, then broken */
export function seriesDash(index) {
  return [[], [6, 3], [2, 3], [8, 3, 2, 3]][Math.floor(index / SERIES) % 4];
}

/**
 * Colour of a population: the motor pools have the colours of their actions.
 * @param {string} name @param {number} index its place among the populations
 */
export function populationColour(name, index) {
  const pool = /motor\s+(left|straight|right)/i.exec(name);
  return pool ? palette[pool[1].toLowerCase()] : palette[['series-3', 'series-4', 'series-5', 'series-1'][index % 4]];
}

/** @param {string} colour #rrggbb @returns {[number, number, number]} */
export function rgb(colour) {
  const value = Number.parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** @param {string} colour #rrggbb @param {number} alpha 0 to 1 @returns {string} */
export function translucent(colour, alpha) {
  const [red, green, blue] = rgb(colour);
  return `rgb(${red} ${green} ${blue} / ${alpha})`;
}
