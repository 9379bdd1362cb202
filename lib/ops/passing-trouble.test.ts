/** Files of the monitor that are damaged on a disk that can only be read: the worst hour of a card, and no end of the monitor. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { noSmallDisk, smallDisk } from '../../test/support/small-disk.ts';
import { createVirtualClock } from '../../test/support/virtual-clock.ts';
import { syncPath } from '../base/sync-path.ts';
import { createPatientBook } from './monitor/patient-book.ts';
import { openNotifyLedger } from './notify/ledger.ts';
import { isPassing } from './passing-trouble.ts';
import { openTicketBookSafely } from './tickets/safe-ticket-book.ts';

const NO_BALLAST = { spendIfFull: <T>(write: () => T) => write() };

const why = noSmallDisk();

describe.skipIf(why !== undefined)(`a read-only disk${why === undefined ? '' : ` (${why})`}`, () => {
  /** With a file of that name on it which is damaged, and cannot be put aside. */
  function withDamaged(name: string) {
    const disk = smallDisk('ext4', { mib: 8 });
    const file = join(disk.dir, name);
    writeFileSync(file, 'x'.repeat(20_000), { flush: true });
    syncPath(disk.dir);
    disk.abort();
    return { disk, file };
  }

  const thrownBy = (call: () => unknown): unknown => {
    try {
      call();
    } catch (error) {
      return error;
    }
    return 'nothing';
  };

  it('that keeps damaged tickets where they are is lived through, and they are put aside once it is mended', () => {
    const { disk, file } = withDamaged('tickets.db');
    const clock = createVirtualClock();
    const aside: string[] = [];
    const onSetAside = (dir: string) => aside.push(dir);
    const book = createPatientBook(
      () => openTicketBookSafely({ file, clock, bootId: () => 'boot', onSetAside }),
      NO_BALLAST,
    );
    onTestFinished(book.close);

    const refused = thrownBy(() => book.list({ limit: 1 }));
    disk.remount();
    const keys = book.list({ limit: 10 }).map(({ key }) => key);

    expect(refused).toMatchObject({ code: 'EROFS' });
    expect(isPassing(refused)).toBe(true);
    expect([aside.length, keys]).toEqual([1, ['file_damaged:tickets.db']]);
  });

  it('that keeps what was told where it is is lived through, too', () => {
    const { file } = withDamaged('notify.db');

    const refused = thrownBy(() =>
      openNotifyLedger({ file, wallMs: () => 0, onQuarantined: () => expect.fail('it is still there') }),
    );

    expect(refused).toMatchObject({
      code: 'SGW_DATA_DIR_UNUSABLE',
      message: expect.stringContaining('notify.db is damaged'),
    });
    expect(isPassing(refused)).toBe(true);
  });
});

it.each([
  ['a bug', new TypeError('x is not a function')],
  ['a rule of the tables that was broken', Object.assign(new Error('UNIQUE'), { code: 'SQLITE_CONSTRAINT' })],
  ['a network that is gone', Object.assign(new Error('connect'), { code: 'EACCES', syscall: 'connect' })],
])('%s does not pass by itself', (_what, error) => {
  expect(isPassing(error)).toBe(false);
});
