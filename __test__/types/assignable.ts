// The types of this package are assignable to those of `@slack/rtm-api`.

import type { EventEmitter } from 'eventemitter3';
import type * as slackRtmApi from 'slack-rtm-api-7.0.1';
import * as ours from 'slack-rtm-native';

/** The public part of the class: private members would make it incompatible with any other class. */
type SlackRtmApiClient = EventEmitter & Omit<slackRtmApi.RTMClient, keyof EventEmitter>;

interface Both {
  client: [ours.RTMClient, SlackRtmApiClient];
  callResult: [ours.RTMCallResult, slackRtmApi.RTMCallResult];
  startOptions: [ours.RTMStartOptions, slackRtmApi.RTMStartOptions];
  logger: [ours.Logger, slackRtmApi.Logger];
  logLevel: [ours.LogLevel, slackRtmApi.LogLevel];
  errorCode: [ours.ErrorCode, slackRtmApi.ErrorCode];
  codedError: [ours.CodedError, slackRtmApi.CodedError];
  callError: [ours.RTMCallError, slackRtmApi.RTMCallError];
  platformError: [ours.RTMPlatformError, slackRtmApi.RTMPlatformError];
  websocketError: [ours.RTMWebsocketError, slackRtmApi.RTMWebsocketError];
  noReplyReceivedError: [ours.RTMNoReplyReceivedError, slackRtmApi.RTMNoReplyReceivedError];
  sendWhileDisconnectedError: [ours.RTMSendWhileDisconnectedError, slackRtmApi.RTMSendWhileDisconnectedError];
  sendWhileNotReadyError: [ours.RTMSendWhileNotReadyError, slackRtmApi.RTMSendWhileNotReadyError];
}

// Options typed by `@slack/rtm-api` can be passed to this package.
interface Options {
  client: [slackRtmApi.RTMClientOptions, ours.RTMClientOptions];
  start: [slackRtmApi.RTMStartOptions, ours.RTMStartOptions | undefined];
}

/** The names of the pairs whose first type is not assignable to the second. */
type Unfit<Pairs> = {
  [K in keyof Pairs]: Pairs[K] extends [infer A, infer B] ? ([A] extends [B] ? never : K) : K;
}[keyof Pairs];

/** Only compiles for `never`. */
export type None<_Names extends never> = true;

export type Assignable = None<Unfit<Both> | Unfit<Options>>;

// This package has every value and code that `@slack/rtm-api` exports, and the same constructor.
export type Complete = None<Exclude<keyof typeof slackRtmApi, keyof typeof ours> | Exclude<SlackRtmApiCode, OurCode>>;
type SlackRtmApiCode = `${slackRtmApi.ErrorCode}`;
type OurCode = `${ours.ErrorCode}`;

export const Client: new (token: string, options?: slackRtmApi.RTMClientOptions) => SlackRtmApiClient = ours.RTMClient;
