// `npm run build`: makes a fresh clone ready: installs the dependencies and builds the addon, each only when something
// changed since. Uses nothing but Node's own modules, since nothing else is there yet.

import { addon } from './addon.mjs';
import { fail, isMain, onChange, run } from './project.mjs';

export { fail, needCargo, root, run } from './project.mjs';

/**
 * Installs and builds what is missing or out of date. With `floor`, the addon is for old Linux systems, too, as those of a
 * release are; where that cannot be had here, it says so and the addon is for this system.
 */
export function setup({ floor = false } = {}) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 18 || (major === 18 && minor < 17))
    fail(`Node ${process.versions.node} is too old: 18.17 or later is needed.`);
  onChange('node_modules/.setup-stamp', ['package-lock.json'], 'node_modules/eventemitter3', () => {
    console.log('Installing dependencies …');
    // Without the `prepare` of package.json: the addon is built below.
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { env: { SLACK_RTM_NATIVE_BUILD: 'off' } });
  });
  addon({ floor });
}

if (isMain(import.meta.url)) setup();
