// Uses Node's types without a reference to them: the package's typings make them known if they are installed.

import { RTMClient } from 'slack-rtm-native';

const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN as string);
process.on('SIGTERM', () => rtm.disconnect());
rtm.on('message', (event) => console.log(Buffer.from(event.text)));
