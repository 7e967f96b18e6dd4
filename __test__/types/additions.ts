// Typings that this package has in addition to those of `@slack/rtm-api`.

import * as http from 'node:http';
import * as https from 'node:https';
import { WebClient, retryPolicies as theirPolicies } from '@slack/web-api';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { SocksProxyAgent } from 'socks-proxy-agent';
import {
  ErrorCode,
  RTMClient,
  retryPolicies,
  type CodedError,
  type RTMApiCallResult,
  type RTMCallResult,
  type RTMClientEvents,
  type RTMClientState,
  type RTMConnectError,
  type RTMConnectResult,
  type RTMConstructorOptions,
  type RTMLogger,
  type RTMResponseMetadata,
  type RTMRetryOptions,
  type RTMTLSOptions,
  type RTMWebClient,
  type RTMWebsocketError,
} from 'slack-rtm-native';

/** Only compiles if the type of `value` is exactly `T`. */
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

const options: RTMConstructorOptions = {
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

// The results of `start()` and of sending. A body is any object.

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

// Lifecycle events have typed arguments.

rtm.on('authenticated', (result) => exactly<RTMConnectResult>()(result));
rtm.once('slack_event', (type, event) => exactly<[any, any]>()([type, event] as [typeof type, typeof event]));
rtm.addListener('outgoing_message', (message) => exactly<number>()(message.id));
rtm.on('error', (error: RTMWebsocketError) => exactly<string>()(error.original.message));
rtm.on('error', (error) => exactly<string>()(error.message));

rtm.on('unable_to_rtm_start', (error) => explain(error));
rtm.on('unable_to_rtm_start', (error: RTMConnectError) => exactly<RTMConnectError['code']>()(error.code));

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

// `ErrorCode` is an enum and not only a type.

const code: ErrorCode = ErrorCode['WebsocketError'];
export const isWebsocketError = (error: CodedError): boolean => error.code === code;

// Any method of the Web API: the caller may give the type of the response.

interface Members {
  ok: boolean;
  members: { id: string; name?: string }[];
  response_metadata?: { next_cursor?: string };
}
type User = { user: { id: string } };

export async function call(): Promise<void> {
  const response = await rtm.apiCall('chat.postMessage', {
    channel: 'C1',
    text: 'hello',
    blocks: [{ type: 'divider' }],
  });
  exactly<RTMApiCallResult>()(response);
  exactly<boolean>()(response.ok);
  exactly<any>()(response.ts);
  exactly<string[] | undefined>()(response.response_metadata?.scopes);
  exactly<string | undefined>()(response.response_metadata?.next_cursor);
  exactly<any>()(response.response_metadata?.whatever);

  const { members, response_metadata } = await rtm.apiCall<Members>('users.list', { limit: 100, cursor: undefined });
  exactly<{ id: string; name?: string }[]>()(members);
  exactly<string | undefined>()(response_metadata?.next_cursor);
  exactly<string>()((await rtm.apiCall<User>('users.info', { user: 'U1', token: 'xoxp-other' })).user.id);
  exactly<Promise<RTMApiCallResult>>()(rtm.apiCall('api.test'));
  const named: User = await rtm.apiCall<User>('users.info');
  console.log(named);

  await rtm.apiCall('files.upload', { file: Buffer.from('x'), other: new Uint8Array(1), nothing: null });
  await rtm.apiCall('files.upload', { file: new Blob(['x']) });
  const method: string = 'api.test';
  const options: Record<string, unknown> | undefined = undefined;
  await rtm.apiCall(method, options);
}

export async function failing(): Promise<void> {
  await rtm.apiCall('api.test').catch((error: RTMConnectError) => explain(error));
}

const metadata: RTMResponseMetadata = { scopes: ['bot'], acceptedScopes: [], warnings: ['x'], messages: ['y'] };
const result: RTMApiCallResult = { ok: true, response_metadata: metadata, anything: 1 };
console.log(result.anything);

// Retries: our policies, those of `@slack/web-api`, and custom ones.

exactly<number | undefined>()(retryPolicies.rapidRetryPolicy.maxTimeout);
for (const retryConfig of [
  retryPolicies.tenRetriesInAboutThirtyMinutes,
  retryPolicies.fiveRetriesInFiveMinutes,
  retryPolicies.rapidRetryPolicy,
]) {
  new RTMClient('xoxb-token', { retryConfig });
}
new RTMClient('xoxb-token', { retryConfig: theirPolicies.fiveRetriesInFiveMinutes });
new RTMClient('xoxb-token', { retryConfig: { ...retryPolicies.rapidRetryPolicy, retries: 3, forever: true } });
const retry: RTMRetryOptions = { unref: true, randomize: undefined };
new WebClient('xoxb-token', { retryConfig: { ...retryPolicies.fiveRetriesInFiveMinutes, ...retry } });

// A proxy: a string or a URL.

for (const proxy of ['http://proxy.example:3128', new URL('socks5://proxy.example'), process.env.PROXY, undefined]) {
  new RTMClient('xoxb-token', { proxy });
}

// Agents of Node, and of proxies.

for (const agent of [
  new http.Agent({ keepAlive: true }),
  new https.Agent({ ca: 'ca', maxSockets: 1 }),
  https.globalAgent,
  new HttpsProxyAgent('http://proxy.example:3128'),
  new SocksProxyAgent('socks5://proxy.example'),
  undefined,
]) {
  new RTMClient('xoxb-token', { agent });
}

// TLS: all forms that Node accepts.

const forms: RTMTLSOptions[] = [
  {},
  { ca: 'one' },
  { ca: Buffer.from('one') },
  { ca: ['one', Buffer.from('two')], cert: Buffer.from('cert'), key: Buffer.from('key'), passphrase: 'secret' },
  { key: [{ pem: 'key', passphrase: 'secret' }, 'other'], cert: ['one', 'two'] },
  { pfx: Buffer.from('pfx'), passphrase: 'secret' },
  { pfx: [{ buf: Buffer.from('pfx'), passphrase: 'secret' }, 'other'] },
  { rejectUnauthorized: false },
  { headers: { Cookie: ['a=b', 'c=d'], 'X-Number': 5, 'X-None': undefined } },
  { ca: undefined, key: undefined, cert: undefined, pfx: undefined, passphrase: undefined },
];
for (const tls of forms) new RTMClient('xoxb-token', { tls });

// A webClient: the real one, an object, a class, and one with narrower types.

class Counting {
  #calls = 0;
  async apiCall(method: string, given?: Record<string, unknown>): Promise<{ ok: true; method: string }> {
    this.#calls += 1;
    console.log(given);
    return { ok: true, method };
  }
}
for (const made of [new WebClient('xoxb-token'), new Counting(), { apiCall: () => Promise.resolve(null) }, undefined]) {
  new RTMClient('', { webClient: made });
}
const asked: Promise<any> = new RTMClient('', { webClient: new Counting() }).webClient.apiCall('api.test');
console.log(asked);
