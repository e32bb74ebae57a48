// Tables of chosen runs: their results on the test tracks, and their parameters with the differences marked.

import { h, table } from '../dom.js';
import { count, flatten, number, parameter, percent } from '../data/format.js';
import { saveText, toCsv } from '../data/export.js';

/** Parts of `run.json` that differ in every run and tell nothing of its configuration. */
const PASSING = new Set(['schema_version', 'started_at']);

/**
 * @typedef {{id: string, name: string, row: object, info: object, summary: ?object}} Chosen a run with its documents
 */

const PHASES = [1, 2, 3, 4];
/** Shares of the ceiling whose first evaluation is told, in %. */
const MILESTONES = ['90', '95', '98'];

/** What each run achieved. @param {Chosen[]} runs @returns {HTMLElement} */
export function resultTable(runs) {
  const header = [
    'Run',
    'Episodes',
    'Best evaluation',
    'of the ceiling',
    `Episodes to ${MILESTONES.join(' / ')} %`,
    'Crashes in training',
    ...PHASES.map((phase) => `Test, phase ${phase}`),
  ];
  const rows = runs.map(({ name, row, info, summary }) => [
    name,
    row.episodes_done,
    number(row.best, 1),
    percent(shareOfCeiling(row), 1),
    summary?.episodes_to ? MILESTONES.map((level) => summary.episodes_to[level] ?? 'never').join(' / ') : null,
    summary?.training_crashes ?? null,
    ...PHASES.map((phase) => tested(summary, phase, info.horizon)),
  ]);
  return section({
    id: 'results',
    title: 'Results',
    hint: 'Test: mean return over the test tracks with its 95 % interval, at the horizon beside it. The CSV has all horizons.',
    header,
    rows,
    csv: () => resultsCsv(runs),
  });
}

/** The best evaluation as a share of the ceiling, NaN if one of them is not known. */
function shareOfCeiling({ best, ceiling }) {
  return best !== null && ceiling > 0 ? best / ceiling : NaN;
}

/** The result of a run on the test tracks of a phase: at the horizon of its training or, where it was not tested at that, at its shortest. */
function tested(summary, phase, trained) {
  const results = testsOf(summary, phase);
  const { horizon, result } = results.find((one) => one.horizon === String(trained)) ?? results[0] ?? {};
  if (!result) return null;
  const [low, high] = interval(result);
  const crashes = result.crash_rate ? `, ${percent(result.crash_rate)} crash` : '';
  return `${number(result.mean, 1)} [${number(low, 1)}, ${number(high, 1)}]${crashes}, horizon ${horizon}`;
}

/** @returns {{horizon: string, result: object}[]} by horizon */
function testsOf(summary, phase) {
  const results = Object.entries(summary?.final?.[phase] ?? {}).map(([horizon, result]) => ({ horizon, result }));
  return results.filter(({ result }) => Number.isFinite(result?.mean)).sort((a, b) => a.horizon - b.horizon);
}

function interval({ ci95 }) {
  return Array.isArray(ci95) ? ci95 : [];
}

/** The results as plain numbers: one column for each, the tests at all horizons. */
function resultsCsv(runs) {
  const tests = PHASES.flatMap((phase) => {
    const horizons = new Set(runs.flatMap(({ summary }) => testsOf(summary, phase).map(({ horizon }) => horizon)));
    return [...horizons].sort((a, b) => a - b).map((horizon) => ({ phase, horizon }));
  });
  const header = [
    'Run',
    'Id',
    'Episodes',
    'Best evaluation (return)',
    'Best evaluation (% of the ceiling)',
    ...MILESTONES.map((level) => `Episodes to ${level} % of the ceiling (empty: never)`),
    'Crashes in training (episodes)',
    ...tests.flatMap(({ phase, horizon }) =>
      ['mean return', '95 % interval from', '95 % interval to', 'crash rate (share)'].map(
        (what) => `Test, phase ${phase}, horizon ${horizon}: ${what}`,
      ),
    ),
  ];
  const rows = runs.map(({ id, name, row, summary }) => [
    name,
    id,
    row.episodes_done,
    row.best,
    shareOfCeiling(row) * 100,
    ...MILESTONES.map((level) => summary?.episodes_to?.[level]),
    summary?.training_crashes,
    ...tests.flatMap(({ phase, horizon }) => {
      const result = testsOf(summary, phase).find((one) => one.horizon === horizon)?.result;
      return result ? [result.mean, interval(result)[0], interval(result)[1], result.crash_rate] : [null, null, null, null];
    }),
  ]);
  return { header, rows };
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
    return { name, texts, values: values.map((map) => map.get(name)), differs: new Set(texts).size > 1 };
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
  const element = section({
    id: 'parameters',
    title: 'Parameters',
    hint,
    header,
    rows: shown.map(({ name, texts }) => [name, ...texts]),
    csv: () => ({ header, rows: shown.map((row) => [row.name, ...row.values]) }),
    tool: toggle,
  });
  if (runs.length > 1) {
    element.querySelectorAll('tbody tr').forEach((line, i) => line.classList.toggle('differs', shown[i].differs));
  }
  return element;
}

/** A table with its title; `csv` gives what is saved. */
function section({ id, title, hint, header, rows, csv, tool = null }) {
  const save = h(
    'button',
    {
      type: 'button',
      class: 'quiet',
      'aria-label': `CSV: save ${title.toLowerCase()}`,
      onclick: () => {
        const numbers = csv();
        saveText(`spikedrive-${id}.csv`, toCsv(numbers.header, numbers.rows));
      },
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
