// Curves made of the records of runs.

import { onGrid } from '../data/grid.js';
import { acrossRuns, smooth } from '../data/stats.js';

/**
 * Where each phase begins.
 * @param {object[]} records of `episodes.jsonl` @returns {{episode: number, steps: number, phase: number}[]} empty if there is only one; `steps` is
 *   NaN where the records do not tell it
 */
export function phaseStarts(records) {
  const starts = [];
  for (const { episode, phase, env_steps: steps } of records) {
    if (Number.isFinite(phase) && phase !== starts.at(-1)?.phase) starts.push({ episode, steps: steps ?? NaN, phase });
  }
  return starts.length > 1 ? starts : [];
}

/**
 * What attains 100 % in each phase: as the run says, or else the return at which an evaluation would have had that percentage.
 * @param {object[]} records @param {unknown} told `ceilings` of `run.json`: those of phases 1 to 4
 * @returns {Map<number, number>} phase → ceiling, for the phases of which it is known
 */
export function ceilings(records, told) {
  const known = new Map();
  if (Array.isArray(told)) told.forEach((ceiling, i) => ceiling > 0 && known.set(i + 1, ceiling));
  for (const { phase, evaluation } of records) {
    if (Number.isFinite(evaluation?.mean) && evaluation.percent_of_ceiling && !known.has(phase))
      known.set(phase, (evaluation.mean * 100) / evaluation.percent_of_ceiling);
  }
  return known;
}

/**
 * One curve of a run.
 * @param {object[]} records
 * @param {{what: 'training' | 'evaluation', share: boolean, steps: boolean, smoothing: number, ceilings?: unknown}} options `share` in %
 *   of the ceiling instead of units of return, `steps` over training steps instead of episodes, `ceilings` as `run.json` tells them; a record
 *   that does not tell its x has no place on the curve
 * @returns {{xs: number[], ys: ArrayLike<number>, raw: number[]}} smoothed and as it was
 */
export function curve(records, { what, share, steps, smoothing, ceilings: told }) {
  const tops = share && what === 'training' ? ceilings(records, told) : null;
  const fallback = tops ? [...tops.values()].at(-1) : undefined;
  const xs = [];
  const raw = [];
  for (const record of records) {
    if (what === 'evaluation' && !record.evaluation) continue;
    const x = steps ? record.env_steps : record.episode;
    if (!Number.isFinite(x)) continue;
    xs.push(x);
    raw.push(what === 'evaluation' ? evaluated(record.evaluation, share) : trained(record, tops, fallback));
  }
  return { xs, ys: smooth(raw, smoothing), raw };
}

function evaluated({ mean, percent_of_ceiling: percent }, share) {
  const value = share ? percent : mean;
  return Number.isFinite(value) ? value : NaN;
}

function trained({ return: value, phase }, tops, fallback) {
  if (!Number.isFinite(value)) return NaN;
  return tops ? (value / (tops.get(phase) ?? fallback ?? NaN)) * 100 : value;
}

/**
 * Runs that differ in their seed alone, as the dashboard says: preset, lesson, parameters, world, horizon, lanes and number of episodes
 * are the same.
 * @param {object[]} runs rows of the list of runs @returns {Map<string, object[]>} a key → its runs, in order
 */
export function groups(runs) {
  const result = new Map();
  for (const run of runs) {
    if (!result.has(run.likeness)) result.set(run.likeness, []);
    result.get(run.likeness).push(run);
  }
  return result;
}

/**
 * One run for each seed: two runs of one seed are the same draw, and would make an interval narrower than it is. The newest that has an
 * episode counts. Runs that do not tell their seed count each.
 * @template {{row: object, records: object[]}} T
 * @param {T[]} runs of a group @returns {T[]} those that count, in order
 */
export function onePerSeed(runs) {
  const newest = new Map();
  for (const run of runs) {
    if (!run.records.length) continue;
    const key = seedKey(run.row);
    if (!newest.has(key) || isNewer(run.row, newest.get(key).row)) newest.set(key, run);
  }
  return runs.filter((run) => [...newest.values()].includes(run));
}

function seedKey({ seed, id }) {
  return JSON.stringify(seed === null || seed === undefined ? { id } : seed);
}

/** How many seeds rows have. */
function seeds(rows) {
  return new Set(rows.map(seedKey)).size;
}

function isNewer(row, other) {
  const [age, otherAge] = [row, other].map(({ started_at: started }) => (typeof started === 'string' ? started : ''));
  return age === otherAge ? row.id > other.id : age > otherAge;
}

/**
 * Which colour each run has, by number: one each, or one for all of a group that has a mean.
 * @param {object[]} runs the chosen rows, in order @param {boolean} together whether like runs have a mean
 * @returns {Map<string, number>} id → number
 */
export function places(runs, together) {
  const alike = together ? [...groups(runs).values()] : runs.map((run) => [run]);
  const parts = alike.flatMap((members) => (seeds(members) > 1 ? [members] : members.map((run) => [run])));
  return new Map(parts.flatMap((members, place) => members.map(({ id }) => [id, place])));
}

/**
 * Mean and 95 % interval of a group's curves. Over training steps each run has points of its own: there the curves are interpolated to
 * common ones first.
 * @param {{records: object[], info: ?object}[]} runs @param {object} options of {@link curve}
 */
export function band(runs, options) {
  const curves = runs.map(({ records, info }) => curve(records, { ...options, ceilings: info?.ceilings }));
  return acrossRuns(options.steps ? onGrid(curves) : curves);
}
