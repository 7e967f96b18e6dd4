// The option `webClient`: it makes every connect call in place of the client itself, and what it comes back with, or
// fails with, reaches the user as it is.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { WebClient } = require('@slack/web-api');
const { RTMClient, better, clientOf, isPeer, keepingLogger, next, record, same } = require('./support/client.js');
const { atEnd } = require('./support/cleanup.js');
const { inProcess } = require('./support/child.js');
const { scriptedProxy } = require('./support/proxies.js');
const { scriptedServer } = require('./support/scripted-server.js');

const JAMS = 'it stays in `reconnecting` for good';
const UNCHECKED = 'it takes any answer for a good one, and throws, uncaught';
const ONCE = { retries: 0 };

/** A webClient made by hand, which answers by `answer(number of the call)`, and keeps what it was asked. */
function handMade(answer) {
  const calls = [];
  const waiting = [];
  return {
    calls,
    apiCall(method, options) {
      calls.push({ self: this, method, options });
      waiting.splice(0).forEach((resolve) => resolve());
      return answer(calls.length);
    },
    /** Until it was asked so often. */
    async asked(count) {
      while (calls.length < count) await new Promise((resolve) => waiting.push(resolve));
    },
  };
}

/** One that gives the server's good answer each time. */
const goodOne = (server) => handMade(async () => server.answer());

/** A WebClient of @slack/web-api for the server; `errors` are what it failed with. */
function realOne(server, options) {
  const errors = [];
  class Observed extends WebClient {
    async apiCall(...args) {
      return super.apiCall(...args).catch((error) => {
        errors.push(error);
        throw error;
      });
    }
  }
  const given = { slackApiUrl: server.apiUrl, logger: keepingLogger(), retryConfig: ONCE, ...options };
  return Object.assign(new Observed(server.token, given), { errors });
}

/** A promise with its two ends. */
function deferred() {
  const ends = {};
  ends.promise = new Promise((resolve, reject) => Object.assign(ends, { resolve, reject }));
  return ends;
}

/** A client with a webClient made by hand, and the server its sockets go to. */
async function clientWith(t, answer, options) {
  const server = await scriptedServer(t);
  const webClient = handMade((n) => answer(n, server));
  const rtm = clientOf(t, server, { webClient, ...options });
  return { server, webClient, rtm, recorded: record(rtm) };
}

/** Starts and waits until it is connected. */
async function connect(rtm, startOptions) {
  const connected = next(rtm, 'connected');
  const data = await rtm.start(startOptions);
  await connected;
  return data;
}

/** What a promise fails with, be it undefined. */
const failureOf = (promise) =>
  promise.then(
    () => assert.fail('it did not fail'),
    (reason) => reason,
  );

/** Demands that a first start ended with this very value in all places. */
function assertEndedWith(recorded, reason, failure) {
  assert.deepEqual(recorded.names, ['connecting', 'unable_to_rtm_start', 'disconnected']);
  const [, unable, disconnected] = recorded.events;
  assert.ok(Object.is(reason, failure), `start() rejected with ${typeof reason}`);
  assert.ok(unable.args.length === 1 && Object.is(unable.args[0], failure), 'unable_to_rtm_start');
  assert.ok(Object.is(disconnected.args[0], failure), 'disconnected');
}

describe('webClient: the call', { concurrency: true }, () => {
  for (const [useRtmConnect, method] of [
    [true, 'rtm.connect'],
    [false, 'rtm.start'],
  ]) {
    same(`makes each ${method} call, with the start options as they are`, async (t) => {
      const { server, webClient, rtm } = await clientWith(t, async (n, to) => to.answer(), { useRtmConnect });
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
      const [{ self, method: asked, options: given }] = webClient.calls;
      assert.ok(self === webClient);
      assert.equal(asked, method);
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
      'an object that cannot be shown',
      {
        toJSON() {
          throw new Error('no');
        },
      },
    ],
  ]) {
    same(`a start option that has no text form reaches it too: ${what}`, async (t) => {
      const { webClient, rtm } = await clientWith(t, async (n, to) => to.answer());
      await connect(rtm, { value });
      assert.ok(Object.is(webClient.calls[0].options.value, value));
    });
  }

  same('a token among the start options is its to judge', async (t) => {
    const { webClient, rtm } = await clientWith(t, async (n, to) => to.answer());
    await connect(rtm, { token: 'line\nbreak' });
    assert.equal(webClient.calls[0].options.token, 'line\nbreak');
  });

  same('without start options it gets an object without any', async (t) => {
    const { webClient, rtm } = await clientWith(t, async (n, to) => to.answer());
    await connect(rtm);
    assert.deepEqual(webClient.calls[0].options, {});
  });

  same('makes the calls of reconnects, with the same options, whatever it did to those it got', async (t) => {
    const { server, webClient, rtm } = await clientWith(t, async (n, to) => {
      Object.assign(webClient.calls.at(-1).options, { presence_sub: 'changed' });
      return to.answer();
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

  same('a start() after disconnect() has its own options, and none of the earlier one', async (t) => {
    const { webClient, rtm } = await clientWith(t, async (n, to) => to.answer());
    await connect(rtm, { a: 1, b: 2 });
    await rtm.disconnect();
    await connect(rtm, { b: 3 });
    assert.deepEqual(
      webClient.calls.map(({ options }) => options),
      [{ a: 1, b: 2 }, { b: 3 }],
    );
  });

  better('it throws', 'the options of a start() while connected are those of the next reconnect', async (t) => {
    const { server, webClient, rtm } = await clientWith(t, async (n, to) => to.answer());
    const first = await connect(rtm, { a: 1 });
    assert.ok((await rtm.start({ b: 2 })) === first);
    assert.equal(webClient.calls.length, 1);
    const again = next(rtm, 'connected');
    (await server.nextSocket()).drop();
    await again;
    assert.deepEqual(webClient.calls[1].options, { b: 2 });
  });

  same('the answer itself reaches `authenticated` and start()', async (t) => {
    class Answer {
      constructor(fields) {
        Object.assign(this, fields);
        Object.freeze(this);
      }
    }
    const metadata = Object.freeze({ warnings: ['x'] });
    const made = [];
    const { rtm } = await clientWith(t, async (n, to) => {
      made.push(new Answer(to.answer({ response_metadata: metadata, ok: true, odd: 10n, when: new Date(0) })));
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

  same('each reconnect brings its own answer', async (t) => {
    const made = [];
    const { server, rtm } = await clientWith(t, async (n, to) => made[made.push(to.answer({ n })) - 1]);
    const got = [];
    rtm.on('authenticated', (data) => got.push(data));
    await connect(rtm);
    const again = next(rtm, 'connected');
    (await server.nextSocket()).drop();
    await again;
    assert.equal(got.length, 2);
    assert.ok(got[0] === made[0] && got[1] === made[1] && got[0] !== got[1]);
  });

  same('rtm.webClient is the one given', async (t) => {
    const server = await scriptedServer(t);
    const webClient = goodOne(server);
    const real = realOne(server);
    assert.ok(clientOf(t, server, { webClient }).webClient === webClient);
    assert.ok(clientOf(t, server, { webClient: real }).webClient === real);
  });

  for (const token of ['', undefined, null]) {
    same(`a token of ${JSON.stringify(token)} is fine with it`, async (t) => {
      const server = await scriptedServer(t);
      const webClient = goodOne(server);
      const rtm = new RTMClient(token, { webClient, slackApiUrl: server.apiUrl, logger: keepingLogger() });
      atEnd(t, () => rtm.disconnect());
      await connect(rtm);
      assert.equal(webClient.calls.length, 1);
      assert.ok(!JSON.stringify(server.upgrades).includes('earer'));
    });
  }

  same('a WebClient of @slack/web-api with its own token', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, { apiUrl: 'http://127.0.0.1:1/', token: 'xoxb-unused' }, { webClient: realOne(server) });
    const data = await connect(rtm, { presence_sub: true, list: [1] });
    assert.equal(data.self.id, 'U1');
    assert.deepEqual(
      server.calls.map(({ url, form }) => [url, form.presence_sub, form.list]),
      [['/api/rtm.connect', 'true', '[1]']],
    );
    assert.equal(server.calls[0].headers.authorization, 'Bearer xoxb-scripted');
  });

  better('it wants a promise', 'an answer that is no promise, and one that is a thenable', async (t) => {
    for (const wrap of [(answer) => answer, (answer) => ({ then: (resolve) => resolve(answer) })]) {
      const { rtm } = await clientWith(t, (n, to) => wrap(to.answer()));
      await connect(rtm);
      await rtm.disconnect();
    }
  });

  same('an instance with private fields is called as itself', async (t) => {
    const server = await scriptedServer(t);
    class Mine {
      #calls = 0;

      async apiCall() {
        this.#calls += 1;
        return server.answer();
      }

      get calls() {
        return this.#calls;
      }
    }
    const webClient = new Mine();
    await connect(clientOf(t, server, { webClient }));
    assert.equal(webClient.calls, 1);
  });

  same('a Proxy of JavaScript: its traps see the call, and `this` is the Proxy', async (t) => {
    const server = await scriptedServer(t);
    const target = goodOne(server);
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

  same('an `apiCall` that is replaced later is the one called', async (t) => {
    const server = await scriptedServer(t);
    const webClient = { apiCall: async () => assert.fail('the old one') };
    const rtm = clientOf(t, server, { webClient });
    webClient.apiCall = async () => server.answer();
    await connect(rtm);
  });

  same('one webClient for several clients', async (t) => {
    const server = await scriptedServer(t);
    const webClient = goodOne(server);
    const clients = [1, 2, 3].map(() => clientOf(t, server, { webClient }));
    await Promise.all(clients.map((rtm, n) => connect(rtm, { n })));
    assert.deepEqual(webClient.calls.map(({ options }) => options.n).sort(), [0, 1, 2]);
    assert.equal(server.sockets.length, 3);
  });
});

describe('webClient: it wins over the options that shape the call', { concurrency: true }, () => {
  same('slackApiUrl', async (t) => {
    const [server, other] = [await scriptedServer(t), await scriptedServer(t)];
    const rtm = clientOf(t, server, { webClient: realOne(server), slackApiUrl: other.apiUrl });
    await connect(rtm);
    assert.deepEqual([server.calls.length, other.calls.length], [1, 0]);
  });

  better('it has no such option', 'proxy: the socket alone goes by it', async (t) => {
    const [api, server] = [await scriptedServer(t), await scriptedServer(t)];
    api.answers.push(server.answer());
    const proxy = await scriptedProxy(t);
    const rtm = clientOf(t, server, { webClient: realOne(api), proxy: proxy.url });
    await connect(rtm);
    assert.deepEqual(
      proxy.requests.map(({ target }) => target),
      [server.host],
    );
    assert.equal(api.calls.length, 1);
  });

  same('retryConfig: what its own retries could not mend is not repeated', async (t) => {
    const server = await scriptedServer(t);
    server.answers.push((request, response) => response.writeHead(503).end());
    const retryConfig = { retries: 5, minTimeout: 0, maxTimeout: 1 };
    const rtm = clientOf(t, server, { webClient: realOne(server), retryConfig });
    await assert.rejects(rtm.start(), { code: 'slack_webapi_http_error' });
    assert.equal(server.calls.length, 1);
  });

  same('retryConfig: its own retries are made', async (t) => {
    const server = await scriptedServer(t);
    const fail = (request, response) => response.writeHead(503).end();
    server.answers.push(fail, fail);
    const webClient = realOne(server, { retryConfig: { retries: 2, minTimeout: 1, maxTimeout: 2 } });
    const rtm = clientOf(t, server, { webClient, retryConfig: ONCE });
    const recorded = record(rtm);
    await connect(rtm);
    assert.equal(server.calls.length, 3);
    assert.deepEqual(recorded.names.slice(0, 3), ['connecting', 'authenticated', 'connected']);
  });

  better('it has no such option', 'requestTimeout: it takes the time that it takes', async (t) => {
    const { promise, resolve } = deferred();
    const { server, webClient, rtm } = await clientWith(t, () => promise, { requestTimeout: 1 });
    const start = rtm.start();
    await webClient.asked(1);
    // Long after a millisecond: another client of the same process has come and gone.
    await connect(clientOf(t, server));
    resolve(server.answer());
    await start;
    assert.equal(webClient.calls.length, 1);
  });

  same('headers: none of them goes with its call', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server, { webClient: realOne(server), headers: { 'X-Mine': '1' } });
    await connect(rtm);
    assert.equal(server.calls[0].headers['x-mine'], undefined);
    if (!isPeer) assert.equal(server.upgrades[0].headers['x-mine'], '1');
  });
});

describe('webClient: an unencrypted socket URL', { concurrency: true }, () => {
  same('is taken from a webClient that tells no slackApiUrl, where none is given either', async (t) => {
    const server = await scriptedServer(t);
    const rtm = clientOf(t, server, { webClient: goodOne(server), slackApiUrl: undefined });
    await connect(rtm);
  });

  for (const [what, options] of Object.entries({
    "the webClient's slackApiUrl is https:": { slackApiUrl: undefined, url: 'https://slack.example/api/' },
    'it is, in capitals': { slackApiUrl: undefined, url: ' HTTPS://slack.example/api/' },
    'the option slackApiUrl is https:': { slackApiUrl: 'https://slack.example/api/' },
    "the option is http:, but the WebClient's is https:": { url: 'https://slack.example/api/' },
  })) {
    better('it takes any', `is refused where ${what}`, async (t) => {
      const server = await scriptedServer(t);
      const { url, ...rest } = options;
      const webClient = Object.assign(goodOne(server), url && { slackApiUrl: url });
      const rtm = clientOf(t, server, { webClient, autoReconnect: false, ...rest });
      const error = await failureOf(rtm.start());
      assert.equal(error.code, 'slack_webapi_platform_error');
      assert.match(error.message, /ws:/);
      assert.equal(server.upgrades.length, 0);
    });
  }

  better('it takes any', 'is refused under a WebClient as it comes', async (t) => {
    const server = await scriptedServer(t);
    const webClient = new WebClient('xoxb-1', { logger: keepingLogger() });
    webClient.apiCall = async () => server.answer();
    const rtm = clientOf(t, server, { webClient, slackApiUrl: undefined, autoReconnect: false });
    await assert.rejects(rtm.start(), { code: 'slack_webapi_platform_error' });
    assert.equal(server.upgrades.length, 0);
  });
});

describe('webClient: failures of a WebClient', { concurrency: true }, () => {
  /** Has a WebClient's first call answered so, on a first start. */
  async function failing(t, answer, options, web) {
    const server = await scriptedServer(t);
    server.answers.push(answer);
    const webClient = realOne(server, web);
    const rtm = clientOf(t, server, { webClient, ...options });
    return { server, webClient, rtm, recorded: record(rtm) };
  }

  same('a permanent platform error ends it within a second', async (t) => {
    const { server, webClient, rtm, recorded } = await failing(t, { ok: false, error: 'invalid_auth' });
    const begin = performance.now();
    const error = await failureOf(rtm.start());
    assert.ok(performance.now() - begin < 1000);
    assert.equal(error.data.error, 'invalid_auth');
    assertEndedWith(recorded, error, webClient.errors[0]);
    assert.equal(server.calls.length, 1);
    await connect(rtm);
  });

  better('it tries again for ever', 'so do those that the peer takes for passing', async (t) => {
    for (const code of ['token_revoked', 'missing_scope', 'method_deprecated', 'invalid_arguments']) {
      const { server, webClient, rtm, recorded } = await failing(t, { ok: false, error: code });
      const error = await failureOf(rtm.start());
      assertEndedWith(recorded, error, webClient.errors[0]);
      assert.equal(server.calls.length, 1, code);
    }
  });

  for (const [what, answer, code] of [
    ['a request error', (request) => request.socket.destroy(), 'slack_webapi_request_error'],
    ['an HTTP error', (request, response) => response.writeHead(500).end('oops'), 'slack_webapi_http_error'],
  ]) {
    same(`${what} ends a first start, after the WebClient's own retries`, async (t) => {
      const { server, webClient, rtm, recorded } = await failing(t, answer);
      const error = await failureOf(rtm.start());
      assert.equal(error.code, code);
      assertEndedWith(recorded, error, webClient.errors[0]);
      assert.equal(server.calls.length, 1);
      await connect(rtm);
    });

    better(JAMS, `${what} does not end an established session`, async (t) => {
      const server = await scriptedServer(t);
      const webClient = realOne(server);
      const rtm = clientOf(t, server, { webClient });
      await connect(rtm);
      const recorded = record(rtm);
      server.answers.push(answer);
      const again = next(rtm, 'connected');
      (await server.nextSocket()).drop();
      await again;
      const names = ['reconnecting', 'connecting', 'unable_to_rtm_start', 'reconnecting', 'connecting'];
      const events = recorded.events.filter(({ name }) => name !== 'ready');
      assert.deepEqual(
        events.slice(0, 7).map(({ name }) => name),
        [...names, 'authenticated', 'connected'],
      );
      assert.equal(webClient.errors.length, 1);
      assert.equal(webClient.errors[0].code, code);
      assert.ok(events[2].args[0] === webClient.errors[0]);
    });
  }

  better(JAMS, 'a passing platform error: told, and tried again', async (t) => {
    const { server, webClient, rtm, recorded } = await failing(t, { ok: false, error: 'fatal_error' });
    await connect(rtm);
    const names = ['connecting', 'unable_to_rtm_start', 'reconnecting', 'connecting', 'authenticated', 'connected'];
    assert.deepEqual(recorded.names.slice(0, 6), names);
    assert.ok(recorded.events[1].args[0] === webClient.errors[0]);
    assert.equal(webClient.errors[0].data.error, 'fatal_error');
    assert.equal(server.calls.length, 2);
  });

  same('a passing platform error ends it without autoReconnect', async (t) => {
    const { webClient, rtm, recorded } = await failing(
      t,
      { ok: false, error: 'fatal_error' },
      { autoReconnect: false },
    );
    assertEndedWith(recorded, await failureOf(rtm.start()), webClient.errors[0]);
  });

  better(JAMS, 'a rate limit: told, and tried again after the time it names', async (t) => {
    const limit = (request, response) => response.writeHead(429, { 'retry-after': '2' }).end();
    const { server, webClient, rtm, recorded } = await failing(t, limit, {}, { rejectRateLimitedCalls: true });
    const unable = next(rtm, 'unable_to_rtm_start').then(() => performance.now());
    await connect(rtm);
    assert.ok(performance.now() - (await unable) >= 1950);
    const names = ['connecting', 'unable_to_rtm_start', 'reconnecting', 'connecting', 'authenticated', 'connected'];
    assert.deepEqual(recorded.names.slice(0, 6), names);
    assert.equal(webClient.errors[0].code, 'slack_webapi_rate_limited_error');
    assert.ok(recorded.events[1].args[0] === webClient.errors[0]);
    assert.equal(server.calls.length, 2);
  });

  same('every start() that waits gets the same error', async (t) => {
    const { webClient, rtm } = await failing(t, { ok: false, error: 'invalid_auth' });
    const starts = isPeer ? [rtm.start()] : [rtm.start(), rtm.start(), rtm.start()];
    for (const error of await Promise.all(starts.map(failureOf))) assert.ok(error === webClient.errors[0]);
  });
});

describe('webClient: failures of any kind', { concurrency: true }, () => {
  const trap = () => {
    throw new Error('do not touch');
  };
  const throwing = (...names) => {
    const error = new Error('has getters');
    // The stack is made when it is first read, with the message as it is then.
    assert.ok(error.stack);
    for (const name of names) Object.defineProperty(error, name, { get: trap, configurable: true });
    return error;
  };
  const ODD = {
    'a string': 'just text',
    'an empty string': '',
    'a number': 5,
    NaN,
    'a Symbol': Symbol('x'),
    'a BigInt': 5n,
    'a function': () => {},
    'a plain object': { code: 'x' },
    'an array': [1],
    'an object without a prototype': Object.create(null),
    'a frozen error': Object.freeze(new Error('cold')),
    'an error without a message': new Error(),
    'an error with a circular cause': (() => {
      const e = new Error('round');
      e.cause = e;
      return e;
    })(),
    'an error with other types of fields': Object.assign(new Error('x'), { code: 5, data: 'x', retryAfter: 'soon' }),
    'a message that is no string': Object.assign(new Error('x'), { message: { a: 1 } }),
    'a message with a lone surrogate': new Error('\ud800 x \0'),
    'an endless pause': Object.assign(new Error('x'), { retryAfter: Infinity }),
    'a negative pause': Object.assign(new Error('x'), { retryAfter: -5 }),
    'an enormous pause': Object.assign(new Error('x'), { retryAfter: 1e300 }),
    'a platform error without data': Object.assign(new Error('x'), { code: 'slack_webapi_platform_error', data: null }),
  };
  const HARMFUL = {
    'an error whose `code` throws': throwing('code'),
    'an error whose `message` throws': throwing('message'),
    'an error whose `data` throws': throwing('data'),
    'an error whose every getter throws': throwing('code', 'message', 'data', 'retryAfter', 'stack', 'name'),
    'an error whose data throws': Object.assign(new Error('x'), {
      code: 'slack_webapi_platform_error',
      data: Object.defineProperty({}, 'error', { get: trap }),
    }),
    'something whose text form throws': { toString: trap, [Symbol.toPrimitive]: trap },
    'a Proxy that throws at everything': new Proxy(
      {},
      {
        get: trap,
        has: trap,
        getPrototypeOf: trap,
        ownKeys: trap,
        getOwnPropertyDescriptor: trap,
      },
    ),
  };

  /** Fails a first start with this value; it must be the one that is told, and the client must go on working. */
  const failsWith =
    (value, how = (it) => Promise.reject(it)) =>
    async (t) => {
      const answer = (n, to) => (n === 1 ? how(value) : Promise.resolve(to.answer()));
      const { webClient, rtm, recorded } = await clientWith(t, answer, { autoReconnect: false });
      const disconnected = next(rtm, 'disconnected');
      // In a box: whatever a promise resolves with is asked for its `then`.
      const { reason } = await rtm.start().then(
        () => assert.fail('it did not fail'),
        (error) => ({ reason: error }),
      );
      await disconnected;
      assertEndedWith(recorded, reason, value);
      assert.equal(webClient.calls.length, 1);
      await connect(rtm);
    };

  for (const [what, value] of Object.entries(ODD)) {
    better('it reads fields of it', `${what} is handed on as it is`, failsWith(value));
  }
  for (const value of [undefined, null]) better('it throws', `${value} is handed on as it is`, failsWith(value));
  for (const [what, value] of Object.entries(HARMFUL)) {
    better('it throws', `${what} is handed on as it is, and breaks nothing`, failsWith(value));
  }

  better(
    'it throws',
    'an apiCall that throws at once has failed, too',
    failsWith(new Error('at once'), (error) => {
      throw error;
    }),
  );

  better('it throws', 'an apiCall that is gone has failed, too', async (t) => {
    const server = await scriptedServer(t);
    const webClient = goodOne(server);
    const { apiCall } = webClient;
    const rtm = clientOf(t, server, { webClient, autoReconnect: false });
    webClient.apiCall = undefined;
    assert.ok((await failureOf(rtm.start())) instanceof TypeError);
    webClient.apiCall = apiCall;
    await connect(rtm);
  });

  better(JAMS, 'an odd failure passes: it is told, and tried again', async (t) => {
    const value = Object.freeze({ odd: true });
    const { webClient, rtm, recorded } = await clientWith(t, async (n, to) => {
      if (n === 1) throw value;
      return to.answer();
    });
    await connect(rtm);
    assert.deepEqual(recorded.names.slice(0, 4), ['connecting', 'unable_to_rtm_start', 'reconnecting', 'connecting']);
    assert.ok(recorded.events[1].args[0] === value);
    assert.equal(webClient.calls.length, 2);
  });
});

describe('webClient: answers of any kind', { concurrency: true }, () => {
  const without = (field, value) => (server) => server.answer({ [field]: value });
  const ANSWERS = {
    'no url': without('url', undefined),
    'a url that is no string': without('url', 5),
    'a url of no socket': without('url', 'http://127.0.0.1:1/'),
    'an empty url': without('url', ''),
    'no self': without('self', undefined),
    'a self of null': without('self', null),
    'a self without an id': without('self', {}),
    'an id that is no string': without('self', { id: 5 }),
    'no team': without('team', undefined),
    'a team without an id': without('team', { name: 'x' }),
    'ok: false': () => ({ ok: false, error: 'fatal_error' }),
    'ok: false without an error': () => ({ ok: false }),
    'ok: false with an error that is no string': () => ({ ok: false, error: { a: 1 } }),
    'ok: false with all that is needed': without('ok', false),
    undefined: () => undefined,
    null: () => null,
    'a string': () => 'ok',
    'a number': () => 5,
    'an array': () => [],
    'a function': () => () => {},
  };

  for (const [what, answer] of Object.entries(ANSWERS)) {
    better(UNCHECKED, `${what} is a slack_webapi_platform_error`, async (t) => {
      const respond = async (n, to) => (n === 1 ? answer(to) : to.answer());
      const { server, rtm, recorded } = await clientWith(t, respond, { autoReconnect: false });
      const error = await failureOf(rtm.start());
      assert.ok(error instanceof Error);
      assert.equal(error.code, 'slack_webapi_platform_error');
      assertEndedWith(recorded, error, error);
      assert.equal(server.upgrades.length, 0);
      await connect(rtm);
    });
  }

  better(UNCHECKED, '`data` of that error is the answer', async (t) => {
    for (const answer of [
      { ok: false, error: 'fatal_error', more: [1] },
      { ok: true, url: 'ws://x/' },
    ]) {
      const { rtm } = await clientWith(t, async () => answer, { autoReconnect: false });
      assert.deepEqual((await failureOf(rtm.start())).data, answer);
    }
  });

  better(UNCHECKED, 'ok: false with a permanent error ends it, though it may reconnect', async (t) => {
    const answer = { ok: false, error: 'invalid_auth' };
    const { webClient, rtm, recorded } = await clientWith(t, async () => answer);
    const error = await failureOf(rtm.start());
    assert.equal(error.data.error, 'invalid_auth');
    assertEndedWith(recorded, error, error);
    assert.equal(webClient.calls.length, 1);
  });

  better(UNCHECKED, 'an unusable answer passes: told, and tried again', async (t) => {
    const { rtm, recorded } = await clientWith(t, async (n, to) => (n === 1 ? { ok: true } : to.answer()));
    await connect(rtm);
    assert.deepEqual(recorded.names.slice(0, 4), ['connecting', 'unable_to_rtm_start', 'reconnecting', 'connecting']);
  });

  for (const field of ['url', 'self', 'team']) {
    better(UNCHECKED, `an answer whose \`${field}\` throws has failed, and breaks nothing`, async (t) => {
      const { rtm, recorded } = await clientWith(
        t,
        async (n, to) => {
          if (n > 1) return to.answer();
          return Object.defineProperty(to.answer(), field, {
            get() {
              throw new Error('do not touch');
            },
          });
        },
        { autoReconnect: false },
      );
      const error = await failureOf(rtm.start());
      assertEndedWith(recorded, error, error);
      await connect(rtm);
    });
  }

  same('a good answer whose `ok` throws is a good answer', async (t) => {
    const { rtm } = await clientWith(t, async (n, to) =>
      Object.defineProperty(to.answer(), 'ok', {
        get() {
          throw new Error('do not touch');
        },
      }),
    );
    await connect(rtm);
    assert.equal(rtm.activeUserId, 'U1');
  });
});

describe('webClient: answers that come late, or never', { concurrency: true }, () => {
  better('it hangs', 'disconnect() does not wait for one that never answers', async (t) => {
    const { webClient, rtm, recorded } = await clientWith(t, () => new Promise(() => {}));
    const start = failureOf(rtm.start());
    await webClient.asked(1);
    const begin = performance.now();
    await rtm.disconnect();
    assert.ok(performance.now() - begin < 1000);
    assert.equal((await start).code, 'ABORT_ERR');
    assert.deepEqual(recorded.names, ['connecting', 'disconnecting', 'disconnected']);
  });

  for (const [what, settle] of [
    ['answer', (first, server) => first.resolve(server.answer({ url: `${server.socketUrl}?late` }))],
    ['failure', (first) => first.reject(new Error('late'))],
    ['answer that throws', (first) => first.resolve(Object.defineProperty({}, 'url', { get: () => assert.fail() }))],
  ]) {
    better('it hangs', `an ${what} that comes after disconnect() is nobody's business`, async (t) => {
      const first = deferred();
      const { server, webClient, rtm, recorded } = await clientWith(t, () => first.promise);
      const start = failureOf(rtm.start());
      await webClient.asked(1);
      await rtm.disconnect();
      await start;
      settle(first, server);
      await new Promise(setImmediate);
      // Whatever it would have brought about would be there when another client has gone the whole way.
      await connect(clientOf(t, server));
      assert.deepEqual(recorded.names, ['connecting', 'disconnecting', 'disconnected']);
      assert.ok(server.upgrades.every(({ url }) => !url.includes('late')));
      assert.deepEqual([rtm.connected, rtm.authenticated, rtm.activeUserId], [false, false, undefined]);
    });

    better('it hangs', `an ${what} that comes during the next attempt is not taken for its own`, async (t) => {
      const [first, second] = [deferred(), deferred()];
      const { server, webClient, rtm, recorded } = await clientWith(t, (n) => (n === 1 ? first : second).promise);
      const aborted = failureOf(rtm.start({ n: 1 }));
      await webClient.asked(1);
      await rtm.disconnect();
      await aborted;
      const connected = next(rtm, 'connected');
      const start = rtm.start({ n: 2 });
      await webClient.asked(2);
      settle(first, server);
      await new Promise(setImmediate);
      const answer = server.answer({ n: 2 });
      second.resolve(answer);
      assert.ok((await start) === answer);
      await connected;
      assert.equal(server.upgrades.length, 1);
      assert.deepEqual(
        webClient.calls.map(({ options }) => options.n),
        [1, 2],
      );
      assert.ok(!recorded.names.includes('unable_to_rtm_start'));
    });
  }

  better('it hangs', 'an answer that comes when the next session stands already changes nothing', async (t) => {
    const first = deferred();
    const answer = (n, to) => (n === 1 ? first.promise : Promise.resolve(to.answer()));
    const { server, webClient, rtm } = await clientWith(t, answer);
    const aborted = failureOf(rtm.start());
    await webClient.asked(1);
    await rtm.disconnect();
    await aborted;
    await connect(rtm);
    first.resolve(server.answer({ url: `${server.socketUrl}?late`, self: { id: 'U9' } }));
    await new Promise(setImmediate);
    const said = next(rtm, 'said');
    (await server.nextSocket()).send({ type: 'said' });
    await said;
    assert.deepEqual([rtm.connected, rtm.activeUserId, server.upgrades.length], [true, 'U1', 1]);
  });

  better('it hangs', 'disconnect() from within apiCall ends the attempt, whatever the call answers', async (t) => {
    const server = await scriptedServer(t);
    let disconnected;
    const webClient = {
      apiCall: async () => {
        disconnected = rtm.disconnect();
        return server.answer({ url: `${server.socketUrl}?late` });
      },
    };
    const rtm = clientOf(t, server, { webClient });
    for (let n = 0; n < 20; n += 1) {
      assert.equal((await failureOf(rtm.start())).code, 'ABORT_ERR');
      await disconnected;
    }
    await connect(clientOf(t, server));
    assert.ok(server.upgrades.every(({ url }) => !url.includes('late')));
  });
});

describe('webClient: what stays', () => {
  better('it hangs', 'one that never answers does not keep the process alive after disconnect()', async (t) => {
    const child = inProcess(t, undefined, async ({ RTMClient, report }) => {
      let asked;
      const webClient = { apiCall: () => new Promise(() => asked()) };
      const rtm = new RTMClient('', { webClient });
      for (let n = 0; n < 3; n += 1) {
        const called = new Promise((resolve) => (asked = resolve));
        const start = rtm.start().catch((error) => report(error.code));
        await called;
        await rtm.disconnect();
        await start;
      }
    });
    const { code, reports, stderr } = await child.ended;
    assert.deepEqual([code, reports, stderr], [0, ['ABORT_ERR', 'ABORT_ERR', 'ABORT_ERR'], '']);
  });

  better('a reconnect takes two seconds', '200 connections leave nothing behind', async (t) => {
    const server = await scriptedServer(t);
    const child = inProcess(
      t,
      undefined,
      async ({ RTMClient, next, report, input }) => {
        const collected = new Set();
        const registry = new FinalizationRegistry((n) => collected.add(n));
        let calls = 0;
        let called;
        const webClient = {
          apiCall(method, options) {
            calls += 1;
            called?.();
            const answer = JSON.parse(JSON.stringify({ ...input, ballast: 'x'.repeat(10_000) }));
            registry.register(answer, `answer ${calls}`);
            registry.register(options, `options ${calls}`);
            // Every fourth one is left without an answer, until later.
            const late = calls % 4 === 0;
            const promise = late
              ? new Promise((resolve) => setImmediate(setImmediate, resolve, answer))
              : Promise.resolve(answer);
            registry.register(promise, `promise ${calls}`);
            return promise;
          },
        };
        const rtm = new RTMClient('', { webClient, logLevel: 'error' });
        async function round(n) {
          const connected = next(rtm, 'connected');
          if (n % 4 === 3) {
            const call = new Promise((resolve) => (called = resolve));
            rtm.start({ n }).catch(() => {});
            await call;
            called = undefined;
          } else {
            await rtm.start({ n });
            await connected;
          }
          await rtm.disconnect();
        }
        const gc = async () => {
          for (let n = 0; n < 10; n += 1) {
            global.gc();
            await new Promise(setImmediate);
          }
          return process.memoryUsage().heapUsed;
        };
        for (let n = 0; n < 40; n += 1) await round(n);
        const before = await gc();
        for (let n = 40; n < 200; n += 1) await round(n);
        const after = await gc();
        report({ calls, collected: collected.size, grown: after - before });
      },
      { input: server.answer(), flags: ['--expose-gc'] },
    );
    const { code, stderr, reports } = await child.ended;
    assert.deepEqual([code, stderr], [0, '']);
    const [{ calls, collected, grown }] = reports;
    assert.equal(calls, 200);
    assert.ok(collected >= 3 * 200 - 9, `${collected} of 600 were collected`);
    assert.ok(grown < 2 ** 20, `the heap grew by ${grown} bytes`);
    assert.ok(server.sockets.every(({ ws }) => ws.readyState >= 2));
  });
});
