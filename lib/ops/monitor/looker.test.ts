import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { compileForChild } from '../../../test/support/compiled.ts';
import { recordedProbe } from '../../../test/support/recorded-probe.ts';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { systemClock } from '../../base/clock.ts';
import { NotPermitted } from '../doctor/probe.ts';
import { createLookProbe } from './look-probe.ts';
import { createLookThread, LookFailed } from './look-thread.ts';
import { createLooker } from './looker.ts';
import { type AskLook, LOOKS } from './looks.ts';

const NO_STOP = new AbortController().signal;

/** A looker over a directory of its own, where one look of the thread does as the test says. */
function lookerOver(act: (name: string) => void, thread: { hangs: boolean }, units = true) {
  const dir = tempDir();
  const asked: string[] = [];
  const ask: AskLook = async (name, ...args) => {
    asked.push(name);
    act(name);
    const look = LOOKS[name] as (...given: unknown[]) => never;
    return look(...args);
  };
  const place = {
    runDir: join(dir, 'run'),
    dataDir: dir,
    outboxFile: join(dir, 'outbox.db'),
    storeFile: join(dir, 'store.db'),
    ticketsFile: join(dir, 'tickets.db'),
    bounds: { bytesMax: 1, diskReserve: 1 },
    ownStore: true,
    units,
    destinations: [],
  };
  const looker = createLooker({
    eyes: { ask, probe: createLookProbe({ ask, system: recordedProbe({}), root: dir }), place },
    thread,
    clock: systemClock,
    watched: { sources: [], destinations: [], intervalMs: 1, diskReserveBytes: 0, clockTrust: 'auto' },
    channels: () => [],
  });
  return { looker, asked };
}

it('a machine with nothing on it is looked at without a part that is missing', async () => {
  const { looker } = lookerOver(() => {}, { hangs: false });

  const look = await looker.take(NO_STOP);

  expect(look.unanswered).toEqual([]);
  expect(look).toMatchObject({ programs: {}, shelf: [], disk: { readOnly: false } });
  expect(look.outbox).toBeUndefined();
});

it('a part that hangs is named, left alone until it has ended, and costs the others nothing', async () => {
  const thread = { hangs: false };
  let hangs = true;
  const { looker, asked } = lookerOver((name) => {
    if (name !== 'outbox' || !hangs) return;
    thread.hangs = true;
    throw new LookFailed({ code: undefined, message: 'no answer within 5 s' }, true);
  }, thread);

  const first = await looker.take(NO_STOP);
  const second = await looker.take(NO_STOP);
  expect(first.unanswered).toEqual([{ part: 'outbox', why: 'no answer within 5 s' }]);
  expect(first.disk).toBeDefined();
  expect(second.unanswered).toMatchObject([{ part: 'outbox' }]);
  expect(asked.filter((name) => name === 'outbox')).toHaveLength(1);

  hangs = false;
  thread.hangs = false;
  const third = await looker.take(NO_STOP);

  expect(third.unanswered).toEqual([]);
});

it('what a user outside of a unit may not see is left out, and is no trouble of the machine', async () => {
  const { looker } = lookerOver(
    (name) => {
      if (name === 'roomAt') throw new NotPermitted('/var/lib/sensor-gateway');
    },
    { hangs: false },
    false,
  );

  const look = await looker.take(NO_STOP);

  expect(look.unanswered).toEqual([]);
  expect(look.disk).toBeUndefined();
});

it('what a monitor in its unit may not see is named: its unit lets it see all of it', async () => {
  const { looker } = lookerOver(
    (name) => {
      if (name === 'roomAt') throw new NotPermitted('/var/lib/sensor-gateway');
    },
    { hangs: false },
  );

  const look = await looker.take(NO_STOP);

  expect(look.unanswered).toEqual([
    { part: 'disk', why: 'this user may not look at /var/lib/sensor-gateway' },
  ]);
});

it('a real thread that hangs is left behind, and the next question has one of its own', async () => {
  const file = join(tempDir(), 'worker.mjs');
  writeFileSync(
    file,
    `import { parentPort } from 'node:worker_threads';
     parentPort.on('message', ({ id, name }) => {
       if (name === 'outbox') for (;;);
       parentPort.postMessage({ id, result: name });
     });`,
  );
  // Long enough for a thread to start on a busy machine, and no longer: the first look takes all of it.
  const thread = createLookThread({ worker: pathToFileURL(file), clock: systemClock, lookMaxMs: 2_000 });

  await expect(thread.ask('outbox', '', { bytesMax: 1, diskReserve: 1 })).rejects.toMatchObject({
    late: true,
  });

  expect(await thread.ask('readText', '/proc/uptime')).toBe('readText');
});

it('the real worker looks at files, and says why it cannot', async () => {
  const dir = compileForChild('lib/ops/monitor/look-worker.ts');
  const worker = pathToFileURL(join(dir, 'lib/ops/monitor/look-worker.js'));
  const thread = createLookThread({ worker, clock: systemClock });
  onTestFinished(() => thread.close());
  const foreign = join(tempDir(), 'outbox.db');
  writeFileSync(foreign, 'this was never a database, '.repeat(400));

  expect(await thread.ask('readText', '/proc/self/mountinfo')).toContain(' / ');
  expect(await thread.ask('readText', '/nowhere')).toBeUndefined();
  await expect(thread.ask('outbox', foreign, { bytesMax: 1, diskReserve: 1 })).rejects.toMatchObject({
    code: 'SQLITE_NOTADB',
    late: false,
  });
});
