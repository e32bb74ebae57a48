// How the drive goes: return and steps, the distance to the ghost, and the buttons.

import { number } from '../data/format.js';
import { h, icon, setText } from '../dom.js';

export class Hud {
  /** @param {{onStart: () => void, onPause: () => void, onStop: () => void}} listeners */
  constructor({ onStart, onPause, onStop }) {
    this.status = h('p', { class: 'result' }, 'Ready.');
    this.points = h('p', { class: 'big-number' }, '0.0');
    this.steps = h('p', { class: 'muted' }, 'return');
    this.rival = h('p', { class: 'muted' });
    this.again = h('button', { type: 'button', class: 'primary', onclick: onStart }, icon('play'), 'Start');
    this.pause = h('button', { type: 'button', disabled: true, onclick: onPause }, icon('pause'), 'Pause');
    this.stop = h('button', { type: 'button', disabled: true, onclick: onStop }, icon('stop'), 'Stop');
    this.element = h(
      'section',
      { class: 'card hud', 'aria-label': 'This drive' },
      h('div', {}, this.points, this.steps),
      h('div', { class: 'grow' }, this.status, this.rival),
      h('div', { class: 'row' }, this.again, this.pause, this.stop),
    );
  }

  /** @param {string} text how it stands, in a few words */
  say(text) {
    setText(this.status, text);
  }

  /** A drive begins. The arrow keys steer from now on: the focus goes to a button that they mean nothing to. */
  begin() {
    this.again.replaceChildren(icon('play'), 'Start again');
    this.pause.disabled = false;
    this.stop.disabled = false;
    this.pause.focus({ preventScroll: true });
  }

  /** The drive is over. */
  end() {
    if (document.activeElement === this.pause || document.activeElement === this.stop) this.again.focus({ preventScroll: true });
    this.pause.disabled = true;
    this.stop.disabled = true;
    this.setPaused(false);
  }

  /** @param {boolean} paused */
  setPaused(paused) {
    this.pause.replaceChildren(icon(paused ? 'play' : 'pause'), paused ? 'Resume' : 'Pause');
  }

  /** @param {number} points return so far @param {number} steps @param {?object} ghost the ghost's frame at the same step */
  score(points, steps, ghost) {
    setText(this.points, number(points, 1));
    setText(this.steps, `return after ${steps} ${steps === 1 ? 'step' : 'steps'}`);
    const ahead = ghost ? points - ghost.episodeReturn : 0;
    setText(this.rival, ghost ? `${number(Math.abs(ahead), 1)} ${ahead >= 0 ? 'ahead of' : 'behind'} the ghost` : '');
  }
}
