// Comparing the `code` of an error narrows its type, without a cast or `instanceof`.

import {
  ErrorCode,
  RTMClient,
  type RTMCallError,
  type RTMCallResult,
  type RTMConnectError,
  type RTMDisconnectError,
  type RTMError,
  type RTMWebsocketError,
} from 'slack-rtm-native';

/** Only compiles if the type of `value` is exactly `T`. */
function exactly<T>(): <V>(value: V, ...same: Same<T, V> extends true ? [] : [never]) => void {
  return () => undefined;
}
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

const rtm = new RTMClient('xoxb-token');

// The pattern for any error of the package: one cast, then `code`.

export async function run(): Promise<void> {
  try {
    await rtm.start();
    await rtm.sendMessage('hello', 'C1');
  } catch (thrown: unknown) {
    const error = thrown as RTMError;
    switch (error.code) {
      case ErrorCode.SendMessagePlatformError:
        exactly<RTMCallResult>()(error.data);
        return exactly<string | undefined>()(error.data.error?.msg);
      case ErrorCode.WebsocketError:
        exactly<string>()(error.original.message);
        return exactly<any>()(error.original.code);
      case ErrorCode.NoReplyReceivedError:
      case ErrorCode.SendWhileDisconnectedError:
      case ErrorCode.SendWhileNotReadyError:
      case ErrorCode.KeepAliveConfigError:
      case 'ABORT_ERR':
        return exactly<string>()(error.message);
      case 'slack_webapi_request_error':
        return exactly<any>()(error.original.syscall);
      case 'slack_webapi_http_error':
        return exactly<number>()(error.statusCode);
      case 'slack_webapi_rate_limited_error':
        return exactly<number>()(error.retryAfter);
      case 'slack_webapi_platform_error':
        return exactly<string>()(error.data.error);
      default:
        return exactly<never>()(error);
    }
  }
}

// The same in chained promises, and in `if`.

rtm.sendMessage('hello', 'C1').catch((error: RTMCallError) => {
  if (error.code === ErrorCode.WebsocketError) exactly<string>()(error.original.message);
  else if (error.code === ErrorCode.SendMessagePlatformError) exactly<number | undefined>()(error.data.error?.code);
  else exactly<string>()(error.message);
});
rtm.start().catch((error: RTMError) => error.code === 'slack_webapi_http_error' && exactly<number>()(error.statusCode));

// Events.

rtm.on('disconnected', (error?: RTMDisconnectError) => {
  if (error?.code === ErrorCode.WebsocketError) exactly<string>()(error.original.message);
  else if (error?.code === 'slack_webapi_platform_error') exactly<string>()(error.data.error);
});
rtm.on('unable_to_rtm_start', (error: RTMConnectError) => {
  if (error.code === 'slack_webapi_rate_limited_error') exactly<number>()(error.retryAfter);
});
rtm.on('error', (error: RTMWebsocketError) => exactly<ErrorCode.WebsocketError>()(error.code));

// Without a cast: narrowing with `in`.

rtm.start().catch((error: unknown) => {
  if (error instanceof Error && 'code' in error && error.code === ErrorCode.KeepAliveConfigError)
    console.error(error.message);
});
const codes: { [C in RTMError['code']]?: string } = { [ErrorCode.WebsocketError]: 'socket', ABORT_ERR: 'asked for' };
console.log(codes);
