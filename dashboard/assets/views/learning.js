// How runs learn, and how they differ.

import { announce } from '../announce.js';
import { COMMANDS } from '../commands.js';
import { showConnection } from '../connection.js';
import { episodesCsvUrl, fetchEpisodes, fetchRun, fetchRuns } from '../data/api.js';
import { number } from '../data/format.js';
import { joined } from '../data/records.js';
import { h, select } from '../dom.js';
import { groups, places } from '../learning/curves.js';
import { namesOf } from '../learning/names.js';
import { CurvesPanel } from '../learning/panel.js';
import { RunPicker } from '../learning/picker.js';
import { parameterTable, resultTable } from '../learning/tables.js';
import { Board } from '../panels/board.js';
import { Scene } from '../panels/scene.js';
import { remember } from '../router.js';
import { counters } from '../state.js';
import { onTheme } from '../theme.js';
import { Retry } from '../wire/retry.js';
import { statePanel } from './states.js';

/** How often runs that still learn are asked for more, in milliseconds. */
const EVERY_MS = 2000;

/**
 * Opens the view.
 * @param {HTMLElement} box
 * @param {URLSearchParams} params `runs` (ids, comma), `filter`, `smooth`, `unit=ceiling`, `x=steps`, `hide` (training, evaluation),
 *   `mean=off`, `differing`
 * @returns {() => void} closes it
 */
export function openLearning(box, params) {
  const view = new LearningView(box, params);
  return () => view.close();
}

class LearningView {
  constructor(box, params) {
    const chosen = (params.get('runs') ?? '').split(',').filter(Boolean);
    this.fresh = !params.has('runs');
    const hidden = params.get('hide') ?? '';
    this.settings = {
      share: params.get('unit') === 'ceiling',
      steps: params.get('x') === 'steps',
      smoothing: Math.min(0.98, Math.max(0, Number(params.get('smooth') ?? 0.6) || 0)),
      training: hidden !== 'training',
      evaluation: hidden !== 'evaluation',
      mean: params.get('mean') !== 'off',
    };
    this.differing = params.has('differing');
    this.data = new Map();
    this.retry = new Retry();
    const scene = new Scene();
    this.curves = new CurvesPanel(scene);
    this.board = new Board(scene, [this.curves]);
    this.picker = new RunPicker({
      chosen,
      filter: params.get('filter') ?? '',
      onChange: (ids) => {
        remember({ runs: ids.join(',') });
        this.#update();
      },
      onFilter: (filter) => remember({ filter }),
    });
    this.endTheme = onTheme(() => this.picker.colour(this.picker.places));
    this.tables = h('div', { class: 'tables' });
    this.csv = h('p', { class: 'row muted' });
    this.problem = h('div', { class: 'banner error', role: 'alert', hidden: true });
    this.curves.foot.append(
      h(
        'p',
        {},
        'Drag across the chart to enlarge a part. Dashes and diamonds are evaluations, bands the 95 % interval of the mean (Student’s t).',
      ),
      this.csv,
    );
    this.empty = h('div');
    this.shown = h(
      'div',
      { class: 'learning', hidden: true },
      this.picker.element,
      h(
        'div',
        { class: 'learning-main' },
        h('section', { class: 'card curve-tools', 'aria-label': 'What the chart shows' }, ...this.#tools()),
        this.curves.element,
        this.tables,
      ),
    );
    box.append(h('div', { class: 'view-head' }, h('h1', {}, 'Learning')), this.problem, this.empty, this.shown);
    this.empty.replaceChildren(statePanel('Loading the runs', 'Reading the run directories.', { kind: 'loading' }));
    this.closed = false;
    this.#update();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.retry.cancel();
    this.endTheme();
    this.board.close();
    counters.learning = null;
  }

  #tools() {
    const { settings } = this;
    const set = (name, value, memory) => {
      settings[name] = value;
      remember(memory);
      this.#draw();
    };
    const check = (text, name, act) =>
      h(
        'label',
        { class: 'check' },
        h('input', { type: 'checkbox', checked: settings[name], onchange: (event) => act(event.target.checked) }),
        text,
      );
    const shown = h('output', {}, number(settings.smoothing, 2));
    const slider = h('input', {
      type: 'range',
      min: 0,
      max: 0.98,
      step: 0.02,
      value: settings.smoothing,
      oninput: () => {
        shown.value = number(Number(slider.value), 2);
        set('smoothing', Number(slider.value), { smooth: slider.value });
      },
    });
    const hide = () => ({ hide: settings.training && settings.evaluation ? '' : settings.training ? 'evaluation' : 'training' });
    return [
      h('label', { class: 'field' }, h('span', { class: 'field-name' }, 'Smoothing of training ', shown), slider),
      h(
        'label',
        { class: 'field' },
        h('span', { class: 'field-name' }, 'Unit'),
        select(
          [
            ['return', 'return'],
            ['ceiling', '% of the ceiling'],
          ],
          settings.share ? 'ceiling' : 'return',
          (value) => set('share', value === 'ceiling', { unit: value === 'ceiling' ? value : '' }),
        ),
      ),
      h(
        'label',
        { class: 'field' },
        h('span', { class: 'field-name' }, 'Over'),
        select(
          [
            ['episodes', 'episodes'],
            ['steps', 'training steps'],
          ],
          settings.steps ? 'steps' : 'episodes',
          (value) => set('steps', value === 'steps', { x: value === 'steps' ? value : '' }),
        ),
      ),
      h(
        'fieldset',
        { class: 'row plain' },
        h('legend', { class: 'visually-hidden' }, 'Curves'),
        check('training return', 'training', (on) => {
          settings.training = on;
          set('training', on, hide());
        }),
        check('evaluation', 'evaluation', (on) => {
          settings.evaluation = on;
          set('evaluation', on, hide());
        }),
        check('mean and 95 % interval of like runs', 'mean', (on) => set('mean', on, { mean: on ? '' : 'off' })),
      ),
    ];
  }

  /** Fetches what is missing, draws, and comes back while a run still learns. */
  async #update() {
    clearTimeout(this.timer);
    this.retry.cancel();
    try {
      this.runs = await fetchRuns();
      if (this.closed) return;
      showConnection('open', 'Connected');
      this.problem.hidden = true;
      this.#chooseAtFirst();
      this.picker.setRuns(this.runs);
      await Promise.all(this.picker.chosen.map((id) => this.#fetch(id)));
      if (this.closed) return;
      this.#draw();
      this.retry.succeeded();
      this.timer = setTimeout(() => this.#update(), EVERY_MS);
    } catch (error) {
      if (this.closed) return;
      showConnection(error.status ? 'error' : 'waiting', error.status ? 'Error' : 'Disconnected');
      this.#say(error.message);
      if (!this.runs) this.empty.replaceChildren();
      this.retry.later(() => this.#update());
    }
  }

  /** Tells of a problem; once, however often it is met again. */
  #say(text) {
    if (!this.problem.hidden && this.said === text) return;
    this.said = text;
    announce(text);
    this.problem.hidden = false;
    this.problem.replaceChildren(
      h('span', {}, `${text} `),
      h('code', {}, COMMANDS.dashboard),
      h('button', { type: 'button', onclick: () => this.#update() }, 'Try now'),
    );
  }

  /** Without a choice in the address, the newest run and those like it are shown. */
  #chooseAtFirst() {
    if (!this.fresh || !this.runs.length) return;
    this.fresh = false;
    const withEpisodes = this.runs.filter((run) => run.episodes_done > 0);
    const newest = withEpisodes[0] ?? this.runs[0];
    const alike = groups(this.runs).get(newest.likeness);
    this.picker.chosen = alike.slice(0, 10).map(({ id }) => id);
  }

  async #fetch(id) {
    const row = this.runs.find((run) => run.id === id);
    if (!row) return;
    const before = this.data.get(id);
    // A log that became shorter is another one.
    const known = before && before.row.episodes_done <= row.episodes_done ? before : null;
    const changed = !known || known.row.episodes_done !== row.episodes_done || known.row.finished !== row.finished;
    if (!changed) {
      known.row = row;
      return;
    }
    const from = known?.row.episodes_done ?? 0;
    const [document, more] = await Promise.all([fetchRun(id), fetchEpisodes(id, from)]);
    const records = joined(known?.records ?? [], more);
    this.data.set(id, { row, info: document.info, summary: document.summary, records });
  }

  #draw() {
    const none = this.runs && !this.runs.length;
    this.shown.hidden = !this.runs || none;
    if (none) {
      this.empty.replaceChildren(
        statePanel('There are no runs yet', 'They appear here as soon as one begins. Train a network:', {
          command: COMMANDS.train,
        }),
      );
      return;
    }
    if (this.runs) this.empty.replaceChildren();
    const colours = places(this.picker.chosenRows(), this.settings.mean);
    this.picker.colour(colours);
    const shown = this.picker.chosen.filter((id) => this.data.has(id)).map((id) => ({ id, ...this.data.get(id) }));
    const names = namesOf(shown.map(({ row }) => row));
    const chosen = shown.map((run) => ({ ...run, place: colours.get(run.id) ?? 0, ...names.get(run.id) }));
    this.curves.setRuns(chosen, this.settings);
    this.#tell(chosen);
    this.#renewTables(chosen);
  }

  #tell(chosen) {
    counters.learning = {
      runs: chosen.map(({ id, records }) => ({ id, episodes: records.length, lastReturn: records.at(-1)?.return ?? null })),
      lines: this.curves.lines.map((line) => ({ name: line.name, points: line.xs.length })),
      bands: this.curves.bands.length,
    };
    counters.episode = chosen.at(-1)?.records.at(-1) ?? null;
  }

  /** Tables are made anew only when they would differ, so that a reader's place in them is kept. */
  #renewTables(chosen) {
    const key = JSON.stringify([chosen.map(({ id, row, summary }) => [id, row, Boolean(summary)]), this.differing]);
    if (key === this.tableKey) return;
    this.tableKey = key;
    this.csv.replaceChildren(
      ...(chosen.length
        ? [
            'All records of ',
            ...chosen.map(({ id, name }) => h('a', { href: episodesCsvUrl(id), download: `${id}.csv` }, `${name} (CSV)`)),
          ]
        : []),
    );
    if (!chosen.length) {
      this.tables.replaceChildren();
      return;
    }
    this.tables.replaceChildren(
      resultTable(chosen),
      parameterTable(chosen, this.differing, (on) => {
        this.differing = on;
        remember({ differing: on ? '1' : '' });
        this.#draw();
        this.tables.querySelector('input')?.focus();
      }),
    );
  }
}
