// npm's `prepare`: builds the addon, so that `npm install` of a git URL gives a package that works. npm runs it when it has
// installed the dependencies: there in a clone of its own, and after `npm ci` in a clone of yours.

import { addon } from './addon.mjs';

addon();
