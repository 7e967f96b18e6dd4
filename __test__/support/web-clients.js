// Web clients for the option `webClient`: fakes that record their calls, and a real WebClient of @slack/web-api.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { clientOf, next, record, recordingLogger } = require('./client.js');
const { unsupported } = require('./package-versions.js');
const { scriptedServer } = require('./scripted-server.js');

const ONCE = { retries: 0 };

/** @slack/web-api, and a newer major version under its alias in package.json. */
const WEB_APIS = ['@slack/web-api', 'slack-web-api-8'];

/** A webClient that returns `respond(number of the call)`, and records its calls. */
function fakeWebClient(respond) {
  const calls = [];
  const waiting = [];
  return {
    calls,
    apiCall(method, options) {
      calls.push({ self: this, method, options });
      waiting.splice(0).forEach((resolve) => resolve());
      return respond(calls.length);
    },
    /** Resolves when it has been called so often. */
    async called(count) {
      while (calls.length < count) await new Promise((resolve) => waiting.push(resolve));
    },
  };
}

/** A webClient that always resolves with the server's good response. */
const workingWebClient = (server) => fakeWebClient(async () => server.connectResponse());

/** A WebClient of @slack/web-api for the server, which records its errors. */
function realWebClient(server, options, webApi = require('@slack/web-api')) {
  const errors = [];
  class Observed extends webApi.WebClient {
    async apiCall(...args) {
      return super.apiCall(...args).catch((error) => {
        errors.push(error);
        throw error;
      });
    }
  }
  const given = { slackApiUrl: server.apiUrl, logger: recordingLogger(), retryConfig: ONCE, ...options };
  return Object.assign(new Observed(server.token, given), { errors });
}

/** One suite for each version of @slack/web-api. It gets a `realWebClient` that creates a WebClient of that version. */
function describeEachWebApi(title, suite) {
  for (const alias of WEB_APIS) {
    describe(`${title} (${alias})`, { concurrency: true, skip: unsupported(alias) }, () => {
      suite((server, options) => realWebClient(server, options, require(alias)));
    });
  }
}

/** A promise with its `resolve` and `reject`. */
function deferred() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}

/** A client with a fake webClient that returns `respond(number of the call, server)`, and the server of its sockets. */
async function clientWith(t, respond, options) {
  const server = await scriptedServer(t);
  const webClient = fakeWebClient((n) => respond(n, server));
  const rtm = clientOf(t, server, { webClient, ...options });
  return { server, webClient, rtm, recorded: record(rtm) };
}

/** Starts the client and waits until it is connected. */
async function connect(rtm, startOptions) {
  const connected = next(rtm, 'connected');
  const data = await rtm.start(startOptions);
  await connected;
  return data;
}

/** Asserts that the first start() failed, and that its rejection and both events have this same value. */
function assertEndedWith(recorded, reason, failure) {
  assert.deepEqual(recorded.names, ['connecting', 'unable_to_rtm_start', 'disconnected']);
  const [, unable, disconnected] = recorded.events;
  assert.ok(Object.is(reason, failure), `start() rejected with ${typeof reason}`);
  assert.ok(unable.args.length === 1 && Object.is(unable.args[0], failure), 'unable_to_rtm_start');
  assert.ok(Object.is(disconnected.args[0], failure), 'disconnected');
}

module.exports = {
  ONCE,
  assertEndedWith,
  clientWith,
  connect,
  deferred,
  describeEachWebApi,
  fakeWebClient,
  realWebClient,
  workingWebClient,
};
