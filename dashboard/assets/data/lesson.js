// What a run is taught, in words.

/** Curricula that have a name: the mean of so many episodes must be above these thresholds. */
const NAMED = [
  { name: 'ceiling', window: 5, thresholds: ['80%', '80%', '80%'] },
  { name: 'seed', window: 20, thresholds: ['50', '30', '40'] },
];

/**
 * What a run is taught: `{"phase": 4}`, or `{"curriculum": {"window": 5, "thresholds": ["80%", "80%", "80%"]}}`. Older runs, and other
 * agents, say it in words.
 * @param {unknown} lesson as in `run.json` @returns {string} empty if it is not told
 */
export function lessonText(lesson) {
  if (lesson === null || lesson === undefined) return '';
  if (typeof lesson !== 'object') return String(lesson);
  if (lesson.curriculum !== null && typeof lesson.curriculum === 'object') return curriculumText(lesson.curriculum);
  return Object.entries(lesson)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(', ');
}

function curriculumText(rule) {
  const { window: episodes } = rule;
  const thresholds = Array.isArray(rule.thresholds) ? rule.thresholds.map(String) : [];
  const named = NAMED.find((one) => one.window === episodes && one.thresholds.join() === thresholds.join());
  if (named) return `curriculum ${named.name}`;
  const number = Number.isFinite(episodes) ? episodes : 'unknown';
  return `curriculum of ${number} ${episodes === 1 ? 'episode' : 'episodes'} above ${thresholdsText(thresholds)}`;
}

/** `80 % of the ceiling`, `50, 60 and 70 % of the ceiling`, or `50, 30 and 40`. @param {string[]} thresholds */
function thresholdsText(thresholds) {
  if (!thresholds.length) return 'unknown thresholds';
  const shares = thresholds.every((threshold) => threshold.endsWith('%'));
  const all = thresholds.map((threshold) =>
    shares ? threshold.slice(0, -1) : threshold.replace(/%$/, ' % of the ceiling'),
  );
  const text = new Set(all).size === 1 ? all[0] : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
  return shares ? `${text} % of the ceiling` : text;
}
