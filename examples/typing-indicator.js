// A bot that shows "… is typing" while it works on a reply.
//
// Slack shows it for a few seconds, or until the message arrives. The bot therefore sends it again every 3 s until the work
// is done.
//
//   npm run example -- typing-indicator
'use strict';

const { RTMClient } = require('slack-rtm-native');

const INTERVAL_MS = 3000;

const rtm = new RTMClient(process.env.SLACK_BOT_TOKEN, { slackApiUrl: process.env.SLACK_API_URL });

rtm.on('message', async ({ text, channel, user, subtype }) => {
  if (user === rtm.activeUserId || subtype !== undefined || !text) return;
  try {
    const reply = await typingIn(channel, () => workOn(text));
    await rtm.sendMessage(reply, channel);
  } catch (error) {
    console.error(`could not reply: ${error.message}`);
  }
});

/**
 * Runs a task, and shows in the conversation that the bot is typing until the task is done.
 * @template T
 * @param {string} channel
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function typingIn(channel, work) {
  // sendTyping() would wait for a connection, but a late typing indicator is useless. send() rejects instead.
  const show = () => rtm.send('typing', { channel }).catch(() => {});
  show();
  const timer = setInterval(show, INTERVAL_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Stands for slow work, such as a query, a build or a model. Takes one second per word. */
async function workOn(text) {
  const words = text.split(/\s+/).length;
  console.log(`working on "${text}" for ${words} s`);
  await new Promise((resolve) => setTimeout(resolve, words * 1000));
  return `I thought about it for ${words} s: ${text}`;
}

rtm.on('disconnected', (error) => {
  if (error === undefined) return; // disconnect() was called
  console.error(`stopped: ${error.message}`);
  process.exitCode = 1;
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => rtm.disconnect());
rtm.start().catch(() => {}); // the `disconnected` listener reports the error
