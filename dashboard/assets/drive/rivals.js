// Whom you drive against: the scores of a course, and the ghost that races along.

import { fetchRecording } from '../data/api.js';
import { number } from '../data/format.js';
import { h, select, setOptions } from '../dom.js';
import { agentMeans, courseOf, forgetScores, scoreList, short } from './scores.js';

export class Rivals {
  /** @param {{onGhost: (frames: ?object[]) => void, onProblem: (text: string) => void}} listeners `onGhost` is told whom to show */
  constructor({ onGhost, onProblem }) {
    this.onGhost = onGhost;
    this.onProblem = onProblem;
    this.start = null;
    this.ghosts = [];
    this.means = [];
    this.key = '';
    this.choice = select([['', 'nobody']], '', (name) => this.#race(name));
    this.scores = h('div');
    const forget = () => {
      forgetScores();
      this.show();
    };
    this.element = h(
      'section',
      { class: 'card', 'aria-labelledby': 'scores-title' },
      h(
        'div',
        { class: 'row' },
        h('h2', { id: 'scores-title', class: 'grow' }, 'Scores'),
        h('button', { type: 'button', class: 'quiet', onclick: forget }, 'Forget mine'),
      ),
      h('label', { class: 'row' }, h('span', { class: 'field-name' }, 'Race against'), this.choice),
      this.scores,
    );
  }

  /** Another course is chosen: its scores are shown. @param {?object} start what would be sent to begin */
  async setCourse(start) {
    const course = start ? courseOf(start) : '';
    if (course === this.course) return;
    this.course = course;
    this.start = start;
    this.means = [];
    this.forgetGhosts();
    if (!start || start.circuit) return;
    try {
      const means = await agentMeans(start);
      if (this.course !== course) return;
      this.means = means;
      this.show();
    } catch {
      // Scores of agents are a comparison: one can drive without.
    }
  }

  /** Nobody races along. */
  forgetGhosts() {
    this.ghosts = [];
    this.key = '';
    setOptions(this.choice, [['', 'nobody']], '');
    this.#race('');
    this.show();
  }

  /** The ghosts of the course; the best one races along. @param {{run: string, recording: string, return: number}[]} ghosts */
  setGhosts(ghosts) {
    const key = JSON.stringify(ghosts);
    if (key === this.key) return;
    this.key = key;
    this.ghosts = [...ghosts].sort((a, b) => b.return - a.return);
    const options = this.ghosts.map((ghost) => [name(ghost), `${short(ghost.run)} (${number(ghost.return, 1)})`]);
    setOptions(this.choice, [['', 'nobody'], ...options], options[0]?.[0] ?? '');
    this.#race(this.choice.value);
    this.show();
  }

  /** Lists the scores anew. */
  show() {
    const list = this.start ? scoreList(this.start, this.ghosts, this.means) : h('p', { class: 'muted' }, 'Choose a course.');
    this.scores.replaceChildren(list);
  }

  async #race(chosen) {
    this.onGhost(null);
    const ghost = this.ghosts.find((one) => name(one) === chosen);
    if (!ghost) return;
    try {
      const { frames } = await fetchRecording(ghost.run, ghost.recording);
      if (this.choice.value === chosen) this.onGhost(frames);
    } catch (error) {
      this.onProblem(`The ghost cannot be shown: ${error.message}`);
    }
  }
}

function name({ run, recording }) {
  return `${run}/${recording}`;
}
