/** `sensorctl outbox stat`: how much the outbox holds, for whom, and how long it lasts. */

import { statSync } from 'node:fs';
import { EXIT } from '../../lib/base/errors.ts';
import { printable } from '../../lib/base/printable.ts';
import { type Quarantined, quarantined } from '../../lib/base/quarantine-shelf.ts';
import type { OutboxMeasures, OutboxStats } from '../../lib/flow/outbox/outbox-view.ts';
import { READER } from '../wiring/names.ts';
import type { Command } from './command.ts';
import { type Waiting, waitingFor } from './delivery-words.ts';
import { lookAtOutbox } from './outbox-file.ts';
import { forecastFor, forecastInWords, type OutboxForecast, secondsOf } from './outbox-forecast.ts';
import { findPlaces } from './places.ts';
import { quarantineAsJson, quarantineInWords } from './quarantine-words.ts';
import { programState } from './running.ts';
import { ageInWords, bytesInWords, count, isoTime } from './words.ts';

export const outboxStat: Command = {
  name: 'outbox stat',
  about: 'how much the outbox holds, for whom, and how long it lasts',
  options: {},
  examples: [['sensorctl outbox stat', 'how long does the disk last if nothing is delivered?']],
  async run(context) {
    const places = findPlaces(context);
    await lookAtOutbox(places, async (view) => {
      const nowMs = context.wallMs();
      const reader = programState(places.runDir, READER, nowMs);
      const [stats, measures] = [view.stats(), view.measures()];
      const report: Report = {
        stats,
        measures,
        logBytes: sizeOf(`${places.outboxFile}-wal`),
        forecast: forecastFor({ stats, measures, reader, places }),
        shelf: quarantined(places.outboxFile),
        waiting: stats.destinations.map((one) => ({ name: one.destination, ...waitingFor(one, reader) })),
      };
      if (context.json) await context.terminal.out(JSON.stringify(asJson(report)));
      else for (const line of inWords(report, nowMs)) await context.terminal.out(printable(line));
    });
    return EXIT.ok;
  },
};

interface Report {
  readonly stats: OutboxStats;
  readonly measures: OutboxMeasures;
  readonly logBytes: number;
  readonly forecast: OutboxForecast;
  readonly shelf: readonly Quarantined[];
  readonly waiting: readonly (Waiting & { readonly name: string })[];
}

function inWords({ stats, measures, logBytes, forecast, shelf, waiting }: Report, nowMs: number): string[] {
  const free = measures.fileBytes - measures.bytesUsed;
  return [
    `${count(stats.rows, 'row')}${thinnedInWords(stats)}, ${count(stats.deadLetters, 'dead letter')}, ${count(measures.streams, 'stream')}`,
    `on disk: ${bytesInWords(measures.fileBytes)} (${bytesInWords(free)} of it free), and ${bytesInWords(logBytes)} of log`,
    `rate: ${rateInWords(forecast.rowsPerSecond)}`,
    ...waiting.map(({ name, rows, oldestAt }) => {
      const age = oldestAt === undefined ? '' : `, the oldest from ${ageInWords(nowMs - oldestAt)} ago`;
      return `to ${name}: ${rows === 0 ? 'nothing waiting' : `${count(rows, 'reading')} waiting${age}`}`;
    }),
    ...quarantineInWords(shelf, nowMs).map((said) => `quarantine: ${said}`),
    `forecast: ${forecastInWords(forecast)}`,
  ];
}

function rateInWords(rowsPerSecond: number): string {
  return rowsPerSecond === 0 ? 'not known' : `${count(Math.round(rowsPerSecond * 3_600), 'reading')} an hour`;
}

function asJson({ stats, measures, logBytes, forecast, shelf, waiting }: Report): object {
  return {
    stream: stats.stream ?? null,
    rows: stats.rows,
    thinned_rows: stats.thinnedRows,
    next_seq: stats.nextSeq,
    dead_letters: stats.deadLetters,
    streams: measures.streams,
    file_bytes: measures.fileBytes,
    used_bytes: measures.bytesUsed,
    log_bytes: logBytes,
    quarantine: quarantineAsJson(shelf),
    rows_per_second: forecast.rowsPerSecond,
    unthinned_s: secondsOf(forecast.fullMs),
    lasts_s: secondsOf(forecast.lastsMs),
    drain_s: secondsOf(forecast.drainMs),
    destinations: waiting.map(({ name, rows, oldestAt }) => ({
      name,
      backlog_rows: rows,
      backlog_oldest_at: isoTime(oldestAt),
    })),
  };
}

function thinnedInWords({ thinnedRows }: OutboxStats): string {
  return thinnedRows === 0 ? '' : ` (${thinnedRows.toLocaleString('en')} of them means of several readings)`;
}

/** 0 if there is no such file: the log of a stopped reader is gone. */
function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
