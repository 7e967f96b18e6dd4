// Owns the error that a caller is told by Slack's code. Knows no method and no socket.
'use strict';

class SlackError extends Error {
  name = 'SlackError';

  /**
   * @param {string} code Slack's, for example `channel_not_found`
   * @param {string} [message] for people; default: the code
   * @param {string[]} [messages] what `response_metadata.messages` says of it
   */
  constructor(code, message = code, messages = []) {
    super(message);
    this.code = code;
    this.messages = messages;
  }
}

module.exports = { SlackError };
