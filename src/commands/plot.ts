/**
 * Values over time as a picture of characters: braille, eight dots a character, or ASCII where a terminal shows no
 * more. Pure: from points and a size to lines. Where there are no readings nothing is drawn: a line over a gap
 * would claim what nobody measured.
 */

/** What one stretch of time was like. */
export interface PlotPoint {
  readonly at: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
}

export interface PlotOptions {
  /** Wall times; the first column begins at one, the last ends at the other. */
  readonly fromAt: number;
  readonly untilAt: number;
  /** Of the whole picture, labels included. */
  readonly columns: number;
  readonly rows: number;
  readonly unicode: boolean;
  /** The label of a moment on the axis of time. */
  readonly timeLabel: (at: number) => string;
  /** Puts a colour around what is drawn. */
  readonly paint?: (drawn: string) => string;
}

/** A label about each so many rows, a time about each so many columns: more would be read as noise. */
const ROWS_A_LABEL = 2;
const COLUMNS_A_TIME = 14;

/** So many steps without a reading are a gap, and not a reading that was a little late. */
const GAP_STEPS = 3;

/** Of one character: braille is two wide and four high; two marks in ASCII stand above each other. */
const BRAILLE = { across: 2, down: 4 };
const ASCII = { across: 1, down: 2 };

export function plot(points: readonly PlotPoint[], options: PlotOptions): string[] {
  const { fromAt, untilAt, columns, rows, unicode, timeLabel, paint = (drawn) => drawn } = options;
  const scale = scaleOf(points, Math.max(2, Math.round(rows / ROWS_A_LABEL)));
  const labels = scale.ticks.map((tick) => tick.toFixed(scale.decimals));
  const margin = Math.max(...labels.map((label) => label.length)) + 1;
  const width = Math.max(8, columns - margin - 1);
  const dots = unicode ? BRAILLE : ASCII;
  const canvas = createCanvas(width, rows, unicode);
  const across = width * dots.across;
  const down = rows * dots.down;
  const yOf = (value: number) => Math.round(((scale.top - value) / (scale.top - scale.bottom)) * (down - 1));
  const xOf = (at: number) => Math.floor(((at - fromAt) / (untilAt - fromAt)) * across);

  const gapMs = GAP_STEPS * Math.max(usualStepMs(points), (untilAt - fromAt) / width);
  let before: { at: number; x: number; y: number } | undefined;
  for (const { at, mean, min, max } of points) {
    const x = Math.min(across - 1, Math.max(0, xOf(at)));
    for (let y = yOf(max); y <= yOf(min); y += 1) canvas.set(x, y);
    const here = { at, x, y: yOf(mean) };
    if (before !== undefined && at - before.at <= gapMs) join(canvas, before, here);
    canvas.set(here.x, here.y);
    before = here;
  }

  const [bar, corner, line, tee] = unicode ? ['┤', '└', '─', '┬'] : ['|', '+', '-', '+'];
  const labelled = new Map(
    scale.ticks.map((tick, i) => [Math.floor(yOf(tick) / dots.down), labels[i] ?? '']),
  );
  const picture = canvas.lines().map((drawn, row) => {
    const label = labelled.get(row);
    return `${(label ?? '').padStart(margin - 1)} ${label === undefined ? (unicode ? '│' : '|') : bar}${paint(drawn)}`;
  });
  const times = timesUnder(width, fromAt, untilAt, timeLabel);
  const axis = Array.from({ length: width }, (_, x) => (times.marks.has(x) ? tee : line)).join('');
  const indent = ' '.repeat(margin);
  return [...picture, `${indent}${corner}${axis}`, `${indent} ${times.text}`].map((text) => text.trimEnd());
}

interface Canvas {
  set(x: number, y: number): void;
  lines(): string[];
}

/** The bits of a braille character, by row and column of its dots. */
const BRAILLE_BITS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
];
const ASCII_MARKS = [' ', "'", '.', ':'];

function createCanvas(columns: number, rows: number, unicode: boolean): Canvas {
  const { across, down } = unicode ? BRAILLE : ASCII;
  const cells = new Uint8Array(columns * rows);
  return {
    set(x, y) {
      if (x < 0 || y < 0 || x >= columns * across || y >= rows * down) return;
      const cell = Math.floor(y / down) * columns + Math.floor(x / across);
      const bit = unicode ? (BRAILLE_BITS[y % down]?.[x % across] ?? 0) : 1 << (y % down);
      cells[cell] = (cells[cell] ?? 0) | bit;
    },
    lines: () =>
      Array.from({ length: rows }, (_, row) =>
        Array.from(cells.subarray(row * columns, (row + 1) * columns), (bits) =>
          unicode ? (bits === 0 ? ' ' : String.fromCodePoint(0x2800 + bits)) : (ASCII_MARKS[bits] ?? ' '),
        ).join(''),
      ),
  };
}

/** A straight line, without holes where it is steep. */
function join(canvas: Canvas, a: { x: number; y: number }, b: { x: number; y: number }): void {
  let last = a.y;
  for (let x = a.x; x <= b.x; x += 1) {
    const y = b.x === a.x ? b.y : Math.round(a.y + ((b.y - a.y) * (x - a.x)) / (b.x - a.x));
    for (let between = Math.min(last, y); between <= Math.max(last, y); between += 1) canvas.set(x, between);
    last = y;
  }
}

/** How far apart they mostly are; 0 for a single one. */
function usualStepMs(points: readonly PlotPoint[]): number {
  const steps = points.slice(1).map(({ at }, i) => at - (points[i]?.at ?? at));
  return steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
}

/** Of a label. */
const DECIMALS_MAX = 6;

interface Scale {
  readonly bottom: number;
  readonly top: number;
  readonly ticks: readonly number[];
  readonly decimals: number;
}

/** From a round number to a round number, with round numbers between. */
export function scaleOf(points: readonly Pick<PlotPoint, 'min' | 'max'>[], ticksWanted: number): Scale {
  const low = Math.min(...points.map(({ min }) => min));
  const high = Math.max(...points.map(({ max }) => max));
  // Less than a label shows, or than numbers of that size can be told apart by, is standing still.
  const least = Math.max(10 ** -DECIMALS_MAX, Math.max(Math.abs(low), Math.abs(high)) * 1e-9);
  // Something that stands still is drawn in the middle. So large a part of it that the two differ as numbers.
  const room = high - low > least ? 0 : Math.max(Math.abs(high) * 1e-6, 0.5);
  const span = high - low + 2 * room;
  const raw = span / ticksWanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((one) => one * power >= raw) ?? 10) * power;
  const first = Math.floor((low - room) / step);
  const last = Math.max(first + 1, Math.ceil((high + room) / step));
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  const decimals = Math.min(DECIMALS_MAX, Math.max(0, -Math.floor(Math.log10(step))));
  return { bottom: first * step, top: last * step, ticks: ticks.toReversed(), decimals };
}

function timesUnder(width: number, fromAt: number, untilAt: number, timeLabel: PlotOptions['timeLabel']) {
  const wanted = Math.max(1, Math.floor(width / COLUMNS_A_TIME));
  const marks = new Set<number>();
  let text = '';
  for (let i = 0; i <= wanted; i += 1) {
    const x = Math.min(width - 1, Math.round((i / wanted) * width));
    const label = timeLabel(fromAt + (x / width) * (untilAt - fromAt));
    // Under its mark; the last one ends where the picture does.
    const begin = Math.min(x, width - label.length);
    if (begin < 0 || (text !== '' && begin < text.length + 1)) continue;
    marks.add(x);
    text = text.padEnd(begin) + label;
  }
  return { marks, text };
}

const BARS = '▁▂▃▄▅▆▇█';
const ASCII_BARS = '_.-=^';

/** A value a character, `null` where there is none: `▁▂▄█▆`. All the same are drawn in the middle. */
export function sparkline(values: readonly (number | null)[], unicode: boolean): string {
  const bars = unicode ? BARS : ASCII_BARS;
  const known = values.filter((value) => value !== null);
  const low = Math.min(...known);
  const span = Math.max(...known) - low;
  return values
    .map((value) => {
      if (value === null) return ' ';
      const share = span > 0 ? (value - low) / span : 0.5;
      return bars[Math.min(bars.length - 1, Math.floor(share * bars.length))] ?? ' ';
    })
    .join('');
}
