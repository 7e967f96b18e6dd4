// The package that the documentation's examples load in the tests. Its client connects to the test's server by default,
// prints READY, and disconnects when the server sends `that_is_all`.
'use strict';

const native = require('../..');

/** The number of calls that have not settled, and of all calls. */
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
      await this.#idle();
      console.log('READY');
    });
    this.on('that_is_all', async () => {
      await this.#idle();
      await this.disconnect();
    });
  }

  addOutgoingEvent(...args) {
    return counted(super.addOutgoingEvent(...args));
  }

  apiCall(...args) {
    return counted(super.apiCall(...args));
  }

  /** Waits until the listeners' calls have settled, and the server has received all frames. */
  async #idle() {
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
