// Curves made of the records of runs.

import { lessonText } from '../data/lesson.js';
import { acrossRuns, smooth } from '../data/stats.js';

/**
 * Where each phase begins.
 * @param {object[]} records of `episodes.jsonl` @returns {{episode: number, steps: number, phase: number}[]} empty if there is only one
 */
export function phaseStarts(records) {
  const starts = [];
  for (const { episode, phase, env_steps: steps } of records) {
    if (phase !== undefined && phase !== starts.at(-1)?.phase) starts.push({ episode, steps: steps ?? episode, phase });
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
  if (Array.isArray(told)) told.forEach((ceiling, i) => Number.isFinite(ceiling) && known.set(i + 1, ceiling));
  for (const { phase, evaluation } of records) {
    if (evaluation?.percent_of_ceiling && !known.has(phase))
      known.set(phase, (evaluation.mean * 100) / evaluation.percent_of_ceiling);
  }
  return known;
}

/**
 * One curve of a run.
 * @param {object[]} records
 * @param {{what: 'training' | 'evaluation', share: boolean, steps: boolean, smoothing: number, ceilings?: unknown}} options `share` in %
 *   of the ceiling instead of units of return, `steps` over training steps instead of episodes, `ceilings` as `run.json` tells them
 * @returns {{xs: number[], ys: ArrayLike<number>, raw: number[]}} smoothed and as it was
 */
export function curve(records, { what, share, steps, smoothing, ceilings: told }) {
  const tops = share && what === 'training' ? ceilings(records, told) : null;
  const fallback = tops ? [...tops.values()].at(-1) : undefined;
  const xs = [];
  const raw = [];
  for (const record of records) {
    if (what === 'evaluation' && !record.evaluation) continue;
    xs.push(steps ? (record.env_steps ?? record.episode) : record.episode);
    if (what === 'evaluation') raw.push((share ? record.evaluation.percent_of_ceiling : record.evaluation.mean) ?? NaN);
    else raw.push(share ? (record.return / (tops.get(record.phase) ?? fallback ?? NaN)) * 100 : record.return);
  }
  return { xs, ys: smooth(raw, smoothing), raw };
}

/**
 * Runs that differ in their seed alone.
 * @param {object[]} runs rows of the list of runs @returns {Map<string, object[]>} a key → its runs, in order
 */
export function groups(runs) {
  const result = new Map();
  for (const run of runs) {
    const key = JSON.stringify([run.preset, lessonText(run.lesson), run.config_hash, run.world]);
    if (!result.has(key)) result.set(key, []);
    result.get(key).push(run);
  }
  return result;
}

/**
 * Which colour each run has, by number: one each, or one for all of a group.
 * @param {object[]} runs the chosen rows, in order @param {boolean} together whether like runs share a colour
 * @returns {Map<string, number>} id → number
 */
export function places(runs, together) {
  if (!together) return new Map(runs.map(({ id }, place) => [id, place]));
  return new Map([...groups(runs).values()].flatMap((members, place) => members.map(({ id }) => [id, place])));
}

/**
 * Mean and 95 % interval of a group's curves.
 * @param {{records: object[], info: ?object}[]} runs @param {object} options of {@link curve}
 */
export function band(runs, options) {
  return acrossRuns(runs.map(({ records, info }) => curve(records, { ...options, ceilings: info?.ceilings })));
}
