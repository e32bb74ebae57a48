// Saving pictures and numbers as files.

import { Measure } from './format.js';

/**
 * Rows as CSV (RFC 4180). Numbers are as a program reads them: whole, with a point and an ASCII minus; units belong into the header. What
 * there is not is an empty cell. A text that a spreadsheet would take for a formula begins with an apostrophe.
 * @param {string[]} header
 * @param {unknown[][]} rows of numbers, {@link Measure}s, texts and JSON values
 */
export function toCsv(header, rows) {
  return [header, ...rows].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}

function cell(value) {
  if (value instanceof Measure) return cell(value.value);
  if (value === null || value === undefined || (typeof value === 'number' && !Number.isFinite(value))) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const plain = typeof value === 'string' ? value : JSON.stringify(value);
  const text = /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Offers a text for saving. @param {string} name @param {string} text @param {string} type */
export function saveText(name, text, type = 'text/csv') {
  save(name, new Blob([text], { type: `${type};charset=utf-8` }));
}

/**
 * Offers the picture on a canvas for saving, on the page's background.
 * @param {string} name @param {HTMLCanvasElement} canvas @param {string} background a colour
 */
export function savePicture(name, canvas, background) {
  const copy = document.createElement('canvas');
  copy.width = canvas.width;
  copy.height = canvas.height;
  const context = copy.getContext('2d');
  context.fillStyle = background;
  context.fillRect(0, 0, copy.width, copy.height);
  context.drawImage(canvas, 0, 0);
  copy.toBlob((blob) => blob && save(name, blob), 'image/png');
}

function save(name, blob) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name.replaceAll(/[^\w.-]+/g, '-');
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
