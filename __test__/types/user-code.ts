// Code of bots written for `@slack/rtm-api`. It also compiles with that package's typings (tsconfig.slack.json).

import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { ConsoleLogger, LogLevel as LoggerLogLevel } from '@slack/logger';
import { WebClient, retryPolicies, type WebAPICallResult } from '@slack/web-api';
import { EventEmitter } from 'eventemitter3';
import {
  ErrorCode,
  LogLevel,
  RTMClient,
  type CodedError,
  type Logger,
  type RTMCallError,
  type RTMCallResult,
  type RTMClientOptions,
  type RTMNoReplyReceivedError,
  type RTMPlatformError,
  type RTMSendWhileDisconnectedError,
  type RTMSendWhileNotReadyError,
  type RTMStartOptions,
  type RTMWebsocketError,
} from 'slack-rtm-native';

const token = process.env.SLACK_BOT_TOKEN ?? '';

// Options, one by one and all together.

const web = new WebClient(token);

const logger: Logger = {
  debug: (...message) => console.debug(...message),
  info: (...message) => console.info(...message),
  warn: (...message) => console.warn(...message),
  error: (...message) => console.error(...message),
  setLevel: (level) => console.log(level),
  getLevel: () => LogLevel.INFO,
  setName: (name) => console.log(name),
};

const options: RTMClientOptions = {
  webClient: web,
  slackApiUrl: 'https://slack.example/api/',
  logger,
  logLevel: LogLevel.DEBUG,
  retryConfig: retryPolicies.fiveRetriesInFiveMinutes,
  agent: new Agent({ keepAlive: true }),
  autoReconnect: false,
  useRtmConnect: false,
  clientPingTimeout: 30_000,
  serverPongTimeout: 10_000,
  replyAckOnReconnectTimeout: 4_000,
  tls: { ca: readFileSync('ca.pem'), key: 'key', cert: ['one', 'two'], passphrase: 'secret' },
};

const rtm = new RTMClient(token, options);
new RTMClient(token);
new RTMClient(token, { logger: new ConsoleLogger(), logLevel: LoggerLogLevel.ERROR });
new RTMClient(token, { retryConfig: { retries: 5, factor: 3, minTimeout: 1, maxTimeout: 9, randomize: true } });
new RTMClient(token, { retryConfig: { forever: true, unref: true, maxRetryTime: 60_000 } });
new RTMClient(token, { tls: { pfx: [{ buf: 'pfx', passphrase: 'secret' }], key: [{ pem: 'key' }] } });

// Events: any name, any fields.

rtm.on('message', async (event) => {
  if (event.subtype === undefined && event.user !== rtm.activeUserId) {
    const reply: RTMCallResult = await rtm.sendMessage(`Hello <@${event.user}>`, event.channel);
    console.log(reply.ts, reply.reply_to, reply.error?.code, reply.error?.msg);
  }
});

rtm.on('message::channel_topic', (event: { topic: string }) => console.log(event.topic));
rtm.once(Symbol.for('own'), () => undefined);
rtm.addListener('reaction_added', ({ reaction, item }) => console.log(reaction, item.channel));

const count: Record<string, number> = {};
rtm.on('slack_event', (type, event) => {
  count[type] = (count[type] ?? 0) + 1;
  console.log(event.envelope.whatever);
});
rtm.on('slack_event', (type: string, event: { ts?: string }) => console.log(type.length, event.ts));

rtm.on('authenticated', (data) => {
  console.log(data.self.id, data.self.name, data.self.prefs.tz, data.team.domain, data.team.prefs.locale);
  for (const channel of data.channels) console.log(channel.name);
});
rtm.on('authenticated', (data: WebAPICallResult) => console.log(data.ok, data.error));
rtm.on('unable_to_rtm_start', (error) => console.error(error.code, error.data.error, error.original.message));
rtm.on('error', (error) => console.error(error.message, error.code, error.original.errno));
rtm.on('disconnected', (error) => {
  if (error) console.error(error.message, error.code, error.reason, error.data.error);
});
rtm.on('disconnected', (error?: Error) => console.error(error?.stack));
rtm.on('disconnected', (error) => console.error(error.message));
rtm.on('ready', (nothing) => console.log(nothing.at.all));
rtm.on('outgoing_message', (message) => console.log(message.id, message.type, message.text.length));

for (const name of ['connecting', 'authenticated', 'connected', 'ready', 'reconnecting', 'disconnected'] as const) {
  rtm.on(name, () => console.log(name));
  rtm.on(name, (argument) => console.log(name, argument));
  rtm.on(name, (...args) => console.log(name, args[0]));
}

class Context {
  readonly seen: string[] = [];
  onMessage(event: { text: string }): void {
    this.seen.push(event.text);
  }
}
const context = new Context();
rtm.on('message', context.onMessage, context).once('hello', () => undefined, context);
rtm.on(
  'ready',
  function (this: Context) {
    this.seen.push('ready');
  },
  context,
);
rtm.off('message', context.onMessage, context);
rtm.removeListener('message', context.onMessage).removeAllListeners('hello').removeAllListeners();
console.log(rtm.emit('own', 1, 2), rtm.listenerCount('message'), rtm.listeners('message'), rtm.eventNames());

// Methods.

async function talk(): Promise<void> {
  const startOptions: RTMStartOptions = { batch_presence_aware: true, presence_sub: true };
  const result: WebAPICallResult = await rtm.start(startOptions);
  console.log(result.ok, result.error, result.response_metadata?.scopes, result.response_metadata?.warnings);
  await rtm.start({ no_latest: true, no_unreads: true, simple_latest: true, mpim_aware: true, include_locale: true });

  const { self } = (await rtm.start()) as WebAPICallResult & { self: { id: string; name: string } };
  const { users } = (await rtm.start()) as WebAPICallResult & { users: { id: string }[] };
  console.log(self.name, users.length);

  const id: number = await rtm.send('message', { text: 'now', channel: 'C1' });
  await rtm.send('ping');
  const reply: RTMCallResult = await rtm.addOutgoingEvent(true, 'message', { text: 'queued', channel: 'C1' });
  const nothing: void = await rtm.addOutgoingEvent(false, 'typing', { channel: 'C1' });
  const sent: Promise<void>[] = [rtm.sendTyping('C1'), rtm.subscribePresence(['U1', 'U2']), rtm.disconnect()];
  const state: boolean[] = [rtm.connected, rtm.authenticated];
  const ids: (string | undefined)[] = [rtm.activeUserId, rtm.activeTeamId];
  console.log(id, reply, nothing, sent, state, ids);
}

// Errors, distinguished by code.

function explain(error: RTMCallError): string {
  switch (error.code) {
    case ErrorCode.SendMessagePlatformError:
      return error.data.error === undefined ? 'refused' : `${error.data.error.code}: ${error.data.error.msg}`;
    case ErrorCode.WebsocketError:
      return error.original.message;
    case ErrorCode.NoReplyReceivedError:
    case ErrorCode.SendWhileDisconnectedError:
    case ErrorCode.SendWhileNotReadyError:
      return error.message;
  }
}

function isCoded(error: unknown): error is CodedError {
  return error instanceof Error && 'code' in error;
}

talk().catch((error: unknown) => {
  if (!isCoded(error)) throw error;
  if (error.code === ErrorCode.SendMessagePlatformError) console.log((error as RTMPlatformError).data);
  if (error.code === ErrorCode.KeepAliveConfigError) console.log(error.errno, error.stack);
});

const codes: ErrorCode[] = [ErrorCode.KeepAliveClientNotConnected, ErrorCode.KeepAliveInconsistentState];
const others: (RTMWebsocketError | RTMNoReplyReceivedError)[] = [];
const more: (RTMSendWhileDisconnectedError | RTMSendWhileNotReadyError)[] = [];
console.log(codes, [...others, ...more].map(explain));

// The client as a base class and as an emitter.

class Bot extends RTMClient {
  constructor(
    token: string,
    readonly name: string,
    options?: RTMClientOptions,
  ) {
    super(token, { ...options, autoReconnect: true });
  }

  override async sendMessage(text: string, conversationId: string): Promise<RTMCallResult> {
    this.log.info(text);
    return super.sendMessage(`${this.name}: ${text}`, conversationId);
  }

  override on(event: string | symbol, listener: (...args: any[]) => void, context?: any): this {
    return super.on(event, listener, context);
  }

  get log(): Logger {
    return logger;
  }
}

function listen(emitter: EventEmitter): EventEmitter {
  return emitter.on('message', () => undefined);
}
listen(rtm);
listen(new Bot(token, 'bot'));
