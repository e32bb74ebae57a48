// Maps of numbers to colours for heat maps, as 256 packed pixels. Lightness alone tells the order, so that they can be read with
// every kind of colour vision and in grey.

import { palette, rgb } from './palette.js';

/** Blue, through the colour of the card, to orange: from the darkest to the lightest, or the other way in the dark theme. */
const NEGATIVE = ['#03254c', '#0b5394', '#3d8fd1', '#a3cbe8'];
const POSITIVE = ['#f7cf9b', '#e08a2c', '#a84c06', '#4d1f00'];
const NEGATIVE_DARK = ['#bfe3ff', '#63b3ee', '#2274b5', '#14375a'];
const POSITIVE_DARK = ['#5a3310', '#b8640f', '#f39a3d', '#ffe2bd'];

/** @returns {Uint32Array} pixels for i8 values −128…127, at index value + 128: zero has the card's colour */
export function diverging() {
  return palette.dark
    ? ramp([...NEGATIVE_DARK, palette.sunken, ...POSITIVE_DARK])
    : ramp([...NEGATIVE, palette.sunken, ...POSITIVE]);
}

/** Packs a colour as a pixel of an ImageData on a little-endian machine, as all are. @param {string} colour */
export function pixel(colour, alpha = 255) {
  const [red, green, blue] = rgb(colour);
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** @param {Uint32Array} map @param {number} index @returns {string} a CSS colour */
export function cssColour(map, index) {
  const value = map[index];
  return `rgb(${value & 255} ${(value >> 8) & 255} ${(value >> 16) & 255})`;
}

function ramp(stops) {
  const colours = stops.map(rgb);
  const map = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (colours.length - 1);
    const low = Math.min(colours.length - 2, Math.floor(place));
    const share = place - low;
    const mix = (channel) => Math.round(colours[low][channel] * (1 - share) + colours[low + 1][channel] * share);
    map[i] = ((255 << 24) | (mix(2) << 16) | (mix(1) << 8) | mix(0)) >>> 0;
  }
  return map;
}
