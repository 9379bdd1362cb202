/** What two replays have measured, side by side, for people and for programs. */

import type { Replayed } from './replay.ts';

export interface Report {
  /** In real time, as it was measured. */
  readonly outageMs: number;
  readonly scale: number;
  readonly old: Replayed;
  readonly own: Replayed;
}

type Row = readonly [what: string, of: (one: Replayed) => string];

const ROWS: readonly Row[] = [
  ['one turn of the loop, median', ({ turnsMs }) => duration(median(turnsMs))],
  ['one turn of the loop, longest', ({ turnsMs }) => duration(turnsMs.at(-1))],
  ['requests in flight, most', ({ inFlightMax }) => String(inFlightMax)],
  ['connections that the API has to hold, most', ({ heldByApiMax }) => String(heldByApiMax)],
  [
    'tasks waiting for a database session, most',
    ({ waitedForSessionMax }) => String(waitedForSessionMax ?? 'no pool'),
  ],
  [
    'memory at the freeze, and most',
    ({ residentBytesBefore, residentBytesMax }) =>
      `${mebibytes(residentBytesBefore)}, ${mebibytes(residentBytesMax)} MiB`,
  ],
  ['readings due in the outage', ({ due }) => String(due)],
  ['... of these never taken', ({ due, taken }) => share(Math.max(0, due - taken), due)],
  ['... of these taken and lost', ({ lost, due }) => share(lost, due)],
  ['readings stored a second time or more', ({ duplicates }) => String(duplicates)],
  ['after SIGCONT nothing waits any more', ({ madeUpAfterMs }) => inTime(madeUpAfterMs)],
  ['... and a fresh reading is stored', ({ responsiveAfterMs }) => inTime(responsiveAfterMs)],
];

/** The table, under the conditions it was measured in. */
export function tableOf({ outageMs, scale, old, own }: Report): string {
  const seconds = (ms: number) => `${Number((ms / 1_000 / scale).toFixed(2))} s`;
  const cells = ROWS.map(([what, of]) => [what, of(old), of(own)] as const);
  const widths = [0, 1, 2].map((i) =>
    Math.max(...[['', old.name, own.name], ...cells].map((row) => row[i]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('   ');
  return [
    `The write API frozen for ${duration(outageMs)}, under each reader in turn.`,
    `${scale === 1 ? 'At the pace of the incident' : `${scale} times faster than the incident`}: a round every ${seconds(10_000)}, ${seconds(10_000)} for a request, ${seconds(30_000)} for an upload.`,
    `A round is ${old.readingsPerRound} readings of the old design, and ${own.readingsPerRound} of this reader, which samples at full rate`,
    'throughout (backpressure.sampling: keep).',
    '',
    line(['', old.name, own.name]),
    ...cells.map(line),
  ].join('\n');
}

/** The same without the course over time. */
export function jsonOf(report: Report): object {
  const brief = ({ samples: _samples, takenAtMs: _takenAtMs, turnsMs, ...values }: Replayed) => ({
    ...values,
    turnMedianMs: median(turnsMs),
    turnMaxMs: turnsMs.at(-1),
  });
  return { ...report, old: brief(report.old), own: brief(report.own) };
}

function median(ascending: readonly number[]): number | undefined {
  return ascending[Math.floor(ascending.length / 2)];
}

function duration(ms: number | undefined): string {
  if (ms === undefined) return 'none ended';
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${Number((ms / 1_000).toFixed(1))} s`;
}

function inTime(ms: number | undefined): string {
  return ms === undefined ? 'not in time' : duration(ms);
}

function mebibytes(bytes: number): string {
  return String(Math.round(bytes / 1_048_576));
}

function share(part: number, whole: number): string {
  return part === 0 ? '0' : `${part} (${Math.round((100 * part) / whole)} %)`;
}
