// Owns which Web API methods there are. What they do is in the files beside this one.
'use strict';

const { chatMethods } = require('./chat');
const { conversationsMethods } = require('./conversations');
const { reactionsMethods } = require('./reactions');
const { teamMethods } = require('./team');
const { usersMethods } = require('./users');

/** @type {Map<string, import('./arguments').OpenMethod | import('./arguments').Method>} */
const methods = new Map(
  Object.entries({
    ...teamMethods,
    ...usersMethods,
    ...chatMethods,
    ...conversationsMethods,
    ...reactionsMethods,
  }),
);

module.exports = { methods };
