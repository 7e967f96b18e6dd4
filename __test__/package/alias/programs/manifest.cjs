// What programs look up in the package itself.
'use strict';

const { name, version, main, types } = require('@slack/rtm-api/package.json');
console.log(
  '>',
  typeof name,
  /^\d+\.\d+\.\d+$/.test(version),
  require.resolve('@slack/rtm-api').endsWith(main),
  typeof types,
);
