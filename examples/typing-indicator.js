// A bot that is seen to type while it works on an answer.
//
// Slack shows "… is typing" for a few seconds, or until the message is there. So it is told again for as long as the work
// takes, and never for longer.
//
//   npm run example -- typing-indicator
'use strict';

const { RTMClient } = require('slack-rtm-native');

const EVERY = 3000;

const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN, { slackApiUrl: process.env.SLACK_API_URL });

rtm.on('message', async ({ text, channel, user, subtype }) => {
  if (user === rtm.activeUserId || subtype !== undefined || !text) return;
  try {
    const answer = await typingIn(channel, () => workOn(text));
    await rtm.sendMessage(answer, channel);
  } catch (error) {
    console.error(`could not answer: ${error.message}`);
  }
});

/**
 * Does something, and shows in the conversation that it is being done.
 * @template T
 * @param {string} channel
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function typingIn(channel, work) {
  // send(), unlike sendTyping(), fails without a connection: later, the sign would be of no use.
  const show = () => rtm.send('typing', { channel }).catch(() => {});
  show();
  const timer = setInterval(show, EVERY);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Stands for what takes a while: a query, a build, a model. A second for each word. */
async function workOn(text) {
  const words = text.split(/\s+/).length;
  console.log(`works on "${text}" for ${words} s`);
  await new Promise((resolve) => setTimeout(resolve, words * 1000));
  return `I thought about it for ${words} s: ${text}`;
}

rtm.on('disconnected', (error) => {
  if (error === undefined) return; // as asked for
  console.error(`stopped: ${error.message}`);
  process.exitCode = 1;
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => rtm.disconnect());
rtm.start().catch(() => {}); // `disconnected` tells why
