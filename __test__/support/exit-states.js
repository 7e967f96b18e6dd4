// Every state in which a process may be ended. Owns how a client, and its server, are brought there; how the process
// ends there, and what is expected of it, is the test's.
//
//   run(context)        in the process: calls `exit` when it is there; `rtm` is a client, `client(options)` another
//   prepare(server, t)  in the test, before: may give `input` for the process, and `there`, a promise of when it is
//                       there, if it cannot know by itself: `exit` is called then
//   better              the peer cannot be brought there
'use strict';

const { answers, scriptedProxy } = require('./proxies.js');
const { SLACK_FRAMES } = require('./slack-frames.js');

/** Whoever is connected gets frames, and replies. */
function talkative(server, { frames = 500, pad = '' } = {}) {
  server.greet = (socket) => {
    socket.ws.on('message', (data) => socket.send({ ok: true, reply_to: JSON.parse(data.toString()).id }));
    socket.hello();
    for (let n = 0; n < frames; n += 1) {
      socket.send({ ...SLACK_FRAMES[n % SLACK_FRAMES.length], reply_to: undefined, pad });
    }
  };
}

/** The first that is connected is dropped. */
function dropping(server) {
  server.nextSocket().then((socket) => socket.drop());
}

/** A request of a kind is left without an answer; it has come when the process is there. */
const unanswered = (kind) => (server) => ({ there: new Promise((resolve) => server[kind].push(resolve)) });

/** A message gets no reply before its connection is lost; there is another when the process is there. */
async function losesReply(server) {
  const socket = await server.nextSocket();
  await socket.nextFrame('message');
  socket.drop();
  return server.nextSocket();
}

const start = ({ rtm }) => void rtm.start();

/** Messages go out, frames come in. */
function talk({ rtm, exit }) {
  let heard = 0;
  rtm.on('slack_event', () => (heard += 1) === 100 && exit());
  rtm.on('outgoing_message', () => {});
  for (let n = 0; n < 200; n += 1) rtm.sendMessage('x'.repeat(1000), 'C1').catch(() => {});
  rtm.start();
}

/** In a listener of an event, and in the turn of the event loop after it. */
function around(name, begin, prepare) {
  const at = (then) => ({
    prepare,
    run: `(context) => {
      const { rtm, exit } = context;
      rtm.once('${name}', () => ${then});
      (${begin})(context);
    }`,
  });
  return { [`in a listener of ${name}`]: at('exit()'), [`after ${name}`]: at('setImmediate(exit)') };
}

const onHello = (then) => `({ rtm }) => {
  rtm.once('hello', () => ${then});
  rtm.start();
}`;

/** @type {Record<string, { run: any, prepare?: (server: any, t: any) => any, better?: boolean }>} */
const EXIT_STATES = {
  constructed: { run: ({ exit }) => exit() },
  'right after start()': {
    run: ({ rtm, exit }) => {
      rtm.start();
      exit();
    },
  },
  'authenticating, without an answer': { prepare: unanswered('answers'), run: start },
  'dialling, without an answer': { prepare: unanswered('refusals'), run: start },
  'handshaking, without a hello': {
    prepare: (server) => {
      server.greet = () => {};
      return { there: server.nextSocket() };
    },
    run: start,
  },
  'resuming, with a reply missing': {
    prepare: (server) => ({ there: losesReply(server) }),
    run: ({ rtm }) => {
      rtm.sendMessage('x', 'C1').catch(() => {});
      rtm.start();
    },
  },
  ...around('connecting', start),
  ...around('authenticated', start),
  ...around('connected', start),
  ...around('ready', start),
  ...around('slack_event', start),
  ...around('disconnecting', onHello('rtm.disconnect()')),
  ...around('disconnected', onHello('rtm.disconnect()')),
  ...around('reconnecting', start, dropping),
  ...around('unable_to_rtm_start', start, (server) => void server.answers.push({ ok: false, error: 'fatal_error' })),
  ...around(
    'error',
    ({ rtm }) => void rtm.start().catch(() => {}),
    (server) => void server.refusals.push(503),
  ),
  ...around('outgoing_message', ({ rtm }) => {
    rtm.sendTyping('C1').catch(() => {});
    rtm.start();
  }),
  'disconnecting, from a server that does not answer': {
    prepare: (server) => {
      server.greet = (socket) => {
        socket.hello();
        socket.ws.pause();
        socket.send({ type: 'go' });
      };
    },
    run: ({ rtm, exit }) => {
      rtm.once('go', () => {
        rtm.disconnect();
        setImmediate(exit);
      });
      rtm.start();
    },
  },
  'in traffic both ways': { prepare: (server) => talkative(server), run: talk },
  'busy, with the outbox full': {
    prepare: (server) => talkative(server, { frames: 1500, pad: 'x'.repeat(10_000) }),
    run: ({ rtm, exit }) => {
      rtm.on('slack_event', () => {});
      rtm.once('hello', () => {
        for (const end = Date.now() + 200; Date.now() < end; );
        exit();
      });
      rtm.start();
    },
  },
  'draining an outbox that was full': {
    prepare: (server) => talkative(server, { frames: 1500, pad: 'x'.repeat(10_000) }),
    run: ({ rtm, exit }) => {
      let heard = 0;
      rtm.on('slack_event', () => (heard += 1) === 500 && exit());
      rtm.once('hello', () => {
        for (const end = Date.now() + 200; Date.now() < end; );
      });
      rtm.start();
    },
  },
  'behind await start()': { run: ({ rtm, exit }) => void rtm.start().then(exit) },
  'behind await sendMessage()': {
    prepare: (server) => talkative(server),
    run: ({ rtm, exit }) => {
      rtm.sendMessage('x', 'C1').then(exit);
      rtm.start();
    },
  },
  'behind a send() that was rejected': { run: ({ rtm, exit }) => void rtm.send('typing').catch(exit) },
  'behind await disconnect()': {
    run: ({ rtm, exit }) => void rtm.once('hello', () => rtm.disconnect().then(exit)).start(),
  },
  'during apiCall()': {
    better: true,
    prepare: unanswered('answers'),
    run: ({ rtm }) => void rtm.apiCall('users.info'),
  },
  'with an agent that makes the connections': {
    prepare: (server) => talkative(server),
    run: (context) => {
      const { Agent } = require('node:http');
      const rtm = context.client({ agent: new (class extends Agent {})() });
      context.talk({ ...context, rtm });
    },
  },
  "with a user's WebClient that is at work": {
    run: ({ client, exit }) => {
      const webClient = { apiCall: () => new Promise(() => setImmediate(exit)) };
      client({ webClient }).start();
    },
  },
  'waiting for a proxy': {
    better: true,
    prepare: async (server, t) => {
      const proxy = await scriptedProxy(t, answers.silence());
      return { input: proxy.url, there: proxy.nextRequest() };
    },
    run: ({ client, input }) => void client({ proxy: input }).start(),
  },
  'in traffic through a proxy': {
    better: true,
    prepare: async (server, t) => {
      talkative(server);
      return { input: (await scriptedProxy(t, answers.tunnel())).url };
    },
    run: (context) => context.talk({ ...context, rtm: context.client({ proxy: context.input }) }),
  },
  'with clients that are made and started while it exits': {
    run: ({ rtm, client, exit }) => {
      process.on('exit', () => {
        rtm.sendMessage('x', 'C1');
        rtm.disconnect();
        client().start();
      });
      rtm.once('ready', exit).start();
    },
  },
  'in a handler of an uncaught exception': {
    run: ({ rtm, exit }) => {
      process.on('uncaughtException', exit);
      rtm.once('hello', () => {
        throw new Error('of the listener');
      });
      rtm.start();
    },
  },
};

module.exports = { EXIT_STATES, talk };
