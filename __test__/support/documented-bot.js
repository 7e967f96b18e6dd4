// The package as the documentation's examples see it, in a process of their own: it talks to the test's server unless it is
// told otherwise, says when it is ready, and ends when the server says that all has been seen. What it owns is that end.
'use strict';

const native = require('../..');

/** Calls that have not settled, and how many there ever were. */
let open = 0;
let made = 0;

/**
 * @template T
 * @param {Promise<T>} call
 */
function counted(call) {
  open += 1;
  made += 1;
  const settle = () => (open -= 1);
  call.then(settle, settle);
  return call;
}

class RTMClient extends native.RTMClient {
  constructor(token, options) {
    super(token, { ...options, slackApiUrl: options?.slackApiUrl ?? process.env.SLACK_API_URL });
    this.on('ready', async () => {
      await this.#quiet();
      console.log('READY');
    });
    this.on('that_is_all', async () => {
      await this.#quiet();
      await this.disconnect();
    });
  }

  addOutgoingEvent(...args) {
    return counted(super.addOutgoingEvent(...args));
  }

  apiCall(...args) {
    return counted(super.apiCall(...args));
  }

  /** Waits until the listeners have done what they do, and the server has heard of it. */
  async #quiet() {
    let seen;
    do {
      seen = made;
      await new Promise(setImmediate);
      // The scripted server answers no pings.
      if (process.env.ANSWERS_PINGS) await this.ping();
    } while (open > 0 || made !== seen);
  }
}

exports.RTMClient = RTMClient;
exports.ErrorCode = native.ErrorCode;
exports.LogLevel = native.LogLevel;
exports.retryPolicies = native.retryPolicies;
