// Spikes of all neurons over the last ticks. Each step adds its columns to a ring on a canvas of its own, one pixel a neuron and
// tick; the picture is that ring, cut where it begins and stretched layer by layer.

import { Panel } from './panel.js';
import { font } from '../draw/surface.js';
import { palette, populationColour } from '../draw/palette.js';
import { pixel } from '../draw/colormap.js';
import { countSpikes, rowBytes, spiked } from '../data/spikes.js';
import { count, number } from '../data/format.js';

/** Ticks kept. */
const COLUMNS = 2048;
/** CSS pixels for each tick. */
const TICK_WIDTH = 1.5;
/** Neurons that a picture can hold. */
const MOST_NEURONS = 16_384;
const GUTTER = 104;
const GAP = 5;
const BOTTOM = 20;

export class RasterPanel extends Panel {
  constructor(scene) {
    super(scene, {
      id: 'raster',
      title: 'Spikes',
      label: 'Raster of the spikes of all neurons, layer by layer, newest on the right',
    });
    this.ring = document.createElement('canvas');
    this.ringContext = this.ring.getContext('2d');
    this.populations = [];
    this.neurons = 0;
    this.clear();
  }

  begin(run) {
    this.populations = run?.populations ?? [];
    const neurons = this.populations.reduce((end, { first, size }) => Math.max(end, first + size), 0);
    this.crowd = neurons > MOST_NEURONS ? neurons : 0;
    this.neurons = this.crowd ? 0 : neurons;
    this.ring.width = COLUMNS;
    this.ring.height = Math.max(1, this.neurons);
    this.image = null;
    this.#inks();
  }

  clear() {
    this.head = 0;
    this.filled = 0;
    this.episode = -1;
    this.hasRaster = false;
    this.ringContext.clearRect(0, 0, this.ring.width, this.ring.height);
  }

  recolour() {
    // The ring keeps its old colours until the spikes have moved on.
    this.#inks();
    this.dirty = true;
  }

  push(frame) {
    const bytes = rowBytes(frame);
    if (!bytes || !this.neurons) return;
    this.hasRaster = true;
    if (this.episode !== -1 && frame.episode !== this.episode) this.#boundary();
    this.episode = frame.episode;
    this.#write(frame, bytes);
    this.dirty = true;
  }

  missing() {
    if (!this.scene.run) return 'No run is shown.';
    if (!this.populations.length && this.scene.run.recorded) return 'This recording holds no spikes.';
    if (!this.populations.length) return 'This agent has no neurons, so it has no spikes to show.';
    if (this.crowd) return `${count(this.crowd)} neurons are too many to draw: at most ${count(MOST_NEURONS)}.`;
    if (!this.hasRaster) return 'No spikes have arrived yet.';
    return '';
  }

  numbers() {
    const { frame } = this.scene;
    if (!frame || !this.populations.length) return null;
    return {
      header: ['Population', 'Neurons', 'Spikes in the last step'],
      rows: this.populations.map((population) => [
        population.name,
        population.size,
        rowBytes(frame) ? countSpikes(frame, population) : null,
      ]),
    };
  }

  draw(context) {
    const { width, height } = this.surface;
    const room = width - GUTTER;
    const shown = Math.min(COLUMNS, Math.floor(room / TICK_WIDTH));
    const rows = this.populations.reduce((sum, { size }) => sum + size, 0);
    const rowHeight = Math.max(0, height - BOTTOM - GAP * (this.populations.length - 1)) / rows;
    context.imageSmoothingEnabled = false;
    context.font = font(11);
    context.textBaseline = 'middle';
    let top = 0;
    this.populations.forEach((population, index) => {
      const tall = population.size * rowHeight;
      context.fillStyle = palette.sunken;
      context.fillRect(GUTTER, top, room, tall);
      this.#blit(context, population, shown, top, tall);
      context.fillStyle = populationColour(population.name, index);
      context.fillRect(GUTTER - 7, top, 3, tall);
      context.fillStyle = palette.text;
      if (tall >= 9) context.fillText(population.name, 0, top + tall / 2, GUTTER - 12);
      top += tall + GAP;
    });
    context.textBaseline = 'alphabetic';
    context.fillStyle = palette.muted;
    context.fillText(`last ${number(shown, 0)} ticks (1 tick = 1 ms of the network)`, GUTTER, height - 4);
    context.textAlign = 'right';
    context.fillText('now', width, height - 4);
    context.textAlign = 'left';
  }

  /** Copies the last `shown` columns of a layer from the ring, in two pieces where the ring's end lies between. */
  #blit(context, { first, size }, shown, top, tall) {
    const columns = Math.min(shown, this.filled);
    const start = (this.head - columns + COLUMNS) % COLUMNS;
    const before = Math.min(columns, COLUMNS - start);
    const left = GUTTER + (shown - columns) * TICK_WIDTH;
    if (before > 0) context.drawImage(this.ring, start, first, before, size, left, top, before * TICK_WIDTH, tall);
    if (columns > before) {
      context.drawImage(
        this.ring,
        0,
        first,
        columns - before,
        size,
        left + before * TICK_WIDTH,
        top,
        (columns - before) * TICK_WIDTH,
        tall,
      );
    }
  }

  /** Writes the columns of one step. */
  #write(frame, bytes) {
    const { ticks } = frame;
    if (!this.image || this.image.width !== ticks) {
      this.image = this.ringContext.createImageData(ticks, this.neurons);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    const neurons = Math.min(this.neurons, bytes * 8);
    for (let neuron = 0; neuron < neurons; neuron++) {
      const ink = this.inks[neuron];
      for (let tick = 0; tick < ticks; tick++)
        this.pixels[neuron * ticks + tick] = spiked(frame.raster, bytes, tick, neuron) ? ink : 0;
    }
    for (let left = this.head; left > -ticks; left -= COLUMNS) this.ringContext.putImageData(this.image, left, 0);
    this.#advance(ticks);
  }

  /** A line between two episodes. */
  #boundary() {
    for (let k = 0; k < 3; k++) {
      this.ringContext.clearRect(this.head, 0, 1, this.neurons);
      if (k === 1) {
        this.ringContext.fillStyle = palette.muted;
        this.ringContext.fillRect(this.head, 0, 1, this.neurons);
      }
      this.#advance(1);
    }
  }

  #advance(columns) {
    this.head = (this.head + columns) % COLUMNS;
    this.filled = Math.min(COLUMNS, this.filled + columns);
  }

  #inks() {
    this.inks = new Uint32Array(this.neurons);
    this.populations.forEach(({ name, first, size }, index) =>
      this.inks.fill(pixel(populationColour(name, index)), first, first + size),
    );
  }
}
