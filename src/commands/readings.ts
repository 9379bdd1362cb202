/** `sensorctl readings`: what the store has, oldest first, in bounded memory however much it is. */

import { EXIT } from '../../lib/base/errors.ts';
import { printable, printableJson } from '../../lib/base/printable.ts';
import { FLAG, type Thinned } from '../../lib/flow/reading.ts';
import type { ReadingsFilter, StoredReading } from '../../lib/flow/write-api/readings-store.ts';
import { type Command, type CommandContext, textOption, usageError } from './command.ts';
import { findPlaces } from './places.ts';
import { ageInWords, count, localTime, parseMoment, shortNumber } from './words.ts';

export const readings: Command = {
  name: 'readings',
  about: 'print stored readings, the oldest first',
  options: {
    since: { value: 'TIME', about: 'from then on: 5m, 2h, 7d ago, or an ISO time (default 1h)' },
    until: { value: 'TIME', about: 'up to then (default: now and later)' },
    gateway: { value: 'NAME', about: 'only of this gateway' },
    sensor: { value: 'NAME', about: 'only of this sensor' },
    metric: { value: 'NAME', about: 'only of this metric' },
    limit: { value: 'N', about: 'at most so many' },
  },
  examples: [
    ['sensorctl readings --since 5m', 'what the last five minutes brought'],
    ['sensorctl readings --since 1d --metric temperature --json', 'one JSON object a line'],
    ['sensorctl readings --since 2026-01-15T16:00:00Z --until 2026-01-15T17:00:00Z', 'that hour'],
  ],
  async run(context) {
    const filter = filterOf(context);
    // Loaded here and not above: help and usage errors should not wait for a database.
    const { openStoreReadOnly } = await import('../../lib/flow/write-api/sqlite-reader.ts');
    const store = openStoreReadOnly(findPlaces(context).storeFile);
    const { out, note } = context.terminal;
    try {
      const form = context.json ? jsonLine : tableRow;
      let printed = 0;
      for await (const reading of store.readings(filter)) {
        if (printed === 0 && !context.json) await out(HEADING);
        await out(form(reading));
        printed += 1;
      }
      if (!context.json) note(printed === 0 ? nothing(filter) : count(printed, 'reading'));
      return EXIT.ok;
    } finally {
      await store.close();
    }
  },
};

function filterOf(context: CommandContext): ReadingsFilter {
  const nowMs = context.wallMs();
  const [until, gateway, sensor, metric, limit] = ['until', 'gateway', 'sensor', 'metric', 'limit'].map(
    (name) => textOption(context, name),
  );
  const sinceAt = parseMoment('--since', textOption(context, 'since') ?? '1h', nowMs);
  const untilAt = until === undefined ? undefined : parseMoment('--until', until, nowMs);
  if (untilAt !== undefined && untilAt < sinceAt) throw usageError('--until lies before --since', 'readings');
  if (limit !== undefined && !/^[1-9]\d{0,11}$/.test(limit)) {
    throw usageError(`--limit: "${printable(limit, 60)}" is not a whole number of at least 1`, 'readings');
  }
  return {
    sinceAt,
    ...(untilAt === undefined ? {} : { untilAt }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(sensor === undefined ? {} : { sensor }),
    ...(metric === undefined ? {} : { metric }),
    ...(limit === undefined ? {} : { limit: Number(limit) }),
  };
}

/** Names and units come from whoever posted them; JSON.stringify alone lets C1 controls through. */
function jsonLine(reading: StoredReading): string {
  const { gateway, sensor, metric, unit, at, value, stream, seq, flags } = reading;
  return printableJson(
    JSON.stringify({
      gateway,
      sensor,
      metric,
      unit,
      at: new Date(at).toISOString(),
      value,
      stream,
      seq,
      ...((flags & FLAG.clockUntrusted) === 0 ? {} : { clock_untrusted: true }),
      ...((flags & FLAG.suspect) === 0 ? {} : { suspect: true }),
      ...((flags & FLAG.thinned) === 0 ? {} : { mean_of: detailOf(reading.thinned) }),
    }),
  );
}

function detailOf(thinned: Thinned | undefined): object {
  if (thinned === undefined) return {};
  const { count, min, max, first, last, spanMs, source, lo, hi } = thinned;
  return { count, min, max, first, last, span_s: spanMs / 1_000, stream: source, lo, hi };
}

/** A row is printed before the next is known, so the widths are fixed; a longer name shifts its own row only. */
const WIDTHS = [19, 16, 22, 26, 14] as const;
const HEADING = row(['time', 'gateway', 'sensor', 'metric', 'value', 'unit']);

function tableRow(reading: StoredReading): string {
  const { gateway, sensor, metric, unit, at, value } = reading;
  const remarks = remarksOn(reading);
  const said = remarks.length === 0 ? unit : `${unit} (${remarks.join('; ')})`;
  return row([localTime(at), gateway, sensor, metric, shortNumber(value), said]);
}

/** What nobody may overlook: a mean is no measurement, and a time that nobody vouched for may be wrong. */
function remarksOn({ flags, thinned }: StoredReading): string[] {
  const remarks: string[] = [];
  if (thinned !== undefined) {
    const { count: n, min, max, spanMs } = thinned;
    const [low, high] = [shortNumber(min), shortNumber(max)];
    remarks.push(`mean of ${n.toLocaleString('en')}, ${low} to ${high}, ${ageInWords(spanMs)}`);
  } else if ((flags & FLAG.thinned) !== 0) remarks.push('mean of several');
  if ((flags & FLAG.clockUntrusted) !== 0) remarks.push('clock not trusted');
  if ((flags & FLAG.suspect) !== 0) remarks.push('suspect');
  return remarks;
}

function row(cells: readonly string[]): string {
  const padded = cells.map((cell, i) => {
    const text = printable(cell);
    const width = WIDTHS[i] ?? 0;
    return i === 4 ? text.padStart(width) : text.padEnd(width);
  });
  return padded.join('  ').trimEnd();
}

function nothing({ sinceAt, gateway, sensor, metric }: ReadingsFilter): string {
  const named = gateway !== undefined || sensor !== undefined || metric !== undefined;
  return `No readings since ${localTime(sinceAt)}${named ? ' that match' : ''}. A longer --since shows older ones.`;
}
