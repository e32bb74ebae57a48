// Spikes of one step: one row of ceil(neurons / 8) bytes for each tick, least significant bit first.

/** A tick lasts one millisecond. */
const TICK_SECONDS = 0.001;

/** @param {import('../wire/telemetry.js').Frame} frame @returns {number} bytes of one tick; 0 without a raster */
export function rowBytes(frame) {
  return frame.ticks ? Math.floor(frame.raster.length / frame.ticks) : 0;
}

/** @param {Uint8Array} raster @param {number} bytes of one tick @param {number} tick @param {number} neuron */
export function spiked(raster, bytes, tick, neuron) {
  return (raster[tick * bytes + (neuron >> 3)] >> (neuron & 7)) & 1;
}

/**
 * Spikes of some neurons in one step.
 * @param {import('../wire/telemetry.js').Frame} frame
 * @param {{first: number, size: number}} population
 */
export function countSpikes(frame, { first, size }) {
  const bytes = rowBytes(frame);
  const end = Math.min(first + size, bytes * 8);
  let count = 0;
  for (let tick = 0; tick < frame.ticks; tick++) {
    for (let neuron = first; neuron < end; neuron++) count += spiked(frame.raster, bytes, tick, neuron);
  }
  return count;
}

/**
 * Mean firing rate of a population in one step, in hertz.
 * @param {import('../wire/telemetry.js').Frame} frame
 * @param {{first: number, size: number}} population
 * @returns {number} NaN if the step has no raster
 */
export function firingRate(frame, population) {
  if (!rowBytes(frame) || !population.size) return NaN;
  return countSpikes(frame, population) / (population.size * frame.ticks * TICK_SECONDS);
}
