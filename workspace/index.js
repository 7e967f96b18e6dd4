// Owns the package's exports and nothing else.
'use strict';

const { Workspace } = require('./lib/workspace');

module.exports = { Workspace };
