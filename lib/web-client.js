// Creates the `webClient` property: a WebClient of @slack/web-api, if that package is installed.
'use strict';

const { codedError } = require('./errors.js');

/** The options that WebClient and RTMClient have in common. */
const SHARED = ['slackApiUrl', 'logger', 'logLevel', 'retryConfig', 'agent', 'tls', 'headers'];

/**
 * @param {string} token
 * @param {Record<string, any>} options
 */
function makeWebClient(token, options) {
  /** @type {any} */
  let webApi;
  try {
    webApi = require('@slack/web-api');
  } catch (error) {
    throw codedError('MODULE_NOT_FOUND', 'rtm.webClient needs @slack/web-api: npm install @slack/web-api', {
      cause: error,
    });
  }
  const shared = SHARED.map((name) => [name, options[name]]).filter(
    ([, value]) => value !== undefined && value !== null,
  );
  return new webApi.WebClient(token, Object.fromEntries(shared));
}

module.exports = { makeWebClient };
