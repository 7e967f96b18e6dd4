// The `prepare` script, which npm runs after it has installed the dependencies. It builds the addon, so that `npm install` of
// a git URL gives a package that works. SLACK_RTM_NATIVE_BUILD=off turns it off.

import { addon } from './addon.mjs';

addon();
