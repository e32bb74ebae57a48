// What runs and groups of runs are called in charts and tables: no two the same.

import { parameter } from '../data/format.js';
import { lessonText } from '../data/lesson.js';
import { groups } from './curves.js';

/** Over how many steps a run drives, and with how many lanes, if it tells. @param {object} row @returns {string[]} */
export function pace({ horizon, lanes }) {
  return [Number.isFinite(horizon) && `horizon ${horizon}`, Number.isFinite(lanes) && lanes !== 1 && `${lanes} lanes`].filter(Boolean);
}

/** What tells a group from others of its preset, in words. @param {object} row of one of its runs @returns {string[]} */
export function terms(row) {
  return [lessonText(row.lesson), ...pace(row)].filter(Boolean);
}

/**
 * @param {object[]} rows of the list of runs
 * @returns {Map<string, {name: string, group: string}>} id → what the run is called, and what runs like it are called together
 */
export function namesOf(rows) {
  const ofRun = ({ preset, seed, id }) => (known(preset) ? `${parameter(preset)} s${parameter(seed)}` : id);
  const names = distinct(rows, ofRun, [({ id }) => id]);
  const alike = [...groups(rows).values()];
  const ofGroup = ({ preset }) => (known(preset) ? parameter(preset) : 'runs');
  const called = distinct(
    alike.map(([first]) => first),
    ofGroup,
    [(row) => terms(row).join(', '), ({ likeness }) => likeness],
  );
  const both = alike.flatMap((members, i) => members.map((row) => [row.id, { name: names[rows.indexOf(row)], group: called[i] }]));
  return new Map(both);
}

/** For each row the first text, and as many of the others as tell it from all other rows. */
function distinct(rows, first, others) {
  return others.reduce((names, other) => {
    const isAlone = (name) => names.indexOf(name) === names.lastIndexOf(name);
    return names.map((name, i) => (isAlone(name) || !other(rows[i]) ? name : `${name} (${other(rows[i])})`));
  }, rows.map(first));
}

function known(value) {
  return value !== null && value !== undefined;
}
