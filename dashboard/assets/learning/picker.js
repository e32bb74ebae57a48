// The list of runs: filtered by words, gathered by what they have in common, chosen for the chart.

import { h, setText } from '../dom.js';
import { count, number, parameter, percent, time } from '../data/format.js';
import { lessonText } from '../data/lesson.js';
import { seriesColour } from '../draw/palette.js';
import { groups } from './curves.js';
import { pace, terms } from './names.js';

export class RunPicker {
  /**
   * @param {{chosen: string[], filter: string, onChange: (chosen: string[]) => void, onFilter: (filter: string) => void}} options
   */
  constructor({ chosen, filter, onChange, onFilter }) {
    this.chosen = chosen;
    this.filter = filter;
    this.onChange = onChange;
    this.runs = [];
    this.places = new Map();
    /** The coloured dot of each run that is listed. */
    this.dots = new Map();
    this.search = h('input', {
      type: 'search',
      value: filter,
      placeholder: 'Filter: preset, seed, lesson …',
      'aria-label': 'Filter the runs',
      autocomplete: 'off',
      oninput: () => {
        this.filter = this.search.value;
        onFilter(this.filter);
        this.#render();
      },
    });
    this.found = h('span', { class: 'muted', role: 'status' });
    this.list = h('div', { class: 'run-list' });
    this.element = h(
      'section',
      { class: 'card runs', 'aria-labelledby': 'runs-title' },
      h(
        'div',
        { class: 'row' },
        h('h2', { id: 'runs-title' }, 'Runs'),
        this.found,
        h('span', { class: 'grow' }),
        h('button', { type: 'button', class: 'quiet', onclick: () => this.#choose([]) }, 'Clear'),
      ),
      this.search,
      this.list,
    );
  }

  /** Shows these runs. @param {object[]} runs rows of the list */
  setRuns(runs) {
    const key = JSON.stringify(runs);
    if (key === this.key) return;
    this.key = key;
    this.runs = runs;
    this.#render();
  }

  /** The chosen runs that there are, in the order of the choice. @returns {object[]} their rows */
  chosenRows() {
    return this.chosen.flatMap((id) => this.runs.find((run) => run.id === id) ?? []);
  }

  /** Colours the dots. @param {Map<string, number>} places id → number of the colour */
  colour(places) {
    this.places = places;
    for (const [id, dot] of this.dots) dot.style.background = places.has(id) ? seriesColour(places.get(id)) : 'transparent';
  }

  #choose(chosen) {
    this.chosen = chosen;
    this.#render();
    this.onChange(chosen);
  }

  #render() {
    const focused = this.list.contains(document.activeElement) && document.activeElement.dataset.key;
    const words = this.filter.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = this.runs.filter((run) => words.every((word) => text(run).includes(word)));
    setText(
      this.found,
      shown.length === this.runs.length ? count(shown.length) : `${count(shown.length)} of ${count(this.runs.length)}`,
    );
    this.dots.clear();
    const nothing = h('p', { class: 'muted' }, 'No run has all these words. Shorten the filter.');
    this.list.replaceChildren(...(shown.length ? [...groups(shown).values()].map((runs) => this.#group(runs)) : [nothing]));
    this.colour(this.places);
    if (focused) this.list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  #group(runs) {
    const [{ preset, lesson, config_hash: hash, likeness }] = runs;
    const ids = runs.map(({ id }) => id);
    const all = ids.every((id) => this.chosen.includes(id));
    const toggle = () =>
      this.#choose(all ? this.chosen.filter((id) => !ids.includes(id)) : [...new Set([...this.chosen, ...ids])]);
    const taught = lessonText(lesson);
    const called = preset === null ? 'unknown preset' : parameter(preset);
    const known = hash === null ? '' : parameter(hash);
    const how = pace(runs[0]).join(', ');
    const name = [called, ...terms(runs[0])].join(', ');
    return h(
      'div',
      { class: 'run-group', role: 'group', 'aria-label': name },
      h(
        'header',
        {},
        h('b', {}, called),
        h('span', { class: 'lesson', title: taught }, taught),
        known && h('code', { title: `configuration ${known}` }, known.slice(0, 6)),
        h(
          'button',
          {
            type: 'button',
            class: 'quiet',
            'data-key': `group ${likeness}`,
            onclick: toggle,
            'aria-label': `${all ? 'None' : 'All'} of ${name}`,
          },
          all ? 'none' : 'all',
        ),
      ),
      how && h('p', { class: 'terms' }, how),
      ...runs.map((run) => this.#run(run)),
    );
  }

  #run(run) {
    const chosen = this.chosen.includes(run.id);
    const box = h('input', {
      type: 'checkbox',
      checked: chosen,
      'data-key': `run ${run.id}`,
      onchange: () => this.#choose(box.checked ? [...this.chosen, run.id] : this.chosen.filter((id) => id !== run.id)),
    });
    const dot = h('span', { class: 'dot', 'aria-hidden': 'true' });
    this.dots.set(run.id, dot);
    const share = run.best !== null && run.ceiling > 0 ? ` (${percent(run.best / run.ceiling, 1)})` : '';
    const state = run.live
      ? h('span', { class: 'tag live' }, 'live')
      : run.finished
        ? ''
        : h('span', { class: 'tag' }, 'unfinished');
    return h(
      'label',
      { class: 'run', title: run.id },
      box,
      dot,
      h('span', {}, `seed ${parameter(run.seed)} `, state),
      h('span', { class: 'best', title: 'Best evaluation' }, number(run.best, 1)),
      h(
        'span',
        { class: 'about' },
        `${time(run.started_at)} · ${count(run.episodes_done)}${Number.isFinite(run.episodes) ? ` of ${count(run.episodes)}` : ''} episodes${share}`,
      ),
    );
  }
}

/** What a filter looks at. */
function text(run) {
  return [
    run.id,
    parameter(run.preset),
    ...terms(run),
    `seed ${parameter(run.seed)}`,
    parameter(run.config_hash),
    run.live ? 'live' : run.finished ? 'finished' : 'unfinished',
  ]
    .join(' ')
    .toLowerCase();
}
