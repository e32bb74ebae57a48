// Steering: keys and touch buttons, and which of them are pressed.

import { h, icon } from '../dom.js';

/** Keyboard key → side. */
const SIDES = { arrowleft: 'left', a: 'left', arrowright: 'right', d: 'right' };
const LEFT = 0;
const STRAIGHT = 1;
const RIGHT = 2;

export class Steering {
  /** @param {(action: number) => void} onAction is told 0, 1 or 2 whenever it changes */
  constructor(onAction) {
    this.onAction = onAction;
    this.active = false;
    this.action = STRAIGHT;
    /** What holds each side down: keys, and the button. */
    this.held = { left: new Set(), right: new Set() };
    this.buttons = { left: this.#button('left', '← or A'), right: this.#button('right', '→ or D') };
    this.element = h('div', { class: 'keys', role: 'group', 'aria-label': 'Steering' }, this.buttons.left, this.buttons.right);
    this.onDown = (event) => this.#key(event, true);
    this.onUp = (event) => this.#key(event, false);
    this.onBlur = () => this.release();
    window.addEventListener('keydown', this.onDown);
    window.addEventListener('keyup', this.onUp);
    window.addEventListener('blur', this.onBlur);
  }

  /** Lets everything go. */
  release() {
    this.held.left.clear();
    this.held.right.clear();
    this.#changed();
  }

  /** Ends it. */
  close() {
    window.removeEventListener('keydown', this.onDown);
    window.removeEventListener('keyup', this.onUp);
    window.removeEventListener('blur', this.onBlur);
  }

  #button(side, keys) {
    const button = h(
      'button',
      { type: 'button', class: 'key', 'data-pressed': 'false', title: `Hold to steer ${side}` },
      icon(side),
      h('span', {}, h('span', { class: 'visually-hidden' }, 'Steer '), side),
      h('kbd', { class: 'on-desk' }, keys),
    );
    const hold = (event) => {
      event.preventDefault();
      button.setPointerCapture(event.pointerId);
      this.#hold(side, 'pointer', true);
    };
    const free = () => this.#hold(side, 'pointer', false);
    button.addEventListener('pointerdown', hold);
    button.addEventListener('pointerup', free);
    button.addEventListener('pointercancel', free);
    button.addEventListener('contextmenu', (event) => event.preventDefault());
    for (const [type, down] of [
      ['keydown', true],
      ['keyup', false],
    ]) {
      button.addEventListener(type, (event) => {
        if (event.key !== ' ' && event.key !== 'Enter') return;
        event.preventDefault();
        this.#hold(side, 'button key', down);
      });
    }
    button.addEventListener('blur', () => this.#hold(side, 'button key', false));
    return button;
  }

  #key(event, down) {
    const side = SIDES[event.key.toLowerCase()];
    if (!side || (down && (event.ctrlKey || event.altKey || event.metaKey))) return;
    if (down && (!this.active || event.target.closest?.('input, select, textarea'))) return;
    if (down) event.preventDefault();
    this.#hold(side, event.key.toLowerCase(), down);
  }

  #hold(side, by, down) {
    if (down) this.held[side].add(by);
    else this.held[side].delete(by);
    this.#changed();
  }

  #changed() {
    const left = this.held.left.size > 0;
    const right = this.held.right.size > 0;
    this.buttons.left.dataset.pressed = String(left);
    this.buttons.right.dataset.pressed = String(right);
    const action = left === right ? STRAIGHT : left ? LEFT : RIGHT;
    if (action === this.action) return;
    this.action = action;
    this.onAction(action);
  }
}
