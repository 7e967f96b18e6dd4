// A workspace with clients for one test, and the steps to a client in a given state. All of it ends with the test.
'use strict';

const { clientOf, next } = require('./client.js');
const { startWorkspace } = require('./workspace.js');

/**
 * @param {import('node:test').TestContext} t
 * @param {import('slack-rtm-workspace').StartOptions} [options]
 */
async function openSession(t, options) {
  const slack = await startWorkspace(t, options);

  /** A client of the workspace. */
  const client = (given) => clientOf(t, slack, given);

  /** A client that has received `hello`, with the server's end of its connection. */
  async function connect(rtm = client()) {
    const hello = next(rtm, 'hello');
    await rtm.start();
    await hello;
    return { rtm, connection: await slack.nextConnection() };
  }

  /** A client that is ready to send. */
  async function ready(rtm = client()) {
    const isReady = next(rtm, 'ready');
    const { connection } = await connect(rtm);
    await isReady;
    return { rtm, connection };
  }

  return { slack, channel: slack.channel('general').id, client, connect, ready };
}

/**
 * The frames that listeners of `slack_event` get, up to a frame of type `end`.
 * @param {InstanceType<typeof RTMClient>} rtm
 * @param {string} [end]
 * @returns {Promise<any[]>}
 */
function framesUntil(rtm, end = 'end') {
  return new Promise((resolve) => {
    const frames = [];
    rtm.on('slack_event', function collect(type, event) {
      if (type !== end) {
        frames.push(event);
        return;
      }
      rtm.off('slack_event', collect);
      resolve(frames);
    });
  });
}

/**
 * The outcomes of promises: for each its value, or the code of its error.
 * @param {Promise<any>[]} promises
 * @returns {Promise<string[]>}
 */
async function outcomes(promises) {
  const settled = await Promise.allSettled(promises);
  return settled.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason.code ?? one.reason.name)));
}

module.exports = { framesUntil, openSession, outcomes };
