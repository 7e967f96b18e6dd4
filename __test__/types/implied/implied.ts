// Uses names of Node's without asking for Node's types: the package's typings make them known, where they are installed.

import { RTMClient } from 'slack-rtm-native';

const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN as string);
process.on('SIGTERM', () => rtm.disconnect());
rtm.on('message', (event) => console.log(Buffer.from(event.text)));
