// Plays a recorded episode: a scrubber, buttons and keys, and the pace.

import { h, icon, select, setText } from '../dom.js';

const RATES = [1, 2, 5, 10, 20, 60, 200];

export class Player {
  /**
   * @param {{rate: number, onSeek: (step: number, jumped: boolean) => void, onRate: (rate: number) => void, onPlay: (playing: boolean) => void}} options
   *   `onSeek` is told the step to show, and whether it does not follow on the one before
   */
  constructor({ rate, onSeek, onRate, onPlay }) {
    this.rate = RATES.includes(rate) ? rate : 10;
    this.onSeek = onSeek;
    this.onPlay = onPlay;
    this.steps = 0;
    this.step = 0;
    this.playing = false;
    this.due = 0;
    const button = (name, label, act) =>
      h('button', { type: 'button', 'aria-label': label, title: label, onclick: act }, icon(name));
    this.playButton = h('button', { type: 'button', class: 'primary', onclick: () => this.toggle() });
    this.slider = h('input', {
      type: 'range',
      min: 0,
      max: 0,
      value: 0,
      'aria-label': 'Step of the episode',
      oninput: () => {
        this.pause();
        this.seek(Number(this.slider.value));
      },
    });
    this.place = h('output', {}, '–');
    this.element = h(
      'section',
      { class: 'card player', 'aria-label': 'Player' },
      button('first', 'To the beginning', () => this.seek(0)),
      button('back', 'One step back', () => this.nudge(-1)),
      this.playButton,
      button('step', 'One step on', () => this.nudge(1)),
      this.slider,
      this.place,
      h(
        'label',
        { class: 'row' },
        h('span', { class: 'field-name' }, 'Speed'),
        select(
          RATES.map((value) => [String(value), `${value} steps/s`]),
          String(this.rate),
          (value) => {
            this.rate = Number(value);
            onRate(this.rate);
          },
        ),
      ),
    );
    this.#show();
    this.onKey = (event) => this.#key(event);
    document.addEventListener('keydown', this.onKey);
    this.loop = (now) => this.#tick(now);
  }

  /** Takes another episode. @param {number} steps @param {number} step to begin at */
  load(steps, step) {
    this.pause();
    this.steps = steps;
    this.slider.max = String(Math.max(0, steps - 1));
    this.step = -1;
    this.seek(step);
  }

  /** Shows a step. @param {number} step */
  seek(step) {
    if (!this.steps) return;
    const target = Math.min(this.steps - 1, Math.max(0, Math.trunc(step) || 0)); // An address may say anything.
    if (target !== this.step) {
      const jumped = target !== this.step + 1;
      this.step = target;
      this.onSeek(target, jumped);
    }
    this.#show();
  }

  /** Moves by some steps, and stops. @param {number} by */
  nudge(by) {
    this.pause();
    this.seek(this.step + by);
  }

  /** Plays or pauses; at the end it begins again. */
  toggle() {
    if (this.playing) {
      this.pause();
      return;
    }
    if (!this.steps) return;
    if (this.step >= this.steps - 1) this.seek(0);
    this.playing = true;
    this.last = performance.now();
    this.due = 0;
    requestAnimationFrame(this.loop);
    this.onPlay(true);
    this.#show();
  }

  /** Stops. */
  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.onPlay(false);
    this.#show();
  }

  /** Ends the player. */
  close() {
    this.playing = false;
    document.removeEventListener('keydown', this.onKey);
  }

  #tick(now) {
    if (!this.playing) return;
    this.due += (Math.min(250, now - this.last) / 1000) * this.rate;
    this.last = now;
    while (this.due >= 1 && this.step < this.steps - 1) {
      this.due -= 1;
      this.seek(this.step + 1);
    }
    if (this.step >= this.steps - 1) this.pause();
    else requestAnimationFrame(this.loop);
  }

  /** Space and arrows act wherever no control wants them. */
  #key(event) {
    if (
      event.target.closest('input, select, textarea, button, a, summary, [tabindex="0"]') ||
      event.ctrlKey ||
      event.altKey ||
      event.metaKey
    )
      return;
    if (event.key === ' ') this.toggle();
    else if (event.key === 'ArrowRight') this.nudge(event.shiftKey ? 10 : 1);
    else if (event.key === 'ArrowLeft') this.nudge(event.shiftKey ? -10 : -1);
    else if (event.key === 'Home') this.seek(0);
    else if (event.key === 'End') this.seek(this.steps - 1);
    else return;
    event.preventDefault();
  }

  #show() {
    this.slider.value = String(this.step);
    this.slider.setAttribute('aria-valuetext', `step ${this.step} of ${Math.max(0, this.steps - 1)}`);
    setText(this.place, this.steps ? `${this.step} / ${this.steps - 1}` : '–');
    const name = this.playing ? 'pause' : 'play';
    if (this.playButton.dataset.icon !== name) {
      this.playButton.dataset.icon = name;
      this.playButton.replaceChildren(icon(name), this.playing ? 'Pause' : 'Play');
    }
  }
}
