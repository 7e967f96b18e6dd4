/** The options of a client: connection, timeouts, agents, proxies, TLS, loggers and retries. @module */

// This file also compiles without the types of Node.

// @ts-ignore: the type is `any` if Node's types are not installed
import type { Agent } from 'node:http';
import type { RTMClient } from '../index';
import type { RTMConnectPlatformError, RTMNoReplyReceivedError } from './errors';
import type { Open } from './objects';

/**
 * The options of {@link RTMClient}. All of them are optional. An option with the value `undefined` counts as omitted, and
 * unknown options are ignored. All times are in milliseconds.
 */
export interface RTMClientOptions {
  /**
   * An object that makes the Web API calls instead of the built-in HTTP client, for example a `WebClient` of
   * `@slack/web-api`. It makes every connect call and every {@link RTMClient.apiCall}, with its own URL, token, retries
   * and agent. The socket still uses the options of this client. Default: the built-in HTTP client.
   *
   * Its errors are passed on unchanged. A response without `url`, `self.id` or `team.id`, or with `ok: false`, becomes an
   * {@link RTMConnectPlatformError}. If a temporary error of Slack ends the first connect call, `retryConfig` still
   * decides how often the client tries again.
   */
  webClient?: Open<RTMWebClient>;
  /**
   * The URL prefix of the Web API, `https:` or `http:`. A missing slash at the end is added.
   * Default: `https://slack.com/api/`.
   */
  slackApiUrl?: string;
  /** Receives the log lines of the client. Default: a logger that writes to the console. */
  logger?: Logger;
  /** The lowest level that is logged. Default: `info`. */
  logLevel?: LogLevel;
  /**
   * How a failed connect call or {@link RTMClient.apiCall} is retried. Default: 10 retries within about 30 minutes,
   * `{ retries: 10, factor: 1.96821, randomize: true }`.
   *
   * When the retries of the first connect call are exhausted, {@link RTMClient.start} rejects. After the first
   * `authenticated`, temporary errors no longer end the session: with `autoReconnect`, the client keeps trying. Its pauses
   * are then at most 60 s, or longer if Slack sends a longer `Retry-After`.
   */
  retryConfig?: RTMRetryOptions;
  /**
   * An `http.Agent` for the connect call and the socket. Cannot be used together with {@link proxy}. Default: none.
   *
   * The client reads the proxy from agents of `https-proxy-agent`, `http-proxy-agent`, `socks-proxy-agent`, `hpagent` and
   * `tunnel`, and uses it as if it were the option {@link proxy}. Any other agent, and one of these with an option that
   * only Node supports, makes the connections itself, in Node. All bytes then pass through JavaScript: while JavaScript is
   * busy, the client sends and receives nothing.
   */
  agent?: RTMAgent;
  /** Whether the client replaces a lost connection. Default: true. */
  autoReconnect?: boolean;
  /**
   * The method of the connect call: true for `rtm.connect`, false for `rtm.start`, whose response can have a snapshot of
   * the workspace. Default: true.
   */
  useRtmConnect?: boolean;
  /**
   * The client sends a ping after this time, in milliseconds, without outgoing or without incoming traffic. 0 turns the
   * keepalive off. Default: 6000.
   */
  clientPingTimeout?: number;
  /**
   * The time, in milliseconds, that the client waits after a ping. If no data arrives in this time, the client replaces the
   * connection. Also the time limit of {@link RTMClient.ping}. Must be below `clientPingTimeout`. Default: 4000.
   */
  serverPongTimeout?: number;
  /**
   * The time, in milliseconds, that a new connection waits for replies to messages of the previous connection before
   * `ready`. Default: 2000.
   */
  replyAckOnReconnectTimeout?: number;
  /**
   * Certificates and keys for the connect call and the socket. Default: no client certificate, and the certificate
   * authorities that Node trusts.
   */
  tls?: RTMTLSOptions;
  /**
   * The URL of a proxy for the connect call and the socket: `http://`, `https://`, `socks5://` (the client resolves Slack's
   * host name) or `socks5h://` (the proxy resolves it). It can contain `user:password@`, with reserved characters
   * percent-encoded. Cannot be used together with {@link agent}. Default: none. The client does not read the proxy
   * variables of the environment.
   */
  proxy?: string | RTMURL;
  /**
   * Additional HTTP headers of the Web API calls and of the socket's upgrade request. They replace the client's own headers
   * of the same name. `authorization` is sent with the Web API calls only. Default: none.
   */
  headers?: Record<string, string | number | readonly string[] | undefined>;
  /** The time limit of one attempt of a Web API call, in milliseconds. 0 turns the limit off. Default: 30000. */
  requestTimeout?: number;
  /**
   * The time limit from opening the socket to Slack's `hello`, in milliseconds. 0 turns the limit off. Default: 30000.
   */
  connectTimeout?: number;
  /**
   * The time limit for the reply to a message, in milliseconds. The promise of a message without a reply then rejects with
   * {@link RTMNoReplyReceivedError}. 0 turns the limit off. Default: 0.
   */
  replyTimeout?: number;
  /**
   * How many messages can wait for their reply at the same time. Further messages stay in the queue. With 1, the client
   * sends each message after the reply to the previous one, like `@slack/rtm-api`. Default: `Infinity`, which is no limit.
   */
  maxPendingReplies?: number;
  /**
   * The maximum length of an incoming frame, in bytes. A longer frame ends the connection with an error, and the client
   * replaces the connection. At most 500,000,000. Default: 134,217,728 (128 MiB).
   */
  maxFrameBytes?: number;
}

/**
 * The options that the constructor accepts: those of {@link RTMClientOptions}, but with a wider `logger` and `logLevel`.
 * `RTMClientOptions` keeps the types of `@slack/rtm-api`, so that code can pass its `logger` on to a `WebClient`.
 */
export type RTMConstructorOptions = Omit<RTMClientOptions, 'logger' | 'logLevel'> & {
  /** Receives the log lines of the client. Default: a logger that writes to the console. */
  logger?: RTMLogger;
  /** The lowest level that is logged, as a {@link LogLevel} or a string. Default: `info`. */
  logLevel?: LogLevel | `${LogLevel}`;
};

/** The interface of the `webClient` option. A `WebClient` of `@slack/web-api` implements it. */
export interface RTMWebClient {
  /** Calls a Web API method. Resolves with the response, or rejects if its `ok` is not true. */
  apiCall(method: string, options?: Record<string, unknown>): Promise<any>;
}

/** The type of the `agent` option: Node's `http.Agent` or `https.Agent`, or a subclass. */
export type RTMAgent = { is: Agent } extends { is: 'any' } ? AgentLike : Agent;

/** The part of Node's `http.Agent` that is checked if Node's types are not installed. */
interface AgentLike {
  maxSockets: number;
  maxFreeSockets: number;
  readonly sockets: object;
  readonly freeSockets: object;
  readonly requests: object;
  destroy(): void;
}

/** A `URL` object of Node or a browser. */
export interface RTMURL {
  readonly href: string;
  readonly origin: string;
  readonly protocol: string;
  readonly host: string;
  readonly hostname: string;
}

/** The log levels, from the most to the least severe. The `LogLevel` of `@slack/logger` is accepted, too. */
export enum LogLevel {
  /** Permanent errors of the connect call, transport errors, frames that are not JSON. */
  ERROR = 'error',
  /** Temporary errors of the connect call, and warnings. */
  WARN = 'warn',
  /** Lost connections and retried connect calls. */
  INFO = 'info',
  /** State changes, connect calls, and every frame that is sent or received. */
  DEBUG = 'debug',
}

/** A logger, with the interface of `@slack/logger`. */
export interface Logger {
  debug(...msg: any[]): void;
  info(...msg: any[]): void;
  warn(...msg: any[]): void;
  error(...msg: any[]): void;
  /** Sets the lowest level that is written. The client calls it with `logLevel`. */
  setLevel(level: LogLevel): void;
  /** Returns the lowest level that is written. */
  getLevel(): LogLevel;
  /** Sets a name that marks the lines of this logger. The client calls it with `rtm-api:RTMClient:N`. */
  setName(name: string): void;
}

/** The type of the constructor's `logger` option: a {@link Logger} whose `getLevel` is optional. */
export type RTMLogger = Omit<Logger, 'getLevel'> & Partial<Pick<Logger, 'getLevel'>>;

/** How a failed call is retried: the options of the npm package `retry`. Times are in milliseconds. */
export interface RTMRetryOptions {
  /** The maximum number of retries. Default: 10. */
  retries?: number;
  /** The factor between one pause and the next. Default: 2. */
  factor?: number;
  /** The first pause, in milliseconds. Default: 1000. */
  minTimeout?: number;
  /** The longest pause, in milliseconds. Default: `Infinity`. */
  maxTimeout?: number;
  /** Whether each pause is multiplied by a random number between 1 and 2. Default: false. */
  randomize?: boolean;
  /** Whether to retry without end. `retries` then does not limit the number of retries. Default: false. */
  forever?: boolean;
  /** A call that fails this long after its first attempt, in milliseconds, is not retried. Default: `Infinity`. */
  maxRetryTime?: number;
  /** @deprecated Has no effect. */
  unref?: boolean;
}

/** Ready-made values for `retryConfig`, with the names and values of `@slack/web-api`. */
export const retryPolicies: {
  /** Ten retries within about thirty minutes. This is the default of `retryConfig`. */
  readonly tenRetriesInAboutThirtyMinutes: Readonly<RTMRetryOptions>;
  /** Five retries within about five minutes. */
  readonly fiveRetriesInFiveMinutes: Readonly<RTMRetryOptions>;
  /** Ten retries with pauses of at most 1 ms, for tests. */
  readonly rapidRetryPolicy: Readonly<RTMRetryOptions>;
};

/** A string, or bytes such as a `Buffer`. */
export type RTMBytes = string | Uint8Array;

/** TLS options in the forms of Node's `tls.createSecureContext`. The client supports TLS 1.2 and 1.3. */
export interface RTMTLSOptions {
  /**
   * Trusted certificate authorities, in PEM. They replace the default: Node's bundled root certificates and those of
   * `NODE_EXTRA_CA_CERTS`, `--use-system-ca` and `--use-openssl-ca`.
   */
  ca?: RTMBytes | RTMBytes[];
  /** The private key of the client certificate, in PEM: RSA, EC P-256 or P-384, or Ed25519. It can be encrypted. */
  key?: RTMBytes | (RTMBytes | { pem: RTMBytes; passphrase?: string | undefined })[];
  /** The client certificate, followed by its chain, in PEM. */
  cert?: RTMBytes | RTMBytes[];
  /** The private key and the client certificate in one PKCS#12 file, instead of `key` and `cert`. */
  pfx?: RTMBytes | (RTMBytes | { buf: RTMBytes; passphrase?: string | undefined })[];
  /** The passphrase of `key` or `pfx`. */
  passphrase?: string;
  /**
   * False accepts any certificate of the server and logs a warning. Use it only in tests. Default: true, or false if
   * `NODE_TLS_REJECT_UNAUTHORIZED` is `0`.
   */
  rejectUnauthorized?: boolean;
  /** The same as `headers` of {@link RTMClientOptions}. Both can be used. Default: none. */
  headers?: Record<string, string | number | readonly string[] | undefined>;
}
