// All uses of a client as an emitter: typed listeners, other numbers of arguments, names in variables, subclasses that override
// methods, mocks, rxjs, node:events. It also compiles with the typings of `@slack/rtm-api`.

import { once } from 'node:events';
import { fromEvent, type Observable } from 'rxjs';
import { RTMClient, type RTMCallResult, type RTMClientOptions, type RTMStartOptions } from 'slack-rtm-native';
import type { EventEmitter } from 'eventemitter3';
import type { AllMessageEvents, GenericMessageEvent, ReactionAddedEvent } from '@slack/types';

const rtm = new RTMClient('xoxb-token', {});

// Typed listeners.

interface Message {
  text: string;
  my_own_field: number;
}
type Listener = (message: Message) => Promise<void>;

class Handler {
  private readonly seen: Message[] = [];
  constructor(private readonly client: RTMClient) {
    client.on('message', this.onMessage.bind(this));
    client.on('message', this.onMessage, this);
    client.on('message', this.arrow);
    client.on('message', (message: Message) => this.onMessage(message));
    client.on('message', (message: any) => this.onMessage(message));
    client.on('message', async ({ text }: { text: string }): Promise<string> => text);
    client.on('reaction_added', this.any.bind(this));
    client.on('connected', this.onConnected.bind(this));
    client.on('disconnected', (error: Error | undefined) => console.log(error));
    client.on('unable_to_rtm_start', (error: { code: string; data: { error: string } }) => console.log(error));
    client.on('authenticated', (data: { self: { id: string; name: string }; team: { my_own: number } }) =>
      console.log(data),
    );
  }
  private async onMessage(message: Message): Promise<void> {
    this.seen.push(message);
  }
  private readonly arrow: Listener = async (message) => console.log(message.my_own_field, this.client);
  private any(event: Record<string, any>): void {
    console.log(event);
  }
  private onConnected(): void {
    this.client.off('connected', this.onConnected).removeListener('message', this.arrow);
  }
}
console.log(new Handler(rtm));

rtm.on('message', (event: GenericMessageEvent) => console.log(event.files));
rtm.on('message', (event: AllMessageEvents) => console.log(event.subtype, event.ts));
rtm.on('reaction_added', (event: ReactionAddedEvent) => console.log(event.item.channel));
rtm.on('message', (event: unknown) => console.log(event));
rtm.on('message', (event: object) => console.log(event));
rtm.on('message', (event, more) => console.log(event.text, more.whatever));
rtm.on('message', (...args) => console.log(args[0].text, args));
rtm.on('message', (...args: any[]) => console.log(args));
rtm.on('message', (event?: any, ...rest: any[]) => console.log(event, rest));
rtm.on('message', () => Promise.resolve());
rtm.on(
  'message',
  function (this: Handler, event) {
    console.log(this, event.text);
  },
  undefined,
);
rtm.on('ready', async (event) => console.log(event.whatever));
rtm.on('slack_event', (type, event) => {
  if (type === 'message' && event.text.match(/x/)[1]) handlers[type](event);
});
rtm.on('slack_event', async (type: string, event: Message) => console.log(type, event.my_own_field));
rtm.on('error', (error) => console.log(error.message, error.original.code, error.whatever));
rtm.on('error', (error: NodeJS.ErrnoException) => console.log(error.errno));
rtm.on('outgoing_message', (message) => console.log(message.text.match(/x/)[1], message.channel));
const handlers: Record<string, (event: any) => void> = {};

// Names in variables.

const name: string = 'message';
rtm.on(name, (event) => console.log(event.whatever.deep));
rtm.on(`message::${name}`, (event) => console.log(event.text, event.whatever.deep));
rtm.on(Symbol.iterator, (event) => console.log(event.whatever));
for (const each of ['message', 'reaction_added', 'hello'] as const) {
  rtm.on(each, (event) => console.log(event.type, event.whatever.deep));
  rtm.on(each, (event: Message) => console.log(event.my_own_field));
}
for (const each of ['message', 'ready']) rtm.once(each, (event) => console.log(event.whatever));
enum Names {
  Message = 'message',
  MessageChanged = 'message::message_changed',
  Own = 'own',
}
rtm.on(Names.Message, (event) => console.log(event.text, event.whatever.deep));
rtm.on(Names.MessageChanged, (event: Message) => console.log(event.my_own_field));
rtm.on(Names.Own, (event) => console.log(event.whatever));
function subscribe<T>(event: string, listener: (payload: T) => void): void {
  rtm.on(event, listener).once(event, listener).addListener(event, listener);
}
function forward<E extends 'message' | 'hello'>(event: E, listener: (payload: any) => void): void {
  rtm.on(event, listener).off(event, listener);
}
subscribe<Message>('message', (message) => console.log(message.my_own_field));
forward('message', (event) => console.log(event));

// Other methods of an emitter.

console.log(rtm.emit('message', { text: 'made up' }), rtm.emit('own', 1, 'two'), rtm.emit('ready'));
console.log(
  rtm.listeners('message').map((listener) => listener({ text: 'x' })),
  rtm.listenerCount('message'),
);
console.log(rtm.eventNames().includes('message'), rtm.removeAllListeners('message').removeAllListeners());
const emitter: EventEmitter = rtm;
const slot: EventEmitter.ListenerFn = (event) => console.log(event);
emitter.on('message', slot).off('message', slot);
console.log(rtm.on('message', () => undefined).once('hello', () => undefined).start);

// Types taken from the class.

type On = RTMClient['on'];
type Names2 = Parameters<On>[0];
type Callback = Parameters<On>[1];
const own: Names2 = 'whatever';
const callback: Callback = (one: number, two: Message) => console.log(one, two);
const part: Pick<RTMClient, 'on' | 'sendMessage' | 'start'> = rtm;
const options: ConstructorParameters<typeof RTMClient>[1] = { autoReconnect: false };
type Started = Awaited<ReturnType<RTMClient['start']>>;
const started: Promise<Started> = rtm.start({} as RTMStartOptions);
console.log(own, callback, part, options, started);

// Mocks and adapters.

const fake: Partial<RTMClient> = { sendMessage: async () => ({ ts: '1.0' }), connected: true };
const stub = {
  on: (_event: string, _listener: (...args: any[]) => void) => stub,
  emit: () => true,
} as unknown as RTMClient;
interface Bus {
  on(event: string, listener: (payload: any) => void): unknown;
  emit(event: string, payload: any): boolean;
}
const bus: Bus = rtm;
interface MessageSource {
  on(event: 'message', listener: (message: Message) => void): unknown;
}
const source: MessageSource = rtm;
console.log(fake, stub, bus, source);

// Subclasses that override.

class Generic extends RTMClient {
  override on<T extends string | symbol>(event: T, fn: (...args: any[]) => void, context?: any): this {
    return super.on(event, fn, context);
  }
  override emit(event: string | symbol, ...args: any[]): boolean {
    return super.emit(event, ...args);
  }
  override once(event: string | symbol, fn: (...args: any[]) => void): this {
    return super.once(event, fn);
  }
}
class Typed extends RTMClient {
  override on(event: 'message', listener: (message: Message) => void): this;
  override on(event: string, listener: (...args: any[]) => void): this;
  override on(event: string, listener: (...args: any[]) => void): this {
    return super.on(event, listener);
  }
}
class Named extends RTMClient {
  constructor(token: string, options?: RTMClientOptions) {
    super(token, options);
    this.on('message', (event) => this.reply(event)).on('ready', () => this.emit('own'));
  }
  private reply({ text, channel }: { text: string; channel: string }): Promise<RTMCallResult> {
    return this.sendMessage(text, channel);
  }
}
new Generic('x').on('message', (event) => console.log(event.text));
new Typed('x').on('message', (message) => console.log(message.my_own_field));
new Named('x').on('message', (event) => console.log(event.whatever.deep));
const clients: RTMClient[] = [new Generic('x'), new Typed('x'), new Named('x')];
console.log(clients);

// rxjs and node:events.

const messages: Observable<any> = fromEvent(rtm, 'message');
const typed = fromEvent(rtm, 'message') as Observable<Message>;
messages.subscribe((event) => console.log(event.text));
typed.subscribe((message) => console.log(message.my_own_field));
export async function first(): Promise<Message> {
  const [event] = await once(rtm as unknown as NodeJS.EventEmitter, 'message');
  return event;
}
