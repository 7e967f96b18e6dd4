// The option webClient: it makes every connect call, and its response is passed on unchanged.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { WebClient } = require('@slack/web-api');
const { atEnd } = require('./support/cleanup.js');
const {
  RTMClient,
  better,
  clientOf,
  failureOf,
  isSlackRtmApi,
  next,
  record,
  recordingLogger,
  same,
} = require('./support/client.js');
const { scriptedProxy } = require('./support/scripted-proxies.js');
const { scriptedServer } = require('./support/scripted-server.js');
const {
  ONCE,
  clientWith,
  connect,
  deferred,
  describeEachWebApi,
  realWebClient,
  workingWebClient,
} = require('./support/web-clients.js');

describe('the option webClient', { concurrency: true }, () => {
  for (const [useRtmConnect, method] of [
    [true, 'rtm.connect'],
    [false, 'rtm.start'],
  ]) {
    same(`makes each ${method} call, with the unchanged start options`, async (t) => {
      const { server, webClient, rtm } = await clientWith(t, async (n, to) => to.connectResponse(), { useRtmConnect });
      const options = {
        presence_sub: true,
        count: 3,
        list: ['a', 1],
        object: { a: {} },
        date: new Date(0),
        nothing: null,
        left_out: undefined,
        text: 'ä',
        empty: '',
        token: 'xoxb-other',
        when: () => 1,
      };
      await connect(rtm, options);
      assert.equal(webClient.calls.length, 1);
      const [{ self, method: called, options: given }] = webClient.calls;
      assert.ok(self === webClient);
      assert.equal(called, method);
      assert.deepEqual(Object.keys(given), Object.keys(options));
      for (const [key, value] of Object.entries(options)) assert.ok(Object.is(given[key], value), key);
      assert.equal(server.calls.length, 0);
    });
  }

  for (const [what, value] of [
    [
      'a circular object',
      (() => {
        const a = {};
        a.a = a;
        return a;
      })(),
    ],
    ['a BigInt', 10n],
    ['a Symbol', Symbol('x')],
    [
      'an object whose toJSON throws',
      {
        toJSON() {
          throw new Error('no');
        },
      },
    ],
  ]) {
    same(`receives start options that cannot be converted to text: ${what}`, async (t) => {
      const { webClient, rtm } = await clientWith(t, async (n, to) => to.connectResponse());
      await connect(rtm, { value });
      assert.ok(Object.is(webClient.calls[0].options.value, value));
    });
  }

  same('receives a token in the start options without a check', async (t) => {
    const { webClient, rtm } = await clientWith(t, async (n, to) => to.connectResponse());
    await connect(rtm, { token: 'line\nbreak' });
    assert.equal(webClient.calls[0].options.token, 'line\nbreak');
  });

  same('receives an empty object without start options', async (t) => {
    const { webClient, rtm } = await clientWith(t, async (n, to) => to.connectResponse());
    await connect(rtm);
    assert.deepEqual(webClient.calls[0].options, {});
  });

  same('receives the same options for reconnects, even if it changed them', async (t) => {
    const { server, webClient, rtm } = await clientWith(t, async (n, to) => {
      Object.assign(webClient.calls.at(-1).options, { presence_sub: 'changed' });
      return to.connectResponse();
    });
    const seen = [];
    const { apiCall } = webClient;
    webClient.apiCall = function (method, options) {
      seen.push([method, { ...options }]);
      return apiCall.call(this, method, options);
    };
    await connect(rtm, { presence_sub: true });
    for (let n = 0; n < 2; n += 1) {
      const again = next(rtm, 'connected');
      (await server.nextSocket()).drop();
      await again;
    }
    assert.deepEqual(seen, Array(3).fill(['rtm.connect', { presence_sub: true }]));
    assert.equal(server.calls.length, 0);
  });

  same('does not receive options of an earlier start() after disconnect()', async (t) => {
    const { webClient, rtm } = await clientWith(t, async (n, to) => to.connectResponse());
    await connect(rtm, { a: 1, b: 2 });
    await rtm.disconnect();
    await connect(rtm, { b: 3 });
    assert.deepEqual(
      webClient.calls.map(({ options }) => options),
      [{ a: 1, b: 2 }, { b: 3 }],
    );
  });

  better('it throws', 'receives the options of a start() while connected with the next reconnect', async (t) => {
    const { server, webClient, rtm } = await clientWith(t, async (n, to) => to.connectResponse());
    const first = await connect(rtm, { a: 1 });
    assert.ok((await rtm.start({ b: 2 })) === first);
    assert.equal(webClient.calls.length, 1);
    const again = next(rtm, 'connected');
    (await server.nextSocket()).drop();
    await again;
    assert.deepEqual(webClient.calls[1].options, { b: 2 });
  });

  same('returns the object that `authenticated` and start() pass on', async (t) => {
    class Response {
      constructor(fields) {
        Object.assign(this, fields);
        Object.freeze(this);
      }
    }
    const metadata = Object.freeze({ warnings: ['x'] });
    const made = [];
    const { rtm } = await clientWith(t, async (n, to) => {
      made.push(
        new Response(to.connectResponse({ response_metadata: metadata, ok: true, odd: 10n, when: new Date(0) })),
      );
      return made.at(-1);
    });
    const authenticated = next(rtm, 'authenticated');
    const data = await connect(rtm);
    assert.equal(made.length, 1);
    assert.ok(data === made[0]);
    assert.ok((await authenticated)[0] === made[0]);
    assert.ok(data.response_metadata === metadata);
    assert.deepEqual([rtm.activeUserId, rtm.activeTeamId], ['U1', 'T1']);
  });

  same('returns a new response for each reconnect', async (t) => {
    const made = [];
    const { server, rtm } = await clientWith(t, async (n, to) => made[made.push(to.connectResponse({ n })) - 1]);
    const got = [];
    rtm.on('authenticated', (data) => got.push(data));
    await connect(rtm);
    const again = next(rtm, 'connected');
    (await server.nextSocket()).drop();
    await again;
    assert.equal(got.length, 2);
    assert.ok(got[0] === made[0] && got[1] === made[1] && got[0] !== got[1]);
  });

  same('is rtm.webClient', async (t) => {
    const server = await scriptedServer(t);
    const webClient = workingWebClient(server);
    const real = realWebClient(server);
    assert.ok(clientOf(t, server, { webClient }).webClient === webClient);
    assert.ok(clientOf(t, server, { webClient: real }).webClient === real);
  });

  for (const token of ['', undefined, null]) {
    same(`makes a token unnecessary: ${JSON.stringify(token)}`, async (t) => {
      const server = await scriptedServer(t);
      const webClient = workingWebClient(server);
      const rtm = new RTMClient(token, { webClient, slackApiUrl: server.apiUrl, logger: recordingLogger() });
      atEnd(t, () => rtm.disconnect());
      await connect(rtm);
      assert.equal(webClient.calls.length, 1);
      assert.ok(!JSON.stringify(server.upgrades).includes('earer'));
    });
  }

  better('it needs a promise', 'can return a value or a thenable instead of a promise', async (t) => {
    for (const wrap of [(value) => value, (value) => ({ then: (resolve) => resolve(value) })]) {
      const { rtm } = await clientWith(t, (n, to) => wrap(to.connectResponse()));
      await connect(rtm);
      await rtm.disconnect();
    }
  });

  same('can be an instance with private fields', async (t) => {
    const server = await scriptedServer(t);
    class Mine {
      #calls = 0;

      async apiCall() {
        this.#calls += 1;
        return server.connectResponse();
      }

      get calls() {
        return this.#calls;
      }
    }
    const webClient = new Mine();
    await connect(clientOf(t, server, { webClient }));
    assert.equal(webClient.calls, 1);
  });

  same('can be a JavaScript Proxy, whose traps run', async (t) => {
    const server = await scriptedServer(t);
    const target = workingWebClient(server);
    const read = [];
    const webClient = new Proxy(target, {
      get(object, key, receiver) {
        read.push(key);
        return Reflect.get(object, key, receiver);
      },
    });
    const rtm = clientOf(t, server, { webClient });
    read.length = 0;
    await connect(rtm);
    assert.ok(read.includes('apiCall'));
    assert.ok(target.calls[0].self === webClient);
  });

  same('can have its `apiCall` replaced later', async (t) => {
    const server = await scriptedServer(t);
    const webClient = { apiCall: async () => assert.fail('the old apiCall') };
    const rtm = clientOf(t, server, { webClient });
    webClient.apiCall = async () => server.connectResponse();
    await connect(rtm);
  });

  same('can be shared by several clients', async (t) => {
    const server = await scriptedServer(t);
    const webClient = workingWebClient(server);
    const clients = [1, 2, 3].map(() => clientOf(t, server, { webClient }));
    await Promise.all(clients.map((rtm, n) => connect(rtm, { n })));
    assert.deepEqual(webClient.calls.map(({ options }) => options.n).sort(), [0, 1, 2]);
    assert.equal(server.sockets.length, 3);
  });
});

describeEachWebApi('with a WebClient as the option webClient', (realWebClient) => {
  same('the connect call has the token of the WebClient', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(
      t,
      { apiUrl: 'http://127.0.0.1:1/', token: 'xoxb-unused' },
      { webClient: realWebClient(server) },
    );
    const data = await connect(rtm, { presence_sub: true, list: [1] });
    assert.equal(data.self.id, 'U1');
    assert.deepEqual(
      server.calls.map(({ url, form }) => [url, form.presence_sub, form.list]),
      [['/api/rtm.connect', 'true', '[1]']],
    );
    assert.equal(server.calls[0].headers.authorization, 'Bearer xoxb-scripted');
  });

  same('slackApiUrl is not used for the connect call', async (t) => {
    const [server, other] = [await scriptedServer(t), await scriptedServer(t)];
    const rtm = clientOf(t, server, { webClient: realWebClient(server), slackApiUrl: other.apiUrl });
    await connect(rtm);
    assert.deepEqual([server.calls.length, other.calls.length], [1, 0]);
  });

  better('it has no such option', 'proxy is only used for the socket', async (t) => {
    const [api, server] = [await scriptedServer(t), await scriptedServer(t)];
    api.responses.push(server.connectResponse());
    const proxy = await scriptedProxy(t);
    const rtm = clientOf(t, server, { webClient: realWebClient(api), proxy: proxy.url });
    await connect(rtm);
    assert.deepEqual(
      proxy.requests.map(({ target }) => target),
      [server.host],
    );
    assert.equal(api.calls.length, 1);
  });

  same('retryConfig does not add retries to those of the WebClient', async (t) => {
    const server = await scriptedServer(t);
    server.responses.push((request, response) => response.writeHead(503).end());
    const retryConfig = { retries: 5, minTimeout: 0, maxTimeout: 1 };
    const rtm = clientOf(t, server, { webClient: realWebClient(server), retryConfig });
    await assert.rejects(rtm.start(), { code: 'slack_webapi_http_error' });
    assert.equal(server.calls.length, 1);
  });

  same("the WebClient's own retries are made", async (t) => {
    const server = await scriptedServer(t);
    const fail = (request, response) => response.writeHead(503).end();
    server.responses.push(fail, fail);
    const webClient = realWebClient(server, { retryConfig: { retries: 2, minTimeout: 1, maxTimeout: 2 } });
    const rtm = clientOf(t, server, { webClient, retryConfig: ONCE });
    const recorded = record(rtm);
    await connect(rtm);
    assert.equal(server.calls.length, 3);
    assert.deepEqual(recorded.names.slice(0, 3), ['connecting', 'authenticated', 'connected']);
  });

  better('it has no such option', 'requestTimeout does not limit its calls', async (t) => {
    const { promise, resolve } = deferred();
    const { server, webClient, rtm } = await clientWith(t, () => promise, { requestTimeout: 1 });
    const start = rtm.start();
    await webClient.called(1);
    // Much later than a millisecond: another client of the process has connected meanwhile.
    await connect(clientOf(t, server));
    resolve(server.connectResponse());
    await start;
    assert.equal(webClient.calls.length, 1);
  });

  same('headers are not sent with its call', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server, { webClient: realWebClient(server), headers: { 'X-Mine': '1' } });
    await connect(rtm);
    assert.equal(server.calls[0].headers['x-mine'], undefined);
    if (!isSlackRtmApi) assert.equal(server.upgrades[0].headers['x-mine'], '1');
  });
});

describe('an unencrypted socket URL from a webClient', { concurrency: true }, () => {
  same('is accepted if neither the webClient nor the options have a slackApiUrl', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server, { webClient: workingWebClient(server), slackApiUrl: undefined });
    await connect(rtm);
  });

  for (const [what, options] of Object.entries({
    "the webClient's slackApiUrl is https:": { slackApiUrl: undefined, url: 'https://slack.example/api/' },
    "the webClient's slackApiUrl is HTTPS: with a space before it": {
      slackApiUrl: undefined,
      url: ' HTTPS://slack.example/api/',
    },
    'the option slackApiUrl is https:': { slackApiUrl: 'https://slack.example/api/' },
    "the option slackApiUrl is http:, but the webClient's is https:": { url: 'https://slack.example/api/' },
  })) {
    better('it accepts any URL', `is refused if ${what}`, async (t) => {
      const server = await scriptedServer(t);
      const { url, ...rest } = options;
      const webClient = Object.assign(workingWebClient(server), url && { slackApiUrl: url });
      const rtm = clientOf(t, server, { webClient, autoReconnect: false, ...rest });
      const error = await failureOf(rtm.start());
      assert.equal(error.code, 'slack_webapi_platform_error');
      assert.match(error.message, /ws:/);
      assert.equal(server.upgrades.length, 0);
    });
  }

  better('it accepts any URL', 'is refused from a WebClient with its default URL', async (t) => {
    const server = await scriptedServer(t);
    const webClient = new WebClient('xoxb-1', { logger: recordingLogger() });
    webClient.apiCall = async () => server.connectResponse();
    const rtm = clientOf(t, server, { webClient, slackApiUrl: undefined, autoReconnect: false });
    await assert.rejects(rtm.start(), { code: 'slack_webapi_platform_error' });
    assert.equal(server.upgrades.length, 0);
  });
});
