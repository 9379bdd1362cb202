import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { createVirtualClock } from '../../test/support/virtual-clock.ts';
import { createPlaceWatch } from './place-watch.ts';

function setUp() {
  const file = join(tempDir(), 'outbox.db');
  writeFileSync(file, 'one');
  return watching(file);
}

function watching(file: string) {
  const clock = createVirtualClock();
  const loop = createPlaceWatch({ file, clock, pulse: { promise() {}, release() {} } });
  const ended = loop.run().then(
    () => 'stopped',
    (error: unknown) => error,
  );
  return { file, clock, loop, ended };
}

it('is content with a file that is written to', async () => {
  const { file, clock, loop, ended } = setUp();

  writeFileSync(file, 'one and two');
  await clock.advance(60_000);
  loop.stop();

  expect(await ended).toBe('stopped');
});

it('takes a file for the one that it opened if the disk would not say at first', async () => {
  const file = join(tempDir(), 'outbox.db');
  // Which file that is, nobody can say.
  symlinkSync(file, file);
  const { clock, loop, ended } = watching(file);
  rmSync(file);
  writeFileSync(file, 'one');

  await clock.advance(60_000);
  loop.stop();

  expect(await ended).toBe('stopped');
});

it.each([
  ['deleted', (file: string) => rmSync(file), 'was deleted or moved away while it was open'],
  ['deleted with its directory', (file: string) => rmSync(dirname(file), { recursive: true }), 'was deleted'],
  [
    'replaced by another, as a restored backup is',
    (file: string) => {
      writeFileSync(`${file}.new`, 'one');
      renameSync(`${file}.new`, file);
    },
    'was replaced while it was open',
  ],
])('ends the program within seconds when its file is %s', async (_how, act, told) => {
  const { file, clock, ended } = setUp();

  act(file);
  await clock.advance(3_000);

  expect(await ended).toMatchObject({ exitCode: 73, message: expect.stringContaining(told) });
});
