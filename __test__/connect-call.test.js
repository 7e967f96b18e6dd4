// The connect call and the upgrade request: what the server gets, and what `start()` makes of the answer.
'use strict';

// Proxies of the environment are not used: with these, every test here would fail.
for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY']) {
  process.env[name] = 'http://127.0.0.1:1';
}
for (const name of ['no_proxy', 'NO_PROXY']) delete process.env[name];

const assert = require('node:assert/strict');
const os = require('node:os');
const { describe } = require('node:test');
const { RTMClient, better, clientOf, isPeer, keepingLogger, next, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');
const { startWorkspace } = require('./support/workspace.js');

/** Starts a client, waits until it is connected, and gives what the server got and the client made of it. */
async function connect(t, { options, startOptions, prepare } = {}) {
  const server = await scriptedServer(t);
  prepare?.(server);
  const rtm = clientOf(t, server, options);
  const connected = next(rtm, 'connected');
  const data = await rtm.start(startOptions);
  await connected;
  return { server, rtm, data, call: await server.nextCall(), upgrade: server.upgrades[0] };
}

describe('the connect call', { concurrency: true }, () => {
  same('is a POST of a form to rtm.connect, with the token as bearer', async (t) => {
    const { call } = await connect(t);
    assert.deepEqual([call.method, call.url], ['POST', '/api/rtm.connect']);
    assert.equal(call.headers.authorization, 'Bearer xoxb-scripted');
    assert.match(call.headers['content-type'], /^application\/x-www-form-urlencoded\b/);
    assert.equal(call.body, '');
  });

  same('goes to rtm.start where useRtmConnect is false', async (t) => {
    const { call } = await connect(t, { options: { useRtmConnect: false } });
    assert.equal(call.url, '/api/rtm.start');
  });

  same('the snapshot of rtm.start arrives with start() and `authenticated`', async (t) => {
    const slack = await startWorkspace(t);
    const rtm = clientOf(t, slack, { useRtmConnect: false });
    const [authenticated, connected] = [next(rtm, 'authenticated'), next(rtm, 'connected')];
    const data = await rtm.start();
    assert.ok((await authenticated)[0] === data);
    assert.deepEqual(data.users.map(({ name }) => name).sort(), slack.users.map(({ name }) => name).sort());
    assert.ok(data.channels.some(({ name }) => name === 'general'));
    await connected;
  });

  same('encodes the start options as a form', async (t) => {
    const { call } = await connect(t, {
      startOptions: {
        batch_presence_aware: true,
        presence_sub: false,
        count: 3,
        text: 'ä & b=c+d %20',
        empty: '',
        list: ['a', 1],
        object: { a: { b: null } },
        left_out: undefined,
      },
    });
    assert.deepEqual(call.form, {
      batch_presence_aware: 'true',
      presence_sub: 'false',
      count: '3',
      text: 'ä & b=c+d %20',
      empty: '',
      list: '["a",1]',
      object: '{"a":{"b":null}}',
    });
  });

  same("a token among the start options takes the place of the client's", async (t) => {
    const { call } = await connect(t, { startOptions: { token: 'xoxb-other' } });
    assert.equal(call.headers.authorization, 'Bearer xoxb-other');
  });

  same('an empty token among the start options does not', async (t) => {
    const { call, server } = await connect(t, { startOptions: { token: '' } });
    assert.equal(call.headers.authorization, `Bearer ${server.token}`);
  });

  better('it strips what it cannot send', 'one that cannot be sent rejects', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server, { autoReconnect: false });
    await assert.rejects(rtm.start({ token: 'xoxb\n1' }));
    assert.equal(server.calls.length, 0);
  });

  for (const ending of ['', '/']) {
    same(`slackApiUrl ${ending === '' ? 'without' : 'with'} a slash at its end`, async (t) => {
      const server = await scriptedServer(t);
      const rtm = clientOf(t, server, { slackApiUrl: `http://${server.host}/deep/er${ending}` });
      const connected = next(rtm, 'connected');
      await rtm.start();
      assert.equal(server.calls[0].url, '/deep/er/rtm.connect');
      await connected;
    });
  }

  same('has a User-Agent that names the package, Node and the system', async (t) => {
    const { call } = await connect(t);
    const agent = call.headers['user-agent'];
    assert.ok(agent.includes(`/${process.versions.node} ${os.platform()}/${os.release()}`), agent);
    const { name, version } = require(isPeer ? 'rtm-api-peer/package.json' : '../package.json');
    assert.ok(agent.includes(`${name.replace('/', ':')}/${version}`), agent);
  });

  same('`start()` adds response_metadata where the answer has none', async (t) => {
    const { data } = await connect(t);
    assert.deepEqual(data.response_metadata, {});
  });

  same('response_metadata gets the scopes from the headers', async (t) => {
    const { data } = await connect(t, {
      prepare: (server) =>
        server.answers.push((request, response) => {
          response.setHeader('x-oauth-scopes', 'bot, identify ,chat:write');
          response.setHeader('x-accepted-oauth-scopes', 'rtm:stream');
          response.end(JSON.stringify(server.answer({ response_metadata: { warnings: ['one'] } })));
        }),
    });
    assert.deepEqual(data.response_metadata, {
      warnings: ['one'],
      scopes: ['bot', 'identify', 'chat:write'],
      acceptedScopes: ['rtm:stream'],
    });
  });

  same("Slack's remarks about the call are in the log", async (t) => {
    const logger = keepingLogger();
    const metadata = { warnings: ['first'], messages: ['[WARN] second', '[ERROR] third', 'fourth'] };
    await connect(t, {
      options: { logger },
      prepare: (server) => server.answers.push(server.answer({ response_metadata: metadata })),
    });
    const found = (wanted, word) => logger.lines.some(({ level, text }) => level === wanted && text.includes(word));
    assert.ok(found('warn', 'first') && found('warn', 'second') && found('error', 'third'));
  });

  for (const messages of [null, 'a string', 5, {}]) {
    better('it jams it', `response_metadata.messages of ${JSON.stringify(messages)} does no harm`, async (t) => {
      const metadata = { messages, warnings: messages };
      const { data } = await connect(t, {
        prepare: (server) => server.answers.push(server.answer({ response_metadata: metadata })),
      });
      assert.deepEqual(data.response_metadata, metadata);
    });
  }

  better('it jams it', 'response_metadata of null does no harm', async (t) => {
    const { data } = await connect(t, {
      prepare: (server) => server.answers.push(server.answer({ response_metadata: null })),
    });
    assert.deepEqual(data.response_metadata, {});
  });

  same('a redirect is not followed: it is a status other than 200', async (t) => {
    const [server, other] = [await scriptedServer(t), await scriptedServer(t)];
    const location = `${other.apiUrl}rtm.connect`;
    server.answers.push((request, response) => response.writeHead(307, { location }).end());
    const rtm = clientOf(t, server, { retryConfig: { retries: 0 } });
    await assert.rejects(rtm.start(), { code: 'slack_webapi_http_error', statusCode: 307 });
    assert.deepEqual([server.calls.length, other.calls.length], [1, 0]);
  });

  better('it has no such option', '`headers` go with the call and with the upgrade request', async (t) => {
    const { call, upgrade } = await connect(t, { options: { headers: { Cookie: 'd=1; e=2', 'X-Two': ['a', 'b'] } } });
    for (const { headers } of [call, upgrade]) {
      assert.equal(headers.cookie, 'd=1; e=2');
      assert.equal(headers['x-two'], 'a, b');
    }
  });

  better('`tls` does not reach the connect call', '`tls.headers` are taken like `headers`', async (t) => {
    const options = { tls: { headers: { Cookie: 'd=3' } }, headers: { 'X-One': '1' } };
    const { call, upgrade } = await connect(t, { options });
    for (const { headers } of [call, upgrade]) assert.deepEqual([headers.cookie, headers['x-one']], ['d=3', '1']);
  });

  same('`tls.headers` go with the upgrade request', async (t) => {
    const { upgrade } = await connect(t, { options: { tls: { headers: { Cookie: 'd=3' } } } });
    assert.equal(upgrade.headers.cookie, 'd=3');
  });

  better('it has no such option', '`headers` can replace the User-Agent', async (t) => {
    const { call, upgrade } = await connect(t, { options: { headers: { 'user-agent': 'mine' } } });
    assert.deepEqual([call.headers['user-agent'], upgrade.headers['user-agent']], ['mine', 'mine']);
  });

  same("the token does not go to the socket's host", async (t) => {
    const { upgrade } = await connect(t);
    assert.ok(!JSON.stringify(upgrade).includes('xoxb-'));
  });

  same('the token can be any string that a header can carry', async (t) => {
    const server = await scriptedServer(t);
    const token = 'xoxe.xoxb-1-Aa0%20"~!';
    const rtm = new RTMClient(token, { slackApiUrl: server.apiUrl, logger: keepingLogger() });
    const connected = next(rtm, 'connected');
    await rtm.start();
    assert.equal(server.calls[0].headers.authorization, `Bearer ${token}`);
    await connected;
    await rtm.disconnect();
  });
});
