// The topics of the guide of `@slack/rtm-api` as a program: `node guide.cjs <topic>`. Its own lines begin with `>`; other lines
// are the client's log. It does not know which package it uses.
'use strict';

const http = require('node:http');
const { ErrorCode, LogLevel, RTMClient } = require('@slack/rtm-api');
const { WebClient } = require('@slack/web-api');

const { SLACK_BOT_TOKEN: token, SLACK_API_URL: slackApiUrl, CONVERSATION: conversationId, USER: userId } = process.env;
const print = (...words) => console.log('>', ...words);

const TOPICS = {
  async connecting() {
    const rtm = new RTMClient(token, { slackApiUrl });
    const { self, team } = await rtm.start();
    print(
      `${self.name} of ${team.name}`,
      rtm.connected,
      rtm.authenticated,
      rtm.activeUserId === self.id,
      rtm.activeTeamId === team.id,
    );
    rtm.on('ready', async () => {
      print(rtm.connected);
      await rtm.disconnect();
      print(rtm.connected, rtm.authenticated);
    });
  },

  async events() {
    const rtm = new RTMClient(token, { slackApiUrl });
    rtm.on('message', (event) => print(event.type, event.subtype, event.text ?? event.message.text));
    rtm.on('message::message_changed', ({ message, previous_message: before }) =>
      print(before.text, 'became', message.text),
    );
    rtm.once('reaction_added', ({ reaction, user }) => print(reaction, user === userId));
    rtm.on('slack_event', (type, event) => type.startsWith('reaction') && print(type, event.reaction));
    rtm.on('reaction_removed', () => rtm.disconnect());
    await rtm.start();
  },

  async messages() {
    const rtm = new RTMClient(token, { slackApiUrl });
    await rtm.start();
    const reply = await rtm.sendMessage('Hello there', conversationId);
    print(reply.ok, reply.text, /^\d+\.\d{6}$/.test(reply.ts));
    const pong = await rtm.addOutgoingEvent(true, 'ping', { note: 'mine' });
    print(pong.type, pong.note);
    print(await rtm.addOutgoingEvent(false, 'typing', { channel: conversationId }));
    await rtm.disconnect();
  },

  async greeting() {
    const rtm = new RTMClient(token, { slackApiUrl });
    rtm.on('member_joined_channel', async (event) => {
      if (event.user === rtm.activeUserId) return;
      await rtm.sendMessage(`Welcome, <@${event.user}>`, event.channel);
      await rtm.disconnect();
    });
    await rtm.start();
  },

  async lifecycle() {
    const rtm = new RTMClient(token, { slackApiUrl });
    for (const name of [
      'connecting',
      'authenticated',
      'connected',
      'ready',
      'disconnecting',
      'reconnecting',
      'disconnected',
      'error',
      'unable_to_rtm_start',
    ]) {
      rtm.on(name, () => print(name));
    }
    rtm.once('ready', () => {
      rtm.once('ready', () => rtm.disconnect());
      rtm.sendTyping(conversationId);
    });
    await rtm.start();
  },

  async errors() {
    const rtm = new RTMClient(token, { slackApiUrl });
    await rtm.start();
    try {
      await rtm.sendMessage('', conversationId);
    } catch (error) {
      print(error instanceof Error, error.code === ErrorCode.SendMessagePlatformError, error.data.error.msg);
    }
    await rtm.disconnect();
    await new RTMClient('xoxb-wrong', { slackApiUrl }).start().catch((error) => print(error.code, error.data.error));
  },

  async typing() {
    const rtm = new RTMClient(token, { slackApiUrl });
    await rtm.start();
    print(await rtm.sendTyping(conversationId));
    await rtm.disconnect();
  },

  async presence() {
    const rtm = new RTMClient(token, { slackApiUrl });
    rtm.on('presence_change', async ({ users = [], presence }) => {
      print(users.includes(userId), presence);
      if (presence === 'away') await rtm.disconnect();
    });
    await rtm.start({ batch_presence_aware: true });
    await rtm.subscribePresence([userId]);
  },

  async snapshot() {
    const rtm = new RTMClient(token, { slackApiUrl, useRtmConnect: false });
    rtm.on('authenticated', ({ channels, users }) => print(channels.map(({ name }) => name).join(), users.length));
    rtm.on('ready', () => rtm.disconnect());
    await rtm.start();
  },

  async logging() {
    const lines = [];
    const log =
      (level) =>
      (...parts) =>
        lines.push([level, parts.length]);
    const logger = {
      debug: log('debug'),
      info: log('info'),
      warn: log('warn'),
      error: log('error'),
      setLevel: (level) => lines.push([level]),
      getLevel() {},
      setName: (name) => lines.push([name]),
    };
    const rtm = new RTMClient(token, { slackApiUrl, logger, logLevel: LogLevel.DEBUG });
    rtm.on('ready', () => rtm.disconnect());
    rtm.on('disconnected', () =>
      print(...['debug', 'error', /^rtm-api:RTMClient:\d$/].map((word) => lines.some(([first]) => first.match(word)))),
    );
    await rtm.start();
  },

  async agent() {
    let connections = 0;
    const agent = new (class extends http.Agent {
      createConnection(...args) {
        connections += 1;
        return super.createConnection(...args);
      }
    })();
    const rtm = new RTMClient(token, { slackApiUrl, agent });
    rtm.on('ready', async () => {
      print(connections);
      await rtm.disconnect();
    });
    await rtm.start();
  },

  async webClient() {
    const web = new WebClient(token, { slackApiUrl, headers: { 'x-own': 'yes' } });
    const rtm = new RTMClient(token, { webClient: web });
    rtm.on('ready', () => rtm.disconnect());
    const { ok, response_metadata: metadata } = await rtm.start();
    print(ok, typeof metadata);
  },
};

TOPICS[process.argv[2]]();
