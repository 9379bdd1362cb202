import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { offered, someReadings, successorOutbox, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../../test/support/test-world.ts';
import { countOf, normalized, type SeqRange } from '../seq-ranges.ts';
import { accountHistory, accountOf } from './account.ts';
import type { Outbox } from './outbox.ts';
import { openOutbox } from './outbox.ts';

/** An outbox with an account, in which 4 to 6 wait. */
function begun(destinations = ['local']) {
  const { outbox: first, file, world } = tempOutbox({ destinations });
  first.close();
  const open = () => successorOutbox(file, world, { destinations });
  const outbox = open();
  outbox.append(someReadings(6));
  outbox.acknowledge('local', outbox.stream, [[1, 3]]);
  return { outbox, file, world, open };
}

function deleteOutbox(file: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
}

const toldIn = (outbox: Outbox) => JSON.parse(outbox.goneBatch('local')?.body ?? '{}');

describe('an outbox that was deleted', () => {
  it('between two runs is missed, and what waited in it is in the ledger of the next one', () => {
    const { outbox, file, world, open } = begun();
    const lost = outbox.stream;
    outbox.close();
    deleteOutbox(file);

    const next = open();

    expect(next.stream).not.toBe(lost);
    expect(toldIn(next)).toMatchObject({ stream: lost, gone: [[4, 6, 'deleted']], readings: [] });
    const missed = { stream: lost, firstSeq: 1, rows: 3, unclear: [], at: world.clock.wallMs() };
    expect(accountHistory(file).missed).toEqual([missed]);
    const waiting = [{ destination: 'local', stream: lost, seqs: [[4, 6]] }];
    expect(world.recorder.of('outbox.missed')).toEqual([{ type: 'outbox.missed', ...missed, waiting }]);
  });

  it('twin: without its account it could not be told from one that never was', () => {
    const { outbox, file, world, open } = begun();
    outbox.close();
    deleteOutbox(file);
    rmSync(accountOf(file));

    const next = open();

    expect(next.goneBatch('local')).toBeUndefined();
    expect(world.recorder.of('outbox.missed')).toEqual([]);
  });

  it('while it was open is named at its end, with all that was asked of it after the file had gone', () => {
    const { outbox, file, world, open } = begun();
    const lost = outbox.stream;
    deleteOutbox(file);
    outbox.append(someReadings(2));
    outbox.acknowledge('local', lost, [[4, 4]]);

    outbox.close();
    const next = open();

    const waiting = [{ destination: 'local', stream: lost, seqs: [[5, 8]] }];
    expect(world.recorder.of('outbox.deleted')).toEqual([
      { type: 'outbox.deleted', waiting, isSalvageable: false },
    ]);
    expect(toldIn(next)).toMatchObject({ stream: lost, gone: [[5, 8, 'deleted']] });
  });

  it('without having been closed leaves a number that nobody can know, and that is what is said', () => {
    const { file, world, open, outbox } = begun();
    const lost = outbox.stream;
    // As after a kill: the account is the one of its beginning.
    copyFileSync(accountOf(file), `${file}.as-it-was`);
    outbox.close();
    deleteOutbox(file);
    copyFileSync(`${file}.as-it-was`, accountOf(file));

    const next = open();

    expect(next.goneBatch('local')).toBeUndefined();
    expect(accountHistory(file).missed).toMatchObject([
      { stream: lost, firstSeq: 1, rows: null, unclear: [] },
    ]);
    expect(world.recorder.of('outbox.missed')).toHaveLength(1);
  });

  it('is missed also when the start that found it missing was cut off behind the new file', () => {
    const { outbox, file, world, open } = begun();
    const lost = outbox.stream;
    outbox.close();
    deleteOutbox(file);
    const cutOff = { ...world, observe: () => expect.fail('cut off') };
    const options = { file, gateway: 'g', destinations: ['local'], bootId: 'boot-2', onDamage: () => {} };
    expect(() => successorOutbox(file, { ...world, ...cutOff }, options)).toThrow('cut off');
    expect(existsSync(file)).toBe(true);

    const next = open();

    expect(toldIn(next)).toMatchObject({ stream: lost, gone: [[4, 6, 'deleted']] });
    expect(accountHistory(file).missed).toHaveLength(1);
  });

  it('names what each destination was waiting for', () => {
    const { outbox, file, open } = begun(['local', 'far']);
    outbox.close();
    deleteOutbox(file);

    const next = open();

    expect(toldIn(next).gone).toEqual([[4, 6, 'deleted']]);
    expect(JSON.parse(next.goneBatch('far')?.body ?? '').gone).toEqual([[1, 6, 'deleted']]);
  });

  it('is said once', () => {
    const { outbox, file, world, open } = begun();
    outbox.close();
    deleteOutbox(file);
    open().close();

    open().close();

    expect(world.recorder.of('outbox.missed')).toHaveLength(1);
    expect(accountHistory(file).missed).toHaveLength(1);
  });

  it('after any run of rounds, deliveries and restarts leaves exactly its waiting rows in the ledger', () => {
    const step = fc.oneof(
      fc.record({ append: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ acknowledge: fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 6 })) }),
      fc.constant({ restart: true } as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const { outbox: first, file, world } = tempOutbox();
        first.close();
        let outbox = successorOutbox(file, world);
        for (const one of steps) {
          if ('append' in one) outbox.append(someReadings(one.append));
          else if ('restart' in one) {
            outbox.close();
            outbox = successorOutbox(file, world);
          } else {
            const [lo, more] = one.acknowledge;
            outbox.acknowledge('local', outbox.stream, [[lo, lo + more]]);
          }
        }
        const waiting = outbox.waiting().flatMap(({ seqs }) => seqs);
        outbox.close();
        deleteOutbox(file);

        const next = successorOutbox(file, world);

        const told: SeqRange[] = [];
        for (let batch = next.goneBatch('local'); batch; batch = next.goneBatch('local')) {
          told.push(...JSON.parse(batch.body).gone.map(([lo, hi]: [number, number]) => [lo, hi]));
          next.noteTold('local', batch.goneUpTo ?? 0);
        }
        expect(normalized(told)).toEqual(normalized(waiting));
        expect(accountHistory(file).missed.at(-1)?.rows).toBe(countOf(normalized(waiting)));
        next.close();
      }),
      { numRuns: 10 },
    );
  });
});

describe('a run that was cut off', () => {
  it('is counted with the boot of the next one, over runs that end well, and a bounded number of times', () => {
    const { file, world, outbox } = begun();
    outbox.close();
    const run = (bootId: string) => successorOutbox(file, world, { bootId });
    const counted = () => accountHistory(file).cutOffs.map(({ bootId }) => bootId);
    // Nobody closes the first of each pair before the second begins.
    run('a');
    run('b').close();
    run('c').close();
    expect(counted()).toEqual(['b']);

    for (let times = 0; times < 24; times += 1) run(`d${times}`);

    expect(counted()).toEqual(Array.from({ length: 20 }, (_, index) => `d${index + 4}`));
  });
});

describe('an outbox that was not deleted', () => {
  it('is not missed, however its run has ended', () => {
    const { outbox, file, world, open } = begun();
    outbox.close();

    const next = open();

    expect(offered(next)).toEqual([[4, 6]]);
    expect(world.recorder.of('outbox.missed')).toEqual([]);
    expect(accountHistory(file).missed).toEqual([]);
  });

  it('but was damaged, is accounted for by its salvage alone', () => {
    const { outbox, file, world, open } = begun();
    outbox.close();
    writeFileSync(file, 'no database');

    open();

    expect(world.recorder.of('outbox.quarantined')).toHaveLength(1);
    expect(world.recorder.of('outbox.missed')).toEqual([]);
  });

  it('works although the disk takes no account of it', () => {
    const { outbox, file, open } = begun();
    outbox.close();
    rmSync(accountOf(file));
    mkdirSync(join(accountOf(file), 'in the way'), { recursive: true });

    const next = open();
    next.append(someReadings(2));

    expect(offered(next)).toEqual([[4, 6]]);
    expect(() => next.close()).not.toThrow();
  });

  it('is opened although its account is nonsense, or was never written', () => {
    const { outbox, file, open } = begun();
    outbox.close();
    writeFileSync(accountOf(file), '{"stream": 7');

    const next = open();

    expect(offered(next)).toEqual([[4, 6]]);
    const unaccounted = openOutbox({
      file: `${file}.other`,
      gateway: 'g',
      destinations: [],
      bootId: 'boot-1',
      world: createTestWorld(),
    });
    unaccounted.close();
    expect(accountHistory(`${file}.other`).missed).toEqual([]);
  });
});
