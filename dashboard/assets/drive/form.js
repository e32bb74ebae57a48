// What to drive: a form made of what the dashboard says may be driven.

import { field, h, select } from '../dom.js';
import { count } from '../data/format.js';

const OPTION_NAMES = {
  rays: 'Rays',
  sensor_noise: 'Sensor noise',
  sensor_latency: 'Sensor latency',
  actuator_lag: 'Actuator: share of a turn taken over in a step',
  gust: 'Side wind',
  varying_width: 'Varying width of the road',
  predictive_reward: 'Predictive reward',
  steering_gain: 'Steering: what a turn is multiplied with',
  left_ray_gain: 'What the leftmost ray reads, as a share',
};

export class DriveForm {
  /**
   * @param {object} spec answer of /api/spec
   * @param {URLSearchParams} params `course`, `phase`, `track`, `horizon`, `rate`
   * @param {{onStart: () => void, onChange: () => void}} listeners
   */
  constructor(spec, params, { onStart, onChange }) {
    this.spec = spec;
    this.circuit = null;
    const within = (name, { min, max, default: usual }) => {
      const value = Number(params.get(name));
      return params.has(name) && value >= min && value <= max ? value : usual;
    };
    this.course = select(
      [
        ['phase', 'A phase of the task'],
        ['circuit', 'An own circuit'],
      ],
      params.get('course') === 'circuit' ? 'circuit' : 'phase',
      () => this.#show(),
    );
    this.phase = select(
      spec.phases.map(({ phase, name }) => [String(phase), `${phase} · ${name}`]),
      this.#known(
        params.get('phase'),
        spec.phases.map(({ phase }) => String(phase)),
      ) ?? '4',
      () => {},
    );
    const tracks = [
      ['any', 'any training track'],
      ...Array.from({ length: spec.test_tracks }, (_, i) => [String(i), `test track ${i}`]),
    ];
    this.track = select(
      tracks,
      this.#known(
        params.get('track'),
        tracks.map(([value]) => value),
      ) ?? '0',
      () => {},
    );
    this.file = h('input', { type: 'file', accept: '.csv,text/csv,text/plain', onchange: () => this.#read() });
    this.fileState = h(
      'small',
      { role: 'status' },
      'CSV: x_m, y_m, w_tr_right_m, w_tr_left_m; a closed loop. It is read here and sent to the dashboard alone.',
    );
    this.mode = select(
      spec.circuit.modes.map((mode) => [mode, { fit: 'fit: scaled to the car', real: 'real: 1 unit is 1 metre' }[mode] ?? mode]),
      spec.circuit.modes[0],
      () => {},
    );
    this.horizon = h('input', {
      type: 'number',
      min: spec.horizon.min,
      max: spec.horizon.max,
      step: 1,
      value: within('horizon', spec.horizon),
      required: true,
    });
    this.rate = h('input', {
      type: 'number',
      min: spec.rate.min,
      max: spec.rate.max,
      step: 0.5,
      value: within('rate', spec.rate),
      required: true,
    });
    this.options = Object.fromEntries(Object.entries(spec.options).map(([name, range]) => [name, optionControl(name, range)]));
    this.world = select([['', 'as set below'], ...spec.worlds.map(({ name }) => [name, name])], '', (name) => this.#take(name), {
      'aria-label': 'Named world',
    });
    this.onPhase = h('div', { class: 'pair' }, field('Phase', this.phase), field('Track', this.track));
    this.onCircuit = h(
      'div',
      { class: 'score-list' },
      field('Circuit file', this.file),
      this.fileState,
      field('Scale', this.mode),
    );
    this.start = h('button', { type: 'submit', class: 'primary' }, 'Start driving');
    this.element = h(
      'form',
      {
        class: 'card',
        'aria-label': 'What to drive',
        onsubmit: (event) => {
          event.preventDefault();
          onStart();
        },
        oninput: onChange,
        onchange: onChange,
      },
      h('fieldset', {}, h('legend', {}, 'Course'), field('Where', this.course), this.onPhase, this.onCircuit),
      h('div', { class: 'pair' }, field('Horizon', this.horizon, 'steps'), field('Speed', this.rate, 'steps/s')),
      h(
        'details',
        {},
        h('summary', {}, 'Options of the world'),
        h(
          'fieldset',
          {},
          h('legend', { class: 'visually-hidden' }, 'Options of the world'),
          field('Named world', this.world),
          ...Object.values(this.options).map(({ element }) => element),
        ),
      ),
      this.start,
    );
    this.#show();
  }

  /** What to send to begin. @returns {{start: object} | {error: string}} */
  request() {
    const circuit = this.course.value === 'circuit';
    if (circuit && !this.circuit) return { error: 'Choose a circuit file first.' };
    return {
      start: {
        phase: Number(this.phase.value),
        test_track: circuit || this.track.value === 'any' ? null : Number(this.track.value),
        circuit: circuit ? { ...this.circuit, mode: this.mode.value } : null,
        options: Object.fromEntries(Object.entries(this.options).map(([name, { value }]) => [name, value()])),
        horizon: this.horizon.value === '' ? null : Number(this.horizon.value),
        rate: Number(this.rate.value),
        seed: Math.floor(Math.random() * 2 ** 31),
      },
    };
  }

  /** What of the form belongs into the address. @returns {Record<string, string>} */
  memory() {
    const circuit = this.course.value === 'circuit';
    return {
      course: circuit ? 'circuit' : '',
      phase: this.phase.value,
      track: this.track.value,
      horizon: this.horizon.value,
      rate: this.rate.value,
    };
  }

  #known(value, values) {
    return values.includes(value) ? value : null;
  }

  #show() {
    const circuit = this.course.value === 'circuit';
    this.onPhase.hidden = circuit;
    this.onCircuit.hidden = !circuit;
    this.horizon.required = !circuit;
    this.horizon.placeholder = circuit ? '1.2 laps' : '';
    if (circuit && Number(this.horizon.value) === this.spec.horizon.default) this.horizon.value = '';
    if (!circuit && this.horizon.value === '') this.horizon.value = this.spec.horizon.default;
    for (const [name, { element }] of Object.entries(this.options))
      element.hidden = circuit && this.spec.options[name].circuits === false;
  }

  /** Sets the options to those of a named world. */
  #take(name) {
    const world = this.spec.worlds.find((one) => one.name === name);
    for (const [option, value] of Object.entries(world?.options ?? {})) this.options[option]?.set(value);
  }

  async #read() {
    const [file] = this.file.files;
    this.circuit = null;
    if (!file) return;
    if (file.size > this.spec.circuit.max_bytes) {
      this.fileState.textContent = `${file.name} has ${count(file.size)} bytes: at most ${count(this.spec.circuit.max_bytes)} are taken.`;
      return;
    }
    const csv = await file.text();
    const points = csv.split('\n').filter((line) => /^\s*[-+.\d]/.test(line)).length;
    this.circuit = { name: file.name.replace(/\.\w+$/, ''), csv };
    this.fileState.textContent = `${file.name}: ${count(points)} points.`;
  }
}

/** The control of an option: a choice, a tick or a number. */
function optionControl(name, range) {
  const label = OPTION_NAMES[name] ?? name;
  if (range.values) {
    const control = select(
      range.values.map((value) => [String(value), String(value)]),
      String(range.default),
      () => {},
    );
    return {
      element: field(label, control),
      value: () => Number(control.value),
      set: (value) => {
        control.value = String(value);
      },
    };
  }
  if (typeof range.default === 'boolean') {
    const control = h('input', { type: 'checkbox', checked: range.default });
    return {
      element: h('label', { class: 'check' }, control, label),
      value: () => control.checked,
      set: (value) => {
        control.checked = value;
      },
    };
  }
  const low = range.min ?? range.above ?? 0;
  const whole = range.unit === 'steps';
  const control = h('input', {
    type: 'number',
    min: range.above === undefined ? low : low + 0.01,
    max: range.max,
    step: whole ? 1 : 'any',
    value: range.default,
    required: true,
  });
  const except = range.not === undefined ? '' : `, not ${range.not}`;
  const hint = `${range.above === undefined ? low : `above ${low}`} to ${range.max}${range.unit ? ` ${range.unit}` : ''}${except}`;
  if (range.not !== undefined) {
    control.addEventListener('input', () => {
      const refused = Number(control.value) === range.not;
      control.setCustomValidity(refused ? `${range.not} is impossible: use ${hint}` : '');
    });
  }
  return {
    element: field(label, control, hint),
    value: () => Number(control.value),
    set: (value) => {
      control.value = String(value);
    },
  };
}
