// The sign that tells whether the dashboard answers.

import { counters } from './state.js';
import { setText } from './dom.js';

let sign = null;

/** @param {HTMLElement} element where to tell it */
export function setConnectionSign(element) {
  sign = element;
}

/**
 * @param {'connecting' | 'open' | 'waiting' | 'closed' | 'error'} state
 * @param {string} text in two or three words
 */
export function showConnection(state, text) {
  counters.connection = state;
  if (!sign) return;
  sign.dataset.state = state;
  setText(sign, text);
}
