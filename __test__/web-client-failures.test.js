// The option webClient: its failures and unusable responses. Each failure is passed on unchanged.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { better, clientOf, failureOf, isSlackRtmApi, next, record, same } = require('./support/client.js');
const { scriptedServer } = require('./support/scripted-server.js');
const {
  assertEndedWith,
  clientWith,
  connect,
  describeEachWebApi,
  workingWebClient,
} = require('./support/web-clients.js');

const STUCK = 'it stays in `reconnecting` forever';
const UNCHECKED = 'it does not check the response, and throws an uncaught error';

describeEachWebApi('the failure of a WebClient', (realWebClient) => {
  /** A client with a WebClient whose first call gets this response. */
  async function failing(t, response, options, web) {
    const server = await scriptedServer(t);
    server.responses.push(response);
    const webClient = realWebClient(server, web);
    const rtm = clientOf(t, server, { webClient, ...options });
    return { server, webClient, rtm, recorded: record(rtm) };
  }

  same('ends the session within a second if it is a permanent platform error', async (t) => {
    const { server, webClient, rtm, recorded } = await failing(t, { ok: false, error: 'invalid_auth' });
    const begin = performance.now();
    const error = await failureOf(rtm.start());
    assert.ok(performance.now() - begin < 1000);
    assert.equal(error.data.error, 'invalid_auth');
    assertEndedWith(recorded, error, webClient.errors[0]);
    assert.equal(server.calls.length, 1);
    await connect(rtm);
  });

  better(
    'it retries forever',
    'ends the session if it is a permanent error that `@slack/rtm-api` retries',
    async (t) => {
      for (const code of ['token_revoked', 'missing_scope', 'method_deprecated', 'invalid_arguments']) {
        const { server, webClient, rtm, recorded } = await failing(t, { ok: false, error: code });
        const error = await failureOf(rtm.start());
        assertEndedWith(recorded, error, webClient.errors[0]);
        assert.equal(server.calls.length, 1, code);
      }
    },
  );

  for (const [what, response, code] of [
    ['a request error', (request) => request.socket.destroy(), 'slack_webapi_request_error'],
    ['an HTTP error', (request, response) => response.writeHead(500).end('oops'), 'slack_webapi_http_error'],
  ]) {
    same(`ends the first start() after the WebClient's own retries if it is ${what}`, async (t) => {
      const { server, webClient, rtm, recorded } = await failing(t, response);
      const error = await failureOf(rtm.start());
      assert.equal(error.code, code);
      assertEndedWith(recorded, error, webClient.errors[0]);
      assert.equal(server.calls.length, 1);
      await connect(rtm);
    });

    better(STUCK, `does not end an established session if it is ${what}`, async (t) => {
      const server = await scriptedServer(t);
      const webClient = realWebClient(server);
      const rtm = clientOf(t, server, { webClient });
      await connect(rtm);
      const recorded = record(rtm);
      server.responses.push(response);
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

  better(STUCK, 'is emitted and followed by a retry if it is a temporary platform error', async (t) => {
    const { server, webClient, rtm, recorded } = await failing(t, { ok: false, error: 'fatal_error' });
    await connect(rtm);
    const names = ['connecting', 'unable_to_rtm_start', 'reconnecting', 'connecting', 'authenticated', 'connected'];
    assert.deepEqual(recorded.names.slice(0, 6), names);
    assert.ok(recorded.events[1].args[0] === webClient.errors[0]);
    assert.equal(webClient.errors[0].data.error, 'fatal_error');
    assert.equal(server.calls.length, 2);
  });

  same('ends the session if it is a temporary platform error without autoReconnect', async (t) => {
    const { webClient, rtm, recorded } = await failing(
      t,
      { ok: false, error: 'fatal_error' },
      { autoReconnect: false },
    );
    assertEndedWith(recorded, await failureOf(rtm.start()), webClient.errors[0]);
  });

  better(STUCK, 'is followed by a retry after Retry-After if it is a rate limit', async (t) => {
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

  same('rejects every pending start() with the same error', async (t) => {
    const { webClient, rtm } = await failing(t, { ok: false, error: 'invalid_auth' });
    const starts = isSlackRtmApi ? [rtm.start()] : [rtm.start(), rtm.start(), rtm.start()];
    for (const error of await Promise.all(starts.map(failureOf))) assert.ok(error === webClient.errors[0]);
  });
});

describe('a failure of a webClient', { concurrency: true }, () => {
  const trap = () => {
    throw new Error('must not be read');
  };
  const throwing = (...names) => {
    const error = new Error('has getters');
    // V8 formats the stack when it is first read. Read it before `message` throws.
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
    'a message that is not a string': Object.assign(new Error('x'), { message: { a: 1 } }),
    'a message with a lone surrogate': new Error('\ud800 x \0'),
    'an infinite retryAfter': Object.assign(new Error('x'), { retryAfter: Infinity }),
    'a negative retryAfter': Object.assign(new Error('x'), { retryAfter: -5 }),
    'a huge retryAfter': Object.assign(new Error('x'), { retryAfter: 1e300 }),
    'a platform error without data': Object.assign(new Error('x'), { code: 'slack_webapi_platform_error', data: null }),
  };
  const HARMFUL = {
    'an error whose `code` throws': throwing('code'),
    'an error whose `message` throws': throwing('message'),
    'an error whose `data` throws': throwing('data'),
    'an error whose getters all throw': throwing('code', 'message', 'data', 'retryAfter', 'stack', 'name'),
    'an error whose data throws': Object.assign(new Error('x'), {
      code: 'slack_webapi_platform_error',
      data: Object.defineProperty({}, 'error', { get: trap }),
    }),
    'an object that cannot be converted to a string': { toString: trap, [Symbol.toPrimitive]: trap },
    'a Proxy whose traps all throw': new Proxy(
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

  /** A test: the first start() fails with this value unchanged, and the next one works. */
  const failsWith =
    (value, how = (it) => Promise.reject(it)) =>
    async (t) => {
      const respond = (n, to) => (n === 1 ? how(value) : Promise.resolve(to.connectResponse()));
      const { webClient, rtm, recorded } = await clientWith(t, respond, { autoReconnect: false });
      const disconnected = next(rtm, 'disconnected');
      // The error is wrapped in an object, because a promise would read the `then` of a value that it resolves with.
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
    better('it reads its fields', `is passed on unchanged: ${what}`, failsWith(value));
  }
  for (const value of [undefined, null]) better('it throws', `is passed on unchanged: ${value}`, failsWith(value));
  for (const [what, value] of Object.entries(HARMFUL)) {
    better('it throws', `is passed on unchanged: ${what}`, failsWith(value));
  }

  better(
    'it throws',
    'can be a synchronous throw of apiCall',
    failsWith(new Error('at once'), (error) => {
      throw error;
    }),
  );

  better('it throws', 'can be a missing apiCall', async (t) => {
    const server = await scriptedServer(t);
    const webClient = workingWebClient(server);
    const { apiCall } = webClient;
    const rtm = clientOf(t, server, { webClient, autoReconnect: false });
    webClient.apiCall = undefined;
    assert.ok((await failureOf(rtm.start())) instanceof TypeError);
    webClient.apiCall = apiCall;
    await connect(rtm);
  });

  better(STUCK, 'is emitted and followed by a retry if it is not an error', async (t) => {
    const value = Object.freeze({ odd: true });
    const { webClient, rtm, recorded } = await clientWith(t, async (n, to) => {
      if (n === 1) throw value;
      return to.connectResponse();
    });
    await connect(rtm);
    assert.deepEqual(recorded.names.slice(0, 4), ['connecting', 'unable_to_rtm_start', 'reconnecting', 'connecting']);
    assert.ok(recorded.events[1].args[0] === value);
    assert.equal(webClient.calls.length, 2);
  });
});

describe('a response from a webClient', { concurrency: true }, () => {
  const without = (field, value) => (server) => server.connectResponse({ [field]: value });
  const RESPONSES = {
    'no url': without('url', undefined),
    'a url that is not a string': without('url', 5),
    'a url that is not a socket URL': without('url', 'http://127.0.0.1:1/'),
    'an empty url': without('url', ''),
    'no self': without('self', undefined),
    'a self of null': without('self', null),
    'a self without an id': without('self', {}),
    'an id that is not a string': without('self', { id: 5 }),
    'no team': without('team', undefined),
    'a team without an id': without('team', { name: 'x' }),
    'ok: false': () => ({ ok: false, error: 'fatal_error' }),
    'ok: false without an error': () => ({ ok: false }),
    'ok: false with an error that is not a string': () => ({ ok: false, error: { a: 1 } }),
    'ok: false with all required fields': without('ok', false),
    undefined: () => undefined,
    null: () => null,
    'a string': () => 'ok',
    'a number': () => 5,
    'an array': () => [],
    'a function': () => () => {},
  };

  for (const [what, make] of Object.entries(RESPONSES)) {
    better(UNCHECKED, `is a slack_webapi_platform_error if it is unusable: ${what}`, async (t) => {
      const respond = async (n, to) => (n === 1 ? make(to) : to.connectResponse());
      const { server, rtm, recorded } = await clientWith(t, respond, { autoReconnect: false });
      const error = await failureOf(rtm.start());
      assert.ok(error instanceof Error);
      assert.equal(error.code, 'slack_webapi_platform_error');
      assertEndedWith(recorded, error, error);
      assert.equal(server.upgrades.length, 0);
      await connect(rtm);
    });
  }

  better(UNCHECKED, 'is `data` of the error if it is unusable', async (t) => {
    for (const response of [
      { ok: false, error: 'fatal_error', more: [1] },
      { ok: true, url: 'ws://x/' },
    ]) {
      const { rtm } = await clientWith(t, async () => response, { autoReconnect: false });
      assert.deepEqual((await failureOf(rtm.start())).data, response);
    }
  });

  better(UNCHECKED, 'ends the session if it has a permanent error', async (t) => {
    const response = { ok: false, error: 'invalid_auth' };
    const { webClient, rtm, recorded } = await clientWith(t, async () => response);
    const error = await failureOf(rtm.start());
    assert.equal(error.data.error, 'invalid_auth');
    assertEndedWith(recorded, error, error);
    assert.equal(webClient.calls.length, 1);
  });

  better(UNCHECKED, 'is followed by a retry if it is unusable', async (t) => {
    const { rtm, recorded } = await clientWith(t, async (n, to) => (n === 1 ? { ok: true } : to.connectResponse()));
    await connect(rtm);
    assert.deepEqual(recorded.names.slice(0, 4), ['connecting', 'unable_to_rtm_start', 'reconnecting', 'connecting']);
  });

  for (const field of ['url', 'self', 'team']) {
    better(UNCHECKED, `counts as a failure if reading \`${field}\` throws`, async (t) => {
      const { rtm, recorded } = await clientWith(
        t,
        async (n, to) => {
          if (n > 1) return to.connectResponse();
          return Object.defineProperty(to.connectResponse(), field, {
            get() {
              throw new Error('must not be read');
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

  same('is accepted if reading `ok` throws', async (t) => {
    const { rtm } = await clientWith(t, async (n, to) =>
      Object.defineProperty(to.connectResponse(), 'ok', {
        get() {
          throw new Error('must not be read');
        },
      }),
    );
    await connect(rtm);
    assert.equal(rtm.activeUserId, 'U1');
  });
});
