// An `emit` that a spy or a bot overrides is called for every event, also for events without a listener.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { RTMClient, next, same } = require('./support/client.js');
const { atEnd } = require('./support/cleanup.js');
const { openSession } = require('./support/session.js');

/** Sends frames of these types, and then one of type `end`, in one write. */
function burst(slack, types) {
  for (const type of [...types, 'end']) slack.emit(typeof type === 'string' ? { type } : type);
}

const numbered = (count) => Array.from({ length: count }, (_, number) => `n${number}`);

describe('an overridden emit', { concurrency: true }, () => {
  same('is called for every event if assigned before start()', async (t) => {
    const { slack, client, connect } = await openSession(t);
    const rtm = client();
    const seen = [];
    const { emit } = rtm;
    rtm.emit = function spy(event, ...args) {
      seen.push(event);
      return emit.call(this, event, ...args);
    };
    await connect(rtm);
    const end = next(rtm, 'end');
    burst(slack, [{ type: 'it', subtype: 'sub' }]);
    await end;
    assert.deepEqual(
      seen.filter((event) => event !== 'ready'),
      [
        'connecting',
        'authenticated',
        'connected',
        'slack_event',
        'hello',
        'slack_event',
        'it',
        'it::sub',
        'slack_event',
        'end',
      ],
    );
  });

  same('is called for every event if assigned while connected', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    rtm.removeAllListeners();
    const seen = [];
    const { emit } = rtm;
    rtm.emit = function spy(event, ...args) {
      seen.push(event);
      return emit.call(this, event, ...args);
    };
    const end = next(rtm, 'end');
    burst(slack, ['it']);
    await end;
    assert.deepEqual(
      seen.filter((event) => event !== 'ready'),
      ['slack_event', 'it', 'slack_event', 'end'],
    );
  });

  same('is called for a frame without a listener that no other frame follows', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const { emit } = rtm;
    for (const type of numbered(5)) {
      const seen = new Promise((resolve) => {
        rtm.emit = function spy(event, ...args) {
          if (event === type) resolve(args);
          return emit.call(this, event, ...args);
        };
      });
      slack.emit({ type });
      assert.deepEqual(await seen, [{ type }]);
      rtm.emit = emit;
      rtm.removeAllListeners();
    }
  });

  same('is called for all later events if a listener assigns it', async (t) => {
    const { slack, connect } = await openSession(t);
    const { rtm } = await connect();
    const { emit } = rtm;
    const seen = [];
    rtm.once('first', () => {
      rtm.emit = function spy(event, ...args) {
        seen.push(event);
        return emit.call(this, event, ...args);
      };
    });
    const end = next(rtm, 'end');
    for (const type of ['first', 'it', 'end']) slack.emit({ type });
    await end;
    assert.deepEqual(
      seen.filter((event) => event !== 'slack_event'),
      ['it', 'end'],
    );
  });

  same('is called for every event after removeAllListeners()', async (t) => {
    const { slack, client, connect } = await openSession(t);
    const rtm = client();
    await connect(rtm);
    rtm.on('slack_event', () => rtm.removeAllListeners());
    const seen = [];
    const { emit } = rtm;
    const end = new Promise((resolve) => {
      rtm.emit = function spy(event, ...args) {
        seen.push(event);
        if (event === 'end') resolve();
        return emit.call(this, event, ...args);
      };
    });
    burst(slack, numbered(3));
    await end;
    assert.deepEqual(
      seen.slice(-8),
      ['n0', 'n1', 'n2', 'end'].flatMap((type) => ['slack_event', type]),
    );
  });

  same('is called for every event if a subclass overrides it', async (t) => {
    const { slack, connect } = await openSession(t);
    const seen = [];
    class Bot extends RTMClient {
      emit(event, ...args) {
        seen.push(event);
        return super.emit(event, ...args);
      }
    }
    const rtm = new Bot(slack.token, { slackApiUrl: slack.apiUrl, logLevel: 'error' });
    atEnd(t, () => rtm.connected && rtm.disconnect());
    await connect(rtm);
    const end = next(rtm, 'end');
    burst(slack, ['it']);
    await end;
    assert.deepEqual(seen.slice(-4), ['slack_event', 'it', 'slack_event', 'end']);
  });

  same('is not needed by a subclass that overrides on() and calls its parent', async (t) => {
    const { slack, connect } = await openSession(t);
    const names = [];
    class Bot extends RTMClient {
      on(event, ...rest) {
        names.push(event);
        return super.on(event, ...rest);
      }
    }
    const rtm = new Bot(slack.token, { slackApiUrl: slack.apiUrl, logLevel: 'error' });
    atEnd(t, () => rtm.connected && rtm.disconnect());
    await connect(rtm);
    const received = new Promise((resolve) => rtm.on('it', resolve));
    slack.emit({ type: 'it' });
    assert.deepEqual(await received, { type: 'it' });
    assert.equal(names.at(-1), 'it');
  });
});
