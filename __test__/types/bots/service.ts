// A bot as a service: options from several sources, loggers, all kinds of errors, and a WebClient. It also compiles with the
// typings of `@slack/rtm-api`.

import { Agent as HttpAgent } from 'node:http';
import { Agent } from 'node:https';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { ConsoleLogger, LogLevel as LoggerLevel, type Logger as SlackLogger } from '@slack/logger';
import {
  LogLevel as WebLevel,
  WebClient,
  retryPolicies,
  type WebAPICallResult,
  type WebClientOptions,
} from '@slack/web-api';
import * as rtmApi from 'slack-rtm-native';
import { ErrorCode, LogLevel, RTMClient, type CodedError, type Logger, type RTMCallError } from 'slack-rtm-native';

const token = process.env.SLACK_BOT_TOKEN ?? '';

// Levels and loggers are those of `@slack/logger`, in both directions.

class Winston implements Logger {
  constructor(private level = LogLevel.INFO) {}
  debug = (...lines: any[]) => console.debug(this.level, ...lines);
  info = (...lines: any[]) => console.info(...lines);
  warn = (...lines: any[]) => console.warn(...lines);
  error = (...lines: any[]) => console.error(...lines);
  setLevel(level: LogLevel) {
    this.level = level;
  }
  getLevel() {
    return this.level;
  }
  setName() {}
}
const ours: Logger = new Winston();
const theirs: SlackLogger = ours;
const back: Logger = theirs;
const level: LoggerLevel = LogLevel.DEBUG;
const levelBack: LogLevel = LoggerLevel.WARN;
const levels: LogLevel[] = [LogLevel.ERROR, LoggerLevel.ERROR, WebLevel.ERROR];
const web = new WebClient(token, { logger: ours, logLevel: LogLevel.DEBUG });
new WebClient(token, { logger: back, logLevel: levelBack, retryConfig: retryPolicies.rapidRetryPolicy });
new RTMClient(token, { logger: new ConsoleLogger(), logLevel: LoggerLevel.ERROR });
new RTMClient(token, { logger: theirs, logLevel: WebLevel.ERROR });
new RTMClient(token, { logger: new Winston(), logLevel: process.env.DEBUG ? LogLevel.DEBUG : LogLevel.INFO });
new RTMClient(token, {
  logger: {
    debug() {},
    info(...msgs) {
      console.log(JSON.stringify(msgs[0].whatever));
    },
    warn: console.warn,
    error: console.error,
    setLevel(to) {
      console.log(to === LogLevel.DEBUG);
    },
    getLevel: () => LogLevel.INFO,
    setName: (name) => console.log(name.length),
  },
});
new ConsoleLogger().setLevel(LogLevel.DEBUG);
console.log(
  level,
  levels.map((each) => each.toUpperCase()),
);

// Options that two clients share.

const shared = {
  slackApiUrl: 'http://localhost:3000/api/',
  retryConfig: { retries: 3 },
  tls: { ca: 'ca' },
  logger: ours,
};
const agent = process.env.PROXY ? new HttpsProxyAgent(process.env.PROXY) : new Agent({ keepAlive: true });
const forWeb: WebClientOptions = { ...shared, agent };
const forRtm: rtmApi.RTMClientOptions = {
  ...shared,
  agent,
  useRtmConnect: false,
  webClient: new WebClient(token, forWeb),
};
for (const each of [agent, new HttpAgent(), undefined]) new rtmApi.RTMClient(token, { agent: each });
const rtm = new rtmApi.RTMClient(token, forRtm);

// The result of the connect call.

interface Connected extends WebAPICallResult {
  self: { id: string; name: string };
  team: { id: string; domain: string };
}
export async function run(): Promise<void> {
  const { self, team } = (await rtm.start()) as Connected;
  const data = (await rtm.start()) as any;
  const result: WebAPICallResult = await rtm.start({ batch_presence_aware: true });
  const { ok, error, response_metadata } = await rtm.start();
  console.log(self.name, team.domain, data.self.prefs, result.ok, ok, error, response_metadata?.scopes);
  await rtm
    .start()
    .then((result: any) => console.log(result.self.id))
    .catch(console.error);
  await rtm.subscribePresence(['U1']);
  const reply = await rtm.sendMessage('hello', 'C1');
  await web.reactions.add({ channel: 'C1', timestamp: reply.ts, name: 'wave' });
}

// Errors.

run().catch((error) => {
  console.error(error.code === ErrorCode.SendMessagePlatformError && error.data.error.msg);
  if (error.code === 'slack_webapi_platform_error') process.exit(1);
});
run().catch((error: RTMCallError) => {
  if (error.code === ErrorCode.SendMessagePlatformError) console.error(error.data.error?.msg, error.data.ts);
  else if (error.code === ErrorCode.WebsocketError) console.error(error.original.message);
  else console.error(error.message, error.stack);
});
run().catch((error: CodedError) => console.error(error.code, error.errno, error.syscall, error.name));
export async function safely(): Promise<void> {
  try {
    await rtm.sendMessage('hello', 'C1');
  } catch (error) {
    const coded = error as CodedError;
    if (coded.code !== ErrorCode.NoReplyReceivedError) throw error;
    const asNode: NodeJS.ErrnoException = coded;
    console.error(asNode.code, (error as rtmApi.RTMPlatformError).data.error?.code);
  }
}
const explanations: Record<ErrorCode, string> = {
  [ErrorCode.SendWhileDisconnectedError]: 'not connected',
  [ErrorCode.SendWhileNotReadyError]: 'not ready',
  [ErrorCode.SendMessagePlatformError]: 'refused',
  [ErrorCode.WebsocketError]: 'socket',
  [ErrorCode.NoReplyReceivedError]: 'no reply',
  [ErrorCode.KeepAliveConfigError]: 'options',
  [ErrorCode.KeepAliveClientNotConnected]: 'keepalive',
  [ErrorCode.KeepAliveInconsistentState]: 'keepalive',
};
console.log(explanations, rtmApi.ErrorCode.WebsocketError, rtmApi.LogLevel.DEBUG);
