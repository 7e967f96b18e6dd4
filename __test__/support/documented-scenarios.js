// Clients in the scenarios that the documentation describes: their state changes, for the diagram in docs/lifecycle.md,
// and the lines that they log when something fails, which the pages quote.
'use strict';

const net = require('node:net');
const { once } = require('node:events');
const { clientOf, recordingLogger, next } = require('./client.js');
const { startWorkspace } = require('./workspace.js');

/** A workspace and its clients, whose log is recorded. */
async function recordedWorkspace(t) {
  const slack = await startWorkspace(t);
  const logger = recordingLogger();
  const client = (options) => clientOf(t, slack, { logger, logLevel: 'debug', ...options });
  const texts = () => logger.lines.map(({ text }) => text);
  return { slack, client, texts, channel: slack.channel('#general').id };
}

/** @param {InstanceType<typeof import('../..').RTMClient>} rtm */
async function startReady(rtm) {
  const ready = next(rtm, 'ready');
  await rtm.start();
  await ready;
  return rtm;
}

/** Sessions that make every change of state, as `from -> to`. A change within a state names the sub-states. */
async function stateTransitions(t) {
  const { slack, client, texts, channel } = await recordedWorkspace(t);

  // A connection is lost while a reply is outstanding, is replaced, and ends.
  const rtm = await startReady(client({ replyAckOnReconnectTimeout: 50 }));
  slack.faults.delayReplies(3_600_000);
  rtm.sendMessage('anybody?', channel).catch(() => {});
  await slack.nextMessage({ from: slack.bot });
  const back = next(rtm, 'ready');
  slack.faults.drop();
  await back;
  slack.faults.clear();
  await rtm.disconnect();

  // A connection is lost without autoReconnect.
  const fragile = await startReady(client({ autoReconnect: false }));
  const lost = next(fragile, 'disconnected');
  slack.faults.drop();
  await lost;

  // A connect call is refused temporarily, then disconnect(); it is refused permanently; disconnect() comes at once.
  const refused = client();
  for (const [error, event] of [
    ['internal_error', 'reconnecting'],
    ['invalid_auth', 'disconnected'],
    [undefined, 'connecting'],
  ]) {
    if (error) slack.faults.refuseConnect({ error }, 1);
    const seen = next(refused, event);
    refused.start().catch(() => {});
    await seen;
    await refused.disconnect();
  }

  return new Set(
    texts().flatMap((text) => {
      const [, from, inner, to, within] = /^state: (\w+):?(\w*) -> (\w+):?(\w*)$/.exec(text) ?? [];
      if (from === undefined) return [];
      return [from === to ? `${inner} -> ${within}` : `${from} -> ${to}`];
    }),
  );
}

/** The log of clients that lose their connections, cannot connect, and are refused. */
async function failureLog(t) {
  const { slack, client, texts } = await recordedWorkspace(t);

  const closed = net.createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address();
  await new Promise((resolve) => closed.close(resolve));
  const unconnected = client({
    slackApiUrl: `http://127.0.0.1:${port}/api/`,
    retryConfig: { retries: 1, minTimeout: 1 },
  });
  await unconnected.start().catch(() => {});

  const rtm = await startReady(client({ clientPingTimeout: 100, serverPongTimeout: 50 }));
  for (const loss of ['close', 'silence']) {
    const back = next(rtm, 'ready');
    if (loss === 'close') slack.faults.close(1001, 'going away');
    else slack.faults.silence();
    await back;
  }
  await rtm.disconnect();

  slack.faults.refuseConnect({ error: 'invalid_auth' }, 1);
  await client()
    .start()
    .catch(() => {});
  return texts();
}

module.exports = { stateTransitions, failureLog };
