// Learning so far: the return of each episode of the run that is live.

import { ChartPanel } from './chart.js';
import { palette } from '../draw/palette.js';
import { smooth } from '../data/stats.js';
import { phaseStarts } from '../learning/curves.js';

const SMOOTHING = 0.8;

export class ReturnsPanel extends ChartPanel {
  constructor(scene) {
    super(scene, {
      id: 'returns',
      title: 'Learning so far',
      label: 'Training return of each episode, smoothed, and the evaluations',
      nothing: 'No episode is over yet.',
    });
    this.titles = { x: 'episode', y: 'return' };
    this.robust = true;
    this.records = [];
  }

  begin() {
    this.setRecords([]);
  }

  /** @param {object[]} records of all episodes so far, in order */
  setRecords(records) {
    this.records = records;
    const xs = records.map(({ episode }) => episode);
    const returns = records.map((record) => record.return);
    const evaluated = records.filter(({ evaluation }) => evaluation);
    const muted = () => palette['series-1'];
    this.show({
      lines: [
        { name: 'training return', colour: muted, alpha: 0.35, width: 1, xs, ys: returns },
        { name: 'smoothed', colour: muted, width: 2.2, xs, ys: smooth(returns, SMOOTHING) },
        {
          name: 'evaluation',
          colour: () => palette['series-2'],
          dots: true,
          width: 1.4,
          xs: evaluated.map(({ episode }) => episode),
          ys: evaluated.map(({ evaluation }) => evaluation.mean),
        },
      ],
      marks: phaseStarts(records).map(({ episode, phase }) => ({
        x: episode,
        text: `phase ${phase}`,
        colour: () => palette.muted,
      })),
    });
  }
}
