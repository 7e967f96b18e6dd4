// Jest: single methods of the real class are replaced, and the test emits events.
const { ErrorCode, RTMClient } = require('@slack/rtm-api');
const bot = require('./bot.js');

afterEach(() => jest.restoreAllMocks());

test('the real emitter works with mocked methods', async () => {
  jest.spyOn(RTMClient.prototype, 'start').mockResolvedValue({ ok: true });
  const send = jest.spyOn(RTMClient.prototype, 'sendMessage').mockResolvedValue({ ok: true });
  const rtm = await bot.startBot('xoxb-1');
  rtm.emit('message', { text: 'ping', channel: 'C1' });
  expect(send).toHaveBeenCalledWith('pong', 'C1');
});

test('a mocked method can reject', async () => {
  jest.spyOn(RTMClient.prototype, 'start').mockResolvedValue({ ok: true });
  const error = Object.assign(new Error('none'), { code: ErrorCode.NoReplyReceivedError });
  jest.spyOn(RTMClient.prototype, 'sendMessage').mockRejectedValue(error);
  const rtm = await bot.startBot('xoxb-1');
  await rtm.listeners('message')[0]({ text: 'ping', channel: 'C1' });
  expect(bot.failed).toBe(true);
});
