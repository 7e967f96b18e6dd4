// A bot in TypeScript with strict options. It is compiled to CommonJS and to an ES module.
import { ErrorCode, LogLevel, RTMClient, type RTMCallError, type RTMClientOptions } from '@slack/rtm-api';
import { fromEvent } from 'rxjs';

interface Message {
  text: string;
  user: string;
  channel: string;
}

class Bot extends RTMClient {
  public constructor(token: string, options: RTMClientOptions = {}) {
    super(token, options);
    this.on('message', this.onMessage, this);
    fromEvent(this, 'message').subscribe(() => console.log('> seen'));
  }

  private async onMessage({ text, user, channel }: Message): Promise<void> {
    if (user === this.activeUserId) return;
    try {
      await this.sendMessage(text === 'nothing' ? '' : `${text}, <@${user}>`, channel);
    } catch (error) {
      const failure = error as RTMCallError;
      if (failure.code !== ErrorCode.SendMessagePlatformError) throw failure;
      console.log('>', failure.data.error?.msg);
      await this.disconnect();
    }
  }
}

const bot = new Bot(process.env.SLACK_BOT_TOKEN ?? '', {
  slackApiUrl: process.env.SLACK_API_URL,
  logLevel: LogLevel.ERROR,
});
bot.start().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
