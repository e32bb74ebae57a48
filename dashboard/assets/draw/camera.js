// From the ground to the picture: a bird above the car, and a camera behind it.

/** Units of ground that the bird sees ahead of and behind the car. */
const BIRD_REACH = 30;

/** Height of the camera and its distance behind the car, in units. */
const HEIGHT = 5.5;
const BEHIND = 9;
/** Nothing nearer than this to the camera is drawn, in units. */
const NEAR = 1.2;
/** Where the car stands, in shares of the picture's height from its top. */
const STAND = 0.84;
/** How far below the horizon the car stands, in shares of the picture's smaller side. */
const DEPTH = 0.62;

/**
 * A camera that turns with the car. `project` writes a point, `z` units above the ground, to `x` and `y`, and its size of one unit there to
 * `scale`; it is false where the point cannot be seen.
 */
class Camera {
  constructor() {
    this.x = 0;
    this.y = 0;
    this.scale = 1;
  }

  /** @param {{x: number, y: number, heading: number}} pose of the car @param {number} width @param {number} height of the picture */
  look(pose, width, height) {
    this.pose = pose;
    this.sine = Math.sin(pose.heading);
    this.cosine = Math.cos(pose.heading);
    this.width = width;
    this.height = height;
  }

  /** How far ahead of the car a point lies, in units. */
  ahead(x, y) {
    return (x - this.pose.x) * this.cosine + (y - this.pose.y) * this.sine;
  }

  /** How far to the right of the car a point lies, in units. */
  aside(x, y) {
    return (x - this.pose.x) * this.sine - (y - this.pose.y) * this.cosine;
  }
}

/** Looks down, the car's heading up. */
export class Bird extends Camera {
  project(x, y, _z = 0) {
    this.scale = this.height / BIRD_REACH;
    this.x = this.width / 2 + this.aside(x, y) * this.scale;
    this.y = this.height * 0.74 - this.ahead(x, y) * this.scale;
    return true;
  }
}

/** Looks along the road from behind the car: x = f·aside/depth, y = horizon + f·(height − z)/depth. */
export class Follower extends Camera {
  project(x, y, z = 0) {
    const depth = this.ahead(x, y) + BEHIND;
    if (depth < NEAR) return false;
    this.scale = (DEPTH * this.side * BEHIND) / (HEIGHT * depth);
    this.x = this.width / 2 + this.aside(x, y) * this.scale;
    this.y = this.horizon + (HEIGHT - z) * this.scale;
    return true;
  }

  /** Height of the horizon in the picture. */
  get horizon() {
    return this.height * STAND - DEPTH * this.side;
  }

  /** The side of the picture that limits its scale: a narrow one must leave room for the rays to both sides. */
  get side() {
    return Math.min(this.height, this.width * 0.95);
  }
}
