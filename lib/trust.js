// Whom this process trusts where no `tls.ca` is given: what Node trusts. Owns handing it over, once per process.
'use strict';

const { NativeClient } = require('./binding.js');
const { defaultRoots } = require('./tls.js');

/**
 * Hands Node's authorities to the network side, if a client needs them and nobody has done so.
 * @param {import('../binding').ClientOptions} options
 */
function prepareTrust({ tls, proxy, hasAgent }) {
  const needed = (!hasAgent && tls.ca === null) || proxy?.tls.ca === null;
  if (needed && !NativeClient.hasDefaultRoots()) NativeClient.setDefaultRoots(defaultRoots());
}

module.exports = { prepareTrust };
