// Jest: the whole package is mocked, without a factory.
const { ErrorCode, LogLevel, RTMClient } = require('@slack/rtm-api');
const { startBot } = require('./bot.js');

jest.mock('@slack/rtm-api');

beforeEach(() => RTMClient.mockClear());

test('the class and its methods are mocks, and constants keep their values', async () => {
  const rtm = await startBot('xoxb-1');
  expect(RTMClient).toHaveBeenCalledWith('xoxb-1');
  expect(RTMClient.mock.instances).toEqual([rtm]);
  expect(rtm.start).toHaveBeenCalledTimes(1);
  expect(rtm.disconnect).not.toHaveBeenCalled();
  for (const name of ['send', 'addOutgoingEvent', 'sendTyping', 'subscribePresence'])
    expect(jest.isMockFunction(rtm[name])).toBe(true);
  expect(ErrorCode.NoReplyReceivedError).toBe('slack_rtmapi_no_reply_received_error');
  expect(LogLevel.DEBUG).toBe('debug');
});

test("the test can call the bot's listener", async () => {
  const rtm = await startBot('xoxb-2');
  const [[name, listener]] = rtm.on.mock.calls;
  expect(name).toBe('message');
  await listener({ text: 'ping', channel: 'C1' });
  expect(rtm.sendMessage).toHaveBeenCalledWith('pong', 'C1');
});
