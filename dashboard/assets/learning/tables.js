// Tables of chosen runs: their results on the test tracks, and their parameters with the differences marked.

import { h, table } from '../dom.js';
import { count, flatten, number, parameter, percent } from '../data/format.js';
import { saveText, toCsv } from '../data/export.js';

/** Parts of `run.json` that differ in every run and tell nothing of its configuration. */
const PASSING = new Set(['schema_version', 'started_at']);

/**
 * @typedef {{id: string, name: string, row: object, info: object, summary: ?object}} Chosen a run with its documents
 */

/** What each run achieved. @param {Chosen[]} runs @returns {HTMLElement} */
export function resultTable(runs) {
  const header = [
    'Run',
    'Episodes',
    'Best evaluation',
    'of the ceiling',
    'Episodes to 90 / 95 / 98 %',
    'Crashes in training',
    ...[1, 2, 3, 4].map((phase) => `Test, phase ${phase}`),
  ];
  const rows = runs.map(({ name, row, summary }) => [
    name,
    row.episodes_done,
    row.best === null ? null : number(row.best, 1),
    row.ceiling && row.best !== null ? percent(row.best / row.ceiling, 1) : null,
    summary?.episodes_to ? ['90', '95', '98'].map((level) => summary.episodes_to[level] ?? 'never').join(' / ') : null,
    summary?.training_crashes ?? null,
    ...[1, 2, 3, 4].map((phase) => tested(summary, phase)),
  ]);
  return section(
    'results',
    'Results',
    'Test: mean return over the 50 test tracks with its 95 % interval, at the horizon the run was trained with.',
    header,
    rows,
  );
}

function tested(summary, phase) {
  const horizons = summary?.final?.[phase];
  const result = horizons?.['100'] ?? Object.values(horizons ?? {})[0];
  if (!result) return null;
  const [low, high] = result.ci95 ?? [];
  return `${number(result.mean, 1)} [${number(low, 1)}, ${number(high, 1)}]${result.crash_rate ? `, ${percent(result.crash_rate)} crash` : ''}`;
}

/**
 * The parameters of each run; where there are several, those that differ are marked.
 * @param {Chosen[]} runs @param {boolean} differing whether to leave out what is the same
 * @param {(differing: boolean) => void} onToggle
 */
export function parameterTable(runs, differing, onToggle) {
  const values = runs.map(({ info }) => new Map(flatten(info).filter(([name]) => !PASSING.has(name))));
  const names = [...new Set(values.flatMap((map) => [...map.keys()]))];
  const rows = names.map((name) => {
    const texts = values.map((map) => (map.has(name) ? parameter(map.get(name)) : 'absent'));
    return { name, texts, differs: new Set(texts).size > 1 };
  });
  const shown = rows.filter(({ differs }) => differs || !differing);
  const header = ['Parameter', ...runs.map(({ name }) => name)];
  const toggle =
    runs.length > 1 &&
    h(
      'label',
      { class: 'check' },
      h('input', { type: 'checkbox', checked: differing, onchange: (event) => onToggle(event.target.checked) }),
      'only what differs',
    );
  const hint =
    runs.length > 1
      ? `${count(rows.filter(({ differs }) => differs).length)} of ${count(rows.length)} parameters differ; they are marked with ≠.`
      : `${count(rows.length)} parameters. Choose a second run to compare.`;
  const element = section(
    'parameters',
    'Parameters',
    hint,
    header,
    shown.map(({ name, texts }) => [name, ...texts]),
    toggle,
  );
  if (runs.length > 1) {
    element.querySelectorAll('tbody tr').forEach((line, i) => line.classList.toggle('differs', shown[i].differs));
  }
  return element;
}

function section(id, title, hint, header, rows, tool = null) {
  const save = h(
    'button',
    {
      type: 'button',
      class: 'quiet',
      'aria-label': `CSV: save ${title.toLowerCase()}`,
      onclick: () => saveText(`spikedrive-${id}.csv`, toCsv(header, rows)),
    },
    'CSV',
  );
  return h(
    'section',
    { class: 'card', 'aria-labelledby': `table-${id}` },
    h('div', { class: 'row' }, h('h2', { id: `table-${id}`, class: 'grow' }, title), tool, save),
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `${title}: table` }, table(hint, header, rows)),
  );
}
