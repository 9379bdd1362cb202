/**
 * A copy of the store over HTTP, from a real read API with the real thread that copies; what a server may do wrong
 * instead, by one that does as it is told.
 */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { EXIT } from '../../lib/base/errors.ts';
import { startBackups } from '../../test/support/backup-rig.ts';
import { commandRig } from '../../test/support/command-rig.ts';
import { createStoreRig, ROOF } from '../../test/support/store-rig.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { tempOutbox } from '../../test/support/temp-outbox.ts';
import { INCIDENT_AT } from '../../test/support/virtual-clock.ts';
import { backupCreate } from './backup-create.ts';
import { remoteStore } from './backup-fetch.ts';
import { backupVerify } from './backup-verify.ts';

const NAME = 'store-20260115T160935Z.db';
const IDENTITY = { 'sensorgw-api': 'sensor-monitor/1.2.3; schema=1' };

/** A monitor over a store with so many readings. */
async function monitorOf(readings: number, reserveBytes = 0): Promise<string> {
  const rig = createStoreRig();
  await rig.put(
    ROOF,
    Array.from({ length: readings }, (_, i) => [INCIDENT_AT + i * 1_000, i] as const),
  );
  const { url } = await startBackups(rig, { reserveBytes });
  return url;
}

/** A server that answers HEAD as a monitor does, and the question itself as told. */
async function serverThat(
  answers: RequestListener,
  head: Record<string, string> = IDENTITY,
): Promise<string> {
  const server = createServer((request, response) => {
    if (request.method === 'HEAD') response.writeHead(200, head).end();
    else answers(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const problem =
  (status: number, body: object, headers = {}): RequestListener =>
  (_request, response) =>
    response.writeHead(status, headers).end(JSON.stringify(body));

/** The bytes of a sound store, to be sent in wrong ways. */
async function soundStore(): Promise<Buffer> {
  const rig = createStoreRig();
  await rig.put(ROOF, [[INCIDENT_AT, 20.5]]);
  await rig.close();
  return readFileSync(rig.file);
}

it('a copy comes whole, is verified, and lies in a directory of that gateway', async () => {
  const url = await monitorOf(3_000);
  const rig = commandRig();
  const output = tempDir();

  const { exitCode, out, notes } = await rig.run(backupCreate, { from: url, output });
  const dir = join(output, url.replace('http://', '').replace(':', '-'));
  const verified = await rig.run(backupVerify, { FILE: join(dir, NAME), json: true });

  expect(exitCode).toBe(EXIT.ok);
  expect(out).toEqual([`made: ${join(dir, NAME)}`]);
  // A busy machine says besides how far it has got.
  expect(notes[0]).toBe(`${url}/api/v1/backup makes a copy first, and then sends it.`);
  expect(readdirSync(dir)).toEqual([NAME]);
  expect(JSON.parse(verified.out[0] ?? '')).toMatchObject({ database: 'store', ok: true, readings: 3_000 });
});

it('it takes the store of the other machine alone, and no database of this one is needed', async () => {
  const url = await monitorOf(10);
  const rig = commandRig();
  tempOutbox({ file: join(rig.dataDir, 'outbox.db') });

  const { out } = await rig.run(backupCreate, { from: url, json: true });

  const dir = join(rig.dataDir, 'backups', url.replace('http://', '').replace(':', '-'));
  expect(JSON.parse(out[0] ?? '')).toMatchObject({ created: [join(dir, NAME)], removed: [] });
  expect(readdirSync(join(rig.dataDir, 'backups'))).toHaveLength(1);
});

it('the oldest of that gateway make room, and those of others do not', async () => {
  const url = await monitorOf(10);
  const rig = commandRig();
  const output = tempDir();
  const dir = join(output, remoteStore(url).directory);
  mkdirSync(dir);
  const older = ['store-20260113T000000Z.db', 'store-20260114T000000Z.db'];
  for (const name of older) {
    writeFileSync(join(dir, name), '');
    writeFileSync(join(output, name), '');
  }

  await rig.run(backupCreate, { from: url, output, keep: '2' });

  expect(readdirSync(dir).sort()).toEqual([older[1], NAME]);
  expect(readdirSync(output).sort()).toEqual([remoteStore(url).directory, ...older].sort());
});

it('a dry run asks whether a monitor is there, and has it copy nothing', async () => {
  const asked: string[] = [];
  const url = await serverThat((request) => void asked.push(request.method ?? ''));
  const output = tempDir();

  const { out } = await commandRig().run(backupCreate, { from: url, output, 'dry-run': true });

  expect(out).toEqual([`would be made: ${join(output, remoteStore(url).directory, NAME)}`]);
  expect(asked).toEqual([]);
  expect(readdirSync(output)).toEqual([]);
});

it.each([
  ['http://127.0.0.1:8471', 'http://127.0.0.1:8471/api/v1/backup', '127.0.0.1-8471'],
  ['https://pi.example/attic/', 'https://pi.example/attic/api/v1/backup', 'pi.example-attic'],
  ['https://me:secret@pi.example', 'https://pi.example/api/v1/backup', 'pi.example'],
  ['http://[::1]:8471', 'http://[::1]:8471/api/v1/backup', '1-8471'],
])('%s leads to %s and the directory %s', (from, url, directory) => {
  expect(remoteStore(from)).toMatchObject({ url, directory });
});

it.each(['greenhouse', 'ftp://pi.example', 'http://pi.example/?x=1', '127.0.0.1:8471'])(
  '%s is no address of a monitor',
  async (from) => {
    await expect(commandRig().run(backupCreate, { from })).rejects.toMatchObject({ code: 'SGW_USAGE' });
  },
);

/** What went wrong, and what is left of it beside the copy that was there. */
async function failing(url: string) {
  const output = tempDir();
  const dir = join(output, remoteStore(url).directory);
  mkdirSync(dir);
  writeFileSync(join(dir, 'store-20260114T000000Z.db'), 'an older copy');
  const error: unknown = await commandRig()
    .run(backupCreate, { from: url, output, keep: '1' })
    .catch((thrown: unknown) => thrown);
  expect(readdirSync(dir)).toEqual(['store-20260114T000000Z.db']);
  return error;
}

/** What is wrong, the server where it is, and words of what is said. */
const WRONG: readonly (readonly [what: string, server: () => Promise<string>, words: string])[] = [
  ['nobody listens', async () => 'http://127.0.0.1:9', 'ECONNREFUSED'],
  ['a stranger does', () => serverThat(problem(404, {}), {}), 'is not a sensor-monitor: it answers 200'],
  [
    'the write API does',
    () => serverThat(problem(404, {}), { 'sensorgw-api': 'sensor-api-write/1.2.3; schema=1' }),
    'is not a sensor-monitor: it is sensor-api-write/1.2.3',
  ],
  [
    'it is cut off in the middle',
    () =>
      serverThat((_request, response) => {
        response.writeHead(200, { 'content-length': '1000000' });
        response.write(Buffer.alloc(100_000), () => response.destroy());
      }),
    'aborted',
  ],
  [
    'its bytes are not those of its digest',
    () =>
      serverThat((_request, response) => {
        response.writeHead(200, { 'repr-digest': `sha-256=:${'A'.repeat(43)}=:` }).end('other bytes');
      }),
    'its SHA-256 is',
  ],
];

it.each(WRONG)('where %s there is no copy, and the older ones stay', async (_what, server, words) => {
  expect(await failing(await server())).toMatchObject({
    code: 'SGW_MONITOR_UNREACHABLE',
    exitCode: EXIT.unavailable,
    message: expect.stringContaining(words),
  });
});

it('a monitor that cannot now says so in its own words, and that it may be asked again', async () => {
  const busy = { title: 'Another backup is on its way', detail: 'since 3 s', hint: 'Ask again.' };

  const error = await failing(await serverThat(problem(503, busy, { 'retry-after': '5' })));

  expect(error).toMatchObject({
    code: 'SGW_MONITOR_BUSY',
    exitCode: EXIT.tryAgain,
    message: expect.stringContaining('Another backup is on its way: since 3 s'),
    hint: 'Ask again. It says that it can be asked again after 5 s.',
  });
});

it('a monitor without room for a copy refuses it, and so does the command', async () => {
  expect(await failing(await monitorOf(10, Number.MAX_SAFE_INTEGER))).toMatchObject({
    code: 'SGW_PROGRAM_REFUSED',
    exitCode: EXIT.failed,
    message: expect.stringContaining('There is no room for a copy of the store'),
    hint: expect.stringContaining('sensorctl backup create --output'),
  });
});

it('words of a stranger reach the terminal without what could move its cursor', async () => {
  const error = await failing(await serverThat(problem(500, { title: 'oh \u001b[2J no' })));

  expect(error).toMatchObject({ message: expect.stringContaining('oh \\u001b[2J no') });
});

it('what is damaged although its digest is right never gets the name of a backup', async () => {
  const bytes = await soundStore();
  const damaged = Buffer.concat([bytes.subarray(0, 2_048), Buffer.alloc(bytes.length - 2_048, 0xa5)]);
  const digest = createHash('sha256').update(damaged).digest('base64');
  const url = await serverThat((_request, response) =>
    response.writeHead(200, { 'repr-digest': `sha-256=:${digest}:` }).end(damaged),
  );

  expect(await failing(url)).toMatchObject({ code: 'SGW_BACKUP_BAD' });
});

it('the same bytes in order are taken, also without a digest and a length', async () => {
  const bytes = await soundStore();
  const url = await serverThat((_request, response) => {
    response.writeHead(200);
    response.write(bytes.subarray(0, 1_000));
    response.end(bytes.subarray(1_000));
  });
  const output = tempDir();

  await commandRig().run(backupCreate, { from: url, output });

  expect(existsSync(join(output, remoteStore(url).directory, NAME))).toBe(true);
});

it('a name and a password in the address are for the proxy, and are never shown', async () => {
  const bytes = await soundStore();
  const shown: (string | undefined)[] = [];
  const url = await serverThat((request, response) => {
    shown.push(request.headers.authorization);
    response.writeHead(200).end(bytes);
  });
  const output = tempDir();

  const { out, notes } = await commandRig().run(backupCreate, {
    from: url.replace('http://', 'http://ada:secret@'),
    output,
  });

  expect(shown).toEqual([`Basic ${Buffer.from('ada:secret').toString('base64')}`]);
  expect([...out, ...notes].join('\n')).not.toContain('secret');
});

it('more than the disk has room for is not begun', async () => {
  const url = await serverThat((_request, response) => {
    response.writeHead(200, { 'content-length': String(Number.MAX_SAFE_INTEGER) }).write('the first of it');
  });

  expect(await failing(url)).toMatchObject({
    code: 'SGW_DATA_DIR_UNUSABLE',
    message: expect.stringContaining('has room for'),
    hint: expect.stringContaining('--output DIR'),
  });
});
