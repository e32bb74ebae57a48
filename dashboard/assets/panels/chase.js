// The road as the driver meets it: from behind the car, or from above, with the rays that it sees by.

import { Panel } from './panel.js';
import { paintCar } from './car.js';
import { h, select } from '../dom.js';
import { Bird, Follower } from '../draw/camera.js';
import { pointAt } from '../data/road.js';
import { font } from '../draw/surface.js';
import { palette, translucent } from '../draw/palette.js';
import { Measure } from '../data/format.js';

/** How much of the road is drawn, in units behind and ahead of the car. */
const REACH_BEHIND = 26;
const REACH_AHEAD = 110;
/** Width of the painted edge, and of the dashes in the middle and their length, in units. */
const EDGE = 0.28;
const DASH_WIDTH = 0.14;
const DASH = 2;
/** Farthest distance that a ray reports, in units. */
const RANGE = 20;
/** Points of the trail that are drawn. */
const TRAIL = 120;

export class ChasePanel extends Panel {
  constructor(scene) {
    super(scene, { id: 'chase', title: 'Car', label: 'The car on the road ahead of it, with its distance rays' });
    this.follows = true;
    this.cameras = { behind: new Follower(), above: new Bird() };
    this.camera = this.cameras.behind;
    this.tools.append(
      select(
        [
          ['behind', 'From behind'],
          ['above', 'From above'],
        ],
        'behind',
        (value) => {
          this.camera = this.cameras[value];
          this.dirty = true;
        },
        { 'aria-label': 'Where the camera is', class: 'quiet' },
      ),
    );
    this.ghostLegend = h('span', { hidden: true }, h('i', { class: 'swatch ghost' }), 'ghost');
    this.foot.append(
      h(
        'p',
        { class: 'legend' },
        h('span', {}, h('i', { class: 'swatch ray' }), 'rays, in units'),
        h('span', {}, h('i', { class: 'swatch trail' }), 'trail'),
        this.ghostLegend,
      ),
    );
  }

  push() {
    this.dirty = true;
  }

  missing() {
    if (!this.scene.frame) return 'No step has arrived yet.';
    return '';
  }

  numbers() {
    const { frame } = this.scene;
    if (!frame) return null;
    const rays = [...frame.observation].map((distance, ray) => [`ray ${ray + 1} (units)`, new Measure(distance, 2)]);
    return {
      upright: true,
      header: ['Quantity', 'Value'],
      rows: [
        ['x (units)', new Measure(frame.x, 2)],
        ['y (units)', new Measure(frame.y, 2)],
        ['heading (radians)', new Measure(frame.heading, 3)],
        ['off the centre (units, left positive)', new Measure(this.scene.deviation, 2)],
        ...rays,
      ],
    };
  }

  draw(context) {
    const { scene, surface, camera } = this;
    camera.look(scene.glide.pose, surface.width, surface.height);
    this.#ground(context);
    if (scene.road) this.#road(context);
    this.#trail(context);
    this.#rays(context);
    this.ghostLegend.hidden = !scene.ghost;
    if (scene.ghost && scene.ghostGlide.known) paintCar(context, camera, scene.ghostGlide.pose, true);
    paintCar(context, camera, scene.glide.pose, false);
  }

  #ground(context) {
    const { width, height } = this.surface;
    context.fillStyle = palette.ground;
    context.fillRect(0, 0, width, height);
    if (this.camera === this.cameras.above) return;
    const { horizon } = this.camera;
    context.fillStyle = palette.sunken;
    context.fillRect(0, 0, width, horizon);
    const haze = context.createLinearGradient(0, horizon, 0, horizon + height * 0.18);
    haze.addColorStop(0, palette.sunken);
    haze.addColorStop(1, translucent(palette.sunken, 0));
    this.haze = haze;
  }

  #road(context) {
    const {
      camera,
      scene: { road },
    } = this;
    if (!(road.length > 0)) return; // All its points are one: it leads nowhere.
    const [first, last] = this.#window();
    context.fillStyle = palette['road-edge'];
    this.#strip(context, first, last, 0);
    context.fillStyle = palette.road;
    this.#strip(context, first, last, EDGE);
    context.fillStyle = palette['road-edge'];
    context.globalAlpha = 0.55;
    for (let k = first; k < last; k++) this.#dash(context, road, camera, k);
    context.globalAlpha = 1;
    if (this.haze && camera === this.cameras.behind) {
      context.fillStyle = this.haze;
      context.fillRect(0, camera.horizon, camera.width, camera.height);
    }
  }

  /** First and last point of the road that are drawn; beyond the ends of a closed road they go round. */
  #window() {
    const { road, index } = this.scene;
    const spacing = road.length / (road.closed ? road.count : road.count - 1);
    const reach = Math.ceil(REACH_BEHIND / spacing);
    const ahead = Math.ceil(REACH_AHEAD / spacing);
    const here = Math.max(0, index);
    if (!road.closed) return [Math.max(0, here - reach), Math.min(road.count - 1, here + ahead)];
    // Of a short road not more than one round.
    const behind = Math.min(reach, Math.floor(road.count / 4));
    return [here - behind, here + Math.min(ahead, road.count - behind)];
  }

  /** The road between its edges, each drawn in by `inset` units. */
  #strip(context, first, last, inset) {
    const { road } = this.scene;
    context.beginPath();
    for (let k = first; k <= last; k++) this.#edge(context, road.left, road.right, pointAt(road, k), inset);
    for (let k = last; k >= first; k--) this.#edge(context, road.right, road.left, pointAt(road, k), inset);
    context.closePath();
    context.fill();
  }

  #edge(context, edge, opposite, i, inset) {
    const dx = opposite[2 * i] - edge[2 * i];
    const dy = opposite[2 * i + 1] - edge[2 * i + 1];
    const share = inset / (Math.hypot(dx, dy) || 1);
    if (this.camera.project(edge[2 * i] + dx * share, edge[2 * i + 1] + dy * share)) context.lineTo(this.camera.x, this.camera.y);
  }

  /** The piece of the dashed centre line from point k to the next, where a dash is. */
  #dash(context, road, camera, k) {
    const i = pointAt(road, k);
    const j = pointAt(road, k + 1);
    if (Math.floor(road.along[i] / DASH) % 2 !== 0) return;
    const width = Math.hypot(road.left[2 * i] - road.right[2 * i], road.left[2 * i + 1] - road.right[2 * i + 1]) || 1;
    const dx = ((road.left[2 * i] - road.right[2 * i]) / width) * (DASH_WIDTH / 2);
    const dy = ((road.left[2 * i + 1] - road.right[2 * i + 1]) / width) * (DASH_WIDTH / 2);
    context.beginPath();
    const seen =
      this.#to(context, road.centre[2 * i] + dx, road.centre[2 * i + 1] + dy) &&
      this.#to(context, road.centre[2 * j] + dx, road.centre[2 * j + 1] + dy) &&
      this.#to(context, road.centre[2 * j] - dx, road.centre[2 * j + 1] - dy) &&
      this.#to(context, road.centre[2 * i] - dx, road.centre[2 * i + 1] - dy);
    if (seen) context.fill();
  }

  #trail(context) {
    const { trail, trailLength, glide } = this.scene;
    context.beginPath();
    for (let i = Math.max(0, trailLength - TRAIL); i < trailLength - 1; i++) this.#to(context, trail[2 * i], trail[2 * i + 1]);
    this.#to(context, glide.pose.x, glide.pose.y);
    context.strokeStyle = palette.trail;
    context.lineWidth = 2.5;
    context.lineJoin = 'round';
    context.stroke();
  }

  #rays(context) {
    const {
      frame,
      glide: { pose },
    } = this.scene;
    const rays = frame.observation.length;
    context.font = font(12, 600);
    context.textAlign = 'center';
    for (let ray = 0; ray < rays; ray++) {
      const distance = frame.observation[ray];
      const free = distance >= RANGE;
      const angle = pose.heading + (rays > 1 ? Math.PI / 4 - ((Math.PI / 2) * ray) / (rays - 1) : 0);
      context.beginPath();
      this.#to(context, pose.x, pose.y);
      if (!this.#to(context, pose.x + Math.cos(angle) * distance, pose.y + Math.sin(angle) * distance)) continue;
      context.strokeStyle = translucent(palette.ray, free ? 0.5 : 0.95);
      context.lineWidth = 2;
      context.setLineDash(free ? [4, 5] : []);
      context.stroke();
      context.setLineDash([]);
      const { x, y } = this.camera;
      if (!free) {
        context.beginPath();
        context.arc(x, y, 4, 0, 2 * Math.PI);
        context.fillStyle = palette.ray;
        context.fill();
      }
      const text = free ? `> ${RANGE}` : distance.toFixed(1);
      context.lineWidth = 3;
      context.strokeStyle = palette.road;
      context.strokeText(text, x, y - 9);
      context.fillStyle = palette.text;
      context.fillText(text, x, y - 9);
    }
  }

  #to(context, x, y) {
    if (!this.camera.project(x, y)) return false;
    context.lineTo(this.camera.x, this.camera.y);
    return true;
  }
}
