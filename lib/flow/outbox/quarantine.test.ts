import { closeSync, openSync, writeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rawOutbox, someReadings, successorOutbox, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { isSuspect } from '../../base/damaged-file.ts';

const PAGE_BYTES = 4_096;

/** A file that has been closed, and where the table of its silences begins. */
function aFile() {
  const { outbox, file, world } = tempOutbox();
  outbox.append(someReadings(3));
  outbox.close();
  const raw = rawOutbox(file);
  const page = raw
    .prepare<[], number>("SELECT rootpage FROM sqlite_schema WHERE name = 'silences'")
    .pluck()
    .get();
  raw.close();
  return { file, world, page: page ?? 0 };
}

describe('damage that is met while running', () => {
  it('is noted for the next start, also where it is a part of the outbox that meets it', () => {
    const { file, world, page } = aFile();
    const damages: unknown[] = [];
    const outbox = successorOutbox(file, world, { onDamage: (error) => damages.push(error) });
    const handle = openSync(file, 'r+');
    writeSync(handle, Buffer.alloc(PAGE_BYTES, 0xa5), 0, PAGE_BYTES, (page - 1) * PAGE_BYTES);
    closeSync(handle);

    const endAll = () => outbox.silences.endAll(3, world.clock.wallMs());

    expect(endAll).toThrow(expect.objectContaining({ code: expect.stringMatching(/^SQLITE_CORRUPT/) }));
    expect(damages).toHaveLength(1);
    expect(isSuspect(file)).toBe(true);
  });
});
