// One measurement of the benchmark, a process of its own: connects the client named by its package, hears the stream,
// and tells its parent what that cost.
'use strict';

const { readFileSync } = require('node:fs');
const [, , name, port] = process.argv;
const { RTMClient } = require(name);

/** CPU time of the main thread in µs, as Linux counts it. */
function mainThread() {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1000;
}

async function measure() {
  const rtm = new RTMClient('xoxb-benchmark', { slackApiUrl: `http://127.0.0.1:${port}/`, logLevel: 'error' });
  let heard = 0;
  let letters = 0;
  rtm.on('message', (event) => {
    heard += 1;
    letters += event.text?.length ?? 0;
  });
  const ready = new Promise((resolve) => rtm.once('ready', resolve));
  const done = new Promise((resolve) => rtm.once('done', resolve));
  await rtm.start();
  await ready;
  const before = { time: performance.now(), main: mainThread(), all: process.cpuUsage() };
  await rtm.send('go');
  await done;
  const cpu = process.cpuUsage(before.all);
  const result = {
    heard,
    letters,
    ms: performance.now() - before.time,
    main: mainThread() - before.main,
    all: cpu.user + cpu.system,
    rss: process.resourceUsage().maxRSS / 1024,
  };
  await rtm.disconnect();
  process.send(result);
}

measure();
