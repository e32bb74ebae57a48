// Records of episodes.

/**
 * Records with those that came later; what came last of an episode counts.
 * @param {object[]} records @param {?object[]} more @returns {object[]} in the order of the episodes
 */
export function joined(records, more) {
  const known = new Map(records.map((record) => [record.episode, record]));
  for (const record of more) if (Number.isFinite(record?.episode)) known.set(record.episode, record);
  return [...known.values()].sort((a, b) => a.episode - b.episode);
}
