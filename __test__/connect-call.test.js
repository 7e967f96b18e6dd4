// The connect call and the upgrade request: what the server receives, and how `start()` handles the response.
'use strict';

// The client ignores proxies in environment variables. If it used these, every test here would fail.
for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY']) {
  process.env[name] = 'http://127.0.0.1:1';
}
for (const name of ['no_proxy', 'NO_PROXY']) delete process.env[name];

const assert = require('node:assert/strict');
const os = require('node:os');
const { describe } = require('node:test');
const { RTMClient, better, clientOf, isSlackRtmApi, recordingLogger, next, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');
const { startWorkspace } = require('./support/workspace.js');

/** Starts a client and waits until it is connected. Returns the requests, and what `start()` resolved with. */
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

  same('goes to rtm.start if useRtmConnect is false', async (t) => {
    const { call } = await connect(t, { options: { useRtmConnect: false } });
    assert.equal(call.url, '/api/rtm.start');
  });

  same('start() and `authenticated` pass on the snapshot of rtm.start', async (t) => {
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

  same("a token in the start options replaces the client's token", async (t) => {
    const { call } = await connect(t, { startOptions: { token: 'xoxb-other' } });
    assert.equal(call.headers.authorization, 'Bearer xoxb-other');
  });

  same("an empty token in the start options does not replace the client's token", async (t) => {
    const { call, server } = await connect(t, { startOptions: { token: '' } });
    assert.equal(call.headers.authorization, `Bearer ${server.token}`);
  });

  better(
    'it removes characters that it cannot send',
    'start() rejects a token that a header cannot contain',
    async (t) => {
      const server = await scriptedServer(t);
      const rtm = clientOf(t, server, { autoReconnect: false });
      await assert.rejects(rtm.start({ token: 'xoxb\n1' }));
      assert.equal(server.calls.length, 0);
    },
  );

  for (const ending of ['', '/']) {
    same(`slackApiUrl can end ${ending === '' ? 'without' : 'with'} a slash`, async (t) => {
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
    const { name, version } = require(isSlackRtmApi ? 'slack-rtm-api-7.0.1/package.json' : '../package.json');
    assert.ok(agent.includes(`${name.replace('/', ':')}/${version}`), agent);
  });

  same('`start()` adds response_metadata if the response has none', async (t) => {
    const { data } = await connect(t);
    assert.deepEqual(data.response_metadata, {});
  });

  same('response_metadata contains the scopes from the headers', async (t) => {
    const { data } = await connect(t, {
      prepare: (server) =>
        server.responses.push((request, response) => {
          response.setHeader('x-oauth-scopes', 'bot, identify ,chat:write');
          response.setHeader('x-accepted-oauth-scopes', 'rtm:stream');
          response.end(JSON.stringify(server.connectResponse({ response_metadata: { warnings: ['one'] } })));
        }),
    });
    assert.deepEqual(data.response_metadata, {
      warnings: ['one'],
      scopes: ['bot', 'identify', 'chat:write'],
      acceptedScopes: ['rtm:stream'],
    });
  });

  same("Slack's warnings about the call are logged", async (t) => {
    const logger = recordingLogger();
    const metadata = { warnings: ['first'], messages: ['[WARN] second', '[ERROR] third', 'fourth'] };
    await connect(t, {
      options: { logger },
      prepare: (server) => server.responses.push(server.connectResponse({ response_metadata: metadata })),
    });
    const found = (wanted, word) => logger.lines.some(({ level, text }) => level === wanted && text.includes(word));
    assert.ok(found('warn', 'first') && found('warn', 'second') && found('error', 'third'));
  });

  for (const messages of [null, 'a string', 5, {}]) {
    better('it hangs', `response_metadata.messages can be ${JSON.stringify(messages)}`, async (t) => {
      const metadata = { messages, warnings: messages };
      const { data } = await connect(t, {
        prepare: (server) => server.responses.push(server.connectResponse({ response_metadata: metadata })),
      });
      assert.deepEqual(data.response_metadata, metadata);
    });
  }

  better('it hangs', 'response_metadata can be null', async (t) => {
    const { data } = await connect(t, {
      prepare: (server) => server.responses.push(server.connectResponse({ response_metadata: null })),
    });
    assert.deepEqual(data.response_metadata, {});
  });

  same('a redirect is not followed: it fails like any status other than 200', async (t) => {
    const [server, other] = [await scriptedServer(t), await scriptedServer(t)];
    const location = `${other.apiUrl}rtm.connect`;
    server.responses.push((request, response) => response.writeHead(307, { location }).end());
    const rtm = clientOf(t, server, { retryConfig: { retries: 0 } });
    await assert.rejects(rtm.start(), { code: 'slack_webapi_http_error', statusCode: 307 });
    assert.deepEqual([server.calls.length, other.calls.length], [1, 0]);
  });

  better('it has no such option', '`headers` are sent with the call and with the upgrade request', async (t) => {
    const { call, upgrade } = await connect(t, { options: { headers: { Cookie: 'd=1; e=2', 'X-Two': ['a', 'b'] } } });
    for (const { headers } of [call, upgrade]) {
      assert.equal(headers.cookie, 'd=1; e=2');
      assert.equal(headers['x-two'], 'a, b');
    }
  });

  better('`tls` does not reach the connect call', '`tls.headers` are sent like `headers`', async (t) => {
    const options = { tls: { headers: { Cookie: 'd=3' } }, headers: { 'X-One': '1' } };
    const { call, upgrade } = await connect(t, { options });
    for (const { headers } of [call, upgrade]) assert.deepEqual([headers.cookie, headers['x-one']], ['d=3', '1']);
  });

  same('`tls.headers` are sent with the upgrade request', async (t) => {
    const { upgrade } = await connect(t, { options: { tls: { headers: { Cookie: 'd=3' } } } });
    assert.equal(upgrade.headers.cookie, 'd=3');
  });

  better('it has no such option', '`headers` can replace the User-Agent', async (t) => {
    const { call, upgrade } = await connect(t, { options: { headers: { 'user-agent': 'mine' } } });
    assert.deepEqual([call.headers['user-agent'], upgrade.headers['user-agent']], ['mine', 'mine']);
  });

  same("the token is not sent to the socket's host", async (t) => {
    const { upgrade } = await connect(t);
    assert.ok(!JSON.stringify(upgrade).includes('xoxb-'));
  });

  same('the token can be any string that a header can contain', async (t) => {
    const server = await scriptedServer(t);
    const token = 'xoxe.xoxb-1-Aa0%20"~!';
    const rtm = new RTMClient(token, { slackApiUrl: server.apiUrl, logger: recordingLogger() });
    const connected = next(rtm, 'connected');
    await rtm.start();
    assert.equal(server.calls[0].headers.authorization, `Bearer ${token}`);
    await connected;
    await rtm.disconnect();
  });
});
