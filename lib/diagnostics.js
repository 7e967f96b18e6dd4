// What the client does to get a connection, and why it is without one, for whoever subscribes to node:diagnostics_channel.
// Owns the channels; their messages are typed in index.d.ts (RTMDiagnostics).
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
