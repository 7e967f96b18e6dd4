// The stream of events and frames to one open page.
'use strict';

/**
 * @typedef {import('../../index').Audience} Audience
 * @typedef {import('./wire-entries').WireEntry} WireEntry
 * @typedef {Record<string, any>} Event as RTM sends it
 */

/** ms between two batches */
const TICK = 50;
/** The most messages and the most frames in one batch. */
const MAX_MESSAGES = 40;
const MAX_FRAMES = 40;
/** The most other events (edits, reactions) in one batch. If there are more, the page loads the channel again. */
const MAX_OTHERS = 400;
/** The approximate number of characters of a batch's messages, and of its frames. */
const MAX_TEXT = 500_000;
/** A batch with a snapshot delays the next snapshot by one ms for this many characters. */
const CHARACTERS_PER_MS = 10_000;
/** Above this number of bytes that the page has not read, nothing more is sent. */
const MAX_BUFFERED = 2_000_000;

/**
 * Collects events and frames and sends them in batches. If there are more than a page can draw, the oldest messages and
 * frames are skipped and counted. The class WorkspaceSocket of the page (page/workspace-socket.js) describes the frames.
 */
class Feed {
  #ws;
  #snapshot;
  /** @type {{ event: Event, audience: Audience }[]} */
  #events = [];
  /** @type {WireEntry[]} */
  #frames = [];
  #messages = 0;
  #others = 0;
  #mustReload = false;
  #isSnapshotStale = false;
  /** @type {Record<string, number>} the number of skipped messages by channel */
  #skipped = {};
  #skippedFrames = 0;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  #lastSent = 0;
  /** The earliest time of the next snapshot. A long snapshot is not sent with every change. */
  #nextSnapshot = 0;

  /**
   * @param {import('ws').WebSocket} ws
   * @param {() => object} snapshot gives the team, users, channels, connections and faults
   */
  constructor(ws, snapshot) {
    this.#ws = ws;
    this.#snapshot = snapshot;
  }

  /** @param {WireEntry[]} frames the latest ones */
  start(frames) {
    this.#frames = frames.slice(-MAX_FRAMES);
    this.invalidateSnapshot();
    this.#send();
  }

  /**
   * @param {Event} event
   * @param {Audience} audience
   */
  addEvent(event, audience) {
    if (event.type === 'message' || event.type === 'reaction_added' || event.type === 'reaction_removed') {
      this.#add({ event, audience });
    } else if (event.type === 'user_typing') {
      if (this.#messages < MAX_MESSAGES) this.#add({ event, audience });
    } else {
      this.#isSnapshotStale = true;
    }
    this.#schedule();
  }

  /** @param {WireEntry} entry */
  addFrame(entry) {
    this.#frames.push(entry);
    if (this.#frames.length > 2 * MAX_FRAMES) this.#skipFrames(MAX_FRAMES);
    this.#schedule();
  }

  /** Sends a new snapshot with the next batch. */
  invalidateSnapshot() {
    this.#isSnapshotStale = true;
    this.#schedule();
  }

  /**
   * Responds to a page's request, after the events that happened before.
   *
   * @param {unknown} id of the request
   * @param {object} result
   */
  respond(id, result) {
    this.#send();
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    this.#ws.send(JSON.stringify({ type: 'response', id, ...result }), () => {
      if (this.#ws.bufferedAmount <= MAX_BUFFERED) this.#ws.resume();
    });
    // A page that does not read the responses cannot send more requests.
    if (this.#ws.bufferedAmount > MAX_BUFFERED) this.#ws.pause();
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
    if (!canSkip(entry.event)) {
      this.#others += 1;
      if (this.#others > MAX_OTHERS) this.#requestReload();
      return;
    }
    this.#messages += 1;
    if (this.#messages > MAX_MESSAGES) this.#skip(this.#events.findIndex(({ event }) => canSkip(event)));
  }

  /** @param {number} index */
  #skip(index) {
    const [{ event }] = this.#events.splice(index, 1);
    this.#messages -= 1;
    if (event.type === 'message') this.#skipped[event.channel] = (this.#skipped[event.channel] ?? 0) + 1;
  }

  /** Drops the collected events and makes the page load the channel again. */
  #requestReload() {
    this.#mustReload = true;
    this.#events = [];
    this.#messages = 0;
    this.#others = 0;
  }

  /** @param {number} max the number of frames to keep */
  #skipFrames(max) {
    this.#skippedFrames += Math.max(0, this.#frames.length - max);
    this.#frames = this.#frames.slice(-max);
  }

  #schedule(at = this.#lastSent + TICK) {
    if (this.#timer || this.#ws.readyState !== this.#ws.OPEN) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        if (this.#ws.bufferedAmount > MAX_BUFFERED) this.#schedule();
        else this.#send();
      },
      Math.max(0, at - performance.now()),
    );
  }

  #send() {
    const now = performance.now();
    const hasSnapshot = this.#isSnapshotStale && now >= this.#nextSnapshot;
    const hasContent = this.#events.length + this.#frames.length > 0 || hasSnapshot || this.#mustReload;
    if (!hasContent || this.#ws.readyState !== this.#ws.OPEN) {
      if (this.#isSnapshotStale) this.#schedule(now + TICK);
      return;
    }
    this.stop();
    this.#lastSent = now;
    this.#skipFrames(MAX_FRAMES);
    const frames = newest(this.#frames, ({ data }) => data.length);
    const skippedFrames = this.#skippedFrames + this.#frames.length - frames.length;
    const batch = JSON.stringify({
      type: 'batch',
      ...(hasSnapshot ? { snapshot: this.#snapshot() } : {}),
      ...(this.#mustReload ? { reload: true } : {}),
      events: this.#takeEvents(),
      skipped: this.#skipped,
      frames,
      skippedFrames,
    });
    this.#ws.send(batch);
    if (hasSnapshot) {
      this.#isSnapshotStale = false;
      this.#nextSnapshot = now + batch.length / CHARACTERS_PER_MS;
    }
    this.#frames = [];
    this.#skipped = {};
    this.#skippedFrames = 0;
    this.#mustReload = false;
    if (this.#isSnapshotStale) this.#schedule();
  }

  #takeEvents() {
    const kept = new Set(newest(this.#events, ({ event }) => (event.text?.length ?? 0) + 500));
    for (let index = this.#events.length - 1; index >= 0; index -= 1) {
      if (!kept.has(this.#events[index]) && canSkip(this.#events[index].event)) this.#skip(index);
    }
    const events = this.#events;
    this.#events = [];
    this.#messages = 0;
    this.#others = 0;
    return events;
  }
}

/**
 * The last entries whose total length is within MAX_TEXT, and at least one.
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
    if (total > MAX_TEXT && index < entries.length) break;
    index -= 1;
  }
  return entries.slice(index);
}

/**
 * A skipped message is only counted. A skipped edit or deletion would leave a wrong message on the page.
 *
 * @param {Event} event
 */
function canSkip({ type, subtype }) {
  return (
    type === 'user_typing' ||
    (type === 'message' && !['message_changed', 'message_deleted', 'message_replied'].includes(subtype))
  );
}

module.exports = { Feed, MAX_FRAMES };
