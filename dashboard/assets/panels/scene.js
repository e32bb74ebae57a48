// What all panels look at: the road, the car on it, where it has been, and a ghost.

import { layOut, lateralDeviation, nearest } from '../data/road.js';
import { Glide } from '../draw/motion.js';

/** Most points of the trail; the longest horizon has as many steps. */
const TRAIL_POINTS = 10_000;

export class Scene {
  constructor() {
    /** @type {?import('../wire/telemetry.js').RunStart} */
    this.run = null;
    /** @type {?import('../data/road.js').RoadShape} */
    this.road = null;
    /** Grows with each new road, so that pictures of it are painted anew. */
    this.roadNumber = 0;
    this.trail = new Float32Array(TRAIL_POINTS * 2);
    this.glide = new Glide();
    this.ghostGlide = new Glide();
    /** @type {?import('../wire/telemetry.js').Frame[]} steps of the ghost */
    this.ghost = null;
    this.clear();
  }

  /** Forgets the car and its trail; the road stays. */
  clear() {
    /** @type {?import('../wire/telemetry.js').Frame} the newest step */
    this.frame = null;
    this.trailLength = 0;
    this.index = -1;
    /** Distance from the centre line in units, left positive; NaN without a road. */
    this.deviation = NaN;
    /** Share of the road that lies behind the car. */
    this.progress = NaN;
    this.glide.clear();
    this.ghostGlide.clear();
  }

  /** @param {?import('../wire/telemetry.js').Road} road of the episode that begins */
  setRoad(road) {
    this.road = road && road.centre.length >= 4 ? layOut(road) : null;
    this.roadNumber++;
    this.clear();
  }

  /** @param {import('../wire/telemetry.js').Frame} frame @param {number} now milliseconds */
  push(frame, now) {
    if (this.frame && frame.episode !== this.frame.episode) this.clear();
    this.frame = frame;
    this.glide.push(frame, now);
    if (this.trailLength < TRAIL_POINTS) {
      this.trail[2 * this.trailLength] = frame.x;
      this.trail[2 * this.trailLength + 1] = frame.y;
      this.trailLength++;
    }
    if (this.road) {
      this.index = nearest(this.road, frame.x, frame.y, this.index);
      this.deviation = lateralDeviation(this.road, this.index, frame.x, frame.y);
      this.progress = this.road.along[this.index] / this.road.length;
    }
    if (this.ghost?.length) this.ghostGlide.push(this.ghost[Math.min(frame.step, this.ghost.length - 1)], now);
  }

  /** Moves the cars to where they are at that time. @param {number} now @returns {boolean} whether one still moves */
  move(now) {
    const car = this.glide.at(now);
    const ghost = this.ghost ? this.ghostGlide.at(now) : false;
    return car || ghost;
  }
}
