/**
 * A network that fails under the built reader, beside a write API of the same machine: no name server answers, the
 * cable is pulled out and put back, the way is narrow and loses packets. The far destination waits or crawls; the
 * near one does not notice.
 */

import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ChildProgram, type Line, startCommand, startProgram } from '../support/child-program.ts';
import { createGateway, type Gateway, seqsOf, upTo } from '../support/gateway.ts';
import { noOwnNetwork, ownNetwork } from '../support/own-network.ts';
import { prefillOutbox } from '../support/prefilled-outbox.ts';
import type { OnTestFinished } from '../support/temp-dir.ts';

const ROOT = join(import.meta.dirname, '../..');
const READER = [process.execPath, join(ROOT, 'dist/src/sensor-main.js')];
const HASTY = { SENSORGW_DELIVERY_REQUEST_TIMEOUT: '2s', SENSORGW_DELIVERY_BATCH_TIMEOUT: '5s' };
/** A look-up lasts this long twice over; a unit allows 5 s for a stop, and a busy machine takes several times its time. */
const RESOLVER_S = 30;
const STOP_MAX_MS = 20_000;
const ROUNDS = 3;

const reason = noOwnNetwork();

const of =
  (destination: string, event: string, outcome?: string) =>
  (line: Line): boolean =>
    line.event === event &&
    line.destination === destination &&
    (outcome === undefined || line.outcome === outcome);

test.concurrent('a name server that never answers costs the near destination no round, and a stop no time', async (context) => {
  if (reason !== undefined) context.skip(reason);
  const { onTestFinished } = context;
  const gateway = await createGateway({ onTestFinished });
  await gateway.startApi();
  const resolver = join(gateway.dir, 'resolv.conf');
  writeFileSync(
    resolver,
    `nameserver ${await silentNameServer(onTestFinished)}\noptions timeout:${RESOLVER_S}\n`,
  );
  const inPlace = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
  const reader = startCommand(
    'unshare',
    ['--mount', 'sh', '-c', inPlace, resolver, ...READER],
    {
      ...gateway.env,
      ...HASTY,
      SENSORGW_DESTINATIONS: destinations(`http://127.0.0.1:${gateway.port}`, 'https://collector.example'),
    },
    onTestFinished,
  );

  await reader.count(of('far', 'breaker.opened'), 2);
  const askedAtMs = performance.now();
  reader.kill('SIGTERM');
  await reader.exited;
  const tookMs = performance.now() - askedAtMs;

  expect(tookMs).toBeLessThan(STOP_MAX_MS);
  expect(reader.lines.filter(of('near', 'breaker.opened'))).toEqual([]);
  expect(reader.lines.filter(of('near', 'batch.delivered', 'stored')).length).toBeGreaterThan(ROUNDS);
  const { accepted } = await gateway.drain();
  expect(seqsOf(await gateway.stored())).toEqual(upTo(accepted));
});

test.concurrent('a cable that is pulled out and put back delays the far destination alone, and nothing is stored twice', async (context) => {
  if (reason !== undefined) context.skip(reason);
  const { onTestFinished } = context;
  const { gateway, network, startReader } = await farGateway(onTestFinished);
  const reader = await startReader();
  await reader.count(of('far', 'batch.delivered', 'stored'), 2);

  network.cable(false);
  await reader.line(of('far', 'breaker.opened'));
  const during = reader.lines.filter(of('near', 'batch.delivered', 'stored')).length;
  await reader.count(of('near', 'batch.delivered', 'stored'), during + 3);
  network.cable(true);
  await reader.line(of('far', 'breaker.closed'));
  await reader.line(of('far', 'backlog.drained'));
  reader.kill('SIGTERM');

  expect(await reader.exited).toEqual({ code: 0, signal: null });
  expect(reader.lines.filter(of('near', 'breaker.opened'))).toEqual([]);
  const stored = seqsOf(await gateway.stored());
  expect(stored).toEqual(upTo(stored.length));
});

test.concurrent('a narrow way that loses packets carries the backlog all the same, each reading once', async (context) => {
  if (reason !== undefined) context.skip(reason);
  const { onTestFinished } = context;
  const { gateway, network, startReader } = await farGateway(onTestFinished);
  prefillOutbox(gateway.dir, 3_000);
  network.narrow(128);

  const reader = await startReader();
  await reader.line(of('far', 'backlog.drained'));
  const lost = network.lost();
  reader.kill('SIGTERM');
  await reader.exited;

  expect(lost).toBeGreaterThan(0);
  const stored = seqsOf(await gateway.stored());
  expect(stored).toEqual(upTo(stored.length));
  expect(stored.length).toBeGreaterThanOrEqual(3_000);
});

/** A reader in a network of its own: near by the socket in the file system, far over the cable. */
async function farGateway(finished: OnTestFinished) {
  const network = await ownNetwork(finished);
  const gateway = await createGateway({ onTestFinished: finished });
  const api = { SENSORGW_API_BEHIND_PROXY: 'true' };
  await gateway.startApi(api);
  const tokenFile = await tokenOf(gateway, api, finished);
  const far = `http://${network.hostAddress}:${await relay(network.hostAddress, gateway.port, finished)}`;
  const socket = `unix:${join(gateway.runDir, 'sensor-api.sock')}`;
  return {
    gateway,
    network,
    async startReader(): Promise<ChildProgram> {
      const [command = '', ...args] = [...network.enter, ...READER];
      const reader = startCommand(
        command,
        args,
        {
          ...gateway.env,
          ...HASTY,
          SENSORGW_DESTINATIONS: destinations(socket, far, tokenFile),
        },
        finished,
      );
      await reader.line(({ event }) => event === 'outbox.opened');
      return reader;
    },
  };
}

function destinations(near: string, far: string, tokenFile?: string): string {
  const token = tokenFile === undefined ? '' : `, token_file: ${tokenFile}`;
  return `[{name: near, url: "${near}"}, {name: far, url: "${far}"${token}}]`;
}

async function tokenOf(
  gateway: Gateway,
  api: Readonly<Record<string, string>>,
  finished: OnTestFinished,
): Promise<string> {
  const added = startProgram('sensorctl', {
    args: ['token', 'add', 'test-gateway', '--json'],
    env: { ...gateway.env, ...api },
    onTestFinished: finished,
  });
  await added.exited;
  const file = join(gateway.dir, 'token');
  writeFileSync(file, `${String(added.lines.at(-1)?.token)}\n`);
  return file;
}

/** Takes questions and answers none. Returns its address. */
async function silentNameServer(finished: OnTestFinished): Promise<string> {
  const address = '127.53.0.1';
  const server = createSocket('udp4');
  await new Promise<void>((resolve) => server.bind(53, address, resolve));
  finished(() => void server.close());
  return address;
}

/** From the cable to a port of this machine. */
async function relay(address: string, port: number, finished: OnTestFinished): Promise<number> {
  const server = createServer((client) => {
    const target = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [client, target],
      [target, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  finished(() => void server.close());
  return (server.address() as AddressInfo).port;
}
