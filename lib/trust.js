// Passes Node's root certificates to native code, once per process.
'use strict';

const { NativeClient } = require('./binding.js');
const { defaultRoots } = require('./tls.js');

/**
 * Passes the root certificates if this client needs them and they have not been passed yet.
 * @param {import('../binding').ClientOptions} options
 */
function provideDefaultRoots({ tls, proxy, hasAgent }) {
  const needed = (!hasAgent && tls.ca === null) || proxy?.tls.ca === null;
  if (needed && !NativeClient.hasDefaultRoots()) NativeClient.setDefaultRoots(defaultRoots());
}

module.exports = { provideDefaultRoots };
