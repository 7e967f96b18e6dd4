// The error that says by Slack's code why a request cannot be done.
'use strict';

/**
 * Thrown where Slack would refuse: by the state, by the Web API's methods and by the page's actions.
 *
 * The Web API answers with `{ ok: false, error: code, ...fields }`, a frame on a socket gets the matching RTM error, and
 * a test catches the error itself.
 */
class SlackError extends Error {
  name = 'SlackError';

  /**
   * @param {string} code Slack's error code, for example `channel_not_found`
   * @param {string} [message] for people; default: the code
   * @param {Record<string, unknown>} [fields] more fields of the Web API's response, for example `response_metadata`
   */
  constructor(code, message = code, fields = {}) {
    super(message);
    this.code = code;
    this.fields = fields;
  }
}

module.exports = { SlackError };
