// Whether, and how, things may move.

const reduced = window.matchMedia('(prefers-reduced-motion: reduce)');

/** @returns {boolean} whether the viewer asked for less motion */
export function calm() {
  return reduced.matches;
}

/** Longest time over which a step is drawn out, in milliseconds: beyond it the car had rather jump than lag. */
const LONGEST_GLIDE_MS = 150;

/**
 * The car between two steps. Steps come some ten times a second, pictures sixty times: in between, the car glides from the pose
 * before to the newest one, in the time that a step takes.
 */
export class Glide {
  constructor() {
    this.clear();
  }

  /** Forgets where the car was. */
  clear() {
    this.known = false;
    this.from = { x: 0, y: 0, heading: 0 };
    this.to = { x: 0, y: 0, heading: 0 };
    /** Where the car is drawn now. */
    this.pose = { x: 0, y: 0, heading: 0 };
    this.since = 0;
    this.duration = 0;
  }

  /** @param {{x: number, y: number, heading: number}} pose of the newest step @param {number} now milliseconds */
  push(pose, now) {
    const jumped = !this.known || (pose.x - this.to.x) ** 2 + (pose.y - this.to.y) ** 2 > 25;
    this.duration = jumped || calm() ? 0 : Math.min(LONGEST_GLIDE_MS, now - this.since);
    this.since = now;
    const start = jumped ? pose : this.pose;
    this.from.x = start.x;
    this.from.y = start.y;
    // The shorter way round: an agent may tell its heading within one turn.
    const turn = pose.heading - start.heading;
    this.from.heading = pose.heading - (turn - 2 * Math.PI * Math.round(turn / (2 * Math.PI)));
    this.to.x = pose.x;
    this.to.y = pose.y;
    this.to.heading = pose.heading;
    this.known = true;
    this.at(now);
  }

  /** Moves `pose` to where the car is at that time. @param {number} now @returns {boolean} whether it still moves */
  at(now) {
    // A picture's time is when its drawing began, which may be before the step came.
    const share = this.duration > 0 ? Math.min(1, Math.max(0, (now - this.since) / this.duration)) : 1;
    this.pose.x = this.from.x + (this.to.x - this.from.x) * share;
    this.pose.y = this.from.y + (this.to.y - this.from.y) * share;
    this.pose.heading = this.from.heading + (this.to.heading - this.from.heading) * share;
    return share < 1;
  }
}
