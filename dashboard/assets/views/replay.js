// Recorded episodes, step by step.

import { announce } from '../announce.js';
import { COMMANDS } from '../commands.js';
import { showConnection } from '../connection.js';
import { fetchRecording, fetchRecordings, fetchRuns } from '../data/api.js';
import { count, number } from '../data/format.js';
import { h, select, setOptions } from '../dom.js';
import { remember } from '../router.js';
import { counters } from '../state.js';
import { Retry } from '../wire/retry.js';
import { Facts } from './facts.js';
import { FRAME_FACTS, frameFacts, instruments } from './instruments.js';
import { Player } from './player.js';
import { statePanel } from './states.js';

/** Kinds of recordings: what they are called, and which belong to them. */
const KINDS = {
  training: ['Of the training', ({ reasons }) => !reasons.includes('ghost')],
  best: ['New bests', ({ reasons }) => reasons.includes('best')],
  crashed: ['Crashes', ({ crashed }) => crashed],
  ghost: ['Trained, on test tracks', ({ reasons }) => reasons.includes('ghost')],
};

/**
 * Opens the view.
 * @param {HTMLElement} box @param {URLSearchParams} params `run`, `recording`, `step`, `rate`, `kind` @returns {() => void} closes it
 */
export function openReplay(box, params) {
  const view = new ReplayView(box, params);
  return () => view.close();
}

class ReplayView {
  constructor(box, params) {
    this.params = params;
    this.run = params.get('run') ?? '';
    this.recordings = [];
    this.recording = null;
    this.retry = new Retry();
    const { scene, board, element } = instruments();
    this.scene = scene;
    this.board = board;
    this.frames = [];
    this.facts = new Facts(['Recording', ...FRAME_FACTS], ['Recording']);
    this.player = new Player({
      rate: Number(params.get('rate') ?? 10),
      onSeek: (step, jumped) => this.#seek(step, jumped),
      onRate: (rate) => remember({ rate }),
      onPlay: (playing) => this.#played(playing),
    });
    this.runs = select([], '', (run) => {
      remember({ run, recording: '', step: '', kind: '' });
      this.params = new URLSearchParams();
      this.run = run;
      this.#leave();
      this.#list('');
    });
    this.list = h('ul', { class: 'recording-list' });
    this.kind = select(
      [],
      '',
      (kind) => {
        remember({ kind });
        this.#showList(kind);
      },
      { 'aria-label': 'Which recordings' },
    );
    this.stage = h('div', { hidden: true }, this.player.element, this.facts.element, element);
    this.message = h('div');
    this.shown = h(
      'div',
      { class: 'replay', hidden: true },
      h(
        'section',
        { class: 'card recordings', 'aria-labelledby': 'recordings-title' },
        h('h2', { id: 'recordings-title' }, 'Recordings'),
        this.kind,
        this.list,
      ),
      h('div', {}, this.message, this.stage),
    );
    this.empty = h('div');
    box.append(
      h(
        'div',
        { class: 'view-head' },
        h('h1', {}, 'Replay'),
        h('label', { class: 'row' }, h('span', { class: 'field-name' }, 'Run'), this.runs),
      ),
      this.empty,
      this.shown,
    );
    this.empty.replaceChildren(statePanel('Loading the recordings', 'Reading the run directories.', { kind: 'loading' }));
    this.#open();
  }

  close() {
    this.closed = true;
    clearTimeout(this.memory);
    this.retry.cancel();
    this.player.close();
    this.facts.close();
    this.board.close();
    counters.replay = null;
  }

  /** Leaves the run that was shown: its recordings are not those of the next. */
  #leave() {
    clearTimeout(this.memory);
    this.player.load(0, 0);
    this.recordings = [];
    this.recording = null;
    this.kind.hidden = true;
    this.stage.hidden = true;
    this.list.replaceChildren();
    this.message.replaceChildren();
  }

  /**
   * Something else is wanted: what was asked for before, or waits to be asked for again, counts no longer.
   * @returns {() => boolean} whether this is still what is wanted
   */
  #want() {
    this.retry.cancel();
    const wish = {};
    this.wish = wish;
    return () => !this.closed && this.wish === wish;
  }

  /** The dashboard answered. */
  #answered() {
    this.retry.succeeded();
    showConnection('open', 'Connected');
  }

  async #open() {
    const wanted = this.#want();
    try {
      const runs = await fetchRuns();
      if (!wanted()) return;
      this.#answered();
      if (!runs.length) {
        this.empty.replaceChildren(
          statePanel('There are no runs yet', 'A run records its first, its best and some other episodes. Train a network:', {
            command: COMMANDS.train,
          }),
        );
        return;
      }
      if (!runs.some(({ id }) => id === this.run)) this.run = runs[0].id;
      setOptions(
        this.runs,
        runs.map((run) => [run.id, run.id]),
        this.run,
      );
    } catch (error) {
      if (wanted()) this.#fail(error, () => this.#open());
      return;
    }
    await this.#list(this.params.get('recording') ?? '');
  }

  /** Lists the recordings of the run and opens one: that of the name, or the best one. */
  async #list(name) {
    const wanted = this.#want();
    try {
      const recordings = await fetchRecordings(this.run);
      if (!wanted()) return;
      this.#answered();
      this.empty.replaceChildren();
      this.shown.hidden = false;
      this.recordings = recordings;
      this.kind.hidden = !recordings.length;
      if (!recordings.length) {
        this.stage.hidden = true;
        this.list.replaceChildren(h('li', { class: 'muted' }, 'None.'));
        this.message.replaceChildren(
          statePanel(
            'Nothing was recorded of this run',
            'Runs record episodes while they train; a run that was made without recordings has none. Choose another run above, or train a new one:',
            { command: COMMANDS.train },
          ),
        );
        counters.replay = { run: this.run, recording: null, step: 0, steps: 0, playing: false };
        return;
      }
    } catch (error) {
      if (wanted()) this.#fail(error, () => this.#list(name));
      return;
    }
    const named = this.recordings.find((recording) => recording.name === name);
    const chosen = named ?? this.recordings.findLast(({ reasons }) => reasons.includes('best')) ?? this.recordings[0];
    this.#chooseKind(chosen);
    await this.#load(chosen.name, named ? Number(this.params.get('step') ?? 0) : 0);
  }

  /** Offers the kinds of recordings that there are, and shows one that holds the chosen recording. */
  #chooseKind(chosen) {
    const kinds = Object.entries(KINDS).flatMap(([kind, [text, belongs]]) => {
      const some = this.recordings.filter(belongs);
      return some.length ? [{ kind, text: `${text} (${some.length})`, holds: some.includes(chosen) }] : [];
    });
    const asked = kinds.find(({ kind, holds }) => holds && kind === this.params.get('kind')) ?? kinds.find(({ holds }) => holds);
    setOptions(
      this.kind,
      kinds.map(({ kind, text }) => [kind, text]),
      asked.kind,
    );
    this.#showList(asked.kind);
  }

  #showList(kind) {
    this.list.replaceChildren(...this.recordings.filter(KINDS[kind][1]).map((recording) => this.#item(recording)));
    this.#markCurrent();
  }

  #markCurrent() {
    for (const button of this.list.querySelectorAll('button')) {
      const current = button.dataset.name === this.recording?.name;
      if (current) button.setAttribute('aria-current', 'true');
      else button.removeAttribute('aria-current');
      if (current) this.list.scrollTop = button.offsetTop - this.list.clientHeight / 2;
    }
  }

  #item(recording) {
    const tags = recording.reasons.map((reason) => h('span', { class: `tag ${reason}` }, reason));
    if (recording.crashed && !recording.reasons.includes('crashed')) tags.push(h('span', { class: 'tag crashed' }, 'crashed'));
    const where =
      recording.test_track === null || recording.test_track === undefined ? '' : `, test track ${recording.test_track}`;
    return h(
      'li',
      {},
      h(
        'button',
        { type: 'button', 'data-name': recording.name, onclick: () => this.#load(recording.name, 0, true) },
        h('span', {}, `Episode ${count(recording.episode)}`),
        h('b', {}, number(recording.return, 1)),
        h('span', { class: 'about' }, `phase ${recording.phase || '–'}${where} · ${count(recording.frames)} steps `, ...tags),
      ),
    );
  }

  async #load(name, step, play = false) {
    const wanted = this.#want();
    try {
      const recording = await fetchRecording(this.run, name);
      if (!wanted()) return;
      this.#answered();
      this.message.replaceChildren();
      this.stage.hidden = false;
      this.recording = recording;
      this.frames = recording.frames;
      this.board.begin({ runId: this.run, info: {}, populations: recording.populations, initialWeights: null, recorded: true });
      this.board.setRoad(recording.road);
      this.facts.clear();
      this.facts.set({ Recording: name });
      this.#markCurrent();
      remember({ run: this.run, recording: name });
      this.player.load(this.frames.length, step);
      if (!this.frames.length) {
        this.stage.hidden = true;
        this.message.replaceChildren(statePanel('This recording is empty', 'It holds no step. Choose another one.'));
        return;
      }
      if (play) this.player.toggle();
      announce(`Episode ${recording.episode}, ${this.frames.length} steps, return ${number(recording.episodeReturn, 0)}.`);
    } catch (error) {
      if (wanted()) this.#fail(error, () => this.#load(name, step, play));
    }
  }

  #seek(step, jumped) {
    if (jumped) this.board.seek(this.frames, step);
    else this.board.push(this.frames[step]);
    this.facts.soon(() => (this.scene.frame ? frameFacts(this.scene) : {}));
    counters.replay = {
      run: this.run,
      recording: this.recording.name,
      step,
      steps: this.frames.length,
      playing: this.player.playing,
    };
    clearTimeout(this.memory);
    this.memory = setTimeout(() => remember({ step: this.player.step }), 300);
  }

  #played(playing) {
    if (counters.replay) counters.replay.playing = playing;
  }

  #fail(error, again) {
    this.player.pause();
    if (error.status === 0) {
      showConnection('waiting', 'Disconnected');
      this.retry.later(again);
    }
    const state = statePanel('This cannot be shown', error.message, {
      kind: 'error',
      command: error.status === 0 ? COMMANDS.dashboard : undefined,
      action: { text: 'Try again', act: again },
    });
    if (this.shown.hidden) this.empty.replaceChildren(state);
    else {
      this.stage.hidden = true;
      this.message.replaceChildren(state);
    }
  }
}
