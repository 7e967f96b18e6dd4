// The bot under test in this folder. It replies to messages.
const { ErrorCode, RTMClient } = require('@slack/rtm-api');

exports.startBot = async (token) => {
  const rtm = new RTMClient(token);
  rtm.on('message', async ({ text, channel }) => {
    if (text !== 'ping') return;
    try {
      await rtm.sendMessage('pong', channel);
    } catch ({ code }) {
      exports.failed = code === ErrorCode.NoReplyReceivedError;
    }
  });
  await rtm.start();
  return rtm;
};
