// The report of a run: medians and ratios, as JSON and as a table.

import os from 'node:os';

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The machine and the time of the measurement. */
export function machine() {
  const cpus = os.cpus();
  return {
    cpu: cpus[0].model.trim(),
    cores: cpus.length,
    memory: `${Math.round(os.totalmem() / 2 ** 30)} GB`,
    node: process.version,
    kernel: `${os.type()} ${os.release()}`,
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
  };
}

/** Summarizes all rounds of a run. */
export function summary(measured, run) {
  const curves = measured.filter(({ curve }) => curve).map(curveOf);
  return { run, rows: measured.flatMap(rowsOf), curves, failures: failuresOf(measured) };
}

/** Compares one figure, if both packages have it: medians, their ratio, and the range of the rounds' ratios. */
function compare({ ours, theirs }, at, figure) {
  const [one, other] = [ours, theirs].map((all) =>
    (all[at] ?? []).map((figures) => figures[figure]).filter(Number.isFinite),
  );
  if (one.length === 0 || other.length === 0) return undefined;
  const ratios = one.map((value, round) => value / other[round]).filter(Number.isFinite);
  return {
    ratio: median(one) / median(other),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    ours: median(one),
    theirs: median(other),
    rounds: { ours: one, theirs: other },
  };
}

function rowsOf({ name, title, rows, figures }) {
  return rows.flatMap(({ figure, at = 0, ...row }) => {
    const compared = compare(figures, at, figure);
    if (compared === undefined) return [];
    const { goal, higherIsBetter } = row;
    const reached = goal === undefined ? undefined : higherIsBetter ? compared.ratio >= goal : compared.ratio <= goal;
    return [{ measurement: name, title, ...row, reached, ...compared }];
  });
}

function curveOf({ name, title, curve, figures }) {
  const points = Object.keys(figures.ours).map((at) => ({
    at: Number(at),
    ...Object.fromEntries(
      Object.entries(curve.figures).map(([label, figure]) => [label, compare(figures, at, figure)]),
    ),
  }));
  return { measurement: name, title, axis: curve.axis, figures: Object.keys(curve.figures), points };
}

/** The runs that hung or died, and whether both packages received the same events. */
function failuresOf(measured) {
  return measured.flatMap(({ name, failures, figures }) => {
    const received = [figures.ours, figures.theirs].flatMap((all) =>
      Object.values(all)
        .flat()
        .map(({ same }) => same),
    );
    const differ =
      new Set(received.filter(Boolean)).size > 1 ? ['the two packages did not receive the same events'] : [];
    return [...differ, ...failures].map((what) => `${name}: ${what}`);
  });
}

const digits = (value, places) =>
  value.toLocaleString('en', { minimumFractionDigits: places, maximumFractionDigits: places });

/** Three digits that count. */
export function shown(value) {
  const size = Math.abs(value);
  return digits(value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3);
}

/** Columns side by side: the first is text, the others are figures. */
function columns(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const cell = (text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]));
  return rows.map((row) => `  ${row.map(cell).join('   ')}`.trimEnd()).join('\n');
}

/** The table: ratios first. */
export function table({ run, rows, curves, failures }) {
  const goalOf = ({ goal, higherIsBetter, reached }) =>
    goal === undefined ? '' : `${higherIsBetter ? '≥' : '≤'} ${goal} ${reached ? '✓' : '✗'}`;
  const main = rows.map((row) => [
    row.label,
    shown(row.ratio),
    goalOf(row),
    `${shown(row.spread[0])}–${shown(row.spread[1])}`,
    `${shown(row.ours)} ${row.unit}`,
    `${shown(row.theirs)} ${row.unit}`,
  ]);
  const parts = [];
  const head = ['', 'ratio', 'goal', 'by round', 'this package', '@slack/rtm-api'];
  if (main.length > 0) parts.push('This package beside @slack/rtm-api 7.0.4', columns([head, ...main]));
  for (const curve of curves) parts.push(curve.title[0].toUpperCase() + curve.title.slice(1), curveTable(curve));
  if (failures.length > 0) parts.push(['What went wrong (a run that fails is made again):', ...failures].join('\n  '));
  const sizes = Object.entries(run.sizes).map(
    ([name, { least, median: middle, mean, most }]) => `${name} ${least}–${most} (median ${middle}, mean ${mean})`,
  );
  parts.push(
    `${run.cpu}, ${run.cores} cores, ${run.memory}, Node ${run.node}, ${run.kernel}, ${run.date} UTC\n` +
      `median of ${run.rounds} round${run.rounds === 1 ? '' : 's'}, ${run.seconds} s; bytes of a frame: ${sizes.join(', ')}`,
  );
  return parts.join('\n\n');
}

function curveTable({ axis, figures, points }) {
  const head = [axis, ...figures.flatMap((label) => [`${label}: ratio`, 'this package', '@slack/rtm-api'])];
  const cells = (compared) =>
    compared ? [shown(compared.ratio), shown(compared.ours), shown(compared.theirs)] : ['', '', ''];
  const lines = points.map((point) => [
    point.at.toLocaleString('en'),
    ...figures.flatMap((label) => cells(point[label])),
  ]);
  return columns([head, ...lines]);
}
