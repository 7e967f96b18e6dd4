// Replacements of a client: mocks with the types of Jest and sinon, fakes, subclasses. Also a WebClient with the same options,
// errors compared with the codes of `@slack/web-api`, and events of `@slack/types`. It also compiles with the typings of
// `@slack/rtm-api`.

import { ErrorCode as WebErrorCode, WebClient, type WebAPICallError, type WebAPICallResult } from '@slack/web-api';
import type {
  AllMessageEvents,
  ChannelCreatedEvent,
  ChannelLeftEvent,
  PinAddedEvent,
  PinRemovedEvent,
  SlackEvent,
  SubteamCreatedEvent,
  TeamJoinEvent,
  ThreadBroadcastMessageEvent,
  UserChangeEvent,
} from '@slack/types';
import { LogLevel, RTMClient, type RTMClientOptions, type RTMStartOptions } from 'slack-rtm-native';

// Mocks: their types use the parameters and the result of a method.

type Mocked<T> = T & {
  [K in keyof T]: T[K] extends (...args: infer Args) => infer Result
    ? { gives(value: Awaited<Result>): void; does(fake: (...args: Args) => Result): void; calls: Args[] }
    : T[K];
};

export function prepare(rtm: Mocked<RTMClient>): void {
  rtm.start.gives({ ok: true });
  rtm.start.does(async () => ({ ok: true }));
  rtm.sendMessage.gives({ ts: '1.0' });
  rtm.disconnect.gives(undefined);
  rtm.on.does((event, listener) => {
    if (event === 'message') listener({ text: 'made up' });
    return rtm;
  });
  const [event, listener] = rtm.on.calls[0]!;
  listener({ text: event });
}

// Fakes.

export const fakes: Partial<RTMClient>[] = [
  { start: async () => ({ ok: true }), disconnect: async () => undefined, activeUserId: 'U1' },
  { start: () => Promise.resolve({ ok: true }), sendMessage: async (text, channel) => ({ ts: text + channel }) },
];
export class Fake implements Pick<RTMClient, 'start' | 'sendMessage'> {
  async start() {
    return { ok: true };
  }
  async sendMessage() {
    return { ts: '1.0' };
  }
}
export interface Started {
  start(options?: RTMStartOptions): Promise<WebAPICallResult>;
}

// Subclasses.

export class Counting extends RTMClient implements Started {
  starts = 0;
  override async start(options?: RTMStartOptions): Promise<WebAPICallResult> {
    this.starts += 1;
    return super.start(options);
  }
}

// The result of start(), typed in different ways.

interface Self {
  id: string;
  name: string;
  prefs: { tz: string };
}
export async function who(rtm: RTMClient): Promise<string> {
  const { self } = (await rtm.start()) as WebAPICallResult & { self: Self };
  const result = await rtm.start();
  const [again] = await Promise.all([rtm.start(), new Promise<void>((resolve) => rtm.once('ready', resolve))]);
  return self.prefs.tz + result.error?.length + result.response_metadata?.next_cursor + again.ok;
}

// Options that are read.

export interface BotOptions extends RTMClientOptions {
  prefix: string;
}
export class Bot {
  readonly rtm: RTMClient;
  readonly web: WebClient;
  constructor(token: string, options: BotOptions) {
    const { logger, logLevel = LogLevel.INFO, agent, slackApiUrl, retryConfig, webClient } = options;
    logger?.info(logger.getLevel());
    webClient?.chat.postMessage({ channel: 'C1', text: options.prefix });
    this.rtm = new RTMClient(token, options);
    this.web = new WebClient(token, { logger, logLevel, agent, slackApiUrl, retryConfig });
  }
}

// Errors.

export function watch(rtm: RTMClient): void {
  rtm.on('unable_to_rtm_start', (error) => {
    const known: WebAPICallError = error;
    if (error.code === WebErrorCode.PlatformError) console.error(error.data.error);
    else if (error.code === WebErrorCode.RateLimitedError) console.error(error.retryAfter * 1000, known);
  });
  rtm.on('error', ({ code, original, message }) => code === 'ECONNRESET' || console.error(original.code, message));
}

// Events.

function handle(event: SlackEvent | AllMessageEvents): void {
  console.log(event.type);
}
export function listen(rtm: RTMClient): void {
  rtm.on<string>('message', (event) => console.log(event.whatever));
  rtm.on('message', (event) => handle(event));
  rtm.on('message', (event) => {
    const broadcast: ThreadBroadcastMessageEvent = event;
    handle(broadcast.root);
  });
  rtm.on('team_join', (event: TeamJoinEvent) => handle(event));
  rtm.on('team_join', (event) => handle(event));
  rtm.on('user_change', (event) => {
    const change: UserChangeEvent = event;
    handle(change);
  });
  rtm.on('channel_created', (event) => {
    const created: ChannelCreatedEvent = event;
    handle(created);
  });
  rtm.on('channel_left', (event) => {
    const left: ChannelLeftEvent = event;
    handle(left);
  });
  rtm.on('pin_added', (event) => {
    const pin: PinAddedEvent = event;
    handle(pin);
  });
  rtm.on('pin_removed', (event) => {
    const pin: PinRemovedEvent = event;
    handle(pin);
  });
  rtm.on('subteam_created', (event) => {
    const subteam: SubteamCreatedEvent = event;
    handle(subteam);
  });
}
