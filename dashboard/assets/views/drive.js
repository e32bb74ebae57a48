// You at the wheel.

import { announce } from '../announce.js';
import { COMMANDS } from '../commands.js';
import { showConnection } from '../connection.js';
import { fetchSpec } from '../data/api.js';
import { number } from '../data/format.js';
import { h } from '../dom.js';
import { calm } from '../draw/motion.js';
import { DriveForm } from '../drive/form.js';
import { Hud } from '../drive/hud.js';
import { Steering } from '../drive/keys.js';
import { Rivals } from '../drive/rivals.js';
import { courseOf, keepScore } from '../drive/scores.js';
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
    this.retry = new Retry();
    this.scene = new Scene();
    const chase = new ChasePanel(this.scene);
    const track = new TrackPanel(this.scene);
    this.board = new Board(this.scene, [chase, track]);
    chase.missing = () =>
      this.scene.frame ? '' : 'Choose a course and start. Steer with ← and →, or A and D; let go to drive straight on.';
    track.missing = () => (this.scene.road ? '' : 'The track appears when you start.');
    this.steering = new Steering((action) => this.#steer(action));
    this.hud = new Hud({
      onStart: () => this.#start(),
      onPause: () => this.#pause(!this.paused),
      onStop: () => this.#stop(),
    });
    this.rivals = new Rivals({
      onGhost: (frames) => {
        this.scene.ghost = frames;
      },
      onProblem: (text) => this.#say(text),
    });
    this.problem = h('div', { class: 'banner error', role: 'alert', hidden: true });
    this.empty = h('div', {}, statePanel('Loading', 'Asking what may be driven.', { kind: 'loading' }));
    this.formBox = h('div');
    this.stage = h('div', { class: 'drive-stage' }, this.hud.element, chase.element, this.steering.element);
    const side = h('div', { class: 'drive-side' }, track.element, this.rivals.element);
    this.shown = h('div', { class: 'drive', hidden: true }, this.formBox, this.stage, side);
    const motto = h('p', { class: 'muted' }, 'The same task as the network’s: the same car, the same roads, the same reward.');
    box.append(h('div', { class: 'view-head' }, h('h1', {}, 'Drive'), motto), this.problem, this.empty, this.shown);
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
      const state = statePanel('Driving is not possible now', error.message, {
        kind: 'error',
        command: error.status ? COMMANDS.server : COMMANDS.dashboard,
        action: { text: 'Try again', act: () => this.#open() },
      });
      this.empty.replaceChildren(state);
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
      this.#say('');
    } else if (state === 'waiting') {
      showConnection('waiting', 'Disconnected');
      this.#ended();
      this.#say('The connection to the dashboard is lost; trying again. If it was stopped, start it:', COMMANDS.dashboard);
    } else if (state === 'connecting') showConnection('connecting', 'Connecting');
  }

  /** The form changed: scores and address follow. */
  #changed() {
    remember(this.form.memory());
    if (!this.driving) this.rivals.setCourse(this.form.request().start ?? null);
  }

  #start() {
    const { start, error } = this.form.request();
    if (error) {
      this.#say(error);
      return;
    }
    this.#say('');
    clearInterval(this.counting);
    if (this.driving) this.socket.send({ stop: true });
    if (!this.socket.send({ start })) {
      this.#say('The dashboard does not answer yet: wait for the connection, then start again.');
      return;
    }
    this.socket.send({ paused: true });
    this.course = start;
    // Steps of the drive before may still be on their way: only those after the new road count.
    this.awaited = true;
    this.driving = true;
    this.rivals.setCourse(start);
    this.board.begin({ runId: '', info: {}, populations: [], initialWeights: null });
    this.steering.active = true;
    this.steering.release();
    this.hud.begin();
    if (this.stage.getBoundingClientRect().top > window.innerHeight / 3) {
      this.stage.scrollIntoView({ behavior: calm() ? 'auto' : 'smooth' });
    }
    this.#count();
  }

  /** Three, two, one. */
  #count() {
    let left = 3;
    this.#tell('counting');
    this.hud.say(`${left} …`);
    announce('Three, two, one, go.');
    this.paused = true;
    this.counting = setInterval(() => {
      left--;
      if (left > 0) this.hud.say(`${left} …`);
      else this.#pause(false);
    }, COUNT_MS);
  }

  #pause(paused) {
    clearInterval(this.counting);
    this.paused = paused;
    this.socket.send({ paused });
    this.hud.setPaused(paused);
    this.hud.say(paused ? 'Paused.' : 'Driving.');
    this.#tell(paused ? 'paused' : 'driving');
  }

  #stop() {
    this.socket.send({ stop: true });
    this.#ended();
    this.hud.say('Stopped.');
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
      const { ghost } = this.scene;
      this.hud.score(value.episodeReturn, value.step, ghost?.[Math.min(value.step, ghost.length - 1)] ?? null);
      Object.assign(counters.drive, { return: value.episodeReturn, steps: value.step });
    }
  }

  #text(message) {
    if (message.error) {
      this.#ended();
      this.#say(message.error, /environment server/i.test(message.error) ? COMMANDS.server : '');
      this.hud.say('Not started.');
      this.#tell('error');
      return;
    }
    if (message.warnings?.length) this.#say(message.warnings.join(' '));
    if (this.awaited) return;
    if (message.ghosts) this.rivals.setGhosts(message.ghosts);
    if (message.state === 'over') this.#over(message);
  }

  #over({ reason, return: points, steps }) {
    if (!this.driving) return;
    this.#ended();
    keepScore(courseOf(this.course), { return: points, steps, reason });
    const ending = ENDINGS[reason] ?? 'Over';
    this.hud.say(`${ending} after ${steps} steps.`);
    announce(`${ending} after ${steps} steps. Your return is ${number(points, 1)}.`);
    this.rivals.show();
    this.#tell('over', { reason, return: points, steps });
  }

  #ended() {
    clearInterval(this.counting);
    this.driving = false;
    this.paused = false;
    this.steering.active = false;
    this.steering.release();
    this.hud.end();
  }

  #say(text, command = '') {
    this.problem.hidden = !text;
    this.problem.replaceChildren(...(text ? [h('span', {}, `${text} `), command ? h('code', {}, command) : ''] : []));
  }

  #tell(state, more = {}) {
    counters.drive = { action: this.steering.action, ...counters.drive, state, ...more, ghosts: this.rivals?.ghosts.length ?? 0 };
  }
}
