// Paints a car: two boxes and two lamps, seen through a camera.

import { palette, translucent } from '../draw/palette.js';

/** Half-length and half-width of body and cabin in units, and the heights where they begin and end. */
const BODY = { back: -1.25, front: 1.25, side: 0.62, low: 0.18, high: 0.62 };
const CABIN = { back: -0.75, front: 0.35, side: 0.5, low: 0.62, high: 1.05 };
const LAMP = { back: -1.26, front: -1.26, side: 0.16, low: 0.36, high: 0.52 };

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import('../draw/camera.js').Bird | import('../draw/camera.js').Follower} camera
 * @param {{x: number, y: number, heading: number}} pose
 * @param {boolean} ghost whether it is only a ghost
 */
export function paintCar(context, camera, pose, ghost) {
  const colour = ghost ? palette.ghost : palette.car;
  context.save();
  if (ghost) context.globalAlpha = 0.6;
  context.fillStyle = 'rgb(0 0 0 / 0.22)';
  if (face(context, camera, pose, BODY.back - 0.1, BODY.front + 0.1, -BODY.side - 0.12, BODY.side + 0.12, 0)) context.fill();
  box(context, camera, pose, BODY, shade(colour, 0.35), colour);
  box(context, camera, pose, CABIN, shade(colour, 0.6), shade(colour, 0.15));
  for (const place of [-0.4, 0.4]) {
    context.fillStyle = palette.bad;
    if (wall(context, camera, pose, LAMP.back, place - LAMP.side, LAMP.back, place + LAMP.side, LAMP)) context.fill();
  }
  context.restore();
}

function box(context, camera, pose, size, side, top) {
  context.fillStyle = side;
  if (wall(context, camera, pose, size.front, -size.side, size.front, size.side, size)) context.fill();
  if (wall(context, camera, pose, size.back, -size.side, size.front, -size.side, size)) context.fill();
  if (wall(context, camera, pose, size.back, size.side, size.front, size.side, size)) context.fill();
  if (wall(context, camera, pose, size.back, -size.side, size.back, size.side, size)) context.fill();
  context.fillStyle = top;
  if (face(context, camera, pose, size.back, size.front, -size.side, size.side, size.high)) context.fill();
}

/** A level face at height `z`. */
function face(context, camera, pose, back, front, left, right, z) {
  context.beginPath();
  const seen =
    corner(context, camera, pose, back, left, z) &&
    corner(context, camera, pose, front, left, z) &&
    corner(context, camera, pose, front, right, z) &&
    corner(context, camera, pose, back, right, z);
  context.closePath();
  return seen;
}

/** An upright face between two points of the ground. */
function wall(context, camera, pose, a, aside, b, bside, { low, high }) {
  context.beginPath();
  const seen =
    corner(context, camera, pose, a, aside, low) &&
    corner(context, camera, pose, b, bside, low) &&
    corner(context, camera, pose, b, bside, high) &&
    corner(context, camera, pose, a, aside, high);
  context.closePath();
  return seen;
}

function corner(context, camera, pose, ahead, aside, z) {
  const cosine = Math.cos(pose.heading);
  const sine = Math.sin(pose.heading);
  if (!camera.project(pose.x + ahead * cosine - aside * sine, pose.y + ahead * sine + aside * cosine, z)) return false;
  context.lineTo(camera.x, camera.y);
  return true;
}

/** @param {string} colour @param {number} share of black laid over it */
function shade(colour, share) {
  const key = colour + share;
  if (!shades.has(key)) shades.set(key, `color-mix(in srgb, ${colour} ${100 - share * 100}%, #000)`);
  return shades.get(key);
}

const shades = new Map();

/** A car on a map: an arrow head. @param {CanvasRenderingContext2D} context @param {number} size in CSS pixels */
export function paintMarker(context, x, y, angle, size, colour) {
  context.save();
  context.translate(x, y);
  context.rotate(angle);
  context.beginPath();
  context.moveTo(size, 0);
  context.lineTo(-size * 0.7, size * 0.62);
  context.lineTo(-size * 0.35, 0);
  context.lineTo(-size * 0.7, -size * 0.62);
  context.closePath();
  context.fillStyle = colour;
  context.strokeStyle = translucent(palette.card, 0.9);
  context.lineWidth = 3;
  context.stroke();
  context.fill();
  context.restore();
}
