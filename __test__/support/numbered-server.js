// A server that numbers what it sends, and keeps account of what it gets. Owns the server's half of the traffic of the
// fault tests: replies (also late, with errors, or none), their replay on the next connection as Slack does it, and
// events that the bot (numbered-bot.js) answers by a message that quotes the number.
//
//   const server = new NumberedServer(scripted, random);  // on top of a scripted server
//   server.host = proxy.host;                         // where the sockets are to be found
//   server.callFaults.push((response) => {});         // the next connect call gets this instead of a response
//   server.helloFaults.push((greet) => {});           // the next socket is greeted when `greet()` is called
//   server.current;                                   // the connection in use: { ticket, socket, … }
//   server.account();                                 // what the audit needs (fault-run-audit.js)
'use strict';

/** Replies to messages that came so recently, in ms, are replayed. */
const REPLAYED = 20_000;

class NumberedServer {
  host = '';
  callFaults = [];
  helloFaults = [];
  /** From now on all goes well: each message is answered, and each connection is asked to finish. */
  isFinishing = false;
  #scripted;
  #random;
  #tickets = 0;
  #events = 0;
  /** { ticket, socket, sent: numbers of events, ids: of the client's frames, isGreeted } */
  #connections = [];
  /** How often each text came. @type {Map<string, number>} */
  #delivered = new Map();
  /** Replies that were sent: { text, isGood, ticket, after: the last event before it on that connection } */
  #replies = [];
  /** The recent decision for each message: { ticket, reply, text, at } */
  #recent = [];
  #timers = new Set();

  constructor(scripted, random) {
    this.#scripted = scripted;
    this.#random = random;
    const onCall = (request, response) => {
      scripted.responses.push(onCall);
      const fault = this.callFaults.shift();
      if (fault === undefined) response.end(this.goodResponse());
      else fault(response);
    };
    scripted.responses.push(onCall);
    scripted.greet = (socket) => this.#open(socket);
    this.#tick();
  }

  /** With a URL that is good for one socket. */
  goodResponse() {
    return JSON.stringify(this.#scripted.connectResponse({ url: `ws://${this.host}/socket/${(this.#tickets += 1)}` }));
  }

  get current() {
    const open = this.#connections.filter(({ socket }) => socket.ws.readyState === socket.ws.OPEN);
    return open.reduce((last, one) => (last === undefined || one.ticket > last.ticket ? one : last), undefined);
  }

  later(ms, fn) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      fn();
    }, ms);
    this.#timers.add(timer);
  }

  /** Asks the bot for its account, on this connection and on all that follow. */
  finish() {
    this.isFinishing = true;
    this.callFaults = [];
    this.helloFaults = [];
    this.current?.socket.send({ type: 'finish' });
  }

  close() {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  account() {
    const connections = [...this.#connections].sort((one, other) => one.ticket - other.ticket);
    return {
      connections: connections.map(({ ticket, sent, ids }) => ({ ticket, sent, ids })),
      upgrades: this.#scripted.upgrades.map(({ url }) => url),
      delivered: this.#delivered,
      replies: this.#replies,
      events: this.#events,
    };
  }

  #open(socket) {
    const ticket = Number(this.#scripted.upgrades.at(-1).url.split('/').pop());
    const connection = { ticket, socket, sent: [], ids: [], isGreeted: false };
    this.#connections.push(connection);
    // A frame may be damaged on the way: then it is not JSON and no longer this message.
    socket.ws.removeAllListeners('message');
    socket.ws.on('message', (data) => {
      const frame = parsed(data);
      if (frame !== undefined) this.#onFrame(connection, frame);
    });
    const fault = this.helloFaults.shift();
    if (fault === undefined) this.#greet(connection);
    else fault(() => this.#greet(connection));
  }

  #greet(connection) {
    connection.isGreeted = true;
    connection.socket.send({ type: 'hello', connection: connection.ticket });
    if (this.isFinishing) connection.socket.send({ type: 'finish' });
    const recent = this.#recent.filter(({ at, ticket }) => at > Date.now() - REPLAYED && ticket < connection.ticket);
    this.#recent = [];
    if (!this.isFinishing && this.#random.chance(0.3)) return;
    this.later(this.#random.between(0, 200), () => {
      for (const { text, reply } of recent) this.#send(connection, text, reply);
    });
  }

  #onFrame(connection, frame) {
    connection.ids.push(frame.id);
    if (frame.type === 'ping') {
      connection.socket.send({ type: 'pong', reply_to: frame.id });
      return;
    }
    this.#delivered.set(frame.text, (this.#delivered.get(frame.text) ?? 0) + 1);
    if (frame.type === 'message') this.#answer(connection, frame);
  }

  /** Mostly at once and well; sometimes late, sometimes with an error, sometimes not at all. */
  #answer(connection, { id, text }) {
    const fate = this.isFinishing ? 0 : this.#random.next();
    const error = { code: 2, msg: 'message text is missing' };
    const good = { ok: true, reply_to: id, ts: `${Math.round(Date.now() / 1000)}.${id}`, text };
    const reply = fate < 0.9 ? good : { ok: false, reply_to: id, error };
    if (fate > 0.96) return;
    this.#recent.push({ ticket: connection.ticket, reply, text, at: Date.now() });
    if (fate < 0.82) this.#send(connection, text, reply);
    else this.later(this.#random.between(50, 800), () => this.#send(connection, text, reply));
  }

  #send(connection, text, reply) {
    const { socket, ticket, sent } = connection;
    if (socket.ws.readyState !== socket.ws.OPEN) return;
    socket.send(reply);
    this.#replies.push({ text, isGood: reply.ok, ticket, after: sent[sent.length - 1] ?? 0 });
  }

  /** Events, some of them long, some of them many at once. */
  #tick() {
    const { current } = this;
    const count = this.#random.chance(0.03) ? 15 : 1;
    const pad = 'x'.repeat(this.#random.chance(0.05) ? this.#random.between(1000, 20_000) : 0);
    if (current?.isGreeted) {
      for (let one = 0; one < count; one += 1) {
        this.#events += 1;
        current.sent.push(this.#events);
        current.socket.send({ type: 'numbered', n: this.#events, pad });
      }
    }
    this.later(this.#random.between(50, 200), () => this.#tick());
  }
}

function parsed(data) {
  try {
    return JSON.parse(data.toString());
  } catch {
    return undefined;
  }
}

module.exports = { NumberedServer };
