// A WebSocket that comes back: it reconnects with exponential back-off until it is closed.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;

/**
 * @typedef {'connecting' | 'open' | 'waiting' | 'closed'} SocketState `waiting` for the next attempt
 */

export class Socket {
  /**
   * @param {string} path path and query on this page's own host
   * @param {{binary?: (bytes: Uint8Array) => void, text?: (message: object) => void,
   *   state?: (state: SocketState, waitMs: number) => void}} listeners
   * @param {{reconnect?: boolean}} options whether to come back after a loss; by default yes
   */
  constructor(path, listeners, { reconnect = true } = {}) {
    this.path = path;
    this.listeners = listeners;
    this.reconnect = reconnect;
    this.waitMs = FIRST_WAIT_MS;
    this.timer = 0;
    this.closed = false;
    this.#open();
  }

  /** Sends a JSON text, if the connection is open. @param {object} message @returns {boolean} whether it was sent */
  send(message) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  /** Tries again at once, without waiting. */
  retry() {
    if (this.closed || this.socket) return;
    clearTimeout(this.timer);
    this.waitMs = FIRST_WAIT_MS;
    this.#open();
  }

  /** Ends it for good. */
  close() {
    this.closed = true;
    clearTimeout(this.timer);
    const { socket } = this;
    // A browser complains of a connection that is closed while it is made.
    if (socket?.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close();
    else socket?.close();
    this.socket = null;
    this.#tell('closed');
  }

  #open() {
    const url = new URL(this.path, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    this.#tell('connecting');
    socket.onopen = () => {
      this.waitMs = FIRST_WAIT_MS;
      this.#tell('open');
    };
    socket.onmessage = ({ data }) => {
      if (this.closed) return;
      if (typeof data === 'string') this.listeners.text?.(JSON.parse(data));
      else this.listeners.binary?.(new Uint8Array(data));
    };
    socket.onclose = () => this.#lost(socket);
  }

  #lost(socket) {
    if (this.closed || this.socket !== socket) return;
    this.socket = null;
    if (!this.reconnect) {
      this.closed = true;
      this.#tell('closed');
      return;
    }
    // A little chance keeps many pages from knocking at the same moment.
    const wait = this.waitMs * (0.75 + 0.5 * Math.random());
    this.waitMs = Math.min(LONGEST_WAIT_MS, this.waitMs * 2);
    this.timer = setTimeout(() => this.#open(), wait);
    this.#tell('waiting', wait);
  }

  #tell(state, waitMs = 0) {
    this.listeners.state?.(state, waitMs);
  }
}
