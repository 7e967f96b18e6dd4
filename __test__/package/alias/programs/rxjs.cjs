// A bot that receives events with rxjs.
'use strict';

const { RTMClient } = require('@slack/rtm-api');
const { filter, fromEvent, map, take } = require('rxjs');

const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN, { slackApiUrl: process.env.SLACK_API_URL });

fromEvent(rtm, 'message')
  .pipe(
    filter(({ text }) => text.startsWith('!')),
    map(({ text }) => text.slice(1)),
    take(2),
  )
  .subscribe({
    next: (text) => console.log('>', text),
    complete: () => {
      console.log('>', rtm.listenerCount('message'));
      rtm.disconnect();
    },
  });
rtm.start();
