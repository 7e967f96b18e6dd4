// Owns what stands around the messages: the channel's name, who speaks, who types, what is waiting, and short notes
// to the person.

import { byId, count, setOptions } from './dom.js';
import { dot } from './side.js';

/**
 * @typedef {import('./model.js').Model} Model
 */

/** ms for which somebody is said to be typing, and for which a note is shown */
const TYPING_TIME = 5000;
const NOTE_TIME = 4000;

export class Around {
  #model;
  /** @type {Map<string, { channel: string, until: number }>} who types where, until when */
  #typing = new Map();
  #noteTimer = 0;

  /** @param {Model} model */
  constructor(model) {
    this.#model = model;
    setInterval(() => this.#drawTyping(), 1000);
  }

  draw() {
    const model = this.#model;
    const channel = model.channels.get(model.channel);
    const other = model.otherOf(channel);
    const name = model.nameOf(channel);
    byId('team').textContent = model.team;
    byId('channel-name').replaceChildren(...(other ? [dot(other), name.slice(1)] : [name]));
    const members = count(channel?.members.length ?? 0, 'member');
    byId('channel-topic').textContent = other ? other.realName : [members, channel?.topic].filter(Boolean).join(' · ');
    const membership = byId('membership');
    // Nobody leaves #general.
    membership.hidden = !channel || channel.isIm || (model.isMember && channel.name === 'general');
    membership.textContent = model.isMember ? 'Leave' : `Join as ${model.users.get(model.actor)?.name}`;
    this.#drawSpeakers();
    this.#drawTyping();
    this.drawTitle();
  }

  drawTitle() {
    const model = this.#model;
    const unread = [...model.unread.values()].reduce((sum, one) => sum + (one.isMention ? one.count : 0), 0);
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${model.nameOf(model.channels.get(model.channel))} · ${model.team}`;
  }

  /** @param {boolean} isOpen whether the workspace is there */
  drawState(isOpen) {
    const status = byId('status');
    status.dataset.state = isOpen ? 'live' : 'lost';
    status.textContent = isOpen ? 'Live' : 'The workspace is gone; trying again';
  }

  /**
   * @param {string} user
   * @param {string} channel
   */
  startTyping(user, channel) {
    if (user !== this.#model.actor) this.#typing.set(user, { channel, until: Date.now() + TYPING_TIME });
    this.#drawTyping();
  }

  /** @param {string} user */
  stopTyping(user) {
    if (this.#typing.delete(user)) this.#drawTyping();
  }

  /** @param {number} waiting messages below what is in view; -1 where older ones are shown */
  drawBehind(waiting) {
    const button = byId('newest');
    button.hidden = waiting === 0;
    button.textContent = waiting > 0 ? `${count(waiting, 'new message')} ↓` : 'To the latest ↓';
  }

  /**
   * @param {number} perSecond 0: over
   * @param {number} drawn
   */
  drawFlood(perSecond, drawn) {
    const line = byId('flood');
    const isOver = perSecond === 0;
    // Whoever listens is told of the beginning and the end, not of every number.
    if (line.hidden !== isOver)
      byId('announcement').textContent = isOver ? 'All messages are drawn again' : 'Too many messages to draw them all';
    line.hidden = isOver;
    if (!isOver)
      line.textContent = `${count(Math.round(perSecond), 'message')} a second: ${count(drawn)} of them are drawn.`;
  }

  /** @param {string} text that goes away by itself */
  note(text) {
    byId('toast').textContent = text;
    clearTimeout(this.#noteTimer);
    this.#noteTimer = window.setTimeout(() => {
      byId('toast').textContent = '';
    }, NOTE_TIME);
  }

  #drawTyping() {
    const model = this.#model;
    const now = Date.now();
    for (const [user, { until }] of this.#typing) if (until <= now) this.#typing.delete(user);
    const here = [...this.#typing].filter(([, { channel }]) => channel === model.channel);
    const names = here.map(([user]) => model.users.get(user)?.name ?? user);
    const who = names.length > 3 ? 'Several people' : names.join(' and ');
    const text = names.length === 0 ? '' : `${who} ${names.length === 1 ? 'is' : 'are'} typing…`;
    const line = byId('typing');
    if (line.textContent !== text) line.textContent = text;
  }

  #drawSpeakers() {
    const model = this.#model;
    const users = [...model.users.values()];
    const named = (/** @type {boolean} */ bots) =>
      users.filter(({ isBot }) => isBot === bots).map(({ id, name }) => /** @type {[string, string]} */ ([id, name]));
    const groups = [
      { label: 'People', options: named(false) },
      { label: 'Bots', options: named(true) },
    ];
    setOptions(byId('actor', HTMLSelectElement), groups, model.actor);
    const me = model.users.get(model.actor);
    const presence = byId('presence');
    if (!me) return;
    presence.replaceChildren(dot(me), me.presence);
    presence.title = `Make ${me.name} ${me.presence === 'active' ? 'away' : 'active'}`;
    presence.setAttribute('aria-label', `${me.name} is ${me.presence}. ${presence.title}`);
  }
}
