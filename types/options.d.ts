// The typings of the client's options: connection, proxy, TLS, timeouts, retries, logging. They do not need the types
// of Node.

/** The options of a client. @module */

// @ts-ignore: `any` if the types of Node are not installed
import type { Agent } from 'node:http';
import type { RTMClient } from '../index';
import type { RTMConnectPlatformError, RTMNoReplyReceivedError } from './errors';
import type { Open } from './objects';

/**
 * The options of {@link RTMClient}. All are optional. The value `undefined` means that an option is omitted. Unknown
 * options are ignored. An invalid value throws a `TypeError` or `RangeError` in the constructor.
 *
 * `@slack/rtm-api` does not have `proxy`, `headers`, `requestTimeout`, `connectTimeout`, `replyTimeout`,
 * `maxPendingReplies` and `maxFrameBytes`.
 */
export interface RTMClientOptions {
  /**
   * An object that makes the connect calls and the calls of {@link RTMClient.apiCall}, for example a `WebClient` of
   * `@slack/web-api`. Default: none; the client makes these calls itself.
   *
   * The object's own settings apply to its calls: URL, token, proxy, timeouts, retries. The socket uses the options of
   * this client. An error of the object is passed on unchanged. A response with `ok: false`, or without `url`,
   * `self.id` or `team.id`, becomes an {@link RTMConnectPlatformError}. If Slack's error is temporary, `retryConfig`
   * decides how often the first {@link RTMClient.start} calls the object again.
   */
  webClient?: Open<RTMWebClient>;
  /** The URL of the Web API. A missing slash at the end is added. Default: `https://slack.com/api/`. */
  slackApiUrl?: string;
  /** The object that the client logs to. Default: a logger that writes to the console. */
  logger?: Logger;
  /** The level of the least important lines that are logged. Default: `LogLevel.INFO`. */
  logLevel?: LogLevel;
  /**
   * When a failed connect call is retried. Default: `retryPolicies.tenRetriesInAboutThirtyMinutes`.
   *
   * The first {@link RTMClient.start} rejects when the retries are exhausted. After the first `authenticated` event, a
   * client with `autoReconnect` retries temporary errors without end, with pauses of at most 60 seconds.
   */
  retryConfig?: RTMRetryOptions;
  /**
   * The agent for the connect call and the socket. Default: none. It cannot be used together with `proxy`.
   *
   * The client reads the agents of `https-proxy-agent`, `http-proxy-agent`, `socks-proxy-agent`, `hpagent` and
   * `tunnel`, and uses their proxy as if you had set the option `proxy`. Any other agent, or one with an option that
   * only Node understands, makes the connections itself, in Node. Then nothing is sent or received while JavaScript is
   * busy.
   */
  agent?: RTMAgent;
  /** Whether the client reconnects when the connection is lost. Default: true. */
  autoReconnect?: boolean;
  /**
   * True: the connect call is `rtm.connect`. False: it is `rtm.start`, whose response can have a snapshot of the
   * workspace. Default: true.
   */
  useRtmConnect?: boolean;
  /**
   * The client sends a ping when nothing was sent, or nothing was received, for this time, in milliseconds. 0 turns the
   * pings off; a half-open connection is then not detected. Default: 6000.
   */
  clientPingTimeout?: number;
  /**
   * The client replaces the connection if nothing arrives within this time after a ping, in milliseconds. Must be below
   * `clientPingTimeout`. Default: 4000.
   */
  serverPongTimeout?: number;
  /**
   * After a reconnect, the client waits for replies to the messages of the previous connection before it is `ready`.
   * This is the longest time that it waits, in milliseconds. Default: 2000.
   */
  replyAckOnReconnectTimeout?: number;
  /**
   * The TLS settings of the connect call and the socket. Default: no client certificate, and the same root certificates
   * as Node.
   */
  tls?: RTMTLSOptions;
  /**
   * The URL of a proxy for the connect call and the socket. Default: none; the proxy variables of the environment are
   * not used. It cannot be used together with `agent`.
   *
   * The protocol is `http://`, `https://`, `socks5://` (the client resolves host names) or `socks5h://` (the proxy
   * does). The URL can contain `user:password@`; percent-encode reserved characters in both.
   */
  proxy?: string | RTMURL;
  /**
   * Additional HTTP headers of the connect call and of the socket's upgrade request. A header `authorization` is sent
   * with the connect call only. Default: none.
   */
  headers?: Record<string, string | number | readonly string[] | undefined>;
  /**
   * The time limit of one attempt of a connect call or of {@link RTMClient.apiCall}, in milliseconds. 0 turns the limit
   * off. Default: 30000.
   */
  requestTimeout?: number;
  /**
   * The time limit from opening the socket to the `connected` event, in milliseconds. 0 turns the limit off. Default:
   * 30000.
   */
  connectTimeout?: number;
  /**
   * The time limit for the reply to a message, in milliseconds. After this time, the message rejects with
   * {@link RTMNoReplyReceivedError}. Default: 0, which turns the limit off.
   */
  replyTimeout?: number;
  /**
   * The number of messages that can wait for their replies at the same time. Further messages stay in the queue. With
   * 1, each message waits for the reply to the previous one, as in `@slack/rtm-api`. Default: `Infinity`.
   */
  maxPendingReplies?: number;
  /**
   * The size of the largest frame that the client accepts, in bytes, from 1 to 500,000,000. A larger frame ends the
   * connection with an error. Default: 134,217,728 (128 MiB).
   */
  maxFrameBytes?: number;
}

/**
 * The options that the constructor accepts: those of {@link RTMClientOptions}, but the `logger` needs no `getLevel`,
 * and `logLevel` can be a plain string.
 */
export type RTMConstructorOptions = Omit<RTMClientOptions, 'logger' | 'logLevel'> & {
  /** The object that the client logs to. Default: a logger that writes to the console. */
  logger?: RTMLogger;
  /** The level of the least important lines that are logged, for example `'debug'`. Default: `LogLevel.INFO`. */
  logLevel?: LogLevel | `${LogLevel}`;
};

/** The method that the object in the option `webClient` must have. */
export interface RTMWebClient {
  /**
   * Calls a method of the Web API.
   *
   * @param method - The name of the method, for example `rtm.connect`.
   * @param options - The arguments of the method.
   * @returns Slack's response.
   * @throws Any value if the call fails. The client recognizes the errors of `@slack/web-api` by their `code`.
   */
  apiCall(method: string, options?: Record<string, unknown>): Promise<any>;
}

/** The type of the option `agent`: Node's `http.Agent`, `https.Agent`, or a class that extends one of them. */
export type RTMAgent = { is: Agent } extends { is: 'any' } ? AgentLike : Agent;

/** The members of Node's `http.Agent`. It is used if the types of Node are not installed. */
interface AgentLike {
  maxSockets: number;
  maxFreeSockets: number;
  readonly sockets: object;
  readonly freeSockets: object;
  readonly requests: object;
  destroy(): void;
}

/** The members of a `URL` object. The interface exists without the types of Node and of browsers. */
export interface RTMURL {
  readonly href: string;
  readonly origin: string;
  readonly protocol: string;
  readonly host: string;
  readonly hostname: string;
}

/** The log levels, from the most to the least important. The values are those of `@slack/logger`. */
export enum LogLevel {
  /** Permanent errors of the connect call, transport errors, frames that are not JSON. */
  ERROR = 'error',
  /** Temporary errors of the connect call, warnings from Slack, certificates that are not verified. */
  WARN = 'warn',
  /** Lost connections, connect calls that are repeated. */
  INFO = 'info',
  /** Changes of the state, and every frame that is received or sent. */
  DEBUG = 'debug',
}

/** A logger. The interface is that of `@slack/logger`. */
export interface Logger {
  debug(...msg: any[]): void;
  info(...msg: any[]): void;
  warn(...msg: any[]): void;
  error(...msg: any[]): void;
  /** Sets the level. The client calls it with the option `logLevel`. */
  setLevel(level: LogLevel): void;
  /** Returns the level. The client does not call it. */
  getLevel(): LogLevel;
  /** Sets the name. The client calls it with `rtm-api:RTMClient:` and its number in the process. */
  setName(name: string): void;
}

/** A {@link Logger} whose `getLevel` can be missing. */
export type RTMLogger = Omit<Logger, 'getLevel'> & Partial<Pick<Logger, 'getLevel'>>;

/**
 * When a failed call is retried. The options are those of the npm package `retry`. {@link retryPolicies} has examples.
 */
export interface RTMRetryOptions {
  /** The maximum number of retries. Default: 10. */
  retries?: number;
  /** The factor by which the pause grows after each attempt. Default: 2. */
  factor?: number;
  /** The pause before the first retry, in milliseconds. Default: 1000. */
  minTimeout?: number;
  /** The longest pause, in milliseconds. Default: Infinity. */
  maxTimeout?: number;
  /** Whether each pause is multiplied by a random number between 1 and 2. Default: false. */
  randomize?: boolean;
  /** Whether to ignore `retries` and retry without end. Default: false. */
  forever?: boolean;
  /** The time after the first attempt, in milliseconds, after which there are no more retries. Default: Infinity. */
  maxRetryTime?: number;
  /** @deprecated It has no effect. It exists because `retry` has it. */
  unref?: boolean;
}

/** Values for the option `retryConfig`. The names and values are those of `@slack/web-api`. */
export const retryPolicies: {
  /** Ten retries within about thirty minutes. This is the default. */
  readonly tenRetriesInAboutThirtyMinutes: Readonly<RTMRetryOptions>;
  /** Five retries within about five minutes. */
  readonly fiveRetriesInFiveMinutes: Readonly<RTMRetryOptions>;
  /** Ten retries without pauses, for tests. */
  readonly rapidRetryPolicy: Readonly<RTMRetryOptions>;
};

/** The content of a file: a string or bytes, for example a `Buffer`. */
export type RTMBytes = string | Uint8Array;

/**
 * TLS settings, in the forms that Node's `tls.createSecureContext` takes. The client supports TLS 1.2 and TLS 1.3. The
 * constructor throws a `TypeError` if it cannot use a certificate, a key or a passphrase.
 */
export interface RTMTLSOptions {
  /**
   * The certificates of the authorities to trust (PEM). Default: those that Node trusts, which are its bundled root
   * certificates and `NODE_EXTRA_CA_CERTS`.
   */
  ca?: RTMBytes | RTMBytes[];
  /** The private key of the client certificate (PEM), encrypted or not: RSA, EC (P-256 or P-384) or Ed25519. */
  key?: RTMBytes | (RTMBytes | { pem: RTMBytes; passphrase?: string | undefined })[];
  /** The client certificate, followed by its chain (PEM). */
  cert?: RTMBytes | RTMBytes[];
  /** The private key and the client certificate in one file (PKCS#12), instead of `key` and `cert`. */
  pfx?: RTMBytes | (RTMBytes | { buf: RTMBytes; passphrase?: string | undefined })[];
  /** The passphrase of `key` or `pfx`. */
  passphrase?: string;
  /**
   * False: accept any certificate of the server, and log a warning. Use it only in tests. Default: true, or false if
   * the environment variable `NODE_TLS_REJECT_UNAUTHORIZED` is `0`.
   */
  rejectUnauthorized?: boolean;
  /** Additional HTTP headers. They are sent together with those of the client's option `headers`. */
  headers?: Record<string, string | number | readonly string[] | undefined>;
}
