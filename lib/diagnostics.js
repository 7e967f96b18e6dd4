// The channels of node:diagnostics_channel on which clients report connects, pauses and lifecycle events. `RTMDiagnostics` in
// index.d.ts has the types of their messages.
'use strict';

const { channel } = require('node:diagnostics_channel');

const channels = {
  connect: channel('slack-rtm-native:connect'),
  dial: channel('slack-rtm-native:dial'),
  pause: channel('slack-rtm-native:pause'),
  lifecycle: channel('slack-rtm-native:lifecycle'),
};

/**
 * @param {keyof typeof channels} name
 * @param {object} message
 */
function publish(name, message) {
  if (channels[name].hasSubscribers) channels[name].publish(message);
}

module.exports = { publish };
