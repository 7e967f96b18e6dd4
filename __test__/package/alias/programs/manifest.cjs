// Fields of the package's manifest that programs read.
'use strict';

const { name, version, main, types } = require('@slack/rtm-api/package.json');
console.log(
  '>',
  typeof name,
  /^\d+\.\d+\.\d+$/.test(version),
  require.resolve('@slack/rtm-api').endsWith(main),
  typeof types,
);
