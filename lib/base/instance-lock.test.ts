import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { compileForChild } from '../../test/support/compiled.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { EXIT } from './errors.ts';
import { acquireInstanceLock, type InstanceLock } from './instance-lock.ts';

function acquire(dir: string, pid: number, name = 'sensor-main'): InstanceLock {
  const lock = acquireInstanceLock({ dir, name, pid });
  onTestFinished(() => lock.release());
  return lock;
}

/** A program that takes the lock, says `held` or why not, and then does nothing until it is killed. */
function holderScript(): string {
  const script = join(compileForChild('lib/base/instance-lock.ts'), 'hold.mjs');
  writeFileSync(
    script,
    `import { acquireInstanceLock } from './lib/base/instance-lock.js';
     try {
       globalThis.lock = acquireInstanceLock({ dir: process.argv[2], name: 'sensor-main', pid: process.pid });
       console.log('held');
     } catch (error) { console.log(error.code); }
     setInterval(() => {}, 1000);`,
  );
  return script;
}

/** A real process, and the first thing it said. */
async function startHolder(script: string, dir: string): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [script, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const [said] = await once(child.stdout, 'data');
  return { child, said: String(said).trim() };
}

it('lets a second copy in only after the first, and says which process that is', () => {
  const dir = tempDir();
  const first = acquire(dir, 4711);

  expect(() => acquire(dir, 4712)).toThrow(
    expect.objectContaining({
      code: 'SGW_DATA_DIR_IN_USE',
      exitCode: EXIT.tryAgain,
      message: `process 4711 runs sensor-main on ${dir}`,
    }),
  );
  first.release();
  first.release();

  acquire(dir, 4712);
  expect(() => acquire(dir, 4713)).toThrow(/process 4712/);
});

it('is free again the moment its process is killed, with nothing to clean up', async () => {
  const dir = tempDir();
  const { child, said } = await startHolder(holderScript(), dir);
  expect(said).toBe('held');
  expect(() => acquire(dir, 1)).toThrow(`process ${child.pid} runs`);

  child.kill('SIGKILL');
  await once(child, 'exit');

  acquire(dir, 2);
  expect(() => acquire(dir, 3)).toThrow(/process 2 runs/);
});

it("keeps two different programs out of each other's way", () => {
  const dir = tempDir();

  acquire(dir, 1, 'sensor-main');
  acquire(dir, 2, 'sensor-api-write');

  expect(readdirSync(dir).sort()).toEqual(['sensor-api-write.lock', 'sensor-main.lock']);
});

it('says when the directory does not exist', () => {
  const dir = join(tempDir(), 'missing');

  expect(() => acquire(dir, 1)).toThrow(expect.objectContaining({ code: 'SGW_DATA_DIR_UNUSABLE' }));
});

// The database header of SQLite's file format, section 1.3.
const [WRITE_FORMAT_AT, USER_VERSION_AT, APPLICATION_ID_AT] = [18, 60, 68];
const SPOILT: readonly (readonly [what: string, spoil: (bytes: Buffer) => unknown])[] = [
  ['is no database any more', (bytes) => bytes.fill(0xa5)],
  ['has another letter in its schema', (bytes) => bytes.write('pie', bytes.indexOf('pid INTEGER'))],
  ['says that it may only be read', (bytes) => bytes.writeUInt8(3, WRITE_FORMAT_AT)],
  ['says that it is of another program', (bytes) => bytes.writeUInt32BE(1, APPLICATION_ID_AT)],
  ['says that it is of a newer version', (bytes) => bytes.writeUInt32BE(3, USER_VERSION_AT)],
  ['says that it is of an older version', (bytes) => bytes.writeUInt32BE(0, USER_VERSION_AT)],
];

it.each(SPOILT)('begins a file again that %s, and is held as before', (_what, spoil) => {
  const dir = tempDir();
  const file = join(dir, 'sensor-main.lock');
  acquire(dir, 4711).release();
  const bytes = readFileSync(file);
  spoil(bytes);
  writeFileSync(file, bytes);

  acquire(dir, 4712);

  expect(() => acquire(dir, 4713)).toThrow(/process 4712/);
});

it('twin: a damaged file that another process holds is its lock all the same', async () => {
  const dir = tempDir();
  const { said } = await startHolder(holderScript(), dir);
  writeFileSync(join(dir, 'sensor-main.lock'), Buffer.alloc(4_096, 0xa5));

  expect(said).toBe('held');
  expect(() => acquire(dir, 4712)).toThrow(expect.objectContaining({ code: 'SGW_DATA_DIR_IN_USE' }));
});
