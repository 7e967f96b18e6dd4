// The typings without those of Node and of browsers: only the types of the language are available.

import { ErrorCode, LogLevel, RTMClient, retryPolicies, type RTMClientOptions, type RTMError } from 'slack-rtm-native';

const options: RTMClientOptions = {
  logLevel: LogLevel.DEBUG,
  retryConfig: retryPolicies.fiveRetriesInFiveMinutes,
  tls: { ca: new Uint8Array(1), key: [{ pem: 'key', passphrase: 'secret' }], pfx: [{ buf: new Uint8Array(1) }] },
  proxy: 'http://proxy.example:3128',
  headers: { Cookie: 'd=1' },
};
const rtm = new RTMClient('xoxb-token', options);
rtm.on('message', async (event) => {
  const { ts } = await rtm.sendMessage(event.text, event.channel);
  return ts.length;
});
rtm.start().catch((error: RTMError) => {
  if (error.code === ErrorCode.WebsocketError) throw error.original;
  if (error.code === 'slack_webapi_http_error') throw new Error(error.headers['retry-after']);
});
// @ts-expect-error: an agent is an http.Agent
new RTMClient('xoxb-token', { agent: { destroy: () => undefined } });
// @ts-expect-error: Node's types are missing
process.exit();
