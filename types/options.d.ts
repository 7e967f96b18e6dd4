// The options of a client, and what they are made of: agents, loggers, retries, TLS. Nothing here needs the types of Node.

/** Options of a client: agents, loggers, retries, TLS. @module */

// @ts-ignore: `any` where Node's types are not installed
import type { Agent } from 'node:http';
import type { RTMClient } from '../index';
import type { RTMConnectPlatformError, RTMNoReplyReceivedError } from './errors';
import type { Open } from './objects';

/** Options of {@link RTMClient}. `undefined` counts as left out, an unknown option is ignored. */
export interface RTMClientOptions {
  /**
   * Makes the connect call in place of the client itself, for example a `WebClient` of `@slack/web-api`. Its own
   * settings then apply to that call instead of `slackApiUrl`, `proxy` and the like, its own retries included. (How often
   * a first start is tried again after a passing answer of Slack's stays with `retryConfig`.) What it fails with
   * is handed on unchanged. An `ok: false` that it lets pass, and an answer without `url`, is an
   * {@link RTMConnectPlatformError}.
   */
  webClient?: Open<RTMWebClient>;
  /** Prefix of the connect call's URL. Default: `https://slack.com/api/`. */
  slackApiUrl?: string;
  /** Where the client logs to. Default: the console. */
  logger?: Logger;
  /** The least severe level that is logged. Default: `info`. */
  logLevel?: LogLevel;
  /**
   * When a failed connect call is tried again. Default: 10 retries within about 30 minutes,
   * `{ retries: 10, factor: 1.96821, randomize: true }`. When the retries of a first {@link RTMClient.start} are spent,
   * it rejects, also where Slack answered with a passing error. A client that was once authenticated goes on as long as
   * `autoReconnect` says so, with pauses of at most a minute.
   */
  retryConfig?: RTMRetryOptions;
  /**
   * Makes the connections of the connect call and of the socket. Default: none.
   *
   * Agents of `https-proxy-agent`, `http-proxy-agent`, `socks-proxy-agent`, `hpagent` and `tunnel` are read: their proxy
   * is used as if given by {@link proxy}, unless they bear options that only Node knows. Every other agent really makes
   * the connections, in Node; then the connection depends on JavaScript: while that is busy, nothing is sent, received or
   * answered.
   */
  agent?: RTMAgent;
  /** Whether a lost connection is replaced. Default: true. */
  autoReconnect?: boolean;
  /**
   * Whether to connect by `rtm.connect`. False: by `rtm.start`, whose answer also has a snapshot of the workspace.
   * Default: true.
   */
  useRtmConnect?: boolean;
  /**
   * Milliseconds of silence, in either direction, after which a ping is sent; 0 for no keepalive. Default: 6000.
   */
  clientPingTimeout?: number;
  /**
   * Milliseconds after a ping within which something must arrive, else the connection is replaced. Must be below
   * `clientPingTimeout`. Default: 4000.
   */
  serverPongTimeout?: number;
  /**
   * Milliseconds a reconnected client waits for replies to messages of the previous connection before it is `ready`.
   * Default: 2000.
   */
  replyAckOnReconnectTimeout?: number;
  /** Client certificate and trust, for the connect call and the socket. Default: no certificate, and Node's trust. */
  tls?: RTMTLSOptions;
  /**
   * Proxy for the connect call and the socket: `http://`, `https://`, `socks5://` or `socks5h://` (the proxy resolves
   * the name), with `user:password@` where needed (reserved characters percent-encoded). Not together with `agent`. The
   * environment's proxy settings are not used. Default: none.
   */
  proxy?: string | RTMURL;
  /**
   * Additional HTTP headers of the connect call and of the socket's upgrade request (an `authorization` among them goes
   * with the connect call only). Default: none.
   */
  headers?: Record<string, string | number | readonly string[] | undefined>;
  /** Milliseconds one attempt of a Web API call may take; 0 for no limit. Default: 30000. */
  requestTimeout?: number;
  /** Milliseconds from dialling the socket to Slack's `hello`; 0 for no limit. Default: 30000. */
  connectTimeout?: number;
  /**
   * Milliseconds after which a message without a reply rejects with {@link RTMNoReplyReceivedError}; 0 for no limit.
   * Default: 0.
   */
  replyTimeout?: number;
  /**
   * How many messages may be awaiting their replies before the next one is held back; 1 sends each after the reply to
   * the one before, as `@slack/rtm-api` does. Default: no limit.
   */
  maxPendingReplies?: number;
  /**
   * A frame of Slack's that is longer, in bytes, ends the connection (which is then replaced) with an error that says so.
   * At most 500,000,000. Default: 134217728, which is 128 MiB.
   */
  maxFrameBytes?: number;
}

/**
 * What the constructor takes: {@link RTMClientOptions}, which are those of `@slack/rtm-api` also for whoever reads them
 * (to make a `WebClient` of the same logger, for example), and what else will do.
 */
export type RTMConstructorOptions = Omit<RTMClientOptions, 'logger' | 'logLevel'> & {
  /** Where the client logs to. Default: the console. */
  logger?: RTMLogger;
  /** The least severe level that is logged, also as plain text. Default: `info`. */
  logLevel?: LogLevel | `${LogLevel}`;
};

/** What the `webClient` option needs to have. */
export interface RTMWebClient {
  /** Calls a Web API method; rejects unless the answer is `ok`. */
  apiCall(method: string, options?: Record<string, unknown>): Promise<any>;
}

/** What the `agent` option needs to be: Node's `http.Agent`, `https.Agent` or one that builds on them. */
export type RTMAgent = { is: Agent } extends { is: 'any' } ? AgentLike : Agent;

/** What is known of Node's `http.Agent` where Node's types are not installed. */
interface AgentLike {
  maxSockets: number;
  maxFreeSockets: number;
  readonly sockets: object;
  readonly freeSockets: object;
  readonly requests: object;
  destroy(): void;
}

/** A `URL`, as browsers and Node have it. */
export interface RTMURL {
  readonly href: string;
  readonly origin: string;
  readonly protocol: string;
  readonly host: string;
  readonly hostname: string;
}

/** Levels of logging. Those of `@slack/logger` will do, too. */
export enum LogLevel {
  ERROR = 'error',
  WARN = 'warn',
  INFO = 'info',
  DEBUG = 'debug',
}

/** A logger: the interface of `@slack/logger`. */
export interface Logger {
  debug(...msg: any[]): void;
  info(...msg: any[]): void;
  warn(...msg: any[]): void;
  error(...msg: any[]): void;
  /** Asks to write what is as severe as this or more. */
  setLevel(level: LogLevel): void;
  getLevel(): LogLevel;
  /** Gives it a name, to tell its lines from those of others. */
  setName(name: string): void;
}

/** What the constructor's `logger` needs to have: a {@link Logger}, though not its `getLevel`. */
export type RTMLogger = Omit<Logger, 'getLevel'> & Partial<Pick<Logger, 'getLevel'>>;

/** When a failed call is tried again: the options of the npm package `retry`. */
export interface RTMRetryOptions {
  /** How often at most. Default: 10. */
  retries?: number;
  /** By what each pause is longer than the one before. Default: 2. */
  factor?: number;
  /** The first pause, in milliseconds. Default: 1000. */
  minTimeout?: number;
  /** The longest pause, in milliseconds. Default: Infinity. */
  maxTimeout?: number;
  /** Whether each pause is multiplied by a random number between 1 and 2. Default: false. */
  randomize?: boolean;
  /** Whether to go on for ever, whatever `retries` says. Default: false. */
  forever?: boolean;
  /** Milliseconds after the first attempt from which on nothing is tried again. Default: Infinity. */
  maxRetryTime?: number;
  /** @deprecated Has no effect. */
  unref?: boolean;
}

/** Ready-made values for `retryConfig`: those of `@slack/web-api`. */
export const retryPolicies: {
  /** Ten retries within about thirty minutes: the default. */
  readonly tenRetriesInAboutThirtyMinutes: Readonly<RTMRetryOptions>;
  /** Five retries within about five minutes. */
  readonly fiveRetriesInFiveMinutes: Readonly<RTMRetryOptions>;
  /** Ten retries at once, for tests. */
  readonly rapidRetryPolicy: Readonly<RTMRetryOptions>;
};

/** Text, or bytes: a `Buffer`, for example. */
export type RTMBytes = string | Uint8Array;

/** TLS settings, as Node's `tls.createSecureContext` takes them. TLS 1.2 or later is spoken. */
export interface RTMTLSOptions {
  /** Trusted certificate authorities (PEM), in place of Node's, which are its bundled ones and `NODE_EXTRA_CA_CERTS`. */
  ca?: RTMBytes | RTMBytes[];
  /** Private key of the client certificate (PEM; RSA, EC P-256 or P-384, Ed25519), encrypted or not. */
  key?: RTMBytes | (RTMBytes | { pem: RTMBytes; passphrase?: string | undefined })[];
  /** Client certificate with its chain (PEM). */
  cert?: RTMBytes | RTMBytes[];
  /** Private key and certificate in one (PKCS#12), in place of `key` and `cert`. */
  pfx?: RTMBytes | (RTMBytes | { buf: RTMBytes; passphrase?: string | undefined })[];
  /** Passphrase of `key` or `pfx`. */
  passphrase?: string;
  /** False: any certificate of the server's will do. For tests only. Default: true. */
  rejectUnauthorized?: boolean;
  /** Additional HTTP headers of the connect call and of the socket's upgrade request. */
  headers?: Record<string, string | number | readonly string[] | undefined>;
}
