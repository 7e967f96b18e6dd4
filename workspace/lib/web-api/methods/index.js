// All Web API methods by name.
'use strict';

const { chatMethods } = require('./chat');
const { conversationsMethods } = require('./conversations');
const { reactionsMethods } = require('./reactions');
const { teamMethods } = require('./team');
const { usersMethods } = require('./users');

/** @type {Map<string, import('./arguments').PublicMethod | import('./arguments').Method>} */
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
