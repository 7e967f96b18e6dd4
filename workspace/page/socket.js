// Owns the page's socket to the workspace: requests and their answers, batches of news, and coming back when it is
// lost. Knows nothing of what they mean.

const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 2000;

/** Why a request was not done: `code` as the workspace gave it, or `lost` where no answer came. */
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

export class Live {
  /** @type {WebSocket | undefined} */
  #socket;
  #pause = FIRST_PAUSE;
  #ids = 0;
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: RequestError) => void }>} */
  #waiting = new Map();
  #onBatch;
  #onState;

  /**
   * @param {(batch: any, isFirst: boolean) => void} onBatch isFirst: of a connection
   * @param {(isOpen: boolean) => void} onState
   */
  constructor(onBatch, onState) {
    this.#onBatch = onBatch;
    this.#onState = onState;
    this.#open();
  }

  /**
   * Asks the workspace for something.
   *
   * @param {string} action
   * @param {object} args
   * @returns {Promise<any>} rejects with a `RequestError`
   */
  request(action, args) {
    return new Promise((resolve, reject) => {
      if (this.#socket?.readyState !== WebSocket.OPEN) {
        reject(new RequestError('lost', 'the workspace is not there'));
        return;
      }
      this.#ids += 1;
      this.#waiting.set(this.#ids, { resolve, reject });
      this.#socket.send(JSON.stringify({ ...args, id: this.#ids, do: action }));
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
      if (message.type === 'answer') {
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
      for (const { reject } of this.#waiting.values()) reject(new RequestError('lost', 'the workspace went away'));
      this.#waiting.clear();
      setTimeout(() => this.#open(), this.#pause);
      this.#pause = Math.min(this.#pause * 1.6, LONGEST_PAUSE);
    };
  }

  /** @param {{ id: number, ok: boolean, result: any, error: string, detail: string }} answer */
  #settle({ id, ok, result, error, detail }) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (ok) waiting?.resolve(result);
    else waiting?.reject(new RequestError(error, detail));
  }
}
