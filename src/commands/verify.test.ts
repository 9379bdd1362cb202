import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../lib/base/clock.ts';
import type { OpenOutboxOptions } from '../../lib/flow/outbox/outbox.ts';
import { MINUTE } from '../../lib/flow/outbox/tiers.ts';
import { createHttpDelivery } from '../../lib/flow/sync/deliver.ts';
import type { Destination } from '../../lib/flow/sync/destination.ts';
import { createWriteApi } from '../../lib/flow/write-api/server.ts';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import { createControlSocket } from '../../lib/ops/control-socket.ts';
import { commandRig } from '../../test/support/command-rig.ts';
import { ALL, offered, someReadings, tempOutbox } from '../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../test/support/test-world.ts';
import { controlPath } from '../wiring/names.ts';
import { ordersTo } from '../wiring/orders.ts';
import { verify } from './verify.ts';

/** A real write API, an outbox that delivers to it, and the command that compares the two. */
async function site(options: Pick<OpenOutboxOptions, 'bounds'> = {}) {
  const rig = commandRig();
  const world = { ...createTestWorld({ seed: 9_999 }), clock: systemClock };
  const store = createSqliteStore({ file: join(rig.dataDir, 'store.db'), world });
  const api = createWriteApi({ store, world, version: '9.9.9' });
  const { port } = await api.listen({ host: '127.0.0.1', port: 0 });
  rig.environment.SENSORGW_API_PORT = String(port);
  const { outbox, world: ours } = tempOutbox({ file: join(rig.dataDir, 'outbox.db'), ...options });
  const http = createHttpDelivery({ url: `http://127.0.0.1:${port}` });
  onTestFinished(async () => {
    await http.close();
    await api.close();
    await store.close();
  });
  const send = async (lo: number, hi: number) => {
    const batch = outbox.batch('local', { ...ALL, within: [lo, hi] });
    if (batch === undefined) throw new Error('there is nothing to send');
    return http.deliver.live(batch, 10_000);
  };
  return { rig, outbox, events: ours.recorder, send };
}

it('agrees after a delivery, and names what was stored without an acknowledgement that arrived', async () => {
  const { rig, outbox, send } = await site();
  const { stream } = outbox.append(someReadings(6));
  await send(1, 4);
  outbox.acknowledge('local', stream, [[1, 2]]);
  outbox.flush();

  const said = await rig.run(verify, { 'dry-run': true });

  expect(said.exitCode).toBe(0);
  expect(said.out[0]).toBe('local: agrees (1 stream compared)');
  expect(said.out[1]).toMatch(/^ {2}2 readings \(3-4 of .*\): in its store already.*would be acknowledged/);
  expect(said.out).toHaveLength(2);
});

it('exits with 1 and tells what the store has lost, and whether the outbox still has it', async () => {
  const { rig, outbox, send } = await site();
  const { stream } = outbox.append(someReadings(6));
  await send(3, 4);
  // What a store looks like that was restored from a backup: it had these once.
  outbox.acknowledge('local', stream, [
    [1, 1],
    [3, 4],
    [6, 6],
  ]);
  outbox.flush();

  const said = await rig.run(verify, { json: true, 'dry-run': true });

  expect(said.exitCode).toBe(1);
  expect(JSON.parse(said.out[0] ?? '')).toEqual({
    dry_run: true,
    reader_running: false,
    destinations: [
      {
        name: 'local',
        compared: 1,
        failed: null,
        streams: [{ stream, lost: [[1, 1]], lost_still_in_outbox: [[6, 6]], ahead: [] }],
      },
    ],
  });
});

it('calls a thinned row what it is', async () => {
  const { rig, outbox, events } = await site({ bounds: { bytesMax: 256 * 1_024, diskReserveBytes: 0 } });
  for (let at = 0; events.of('reading.thinned').length === 0; at += 300) outbox.append(someReadings(300, at));
  const batch = outbox.batch('local', { ...ALL, within: MINUTE.space, rowsMax: 2 });
  outbox.acknowledge('local', batch?.stream ?? '', batch?.seqs ?? []);
  outbox.flush();

  const said = await rig.run(verify, { 'dry-run': true });

  expect(said.out.filter((line) => line.includes('lost'))).toEqual([
    expect.stringMatching(/^ {2}2 thinned readings \(2251799813685249-/),
  ]);
});

it('counts what is in the ledger as no difference', async () => {
  const { rig, outbox, send } = await site();
  const { stream } = outbox.append(someReadings(4));
  outbox.declareGone([[2, 2]], 'corrupt');
  outbox.bury('local', stream, [{ seq: 3, code: 'x', message: 'no' }]);
  await send(1, 4);
  outbox.acknowledge('local', stream, [[1, 4]]);
  outbox.flush();

  const said = await rig.run(verify);

  expect([said.exitCode, said.out]).toEqual([0, ['local: agrees (1 stream compared)']]);
});

it('says why when a destination cannot be asked', async () => {
  const { rig, outbox } = await site();
  outbox.append(someReadings(1));
  rig.environment.SENSORGW_API_PORT = '9';

  const said = await rig.run(verify);

  expect(said.exitCode).toBe(1);
  expect(said.out[0]).toMatch(/^local: cannot be compared: .*ECONNREFUSED/);
});

it('under the lock sends again what the store lost, names what has left, and acknowledges what it has', async () => {
  const { rig, outbox, send } = await site();
  const { stream } = outbox.append(someReadings(9));
  await send(7, 8);
  outbox.acknowledge('local', stream, [
    [1, 2],
    [5, 6],
  ]);
  outbox.flush();
  outbox.close();

  const said = await rig.run(verify);
  const { outbox: after } = tempOutbox({ file: join(rig.dataDir, 'outbox.db') });

  expect(said.exitCode).toBe(1);
  expect(said.out.join('\n')).toMatch(/1-2 of .*: named in the ledger as lost/);
  expect(said.out.join('\n')).toMatch(/5-6 of .*: sent again/);
  expect(said.out.join('\n')).toMatch(/7-8 of .*: acknowledged/);
  expect(offered(after)).toEqual([
    [3, 6],
    [9, 9],
  ]);
  expect(JSON.parse(after.goneBatch('local')?.body ?? '').gone).toEqual([[1, 2, 'rolled_back']]);
});

it('is done by the running reader, in orders that fit into its socket, and is not asked for twice', async () => {
  const { rig, outbox } = await site();
  const { stream } = outbox.append(someReadings(400));
  const everyOther = Array.from({ length: 199 }, (_, i) => [2 * i + 2, 2 * i + 2] as const);
  outbox.acknowledge('local', stream, everyOther);
  outbox.flush();
  const control = createControlSocket(controlPath(rig.dataDir), ordersTo([standIn('local')], outbox));
  await control.listen();
  onTestFinished(() => control.close());

  const first = await rig.run(verify, { json: true });
  const second = await rig.run(verify);

  expect(JSON.parse(first.out[0] ?? '')).toMatchObject({ dry_run: false, reader_running: true });
  expect(first.exitCode).toBe(1);
  expect(outbox.backlog('local').rows).toBe(400);
  expect([second.exitCode, second.out]).toEqual([0, ['local: agrees (1 stream compared)']]);
});

/** Of a destination, what an order needs. */
function standIn(name: string): Destination {
  return { name, nudge() {} } as Partial<Destination> as Destination;
}
