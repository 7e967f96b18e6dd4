// Owns what one open page is told, and how fast: events and frames are gathered and sent in batches; where there are
// more than a page can draw, the oldest messages and frames are left out and counted. Decides nothing about what
// they mean.
'use strict';

/**
 * @typedef {{ channel?: string, user?: string }} Audience
 * @typedef {Record<string, any>} Event as Slack's RTM sends it
 *
 * @typedef {object} WireEntry one line of the page's wire
 * @property {number} at ms since the epoch
 * @property {'in' | 'out' | 'call' | 'open' | 'close' | 'fault'} kind
 * @property {number} [connection]
 * @property {string} [bot] the id
 * @property {string} [type] a call's method
 * @property {string} data the frame's text, clipped where it is very long
 * @property {number} [length] the whole text's, where it was clipped
 */

/** ms from one batch to the next */
const TICK = 50;
/** messages, and as many frames, in one batch */
const MOST_MESSAGES = 40;
const MOST_FRAMES = 40;
/** further events (edits, reactions) in one batch; where there are more, the page is told to ask anew */
const MOST_OTHERS = 400;
/** characters of one batch's messages or frames, about */
const MOST_TEXT = 500_000;
/** characters of one frame */
const MOST_FRAME_TEXT = 60_000;
/** characters of a batch with a directory that are worth a ms until the next such one */
const CHARACTERS_PER_MS = 10_000;
/** bytes not yet taken by the page, above which it is given time */
const MOST_BUFFERED = 2_000_000;

class Feed {
  #ws;
  #directory;
  /** @type {{ event: Event, audience: Audience }[]} */
  #events = [];
  /** @type {WireEntry[]} */
  #frames = [];
  #messages = 0;
  #others = 0;
  #isStale = false;
  #isChanged = false;
  /** @type {Record<string, number>} messages left out, by channel */
  #skipped = {};
  #skippedFrames = 0;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  #lastSent = 0;
  /** when the page may be sent the next directory: where that is very long, not with each change */
  #nextDirectory = 0;

  /**
   * @param {import('ws').WebSocket} ws
   * @param {() => object} directory who and what there is now
   */
  constructor(ws, directory) {
    this.#ws = ws;
    this.#directory = directory;
  }

  /** @param {WireEntry[]} wire what went over it lately */
  begin(wire) {
    this.#frames = wire.slice(-MOST_FRAMES);
    this.changed();
    this.#send();
  }

  /**
   * @param {Event} event
   * @param {Audience} audience
   */
  event(event, audience) {
    if (event.type === 'message' || event.type === 'reaction_added' || event.type === 'reaction_removed') {
      this.#add({ event, audience });
    } else if (event.type === 'user_typing') {
      if (this.#messages < MOST_MESSAGES) this.#add({ event, audience });
    } else {
      this.#isChanged = true;
    }
    this.#plan();
  }

  /** @param {WireEntry} entry */
  frame(entry) {
    this.#frames.push(entry);
    if (this.#frames.length > 2 * MOST_FRAMES) this.#leaveOutFrames(MOST_FRAMES);
    this.#plan();
  }

  /** Who or what there is changed. */
  changed() {
    this.#isChanged = true;
    this.#plan();
  }

  /**
   * Answers a page's request, after all that happened before.
   *
   * @param {unknown} id of the request
   * @param {object} result
   */
  answer(id, result) {
    this.#send();
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    this.#ws.send(JSON.stringify({ type: 'answer', id, ...result }), () => {
      if (this.#ws.bufferedAmount <= MOST_BUFFERED) this.#ws.resume();
    });
    // Who does not take the answers may not ask for more.
    if (this.#ws.bufferedAmount > MOST_BUFFERED) this.#ws.pause();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  end() {
    this.stop();
    this.#ws.close(1001);
    this.#ws.terminate();
  }

  /** @param {{ event: Event, audience: Audience }} entry */
  #add(entry) {
    this.#events.push(entry);
    if (!mayBeLeftOut(entry.event)) {
      this.#others += 1;
      if (this.#others > MOST_OTHERS) this.#startAnew();
      return;
    }
    this.#messages += 1;
    if (this.#messages > MOST_MESSAGES) this.#leaveOut(this.#events.findIndex(({ event }) => mayBeLeftOut(event)));
  }

  /** @param {number} index */
  #leaveOut(index) {
    const [{ event }] = this.#events.splice(index, 1);
    this.#messages -= 1;
    if (event.type === 'message') this.#skipped[event.channel] = (this.#skipped[event.channel] ?? 0) + 1;
  }

  #startAnew() {
    this.#isStale = true;
    this.#events = [];
    this.#messages = 0;
    this.#others = 0;
  }

  /** @param {number} left how many stay */
  #leaveOutFrames(left) {
    this.#skippedFrames += Math.max(0, this.#frames.length - left);
    this.#frames = this.#frames.slice(-left);
  }

  #plan(at = this.#lastSent + TICK) {
    if (this.#timer || this.#ws.readyState !== this.#ws.OPEN) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        if (this.#ws.bufferedAmount > MOST_BUFFERED) this.#plan();
        else this.#send();
      },
      Math.max(0, at - performance.now()),
    );
  }

  #send() {
    const now = performance.now();
    const hasDirectory = this.#isChanged && now >= this.#nextDirectory;
    const hasNews = this.#events.length + this.#frames.length > 0 || hasDirectory || this.#isStale;
    if (!hasNews || this.#ws.readyState !== this.#ws.OPEN) {
      if (this.#isChanged) this.#plan(now + TICK);
      return;
    }
    this.stop();
    this.#lastSent = now;
    this.#leaveOutFrames(MOST_FRAMES);
    const frames = newest(this.#frames, ({ data }) => data.length);
    const skippedFrames = this.#skippedFrames + this.#frames.length - frames.length;
    const batch = JSON.stringify({
      type: 'batch',
      ...(hasDirectory ? { directory: this.#directory() } : {}),
      ...(this.#isStale ? { stale: true } : {}),
      events: this.#takeEvents(),
      skipped: this.#skipped,
      frames,
      skippedFrames,
    });
    this.#ws.send(batch);
    if (hasDirectory) {
      this.#isChanged = false;
      this.#nextDirectory = now + batch.length / CHARACTERS_PER_MS;
    }
    this.#frames = [];
    this.#skipped = {};
    this.#skippedFrames = 0;
    this.#isStale = false;
    if (this.#isChanged) this.#plan();
  }

  #takeEvents() {
    const kept = new Set(newest(this.#events, ({ event }) => (event.text?.length ?? 0) + 500));
    for (let index = this.#events.length - 1; index >= 0; index -= 1) {
      if (!kept.has(this.#events[index]) && mayBeLeftOut(this.#events[index].event)) this.#leaveOut(index);
    }
    const events = this.#events;
    this.#events = [];
    this.#messages = 0;
    this.#others = 0;
    return events;
  }
}

/**
 * The last of some entries that are short enough together; one at least.
 *
 * @template T
 * @param {T[]} entries
 * @param {(entry: T) => number} length
 */
function newest(entries, length) {
  let total = 0;
  let index = entries.length;
  while (index > 0) {
    total += length(entries[index - 1]);
    if (total > MOST_TEXT && index < entries.length) break;
    index -= 1;
  }
  return entries.slice(index);
}

/** @param {Event} event */
function mayBeLeftOut({ type, subtype }) {
  return (
    type === 'user_typing' ||
    (type === 'message' && !['message_changed', 'message_deleted', 'message_replied'].includes(subtype))
  );
}

/**
 * @param {{ at: number, connection: import('./connection').Connection, direction: 'in' | 'out', data: string | Buffer }} frame
 * @returns {WireEntry}
 */
function frameEntry({ at, connection, direction, data }) {
  const entry = { at, kind: direction, connection: connection.id, bot: connection.bot.id };
  if (typeof data !== 'string') {
    return { ...entry, type: 'binary', data: data.subarray(0, 1000).toString('hex'), length: data.length };
  }
  return { ...entry, ...clipped(data) };
}

/**
 * @param {{ at: number, method: string, bot: { id: string } | undefined, params: Record<string, unknown> }} call
 * @returns {WireEntry}
 */
function callEntry({ at, method, bot, params }) {
  return { at, kind: 'call', bot: bot?.id, type: method, ...clipped(write(params)) };
}

/** @param {object} params perhaps nested so deep that they cannot be written */
function write(params) {
  try {
    return JSON.stringify(params);
  } catch {
    return 'too deep to be shown';
  }
}

/** @param {string} data */
function clipped(data) {
  return data.length <= MOST_FRAME_TEXT ? { data } : { data: data.slice(0, MOST_FRAME_TEXT), length: data.length };
}

module.exports = { Feed, callEntry, frameEntry, MOST_FRAMES };
