// User code that must compile, and lines that must not. Checked by `npm run check`, never run.

import {
  type Audience,
  type Bot,
  type Channel,
  type Connection,
  type Message,
  type Origin,
  type WireFrame,
  Workspace,
} from '..';

export async function use(): Promise<void> {
  const slack = await Workspace.start({
    port: 0,
    team: { name: 'Acme' },
    bots: ['robot', { name: 'second', token: 'xoxb-1' }],
    users: ['ann', { name: 'bob', presence: 'away' }],
    channels: ['general', { name: 'secret', isPrivate: true, members: ['ann'] }],
    ticketLifetime: 100,
    host: '127.0.0.1',
    data: 'kept.db',
  });
  const bot: Bot = slack.addBot('third');
  const channel: Channel = slack.channel('#general');
  const said: Message = slack.user('ann').say(channel, 'hi', { thread_ts: '1.2' });
  slack.user({ id: said.user }).dm(bot, said.text);
  const answer: Message = await slack.nextMessage({ from: bot, in: channel, text: /hi/, timeout: Infinity });
  const connection: Connection = await slack.nextConnection({ bot });
  const why: { code: number; reason: string } = await connection.closed;
  const sent: number = slack.emit({ type: 'goodbye' }, { to: connection }) + slack.emit(Buffer.from([why.code]));
  const count: number = await slack.replay('{}\n{}', { speed: 2, times: [1, 2], to: bot });
  slack.faults.refuseConnect({ error: 'invalid_auth' }, sent + count);
  slack.faults.refuseConnect({ status: 429, headers: { 'retry-after': '1' }, body: { ok: false } });
  slack.faults.close(1000, answer.ts, { to: bot });
  const ann = slack.user('ann');
  const reply: Message = ann.reply(said, 'in the thread', { subtype: 'thread_broadcast' });
  const edited: Message = ann.edit(reply, 'better');
  ann.react(edited, 'thumbsup');
  ann.unreact({ channel: channel.id, ts: edited.ts }, 'thumbsup');
  ann.delete(edited);
  const club: Channel = ann.create('club', { isPrivate: true });
  ann.invite(club, ['bob', bot]);
  const changed: boolean = ann.join('#random') || ann.leave('#random');
  ann.setProfile({ statusText: String(changed) });
  const group: Channel = ann.open(['bob', bot]);
  const event = await slack.nextEvent({ type: 'reaction_added', from: bot, in: group, timeout: 10 });
  slack.faults.rateLimit({ calls: 2, messages: 0, retryAfter: 1, method: 'chat.postMessage' });
  const hit: number = slack.faults.goodbye({ closeAfter: 10, to: bot }) + slack.faults.migrate({ refusals: 2 });
  const flooded: number = await slack.faults.flood({ count: hit, perSecond: 10, channel, text: (n) => `${n}` });
  slack.events.on('event', (one: Record<string, unknown>, to: Audience, by: Origin) => [one, to.user, by.via, event]);
  slack.events.on('frame', (frame: WireFrame) => [frame.direction, frame.connection.id, flooded]);
  slack.events.on('message', (message: Message) => message.text);

  // @ts-expect-error: start() makes workspaces
  new Workspace();
  // @ts-expect-error: a text is needed
  slack.user('ann').say('#general');
  // @ts-expect-error: a message is named by channel and ts
  ann.react(channel.id, 'thumbsup');
  // @ts-expect-error: no such part of a profile
  ann.setProfile({ name: 'anna' });
  // @ts-expect-error: there is no such presence
  slack.user('ann').setPresence('auto');
  // @ts-expect-error: an answer says one of error, status, html, drop, hang
  slack.faults.refuseConnect({ code: 500 });
  // @ts-expect-error: not to be changed
  slack.token = 'xoxb-2';

  return slack.close();
}
