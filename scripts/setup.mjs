// `npm run build`: installs the dependencies and builds the addon, each only if something has changed. Other scripts do this
// first, so that they work in a fresh clone. Only modules of Node are used, because the dependencies may not be installed yet.

import { addon } from './addon.mjs';
import { fail, isMain, onChange, run } from './project.mjs';

export { fail, needCargo, root, run } from './project.mjs';

/**
 * Installs and builds what is missing or out of date. With `floor`, the addon is linked against glibc 2.17 like that of a
 * release, if that glibc can be fetched.
 */
export function setup({ floor = false } = {}) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 18 || (major === 18 && minor < 17))
    fail(`Node ${process.versions.node} is too old: install Node 18.17 or later.`);
  onChange('node_modules/.setup-stamp', ['package-lock.json'], 'node_modules/eventemitter3', () => {
    console.log('Installing dependencies …');
    // The addon is built below and not by the `prepare` script.
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { env: { SLACK_RTM_NATIVE_BUILD: 'off' } });
  });
  addon({ floor });
}

if (isMain(import.meta.url)) setup();
