// The exports of the package.
'use strict';

const { Workspace } = require('./lib/workspace');

module.exports = { Workspace };
