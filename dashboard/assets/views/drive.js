// You at the wheel.

import { announce } from '../announce.js';
import { COMMANDS } from '../commands.js';
import { showConnection } from '../connection.js';
import { fetchRecording, fetchSpec } from '../data/api.js';
import { number } from '../data/format.js';
import { DriveForm } from '../drive/form.js';
import { Steering } from '../drive/keys.js';
import { agentMeans, courseOf, forgetScores, keepScore, scoreList, short } from '../drive/scores.js';
import { h, icon, select, setOptions, setText } from '../dom.js';
import { calm } from '../draw/motion.js';
import { Board } from '../panels/board.js';
import { ChasePanel } from '../panels/chase.js';
import { Scene } from '../panels/scene.js';
import { TrackPanel } from '../panels/track.js';
import { remember } from '../router.js';
import { counters } from '../state.js';
import { Retry } from '../wire/retry.js';
import { Socket } from '../wire/socket.js';
import { decodePublish } from '../wire/telemetry.js';
import { statePanel } from './states.js';

/** One count before the start, in milliseconds. */
const COUNT_MS = 700;
const ENDINGS = { crash: 'Crash', horizon: 'You drove all the way', lap: 'A whole lap' };

/** Opens the view. @param {HTMLElement} box @param {URLSearchParams} params of the form @returns {() => void} closes it */
export function openDrive(box, params) {
  const view = new DriveView(box, params);
  return () => view.close();
}

class DriveView {
  constructor(box, params) {
    this.params = params;
    this.scene = new Scene();
    const chase = new ChasePanel(this.scene);
    const track = new TrackPanel(this.scene);
    this.board = new Board(this.scene, [chase, track]);
    chase.missing = () => (this.scene.frame ? '' : 'Choose a course and start. Steer with ← and →, or A and D; let go to drive straight on.');
    track.missing = () => (this.scene.road ? '' : 'The track appears when you start.');
    this.steering = new Steering((action) => this.#steer(action));
    this.retry = new Retry();
    this.ghosts = [];
    this.means = [];
    this.problem = h('div', { class: 'banner error', role: 'alert', hidden: true });
    this.#parts();
    this.empty = h('div', {}, statePanel('Loading', 'Asking what may be driven.', { kind: 'loading' }));
    this.formBox = h('div');
    this.shown = h('div', { class: 'drive', hidden: true }, this.formBox,
      this.stage, this.side);
    this.stage.append(chase.element, this.steering.element);
    this.side.prepend(track.element);
    box.append(h('div', { class: 'view-head' }, h('h1', {}, 'Drive'), h('p', { class: 'muted' }, 'The same task as the network’s: the same car, the same roads, the same reward.')),
      this.problem, this.empty, this.shown);
    this.#tell('ready');
    this.#open();
  }

  close() {
    this.closed = true;
    clearInterval(this.counting);
    this.retry.cancel();
    this.steering.close();
    this.socket?.close();
    this.board.close();
    counters.drive = null;
  }

  #parts() {
    this.status = h('p', { class: 'result' }, 'Ready.');
    this.points = h('p', { class: 'big-number' }, '0.0');
    this.steps = h('p', { class: 'muted' }, 'return');
    this.rival = h('p', { class: 'muted' });
    this.pause = h('button', { type: 'button', disabled: true, onclick: () => this.#pause(!this.paused) }, icon('pause'), 'Pause');
    this.stop = h('button', { type: 'button', disabled: true, onclick: () => this.#stop() }, icon('stop'), 'Stop');
    this.ghost = select([['', 'nobody']], '', (name) => this.#race(name));
    this.scores = h('div');
    this.again = h('button', { type: 'button', class: 'primary', onclick: () => this.#start() }, icon('play'), 'Start');
    this.stage = h('div', { class: 'drive-stage' },
      h('section', { class: 'card hud', 'aria-label': 'This drive' }, h('div', {}, this.points, this.steps),
        h('div', { class: 'grow' }, this.status, this.rival), h('div', { class: 'row' }, this.again, this.pause, this.stop)));
    this.side = h('div', { class: 'drive-side' },
      h('section', { class: 'card', 'aria-labelledby': 'scores-title' },
        h('div', { class: 'row' }, h('h2', { id: 'scores-title', class: 'grow' }, 'Scores'),
          h('button', { type: 'button', class: 'quiet', onclick: () => { forgetScores(); this.#showScores(); } }, 'Forget mine')),
        h('label', { class: 'row' }, h('span', { class: 'field-name' }, 'Race against'), this.ghost), this.scores));
  }

  async #open() {
    try {
      this.retry.cancel();
      const spec = await fetchSpec();
      if (this.closed) return;
      this.retry.succeeded();
      this.form = new DriveForm(spec, this.params, { onStart: () => this.#start(), onChange: () => this.#changed() });
      this.formBox.replaceChildren(this.form.element);
      this.empty.replaceChildren();
      this.shown.hidden = false;
      this.#connect();
      this.#changed();
    } catch (error) {
      if (this.closed) return;
      showConnection(error.status ? 'error' : 'waiting', error.status ? 'Error' : 'Disconnected');
      this.empty.replaceChildren(statePanel('Driving is not possible now', error.message, {
        kind: 'error', command: error.status ? COMMANDS.server : COMMANDS.dashboard, action: { text: 'Try again', act: () => this.#open() },
      }));
      this.retry.later(() => this.#open());
    }
  }

  #connect() {
    this.socket = new Socket('/ws/drive', {
      binary: (bytes) => this.#event(decodePublish(bytes)),
      text: (message) => this.#text(message),
      state: (state) => this.#state(state),
    });
  }

  #state(state) {
    if (state === 'open') {
      showConnection('open', 'Connected');
      this.#say(null);
    } else if (state === 'waiting') {
      showConnection('waiting', 'Disconnected');
      this.#ended();
      this.#say('The connection to the dashboard is lost; trying again. If it was stopped, start it:', COMMANDS.dashboard);
    } else if (state === 'connecting') showConnection('connecting', 'Connecting');
  }

  /** The form changed: scores and address follow. */
  async #changed() {
    remember(this.form.memory());
    if (this.driving) return;
    const { start } = this.form.request();
    this.ghosts = [];
    this.means = [];
    this.#showScores();
    if (!start || start.circuit) return;
    const key = courseOf({ ...start, test_track: null });
    this.meansKey = key;
    try {
      const means = await agentMeans(start);
      if (this.closed || this.meansKey !== key) return;
      this.means = means;
      this.#showScores();
    } catch {
      // Scores of agents are a comparison: one can drive without.
    }
  }

  #start() {
    const { start, error } = this.form.request();
    if (error) {
      this.#say(error);
      return;
    }
    clearInterval(this.counting);
    this.#say(null);
    if (this.driving) this.socket.send({ stop: true });
    this.course = start;
    // Steps of the drive before may still be on their way: only those after the new road count.
    this.awaited = true;
    this.ghosts = [];
    this.rivalFrames = null;
    this.scene.ghost = null;
    this.board.begin({ runId: '', info: {}, populations: [], initialWeights: null });
    if (!this.socket.send({ start })) {
      this.#say('The dashboard does not answer yet: wait for the connection, then start again.');
      return;
    }
    this.socket.send({ paused: true });
    this.driving = true;
    this.steering.active = true;
    this.steering.release();
    this.again.replaceChildren(icon('play'), 'Start again');
    for (const button of [this.pause, this.stop]) button.disabled = false;
    // The arrow keys steer from now on: the focus leaves the form, for the one button that they do not mean anything to.
    this.pause.focus({ preventScroll: true });
    if (this.stage.getBoundingClientRect().top > window.innerHeight / 3) this.stage.scrollIntoView({ behavior: calm() ? 'auto' : 'smooth' });
    this.#count();
  }

  /** Three, two, one. */
  #count() {
    let left = 3;
    this.#tell('counting');
    setText(this.status, `${left} …`);
    announce('Three, two, one, go.');
    this.paused = true;
    this.counting = setInterval(() => {
      left--;
      setText(this.status, left ? `${left} …` : 'Go!');
      if (left > 0) return;
      clearInterval(this.counting);
      this.#pause(false);
    }, COUNT_MS);
  }

  #pause(paused) {
    clearInterval(this.counting);
    this.paused = paused;
    this.socket.send({ paused });
    this.pause.replaceChildren(icon(paused ? 'play' : 'pause'), paused ? 'Resume' : 'Pause');
    if (paused) setText(this.status, 'Paused.');
    else if (this.driving) setText(this.status, 'Driving.');
    this.#tell(paused ? 'paused' : 'driving');
  }

  #stop() {
    this.socket.send({ stop: true });
    this.#ended();
    setText(this.status, 'Stopped.');
    this.#tell('stopped');
  }

  #steer(action) {
    if (this.driving) this.socket.send({ action });
    if (counters.drive) counters.drive.action = action;
  }

  #event({ kind, value }) {
    if (kind === 'road') {
      this.awaited = false;
      this.board.setRoad(value);
    } else if (kind === 'frame' && !this.awaited) {
      this.board.push(value);
      setText(this.points, number(value.episodeReturn, 1));
      setText(this.steps, `return after ${value.step} ${value.step === 1 ? 'step' : 'steps'}`);
      this.#compare(value);
      Object.assign(counters.drive, { return: value.episodeReturn, steps: value.step });
    }
  }

  /** Where the ghost stood at the same step. */
  #compare(frame) {
    const ghost = this.rivalFrames?.[Math.min(frame.step, this.rivalFrames.length - 1)];
    if (!ghost) {
      setText(this.rival, '');
      return;
    }
    const ahead = frame.episodeReturn - ghost.episodeReturn;
    setText(this.rival, `${number(Math.abs(ahead), 1)} ${ahead >= 0 ? 'ahead of' : 'behind'} the ghost`);
  }

  #text(message) {
    if (message.error) {
      this.#ended();
      this.#say(message.error, /environment server|unavailable|connect/i.test(message.error) ? COMMANDS.server : '');
      setText(this.status, 'Not started.');
      this.#tell('error');
      return;
    }
    if (message.ghosts) this.#setGhosts(message.ghosts);
    if (message.warnings?.length) this.#say(message.warnings.join(' '));
    if (message.state === 'over') this.#over(message);
  }

  #over({ reason, return: points, steps }) {
    if (!this.driving || this.awaited) return;
    this.#ended();
    keepScore(courseOf(this.course), { return: points, steps, reason });
    const ending = ENDINGS[reason] ?? 'Over';
    setText(this.status, `${ending} after ${steps} steps.`);
    setText(this.points, number(points, 1));
    announce(`${ending} after ${steps} steps. Your return is ${number(points, 1)}.`);
    this.#showScores();
    this.#tell('over', { reason, return: points, steps });
  }

  #ended() {
    clearInterval(this.counting);
    this.driving = false;
    this.paused = false;
    this.steering.active = false;
    this.steering.release();
    if (document.activeElement === this.pause || document.activeElement === this.stop) this.again.focus({ preventScroll: true });
    for (const button of [this.pause, this.stop]) button.disabled = true;
    this.pause.replaceChildren(icon('pause'), 'Pause');
  }

  /** Ghosts of the course; the best one races along. */
  #setGhosts(ghosts) {
    const key = JSON.stringify(ghosts);
    if (key === this.ghostKey && this.ghosts.length) return;
    this.ghostKey = key;
    this.ghosts = [...ghosts].sort((a, b) => b.return - a.return);
    setOptions(this.ghost, [['', 'nobody'], ...this.ghosts.map((ghost) => [`${ghost.run}/${ghost.recording}`, `${short(ghost.run)} (${number(ghost.return, 1)})`])], '');
    this.#showScores();
    if (this.ghosts.length) {
      const [best] = this.ghosts;
      this.ghost.value = `${best.run}/${best.recording}`;
      this.#race(this.ghost.value);
    }
  }

  async #race(name) {
    this.rivalFrames = null;
    this.scene.ghost = null;
    const ghost = this.ghosts.find(({ run, recording }) => `${run}/${recording}` === name);
    if (!ghost) return;
    try {
      const { frames } = await fetchRecording(ghost.run, ghost.recording);
      if (this.closed || this.ghost.value !== name) return;
      this.rivalFrames = frames;
      this.scene.ghost = frames;
    } catch (error) {
      this.#say(`The ghost cannot be shown: ${error.message}`);
    }
  }

  #showScores() {
    const start = this.course && this.driving ? this.course : this.form?.request().start ?? this.course;
    this.scores.replaceChildren(start ? scoreList(start, this.ghosts, this.means) : h('p', { class: 'muted' }, 'Choose a course.'));
  }

  #say(text, command = '') {
    this.problem.hidden = !text;
    this.problem.replaceChildren(...(text ? [h('span', {}, `${text} `), ...(command ? [h('code', {}, command)] : [])] : []));
  }

  #tell(state, more = {}) {
    counters.drive = { action: this.steering.action, ...counters.drive, state, ...more, ghosts: this.ghosts.length };
  }
}
