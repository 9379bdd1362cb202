import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { someFinding, ticketRig } from '../../../test/support/ticket-rig.ts';
import { openDatabase } from '../../base/sqlite.ts';
import { CHANGES_MAX, RESOLVED_KEPT, RESOLVED_MAX, UNRESOLVED_MAX } from './bounds.ts';
import { FLAPPING } from './flapping.ts';
import { TICKET_MIGRATIONS, TICKETS_APPLICATION_ID } from './schema.ts';
import { openTicketsReadOnly } from './ticket-view.ts';

const KEY = someFinding().key;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;

type Rig = ReturnType<typeof ticketRig>;

/** Found, and a minute later well again. */
async function comeAndGo(rig: Rig, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    rig.find({});
    await rig.clock.advance(MINUTE_MS);
    rig.recover(KEY);
  }
}

const statesOf = ({ book }: Rig) =>
  book.list({ limit: 10_000 }).map(({ id, state, flapping }) => [id, state, flapping]);

describe('a thing that is found again and again', () => {
  it('has one ticket, which counts it and says how it is now', async () => {
    const rig = ticketRig();

    rig.find({}, { key: 'disk_space', title: 'the disk is nearly full' });
    await rig.clock.advance(30_000);
    rig.find({ title: 'climate has given no reading for 5 min', evidence: { silent_s: 300 } });

    expect(rig.book.list({ limit: 10 })).toMatchObject([
      { id: 2, key: 'disk_space', occurrences: 1 },
      {
        id: 1,
        key: KEY,
        occurrences: 2,
        title: 'climate has given no reading for 5 min',
        evidence: { silent_s: 300 },
        firstSeenAt: rig.clock.wallMs() - 30_000,
        lastSeenAt: rig.clock.wallMs(),
        batch: 'look-1',
      },
    ]);
    expect(rig.changes()).toEqual(['opened', 'opened']);
  });

  it('under a name that is too long has one ticket all the same, which is resolved under that name', () => {
    const rig = ticketRig();
    const key = `file_damaged:${'x'.repeat(300)}`;

    rig.find({ key });
    rig.find({ key }, { key });
    rig.recover(key);

    expect(rig.book.list({ limit: 10 })).toMatchObject([{ state: 'resolved', occurrences: 2 }]);
  });

  it('is said to be worse only when it is worse than ever, and is always told as it is', () => {
    const rig = ticketRig();

    for (const severity of ['info', 'critical', 'warning', 'critical', 'info'] as const)
      rig.find({ severity });

    expect(rig.changes()).toEqual(['opened', 'worsened']);
    expect(rig.book.find(1)).toMatchObject({ severity: 'info', occurrences: 5 });
  });

  it('counts once in a look that names it twice, at its worst', () => {
    const rig = ticketRig();

    rig.find({ severity: 'warning' }, { severity: 'critical' }, { severity: 'info' });

    expect(rig.book.find(1)).toMatchObject({ severity: 'critical', occurrences: 1 });
  });

  it('gets a number of its own, whatever the card has made of the number that was given last', () => {
    const { file, book, find } = ticketRig();
    find({ key: 'one' }, { key: 'two' });
    const card = new Database(file);
    card.exec('UPDATE numbers SET last_ticket = 0');
    card.close();

    find({ key: 'three' });

    expect(book.list({ limit: 10 }).map(({ id, key }) => [id, key])).toEqual([
      [3, 'three'],
      [2, 'two'],
      [1, 'one'],
    ]);
  });

  it('gets the next number after any count of occurrences', () => {
    const rig = ticketRig();

    for (let look = 0; look < 50; look += 1) rig.find({});
    rig.find({ key: 'other' });

    expect(rig.book.list({ limit: 10 }).map(({ id }) => id)).toEqual([2, 1]);
  });
});

describe('a thing that is well again', () => {
  it('is resolved with the reason, and found once more is a new ticket', async () => {
    const rig = ticketRig();
    rig.find({});

    rig.book.recovered([KEY, 'never heard of'], rig.clock.wallMs(), 'no longer configured');
    await rig.clock.advance(60 * MINUTE_MS);
    rig.find({});

    expect(rig.book.historyOf(1, 10)).toMatchObject([
      { change: 'opened', by: undefined },
      { change: 'resolved', by: undefined, note: 'no longer configured' },
    ]);
    expect(statesOf(rig)).toEqual([
      [2, 'open', false],
      [1, 'resolved', false],
    ]);
  });

  it('stays while it is held, and goes with the release', () => {
    const rig = ticketRig();
    const at = rig.clock.wallMs();
    rig.find({});
    rig.book.move({ id: 1, to: 'held', by: 'pi', at });

    rig.recover(KEY);
    const held = rig.book.find(1);
    rig.book.move({ id: 1, to: 'released', by: 'pi', at });

    expect(held).toMatchObject({ state: 'open', held: true, recoveredAt: at });
    expect(rig.book.find(1)).toMatchObject({ state: 'resolved', held: false, recoveredAt: undefined });
    expect(rig.changes()).toEqual(['opened', 'held', 'released', 'resolved']);
  });

  it('stays after the release of a hold if it has been found again meanwhile', () => {
    const rig = ticketRig();
    const at = rig.clock.wallMs();
    rig.find({});
    rig.book.move({ id: 1, to: 'held', by: 'pi', at });
    rig.recover(KEY);
    rig.find({});

    rig.book.move({ id: 1, to: 'released', by: 'pi', at });

    expect(rig.book.find(1)).toMatchObject({ state: 'open', held: false });
  });
});

describe('a thing that comes and goes', () => {
  it('is one ticket from the third time within five minutes on, and is over when it has been quiet', async () => {
    const rig = ticketRig();

    await comeAndGo(rig, 12);
    const flapping = statesOf(rig);
    await rig.clock.advance(FLAPPING.quietMs - MINUTE_MS - 1);
    rig.recover();
    const almost = statesOf(rig);
    await rig.clock.advance(1);
    rig.recover();

    expect(flapping).toEqual([
      [2, 'open', true],
      [1, 'resolved', false],
    ]);
    expect(almost).toEqual(flapping);
    expect(statesOf(rig)[0]).toEqual([2, 'resolved', true]);
    expect(rig.book.find(2)).toMatchObject({ occurrences: 11 });
    expect(rig.changes()).toEqual(['opened', 'resolved', 'opened', 'resolved', 'flapping', 'resolved']);
  });

  it('does not flap if it takes its time', async () => {
    const rig = ticketRig();

    for (let time = 0; time < 6; time += 1) {
      await comeAndGo(rig, 1);
      await rig.clock.advance(2 * MINUTE_MS);
    }

    expect(statesOf(rig).every(([, , flapping]) => flapping === false)).toBe(true);
  });

  it.each([
    ['ahead', YEAR_MS],
    ['back', -YEAR_MS],
  ])(
    'flaps, and stays so until it has been quiet, while the wall clock jumps %s each time',
    async (_where, ms) => {
      const rig = ticketRig();

      for (let time = 0; time < 3; time += 1) {
        await comeAndGo(rig, 1);
        rig.clock.stepWall(ms);
      }

      rig.recover();
      expect(statesOf(rig)[0]).toEqual([2, 'open', true]);
    },
  );

  it('does not seem to flap because the wall clock is set back from time to time', async () => {
    const rig = ticketRig();

    for (let day = 0; day < 5; day += 1) {
      await comeAndGo(rig, 1);
      await rig.clock.advance(DAY_MS);
      rig.clock.stepWall(-DAY_MS);
    }

    expect(statesOf(rig)).toHaveLength(5);
  });

  it('is remembered by the next run, in this boot and in another', async () => {
    const rig = ticketRig();
    await comeAndGo(rig, 1);
    rig.book.close();
    const next = ticketRig({ file: rig.file, clock: rig.clock });
    await comeAndGo(next, 1);
    next.book.close();

    const rebooted = ticketRig({ file: rig.file, clock: rig.clock, bootId: () => 'boot-2' });
    rebooted.find({});

    expect(statesOf(rebooted)[0]).toEqual([2, 'open', true]);
  });

  it('does not flap where it was a person who resolved it, while it went on all the time', () => {
    const rig = ticketRig();

    for (let id = 1; id <= 4; id += 1) {
      rig.find({});
      rig.book.move({ id, to: 'resolved', by: 'pi', at: rig.clock.wallMs() });
    }

    expect(statesOf(rig)).toHaveLength(4);
  });

  it('keeps what people said of it when it is opened again', async () => {
    const rig = ticketRig();
    await comeAndGo(rig, 1);
    rig.find({});
    rig.book.move({ id: 2, to: 'diagnosed', by: 'pi', note: 'a loose plug', at: rig.clock.wallMs() });
    rig.recover(KEY);

    rig.find({});

    expect(rig.book.find(2)).toMatchObject({ state: 'open', flapping: true, diagnosis: 'a loose plug' });
  });
});

describe('the file', () => {
  it('is not written while all is well, nor by what is said twice', () => {
    const rig = ticketRig();
    rig.find({});
    rig.recover(KEY);
    const other = openDatabase({
      file: rig.file,
      applicationId: TICKETS_APPLICATION_ID,
      migrations: TICKET_MIGRATIONS,
    });
    const version = () => other.pragma('data_version', { simple: true });
    const before = version();

    for (let look = 0; look < 10; look += 1) {
      rig.find();
      rig.recover(KEY, 'another');
    }
    const quiet = version();
    rig.find({});

    expect(quiet).toBe(before);
    expect(version()).not.toBe(before);
    other.close();
  });

  it('never has two unresolved tickets of a key, whoever writes it', () => {
    const rig = ticketRig();
    rig.find({});
    const other = openDatabase({
      file: rig.file,
      applicationId: TICKETS_APPLICATION_ID,
      migrations: TICKET_MIGRATIONS,
    });
    const { sql } = other
      .prepare<[], { sql: string }>("SELECT sql FROM sqlite_schema WHERE name = 'tickets_unresolved'")
      .get() ?? { sql: '' };
    const twin = `INSERT INTO tickets SELECT id + 1, ${columnsBehindId()} FROM tickets WHERE id = 1`;

    expect(() => other.exec(twin)).toThrow(/UNIQUE constraint failed: tickets\.key/);
    // Without the index nothing would keep it out.
    other.exec('DROP INDEX tickets_unresolved');
    other.exec(twin);
    expect(() => other.exec(sql)).toThrow(/UNIQUE constraint failed/);
    other.close();

    function columnsBehindId(): string {
      const columns = other.pragma('table_info(tickets)') as { name: string }[];
      return columns
        .map(({ name }) => name)
        .filter((name) => name !== 'id')
        .join(', ');
    }
  });

  it('takes all of a look, or nothing', () => {
    const rig = ticketRig();
    const unsayable = { ...someFinding({ key: 'second' }), severity: 'terrible' as 'critical' };

    expect(() => rig.book.report([someFinding(), unsayable], 'look', 1)).toThrow(/CHECK constraint failed/);
    expect(rig.book.list({ limit: 10 })).toEqual([]);
    expect(rig.changes()).toEqual([]);
  });

  it('is told although the card has changed the evidence of a ticket', () => {
    const rig = ticketRig();
    rig.find({});
    const other = openDatabase({
      file: rig.file,
      applicationId: TICKETS_APPLICATION_ID,
      migrations: TICKET_MIGRATIONS,
    });
    other.exec('UPDATE tickets SET evidence = \'{"silent_s":24\'');
    other.close();

    expect(rig.book.find(1)).toMatchObject({ key: KEY, evidence: { evidence: 'cannot be read' } });
  });

  it('is read from outside while it is written', () => {
    const rig = ticketRig();
    rig.find({});
    const view = openTicketsReadOnly(rig.file);

    rig.find({ key: 'second' });

    expect(view.list({ limit: 10 })).toHaveLength(2);
    expect(view.changesAfter(1, 10)).toMatchObject([{ id: 2, ticket: { key: 'second' } }]);
    expect(view.latestChange()).toBe(2);
    view.close();
  });
});

describe('the bounds', () => {
  it(`takes no more than ${UNRESOLVED_MAX} things that are wrong at once, and says how many it left out`, () => {
    const leftOut: number[] = [];
    const rig = ticketRig({ onLeftOut: (findings) => leftOut.push(findings), synchronous: 'NORMAL' });
    const many = Array.from({ length: UNRESOLVED_MAX + 3 }, (_, i) => ({ key: `thing:${i}` }));

    rig.find(...many);
    rig.recover('thing:0', 'thing:1');
    rig.find(...many.slice(2));

    expect(leftOut).toEqual([3, 1]);
    expect(rig.book.list({ states: ['open'], limit: 10_000 })).toHaveLength(UNRESOLVED_MAX);
  });

  it(`keeps the latest ${RESOLVED_MAX} resolved tickets, and of what is older than it may be the latest ${RESOLVED_KEPT}`, async () => {
    const rig = ticketRig({ keepMs: DAY_MS, synchronous: 'NORMAL' });
    const keysOf = (batch: number) => Array.from({ length: 400 }, (_, i) => `thing-${batch}:${i}`);
    for (let batch = 0; batch < 3; batch += 1) {
      rig.find(...keysOf(batch).map((key) => ({ key })));
      rig.recover(...keysOf(batch));
    }

    rig.find({ key: 'still open' });
    const full = rig.book.list({ states: ['resolved'], limit: 10_000 }).map(({ id }) => id);
    await rig.clock.advance(DAY_MS + 1);
    rig.find({ key: 'one more' });
    const aged = rig.book.list({ states: ['resolved'], limit: 10_000 }).map(({ id }) => id);

    expect([full.length, full.at(-1)]).toEqual([RESOLVED_MAX, 201]);
    expect([aged.length, aged.at(-1)]).toEqual([RESOLVED_KEPT, 1_101]);
    expect(rig.book.list({ states: ['open'], limit: 10 })).toHaveLength(2);
    // Their history goes with them; the numbers do not come back.
    expect(rig.book.changesAfter(0, 1)[0]?.ticket.id).toBe(1_101);
    expect(rig.book.list({ limit: 1 })[0]?.id).toBe(1_202);
  });

  it(`keeps the latest ${CHANGES_MAX} lines of the history of a ticket`, () => {
    const rig = ticketRig({ synchronous: 'NORMAL' });
    rig.find({});

    for (let i = 0; i < CHANGES_MAX; i += 1)
      rig.book.move({ id: 1, to: i % 2 === 0 ? 'held' : 'released', by: 'script', at: i });

    const history = rig.book.historyOf(1, 10_000);
    expect(history).toHaveLength(CHANGES_MAX);
    expect([history[0]?.at, history.at(-1)?.at]).toEqual([0, CHANGES_MAX - 1]);
  });
});
