/**
 * What a gateway goes through while one of its calls fails: between them they append, deliver, acknowledge, meet an
 * outage, thin, salvage and migrate. Each begins with the files that it prepares, and may be played again from
 * wherever it was cut off.
 */

import { closeSync, copyFileSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Outbox, openOutbox } from '../../lib/flow/outbox/outbox.ts';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import { READER, WRITE_API } from '../../src/wiring/names.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { someRounds } from '../support/some-readings.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';
import type { NthGateway } from './gateway.ts';
import { callTickets } from './tickets.ts';

export interface Scenario {
  /** Of the outbox; as configured if left out. */
  readonly bytesMax?: number;
  /** Makes the files that it begins with; whatever is in the outbox then has been accepted. */
  prepare(dir: string, fixtures: string): Promise<void>;
  /** What becomes of these files before the programs start. */
  spoil?(dir: string): void;
  /** Returns what is to be asked when the fault is gone; a question throws if something is not as it should be. */
  play(gateway: NthGateway): Promise<readonly (() => void)[]>;
}

/** After the day on which this version was made, so that the clock can be trusted, and after all fixtures. */
export const BEGAN_AT = Date.UTC(2027, 0, 1);

const ROUND_MS = 10_000;

export const SCENARIOS = {
  /** Rounds are delivered; the write API is gone for as long as the breaker takes to open, and comes back. */
  outage: {
    prepare: async () => {},
    async play(gateway) {
      await gateway.start(WRITE_API);
      await gateway.start(READER);
      await gateway.pass(2 * ROUND_MS);
      await gateway.stop(WRITE_API);
      await gateway.pass(5 * ROUND_MS);
      await gateway.start(WRITE_API);
      await gateway.pass(4 * ROUND_MS);
      return [];
    },
  },
  /** Files of the oldest schemas are brought to that of today, with what they hold. */
  upgrade: {
    async prepare(dir, fixtures) {
      copyFileSync(join(fixtures, 'outbox-1.db'), join(dir, 'outbox.db'));
      copyFileSync(join(fixtures, 'store-1.db'), join(dir, 'store.db'));
    },
    async play(gateway) {
      await gateway.start(READER);
      await gateway.start(WRITE_API);
      await gateway.pass(3 * ROUND_MS);
      return [];
    },
  },
  /** The first page of both files is damaged: they are set aside, and what they hold is saved. */
  salvage: {
    async prepare(dir) {
      await fill(dir, { rounds: 60, delivered: 100 });
    },
    spoil(dir) {
      for (const name of ['outbox.db', 'store.db']) damage(join(dir, name));
    },
    async play(gateway) {
      await gateway.start(WRITE_API);
      await gateway.start(READER);
      await gateway.pass(7 * ROUND_MS);
      return [];
    },
  },
  /** A long outage has filled the outbox: every round thins what is oldest, until the write API is there. */
  thinning: {
    bytesMax: 192 * 1_024,
    async prepare(dir) {
      await fill(dir, { rounds: 560, delivered: 0 });
    },
    async play(gateway) {
      await gateway.start(READER);
      await gateway.pass(3 * ROUND_MS);
      await gateway.start(WRITE_API);
      await gateway.pass(6 * ROUND_MS);
      return [];
    },
  },
  /** What the monitor has found is written down. */
  tickets: {
    prepare: async () => {},
    play: async (gateway) => [callTickets(gateway.dir)],
  },
} satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;
export const SCENARIO_NAMES = Object.keys(SCENARIOS) as readonly ScenarioName[];

const SENSORS = 5;
const DESTINATION = 'local';
/** Each of these was a reader's round, or a few. */
const ROUNDS_AT_ONCE = 20;

/** An outbox with a backlog; the store has the first `delivered` of its readings, and the outbox knows it. */
async function fill(
  dir: string,
  { rounds, delivered }: { readonly rounds: number; readonly delivered: number },
): Promise<void> {
  const world = {
    clock: createVirtualClock({ wallMs: BEGAN_AT }),
    random: createSeededRandom(1),
    observe: () => {},
  };
  const outbox = openOutbox({
    file: join(dir, 'outbox.db'),
    gateway: 'test-gateway',
    destinations: [DESTINATION],
    world,
    bootId: 'boot-before',
  });
  for (let round = 0; round < rounds; round += ROUNDS_AT_ONCE)
    outbox.append(someRounds(ROUNDS_AT_ONCE, round, { sensors: SENSORS, everyMs: ROUND_MS }));
  const store = createSqliteStore({ file: join(dir, 'store.db'), world });
  if (delivered > 0) await deliver(outbox, store, delivered);
  await store.close();
  outbox.close();
}

async function deliver(
  outbox: Outbox,
  store: Pick<ReturnType<typeof createSqliteStore>, 'ingest'>,
  rowsMax: number,
): Promise<void> {
  const batch = outbox.batch(DESTINATION, { order: 'oldest', rowsMax, bytesMax: 1_048_576 });
  if (batch === undefined) throw new Error('there is nothing to deliver');
  const { gateway, series, readings } = JSON.parse(batch.body);
  await store.ingest([
    {
      stream: batch.stream,
      gateway,
      series: series.map((one: object) => ({ gateway, ...one })),
      rows: readings,
      refused: [],
      gone: [],
      sources: [],
      corrections: [],
    },
  ]);
  outbox.acknowledge(DESTINATION, batch.stream, batch.seqs);
}

/** What a failing card overwrites most, because everything changes it. */
function damage(file: string): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(512, 0xa5), 0, 512, 0);
  closeSync(handle);
}
