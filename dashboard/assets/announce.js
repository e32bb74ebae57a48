// Tells what happens to those who listen rather than look. Seldom: a screen reader must not talk without pause.

import { setText } from './dom.js';

const EVERY_MS = 3000;
let region = null;
let last = -Infinity;
let waiting = 0;

/** @param {HTMLElement} element a polite live region */
export function announceIn(element) {
  region = element;
}

/**
 * Says a sentence, at most one every three seconds: of those in between only the newest.
 * @param {string} sentence @param {number} pauseMs since the sentence before, at least
 */
export function announce(sentence, pauseMs = EVERY_MS) {
  clearTimeout(waiting);
  const wait = Math.max(0, last + pauseMs - performance.now());
  waiting = setTimeout(() => {
    last = performance.now();
    if (region) setText(region, sentence);
  }, wait);
}
