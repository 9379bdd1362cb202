import { expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { createVirtualClock } from '../../../test/support/virtual-clock.ts';
import { LIMITS } from '../../../test/support/watch-rig.ts';
import { GatewayError } from '../../base/errors.ts';
import { createEngine } from '../invariants/engine.ts';
import { type Invariant, ONLY_ONE } from '../invariants/invariant.ts';
import { openTicketBook } from '../tickets/open-ticket-book.ts';
import { createPatientBook } from './patient-book.ts';
import { createTicketLines } from './ticket-lines.ts';
import { createWatch } from './watch.ts';

const LOOK_MS = 30_000;
const NO_BALLAST = { spendIfFull: <T>(write: () => T) => write() };
const ALWAYS: Invariant = {
  name: 'thing',
  about: 'it is well',
  severity: 'critical',
  hint: 'Look.',
  opens: { seen: 1, of: 1 },
  resolvesAfter: 1,
  parents: [],
  subjects: () => ONLY_ONE,
  judge: () => ({ title: 'it is broken', evidence: {} }),
};
/** Broken only in the first look. */
const ONCE: Invariant = {
  ...ALWAYS,
  name: 'hiccup',
  judge: ({ past }) =>
    past.within(Number.POSITIVE_INFINITY).length > 0 ? 'whole' : { title: 'it hiccuped', evidence: {} },
};

/** A watch whose book can be opened or not. */
function watching(...invariants: readonly Invariant[]) {
  const clock = createVirtualClock();
  const file = `${tempDir()}/tickets.db`;
  const disk = { refuses: false };
  const said: string[] = [];
  const note = (level: string) => (_fields: object, text: string) => said.push(`${level}: ${text}`);
  const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  const book = createPatientBook(() => {
    if (disk.refuses) throw new GatewayError('SGW_DATA_DIR_UNUSABLE', 'it is read-only', { hint: 'df' });
    return openTicketBook({ file, clock, bootId: () => 'boot' });
  }, NO_BALLAST);
  const sayTickets = createTicketLines(book, log);
  const look = { unanswered: [] };
  const watched = {
    sources: [],
    destinations: [],
    intervalMs: 1,
    diskReserveBytes: 0,
    clockTrust: 'auto',
  } as const;
  const watch = createWatch({
    looker: {
      take: async () => ({ at: clock.wallMs(), atMono: clock.monotonicMs(), watched, ...look }),
    },
    engine: createEngine({ invariants: invariants.length === 0 ? [ALWAYS] : invariants, limits: LIMITS }),
    book,
    clock,
    pulse: { promise() {}, release() {} },
    everyMs: LOOK_MS,
    onChecked: () => {
      if (!disk.refuses) sayTickets();
    },
    onRefused: (reason) => said.push(`refused: ${reason}`),
  });
  onTestFinished(() => {
    watch.stop();
    book.close();
  });
  return { clock, disk, said, watch, book };
}

it('what the disk does not take is said again by the next look', async () => {
  const { clock, disk, said, watch, book } = watching();
  disk.refuses = true;
  void watch.run();
  await clock.advance(3 * LOOK_MS);

  expect(said).toEqual(['refused: it is read-only']);
  expect(watch.status()).toMatchObject({ bySeverity: undefined, broken: ['thing'] });
  disk.refuses = false;
  await clock.advance(LOOK_MS);

  expect(book.list({ limit: 10 })).toMatchObject([{ key: 'thing', state: 'open' }]);
  expect(watch.status()).toMatchObject({ broken: ['thing'], openTickets: 1, bySeverity: { critical: 1 } });
});

it('what was found while the disk took nothing has its ticket from then on, also if it was over by then', async () => {
  const { clock, disk, watch, book } = watching(ALWAYS, ONCE);
  const beganAt = clock.wallMs();
  disk.refuses = true;
  void watch.run();
  await clock.advance(3 * LOOK_MS);
  disk.refuses = false;
  await clock.advance(LOOK_MS);

  const backAt = beganAt + 4 * LOOK_MS;
  const opened = book.list({ limit: 10 });
  expect(opened).toMatchObject([
    { key: 'hiccup', state: 'open', firstSeenAt: beganAt, lastSeenAt: backAt },
    { key: 'thing', state: 'open', firstSeenAt: beganAt, lastSeenAt: backAt },
  ]);
  await clock.advance(2 * LOOK_MS);

  expect(book.list({ key: 'hiccup', limit: 10 })).toMatchObject([{ state: 'resolved', occurrences: 1 }]);
  expect(book.list({ key: 'thing', limit: 10 })).toMatchObject([{ state: 'open', occurrences: 3 }]);
});

it('each change of a ticket is one line of the log, and those of before are not said again', async () => {
  const { clock, said, watch, book } = watching();
  createTicketLines(book, { debug() {}, info() {}, warn() {}, error() {} })();
  void watch.run();
  // The first call finds where the history ends.
  await clock.advance(LOOK_MS);
  book.move({ id: 1, to: 'acknowledged', by: 'anna', note: 'on my way', at: clock.wallMs() });
  await clock.advance(2 * LOOK_MS);

  expect(said).toEqual(['info: TKT-1 acknowledged by anna: on my way']);
});
