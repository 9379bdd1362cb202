/**
 * Goal: what explains a time without readings outlives the file that it was written to. Method: an outbox with
 * silences and transitions is damaged, replaced and salvaged, and its successor is asked for them.
 */

import { openSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { rawOutbox, someReadings, successorOutbox, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { unsalvaged } from '../../base/quarantine-shelf.ts';
import type { Silence } from '../silence.ts';
import { readOutboxLedger } from './ledger-view.ts';
import { TRANSITIONS_KEPT } from './outage.ts';
import type { BreakerRecord, Outbox } from './outbox.ts';
import { salvage } from './salvage.ts';
import { SEQS_PER_FILE } from './tiers.ts';

const AT = 1_768_493_400_000;

const silence = (over: Partial<Silence>): Silence => ({
  cause: 'sensor_fault',
  sensor: 'roof',
  afterSeq: 3,
  untilSeq: 5,
  fromAt: AT,
  toAt: AT + 60_000,
  detail: 'it hangs',
  ...over,
});

const START = silence({ cause: 'power_off', sensor: null, afterSeq: 0, untilSeq: 0, detail: 'old boot' });
const FAULT = silence({});
const OPEN = silence({ sensor: 'cellar', afterSeq: 6, untilSeq: null, toAt: null });

function transitions(outbox: Outbox): void {
  const record = (state: BreakerRecord['state'], sinceAt: number): BreakerRecord => ({
    state,
    streak: 3,
    step: 0,
    reason: 'refused',
    sinceAt,
    held: false,
    nextTryAt: null,
  });
  outbox.saveBreaker('local', record('open', AT));
  outbox.saveBreaker('local', record('half_open', AT + 10_000));
  outbox.saveBreaker('local', record('open', AT + 11_000));
}

/** An outbox whose first page is overwritten, as by a failing card. */
function damaged(): string {
  const { outbox, file } = tempOutbox();
  outbox.append(someReadings(9));
  for (const one of [START, FAULT, OPEN]) outbox.silences.note(one);
  outbox.silences.keepSensor({ sensor: 'cellar', source: 'bus', intervalMs: 10_000 });
  transitions(outbox);
  outbox.close();
  writeSync(openSync(file, 'r+'), Buffer.alloc(100, 0xa5), 0, 100, 0);
  return file;
}

function successor(file: string) {
  const world = createTestWorld({ seed: 77 });
  const outbox = successorOutbox(file, world);
  outbox.silences.note(
    silence({ ...START, detail: 'new boot', afterSeq: SEQS_PER_FILE, fromAt: AT + 90_000 }),
  );
  const salvageAll = () => {
    for (const dir of unsalvaged(file)) {
      const work = salvage({ file: join(dir, basename(file)), destinations: ['local'], outbox });
      while (!work.next().done);
    }
  };
  return { outbox, world, salvageAll };
}

it('silences, sensors and transitions of a damaged file are there again, older than all that is new, and once', () => {
  const file = damaged();
  const { outbox, salvageAll } = successor(file);

  salvageAll();
  salvageAll();

  const { silences, sensors } = readOutboxLedger(file);
  expect(silences.slice(0, 2)).toEqual([START, FAULT]);
  expect(silences.slice(3)).toMatchObject([{ detail: 'new boot' }]);
  expect(sensors).toEqual([{ sensor: 'cellar', source: 'bus', intervalMs: 10_000 }]);
  expect(outbox.silences.lastStart()).toBe('new boot');
  expect(outbox.breakerTransitions(9).map(({ to, at }) => [to, at])).toEqual([
    ['open', AT + 11_000],
    ['half_open', AT + 10_000],
    ['open', AT],
  ]);
});

it('transitions that are restored beside those of a long outage stay within their bound, the latest of all', () => {
  const file = damaged();
  const { outbox, salvageAll } = successor(file);
  const record = { streak: 3, step: 0, reason: 'refused', held: false, nextTryAt: null } as const;
  for (let i = 1; i < TRANSITIONS_KEPT; i += 1)
    outbox.saveBreaker('local', {
      ...record,
      state: i % 2 === 1 ? 'half_open' : 'open',
      sinceAt: AT + 60_000 + i,
    });

  salvageAll();

  const kept = outbox.breakerTransitions(TRANSITIONS_KEPT + 9);
  expect(kept).toHaveLength(TRANSITIONS_KEPT);
  expect(kept.at(-1)).toMatchObject({ to: 'open', at: AT + 11_000 });
});

it('what still went on when the file was lost ends with its seqs, and is not taken up by what comes later', () => {
  const file = damaged();
  const { outbox, salvageAll } = successor(file);
  salvageAll();

  outbox.silences.note(silence({ ...OPEN, afterSeq: SEQS_PER_FILE + 4, fromAt: AT + 3_600_000_000 }));

  const found = readOutboxLedger(file).silences.filter(({ sensor }) => sensor === 'cellar');
  expect(found).toMatchObject([
    { afterSeq: 6, untilSeq: SEQS_PER_FILE },
    { afterSeq: SEQS_PER_FILE + 4, untilSeq: null },
  ]);
});

it('a sensor that had fallen silent is known to the next run before anything is salvaged', () => {
  const { outbox } = successor(damaged());

  expect(outbox.silences.sensors().map(({ sensor }) => sensor)).toEqual(['cellar']);
});

it('a silence that the disk has made nonsense of is left out', () => {
  const { outbox, file } = tempOutbox();
  outbox.append(someReadings(2));
  outbox.silences.note(FAULT);
  outbox.close();
  const database = rawOutbox(file);
  database.exec("UPDATE silences SET cause = 'sensor_faulu'");
  database.close();
  writeSync(openSync(file, 'r+'), Buffer.alloc(100, 0xa5), 0, 100, 0);
  const { salvageAll } = successor(file);

  salvageAll();

  expect(readOutboxLedger(file).silences).toMatchObject([{ detail: 'new boot' }]);
});
