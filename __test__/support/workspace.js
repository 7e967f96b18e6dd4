// A local workspace that ends with the test.
'use strict';

const { Workspace } = require('slack-rtm-workspace');
const { atEnd } = require('./cleanup.js');

/**
 * @param {import('node:test').TestContext} t
 * @param {import('slack-rtm-workspace').StartOptions} [options]
 */
async function startWorkspace(t, options) {
  const slack = await Workspace.start(options);
  atEnd(t, () => slack.close());
  return slack;
}

module.exports = { startWorkspace };
