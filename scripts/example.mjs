// `npm run example -- NAME`: runs an example of examples/ against a local workspace, until Ctrl-C. Other users of the
// workspace do what makes the example react. With --once it ends after that. If SLACK_BOT_TOKEN is set, the example runs
// against Slack.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fail, root, run, setup } from './setup.mjs';
import { examples, install, link } from './examples/prepare.mjs';

const words = process.argv.slice(2);
const isOnce = words.includes('--once');
const [name] = words.filter((word) => word !== '--once');

setup();
link();
const { scenarios } = await import('./examples/scenarios.mjs');
const { ExampleContext } = await import('./examples/context.mjs');

const scenario = name === undefined || !Object.hasOwn(scenarios, name) ? undefined : scenarios[name];
if (scenario === undefined)
  fail(`npm run example -- NAME [--once], where NAME is one of\n  ${Object.keys(scenarios).join('\n  ')}`);
if (process.env[scenario.needs]) await againstSlack();
else await againstWorkspace();

async function againstSlack() {
  console.log(`${scenario.needs} is set, so ${name} runs against Slack. Ctrl-C ends it.\n`);
  if (name === 'fleet') install('fleet');
  if (name === 'typescript-bot') run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', examples]);
  const [command, args] =
    name === 'echo.rs'
      ? ['cargo', ['run', '--quiet', '--example', 'echo']]
      : [process.execPath, [join(examples, scenario.file)]];
  const child = spawn(command, args, { stdio: 'inherit', cwd: root });
  process.on('SIGINT', () => {}); // Ctrl-C also reaches the example, which then ends
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const [code] = await once(child, 'close');
  process.exitCode = code ?? 1;
}

async function againstWorkspace() {
  const context = new ExampleContext();
  const interrupted = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => resolve(undefined));
  });
  try {
    const shown = await Promise.race([scenario.run(context), interrupted]);
    if (shown === undefined) return;
    const { bot, end, others = [] } = shown;
    if (!isOnce) {
      console.log(`\nCtrl-C ends it.${context.page === undefined ? '' : ` Talk to it at ${context.page}`}\n`);
      await Promise.race([interrupted, bot.exited]);
    } else if (end !== undefined) {
      end();
      await bot.exited;
    }
    for (const program of [bot, ...others]) await program.end();
  } catch (error) {
    console.error(`\nThe example ${name} failed: ${error.message}`);
    process.exitCode = 1;
  } finally {
    await context.close();
  }
}
