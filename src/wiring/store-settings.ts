/** The settings of the store: where it is, how long it keeps what it has, and what must hold between these. */

import type { ReportProblem } from '../../lib/base/config.ts';
import { section, type ValueOf } from '../../lib/base/setting.ts';
import { duration, text } from '../../lib/base/setting-kinds.ts';
import { DATABASE_URL } from './database-url.ts';
import { PATH } from './text-rules.ts';

/**
 * In whole days; 0s: for ever, which is what holds if nobody says otherwise: no machine deletes what it was given
 * because nobody told it not to. The longest is longer than any machine that we know of.
 */
const PERIOD = { min: '0s', max: '36500d' } as const;
const DAY_MS = 86_400_000;

export const STORE = section(
  'Where the write API stores readings, and for how long. What is older goes in whole days (in PostgreSQL: months), as newer readings come.',
  {
    url: text({
      ...DATABASE_URL,
      about:
        'A PostgreSQL database, which any number of write APIs may share (docs/collector.md). Its password belongs into password_file.',
      initialNote: 'an SQLite file in `data_dir`',
      example: 'postgres://sensors@db.example/sensors?sslmode=verify-full',
    }),
    passwordFile: text({
      ...PATH,
      about: 'A file that holds the password for it and nothing else, readable by us alone.',
      initialNote: 'no password, or as libpq finds one',
      example: '/etc/sensor-gateway/database-password',
    }),
    retention: section(
      'Readings, and what they were like by minute, hour and day; 0s: for ever. None of them shorter than the one before.',
      {
        rawMs: duration({
          ...PERIOD,
          initial: '0s',
          about: 'Readings as they came. Eight of them every 10 s fill some 900 MiB a year.',
        }),
        minuteMs: duration({
          ...PERIOD,
          initial: '0s',
          about: 'Of each series a row a minute: some 35 MiB a year.',
        }),
        hourMs: duration({
          ...PERIOD,
          initial: '0s',
          about: 'Of each series a row an hour: 600 KiB a year.',
        }),
        dayMs: duration({
          ...PERIOD,
          initial: '0s',
          about: 'Of each series a row a day, of UTC: 25 KiB a year.',
        }),
      },
    ),
  },
);

/** A password for nothing is a mistake in the name of the other setting. */
export function checkStore(
  { url, passwordFile, retention }: ValueOf<typeof STORE>,
  report: ReportProblem,
): void {
  if (passwordFile !== undefined && url === undefined) {
    report([['store', 'password_file']], 'there is no store.url that it could be the password for.');
  }
  checkRetention(retention, report);
}

/** A finer level that outlived a coarser one would have nothing that says what became of it. */
function checkRetention(
  { rawMs, minuteMs, hourMs, dayMs }: ValueOf<typeof STORE>['retention'],
  report: ReportProblem,
): void {
  const levels = [
    ['raw', rawMs],
    ['minute', minuteMs],
    ['hour', hourMs],
    ['day', dayMs],
  ] as const;
  const lasting = (ms: number) => (ms === 0 ? Number.POSITIVE_INFINITY : ms);
  const inWords = (ms: number) => (ms === 0 ? 'for ever' : `${ms / DAY_MS}d`);
  for (const [i, [name, ms]] of levels.entries()) {
    const [finer, finerMs] = levels[i - 1] ?? [name, ms];
    if (lasting(ms) >= lasting(finerMs)) continue;
    report(
      [
        ['store', 'retention', name],
        ['store', 'retention', finer],
      ],
      `store.retention.${name} (${inWords(ms)}) is less than store.retention.${finer} (${inWords(finerMs)}).`,
    );
  }
}
