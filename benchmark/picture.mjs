// Draws the picture of a run: a few ratios as bars, for light and dark pages.

import { shown } from './report.mjs';

const WIDTH = 760;
const LEFT = 236;
const RIGHT = 198;
const [TOP, STEP, BAR] = [78, 32, 16];

const STYLE = `
  text { font: 13px -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 }
  .quiet { font-size: 12px; fill: #59636e }
  .ratio { font-weight: 600 }
  .track { fill: #d1d9e0 }
  .bar { fill: #0969da }
  .line { stroke: #818b98; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .quiet { fill: #9198a1 }
    .track { fill: #30363d }
    .bar { fill: #4493f8 }
    .line { stroke: #656c76 }
  }`;

const escapeXml = (text) => String(text).replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
const text = (x, y, content, attributes = '') => `<text x="${x}" y="${y}" ${attributes}>${escapeXml(content)}</text>`;

/** The rows that are shown in the picture; in all of them, less is better. */
function barsOf(rows) {
  return rows
    .filter(({ bar }) => bar)
    .map(({ bar, ratio, ours, theirs, unit, higherIsBetter }) => {
      if (!higherIsBetter) return { bar, ratio, ours, theirs, unit };
      // From a rate per second to µs for one event.
      return { bar, ratio: 1 / ratio, ours: 1e6 / ours, theirs: 1e6 / theirs, unit: 'µs' };
    });
}

/** An SVG of a run's report. */
export function picture({ run, rows }) {
  const bars = barsOf(rows);
  const scale = (WIDTH - LEFT - RIGHT) / Math.max(1, ...bars.map(({ ratio }) => ratio));
  const one = LEFT + scale;
  const bottom = TOP + bars.length * STEP;
  const lines = bars.flatMap(({ bar, ratio, ours, theirs, unit }, index) => {
    const y = TOP + index * STEP;
    const width = Math.max(2, ratio * scale);
    const base = y + BAR - 3;
    return [
      text(LEFT - 12, base, bar, 'text-anchor="end"'),
      `<rect class="track" x="${LEFT}" y="${y}" width="${scale.toFixed(1)}" height="${BAR}" rx="3"/>`,
      `<rect class="bar" x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="3"/>`,
      text(WIDTH - RIGHT + 12, base, shown(ratio), 'class="ratio"'),
      text(WIDTH - RIGHT + 66, base, `${shown(ours)} vs ${shown(theirs)} ${unit}`, 'class="quiet"'),
    ];
  });
  const where = `${run.cpu}, ${run.cores} cores, Node ${run.node}, wss on loopback`;
  const when = `median of ${run.rounds} rounds, ${run.date.slice(0, 10)}`;
  const box = `viewBox="0 0 ${WIDTH} ${bottom + 34}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${box} role="img" aria-label="Costs as a share of those of @slack/rtm-api">`,
    `<style>${STYLE}\n</style>`,
    text(16, 28, 'What it costs, as a share of what @slack/rtm-api 7.0.4 costs', 'class="title"'),
    text(16, 50, 'shorter is better', 'class="quiet"'),
    text(one, TOP - 12, '@slack/rtm-api = 1', 'class="quiet" text-anchor="middle"'),
    ...lines,
    `<line class="line" x1="${one}" x2="${one}" y1="${TOP - 6}" y2="${bottom - 8}"/>`,
    text(16, bottom + 16, `${where}, ${when}`, 'class="quiet"'),
    '</svg>\n',
  ].join('\n');
}
