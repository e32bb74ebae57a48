// What the agent wants to do: the share of each action now, and the actions of the last steps.

import { Panel } from './panel.js';
import { setText } from '../dom.js';
import { font } from '../draw/surface.js';
import { palette, translucent } from '../draw/palette.js';
import { History } from '../data/history.js';
import { ACTIONS } from '../wire/telemetry.js';
import { Measure, percent } from '../data/format.js';

const STEPS = 120;
const NAME = 84;
const VALUE = 58;
const SIGNS = ['←', '↑', '→'];

export class ActionsPanel extends Panel {
  constructor(scene) {
    super(scene, { id: 'actions', title: 'Actions', label: 'Share of each action now, and the actions of the last steps' });
    this.history = new History(['action', ...ACTIONS], STEPS);
  }

  clear() {
    this.history.clear();
  }

  push(frame) {
    this.history.begin();
    this.history.set(0, frame.action);
    for (let action = 0; action < 3; action++)
      this.history.set(action + 1, frame.shares.length === 3 ? frame.shares[action] : null);
    this.dirty = true;
  }

  missing() {
    return this.history.length ? '' : 'No step has arrived yet.';
  }

  numbers() {
    if (!this.history.length) return null;
    return {
      header: ['Steps before now', 'Action', ...ACTIONS.map((name) => `share of ${name}`)],
      rows: this.history
        .rows()
        .reverse()
        .map(([action, ...shares], i) => [i, ACTIONS[action], ...shares.map((share) => new Measure(share, 3))]),
    };
  }

  draw(context) {
    const { width, height } = this.surface;
    const row = Math.min(34, (height - 26) / 6);
    const chosen = this.history.last(0);
    context.textBaseline = 'middle';
    const known = !Number.isNaN(this.history.last(1));
    ACTIONS.forEach((name, action) => this.#bar(context, action, name, action === chosen, action * row, row, width, known));
    context.textAlign = 'left';
    const top = row * 3 + 24;
    context.font = font(11);
    context.fillStyle = palette.muted;
    context.fillText(`last ${STEPS} steps`, NAME, top - 10);
    setText(this.foot, known ? '' : 'Only the chosen action is known, not the share of each.');
    this.#strip(context, top, Math.min(22, (height - top) / 3), width);
    context.textBaseline = 'alphabetic';
  }

  #bar(context, action, name, chosen, top, row, width, known) {
    const middle = top + row / 2;
    const room = width - NAME - VALUE;
    const share = known ? this.history.last(action + 1) : chosen ? 1 : 0;
    context.textAlign = 'left';
    context.font = font(13, chosen ? 700 : 400);
    context.fillStyle = palette.text;
    context.fillText(`${SIGNS[action]} ${name}`, 0, middle, NAME - 6);
    context.fillStyle = palette.sunken;
    context.fillRect(NAME, top + 5, room, row - 10);
    context.fillStyle = chosen ? palette[name] : translucent(palette[name], 0.45);
    context.fillRect(NAME, top + 5, room * share, row - 10);
    if (chosen) {
      context.strokeStyle = palette.text;
      context.lineWidth = 1.5;
      context.strokeRect(NAME, top + 5, room, row - 10);
    }
    context.textAlign = 'right';
    context.fillStyle = palette.text;
    context.fillText(known ? percent(share) : chosen ? 'chosen' : '', width, middle);
  }

  /** Three lanes, one an action: a mark where it was taken. */
  #strip(context, top, lane, width) {
    const step = (width - NAME) / STEPS;
    context.font = font(11);
    ACTIONS.forEach((name, action) => {
      context.fillStyle = palette.muted;
      context.fillText(name, 0, top + (action + 0.5) * lane, NAME - 6);
      context.fillStyle = palette.sunken;
      context.fillRect(NAME, top + action * lane, width - NAME, lane - 3);
    });
    for (let i = 0; i < this.history.length; i++) {
      const action = this.history.get(0, i);
      context.fillStyle = palette[ACTIONS[action]] ?? palette.text;
      context.fillRect(NAME + (STEPS - this.history.length + i) * step, top + action * lane, Math.max(1, step - 0.6), lane - 3);
    }
  }
}
