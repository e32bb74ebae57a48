// The weights, or how they changed since the run began; and the eligibility traces.

import { HeatPanel, numbersOf } from './heatmap.js';
import { h } from '../dom.js';

export class WeightsPanel extends HeatPanel {
  /** @param {import('./scene.js').Scene} scene @param {{change: boolean, onToggle: (change: boolean) => void}} options */
  constructor(scene, { change, onToggle }) {
    super(scene, {
      id: 'weights',
      title: 'Weights',
      label: 'Heat map of the weight matrix, receiving neurons in rows, sending neurons in columns',
      nothing: 'This agent has sent no weights.',
    });
    this.change = change;
    const buttons = [
      ['Now', false],
      ['Change since the start', true],
    ].map(([text, value]) =>
      h(
        'button',
        {
          type: 'button',
          'aria-pressed': String(change === value),
          onclick: () => {
            this.change = value;
            buttons.forEach((button, index) => button.setAttribute('aria-pressed', String(value === (index === 1))));
            onToggle(value);
            this.changed();
          },
        },
        text,
      ),
    );
    this.tools.append(h('div', { class: 'segments', role: 'group', 'aria-label': 'What the map shows' }, ...buttons));
  }

  begin(run) {
    this.initial = run?.initialWeights ? numbersOf(run.initialWeights, null) : null;
    this.now = null;
    this.difference = null;
    this.part = null;
    this.nothing =
      run && !run.populations.length && !run.initialWeights
        ? 'This agent has no synapses to show.'
        : 'No weights have arrived yet.';
    this.changed();
  }

  setWeights({ weights }) {
    if (!weights) return;
    this.now = numbersOf(weights, this.now);
    this.changed();
  }

  quantity() {
    return this.change ? 'Change of the weight since the start' : 'Weight';
  }

  values() {
    const now = this.now ?? this.initial;
    if (!this.change || !now) return now;
    if (!this.initial || this.initial.values.length !== now.values.length) return null;
    return this.#subtract(now);
  }

  missing() {
    if (this.change && this.now && !this.initial) return 'This agent has not said what its weights were at the start.';
    return super.missing();
  }

  #subtract(now) {
    if (this.difference?.values.length !== now.values.length) {
      this.difference = { rows: now.rows, columns: now.columns, values: new Float32Array(now.values.length), most: 0 };
    }
    const { values } = this.difference;
    this.difference.most = 0;
    for (let i = 0; i < values.length; i++) {
      values[i] = now.values[i] - this.initial.values[i];
      this.difference.most = Math.max(this.difference.most, Math.abs(values[i]));
    }
    return this.difference;
  }
}

export class EligibilityPanel extends HeatPanel {
  /** @param {import('./scene.js').Scene} scene */
  constructor(scene) {
    super(scene, {
      id: 'eligibility',
      title: 'Eligibility',
      label: 'Heat map of the eligibility traces, receiving neurons in rows, sending neurons in columns',
      nothing: 'No eligibility traces have arrived yet.',
    });
  }

  begin(run) {
    this.now = null;
    this.part = null;
    this.nothing =
      run && !run.populations.length ? 'This agent has no eligibility traces.' : 'No eligibility traces have arrived yet.';
    this.changed();
  }

  setWeights({ eligibility }) {
    if (!eligibility) return;
    this.now = numbersOf(eligibility, this.now);
    this.changed();
  }

  values() {
    return this.now;
  }
}
