/** Every answer of the read API that is not a success. */

import { HTTP_PROBLEMS, HttpProblem, type ProblemTable } from '../../base/http/problem.ts';
import { STORE_FAULTS, StoreFault } from '../../flow/write-api/readings-store.ts';
import { StoreGone, type StoreGoneCode } from './thread-failure.ts';

export const READ_PROBLEMS = {
  ...HTTP_PROBLEMS,
  not_found: { ...HTTP_PROBLEMS.not_found, hint: 'GET /openapi.json lists everything that can be asked.' },
  query_invalid: {
    status: 400,
    title: 'The question cannot be understood',
    hint: 'Mend what `errors` names; GET /openapi.json says what each parameter may be.',
  },
  series_unknown: {
    status: 404,
    title: 'There is no such series',
    hint: 'GET /api/v1/series lists those that there are.',
  },
  too_many_series: {
    status: 400,
    title: 'The question is about too many series',
    hint: 'Name the sensor, the metric or the gateway.',
  },
  too_many_points: {
    status: 400,
    title: 'The answer would be too long',
    hint: 'Ask for a shorter time, for fewer series, or for wider stretches.',
  },
  too_busy: {
    status: 503,
    title: 'Too many questions at the same time',
    hint: 'Ask again in a moment.',
  },
  answer_timeout: {
    status: 503,
    title: 'The answer took too long',
    hint: 'Ask for a shorter time or for wider stretches; a disk that is slow or busy may be the reason, too.',
  },
  backup_running: {
    status: 503,
    title: 'Another backup is on its way',
    hint: 'There is one at a time. Ask again when it has ended.',
  },
  backup_no_room: {
    status: 507,
    title: 'There is no room for a copy of the store',
    hint: 'It is made beside the store, and outbox.disk_reserve stays free: sensorctl backup create --output writes to another disk.',
  },
  backup_timeout: {
    status: 503,
    title: 'The copy took too long',
    hint: 'The disk is slow or busy. sensorctl backup create on the machine itself has all the time in the world.',
  },
  backup_elsewhere: {
    status: 404,
    title: 'The store is no file of this machine',
    hint: 'It is a PostgreSQL database, which has tools of its own: pg_dump.',
  },
  origin_refused: {
    status: 403,
    title: 'Web pages may not ask for this',
    hint: 'Open it by itself, or use curl.',
  },
  store_missing: {
    status: 503,
    title: 'There is no store to read yet',
    hint: 'The write API makes it, and brings an older one up to date, when it starts: systemctl status sensor-api-write.',
  },
  store_too_new: {
    status: 503,
    title: 'The store was written by a newer version',
    hint: 'Restart sensor-monitor after an upgrade; after a step back install the newer version again.',
  },
  store_foreign: {
    status: 503,
    title: 'The store is a file of another program',
    hint: 'Is data_dir right? See sensorctl config show.',
  },
  store_unreadable: {
    status: 503,
    title: 'The store may not be read',
    hint: 'The data directory must belong to the user who runs this: sudo sensorctl doctor.',
  },
  store_busy: { status: 503, title: 'The store is busy', hint: STORE_FAULTS.store_busy.hint },
  store_full: { status: 503, title: 'The store is full', hint: STORE_FAULTS.store_full.hint },
  store_io: { status: 503, title: 'The store cannot be read', hint: STORE_FAULTS.store_io.hint },
  store_corrupt: {
    status: 503,
    title: 'The store is damaged',
    hint: 'The write API looks after it; readings that are not stored wait in the outbox. See docs/operations.md.',
  },
  store_unreachable: {
    status: 503,
    title: 'The database of the store cannot be reached',
    hint: STORE_FAULTS.store_unreachable.hint,
  },
  store_closed: {
    status: 503,
    title: 'The store is closed',
    hint: 'sensor-monitor is stopping. Ask again later.',
  },
  internal: {
    status: 500,
    title: 'A bug of the read API',
    hint: 'Nothing is lost by it. Please report it with the log of sensor-monitor.',
  },
} as const satisfies ProblemTable;
export type ReadProblemCode = keyof typeof READ_PROBLEMS;

/** A store that is being made or restored is there a moment later. */
const RETRY_AFTER_S = 5;

const GONE: Readonly<Record<StoreGoneCode, ReadProblemCode>> = {
  SGW_DATABASE_MISSING: 'store_missing',
  SGW_SCHEMA_TOO_NEW: 'store_too_new',
  SGW_DATABASE_FOREIGN: 'store_foreign',
  SGW_DATA_DIR_UNUSABLE: 'store_unreadable',
};

/** What a store cannot answer now, in words; `undefined` for what is a bug. */
export function problemOfStore(error: unknown): HttpProblem | undefined {
  if (error instanceof StoreFault)
    return new HttpProblem(error.code, error.message, { retryAfterS: STORE_FAULTS[error.code].retryAfterS });
  if (error instanceof StoreGone)
    return new HttpProblem(GONE[error.code], error.message, { retryAfterS: RETRY_AFTER_S });
  return undefined;
}

/** Thrown where a question is looked at. */
export function readProblem(
  code: ReadProblemCode,
  detail: string,
  more?: ConstructorParameters<typeof HttpProblem>[2],
): HttpProblem {
  return new HttpProblem(code, detail, more);
}
