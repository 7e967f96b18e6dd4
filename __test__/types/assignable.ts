// The types of this package stand where those of `@slack/rtm-api` are asked for.

import type { EventEmitter } from 'eventemitter3';
import type * as peer from 'rtm-api-peer';
import * as ours from 'slack-rtm-native';

/** What is public of the original's class: private members would tie it to that very class. */
type PeerClient = EventEmitter & Omit<peer.RTMClient, keyof EventEmitter>;

interface Both {
  client: [ours.RTMClient, PeerClient];
  callResult: [ours.RTMCallResult, peer.RTMCallResult];
  startOptions: [ours.RTMStartOptions, peer.RTMStartOptions];
  logger: [ours.Logger, peer.Logger];
  logLevel: [ours.LogLevel, peer.LogLevel];
  errorCode: [ours.ErrorCode, peer.ErrorCode];
  codedError: [ours.CodedError, peer.CodedError];
  callError: [ours.RTMCallError, peer.RTMCallError];
  platformError: [ours.RTMPlatformError, peer.RTMPlatformError];
  websocketError: [ours.RTMWebsocketError, peer.RTMWebsocketError];
  noReplyReceivedError: [ours.RTMNoReplyReceivedError, peer.RTMNoReplyReceivedError];
  sendWhileDisconnectedError: [ours.RTMSendWhileDisconnectedError, peer.RTMSendWhileDisconnectedError];
  sendWhileNotReadyError: [ours.RTMSendWhileNotReadyError, peer.RTMSendWhileNotReadyError];
}

// Whoever has the original's options may pass them here.
interface Options {
  client: [peer.RTMClientOptions, ours.RTMClientOptions];
  start: [peer.RTMStartOptions, ours.RTMStartOptions | undefined];
}

/** The names of those pairs whose first type is not assignable to their second. */
type Unfit<Pairs> = {
  [K in keyof Pairs]: Pairs[K] extends [infer A, infer B] ? ([A] extends [B] ? never : K) : K;
}[keyof Pairs];

/** Compiles for `never` only. */
export type None<_Names extends never> = true;

export type Assignable = None<Unfit<Both> | Unfit<Options>>;

// Every value and every code that the original exports is there, and the class is made in the same way.
export type Complete = None<Exclude<keyof typeof peer, keyof typeof ours> | Exclude<PeerCode, OurCode>>;
type PeerCode = `${peer.ErrorCode}`;
type OurCode = `${ours.ErrorCode}`;

export const Client: new (token: string, options?: peer.RTMClientOptions) => PeerClient = ours.RTMClient;
