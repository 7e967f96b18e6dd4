// The headings of the page: the open channel, the selected user, and the window's title.

import { byId, setOptions } from './dom.js';
import { count } from './format.js';
import { presenceDot } from './icons.js';

/**
 * @typedef {import('./model.js').Model} Model
 */

export class Header {
  #model;

  /** @param {Model} model */
  constructor(model) {
    this.#model = model;
  }

  draw() {
    const model = this.#model;
    const channel = model.channels.get(model.channel);
    const other = model.otherMember(channel);
    const name = model.nameOf(channel);
    byId('team').textContent = model.team;
    byId('channel-name').replaceChildren(...(other ? [presenceDot(other), name.slice(1)] : [name]));
    const members = count(channel?.members.length ?? 0, 'member');
    byId('channel-topic').textContent = other ? other.realName : [members, channel?.topic].filter(Boolean).join(' · ');
    const membership = byId('membership');
    // Slack does not let anybody leave #general.
    membership.hidden = !channel || channel.isIm || (model.isMember && channel.name === 'general');
    membership.textContent = model.isMember ? 'Leave' : `Join as ${model.users.get(model.actor)?.name}`;
    this.#drawActor();
    this.drawTitle();
  }

  drawTitle() {
    const model = this.#model;
    const mentions = [...model.unread.values()].reduce((sum, one) => sum + (one.isMention ? one.count : 0), 0);
    const name = model.nameOf(model.channels.get(model.channel));
    document.title = `${mentions > 0 ? `(${mentions}) ` : ''}${name} · ${model.team}`;
  }

  #drawActor() {
    const model = this.#model;
    const users = [...model.users.values()];
    const options = (/** @type {boolean} */ areBots) =>
      users
        .filter(({ isBot }) => isBot === areBots)
        .map(({ id, name }) => /** @type {[string, string]} */ ([id, name]));
    const groups = [
      { label: 'People', options: options(false) },
      { label: 'Bots', options: options(true) },
    ];
    setOptions(byId('actor', HTMLSelectElement), groups, model.actor);
    const actor = model.users.get(model.actor);
    const presence = byId('presence');
    if (!actor) return;
    presence.replaceChildren(presenceDot(actor), actor.presence);
    presence.title = `Make ${actor.name} ${actor.presence === 'active' ? 'away' : 'active'}`;
    presence.setAttribute('aria-label', `${actor.name} is ${actor.presence}. ${presence.title}`);
  }
}
