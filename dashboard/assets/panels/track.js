// The whole track from above. The road is painted once, the trail grows, and only the car is drawn anew.

import { Panel } from './panel.js';
import { paintMarker } from './car.js';
import { font } from '../draw/surface.js';
import { palette } from '../draw/palette.js';
import { h, setText } from '../dom.js';
import { Measure } from '../data/format.js';

/** Space around the road, in CSS pixels. */
const MARGIN = 22;
const SCALES = [5, 10, 20, 50, 100, 200, 500];

export class TrackPanel extends Panel {
  constructor(scene) {
    super(scene, { id: 'track', title: 'Track', label: 'The whole track from above with the car and where it has been' });
    this.follows = true;
    this.roadLayer = document.createElement('canvas');
    this.trailLayer = document.createElement('canvas');
    this.view = { scale: 1, x: 0, y: 0, turned: false };
    this.painted = -1;
    this.trailPainted = 0;
    this.name = h('span', { class: 'reading' });
    this.tools.append(this.name);
  }

  push() {
    this.dirty = true;
  }

  resized() {
    this.dirty = true;
    this.painted = -1;
  }

  recolour() {
    this.resized();
  }

  missing() {
    return this.scene.road ? '' : 'The agent has not said what road this is.';
  }

  numbers() {
    const { road, progress, deviation } = this.scene;
    if (!road) return null;
    return {
      upright: true,
      header: ['Quantity', 'Value'],
      rows: [
        ['road', road.name],
        ['length (units)', new Measure(road.length, 1)],
        ['behind the car (% of the length)', new Measure(progress * 100, 0)],
        ['off the centre (units, left positive)', new Measure(deviation, 2)],
      ],
    };
  }

  draw(context) {
    const { scene, surface } = this;
    setText(this.name, scene.road.name);
    if (this.painted !== scene.roadNumber) this.#paintRoad();
    this.#growTrail();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.roadLayer, 0, 0);
    context.drawImage(this.trailLayer, 0, 0);
    context.setTransform(surface.ratio, 0, 0, surface.ratio, 0, 0);
    if (scene.ghost && scene.ghostGlide.known) this.#marker(context, scene.ghostGlide.pose, palette.ghost);
    if (scene.glide.known) this.#marker(context, scene.glide.pose, palette.car);
  }

  /** Fits the road into the box, turned by a quarter where it is larger so. */
  #fit() {
    const { bounds } = this.scene.road;
    const wide = Math.max(1, bounds.maxX - bounds.minX);
    const high = Math.max(1, bounds.maxY - bounds.minY);
    const width = Math.max(1, this.surface.width - 2 * MARGIN);
    const height = Math.max(1, this.surface.height - 2 * MARGIN - 14);
    const upright = Math.min(width / wide, height / high);
    const turned = Math.min(width / high, height / wide);
    this.view.turned = turned > upright * 1.15;
    this.view.scale = Math.max(upright, this.view.turned ? turned : 0);
    this.view.x = (bounds.minX + bounds.maxX) / 2;
    this.view.y = (bounds.minY + bounds.maxY) / 2;
  }

  #x(x, y) {
    const { view } = this;
    return this.surface.width / 2 + (view.turned ? -(y - view.y) : x - view.x) * view.scale;
  }

  #y(x, y) {
    const { view } = this;
    return (this.surface.height - 14) / 2 - (view.turned ? x - view.x : y - view.y) * view.scale;
  }

  #layer(canvas) {
    const { surface } = this;
    canvas.width = surface.canvas.width;
    canvas.height = surface.canvas.height;
    const context = canvas.getContext('2d');
    context.setTransform(surface.ratio, 0, 0, surface.ratio, 0, 0);
    context.lineJoin = 'round';
    return context;
  }

  #paintRoad() {
    const { road } = this.scene;
    this.#fit();
    const context = this.#layer(this.roadLayer);
    this.trailContext = this.#layer(this.trailLayer);
    this.trailPainted = 0;
    context.beginPath();
    this.#line(context, road.left, road.count, 1, road.closed);
    this.#line(context, road.right, road.count, -1, road.closed);
    context.fillStyle = palette.road;
    context.fill('evenodd');
    context.strokeStyle = palette['road-edge'];
    context.lineWidth = 1.5;
    for (const edge of [road.left, road.right]) {
      context.beginPath();
      this.#line(context, edge, road.count, 1, road.closed, true);
      context.stroke();
    }
    this.#scaleBar(context);
    this.painted = this.scene.roadNumber;
  }

  /** Adds an edge to the path, forwards or backwards; a closed road has two loops, an open one a single outline. */
  #line(context, edge, count, direction, closed, fresh = false) {
    for (let k = 0; k < count; k++) {
      const i = direction > 0 ? k : count - 1 - k;
      const x = this.#x(edge[2 * i], edge[2 * i + 1]);
      const y = this.#y(edge[2 * i], edge[2 * i + 1]);
      if (k === 0 && (closed || fresh)) context.moveTo(x, y);
      else context.lineTo(x, y);
    }
    if (closed) context.closePath();
  }

  #scaleBar(context) {
    const units = SCALES.findLast((length) => length * this.view.scale < this.surface.width * 0.35) ?? SCALES[0];
    const length = units * this.view.scale;
    const y = this.surface.height - 12;
    context.strokeStyle = palette.muted;
    context.fillStyle = palette.muted;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(12, y - 4);
    context.lineTo(12, y);
    context.lineTo(12 + length, y);
    context.lineTo(12 + length, y - 4);
    context.stroke();
    context.font = font(11);
    context.fillText(`${units} units`, 18 + length, y);
  }

  #growTrail() {
    const { trail, trailLength } = this.scene;
    const context = this.trailContext;
    if (trailLength < this.trailPainted) {
      context.clearRect(0, 0, this.surface.width, this.surface.height);
      this.trailPainted = 0;
    }
    if (trailLength - this.trailPainted < 1 || trailLength < 2) return;
    context.beginPath();
    for (let i = Math.max(0, this.trailPainted - 1); i < trailLength; i++) {
      context.lineTo(this.#x(trail[2 * i], trail[2 * i + 1]), this.#y(trail[2 * i], trail[2 * i + 1]));
    }
    context.strokeStyle = palette.trail;
    context.lineWidth = 2;
    context.stroke();
    this.trailPainted = trailLength;
  }

  #marker(context, pose, colour) {
    const angle = this.view.turned ? -pose.heading - Math.PI / 2 : -pose.heading;
    paintMarker(context, this.#x(pose.x, pose.y), this.#y(pose.x, pose.y), angle, 9, colour);
  }
}
