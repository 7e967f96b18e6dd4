// A bot in strict TypeScript that distinguishes errors by their `code`, never by their message. "tell C0123 hello" makes it
// send "hello" to the conversation C0123 and report the result.
//
//   npm run example -- typescript-bot
import { ErrorCode, RTMClient, type RTMCallError, type RTMConnectError } from 'slack-rtm-native';

const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN ?? '', {
  slackApiUrl: process.env.SLACK_API_URL,
  replyTimeout: 5000, // the default, 0, waits until the connection ends
});

rtm.on('message', async (event) => {
  const [, channel, text] = /^tell (\S+) (.+)$/.exec(event.text ?? '') ?? [];
  if (channel === undefined || text === undefined || event.user === rtm.activeUserId) return;
  try {
    const { ts } = await rtm.sendMessage(text, channel);
    await reply(event.channel, `Sent, its ts is ${ts}.`);
  } catch (error) {
    await reply(event.channel, `Not sent: ${explain(error as RTMCallError)}.`);
  }
});

/** Why a message was not sent. A bot can react to each case differently. */
function explain(error: RTMCallError): string {
  switch (error.code) {
    case ErrorCode.SendMessagePlatformError:
      // Slack refused the message. A retry cannot help.
      return `Slack refused it (${error.data.error?.msg ?? 'no reason given'})`;
    case ErrorCode.NoReplyReceivedError:
      // Slack may have the message. A retry can post it twice.
      return 'no reply arrived, so check whether it was posted';
    case ErrorCode.WebsocketError:
      return `it could not be written (${error.original.message})`;
    case ErrorCode.SendWhileDisconnectedError:
    case ErrorCode.SendWhileNotReadyError:
      // Only send() rejects with these: it does not wait for a connection.
      return 'there is no connection';
    default:
      return `unexpected error, ${String(error)}`;
  }
}

async function reply(channel: string, text: string): Promise<void> {
  try {
    await rtm.sendMessage(text, channel);
    console.log(text);
  } catch (error) {
    console.error(`could not reply: ${(error as RTMCallError).code}`);
  }
}

/** Why there is no connection, and what to do about it. */
function advise(error: RTMConnectError): string {
  switch (error.code) {
    case 'slack_webapi_platform_error':
      return error.data.error === 'invalid_auth'
        ? 'the token is wrong: set SLACK_BOT_TOKEN'
        : `Slack says ${error.data.error}`;
    case 'slack_webapi_request_error':
      return `Slack cannot be reached: ${error.original.message}`;
    case 'slack_webapi_rate_limited_error':
      return `too many connect calls: Slack asks to wait for ${error.retryAfter} s`;
    case 'slack_webapi_http_error':
      return `the server returned HTTP status ${error.statusCode}`;
  }
}

rtm.on('unable_to_rtm_start', (error) => console.error(advise(error)));
rtm.on('disconnected', (error) => {
  if (error !== undefined) process.exitCode = 1;
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void rtm.disconnect());

async function main(): Promise<void> {
  const { self, team } = await rtm.start();
  console.log(`connected as ${self.name} of ${team.name}`);
}

main().catch(() => {}); // the `unable_to_rtm_start` listener reports the error
