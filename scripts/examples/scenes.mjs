// What is done to each example, so that it shows at once what it does: who says what, and what is waited for. A scene gives
// the programs that then go on until Ctrl-C.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { needCargo, root } from '../setup.mjs';
import { fleet } from './fleet.mjs';
import { examples, install } from './prepare.mjs';

/** A busy machine takes its time. */
const timeout = 60_000;
const general = { in: '#general', timeout };

async function talkWithEcho(stage, run) {
  const slack = await stage.workspace();
  const bot = run(stage.access(slack));
  await bot.prints(/connected as/);
  slack.user('ann').say('#general', 'hello, bot!');
  await slack.nextMessage({ from: slack.bot, ...general });
  slack.user('bob').dm(slack.bot, 'Umlaute: äöü, and 🎉?');
  await slack.nextMessage({ from: slack.bot, in: '@bob', timeout });
  return { bot, slack };
}

async function echoBot(stage) {
  const { bot, slack } = await talkWithEcho(stage, (env) => stage.node('echo-bot.js', env));
  return { bot, end: () => slack.user('ann').say('#general', 'goodbye') };
}

async function rustEcho(stage) {
  needCargo();
  const flags = process.env.EXAMPLE_CARGO_FLAGS?.split(' ') ?? [];
  const example = ['--quiet', '--manifest-path', join(root, 'Cargo.toml'), '--example', 'echo', ...flags];
  await stage.run('cargo', ['build', ...example], {}).end(0);
  return talkWithEcho(stage, (env) => stage.run('cargo', ['run', ...example], env));
}

async function welcomeBot(stage) {
  const slack = await stage.workspace({
    users: ['ann', 'dora'],
    channels: [{ name: 'general', members: ['ann', 'robot'] }],
  });
  const bot = stage.node('welcome-bot.js', stage.access(slack));
  await slack.nextConnection({ timeout });
  const dora = slack.user('dora');
  stage.line('dora', 'joins the workspace');
  slack.emit({ type: 'team_join', user: { id: dora.id, name: dora.name, is_bot: false } });
  await bot.prints(/did welcome/);
  stage.line('dora', 'joins #general');
  dora.join('#general');
  await bot.prints(/did greet/);
  return { bot };
}

async function presenceTracker(stage) {
  const slack = await stage.workspace({ users: ['ann', { name: 'bob', presence: 'away' }, 'carol'] });
  const bot = stage.node('presence-tracker.js', stage.access(slack));
  await bot.prints(/^bob: away/);
  stage.line('server', 'ann and carol leave, both at once');
  slack.setPresence(['ann', 'carol'], 'away');
  await bot.prints(/^ann, carol: away/);
  stage.line('server', 'drops the connection; meanwhile bob comes');
  slack.faults.drop();
  slack.user('bob').setPresence('active');
  await bot.prints(/^bob: active/);
  slack.user('ann').say('#general', 'who?');
  await slack.nextMessage({ from: slack.bot, ...general });
  return { bot };
}

async function typingIndicator(stage) {
  const slack = await stage.workspace();
  const bot = stage.node('typing-indicator.js', stage.access(slack));
  await slack.nextConnection({ timeout });
  slack.user('ann').say('#general', 'why is it so?');
  await slack.nextMessage({ from: slack.bot, ...general });
  return { bot };
}

async function typescriptBot(stage) {
  const compiled = join(examples, 'node_modules/.compiled/typescript-bot.js');
  const tsc = stage.run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', examples], {});
  await tsc.end(0);
  const slack = await stage.workspace();
  const bot = stage.run(process.execPath, [compiled], stage.access(slack));
  await bot.prints(/connected as/);
  slack.user('ann').say('#general', `tell ${slack.channel('#random').id} hello there`);
  await bot.prints(/^Said/);
  slack.user('ann').say('#general', 'tell C0000000000 hello there');
  await bot.prints(/^Not said/);
  return { bot };
}

async function esModuleBot(stage) {
  const slack = await stage.workspace();
  const bot = stage.node('es-module-bot.mjs', stage.access(slack));
  await bot.prints(/connected as/);
  slack.user('ann').say('#general', 'poll Pizza today?');
  const question = await slack.nextMessage({ from: slack.bot, ...general });
  await bot.prints(/asks/);
  for (const name of ['bob', 'carol']) {
    stage.line(name, 'reacts with :thumbsup:');
    slack.user(name).react(question, 'thumbsup');
    await bot.prints(/for: Pizza/);
  }
  return { bot };
}

async function proxyBot(stage) {
  const { Server } = createRequire(join(install(), 'proxy-chain'))('proxy-chain');
  const proxy = new Server({
    port: 0,
    host: '127.0.0.1',
    prepareRequestFunction({ username, password, hostname, port }) {
      const isKnown = username === 'bot' && password === 's@cret';
      stage.line('proxy', `${isKnown ? 'connects' : 'refuses'} ${username || 'somebody'} to ${hostname}:${port}`);
      return { requestAuthentication: !isKnown };
    },
  });
  await proxy.listen();
  stage.atEnd(() => proxy.close(true));
  const slack = await stage.workspace();
  const bot = stage.node('proxy-bot.js', {
    ...stage.access(slack),
    HTTPS_PROXY: `http://bot:s%40cret@127.0.0.1:${proxy.port}`,
  });
  await bot.prints(/connected/);
  slack.user('ann').say('#general', 'ping');
  await bot.prints(/a ping takes/);
  return { bot };
}

async function manyWorkspaces(stage) {
  const slacks = [];
  for (let n = 1; n <= 20; n += 1) {
    const name = `acme-${String(n).padStart(2, '0')}`;
    slacks.push(await stage.workspace({ team: { name, domain: name } }, { quiet: true }));
  }
  const file = slacks.map(({ team: { name }, token, apiUrl }) => ({ name, token, slackApiUrl: apiUrl }));
  const bot = stage.node('many-workspaces.js', { WORKSPACES: stage.file('workspaces.json', file) });
  await bot.prints(/all 20 workspaces are connected/);
  stage.line('ann', 'says "ping" in each of them');
  for (const slack of slacks) slack.user('ann').say('#general', 'ping');
  await Promise.all(slacks.map((slack) => slack.nextMessage({ from: slack.bot, timeout })));
  stage.line('server', 'acme-07 drops the connection, and has internal errors');
  const seventh = slacks[6];
  seventh.faults.refuseConnect({ error: 'internal_error' }, 1000);
  seventh.faults.drop();
  await bot.prints(/acme-07: cannot connect/);
  stage.line('', 'kill -USR2: the table');
  bot.child.kill('SIGUSR2');
  await bot.prints(/^acme-/, 20);
  return { bot };
}

/**
 * By name: the file, what it must be given to run against Slack, and the scene.
 * @type {Record<string, { file: string, needs: string, play: (stage: any) => Promise<{ bot: any, end?: () => unknown }> }>}
 */
export const scenes = {
  'echo-bot': { file: 'echo-bot.js', needs: 'SLACK_BOT_TOKEN', play: echoBot },
  'welcome-bot': { file: 'welcome-bot.js', needs: 'SLACK_BOT_TOKEN', play: welcomeBot },
  'presence-tracker': { file: 'presence-tracker.js', needs: 'SLACK_BOT_TOKEN', play: presenceTracker },
  'typing-indicator': { file: 'typing-indicator.js', needs: 'SLACK_BOT_TOKEN', play: typingIndicator },
  'typescript-bot': { file: 'node_modules/.compiled/typescript-bot.js', needs: 'SLACK_BOT_TOKEN', play: typescriptBot },
  'es-module-bot': { file: 'es-module-bot.mjs', needs: 'SLACK_BOT_TOKEN', play: esModuleBot },
  'proxy-bot': { file: 'proxy-bot.js', needs: 'SLACK_BOT_TOKEN', play: proxyBot },
  'many-workspaces': { file: 'many-workspaces.js', needs: 'WORKSPACES', play: manyWorkspaces },
  fleet: { file: 'fleet/fleet.js', needs: 'FLEET_WORKSPACES', play: fleet },
  'echo.rs': { file: 'echo.rs', needs: 'SLACK_BOT_TOKEN', play: rustEcho },
};
