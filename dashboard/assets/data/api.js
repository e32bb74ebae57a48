// The dashboard's HTTP API, as functions.

import { decodeRecording } from '../wire/telemetry.js';

/** The dashboard answered with an error, or not at all; the text says what to do. */
class ApiError extends Error {
  /** @param {string} message @param {number} status HTTP status, 0 if nothing answered */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** @returns {Promise<object[]>} all runs that the store knows */
export const fetchRuns = () => json('/api/runs');

/** @param {string} id @returns {Promise<{info: object, summary: ?object, live: boolean, populations: object[]}>} one run */
export const fetchRun = (id) => json(`/api/runs/${encodeURIComponent(id)}`);

/** @param {string} id @param {number} from @returns {Promise<object[]>} the records after the first `from` lines, without what is none */
export async function fetchEpisodes(id, from = 0) {
  const records = await json(`/api/runs/${encodeURIComponent(id)}/episodes?from=${from}`);
  return records.filter((record) => Number.isFinite(record?.episode));
}

/** @param {string} id @returns {Promise<object[]>} what was recorded of a run */
export const fetchRecordings = (id) => json(`/api/runs/${encodeURIComponent(id)}/recordings`);

/** @returns {Promise<object>} what may be driven by hand */
export const fetchSpec = () => json('/api/spec');

/** @param {string} id @returns {string} where a run's episodes are to be had as CSV */
export const episodesCsvUrl = (id) => `/api/runs/${encodeURIComponent(id)}/episodes.csv`;

/** @param {string} id @param {string} name @returns {Promise<import('../wire/telemetry.js').Recording>} one recording, whole */
export async function fetchRecording(id, name) {
  const answer = await request(`/api/runs/${encodeURIComponent(id)}/recordings/${encodeURIComponent(name)}`);
  return decodeRecording(new Uint8Array(await answer.arrayBuffer()));
}

async function json(path) {
  const answer = await request(path);
  return answer.json();
}

async function request(path) {
  let answer;
  try {
    answer = await fetch(path, { credentials: 'same-origin' });
  } catch {
    throw new ApiError('The dashboard does not answer: check that it still runs.', 0);
  }
  if (!answer.ok) throw new ApiError(await reason(answer), answer.status);
  return answer;
}

async function reason(answer) {
  try {
    return (await answer.json()).error ?? `The dashboard answered ${answer.status}.`;
  } catch {
    return `The dashboard answered ${answer.status} ${answer.statusText}.`;
  }
}
