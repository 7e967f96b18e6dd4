// A bot in TypeScript (strict) that tells errors apart by their `code`, never by their message: "tell C0123 something" has
// it say something elsewhere, and whoever asked hears what came of it.
//
//   npm run example -- typescript-bot
import { ErrorCode, RTMClient, type RTMCallError, type RTMConnectError } from 'slack-rtm-native';

const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN ?? '', {
  slackApiUrl: process.env.SLACK_API_URL,
  replyTimeout: 5000, // else a message waits for its reply as long as the connection stands
});

rtm.on('message', async (event) => {
  const [, channel, text] = /^tell (\S+) (.+)$/.exec(event.text ?? '') ?? [];
  if (channel === undefined || text === undefined || event.user === rtm.activeUserId) return;
  try {
    const { ts } = await rtm.sendMessage(text, channel);
    await reply(event.channel, `Said, at ${ts}.`);
  } catch (error) {
    await reply(event.channel, `Not said: ${explain(error as RTMCallError)}.`);
  }
});

/** What became of a message. Each case is another thing to do. */
function explain(error: RTMCallError): string {
  switch (error.code) {
    case ErrorCode.SendMessagePlatformError:
      // Slack's answer is no: trying again cannot help.
      return `Slack refused it, ${error.data.error?.msg ?? 'without a reason'}`;
    case ErrorCode.NoReplyReceivedError:
      // It may have been said: whoever sends it again may say it twice.
      return 'the connection ended before the reply, so look whether it is there';
    case ErrorCode.WebsocketError:
      return `it could not be written, ${error.original.message}`;
    case ErrorCode.SendWhileDisconnectedError:
    case ErrorCode.SendWhileNotReadyError:
      // Only of send(), which does not wait for a connection.
      return 'there is no connection';
    default:
      return `of something unexpected, ${String(error)}`;
  }
}

async function reply(channel: string, text: string): Promise<void> {
  try {
    await rtm.sendMessage(text, channel);
    console.log(text);
  } catch (error) {
    console.error(`could not answer: ${(error as RTMCallError).code}`);
  }
}

/** Why there is no connection, and what can be done about it. */
function advise(error: RTMConnectError): string {
  switch (error.code) {
    case 'slack_webapi_platform_error':
      return error.data.error === 'invalid_auth'
        ? 'the token is wrong: set SLACK_BOT_TOKEN'
        : `Slack says ${error.data.error}`;
    case 'slack_webapi_request_error':
      return `Slack cannot be reached: ${error.original.message}`;
    case 'slack_webapi_rate_limited_error':
      return `too many connect calls: Slack wants ${error.retryAfter} s of silence`;
    case 'slack_webapi_http_error':
      return `something answers with ${error.statusCode} in place of Slack`;
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

main().catch(() => {}); // told by `unable_to_rtm_start`
