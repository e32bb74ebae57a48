// The panels that show what an agent does, as live and replay share them.

import { h } from '../dom.js';
import { ActionsPanel } from '../panels/actions.js';
import { Board } from '../panels/board.js';
import { ChasePanel } from '../panels/chase.js';
import { RasterPanel } from '../panels/raster.js';
import { RatesPanel } from '../panels/rates.js';
import { Scene } from '../panels/scene.js';
import { SeriesPanel } from '../panels/series.js';
import { TrackPanel } from '../panels/track.js';
import { number } from '../data/format.js';
import { ACTIONS } from '../wire/telemetry.js';

/**
 * @param {(scene: Scene) => import('../panels/panel.js').Panel[]} more further panels
 * @returns {{scene: Scene, board: Board, element: HTMLElement}}
 */
export function instruments(more = () => []) {
  const scene = new Scene();
  const panels = [
    new ChasePanel(scene),
    new TrackPanel(scene),
    new ActionsPanel(scene),
    new SeriesPanel(scene, {
      id: 'dopamine',
      title: 'Dopamine and value',
      label: 'Dopamine, which is the TD error, and the value that the critic expects, over the last steps',
      nothing: 'This agent sends neither dopamine nor a critic’s value.',
      series: [
        { name: 'dopamine (TD error)', colour: 'series-1', pick: (frame) => frame.dopamine },
        { name: 'value (critic)', colour: 'series-2', pick: (frame) => frame.value },
      ],
    }),
    new SeriesPanel(scene, {
      id: 'reward',
      title: 'Reward',
      label: 'Reward of each of the last steps, drawn down to −5',
      nothing: 'This agent sends no rewards.',
      // A crash costs 100: drawn in full, it would flatten all else.
      series: [{ name: 'reward', colour: 'series-3', least: -5, pick: (frame) => frame.reward }],
    }),
    new RasterPanel(scene),
    new RatesPanel(scene),
    ...more(scene),
  ];
  return {
    scene,
    board: new Board(scene, panels),
    element: h('div', { class: 'instruments' }, ...panels.map(({ element }) => element)),
  };
}

/** Names of the facts that {@link frameFacts} fills. */
export const FRAME_FACTS = ['Phase', 'Episode', 'Step', 'Return', 'Reward', 'Off centre', 'Action', 'Mode'];

/** @param {Scene} scene with a step @returns {Record<string, string>} */
export function frameFacts(scene) {
  const { frame, deviation } = scene;
  return {
    Phase: frame.phase ? String(frame.phase) : '–',
    Episode: String(frame.episode),
    Step: String(frame.step),
    Return: number(frame.episodeReturn, 1),
    Reward: number(frame.reward, 2),
    'Off centre': Number.isNaN(deviation) ? '–' : `${deviation >= 0 ? '←' : '→'} ${number(Math.abs(deviation), 2)}`,
    Action: ACTIONS[frame.action] ?? String(frame.action),
    Mode: frame.mode,
  };
}
