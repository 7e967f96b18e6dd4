// Numbers, times and dates as the page shows them.

const numbers = new Intl.NumberFormat('en');
const times = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const days = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long' });

/**
 * A number with a thousands separator, and with a noun in singular or plural if one is given.
 *
 * @param {number} number
 * @param {string} [noun] in singular
 * @param {string} [plural]
 */
export function count(number, noun = '', plural = `${noun}s`) {
  if (noun === '') return numbers.format(number);
  return `${numbers.format(number)} ${number === 1 ? noun : plural}`;
}

/** @param {number} ms since the epoch */
export function timeOfDay(ms) {
  return times.format(ms);
}

/** @param {number} ms since the epoch */
export function dayOf(ms) {
  return days.format(ms);
}
