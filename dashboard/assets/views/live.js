// What an agent does right now.

import { announce } from '../announce.js';
import { showConnection } from '../connection.js';
import { COMMANDS } from '../commands.js';
import { fetchEpisodes, fetchRuns } from '../data/api.js';
import { count, number, parameter } from '../data/format.js';
import { joined } from '../data/records.js';
import { h, icon, select, setOptions, setText } from '../dom.js';
import { ReturnsPanel } from '../panels/returns.js';
import { EligibilityPanel, WeightsPanel } from '../panels/weights.js';
import { remember } from '../router.js';
import { counters } from '../state.js';
import { Socket } from '../wire/socket.js';
import { decodePublish } from '../wire/telemetry.js';
import { Facts } from './facts.js';
import { FRAME_FACTS, frameFacts, instruments } from './instruments.js';
import { statePanel } from './states.js';

/** Steps a second that can be asked for; 0 is as fast as possible. */
const SPEEDS = [
  [0, 'as fast as possible'],
  [1, '1 step/s'],
  [3, '3 steps/s'],
  [10, '10 steps/s'],
  [30, '30 steps/s'],
  [60, '60 steps/s'],
];
/** How often the list of live runs is renewed, and how long to wait for a run before saying that there is none, in ms. */
const LIST_EVERY_MS = 3000;
const PATIENCE_MS = 700;
/** Episodes of a fast run end many times a second: they are spoken of this often, in ms. */
const SPEAK_EVERY_MS = 15_000;

/**
 * Opens the view.
 * @param {HTMLElement} box @param {URLSearchParams} params `run`, and `heat=change` @returns {() => void} closes it
 */
export function openLive(box, params) {
  const view = new LiveView(box, params);
  return () => view.close();
}

class LiveView {
  constructor(box, params) {
    this.wanted = params.get('run') ?? '';
    this.records = [];
    const returns = { panel: null };
    const { scene, board, element } = instruments((shared) => [
      new WeightsPanel(shared, {
        change: params.get('heat') === 'change',
        onToggle: (change) => remember({ heat: change ? 'change' : '' }),
      }),
      new EligibilityPanel(shared),
      (returns.panel = new ReturnsPanel(shared)),
    ]);
    this.scene = scene;
    this.board = board;
    this.returns = returns.panel;
    this.facts = new Facts(['Run', 'Preset', ...FRAME_FACTS], ['Run']);
    this.grid = element;
    this.banner = h('div', { class: 'banner', hidden: true });
    this.empty = h('div');
    this.shown = h('div', { class: 'live', hidden: true }, this.facts.element, element);
    box.append(this.#head(), this.banner, this.empty, this.shown);
    this.#say(statePanel('Looking for a run', 'Connecting to the dashboard.', { kind: 'loading' }));
    this.#connect();
    this.#list();
    this.timer = setInterval(() => this.#list(), LIST_EVERY_MS);
  }

  close() {
    clearInterval(this.timer);
    clearInterval(this.countdown);
    clearTimeout(this.patience);
    this.socket.close();
    this.facts.close();
    this.board.close();
  }

  #head() {
    this.runs = select([['', 'Newest live run']], '', (run) => {
      remember({ run });
      this.wanted = run;
      this.#connect();
    });
    this.pause = h('button', {
      type: 'button',
      disabled: true,
      onclick: () => this.socket.send({ paused: !this.control?.paused }),
    });
    this.step = h(
      'button',
      { type: 'button', disabled: true, onclick: () => this.socket.send({ step: 1 }) },
      icon('step'),
      'Step',
    );
    this.speed = select(
      SPEEDS.map(([value, text]) => [String(value), text]),
      '0',
      (value) => this.socket.send({ speed: Number(value) }),
      { disabled: true },
    );
    this.viewers = h('span', { class: 'muted' });
    this.#showControl(null);
    return h(
      'div',
      { class: 'view-head' },
      h('h1', {}, 'Live'),
      h('label', { class: 'row' }, h('span', { class: 'field-name' }, 'Run'), this.runs),
      h(
        'div',
        { class: 'row', role: 'group', 'aria-label': 'Control of the agent' },
        this.pause,
        this.step,
        h('label', { class: 'row' }, h('span', { class: 'field-name' }, 'Speed'), this.speed),
      ),
      this.viewers,
    );
  }

  #connect() {
    this.socket?.close();
    this.#forget();
    const path = this.wanted ? `/ws/live?run=${encodeURIComponent(this.wanted)}` : '/ws/live';
    this.socket = new Socket(path, {
      binary: (bytes) => this.#event(decodePublish(bytes)),
      text: (message) => this.#text(message),
      state: (state, wait) => this.#state(state, wait),
    });
  }

  /** Forgets the run that was shown. */
  #forget() {
    this.run = null;
    this.over = false;
    this.records = [];
    counters.run = null;
    this.board.begin(null);
    this.facts.clear();
    this.#showControl(null);
  }

  #state(state, wait) {
    clearInterval(this.countdown);
    clearTimeout(this.patience);
    this.shown.classList.toggle('lost', state !== 'open');
    if (state === 'open') {
      showConnection('open', 'Connected');
      this.#banner(null);
      this.patience = setTimeout(() => this.#nothing(), PATIENCE_MS);
    } else if (state === 'waiting') {
      this.#showControl(null);
      this.#lost(wait);
    } else if (state === 'connecting') {
      showConnection('connecting', 'Connecting');
    }
  }

  #lost(wait) {
    let left = Math.max(1, Math.round(wait / 1000));
    const time = h('span', {}, String(left));
    showConnection('waiting', 'Disconnected');
    announce('The dashboard does not answer. The page tries again by itself.');
    const text = h('span', {}, 'The dashboard does not answer; trying again in ', time, ' s. If it was stopped, start it: ');
    const again = h('button', { type: 'button', onclick: () => this.socket.retry() }, 'Try now');
    this.#banner('error', text, h('code', {}, COMMANDS.dashboard), again);
    if (!this.run) this.#say(null);
    this.countdown = setInterval(() => setText(time, String(Math.max(0, --left))), 1000);
  }

  #nothing() {
    if (this.run) return;
    this.#say(
      this.wanted
        ? statePanel(
            'This run is not live',
            `The run ${this.wanted} publishes nothing now. See what it learned under Learning, or watch the newest run.`,
            {
              action: {
                text: 'Watch the newest run',
                act: () => {
                  remember({ run: '' });
                  this.wanted = '';
                  this.#connect();
                },
              },
            },
          )
        : statePanel('No run is live', 'This page shows the next run by itself as soon as one begins. Start one:', {
            command: COMMANDS.train,
          }),
    );
  }

  /** @param {{kind: string, value: object, dropped: number}} event */
  #event({ kind, value, dropped }) {
    counters.dropped += dropped;
    if (kind === 'frame') this.#frame(value);
    else if (kind === 'start') this.#start(value);
    else if (kind === 'road') this.board.setRoad(value);
    else if (kind === 'weights') this.board.setWeights(value);
    else if (kind === 'episodes') this.#episodes(value);
    else if (kind === 'end') this.#end();
  }

  #start(run) {
    clearTimeout(this.patience);
    const same = this.run === run.runId;
    this.run = run.runId;
    this.over = false;
    counters.run = run.runId;
    this.board.begin(run);
    if (same) this.returns.setRecords(this.records);
    else this.records = [];
    this.facts.set({ Run: run.runId, Preset: parameter(run.info?.preset) });
    this.#banner(null);
    this.#say(null);
    this.shown.hidden = false;
    announce(`Watching the run ${run.runId}.`);
    this.#list();
    this.#backfill(run.runId);
  }

  /** The episodes that were over before this page came. */
  async #backfill(id) {
    try {
      const earlier = await fetchEpisodes(id);
      if (this.run === id) this.#episodes(earlier);
    } catch {
      // The picture goes on with the episodes that arrive; the connection's own state tells of a loss.
    }
  }

  #episodes(records) {
    this.records = joined(this.records, records);
    const last = this.records.at(-1);
    if (!last) return;
    counters.episode = last;
    this.returns.setRecords(this.records);
    announce(`Episode ${last.episode} is over: return ${number(last.return, 0)}${last.crashed ? ', crashed' : ''}.`, SPEAK_EVERY_MS);
  }

  #frame(frame) {
    this.board.push(frame);
    this.facts.soon(() => (this.scene.frame ? frameFacts(this.scene) : {}));
  }

  #end() {
    this.over = true;
    this.#showControl(null);
    this.#banner(
      'info',
      h('span', {}, 'This run is over.'),
      h('a', { href: `#/learning?runs=${encodeURIComponent(this.run)}` }, 'What it learned'),
      h('a', { href: `#/replay?run=${encodeURIComponent(this.run)}` }, 'Its recordings'),
    );
    announce('The run is over.');
    this.#list();
  }

  #text({ run, live, control, viewers, dropped, error }) {
    if (error) this.#banner('error', h('span', {}, error));
    if (control) this.#showControl(control);
    else if (live === false && run && run === this.run && !this.over) this.#end();
    else if (live === false && !run) this.#nothing();
    if (viewers !== undefined && live !== false) {
      const skipped = dropped ? ` · ${count(dropped)} steps not shown` : '';
      setText(this.viewers, `${viewers} ${viewers === 1 ? 'viewer' : 'viewers'}${skipped}`);
      this.viewers.title = dropped ? 'The agent is faster than pictures can be shown. Nothing of its learning is lost.' : '';
    }
  }

  /** @param {?{paused: boolean, speed: number}} control what the agent was asked for; null if nobody can be asked */
  #showControl(control) {
    this.control = control;
    const off = !control || this.over;
    for (const element of [this.pause, this.step, this.speed]) element.disabled = off;
    const paused = Boolean(control?.paused);
    this.pause.replaceChildren(icon(paused ? 'play' : 'pause'), paused ? 'Resume' : 'Pause');
    this.step.title = 'One step, while the agent is paused';
    if (!control) {
      setText(this.viewers, '');
      return;
    }
    this.step.disabled = off || !paused;
    const speed = String(control.speed ?? 0);
    if (!SPEEDS.some(([value]) => String(value) === speed))
      setOptions(this.speed, [...SPEEDS.map(([value, text]) => [String(value), text]), [speed, `${speed} steps/s`]], speed);
    this.speed.value = speed;
  }

  async #list() {
    try {
      const live = (await fetchRuns()).filter((run) => run.live);
      const options = [['', 'Newest live run'], ...live.map(({ id }) => [id, id])];
      if (this.wanted && !live.some(({ id }) => id === this.wanted)) options.push([this.wanted, `${this.wanted} (not live)`]);
      setOptions(this.runs, options, this.wanted);
    } catch {
      // The socket tells of a lost dashboard.
    }
  }

  #banner(kind, ...content) {
    this.banner.hidden = kind === null;
    this.banner.className = `banner ${kind ?? ''}`;
    this.banner.replaceChildren(...content);
  }

  /** What to say in place of the pictures; null for nothing. */
  #say(state) {
    this.empty.replaceChildren(...(state ? [state] : []));
    if (state) this.shown.hidden = true;
  }
}
