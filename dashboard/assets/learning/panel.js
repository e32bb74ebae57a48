// The chart of learning curves of chosen runs, and of the mean of runs that differ in their seed alone.

import { ChartPanel } from '../panels/chart.js';
import { h, setText } from '../dom.js';
import { palette, seriesColour, seriesDash } from '../draw/palette.js';
import { band, ceilings, curve, groups, onePerSeed, phaseStarts } from './curves.js';

/**
 * @typedef {{share: boolean, steps: boolean, smoothing: number, training: boolean, evaluation: boolean, mean: boolean}} CurveSettings
 */

export class CurvesPanel extends ChartPanel {
  constructor(scene) {
    super(scene, {
      id: 'curves',
      title: 'Learning curves',
      label: 'Return over episodes of the chosen runs. The table under this chart’s menu has the same numbers.',
      nothing: 'Choose one or more runs from the list.',
    });
    /** How the means were made. */
    this.means = h('p', { class: 'means', hidden: true });
    this.foot.append(this.means);
  }

  /**
   * @param {{row: object, name: string, group: string, place: number, records: object[], info: ?object}[]} runs
   * @param {CurveSettings} settings
   */
  setRuns(runs, settings) {
    const x = settings.steps ? 'training steps' : 'episode';
    if (x !== this.titles.x) this.showAll();
    this.titles = {
      x,
      y: settings.share ? '% of the ceiling' : 'return',
    };
    this.nothing = runs.length ? nothing(runs, settings) : 'Choose one or more runs from the list.';
    const parts = settings.mean ? means(runs, settings) : { lines: [], bands: [], grouped: new Set(), repeated: 0 };
    this.#tellMeans(parts, settings);
    const alone = runs.filter(({ row }) => !parts.grouped.has(row.id));
    const faint = runs.filter(({ row }) => parts.grouped.has(row.id));
    this.show({
      lines: [
        ...faint.flatMap((run) => singles(run, settings, true)),
        ...alone.flatMap((run) => singles(run, settings, false)),
        ...parts.lines,
      ],
      bands: parts.bands,
      marks: runs.length === 1 || sameMarks(runs, settings) ? marks(runs[0], settings) : [],
      rule: rule(runs, settings),
    });
  }

  #tellMeans({ bands, repeated }, { steps }) {
    const facts = [
      bands.length > 0 && steps && 'Over training steps, runs are interpolated linearly to common points before their mean is taken.',
      bands.length > 0 && 'n, beside the pointer and in the CSV, is how many runs a mean is of.',
      repeated > 0 && `Of runs with the same seed only the newest counts in the mean: ${repeated} left out.`,
    ].filter(Boolean);
    this.means.hidden = !facts.length;
    setText(this.means, facts.join(' '));
  }
}

/** Why runs have no curve. */
function nothing(runs, { steps }) {
  const told = runs.some(({ records }) => records.some(({ env_steps: count }) => Number.isFinite(count)));
  if (steps && !told && runs.some(({ records }) => records.length))
    return 'These runs do not tell their training steps: choose episodes above.';
  return 'These runs have nothing of this kind yet: tick another curve above.';
}

/** The curves of one run; faint where the mean stands for it. */
function singles({ name, place, records, info }, settings, faint) {
  const colour = () => seriesColour(place);
  const dash = seriesDash(place);
  const lines = [];
  if (settings.training) {
    const { xs, ys, raw } = curve(records, { ...settings, what: 'training', ceilings: info?.ceilings });
    if (settings.smoothing > 0 && !faint) lines.push({ name, colour, alpha: 0.22, width: 1, quiet: true, xs, ys: raw });
    lines.push({ name: `${name}, training`, colour, dash, alpha: faint ? 0.3 : 1, width: faint ? 1 : 2, quiet: faint, xs, ys });
  }
  if (settings.evaluation) {
    const { xs, ys } = curve(records, { ...settings, what: 'evaluation', smoothing: 0 });
    lines.push({
      name: `${name}, evaluation`,
      colour,
      dash,
      alpha: faint ? 0.3 : 1,
      width: faint ? 1 : 1.6,
      dots: !faint,
      quiet: faint,
      xs,
      ys,
    });
  }
  return lines;
}

/** Mean and interval of each group with at least two seeds. */
function means(runs, settings) {
  const result = { lines: [], bands: [], grouped: new Set(), repeated: 0 };
  const byId = new Map(runs.map((run) => [run.row.id, run]));
  for (const rows of groups(runs.map(({ row }) => row)).values()) {
    const members = rows.map(({ id }) => byId.get(id));
    const counted = onePerSeed(members);
    if (counted.length < 2) continue;
    result.repeated += members.filter((run) => run.records.length).length - counted.length;
    members.forEach(({ row }) => result.grouped.add(row.id));
    const colour = () => seriesColour(members[0].place);
    for (const what of ['training', 'evaluation']) {
      if (!settings[what]) continue;
      const smoothing = what === 'training' ? settings.smoothing : 0;
      const { xs, mean, low, high, counts } = band(counted, { ...settings, what, smoothing });
      const name = `${members[0].group}, ${what}, mean of ${counted.length}`;
      result.lines.push({
        name,
        colour,
        width: 2.6,
        dots: what === 'evaluation',
        dash: what === 'evaluation' ? [7, 4] : [],
        xs,
        ys: mean,
        low,
        high,
        counts,
      });
      result.bands.push({ colour, xs, low, high });
    }
  }
  return result;
}

/** Whether all runs begin their phases at the same x. */
function sameMarks(runs, settings) {
  const key = (run) => JSON.stringify(marks(run, settings).map(({ x, text }) => [x, text]));
  return runs.length > 0 && runs.every((run) => key(run) === key(runs[0]));
}

function marks(run, settings) {
  if (!run) return [];
  return phaseStarts(run.records)
    .map(({ episode, steps, phase }) => ({
      x: settings.steps ? steps : episode,
      text: `phase ${phase}`,
      colour: () => palette.muted,
    }))
    .filter(({ x }) => Number.isFinite(x));
}

/** The ceiling: 100 %, or the return that stands for it where all runs agree on one. */
function rule(runs, settings) {
  if (!runs.length) return null;
  if (settings.share) return { y: 100, text: 'ceiling' };
  const tops = new Set(
    runs.flatMap(({ records, row, info }) => {
      const last = ceilings(records, info?.ceilings).get(records.at(-1)?.phase) ?? row.ceiling;
      return last ? [Math.round(last * 10) / 10] : [];
    }),
  );
  return tops.size === 1 ? { y: [...tops][0], text: `ceiling ${[...tops][0].toFixed(1)}` } : null;
}
