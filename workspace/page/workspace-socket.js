// The page's WebSocket to the workspace.

/** ms before the first and before later attempts to reconnect */
const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 2000;

/** A request has failed. `code` is the workspace's, or `lost` if no response came. */
export class RequestError extends Error {
  /**
   * @param {string} code
   * @param {string} detail
   */
  constructor(code, detail) {
    super(detail);
    this.code = code;
  }
}

/**
 * Sends requests and receives responses and batches; reconnects when the connection is lost.
 *
 * A request is `{ id, action, ...args }`. A response is `{ type: 'response', id, ok: true, result }` or
 * `{ type: 'response', id, ok: false, error, detail }`. A batch has events and frames since the last one:
 *
 *   { type: 'batch', snapshot?, reload?, events: [{ event, audience }], skipped: { [channel]: number }, frames,
 *     skippedFrames }
 *
 * `snapshot` replaces everything that the model knows except the messages. `reload` says that events were dropped, so that
 * the open channel must be loaded again. `skipped` and `skippedFrames` count messages and frames that were not sent.
 */
export class WorkspaceSocket {
  /** @type {WebSocket | undefined} */
  #socket;
  #pause = FIRST_PAUSE;
  #lastId = 0;
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: RequestError) => void }>} */
  #waiting = new Map();
  #onBatch;
  #onState;

  /**
   * @param {(batch: any, isFirst: boolean) => void} onBatch `isFirst` says that the batch is the first of a connection
   * @param {(isOpen: boolean) => void} onState
   */
  constructor(onBatch, onState) {
    this.#onBatch = onBatch;
    this.#onState = onState;
    this.#open();
  }

  /**
   * Sends a request.
   *
   * @param {string} action
   * @param {object} args
   * @returns {Promise<any>} rejects with a `RequestError`
   */
  request(action, args) {
    return new Promise((resolve, reject) => {
      if (this.#socket?.readyState !== WebSocket.OPEN) {
        reject(new RequestError('lost', 'the workspace is not reachable'));
        return;
      }
      this.#lastId += 1;
      this.#waiting.set(this.#lastId, { resolve, reject });
      this.#socket.send(JSON.stringify({ ...args, id: this.#lastId, action }));
    });
  }

  #open() {
    const url = new URL('/page/socket', location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url);
    this.#socket = socket;
    let isFirst = true;
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === 'response') {
        this.#settle(message);
        return;
      }
      if (isFirst) {
        this.#pause = FIRST_PAUSE;
        this.#onState(true);
      }
      this.#onBatch(message, isFirst);
      isFirst = false;
    };
    socket.onclose = () => {
      this.#onState(false);
      for (const { reject } of this.#waiting.values())
        reject(new RequestError('lost', 'the connection to the workspace was lost'));
      this.#waiting.clear();
      setTimeout(() => this.#open(), this.#pause);
      this.#pause = Math.min(this.#pause * 1.6, LONGEST_PAUSE);
    };
  }

  /** @param {{ id: number, ok: boolean, result: any, error: string, detail: string }} response */
  #settle({ id, ok, result, error, detail }) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (ok) waiting?.resolve(result);
    else waiting?.reject(new RequestError(error, detail));
  }
}
