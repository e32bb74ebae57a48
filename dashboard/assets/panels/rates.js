// How fast each population and each motor pool fires, now and over the last steps.

import { Panel } from './panel.js';
import { font } from '../draw/surface.js';
import { palette, populationColour, translucent } from '../draw/palette.js';
import { firingRate, rowBytes } from '../data/spikes.js';
import { History } from '../data/history.js';
import { Measure, number } from '../data/format.js';

/** Steps shown. */
const STEPS = 150;
const NAME = 104;
const VALUE = 58;
const TALLEST_ROW = 64;

export class RatesPanel extends Panel {
  constructor(scene) {
    super(scene, {
      id: 'rates',
      title: 'Firing rates',
      label: 'Mean firing rate of each population and motor pool over the last steps',
    });
    this.populations = [];
    this.history = new History([], STEPS);
  }

  begin(run) {
    this.populations = run?.populations ?? [];
    this.history = new History(
      this.populations.map(({ name }) => name),
      STEPS,
    );
  }

  clear() {
    this.history.clear();
  }

  push(frame) {
    if (!rowBytes(frame) || !this.populations.length) return;
    this.history.begin();
    this.populations.forEach((population, column) => this.history.set(column, firingRate(frame, population)));
    this.dirty = true;
  }

  missing() {
    if (!this.scene.run) return 'No run is shown.';
    if (!this.populations.length && this.scene.run.recorded) return 'This recording holds no spikes, so no firing rates.';
    if (!this.populations.length) return 'This agent has no neurons, so it has no firing rates.';
    if (!this.history.length) return 'No spikes have arrived yet.';
    return '';
  }

  numbers() {
    if (!this.history.length) return null;
    return {
      header: ['Population', 'Neurons', 'Firing rate (Hz)'],
      rows: this.populations.map(({ name, size }, column) => [name, size, new Measure(this.history.last(column), 1)]),
    };
  }

  draw(context) {
    const { width, height } = this.surface;
    const row = Math.min(TALLEST_ROW, height / this.populations.length);
    const top = this.#highest();
    context.textBaseline = 'middle';
    this.populations.forEach(({ name }, index) => {
      const middle = (index + 0.5) * row;
      context.font = font(12);
      context.textAlign = 'left';
      context.fillStyle = palette.text;
      context.fillText(name, 0, middle, NAME - 8);
      this.#line(
        context,
        index,
        { left: NAME, right: width - VALUE - 8, top: index * row + 4, bottom: (index + 1) * row - 4 },
        top,
      );
      context.font = font(12, 600);
      context.textAlign = 'right';
      context.fillStyle = palette.text;
      context.fillText(`${number(this.history.last(index), 0)} Hz`, width, middle);
    });
    context.textAlign = 'left';
    context.textBaseline = 'alphabetic';
  }

  #line(context, index, { left, right, top, bottom }, highest) {
    const colour = populationColour(this.populations[index].name, index);
    const step = (right - left) / (STEPS - 1);
    const offset = STEPS - this.history.length;
    context.beginPath();
    for (let i = 0; i < this.history.length; i++) {
      const y = bottom - (this.history.get(index, i) / highest) * (bottom - top);
      context.lineTo(left + (offset + i) * step, y);
    }
    context.strokeStyle = colour;
    context.lineWidth = 1.6;
    context.stroke();
    context.lineTo(right, bottom);
    context.lineTo(left + offset * step, bottom);
    context.fillStyle = translucent(colour, 0.16);
    context.fill();
    context.fillStyle = palette.line;
    context.fillRect(left, bottom, right - left, 1);
  }

  /** The highest rate shown, at least 50 Hz: one scale for all, so that they can be compared. */
  #highest() {
    let highest = 50;
    for (let column = 0; column < this.populations.length; column++) {
      for (let i = 0; i < this.history.length; i++) {
        // A population without neurons has no rate.
        if (this.history.get(column, i) > highest) highest = this.history.get(column, i);
      }
    }
    return highest;
  }
}
