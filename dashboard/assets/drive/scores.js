// Your scores, kept by this browser, beside those of agents.

import { h } from '../dom.js';
import { fetchRun, fetchRuns } from '../data/api.js';
import { number, parameter, percent } from '../data/format.js';

const KEY = 'spikedrive.scores';
/** Scores kept, of all courses. */
const KEPT = 200;
/** Own scores, and agents, that a list shows. */
const SHOWN = 5;

/**
 * What makes two drives comparable: the same road and options, and the same number of steps.
 * @param {object} start what was sent to begin
 */
export function courseOf({ phase, test_track: track, circuit, options, horizon }) {
  const where = circuit
    ? `circuit ${circuit.name} (${circuit.mode})`
    : `phase ${phase}, ${track === null ? 'training tracks' : `test track ${track}`}`;
  return `${where}, ${horizon ?? 'a lap of'} steps, ${JSON.stringify(options)}`;
}

/** @param {string} course @returns {{return: number, steps: number, reason: string, at: number}[]} best first */
function scores(course) {
  return read()
    .filter((score) => score.course === course)
    .sort((a, b) => b.return - a.return);
}

/** Keeps a score. @param {string} course @param {{return: number, steps: number, reason: string}} result */
export function keepScore(course, result) {
  try {
    localStorage.setItem(KEY, JSON.stringify([...read(), { course, at: Date.now(), ...result }].slice(-KEPT)));
  } catch {
    // A browser that keeps nothing still shows the result of this drive.
  }
}

/** Forgets all scores. */
export function forgetScores() {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // There was nothing to forget.
  }
}

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter((score) => Number.isFinite(score?.return)) : [];
  } catch {
    return [];
  }
}

/**
 * The mean returns of finished runs on the test tracks of a phase, the best of each preset that drove in the same world.
 * @param {{phase: number, horizon: number, options: object}} start what is sent to begin
 * @returns {Promise<{name: string, return: number, crashRate: number}[]>}
 */
export async function agentMeans({ phase, horizon, options }) {
  const same = (world) => world && Object.entries(options).every(([name, value]) => world[name] === value);
  const finished = (await fetchRuns()).filter((run) => run.finished && same(run.world));
  const best = new Map();
  for (const run of finished) {
    const other = best.get(run.preset);
    if (!other || (run.best ?? -Infinity) > (other.best ?? -Infinity)) best.set(run.preset, run);
  }
  const documents = await Promise.all(
    [...best.values()].map(async (run) => ({ run, summary: (await fetchRun(run.id)).summary })),
  );
  return documents.flatMap(({ run, summary }) => {
    const result = summary?.final?.[phase]?.[horizon];
    const known = Number.isFinite(result?.mean);
    return known ? [{ name: `${parameter(run.preset)} s${parameter(run.seed)}`, return: result.mean, crashRate: result.crash_rate }] : [];
  });
}

/**
 * The list of scores of a course: yours, those of ghosts on the very track, and of agents on average.
 * @param {object} start what was sent to begin
 * @param {{run: string, recording: string, return: number, same_world?: boolean}[]} ghosts
 * @param {{name: string, return: number, crashRate: number}[]} means
 */
export function scoreList(start, ghosts, means) {
  const own = scores(courseOf(start))
    .slice(0, SHOWN)
    .map((score, i) => ({
      text: `You${i === 0 ? ', best' : ''}`,
      hint: `${score.steps} steps, ${score.reason}`,
      points: score.return,
      you: true,
    }));
  const theirs = ghosts.slice(0, SHOWN).map((ghost) => ({
    text: short(ghost.run),
    hint: ghost.same_world === false ? 'on this track, in another world' : 'on this track',
    points: ghost.return,
  }));
  const average = means.map((agent) => ({
    text: agent.name,
    hint: `mean of the test tracks${agent.crashRate ? `, ${percent(agent.crashRate)} crash` : ''}`,
    points: agent.return,
  }));
  const all = [...own, ...theirs, ...average].sort((a, b) => b.points - a.points);
  if (!all.length) return h('p', { class: 'muted' }, 'Nobody has driven this course yet.');
  return h(
    'ol',
    { class: 'score-list' },
    ...all.map(({ text, hint, points, you }) =>
      h(
        'li',
        { class: you ? 'you' : null },
        h('span', {}, text, ' ', h('small', {}, hint)),
        h('span', { class: 'points' }, number(points, 1)),
      ),
    ),
  );
}

/** A run's name without its date. @param {string} run */
export function short(run) {
  return run.replace(/^\d{8}T\d{6}Z-/, '');
}
