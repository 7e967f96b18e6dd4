// The measurements of the benchmark. Each runs a task of tasks.cjs with its options, by each package in turn, every time in a
// fresh process. A row is a ratio of this package to @slack/rtm-api, with a goal. A curve has figures for several points.

const MILLION = 1e6;

/** A row in which a higher figure is better. */
const atLeast = (goal) => ({ goal, higherIsBetter: true });
const atMost = (goal) => ({ goal, higherIsBetter: false });

/** Rows with the cost of one event; the goal is optional. */
const main = (label, goal) => ({ label, figure: 'main', unit: 'µs', ...goal });
const waited = (label) => ({ label, figure: 'waited', unit: 'µs' });
const all = (label, goal) => ({ label, figure: 'all', unit: 'µs', ...goal });
const rate = (label, goal) => ({ label, figure: 'rate', unit: '/s', ...goal });
const peak = (label, goal) => ({ label, figure: 'peak', unit: 'MB', ...goal });

/** A row and a bar for a thousand clients. */
const ofThousand = (what, figure, unit, goal) => ({
  label: `1,000 clients: ${what}`,
  figure,
  unit,
  at: 1000,
  ...goal,
  bar: `1,000 clients: ${what}`,
});

/** The cost of an event along an axis. */
const costs = (axis) => ({ axis, figures: { 'main thread, µs': 'main', 'all threads, µs': 'all' } });

/**
 * @param {boolean} quick run fewer and shorter jobs
 * @param {number} openFiles the limit of open files of a process
 * @returns {Measurement[]}
 *
 * @typedef {{ label: string, figure: string, unit: string, at?: number, goal?: number, higherIsBetter?: boolean,
 *   bar?: string }} Row  `at`: the point of a curve; `bar`: what it is called in the picture
 * @typedef {{ axis: string, figures: Record<string, string> }} Curve figures by their labels with units
 * @typedef {{ name: string, title: string, task: string, jobs: object[], repeat?: number, rows: Row[],
 *   curve?: Curve }} Measurement  `jobs`: options, a process for each (`most`: in so many rounds at most); `repeat`: so
 *   many runs a round
 */
export function measurements(quick, openFiles) {
  const frames = quick ? 40_000 : 200_000;
  const short = quick ? 10_000 : 40_000;
  const stream = (scheme, name) => [{ scheme, stream: name, warmUp: 20_000, count: frames }];
  const thousand = { count: 1000, idle: 6000 };
  const crowds = [{ count: 1 }, { count: 10 }, { count: 100 }, thousand, { count: 5000, idle: 6000, most: 1 }];
  return [
    {
      name: 'messages',
      title: `${frames.toLocaleString('en')} messages over wss, a listener reads the text of each`,
      task: 'stream',
      jobs: stream('wss', 'messages'),
      rows: [
        { ...main('main thread per message, wss', atMost(0.25)), bar: 'main thread per message' },
        { ...rate('messages per second, wss', atLeast(1.8)), bar: 'time per message' },
        waited('main thread waiting for a core, per message, wss'),
        { ...all('all threads per message, wss', atMost(0.8)), bar: 'CPU of all threads per message' },
        { ...peak('peak memory under load, wss', atMost(1.2)), bar: 'peak memory under load' },
      ],
    },
    {
      name: 'messages-plain',
      title: 'the same over ws',
      task: 'stream',
      jobs: stream('ws', 'messages'),
      rows: [
        main('main thread per message, ws'),
        rate('messages per second, ws', atLeast(1.8)),
        waited('main thread waiting for a core, per message, ws'),
        all('all threads per message, ws'),
        peak('peak memory under load, ws'),
      ],
    },
    {
      name: 'noisy',
      title: `${frames.toLocaleString('en')} frames of all types over wss, 5 % of them have a listener`,
      task: 'stream',
      jobs: stream('wss', 'noisy'),
      rows: [
        {
          ...main('main thread per frame, 5 % with a listener, wss', atMost(0.08)),
          bar: 'main thread per frame, 5 % with a listener',
        },
        rate('frames per second, 5 % with a listener, wss'),
        all('all threads per frame, 5 % with a listener, wss'),
      ],
    },
    {
      name: 'noisy-plain',
      title: 'the same over ws',
      task: 'stream',
      jobs: stream('ws', 'noisy'),
      rows: [main('main thread per frame, 5 % with a listener, ws')],
    },
    {
      name: 'round-trip',
      title: 'sendMessage, one after the other, to a server that replies immediately',
      task: 'roundTrips',
      jobs: [{ count: quick ? 1000 : 4000 }],
      rows: [
        { label: 'sendMessage round trip, median', figure: 'median', unit: 'µs', ...atMost(1.5) },
        { label: 'sendMessage round trip, 99th percentile', figure: 'p99', unit: 'µs', ...atMost(0.5) },
      ],
    },
    {
      name: 'replies',
      title: 'many calls of sendMessage at once, to a server that takes 20 ms for each reply',
      task: 'replies',
      jobs: [{ count: 100, after: 20 }],
      rows: [rate('acknowledged messages per second', atLeast(50))],
    },
    {
      name: 'start',
      title: 'the first start() until ready',
      task: 'start',
      jobs: [{}],
      rows: [{ label: 'start() to ready', figure: 'time', unit: 'ms', ...atMost(0.02), bar: 'start() to ready' }],
    },
    {
      name: 'latency',
      title: "a message every 5 ms: from the server's write to the listener",
      task: 'latency',
      jobs: [{ count: quick ? 200 : 600, every: 5 }],
      rows: [
        { label: 'latency of an event, median', figure: 'median', unit: 'µs', ...atMost(1.1) },
        { label: 'latency of an event, 99th percentile', figure: 'p99', unit: 'µs', ...atMost(1.0) },
      ],
    },
    {
      name: 'require',
      title: 'require() in a fresh process',
      task: 'require',
      jobs: [{}],
      repeat: quick ? 1 : 4,
      rows: [{ label: 'time of require', figure: 'time', unit: 'ms', ...atMost(0.3), bar: 'time of require' }],
    },
    {
      name: 'clients',
      title:
        'clients in one process, all started at once (resident memory after garbage collection; 5,000 in one round)',
      task: 'clients',
      jobs: (quick ? [thousand] : crowds).filter(({ count }) => 2 * count + 200 <= openFiles),
      rows: [
        ofThousand('memory per client', 'memory', 'kB', atMost(0.25)),
        ofThousand('idle CPU per client', 'idle', 'µs/s', atMost(0.5)),
        ofThousand('until all are ready', 'ready', 'ms', atMost(0.4)),
      ],
      curve: {
        axis: 'clients',
        figures: { 'memory, kB a client': 'memory', 'idle CPU, µs/s a client': 'idle', 'all ready, ms': 'ready' },
      },
    },
    {
      name: 'sizes',
      title: 'messages of one size, over wss',
      task: 'sizes',
      jobs: [{ points: [60, 250, 1000, 4000, 16_000, 64_000], bytes: (quick ? 5 : 30) * MILLION }],
      rows: [],
      curve: costs('bytes'),
    },
    {
      name: 'listeners',
      title: 'listeners for the event',
      task: 'listeners',
      jobs: [{ points: [0, 1, 10, 100], count: short }],
      rows: [],
      curve: costs('listeners'),
    },
    {
      name: 'names',
      title: 'one listener for the event, and listeners for other events',
      task: 'names',
      jobs: [{ points: [0, 1, 10, 100], count: short }],
      rows: [],
      curve: costs('other events'),
    },
  ];
}
