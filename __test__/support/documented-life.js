// What clients really do that the documentation tells of: their changes of state, as edges of the diagram in
// docs/lifecycle.md, and the lines that they log in trouble. Owns the troubles that they are put into.
'use strict';

const net = require('node:net');
const { once } = require('node:events');
const { clientOf, keepingLogger, next } = require('./client.js');
const { startWorkspace } = require('./workspace.js');

/** A workspace, and clients of it whose log is kept. */
async function watched(t) {
  const slack = await startWorkspace(t);
  const logger = keepingLogger();
  const client = (options) => clientOf(t, slack, { logger, logLevel: 'debug', ...options });
  const texts = () => logger.lines.map(({ text }) => text);
  return { slack, client, texts, channel: slack.channel('#general').id };
}

/** @param {InstanceType<typeof import('../..').RTMClient>} rtm */
async function readied(rtm) {
  const ready = next(rtm, 'ready');
  await rtm.start();
  await ready;
  return rtm;
}

/** Lives that make every change of state, as `from -> to`; within a state, of its sub-states. */
async function transitions(t) {
  const { slack, client, texts, channel } = await watched(t);

  // Lost with a reply outstanding, replaced, ended.
  const rtm = await readied(client({ replyAckOnReconnectTimeout: 50 }));
  slack.faults.delayReplies(3_600_000);
  rtm.sendMessage('anybody?', channel).catch(() => {});
  await slack.nextMessage({ from: slack.bot });
  const back = next(rtm, 'ready');
  slack.faults.drop();
  await back;
  slack.faults.clear();
  await rtm.disconnect();

  // Lost for good.
  const fragile = await readied(client({ autoReconnect: false }));
  const lost = next(fragile, 'disconnected');
  slack.faults.drop();
  await lost;

  // Refused for now, then called off; refused for good; called off at once.
  const unlucky = client();
  for (const [error, event] of [
    ['internal_error', 'reconnecting'],
    ['invalid_auth', 'disconnected'],
    [undefined, 'connecting'],
  ]) {
    if (error) slack.faults.refuseConnect({ error }, 1);
    const met = next(unlucky, event);
    unlucky.start().catch(() => {});
    await met;
    await unlucky.disconnect();
  }

  return new Set(
    texts().flatMap((text) => {
      const [, from, inner, to, within] = /^state: (\w+):?(\w*) -> (\w+):?(\w*)$/.exec(text) ?? [];
      if (from === undefined) return [];
      return [from === to ? `${inner} -> ${within}` : `${from} -> ${to}`];
    }),
  );
}

/** The log of clients that lose their connections, cannot make one, and are refused. */
async function troubledLog(t) {
  const { slack, client, texts } = await watched(t);

  const closed = net.createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address();
  await new Promise((resolve) => closed.close(resolve));
  const lonely = client({ slackApiUrl: `http://127.0.0.1:${port}/api/`, retryConfig: { retries: 1, minTimeout: 1 } });
  await lonely.start().catch(() => {});

  const rtm = await readied(client({ clientPingTimeout: 100, serverPongTimeout: 50 }));
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

module.exports = { transitions, troubledLog };
