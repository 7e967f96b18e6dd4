// Ready-made values for the option `retryConfig`: those of @slack/web-api. Owns nothing else.
'use strict';

/** Ten retries within about thirty minutes: the default. */
const tenRetriesInAboutThirtyMinutes = Object.freeze({ retries: 10, factor: 1.96821, randomize: true });

/** Five retries within about five minutes. */
const fiveRetriesInFiveMinutes = Object.freeze({ retries: 5, factor: 3.86 });

/** Ten retries at once, for tests. */
const rapidRetryPolicy = Object.freeze({ minTimeout: 0, maxTimeout: 1 });

module.exports = { tenRetriesInAboutThirtyMinutes, fiveRetriesInFiveMinutes, rapidRetryPolicy };
