/** `sensorctl readings`: what the store has, oldest first, in bounded memory however much it is. */

import { EXIT } from '../../lib/base/errors.ts';
import { printable } from '../../lib/base/printable.ts';
import type { ReadingsFilter } from '../../lib/flow/write-api/readings-store.ts';
import { type Command, type CommandContext, textOption, usageError } from './command.ts';
import { findPlaces } from './places.ts';
import { createRawValues } from './raw-values.ts';
import { HEADING, jsonLine, tableRow } from './reading-lines.ts';
import { openStored } from './stored-readings.ts';
import { count, localTime, parseMoment } from './words.ts';

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
    raw: { about: 'of calibrated readings, also what the sensor gave' },
  },
  examples: [
    ['sensorctl readings --since 5m', 'what the last five minutes brought'],
    ['sensorctl readings --since 1d --metric temperature --json', 'one JSON object a line'],
    ['sensorctl readings --sensor attic --raw', 'what it gave before it was calibrated'],
    ['sensorctl readings --since 2026-01-15T16:00:00Z --until 2026-01-15T17:00:00Z', 'that hour'],
  ],
  async run(context) {
    const filter = filterOf(context);
    const store = await openStored(findPlaces(context));
    const { out, note } = context.terminal;
    try {
      const form = context.json ? jsonLine : tableRow;
      const raw = context.options.raw === true ? createRawValues(store) : undefined;
      let printed = 0;
      for await (const reading of store.readings(filter)) {
        if (printed === 0 && !context.json) await out(HEADING);
        await out(form(reading, await raw?.of(reading)));
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
  const sinceAt = parseMoment('--since', textOption(context, 'since') ?? '1h', nowMs, 'readings');
  const untilAt = until === undefined ? undefined : parseMoment('--until', until, nowMs, 'readings');
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

function nothing({ sinceAt, gateway, sensor, metric }: ReadingsFilter): string {
  const named = gateway !== undefined || sensor !== undefined || metric !== undefined;
  return `No readings since ${localTime(sinceAt)}${named ? ' that match' : ''}. A longer --since shows older ones.`;
}
