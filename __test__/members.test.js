// Members that `@slack/rtm-api` does not document but public bots use, and names that a bot may use for its own members.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { RTMClient, better, next, same } = require('./support/client.js');
const { openSession } = require('./support/session.js');

const MISSING = 'it has no such member';

describe('undocumented members', { concurrency: true }, () => {
  same('stateMachine.getCurrentState() names the state', async (t) => {
    const { client, connect } = await openSession(t);
    const rtm = client();
    assert.equal(rtm.stateMachine.getCurrentState(), 'disconnected');
    const connecting = next(rtm, 'connecting');
    const connected = connect(rtm);
    await connecting;
    assert.equal(rtm.stateMachine.getCurrentState(), 'connecting');
    await connected;
    assert.equal(rtm.stateMachine.getCurrentState(), 'connected');
  });

  better(MISSING, 'state names the state, too', async (t) => {
    const { client, connect } = await openSession(t);
    const rtm = client();
    const seen = [rtm.state];
    for (const name of ['connecting', 'authenticated', 'connected', 'ready', 'disconnecting', 'disconnected']) {
      rtm.on(name, () => seen.push(rtm.state));
    }
    await connect(rtm);
    await rtm.disconnect();
    assert.deepEqual(seen, [
      'disconnected',
      ...['connecting', 'connecting', 'connected', 'connected'],
      ...['disconnecting', 'disconnected'],
    ]);
  });

  same('webClient is a WebClient of the same workspace', async (t) => {
    const { slack, client } = await openSession(t);
    const rtm = client();
    assert.equal(rtm.webClient, rtm.webClient);
    const { user_id: user } = await rtm.webClient.auth.test();
    assert.equal(user, slack.bot.id);
  });

  same('a bot can replace webClient', async (t) => {
    const { client } = await openSession(t);
    const rtm = client();
    const own = { apiCall: async () => ({ ok: true }) };
    rtm.webClient = own;
    assert.equal(rtm.webClient, own);
  });

  same('a bot can have its own members with the names of ours', async (t) => {
    const { slack, client, connect } = await openSession(t);
    const names = ['state', 'latency', 'lastActivity', 'stateMachine2'];
    class Bot extends RTMClient {
      constructor(...args) {
        super(...args);
        for (const name of names) this[name] = { of: 'the bot' };
      }
    }
    const bot = new Bot(slack.token, { slackApiUrl: slack.apiUrl, logLevel: 'error' });
    t.after(() => bot.disconnect());
    const rtm = client();
    rtm.state = 5;
    assert.equal(rtm.state, 5);
    await connect(bot);
    for (const name of names) assert.deepEqual(bot[name], { of: 'the bot' });
  });
});
