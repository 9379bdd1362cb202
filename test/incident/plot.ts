/**
 * The course of both replays as one small SVG picture, readable on light and on dark: which share of the
 * readings was taken, and how many connections the API had to hold, over the outage and the recovery.
 */

import type { Replayed } from './replay.ts';
import type { Report } from './report.ts';

const WIDTH = 760;
const HEIGHT = 404;
const LEFT = 52;
/** Room for the names at the ends of the lines. */
const RIGHT = 110;
const PANEL_HEIGHT = 140;
const PANEL_TOPS = [30, 218] as const;
/** Below this two names at the ends of their lines would touch. */
const LABEL_GAP = 15;
/** Of the outage, how much may follow it: recovery is short, or else not worth its width. */
const AFTER_SHARE_MAX = 0.25;

type Point = readonly [atMs: number, value: number];

interface Line {
  readonly kind: 'old' | 'own';
  readonly name: string;
  readonly points: readonly Point[];
}

interface Panel {
  readonly title: string;
  readonly top: number;
  readonly unit: string;
  readonly lines: readonly Line[];
}

const STYLE = `
text{font:12px system-ui,sans-serif;fill:#57606a}
.title{font-size:13px;font-weight:600;fill:#1f2328}
.grid{stroke:#d0d7de;stroke-width:1}
.outage{fill:#8c959f;fill-opacity:.14}
path{fill:none;stroke-width:2;stroke-linejoin:round}
path.old{stroke:#bc4c00;stroke-dasharray:5 3}text.old{fill:#bc4c00;font-weight:600}
path.own{stroke:#0969da}text.own{fill:#0969da;font-weight:600}
@media(prefers-color-scheme:dark){text{fill:#9198a1}.title{fill:#f0f6fc}.grid{stroke:#3d444d}
path.old{stroke:#f0883e}text.old{fill:#f0883e}path.own{stroke:#58a6ff}text.own{fill:#58a6ff}}
`.trim();

export function plotOf({ outageMs, scale, old, own }: Report): string {
  const lastMs = Math.max(...[...old.samples, ...own.samples].map((one) => one.atMs), outageMs);
  const untilMs = Math.min(lastMs, outageMs * (1 + AFTER_SHARE_MAX));
  const x = (atMs: number) => round(LEFT + (atMs / untilMs) * (WIDTH - LEFT - RIGHT));
  const both = (points: (one: Replayed) => Point[]): Line[] => [
    { kind: 'old', name: old.name, points: points(old) },
    { kind: 'own', name: own.name, points: points(own) },
  ];
  const panels: Panel[] = [
    {
      title: 'Readings taken, of those due in the outage',
      top: PANEL_TOPS[0],
      unit: ' %',
      lines: both(({ takenAtMs, due }) => takenShares(takenAtMs, due, outageMs)),
    },
    {
      title: 'Connections that the API has to hold, dead ones included',
      top: PANEL_TOPS[1],
      unit: '',
      lines: both(({ samples }) =>
        samples.filter((one) => one.atMs <= untilMs).map((one): Point => [one.atMs, one.heldByApi]),
      ),
    },
  ];
  const pace = scale === 1 ? '' : ` (everything ${scale} times faster than in the incident)`;
  const axisY = PANEL_TOPS[1] + PANEL_HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<title>The write API frozen for ${outageMs / 1_000} s under the old design and under this reader</title>`,
    `<style>${STYLE}</style>`,
    ...panels.flatMap((panel) => [
      `<rect class="outage" x="${x(0)}" y="${panel.top}" width="${round(x(outageMs) - x(0))}" height="${PANEL_HEIGHT}"/>`,
      ...panelOf(panel, x, outageMs),
    ]),
    `<text x="${LEFT + 8}" y="${PANEL_TOPS[0] + 18}">the write API is frozen</text>`,
    ...ticks(untilMs / 1_000)
      .filter((seconds) => seconds * 1_000 <= untilMs)
      .map(
        (seconds) =>
          `<text x="${x(seconds * 1_000)}" y="${axisY + 18}" text-anchor="middle">${seconds}</text>`,
      ),
    `<text x="${LEFT}" y="${axisY + 38}">seconds since SIGSTOP${pace}</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function panelOf(
  { title, top, unit, lines }: Panel,
  x: (atMs: number) => number,
  outageMs: number,
): string[] {
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
  const marks = ticks(Math.max(1, ...values));
  const highest = marks.at(-1) ?? 1;
  const y = (value: number) => round(top + PANEL_HEIGHT * (1 - value / highest));
  // Named where the outage ends: afterwards they meet.
  const atEnd = (points: readonly Point[]) => points.findLast(([atMs]) => atMs <= outageMs)?.[1] ?? 0;
  const ends = labelHeights(lines.map(({ points }) => y(atEnd(points))));
  return [
    `<text class="title" x="${LEFT}" y="${top - 10}">${title}</text>`,
    ...marks.flatMap((mark) => [
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(mark)}" y2="${y(mark)}"/>`,
      `<text x="${LEFT - 8}" y="${y(mark) + 4}" text-anchor="end">${mark}${unit}</text>`,
    ]),
    ...lines.map(({ kind, points }) => `<path class="${kind}" d="${stepsThrough(points, x, y)}"/>`),
    ...lines.map(
      ({ kind, name }, i) =>
        `<text class="${kind}" x="${WIDTH - RIGHT + 8}" y="${(ends[i] ?? 0) + 4}">${name}</text>`,
    ),
  ];
}

function takenShares(takenAtMs: readonly number[], due: number, outageMs: number): Point[] {
  const points = takenAtMs.map((atMs, i): Point => [atMs, Math.min(100, (100 * (i + 1)) / due)]);
  return [[0, 0], ...points, [outageMs, points.at(-1)?.[1] ?? 0]];
}

/** A value holds until the next one: horizontal and vertical moves only, and none where nothing changes. */
function stepsThrough(
  points: readonly Point[],
  x: (atMs: number) => number,
  y: (value: number) => number,
): string {
  let path = '';
  let heightBefore: number | undefined;
  for (const [atMs, value] of points) {
    const height = y(value);
    if (heightBefore === undefined) path = `M${x(atMs)} ${height}`;
    else if (height !== heightBefore) path += `H${x(atMs)}V${height}`;
    heightBefore = height;
  }
  return `${path}H${x(points.at(-1)?.[0] ?? 0)}`;
}

/** Two names side by side at the right: apart, in the order of their lines. */
function labelHeights([first = 0, second = 0]: readonly number[]): number[] {
  const missing = LABEL_GAP - Math.abs(first - second);
  if (missing <= 0) return [first, second];
  const shift = first < second ? -missing / 2 : missing / 2;
  return [first + shift, second - shift];
}

/** 0 and up to five round numbers, of which the last is `max` or just above. */
function ticks(max: number): number[] {
  const rough = max / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10));
  return Array.from({ length: Math.ceil(max / step) + 1 }, (_, i) => i * step);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
