// The package's exports.
'use strict';

const { ErrorCode } = require('./lib/errors.js');
const { LogLevel } = require('./lib/logger.js');
const retryPolicies = require('./lib/retry-policies.js');
const { RTMClient } = require('./lib/rtm-client.js');

exports.RTMClient = RTMClient;
exports.ErrorCode = ErrorCode;
exports.LogLevel = LogLevel;
exports.retryPolicies = retryPolicies;
