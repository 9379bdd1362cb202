/** The ticket book on a disk that is full to the last byte: that is when somebody must be told. */

import { existsSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { noSmallDisk, smallDisk } from '../../../test/support/small-disk.ts';
import { createVirtualClock } from '../../../test/support/virtual-clock.ts';
import { createBallast } from '../../flow/outbox/ballast.ts';
import { openTicketBookSafely } from '../tickets/safe-ticket-book.ts';
import { createPatientBook } from './patient-book.ts';

const why = noSmallDisk();

const NO_BALLAST = { spendIfFull: <T>(write: () => T) => write() };
const KEYS = ['disk_space', 'disk_refuses', 'backlog_age', 'sensor_silent:climate', 'memory_low'];

const found = (key: string) => ({
  key,
  invariant: key.split(':')[0] ?? '',
  subject: '',
  severity: 'critical' as const,
  title: `${key} is broken`,
  hint: 'df -h',
  evidence: { text: 'x'.repeat(3_000) },
});

/** A book on a disk of its own, with or without a ballast. */
function bookOnDisk(withBallast: boolean) {
  const disk = smallDisk('ext4', { mib: 8 });
  const clock = createVirtualClock();
  const file = join(disk.dir, 'tickets.ballast');
  const ballast = createBallast({ file, diskReserveBytes: 0, bytes: 1_048_576 });
  if (withBallast) ballast.grow();
  const book = createPatientBook(
    () =>
      openTicketBookSafely({
        file: join(disk.dir, 'tickets.db'),
        clock,
        bootId: () => 'boot',
        onSetAside: (_, reason) => expect.fail(reason),
      }),
    withBallast ? ballast : NO_BALLAST,
  );
  onTestFinished(() => {
    disk.empty();
    book.close();
  });
  const look = () => book.report(KEYS.map(found), 'a look', clock.wallMs());
  const keys = () => book.list({ limit: 100 }).map(({ key }) => key);
  return { disk, ballast, file, book, look, keys };
}

describe.skipIf(why !== undefined)(`a full disk${why === undefined ? '' : ` (${why})`}`, () => {
  it.each([
    ['opened before', true],
    ['opened only then', false],
  ])('takes tickets all the same, where there is a ballast for them, in a book that was %s', (_, before) => {
    const { disk, ballast, file, look, keys } = bookOnDisk(true);
    if (before) keys();
    disk.fill();

    look();

    expect(keys().sort()).toEqual([...KEYS].sort());
    expect(existsSync(file)).toBe(false);
    disk.empty();
    ballast.grow();
    expect(existsSync(file)).toBe(true);
  });

  it('that is met while damaged tickets are put aside leaves no file open', () => {
    const disk = smallDisk('ext4', { mib: 8 });
    const file = join(disk.dir, 'tickets.db');
    writeFileSync(file, 'x'.repeat(20_000));
    const clock = createVirtualClock();
    const onSetAside = () => disk.fill();

    expect(() => openTicketBookSafely({ file, clock, bootId: () => 'boot', onSetAside })).toThrow(
      /full|disk I\/O error/,
    );

    const open = readdirSync('/proc/self/fd').map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return 'the directory itself, which is closed by now';
      }
    });
    expect(open.filter((path) => path.startsWith(disk.dir))).toEqual([]);
  });

  it('twin: without one takes none, until there is room again', () => {
    const { disk, look, keys } = bookOnDisk(false);
    keys();
    disk.fill();

    expect(look).toThrow(/full|disk I\/O error/);
    disk.empty();
    look();

    expect(keys()).toHaveLength(KEYS.length);
  });
});
