// The messages of proto/spikedrive/v1/telemetry.proto, as plain objects.

import { Reader, WireError } from './protobuf.js';

/** Names of the actions, by number. */
export const ACTIONS = ['left', 'straight', 'right'];

/** Names of the reasons why a recording was kept, by number. */
const REASONS = ['unknown', 'first', 'best', 'periodic', 'crashed', 'ghost'];

const NO_BYTES = new Uint8Array(0);
const NO_FLOATS = new Float32Array(0);
const MODES = ['training', 'training', 'driving'];

/**
 * @typedef {{name: string, first: number, size: number}} Population neurons `first..first + size`
 * @typedef {{rows: number, columns: number, scale: number, values: Int8Array}} Matrix value = scale × values[row × columns + column]
 * @typedef {{episode: number, name: string, closed: boolean, centre: Float32Array, halfWidths: Float32Array}} Road
 * @typedef {{episode: number, step: number, phase: number, x: number, y: number, heading: number, observation: Float32Array,
 *   action: number, shares: Float32Array, reward: number, episodeReturn: number, dopamine: ?number, value: ?number,
 *   raster: Uint8Array, ticks: number, mode: string}} Frame one step
 * @typedef {{episode: number, weights: ?Matrix, eligibility: ?Matrix}} Weights
 * @typedef {{runId: string, info: object, populations: Population[], initialWeights: ?Matrix, recorded?: boolean}} RunStart `recorded` where
 *   a recording stands for it
 * @typedef {{name: string, reasons: string[], runId: string, episode: number, phase: number, episodeReturn: number, crashed: boolean,
 *   mode: string, testTrack: ?number, populations: Population[], road: ?Road, frames: Frame[]}} Recording
 */

/**
 * Decodes a `PublishRequest`.
 * @param {Uint8Array} bytes
 * @returns {{kind: string, value: object, dropped: number}} `kind` is start, episodes, road, frame, weights, recording or end,
 *   or empty for an event of a later version
 */
export function decodePublish(bytes) {
  const event = { kind: '', value: null, dropped: 0 };
  const reader = new Reader(bytes);
  while (reader.next()) {
    const known = EVENTS[reader.field];
    if (reader.field === 2) event.dropped = reader.uint();
    else if (known) {
      event.kind = known[0];
      event.value = known[1](reader.message());
    } else reader.skip();
  }
  return event;
}

/** Decodes a `Recording`. @param {Uint8Array} bytes @returns {Recording} */
export function decodeRecording(bytes) {
  return recording(new Reader(bytes));
}

function runStart(reader) {
  const start = { runId: '', info: {}, populations: [], initialWeights: null };
  while (reader.next()) {
    if (reader.field === 1) start.runId = reader.string();
    else if (reader.field === 2) start.info = parsed(reader.string());
    else if (reader.field === 3) start.populations.push(population(reader.message()));
    else if (reader.field === 4) start.initialWeights = matrix(reader.message());
    else reader.skip();
  }
  return start;
}

function population(reader) {
  const population = { name: '', first: 0, size: 0 };
  while (reader.next()) {
    if (reader.field === 1) population.name = reader.string();
    else if (reader.field === 2) population.first = reader.uint();
    else if (reader.field === 3) population.size = reader.uint();
    else reader.skip();
  }
  return population;
}

function matrix(reader) {
  const matrix = { rows: 0, columns: 0, scale: 0, values: new Int8Array(0) };
  while (reader.next()) {
    if (reader.field === 1) matrix.rows = reader.uint();
    else if (reader.field === 2) matrix.columns = reader.uint();
    else if (reader.field === 3) matrix.scale = reader.float();
    else if (reader.field === 4) matrix.values = new Int8Array(reader.blob().slice().buffer);
    else reader.skip();
  }
  if (matrix.values.length !== matrix.rows * matrix.columns) {
    throw new WireError(`a matrix of ${matrix.rows} × ${matrix.columns} came with ${matrix.values.length} values`);
  }
  return matrix;
}

function episodes(reader) {
  const records = [];
  while (reader.next()) {
    if (reader.field === 1) records.push(parsed(reader.string()));
    else reader.skip();
  }
  return records;
}

function road(reader) {
  const road = { episode: 0, name: '', closed: false, centre: NO_FLOATS, halfWidths: NO_FLOATS };
  while (reader.next()) {
    if (reader.field === 1) road.episode = reader.uint();
    else if (reader.field === 2) road.name = reader.string();
    else if (reader.field === 3) road.closed = reader.bool();
    else if (reader.field === 4) road.centre = reader.floats();
    else if (reader.field === 5) road.halfWidths = reader.floats();
    else reader.skip();
  }
  if (road.centre.length !== road.halfWidths.length || road.centre.length % 2) {
    throw new WireError(`a road came with ${road.centre.length / 2} points and ${road.halfWidths.length / 2} widths`);
  }
  return road;
}

function frame(reader) {
  const frame = {
    episode: 0,
    step: 0,
    phase: 0,
    x: 0,
    y: 0,
    heading: 0,
    observation: NO_FLOATS,
    action: 0,
    shares: NO_FLOATS,
    reward: 0,
    episodeReturn: 0,
    dopamine: null,
    value: null,
    raster: NO_BYTES,
    ticks: 0,
    mode: MODES[0],
  };
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        frame.episode = reader.uint();
        break;
      case 2:
        frame.step = reader.uint();
        break;
      case 3:
        frame.phase = reader.uint();
        break;
      case 4:
        frame.x = reader.double();
        break;
      case 5:
        frame.y = reader.double();
        break;
      case 6:
        frame.heading = reader.double();
        break;
      case 7:
        frame.observation = reader.floats();
        break;
      case 8:
        frame.action = reader.uint();
        break;
      case 9:
        frame.shares = reader.floats();
        break;
      case 10:
        frame.reward = reader.double();
        break;
      case 11:
        frame.episodeReturn = reader.double();
        break;
      case 12:
        frame.dopamine = reader.double();
        break;
      case 13:
        frame.value = reader.double();
        break;
      case 14:
        frame.raster = reader.blob();
        break;
      case 15:
        frame.ticks = reader.uint();
        break;
      case 16:
        frame.mode = MODES[reader.uint()] ?? MODES[0];
        break;
      default:
        reader.skip();
    }
  }
  return frame;
}

function weights(reader) {
  const weights = { episode: 0, weights: null, eligibility: null };
  while (reader.next()) {
    if (reader.field === 1) weights.episode = reader.uint();
    else if (reader.field === 2) weights.weights = matrix(reader.message());
    else if (reader.field === 3) weights.eligibility = matrix(reader.message());
    else reader.skip();
  }
  return weights;
}

function recording(reader) {
  const reasons = [];
  const recording = {
    name: '',
    reasons: [],
    runId: '',
    episode: 0,
    phase: 0,
    episodeReturn: 0,
    crashed: false,
    mode: MODES[0],
    testTrack: null,
    populations: [],
    road: null,
    frames: [],
  };
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        recording.name = reader.string();
        break;
      case 2:
        reader.enums(reasons);
        break;
      case 3:
        recording.runId = reader.string();
        break;
      case 4:
        recording.episode = reader.uint();
        break;
      case 5:
        recording.phase = reader.uint();
        break;
      case 6:
        recording.episodeReturn = reader.double();
        break;
      case 7:
        recording.crashed = reader.bool();
        break;
      case 8:
        recording.mode = MODES[reader.uint()] ?? MODES[0];
        break;
      case 9:
        recording.testTrack = reader.uint();
        break;
      case 10:
        recording.populations.push(population(reader.message()));
        break;
      case 11:
        recording.road = road(reader.message());
        break;
      case 12:
        recording.frames.push(frame(reader.message()));
        break;
      default:
        reader.skip();
    }
  }
  recording.reasons = reasons.map((reason) => REASONS[reason] ?? REASONS[0]);
  return recording;
}

function runEnd(reader) {
  let summary = null;
  while (reader.next()) {
    if (reader.field === 1) summary = parsed(reader.string());
    else reader.skip();
  }
  return { summary };
}

/** JSON of an agent; what cannot be read counts as nothing, since a picture must not fail for it. */
function parsed(json) {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

/** Field number of `PublishRequest.event` → kind and decoder. */
const EVENTS = {
  3: ['start', runStart],
  4: ['episodes', episodes],
  5: ['road', road],
  6: ['frame', frame],
  7: ['weights', weights],
  8: ['recording', recording],
  9: ['end', runEnd],
};
