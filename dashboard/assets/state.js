// What the page is doing, for tests and for the curious: `window.spikedrive`, which can be read but not written.

/** Written by the page's own modules. */
export const counters = {
  view: '',
  connection: 'closed',
  /** Steps that arrived, and pictures in which something was drawn. */
  frames: 0,
  drawn: 0,
  /** @type {?import('./wire/telemetry.js').Frame} */
  frame: null,
  /** @type {?import('./wire/telemetry.js').Weights} */
  weights: null,
  run: null,
  /** The last finished episode, a record of `episodes.jsonl`. */
  episode: null,
  /** Messages that the way from the agent dropped. */
  dropped: 0,
  errors: [],
  /** What the views tell about themselves. */
  learning: null,
  replay: null,
  drive: null,
};

/** Makes `window.spikedrive`. */
export function publishState() {
  const readers = {
    view: () => counters.view,
    connection: () => counters.connection,
    framesReceived: () => counters.frames,
    framesDrawn: () => counters.drawn,
    frame: () => (counters.frame ? facts(counters.frame) : null),
    weights: () => (counters.weights ? { episode: counters.weights.episode, rows: counters.weights.weights?.rows ?? 0 } : null),
    run: () => counters.run,
    lastEpisode: () => structuredClone(counters.episode),
    dropped: () => counters.dropped,
    errors: () => [...counters.errors],
    learning: () => structuredClone(counters.learning),
    replay: () => structuredClone(counters.replay),
    drive: () => structuredClone(counters.drive),
  };
  const state = {};
  for (const [name, get] of Object.entries(readers)) Object.defineProperty(state, name, { get, enumerable: true });
  Object.defineProperty(window, 'spikedrive', { value: Object.freeze(state) });
  window.addEventListener('error', (event) => counters.errors.push(String(event.message)));
  window.addEventListener('unhandledrejection', (event) => counters.errors.push(String(event.reason)));
}

function facts(frame) {
  const { episode, step, phase, x, y, heading, action, reward, episodeReturn, dopamine, value, ticks, mode } = frame;
  return {
    episode,
    step,
    phase,
    x,
    y,
    heading,
    action,
    reward,
    episodeReturn,
    dopamine,
    value,
    ticks,
    mode,
    observation: [...frame.observation],
    shares: [...frame.shares],
    rasterBytes: frame.raster.length,
  };
}
