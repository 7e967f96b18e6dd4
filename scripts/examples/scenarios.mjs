// One scenario per example: users and servers act so that the example shows what it does. A scenario returns the processes,
// which then run until Ctrl-C.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { needCargo, root } from '../setup.mjs';
import { fleet } from './fleet.mjs';
import { examples, install } from './prepare.mjs';

/** In ms. Long, because the machine may be busy. */
const timeout = 60_000;
const general = { in: '#general', timeout };

async function talkWithEcho(context, run) {
  const slack = await context.workspace();
  const bot = run(context.access(slack));
  await bot.prints(/connected as/);
  slack.user('ann').say('#general', 'hello, bot!');
  await slack.nextMessage({ from: slack.bot, ...general });
  slack.user('bob').dm(slack.bot, 'Umlaute: äöü, and 🎉?');
  await slack.nextMessage({ from: slack.bot, in: '@bob', timeout });
  return { bot, slack };
}

async function echoBot(context) {
  const { bot, slack } = await talkWithEcho(context, (env) => context.node('echo-bot.js', env));
  return { bot, end: () => slack.user('ann').say('#general', 'goodbye') };
}

async function rustEcho(context) {
  needCargo();
  const flags = process.env.EXAMPLE_CARGO_FLAGS?.split(' ') ?? [];
  const example = ['--quiet', '--manifest-path', join(root, 'Cargo.toml'), '--example', 'echo', ...flags];
  await context.run('cargo', ['build', ...example], {}).end(0);
  return talkWithEcho(context, (env) => context.run('cargo', ['run', ...example], env));
}

async function welcomeBot(context) {
  const slack = await context.workspace({
    users: ['ann', 'dora'],
    channels: [{ name: 'general', members: ['ann', 'robot'] }],
  });
  const bot = context.node('welcome-bot.js', context.access(slack));
  await slack.nextConnection({ timeout });
  const dora = slack.user('dora');
  context.print('dora', 'joins the workspace');
  slack.emit({ type: 'team_join', user: { id: dora.id, name: dora.name, is_bot: false } });
  await bot.prints(/done: welcome/);
  context.print('dora', 'joins #general');
  dora.join('#general');
  await bot.prints(/done: greet/);
  return { bot };
}

async function presenceTracker(context) {
  const slack = await context.workspace({ users: ['ann', { name: 'bob', presence: 'away' }, 'carol'] });
  const bot = context.node('presence-tracker.js', context.access(slack));
  await bot.prints(/^bob: away/);
  context.print('server', 'ann and carol go offline at the same time');
  slack.setPresence(['ann', 'carol'], 'away');
  await bot.prints(/^ann, carol: away/);
  context.print('server', 'drops the connection; meanwhile bob comes online');
  slack.faults.drop();
  slack.user('bob').setPresence('active');
  await bot.prints(/^bob: active/);
  slack.user('ann').say('#general', 'who?');
  await slack.nextMessage({ from: slack.bot, ...general });
  return { bot };
}

async function typingIndicator(context) {
  const slack = await context.workspace();
  const bot = context.node('typing-indicator.js', context.access(slack));
  await slack.nextConnection({ timeout });
  slack.user('ann').say('#general', 'why is it so?');
  await slack.nextMessage({ from: slack.bot, ...general });
  return { bot };
}

async function typescriptBot(context) {
  const compiled = join(examples, 'node_modules/.compiled/typescript-bot.js');
  const tsc = context.run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', examples], {});
  await tsc.end(0);
  const slack = await context.workspace();
  const bot = context.run(process.execPath, [compiled], context.access(slack));
  await bot.prints(/connected as/);
  slack.user('ann').say('#general', `tell ${slack.channel('#random').id} hello there`);
  await bot.prints(/^Sent/);
  slack.user('ann').say('#general', 'tell C0000000000 hello there');
  await bot.prints(/^Not sent/);
  return { bot };
}

async function esModuleBot(context) {
  const slack = await context.workspace();
  const bot = context.node('es-module-bot.mjs', context.access(slack));
  await bot.prints(/connected as/);
  slack.user('ann').say('#general', 'poll Pizza today?');
  const question = await slack.nextMessage({ from: slack.bot, ...general });
  await bot.prints(/asked/);
  for (const name of ['bob', 'carol']) {
    context.print(name, 'reacts with :thumbsup:');
    slack.user(name).react(question, 'thumbsup');
    await bot.prints(/votes for/);
  }
  return { bot };
}

async function proxyBot(context) {
  const { Server } = createRequire(join(install(), 'proxy-chain'))('proxy-chain');
  const proxy = new Server({
    port: 0,
    host: '127.0.0.1',
    prepareRequestFunction({ username, password, hostname, port }) {
      const isKnown = username === 'bot' && password === 's@cret';
      context.print(
        'proxy',
        `${isKnown ? 'connects' : 'refuses'} ${username || 'an unknown user'} to ${hostname}:${port}`,
      );
      return { requestAuthentication: !isKnown };
    },
  });
  await proxy.listen();
  context.onClose(() => proxy.close(true));
  const slack = await context.workspace();
  const bot = context.node('proxy-bot.js', {
    ...context.access(slack),
    HTTPS_PROXY: `http://bot:s%40cret@127.0.0.1:${proxy.port}`,
  });
  await bot.prints(/connected/);
  slack.user('ann').say('#general', 'ping');
  await bot.prints(/a ping took/);
  return { bot };
}

async function manyWorkspaces(context) {
  const slacks = [];
  for (let n = 1; n <= 20; n += 1) {
    const name = `acme-${String(n).padStart(2, '0')}`;
    slacks.push(await context.workspace({ team: { name, domain: name } }, { quiet: true }));
  }
  const file = slacks.map(({ team: { name }, token, apiUrl }) => ({ name, token, slackApiUrl: apiUrl }));
  const bot = context.node('many-workspaces.js', { WORKSPACES: context.file('workspaces.json', file) });
  await bot.prints(/all 20 workspaces are connected/);
  context.print('ann', 'says "ping" in each of them');
  for (const slack of slacks) slack.user('ann').say('#general', 'ping');
  await Promise.all(slacks.map((slack) => slack.nextMessage({ from: slack.bot, timeout })));
  context.print('server', 'drops the connection of acme-07, then returns internal_error');
  const seventh = slacks[6];
  seventh.faults.refuseConnect({ error: 'internal_error' }, 1000);
  seventh.faults.drop();
  await bot.prints(/acme-07: cannot connect/);
  context.print('', 'kill -USR2 prints the table:');
  bot.child.kill('SIGUSR2');
  await bot.prints(/^acme-/, 20);
  return { bot };
}

/**
 * By example name: `file`, relative to examples/; `needs`, the environment variable with which the example runs against Slack;
 * `run`, the scenario with a local workspace.
 * @type {Record<string, { file: string, needs: string, run: (context: any) => Promise<{ bot: any, end?: () => unknown }> }>}
 */
export const scenarios = {
  'echo-bot': { file: 'echo-bot.js', needs: 'SLACK_BOT_TOKEN', run: echoBot },
  'welcome-bot': { file: 'welcome-bot.js', needs: 'SLACK_BOT_TOKEN', run: welcomeBot },
  'presence-tracker': { file: 'presence-tracker.js', needs: 'SLACK_BOT_TOKEN', run: presenceTracker },
  'typing-indicator': { file: 'typing-indicator.js', needs: 'SLACK_BOT_TOKEN', run: typingIndicator },
  'typescript-bot': { file: 'node_modules/.compiled/typescript-bot.js', needs: 'SLACK_BOT_TOKEN', run: typescriptBot },
  'es-module-bot': { file: 'es-module-bot.mjs', needs: 'SLACK_BOT_TOKEN', run: esModuleBot },
  'proxy-bot': { file: 'proxy-bot.js', needs: 'SLACK_BOT_TOKEN', run: proxyBot },
  'many-workspaces': { file: 'many-workspaces.js', needs: 'WORKSPACES', run: manyWorkspaces },
  fleet: { file: 'fleet/fleet.js', needs: 'FLEET_WORKSPACES', run: fleet },
  'echo.rs': { file: 'echo.rs', needs: 'SLACK_BOT_TOKEN', run: rustEcho },
};
