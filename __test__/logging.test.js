// The log: the names and levels of loggers, and the lines of each level. secrets.test.js covers what must not be logged.
'use strict';

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { ConsoleLogger } = require('../lib/logger.js');
const { LogLevel, better, recordingLogger, next, same } = require('./support/client.js');
const { inProcess } = require('./support/child.js');
const { canLoad, load } = require('./support/package-versions.js');
const { framesUntil, openSession } = require('./support/session.js');

const linesOf = (logger, level) => logger.lines.filter((line) => line.level === level).map(({ text }) => text);

describe('logging', { concurrency: true }, () => {
  same('a given logger gets a name with a unique number, and a level', async (t) => {
    const { client } = await openSession(t);
    const loggers = [recordingLogger(), recordingLogger(), recordingLogger()];
    client({ logger: loggers[0] });
    client({ logger: loggers[1], logLevel: LogLevel.DEBUG });
    client({ logger: loggers[2], logLevel: 'warn' });
    assert.deepEqual(
      loggers.map(({ level }) => level),
      ['info', 'debug', 'warn'],
    );
    for (const { name } of loggers) assert.match(name, /^rtm-api:RTMClient:\d+$/);
    assert.equal(new Set(loggers.map(({ name }) => name)).size, 3);
  });

  same('without a logger, lines of level info and above go to the console', async (t) => {
    const session = await openSession(t);
    const child = inProcess(t, session.slack, async ({ client, next, report }) => {
      for (const level of ['debug', 'info', 'log', 'warn', 'error']) {
        console[level] = (...parts) => report([level, ...parts]);
      }
      const rtm = client({ logger: undefined });
      const end = next(rtm, 'end');
      await rtm.start();
      await end;
      await rtm.disconnect();
    });
    await session.slack.nextConnection();
    session.slack.emit('not json');
    session.slack.emit({ type: 'end' });
    const { code, reports, stderr } = await child.ended;
    assert.deepEqual([code, stderr], [0, '']);
    const errors = reports.filter(([level]) => level === 'error');
    assert.equal(errors.length, 1);
    const [, label, name, text] = errors[0];
    assert.match(`${label} ${name}`, /^\[ERROR\]\s+rtm-api:RTMClient:\d+$/);
    assert.match(text, /not json/);
    assert.ok(!reports.some(([, one]) => one.includes('DEBUG')), JSON.stringify(reports));
  });

  for (const name of ['@slack/logger', 'slack-logger 5'].filter(canLoad)) {
    better(
      'it uses @slack/logger itself',
      `the default logger writes the same as that of ${name}, at every level`,
      () => {
        const names = ['debug', 'info', 'log', 'warn', 'error'];
        const original = names.map((method) => console[method]);
        /** The console methods that a logger calls, with their arguments, in order. */
        function written(logger) {
          const calls = [];
          for (const method of names) console[method] = (...line) => calls.push([method, ...line]);
          const levels = [logger.getLevel()];
          for (const level of [undefined, 'error', 'warn', 'info', 'debug']) {
            if (level !== undefined) logger.setLevel(level);
            levels.push(logger.getLevel());
            for (const method of ['debug', 'info', 'warn', 'error']) logger[method](method, level, { deep: [1] });
            logger.setName(`after ${level}`);
          }
          names.forEach((method, index) => (console[method] = original[index]));
          return { calls, levels };
        }
        const ours = written(new ConsoleLogger());
        assert.deepEqual(ours, written(new (load(name).ConsoleLogger)()));
        assert.equal(ours.calls.length, 3 + 1 + 2 + 3 + 4);
      },
    );
  }

  same('debug shows the states, and every incoming and outgoing frame', async (t) => {
    const { slack, channel, client, ready } = await openSession(t);
    const logger = recordingLogger();
    const { rtm } = await ready(client({ logger, logLevel: LogLevel.DEBUG }));
    const it = next(rtm, 'it');
    slack.emit({ type: 'it', text: 'came in' });
    await it;
    await rtm.sendMessage('went out', channel);
    await rtm.disconnect();
    const debug = linesOf(logger, 'debug').join('\n');
    for (const part of ['connecting', 'connected', 'ready', 'disconnecting', 'disconnected']) {
      assert.ok(debug.includes(part), `${part} in:\n${debug}`);
    }
    for (const part of ['"hello"', '"came in"', '"went out"', '"reply_to"']) {
      assert.ok(debug.includes(part), `${part} in:\n${debug}`);
    }
  });

  same('debug shows frames without a listener', async (t) => {
    const { slack, client, connect } = await openSession(t);
    const logger = recordingLogger();
    const { rtm } = await connect(client({ logger, logLevel: 'debug' }));
    const end = next(rtm, 'end');
    for (const text of ['one', 'two']) slack.emit({ type: 'unheard', text });
    slack.emit({ type: 'end' });
    await end;
    const debug = linesOf(logger, 'debug').filter((line) => line.includes('unheard'));
    assert.deepEqual(
      debug.map((line) => /"(one|two)"/.exec(line)?.[1]),
      ['one', 'two'],
    );
  });

  same('debug shows the keepalive', async (t) => {
    const { slack, client, ready } = await openSession(t);
    const logger = recordingLogger();
    await ready(client({ logger, logLevel: 'debug', clientPingTimeout: 100, serverPongTimeout: 50 }));
    await slack.nextFrame({ type: 'ping' });
    await slack.nextFrame({ type: 'ping' });
    const debug = linesOf(logger, 'debug').join('\n');
    assert.match(debug, /"ping"/);
    assert.match(debug, /"pong"/);
  });

  better('it leaves lines below the level to the logger', 'lines below the level are not written', async (t) => {
    const { slack, channel, client, ready } = await openSession(t);
    const logger = recordingLogger();
    const { rtm } = await ready(client({ logger, logLevel: 'error' }));
    await rtm.sendMessage('x', channel);
    slack.faults.drop();
    await next(rtm, 'ready');
    await rtm.disconnect();
    assert.deepEqual(logger.lines, []);
  });

  better('it leaves lines below the level to the logger', 'the default level is info', async (t) => {
    const { slack, client, ready } = await openSession(t);
    const logger = recordingLogger();
    const { rtm } = await ready(client({ logger }));
    slack.faults.drop();
    await next(rtm, 'ready');
    await rtm.disconnect();
    assert.ok(linesOf(logger, 'info').length > 0);
    assert.deepEqual(linesOf(logger, 'debug'), []);
  });

  same('a frame that is not JSON is quoted in an error line', async (t) => {
    const { slack, client, connect } = await openSession(t);
    const logger = recordingLogger();
    const { rtm } = await connect(client({ logger, logLevel: 'error' }));
    const frames = framesUntil(rtm);
    slack.emit('<html>oops</html>');
    slack.emit({ type: 'end' });
    await frames;
    const errors = linesOf(logger, 'error');
    assert.equal(errors.length, 1);
    assert.match(errors[0], /<html>oops<\/html>/);
  });

  same('a network error is logged as an error', async (t) => {
    const { slack, client } = await openSession(t);
    const logger = recordingLogger();
    const rtm = client({ logger, logLevel: 'error', autoReconnect: false });
    slack.faults.refuseSocket(503);
    const disconnected = next(rtm, 'disconnected');
    rtm.on('error', () => {});
    await rtm.start();
    await disconnected;
    assert.match(linesOf(logger, 'error').join('\n'), /503/);
  });

  better('it calls setName', 'a logger only needs its four methods', async (t) => {
    const { slack, channel, client, ready } = await openSession(t);
    const lines = [];
    const write = (text) => void lines.push(text);
    const logger = { debug: write, info: write, warn: write, error: write };
    const { rtm } = await ready(client({ logger, logLevel: 'debug' }));
    await rtm.sendMessage('went out', channel);
    slack.emit('not json');
    await rtm.disconnect();
    assert.match(lines.join('\n'), /went out/);
  });

  same('a logger does not need getLevel', async (t) => {
    const { client, connect } = await openSession(t);
    const { getLevel, ...logger } = recordingLogger();
    const { rtm } = await connect(client({ logger }));
    await rtm.disconnect();
    assert.match(logger.name, /RTMClient/);
  });

  same('the methods of a logger are called with the logger as `this`', async (t) => {
    const { slack, client, connect } = await openSession(t);
    class Logger {
      #lines = [];
      level = 'none';

      #write(text) {
        this.#lines.push(text);
      }

      debug(text) {
        this.#write(text);
      }
      info(text) {
        this.#write(text);
      }
      warn(text) {
        this.#write(text);
      }
      error(text) {
        this.#write(text);
      }
      setName() {}
      setLevel(level) {
        this.level = level;
      }
      getLevel() {
        return this.level;
      }
      get count() {
        return this.#lines.length;
      }
    }
    const logger = new Logger();
    const { rtm } = await connect(client({ logger, logLevel: 'debug' }));
    const frames = framesUntil(rtm);
    slack.emit({ type: 'end' });
    await frames;
    assert.ok(logger.count > 0);
    assert.equal(logger.level, 'debug');
  });
});
