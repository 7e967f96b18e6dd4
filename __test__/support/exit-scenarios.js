// The states in which a process may exit, and how its client and server get into each of them. The test chooses how the
// process exits.
//
//   run(context)        in the process: calls `exit` in this state; `rtm` is a client, `client(options)` makes another
//   prepare(server, t)  in the test, before: may return `input` for the process, and `there`, a promise that resolves when
//                       the process is in this state, if it cannot know by itself; `exit` is called then
//   better              `@slack/rtm-api` cannot get into this state
'use strict';

const { proxyHandlers, scriptedProxy } = require('./scripted-proxies.js');
const { SLACK_FRAMES } = require('./slack-frames.js');

/** Sends frames to each client, and replies to its messages. */
function sendFrames(server, { frames = 500, pad = '' } = {}) {
  server.greet = (socket) => {
    socket.ws.on('message', (data) => socket.send({ ok: true, reply_to: JSON.parse(data.toString()).id }));
    socket.hello();
    for (let n = 0; n < frames; n += 1) {
      socket.send({ ...SLACK_FRAMES[n % SLACK_FRAMES.length], reply_to: undefined, pad });
    }
  };
}

/** Drops the first connection. */
function dropFirst(server) {
  server.nextSocket().then((socket) => socket.drop());
}

/** The server leaves the next request of a kind unanswered. The process is in this state when the request arrives. */
const unanswered = (kind) => (server) => ({ there: new Promise((resolve) => server[kind].push(resolve)) });

/** Drops the connection before the reply to a message. The process is in this state on the next connection. */
async function losesReply(server) {
  const socket = await server.nextSocket();
  await socket.nextFrame('message');
  socket.drop();
  return server.nextSocket();
}

const start = ({ rtm }) => void rtm.start();

/** Sends messages, and exits after 100 frames. */
function talk({ rtm, exit }) {
  let received = 0;
  rtm.on('slack_event', () => (received += 1) === 100 && exit());
  rtm.on('outgoing_message', () => {});
  for (let n = 0; n < 200; n += 1) rtm.sendMessage('x'.repeat(1000), 'C1').catch(() => {});
  rtm.start();
}

/** In a listener of an event, and in the next turn of the event loop. */
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
const EXIT_SCENARIOS = {
  constructed: { run: ({ exit }) => exit() },
  'right after start()': {
    run: ({ rtm, exit }) => {
      rtm.start();
      exit();
    },
  },
  'authenticating, without a response': { prepare: unanswered('responses'), run: start },
  'connecting the socket, without a response': { prepare: unanswered('refusals'), run: start },
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
  ...around('reconnecting', start, dropFirst),
  ...around('unable_to_rtm_start', start, (server) => void server.responses.push({ ok: false, error: 'fatal_error' })),
  ...around(
    'error',
    ({ rtm }) => void rtm.start().catch(() => {}),
    (server) => void server.refusals.push(503),
  ),
  ...around('outgoing_message', ({ rtm }) => {
    rtm.sendTyping('C1').catch(() => {});
    rtm.start();
  }),
  'disconnecting, from a server that does not respond': {
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
  'in traffic both ways': { prepare: (server) => sendFrames(server), run: talk },
  'busy, with a full outbox': {
    prepare: (server) => sendFrames(server, { frames: 1500, pad: 'x'.repeat(10_000) }),
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
    prepare: (server) => sendFrames(server, { frames: 1500, pad: 'x'.repeat(10_000) }),
    run: ({ rtm, exit }) => {
      let received = 0;
      rtm.on('slack_event', () => (received += 1) === 500 && exit());
      rtm.once('hello', () => {
        for (const end = Date.now() + 200; Date.now() < end; );
      });
      rtm.start();
    },
  },
  'once start() resolved': { run: ({ rtm, exit }) => void rtm.start().then(exit) },
  'once sendMessage() resolved': {
    prepare: (server) => sendFrames(server),
    run: ({ rtm, exit }) => {
      rtm.sendMessage('x', 'C1').then(exit);
      rtm.start();
    },
  },
  'once send() rejected': { run: ({ rtm, exit }) => void rtm.send('typing').catch(exit) },
  'once disconnect() resolved': {
    run: ({ rtm, exit }) => void rtm.once('hello', () => rtm.disconnect().then(exit)).start(),
  },
  'during apiCall()': {
    better: true,
    prepare: unanswered('responses'),
    run: ({ rtm }) => void rtm.apiCall('users.info'),
  },
  'with an agent that makes the connections': {
    prepare: (server) => sendFrames(server),
    run: (context) => {
      const { Agent } = require('node:http');
      const rtm = context.client({ agent: new (class extends Agent {})() });
      context.talk({ ...context, rtm });
    },
  },
  "while a user's WebClient makes a call": {
    run: ({ client, exit }) => {
      const webClient = { apiCall: () => new Promise(() => setImmediate(exit)) };
      client({ webClient }).start();
    },
  },
  'waiting for a proxy': {
    better: true,
    prepare: async (server, t) => {
      const proxy = await scriptedProxy(t, proxyHandlers.silence());
      return { input: proxy.url, there: proxy.nextRequest() };
    },
    run: ({ client, input }) => void client({ proxy: input }).start(),
  },
  'in traffic through a proxy': {
    better: true,
    prepare: async (server, t) => {
      sendFrames(server);
      return { input: (await scriptedProxy(t, proxyHandlers.tunnel())).url };
    },
    run: (context) => context.talk({ ...context, rtm: context.client({ proxy: context.input }) }),
  },
  'with clients that are created and started while it exits': {
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

module.exports = { EXIT_SCENARIOS, talk };
