// Vitest: the whole package is mocked, without a factory.
import { ErrorCode, LogLevel, RTMClient } from '@slack/rtm-api';
import { expect, test, vi } from 'vitest';

vi.mock('@slack/rtm-api');

test('the class and its methods are mocks, and constants keep their values', async () => {
  const rtm = new RTMClient('xoxb-1');
  expect(vi.isMockFunction(RTMClient)).toBe(true);
  for (const name of ['start', 'on', 'sendMessage', 'disconnect']) expect(vi.isMockFunction(rtm[name])).toBe(true);
  vi.mocked(rtm.sendMessage).mockResolvedValue({ ok: true });
  expect(await rtm.sendMessage('x', 'C1')).toEqual({ ok: true });
  expect(rtm.sendMessage).toHaveBeenCalledWith('x', 'C1');
  expect([ErrorCode.WebsocketError, LogLevel.INFO]).toEqual(['slack_rtmapi_websocket_error', 'info']);
});
