// Mistakes that the typings must report. Each line after `@ts-expect-error` is one.

import {
  ErrorCode,
  LogLevel,
  RTMClient,
  retryPolicies,
  type Logger,
  type RTMCallError,
  type RTMConnectError,
} from 'slack-rtm-native';

declare const logger: Logger;

// @ts-expect-error: no token
new RTMClient();
// @ts-expect-error: a token is a string
new RTMClient(42);
// @ts-expect-error: a misspelt option
new RTMClient('xoxb-token', { autoReconect: false });
// @ts-expect-error: a time is a number of milliseconds
new RTMClient('xoxb-token', { clientPingTimeout: '6s' });
// @ts-expect-error: no such level
new RTMClient('xoxb-token', { logLevel: 'verbose' });
// @ts-expect-error: a logger needs setName and setLevel
new RTMClient('xoxb-token', { logger: console });
// @ts-expect-error: apiCall is missing
new RTMClient('xoxb-token', { webClient: {} });
// @ts-expect-error: an agent is an http.Agent
new RTMClient('xoxb-token', { agent: 'http://proxy.example:3128' });
// @ts-expect-error: a certificate authority is a string, a Buffer or an array of them
new RTMClient('xoxb-token', { tls: { ca: 1 } });
// @ts-expect-error: a header is a string, a number or a list
new RTMClient('xoxb-token', { headers: { 'X-Object': {} } });

export async function talk(rtm: RTMClient, awaitReply: boolean): Promise<void> {
  // @ts-expect-error: a misspelt argument
  await rtm.start({ batch_presence_awere: true });
  // @ts-expect-error: no conversation
  await rtm.sendMessage('hello');
  // @ts-expect-error: a list of users
  await rtm.subscribePresence('U1');
  // @ts-expect-error: a body is an object
  await rtm.send('message', 'hello');
  // @ts-expect-error: a body is an object
  await rtm.addOutgoingEvent(true, 'message', 'hello');
  // @ts-expect-error: the type is missing
  await rtm.addOutgoingEvent(true);
  // @ts-expect-error: without awaitReply there is no reply
  (await rtm.addOutgoingEvent(false, 'message')).ts;
  // @ts-expect-error: there may be no reply
  (await rtm.addOutgoingEvent(awaitReply, 'message')).ts;
}

export function listen(rtm: RTMClient): void {
  // @ts-expect-error: a listener is a function
  rtm.on('message', 'not a function');
  // @ts-expect-error: an event has a name
  rtm.on(1, () => undefined);
  // @ts-expect-error: an id is a number
  rtm.on('outgoing_message', (message) => message.id.length);
  // @ts-expect-error: a channel is an id
  rtm.on('message', (event) => event.channel.name);
  // @ts-expect-error: a user is an id
  rtm.once('message', ({ user }) => rtm.subscribePresence(user));
  // @ts-expect-error: a channel's id is in the channel
  rtm.on('channel_created', (event) => rtm.sendMessage('hello', event.channel));
  // @ts-expect-error: a misspelt method
  rtm.addListener('reaction_added', (event) => event.reaction.lenght);
  // @ts-expect-error: a topic is text
  rtm.on('message::channel_topic', (event) => event.topic.value);
  // @ts-expect-error: the type of another event
  rtm.on('hello', (event) => event.type === 'goodbye');
  // @ts-expect-error: the event's name implies the subtype
  rtm.on('message::me_message', (event) => event.subtype === 'bot_message');
  // @ts-expect-error: a message of a subtype that is not known is a message
  rtm.on('message::of_tomorrow', (event) => event.channel.name);
  // @ts-expect-error: the result has a team, which has a name
  rtm.on('authenticated', ({ team }) => team.name.first);
  // @ts-expect-error: a context comes third
  rtm.on('message', {}, () => undefined);
}

export function read(rtm: RTMClient): void {
  // @ts-expect-error: no such state
  rtm.state === 'ready';
  // @ts-expect-error: the state is read-only
  rtm.state = 'connected';
  // @ts-expect-error: there may have been no ping yet
  rtm.latency.toFixed();
  // @ts-expect-error: there may have been no frame yet
  new Date(rtm.lastActivity);
  // @ts-expect-error: without a connection there is no user
  rtm.activeUserId.length;
}

export function explain(error: RTMCallError | RTMConnectError): void {
  // @ts-expect-error: not every error has a cause
  error.original;
  // @ts-expect-error: no such code
  if (error.code === 'slack_rtmapi_unknown') return;
  // @ts-expect-error: this one has no data
  if (error.code === ErrorCode.NoReplyReceivedError) error.data;
  // @ts-expect-error: this one has no cause
  if (error.code === ErrorCode.SendMessagePlatformError) error.original;
  // @ts-expect-error: this one has no retryAfter
  if (error.code === ErrorCode.WebsocketError) error.retryAfter;
  // @ts-expect-error: this one has a message only
  if (error.code === ErrorCode.SendWhileNotReadyError) error.data;
  // @ts-expect-error: this one has no statusCode
  if (error.code === 'slack_webapi_platform_error') error.statusCode;
}

// @ts-expect-error: a proxy is a URL, or its text
new RTMClient('xoxb-token', { proxy: { host: 'proxy.example', port: 3128 } });
// @ts-expect-error: a proxy is a URL, or its text
new RTMClient('xoxb-token', { proxy: 3128 });
// @ts-expect-error: no proxy is undefined
new RTMClient('xoxb-token', { proxy: false });
// @ts-expect-error: an agent is an object
new RTMClient('xoxb-token', { agent: true });
// @ts-expect-error: a proxy is a whole URL
new RTMClient('xoxb-token', { proxy: { href: 'http://proxy.example' } });
// @ts-expect-error: a level is one of four
new RTMClient('xoxb-token', { logLevel: LogLevel.TRACE });
// @ts-expect-error: bytes are a Uint8Array
new RTMClient('xoxb-token', { tls: { ca: new ArrayBuffer(1) } });
// @ts-expect-error: a logger's methods take anything
new RTMClient('xoxb-token', { logger: { ...logger, info: 'info' } });
// @ts-expect-error: an agent has more methods
new RTMClient('xoxb-token', { agent: { createConnection: () => undefined } });
// @ts-expect-error: apiCall returns a promise
new RTMClient('xoxb-token', { webClient: { apiCall: () => ({ ok: true }) } });
// @ts-expect-error: apiCall is a function
new RTMClient('xoxb-token', { webClient: { apiCall: 'rtm.connect' } });
// @ts-expect-error: apiCall gets the method's name first
new RTMClient('xoxb-token', { webClient: { apiCall: async (options: { token: string }) => options } });
// @ts-expect-error: a passphrase is a string
new RTMClient('xoxb-token', { tls: { passphrase: Buffer.from('secret') } });
// @ts-expect-error: a key is text or bytes
new RTMClient('xoxb-token', { tls: { key: { path: 'key.pem' } } });
// @ts-expect-error: a setting of TLS that has no effect
new RTMClient('xoxb-token', { tls: { ciphers: 'ALL' } });
// @ts-expect-error: yes or no
new RTMClient('xoxb-token', { tls: { rejectUnauthorized: 'no' } });
// @ts-expect-error: TLS settings are an object
new RTMClient('xoxb-token', { tls: 'ca.pem' });
// @ts-expect-error: headers have names
new RTMClient('xoxb-token', { headers: ['Cookie: d=1'] });
// @ts-expect-error: a number of retries
new RTMClient('xoxb-token', { retryConfig: { retries: 'many' } });
// @ts-expect-error: a misspelt setting
new RTMClient('xoxb-token', { retryConfig: { retry: 5 } });
// @ts-expect-error: a policy, not its name
new RTMClient('xoxb-token', { retryConfig: 'rapidRetryPolicy' });
// @ts-expect-error: no such policy
retryPolicies.oneRetry;
// @ts-expect-error: policies are read-only
retryPolicies.rapidRetryPolicy.retries = 1;
// @ts-expect-error: policies cannot be replaced
retryPolicies.rapidRetryPolicy = {};

export async function call(rtm: RTMClient): Promise<void> {
  // @ts-expect-error: no method
  await rtm.apiCall();
  // @ts-expect-error: a method has a name
  await rtm.apiCall({ method: 'api.test' });
  // @ts-expect-error: arguments are an object
  await rtm.apiCall('api.test', 'text');
  // @ts-expect-error: a response is an object
  await rtm.apiCall<string>('api.test');
  // @ts-expect-error: the caller's type has no such field
  (await rtm.apiCall<{ user: { id: string } }>('users.info')).users;
  // @ts-expect-error: a promise
  rtm.apiCall('api.test').ok;
  // @ts-expect-error: there may be no metadata
  (await rtm.apiCall('api.test')).response_metadata.scopes;
}
