/**
 * Goal: several write APIs over one database store each reading once, whatever becomes of one of them, of the
 * database, or of the way between. Method: the built programs over a real server, and senders that send as readers
 * do: again, and to any of them, until they are answered.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ChildProgram, startProgram } from '../support/child-program.ts';
import { createGateway, freePort, isEvent } from '../support/gateway.ts';
import { describeOverPostgres } from '../support/postgres-rig.ts';
import type { PostgresServer } from '../support/postgres-server.ts';
import { send, sendAll, wireBatch } from '../support/sender.ts';
import { noSmallDisk, smallDisk } from '../support/small-disk.ts';
import { tempDir } from '../support/temp-dir.ts';

interface Copy {
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  readonly api: ChildProgram;
}

async function startCopy(url: string, more: Readonly<Record<string, string>> = {}): Promise<Copy> {
  const gateway = await createGateway();
  const api = await gateway.startApi({ SENSORGW_STORE_URL: url, ...more });
  return { port: gateway.port, env: gateway.env, api };
}

/** Every reading that is stored, as `stream seq`, in order. */
function storedIn(server: PostgresServer, url: string): string[] {
  const query = `SELECT stream.stream || ' ' || seq FROM sensorgw.readings
    JOIN sensorgw.streams AS stream ON stream.id = readings.stream ORDER BY stream.stream, seq`;
  return server.run(url, query).split('\n').filter(Boolean);
}

function expected(streams: readonly string[], seqs: number): string[] {
  return streams.flatMap((stream) => Array.from({ length: seqs }, (_, i) => `${stream} ${i + 1}`));
}

/** Batches of a stream, large enough to be in the middle of one when something happens. */
function batchesOf(stream: string, count: number, rows = 500) {
  return Array.from({ length: count }, (_, i) => wireBatch(stream, i * rows + 1, (i + 1) * rows));
}

async function healthOf(port: number) {
  const response = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(30_000) });
  const { store } = (await response.json()) as { store: { code?: string } };
  return { status: response.status, code: store.code };
}

describeOverPostgres('write APIs over one database', (server) => {
  it('store a reading once when both are sent it at the same moment', async () => {
    const url = server().createDatabase();
    const copies = await Promise.all([startCopy(url), startCopy(url)]);
    let stored = 0;
    let duplicate = 0;

    for (const batch of batchesOf('samestream01', 20, 50)) {
      const answers = await Promise.all(copies.map(({ port }) => send(port, batch)));
      for (const { answer } of answers) {
        stored += answer.stored.length;
        duplicate += answer.duplicate.length;
      }
    }

    expect([stored, duplicate]).toEqual([20, 20]);
    expect(storedIn(server(), url)).toEqual(expected(['samestream01'], 1_000));
  });

  it('store each reading once when one of them is killed in the middle of a batch', async () => {
    const url = server().createDatabase();
    const [one, two] = await Promise.all([startCopy(url), startCopy(url)]);
    const ports = [one.port, two.port];
    const streams = ['killstream01', 'killstream02', 'killstream03'];
    const kill = (count: number) => {
      if (count === 3) one.api.kill('SIGKILL');
    };

    const again = await Promise.all(
      streams.map((stream) => sendAll({ batches: batchesOf(stream, 12), ports, onStored: kill })),
    );

    expect(again.some((count) => count > 0)).toBe(true);
    expect(storedIn(server(), url)).toEqual(expected(streams, 6_000));
  });

  it('go on by themselves, with every reading stored once, when the database loses power and comes back', async () => {
    const url = server().createDatabase();
    const copies = await Promise.all([startCopy(url), startCopy(url)]);
    const ports = copies.map(({ port }) => port);
    const streams = ['powerstream1', 'powerstream2'];
    const told = (type: string) => Promise.any(copies.map(({ api }) => api.line(isEvent(type))));
    let power: Promise<void> | undefined;
    const cut = (count: number) => {
      if (power !== undefined || count < 4) return;
      server().kill();
      power = told('store.unreachable').then(() => server().start());
    };

    await Promise.all(
      streams.map((stream) => sendAll({ batches: batchesOf(stream, 12), ports, onStored: cut })),
    );
    await power;

    expect(power).toBeDefined();
    expect(storedIn(server(), url)).toEqual(expected(streams, 6_000));
    await told('store.reachable');
    // Said once by each, however many requests met it.
    const lines = copies.flatMap(({ api }) => api.lines.filter(isEvent('store.unreachable')));
    expect(lines.length).toBeLessThanOrEqual(2);
  });

  it('answer 503 while the database is frozen, are well otherwise, and go on when it thaws', async () => {
    const url = server().createDatabase();
    const { port, api } = await startCopy(url);
    const [first, second] = batchesOf('frozenstream', 2, 10);
    if (first === undefined || second === undefined) expect.fail('there are two');
    await send(port, first);
    onTestFinished(() => server().thaw());
    server().freeze();

    const [refused, health] = await Promise.all([send(port, second), healthOf(port)]);
    const elsewhere = await fetch(`http://127.0.0.1:${port}/nowhere`);

    expect(refused).toMatchObject({ status: 503, answer: { code: 'store_unreachable' } });
    expect(Number(refused.retryAfter)).toBeGreaterThan(0);
    expect(health).toEqual({ status: 503, code: 'store_unreachable' });
    expect(elsewhere.status).toBe(404);
    server().thaw();
    await sendAll({ batches: [second], ports: [port] });
    expect(storedIn(server(), url)).toEqual(expected(['frozenstream'], 20));
    expect(await healthOf(port)).toEqual({ status: 200, code: undefined });
    api.kill('SIGTERM');
    expect(await api.exited).toMatchObject({ code: 0 });
  });

  it('end when they are told to although the database is frozen', async () => {
    const { port, api } = await startCopy(server().createDatabase());
    await send(port, wireBatch('stopstream01', 1, 10));
    onTestFinished(() => server().thaw());
    server().freeze();

    api.kill('SIGTERM');

    expect(await api.exited).toEqual({ code: 0, signal: null });
  });

  it('start without a database, say why they take nothing, and take readings once there is one', async () => {
    const url = server().createDatabase();
    const missing = url.replace(new URL(url).pathname, '/laterdatabase');
    const { port } = await startCopy(missing);

    const refused = await send(port, wireBatch('earlystream1', 1, 10));
    server().run(url, 'CREATE DATABASE laterdatabase');
    await sendAll({ batches: [wireBatch('earlystream1', 1, 10)], ports: [port] });

    expect(refused).toMatchObject({ status: 503, answer: { code: 'store_unreachable' } });
    expect(storedIn(server(), missing)).toEqual(expected(['earlystream1'], 10));
  });

  it('have what they stored read back by the monitor and by sensorctl, which say it when the database is away', async () => {
    const url = server().createDatabase();
    const { port, env } = await startCopy(url);
    await send(port, wireBatch('readstream01', 1, 3));
    const monitorPort = await freePort();
    const own = { ...env, SENSORGW_STORE_URL: url, SENSORGW_MONITOR_PORT: String(monitorPort) };
    const monitor = startProgram('sensor-monitor', { env: own });
    await monitor.line((line) => String(line.msg).startsWith('monitor listens'));
    const latest = async () => {
      const response = await fetch(`http://127.0.0.1:${monitorPort}/api/v1/latest`);
      return (await response.json()) as { code?: string; series?: readonly { seq: number }[] };
    };
    const readings = async () => {
      const program = startProgram('sensorctl', {
        args: ['readings', '--since', '2026-01-01T00:00:00Z', '--json'],
        env: own,
      });
      return { ...(await program.exited), lines: program.lines };
    };

    const [found, listed] = [await latest(), await readings()];
    onTestFinished(() => server().thaw());
    server().freeze();
    const [refused, failed] = await Promise.all([latest(), readings()]);

    expect(found.series).toMatchObject([{ seq: 3 }]);
    expect(listed.lines.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(refused.code).toBe('store_unreachable');
    expect(failed.code).toBe(69);
  });

  it('are let in with the password from its file, which nobody gets to see', async () => {
    const url = server().createDatabase();
    const name = new URL(url).pathname.slice(1);
    server().run(
      url,
      `CREATE ROLE sensors LOGIN PASSWORD 'hush+hush &1'; GRANT CREATE ON DATABASE ${name} TO sensors`,
    );
    server().askForPassword('sensors');
    const file = join(tempDir(), 'password');
    const own = url.replace('user=postgres', 'user=sensors');
    const started = async (password: string) => {
      writeFileSync(file, `${password}\n`);
      return startCopy(own, { SENSORGW_STORE_PASSWORD_FILE: file });
    };

    const wrong = await started('hush+hush &2');
    const refused = await send(wrong.port, wireBatch('password0001', 1, 10));
    const right = await started('hush+hush &1');
    await sendAll({ batches: [wireBatch('password0001', 1, 10)], ports: [right.port] });

    expect(refused).toMatchObject({ status: 503, answer: { code: 'store_unreachable' } });
    expect(storedIn(server(), url)).toEqual(expected(['password0001'], 10));
    const said = [wrong, right].flatMap(({ api }) => api.lines.map(({ text }) => text)).join('\n');
    expect(said).toContain('password authentication failed');
    expect(said).not.toContain('hush');
  });

  it('store nothing, and say so, while the database may only be read', async () => {
    const url = server().createDatabase();
    const name = new URL(url).pathname.slice(1);
    const { port } = await startCopy(url);
    const [first, second] = batchesOf('readonly0001', 2, 10);
    if (first === undefined || second === undefined) expect.fail('there are two');
    await send(port, first);
    // A setting of a database holds for connections that are made after it.
    const set = (change: string) => {
      const postgres = server().urlOf('postgres');
      server().run(postgres, `ALTER DATABASE ${name} ${change}`);
      server().run(
        postgres,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`,
      );
    };
    set('SET default_transaction_read_only = on');

    // The first request after it finds its connection gone.
    await send(port, second);
    const refused = await send(port, second);
    const health = await healthOf(port);
    set('RESET default_transaction_read_only');
    await sendAll({ batches: [second], ports: [port] });

    expect(refused).toMatchObject({ status: 503, answer: { code: 'store_unreachable' } });
    expect(health).toEqual({ status: 503, code: 'store_unreachable' });
    expect(storedIn(server(), url)).toEqual(expected(['readonly0001'], 20));
  });

  const noDisk = noSmallDisk();
  describe.skipIf(noDisk !== undefined)(noDisk === undefined ? 'on a small disk' : `(${noDisk})`, () => {
    it('store nothing in part when the disk of the database is full, and go on when there is room', async () => {
      const disk = smallDisk('tmpfs', { mib: 24 });
      const dir = join(mkdtempSync(join(disk.dir, 'space-')), 'data');
      const url = server().createTablespace(dir);
      onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
      const { port } = await startCopy(url);
      disk.fill();
      const batches = batchesOf('fullstream01', 6, 4_000);

      let full: Awaited<ReturnType<typeof send>> | undefined;
      let stored = 0;
      for (const batch of batches) {
        const sent = await send(port, batch);
        if (sent.status === 200) stored += 4_000;
        else full ??= sent;
      }
      disk.empty();
      // Not before: where there is no room at all, somebody new may not even be let in.
      const kept = storedIn(server(), url).length;
      await sendAll({ batches, ports: [port] });

      expect(full).toMatchObject({ status: 503, answer: { code: 'store_full' } });
      expect(kept).toBe(stored);
      expect(storedIn(server(), url)).toEqual(expected(['fullstream01'], 24_000));
    });
  });
});
