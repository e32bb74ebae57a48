// A set of panels that look at one scene, and the loop that draws them.

import { onTheme } from '../theme.js';
import { counters } from '../state.js';

/** Steps that panels are shown again after a jump: none of them looks farther back. */
const LOOK_BACK = 300;

export class Board {
  /** @param {import('./scene.js').Scene} scene @param {import('./panel.js').Panel[]} panels */
  constructor(scene, panels) {
    this.scene = scene;
    this.panels = panels;
    this.request = 0;
    this.loop = (now) => {
      this.request = requestAnimationFrame(this.loop);
      this.#draw(now);
    };
    this.endTheme = onTheme(() => panels.forEach((panel) => panel.recolour()));
    this.request = requestAnimationFrame(this.loop);
  }

  /** A run begins, or null when it is left. @param {?import('../wire/telemetry.js').RunStart} run */
  begin(run) {
    this.scene.run = run;
    this.setRoad(null);
    for (const panel of this.panels) {
      panel.begin(run);
      panel.clear();
      panel.dirty = true;
    }
  }

  /** @param {?import('../wire/telemetry.js').Road} road */
  setRoad(road) {
    this.scene.setRoad(road);
    for (const panel of this.panels) {
      panel.roadChanged();
      panel.dirty = true;
    }
  }

  /** @param {import('../wire/telemetry.js').Frame} frame */
  push(frame) {
    const now = performance.now();
    this.scene.push(frame, now);
    for (const panel of this.panels) panel.push(frame, now);
    counters.frames++;
    counters.frame = frame;
  }

  /** @param {import('../wire/telemetry.js').Weights} weights */
  setWeights(weights) {
    for (const panel of this.panels) panel.setWeights(weights);
    counters.weights = weights;
  }

  /** Forgets all steps; run and road stay. */
  clear() {
    this.scene.clear();
    for (const panel of this.panels) {
      panel.clear();
      panel.dirty = true;
    }
  }

  /**
   * Shows a recorded episode as it was after one of its steps.
   * @param {import('../wire/telemetry.js').Frame[]} frames of the episode @param {number} index of the step
   */
  seek(frames, index) {
    this.clear();
    const now = performance.now();
    const first = Math.max(0, index + 1 - LOOK_BACK);
    for (let i = 0; i < first; i++) this.scene.push(frames[i], now);
    for (let i = first; i <= index; i++) this.push(frames[i]);
  }

  /** Ends the loop. */
  close() {
    cancelAnimationFrame(this.request);
    this.endTheme();
    this.panels.forEach((panel) => panel.close());
  }

  #draw(now) {
    const moving = this.scene.move(now);
    let drew = false;
    for (const panel of this.panels) {
      if (moving && panel.follows) panel.dirty = true;
      drew = panel.refresh(now) || drew;
    }
    if (drew) counters.drawn++;
  }
}
