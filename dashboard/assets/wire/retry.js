// Trying again, after ever longer pauses.

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 10_000;

export class Retry {
  constructor() {
    this.wait = FIRST_WAIT_MS;
    this.timer = 0;
  }

  /** Does it again after a pause, which doubles each time. @param {() => void} act */
  later(act) {
    clearTimeout(this.timer);
    this.timer = setTimeout(act, this.wait);
    this.wait = Math.min(LONGEST_WAIT_MS, this.wait * 2);
  }

  /** It went well: the next pause is a short one again. */
  succeeded() {
    this.cancel();
    this.wait = FIRST_WAIT_MS;
  }

  /** Does not do it. */
  cancel() {
    clearTimeout(this.timer);
  }
}
