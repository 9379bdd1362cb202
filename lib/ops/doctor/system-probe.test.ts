/** The probe on this machine: what it says of real files, programs and servers. */

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { tempDir } from '../../../test/support/temp-dir.ts';
import { createVirtualClock } from '../../../test/support/virtual-clock.ts';
import { systemClock } from '../../base/clock.ts';
import { createSystemProbe } from './system-probe.ts';

const environment = { PATH: process.env.PATH };
const probe = createSystemProbe({ clock: systemClock, environment });

it('tells files, directories, links and devices apart, and what is not there', async () => {
  const dir = tempDir();
  const file = join(dir, '-n strange\tname');
  writeFileSync(file, 'hello');
  chmodSync(file, 0o640);
  mkdirSync(join(dir, 'inner'));
  symlinkSync(file, join(dir, 'link'));

  expect(await probe.stat(file)).toMatchObject({ kind: 'file', mode: 0o640, bytes: 5 });
  expect(await probe.stat(join(dir, 'inner'))).toMatchObject({ kind: 'directory' });
  expect(await probe.stat(join(dir, 'link'))).toMatchObject({ kind: 'link' });
  expect(await probe.stat(join(dir, 'link'), { follow: true })).toMatchObject({ kind: 'file', mode: 0o640 });
  expect(await probe.stat('/dev/null')).toMatchObject({ kind: 'device' });
  expect(await probe.stat(join(dir, 'missing'))).toBeUndefined();
  expect(await probe.stat(join(file, 'below'))).toBeUndefined();
  expect(await probe.readFile(file)).toBe('hello');
  expect(await probe.readFile(join(dir, 'missing'))).toBeUndefined();
  expect(await probe.list(dir)).toHaveLength(3);
  expect((await probe.room(dir))?.bytes).toBeGreaterThan(0);
});

it('runs a program to its end and hands on what it said, and knows one that is not installed', async () => {
  expect(await probe.run('sh', ['-c', 'echo out; echo err >&2; exit 3'])).toEqual({
    code: 3,
    stdout: 'out\n',
    stderr: 'err\n',
  });
  expect(await probe.run('no-such-program', [])).toBeUndefined();
});

it('a file that never answers, like a FIFO, is given up and does not hold anything back', async () => {
  const clock = createVirtualClock();
  const hurried = createSystemProbe({ clock, environment });
  const fifo = join(tempDir(), 'fifo');
  spawnSync('mkfifo', [fifo]);

  const reading = expect(hurried.readFile(fifo)).rejects.toThrow('did not answer within 15 s');
  await clock.advance(15_000);

  await reading;
});

async function server(answer: RequestListener): Promise<string> {
  const listening = createServer(answer).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  onTestFinished(() => {
    listening.closeAllConnections();
    listening.close();
  });
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

it('asks a server once, follows nothing, and says in words why nothing came', async () => {
  const moved = await server((_request, response) =>
    response.writeHead(302, { location: 'http://elsewhere.example' }).end('moved'),
  );

  expect(await probe.fetch(moved)).toMatchObject({
    status: 302,
    headers: { location: 'http://elsewhere.example' },
    body: 'moved',
  });
  expect(await probe.fetch('http://127.0.0.1:9')).toEqual({ error: 'ECONNREFUSED' });
});

it('tells of a server with TLS when its certificate ends', async () => {
  const file = (name: string) => new URL(`../../../test/fixtures/loopback-tls/${name}`, import.meta.url);
  const tls = { cert: readFileSync(file('cert.pem')), key: readFileSync(file('key.pem')) };
  const listening = createTlsServer(tls, (_request, response) => response.end()).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  onTestFinished(() => void listening.close());
  const url = `https://127.0.0.1:${(listening.address() as AddressInfo).port}`;

  const answer = await probe.fetch(url, { caFile: fileURLToPath(file('cert.pem')) });

  expect(answer).toMatchObject({ status: 200, certificateUntilAt: Date.UTC(2120, 0, 1) });
});

it('a server that never answers is given up', async () => {
  const clock = createVirtualClock();
  let heard = () => {};
  const asked = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const silent = await server(() => heard());

  const answer = createSystemProbe({ clock, environment }).fetch(silent);
  await asked;
  await clock.advance(5_000);

  expect(await answer).toEqual({ error: 'no answer within 5 s' });
});
