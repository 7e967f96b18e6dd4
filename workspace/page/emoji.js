// Emoji by Slack's names.

/** @type {Record<string, string>} the emoji that the page offers for reactions and in the composer */
export const EMOJI = {
  '+1': '👍',
  '-1': '👎',
  heart: '❤️',
  tada: '🎉',
  eyes: '👀',
  white_check_mark: '✅',
  x: '❌',
  wave: '👋',
  joy: '😂',
  smile: '😄',
  thinking_face: '🤔',
  pray: '🙏',
  rocket: '🚀',
  fire: '🔥',
  sparkles: '✨',
  clap: '👏',
  raised_hands: '🙌',
  sob: '😭',
  scream: '😱',
  bug: '🐛',
  robot_face: '🤖',
  coffee: '☕',
  hourglass: '⌛',
  bell: '🔔',
};
/** @type {Record<string, string>} the emoji that the page can show: also other names, and emoji that bots often use */
const ALL_EMOJI = {
  ...EMOJI,
  thumbsup: '👍',
  thumbsdown: '👎',
  heavy_check_mark: '✔️',
  warning: '⚠️',
  star: '⭐',
  100: '💯',
  slightly_smiling_face: '🙂',
  wink: '😉',
  sunglasses: '😎',
  laughing: '😆',
  cry: '😢',
  ok_hand: '👌',
  muscle: '💪',
  point_right: '👉',
  memo: '📝',
  bulb: '💡',
  zap: '⚡',
  boom: '💥',
  ship: '🚢',
  package: '📦',
  lock: '🔒',
  key: '🔑',
  red_circle: '🔴',
  large_green_circle: '🟢',
  large_blue_circle: '🔵',
  question: '❓',
  exclamation: '❗',
};

/**
 * @param {string} name without colons
 * @returns {string} the emoji, or `:name:` if it is unknown
 */
export function glyphOf(name) {
  const [base] = name.split('::', 1);
  return Object.hasOwn(ALL_EMOJI, base) ? ALL_EMOJI[base] : `:${name}:`;
}
