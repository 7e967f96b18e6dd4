// What this package's typings have beyond those of `@slack/rtm-api`.

import {
  ErrorCode,
  RTMClient,
  type CodedError,
  type RTMCallResult,
  type RTMClientEvents,
  type RTMClientOptions,
  type RTMClientState,
  type RTMConnectError,
  type RTMConnectResult,
  type RTMLogger,
  type RTMWebClient,
  type RTMWebsocketError,
} from 'slack-rtm-native';

/** Compiles only where the type of `value` is exactly `T`. */
function exactly<T>(): <V>(value: V, ...same: Same<T, V> extends true ? [] : [never]) => void {
  return () => undefined;
}
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

const logger: RTMLogger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
  setName: () => undefined,
};

const webClient: RTMWebClient = { apiCall: async (method: string) => ({ ok: true, method }) };

const options: RTMClientOptions = {
  logger,
  logLevel: 'debug',
  webClient,
  proxy: 'socks5h://user:password@proxy.example:1080',
  headers: { Cookie: 'd=1' },
  requestTimeout: 0,
  connectTimeout: 10_000,
  replyTimeout: 5_000,
  maxPendingReplies: 1,
  tls: { ca: ['one', Buffer.from('two')], headers: { Cookie: 'd=1' } },
};

const rtm = new RTMClient('xoxb-token', options);

// The result of `start()` and of sending, as a body any object.

interface Message {
  text: string;
  channel: string;
}

export async function talk(message: Message, awaitReply: boolean): Promise<void> {
  const { ok, url, self, team, response_metadata, users } = await rtm.start({ token: 'xoxb-other' });
  exactly<boolean>()(ok);
  exactly<string>()(url);
  exactly<string>()(self.id);
  exactly<string>()(self.name);
  exactly<string>()(team.domain);
  exactly<string[] | undefined>()(response_metadata?.acceptedScopes);
  exactly<any>()(users);

  exactly<RTMCallResult>()(await rtm.addOutgoingEvent(true, 'message', message));
  exactly<undefined>()(await rtm.addOutgoingEvent(false, 'message', message));
  exactly<RTMCallResult | undefined>()(await rtm.addOutgoingEvent(awaitReply, 'message', message));
  exactly<number>()(await rtm.send('message', message));
  exactly<string | undefined>()((await rtm.sendMessage('hello', 'C1')).text);
  exactly<number>()(await rtm.ping());
}

// Health.

exactly<number | undefined>()(rtm.latency);
exactly<number | undefined>()(rtm.lastActivity);
exactly<RTMClientState>()(rtm.state);
exactly<RTMClientState>()(rtm.stateMachine.getCurrentState());
rtm.webClient.chat.postMessage({ channel: 'C1', text: 'hello' });
rtm['webClient'].users.info({ user: 'U1' });

// Lifecycle events know what they hand over.

rtm.on('authenticated', (result) => exactly<RTMConnectResult>()(result));
rtm.once('slack_event', (type, event) => exactly<[any, any]>()([type, event] as [typeof type, typeof event]));
rtm.addListener('outgoing_message', (message) => exactly<number>()(message.id));
rtm.on('error', (error) => exactly<string>()(error.original.message));

rtm.on('unable_to_rtm_start', (error) => {
  exactly<RTMConnectError['code']>()(error.code);
  explain(error);
});

rtm.on('disconnected', (error?: RTMConnectError | RTMWebsocketError) => {
  if (error === undefined) return;
  if (error.code === ErrorCode.WebsocketError) exactly<string>()(error.original.message);
  else explain(error);
});

function explain(error: RTMConnectError): void {
  switch (error.code) {
    case 'slack_webapi_request_error':
      exactly<string>()(error.original.message);
      return exactly<any>()(error.original.syscall);
    case 'slack_webapi_http_error':
      exactly<number>()(error.statusCode);
      exactly<string>()(error.statusMessage);
      exactly<string | undefined>()(error.headers['content-type']);
      exactly<any>()(error.body);
      return;
    case 'slack_webapi_rate_limited_error':
      return exactly<number>()(error.retryAfter);
    case 'slack_webapi_platform_error':
      exactly<string>()(error.data.error);
      exactly<any>()(error.data.needed);
      return;
    default:
      return exactly<never>()(error);
  }
}

// A table of listeners.

const listeners: { [E in keyof RTMClientEvents]?: (...args: RTMClientEvents[E]) => void } = {
  authenticated: ({ team }) => console.log(team.name),
  disconnected: (error) => console.log(error?.message),
};
console.log(listeners);

// `ErrorCode` is an enum, not only a type.

const code: ErrorCode = ErrorCode['WebsocketError'];
export const isWebsocketError = (error: CodedError): boolean => error.code === code;
