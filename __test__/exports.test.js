// The package's exports: names, values and the class, which is an ordinary event emitter.
'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const { promisify } = require('node:util');
const { EventEmitter } = require('eventemitter3');
const {
  ErrorCode,
  LogLevel,
  RTMClient,
  better,
  clientOf,
  isSlackRtmApi,
  recordingLogger,
  next,
  same,
} = require('./support/client.js');
const { canLoad, load } = require('./support/package-versions.js');
const { startWorkspace } = require('./support/workspace.js');

const MODULE = require.resolve(isSlackRtmApi ? 'slack-rtm-api-7.0.1' : '..');

same('CommonJS exports RTMClient, ErrorCode and LogLevel', () => {
  const names = Object.keys(require(MODULE));
  for (const name of ['RTMClient', 'ErrorCode', 'LogLevel']) assert.ok(names.includes(name), name);
  assert.equal(RTMClient.name, 'RTMClient');
  assert.ok(require(MODULE).RTMClient === RTMClient);
});

same('an ES module imports them by name, and its process exits', async () => {
  const fixture = require.resolve(
    isSlackRtmApi ? './fixtures/named-imports.slack.mjs' : './fixtures/named-imports.mjs',
  );
  const { stdout } = await promisify(execFile)(process.execPath, [fixture]);
  assert.deepEqual(JSON.parse(stdout), ['RTMClient', false, ErrorCode.WebsocketError, LogLevel.DEBUG]);
});

same('ErrorCode has the documented values', () => {
  assert.deepEqual(
    { ...ErrorCode },
    {
      SendWhileDisconnectedError: 'slack_rtmapi_send_while_disconnected_error',
      SendWhileNotReadyError: 'slack_rtmapi_send_while_not_ready_error',
      SendMessagePlatformError: 'slack_rtmapi_send_message_platform_error',
      WebsocketError: 'slack_rtmapi_websocket_error',
      NoReplyReceivedError: 'slack_rtmapi_no_reply_received_error',
      KeepAliveConfigError: 'slack_rtmapi_keepalive_config_error',
      KeepAliveClientNotConnected: 'slack_rtmapi_keepalive_client_not_connected',
      KeepAliveInconsistentState: 'slack_rtmapi_keepalive_inconsistent_state',
    },
  );
});

for (const name of ['@slack/logger', 'slack-logger 5'].filter(canLoad)) {
  same(`LogLevel has the members of that of ${name}, in its order`, () => {
    assert.deepEqual(Object.entries(LogLevel), Object.entries(load(name).LogLevel));
    assert.deepEqual({ ...LogLevel }, { ERROR: 'error', WARN: 'warn', INFO: 'info', DEBUG: 'debug' });
  });
}

same('a client is an emitter of eventemitter3, and is disconnected at first', () => {
  const rtm = new RTMClient('xoxb-1', { logger: recordingLogger() });
  assert.ok(rtm instanceof RTMClient && rtm instanceof EventEmitter);
  assert.deepEqual([rtm.connected, rtm.authenticated], [false, false]);
  assert.deepEqual([rtm.activeUserId, rtm.activeTeamId], [undefined, undefined]);
  assert.equal(rtm.stateMachine.getCurrentState(), 'disconnected');
});

better('it has none', 'CommonJS and ES modules export `retryPolicies`, which are frozen', async () => {
  const { retryPolicies } = require(MODULE);
  assert.ok((await import(MODULE)).retryPolicies === retryPolicies);
  assert.equal(Object.keys(retryPolicies).length, 3);
  for (const policy of Object.values(retryPolicies)) assert.ok(Object.isFrozen(policy));
  for (const retryConfig of Object.values(retryPolicies))
    new RTMClient('xoxb-1', { retryConfig, logger: recordingLogger() });
});

better('it has neither', '`apiCall` and `ping` are on the prototype, too', () => {
  for (const method of ['apiCall', 'ping']) {
    assert.equal(typeof RTMClient.prototype[method], 'function');
    assert.ok(!Object.keys(new RTMClient('xoxb-1', { logger: recordingLogger() })).includes(method));
  }
});

better('it has no such method', 'a subclass can override `apiCall` and call the inherited one', async (t) => {
  const slack = await startWorkspace(t);
  class Bot extends RTMClient {
    apiCall(method, options) {
      return super.apiCall(`auth.${method}`, options);
    }
  }
  const bot = new Bot(slack.token, { slackApiUrl: slack.apiUrl, logger: recordingLogger() });
  assert.equal((await bot.apiCall('test')).ok, true);
});

better('it has no public `state`', '`state` is the state of the client', async (t) => {
  const slack = await startWorkspace(t);
  const rtm = clientOf(t, slack);
  const states = [rtm.state];
  for (const name of ['connecting', 'authenticated', 'connected', 'ready', 'disconnecting', 'disconnected']) {
    rtm.on(name, () => states.push(rtm.state));
  }
  rtm.start();
  await next(rtm, 'ready');
  await rtm.disconnect();
  const connecting = ['connecting', 'connecting', 'connected', 'connected'];
  assert.deepEqual(states, ['disconnected', ...connecting, 'disconnecting', 'disconnected']);
});

same('the methods are on the prototype, where test mocks replace them', () => {
  const members = Object.getOwnPropertyNames(RTMClient.prototype);
  const methods = ['start', 'disconnect', 'send', 'addOutgoingEvent', 'sendMessage', 'sendTyping', 'subscribePresence'];
  for (const method of methods) {
    assert.ok(members.includes(method), method);
    assert.equal(typeof RTMClient.prototype[method], 'function');
  }
  const own = Object.keys(new RTMClient('xoxb-1', { logger: recordingLogger() }));
  assert.deepEqual(
    own.filter((name) => methods.includes(name)),
    [],
  );
});

same('a subclass has its own methods, properties and constructor, and listens to its own events', async (t) => {
  const slack = await startWorkspace(t);
  class Bot extends RTMClient {
    received = [];

    constructor(token, options) {
      super(token, options);
      this.on('hello', this.onHello, this);
    }

    onHello(event) {
      this.received.push(event.type);
    }

    async start(options) {
      const { self } = await super.start(options);
      return self.name;
    }
  }
  const bot = new Bot(slack.token, { slackApiUrl: slack.apiUrl, logger: recordingLogger() });
  const hello = next(bot, 'hello');
  assert.equal(await bot.start(), slack.bot.name);
  await hello;
  assert.ok(bot instanceof Bot && bot instanceof RTMClient);
  assert.deepEqual(bot.received, ['hello']);
  await bot.disconnect();
});

same('an old-style constructor function can inherit from the class', () => {
  function Bot() {
    return Reflect.construct(RTMClient, ['xoxb-1', { logger: recordingLogger() }], new.target);
  }
  Object.setPrototypeOf(Bot.prototype, RTMClient.prototype);
  assert.ok(new Bot() instanceof RTMClient);
});

same('the emitter supports a context argument, symbols and `once`, and an `error` without a listener', () => {
  const rtm = new RTMClient('xoxb-1', { logger: recordingLogger() });
  const context = {};
  const event = Symbol('event');
  const received = [];
  function listener(...args) {
    received.push([this, ...args]);
  }
  assert.equal(rtm.on('some', listener, context), rtm);
  assert.equal(rtm.once(event, listener), rtm);
  assert.ok(rtm.emit('some', 1, 2) && rtm.emit(event, 3));
  assert.ok(!rtm.emit(event, 4));
  assert.ok(received[0][0] === context && received[1][0] === rtm);
  assert.deepEqual(
    received.map(([, ...args]) => args),
    [[1, 2], [3]],
  );
  assert.equal(rtm.emit('error', new Error('unheard')), false);
  assert.deepEqual(rtm.eventNames(), ['some']);
  assert.equal(rtm.listenerCount('some'), 1);
  rtm.removeListener('some', listener, {});
  assert.deepEqual(rtm.listeners('some'), [listener]);
  rtm.off('some', listener, context);
  assert.deepEqual(rtm.eventNames(), []);
  rtm.addListener('some', listener).removeAllListeners();
  assert.equal(rtm.listenerCount('some'), 0);
});
