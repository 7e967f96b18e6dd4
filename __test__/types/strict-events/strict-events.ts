// With `strictEvents`, which a project turns on once, every known field of an event has its exact type.

import { ErrorCode, RTMClient, type SlackFile } from 'slack-rtm-native';

declare module 'slack-rtm-native' {
  interface RTMTypeOptions {
    strictEvents: true;
  }
}

/** Only compiles if the type of `value` is exactly `T`. */
function exactly<T>(): <V>(value: V, ...same: Same<T, V> extends true ? [] : [never]) => void {
  return () => undefined;
}
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

const rtm = new RTMClient('xoxb-token');

rtm.on('message', (event) => {
  exactly<string>()(event.channel);
  exactly<string>()(event.ts);
  exactly<string | undefined>()(event.text);
  exactly<string | undefined>()(event.user);
  exactly<string | undefined>()(event.thread_ts);
  exactly<SlackFile[] | undefined>()(event.files);
  exactly<any>()(event.whatever.deep);
  // @ts-expect-error: some messages have no text
  event.text.trim();
  // @ts-expect-error: a timestamp is a string
  event.ts * 1000;
  if (event.text !== undefined && event.user !== undefined) rtm.sendMessage(event.text, event.channel);
});
rtm.on('message::message_changed', ({ message }) => exactly<string | undefined>()(message.text));
rtm.on('message::channel_join', ({ user, inviter }) =>
  exactly<[string, string | undefined]>()([user, inviter] as [typeof user, typeof inviter]),
);
rtm.on('presence_change', ({ presence }) => exactly<'active' | 'away'>()(presence));
rtm.on('reaction_added', ({ item }) => exactly<'message' | 'file' | 'file_comment'>()(item.type));
rtm.on('team_join', ({ user }) => exactly<string | undefined>()(user.profile.email));
// @ts-expect-error: a name is not a number
rtm.on('subteam_created', ({ subteam }) => subteam.name * 2);

// Errors are typed, too, and narrowed by their codes.

rtm.on('unable_to_rtm_start', (error) => {
  if (error.code === 'slack_webapi_rate_limited_error') exactly<number>()(error.retryAfter);
  // @ts-expect-error: no such code
  if (error.code === 'ECONNRESET') return;
});
rtm.on('disconnected', (error) => {
  if (error?.code === ErrorCode.WebsocketError) exactly<string>()(error.original.message);
  // @ts-expect-error: there is no error after disconnect()
  console.log(error.message);
});
rtm.on('error', (error) => {
  if ('type' in error) exactly<string>()(error.error.msg);
  else exactly<string>()(error.original.message);
});
