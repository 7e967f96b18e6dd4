// Ready-made values for `retryConfig`, with the names and values of @slack/web-api.
'use strict';

/** Ten retries within about thirty minutes. This is the default. */
const tenRetriesInAboutThirtyMinutes = Object.freeze({ retries: 10, factor: 1.96821, randomize: true });

/** Five retries within about five minutes. */
const fiveRetriesInFiveMinutes = Object.freeze({ retries: 5, factor: 3.86 });

/** Ten retries without pauses, for tests. */
const rapidRetryPolicy = Object.freeze({ minTimeout: 0, maxTimeout: 1 });

module.exports = { tenRetriesInAboutThirtyMinutes, fiveRetriesInFiveMinutes, rapidRetryPolicy };
