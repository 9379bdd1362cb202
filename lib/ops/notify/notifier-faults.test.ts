import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { RARE_TEXT, withBitTurned, withTextAsBlob } from '../../../test/support/changed-bits.ts';
import { HOUR_MS, type NotifyRig, notifyRig } from '../../../test/support/notify-rig.ts';
import { QUARANTINE, quarantined } from '../../base/quarantine-shelf.ts';

const MINUTE_MS = 60_000;
const KEY = 'sensor_silent:climate';
const UNAVAILABLE = { kind: 'failed', reason: 'HTTP 503' } as const;
const WELL = { kind: 'sent', said: 'HTTP 200' } as const;

let rig: NotifyRig;

async function started(): Promise<void> {
  rig = notifyRig();
  rig.start();
  await rig.clock.advance(0);
}

afterEach(() => rig.stop());

/** What was heard of the thing, in order: `open` or `resolved`. */
const told = () =>
  rig.heard
    .flatMap(({ message }) => message.tickets)
    .filter(({ key }) => key === KEY)
    .map(({ state }) => state);

describe('a damaged file', () => {
  it('is put aside, and what is open is told again', async () => {
    await started();
    rig.book.write('opened', { key: KEY }, rig.clock.wallMs());
    await rig.clock.advance(10_000);
    await rig.stop();
    writeFileSync(rig.file, readFileSync(rig.file).fill(7, 0, 4_096));
    rig.start();
    await rig.clock.advance(10_000);

    expect(told()).toEqual(['open', 'open']);
  });
});

describe('a letter that has changed on the card in what is kept as JSON', () => {
  it('ends nothing, wherever it stands, and what waits is told', async () => {
    await started();
    const tell = (key: string) => rig.book.write('opened', { key }, rig.clock.wallMs());
    tell('told:before');
    await rig.clock.advance(10_000);
    rig.answer(UNAVAILABLE);
    tell('under:way');
    await rig.clock.advance(10_000);
    tell('waits:still');
    await rig.clock.advance(5_000);
    await rig.stop();
    const whole = readFileSync(rig.file);
    const places = jsonIn(whole).filter((_, i) => i % LETTERS_APART === 0);
    rig.answer(WELL);
    let aside = 0;

    for (const at of places) {
      writeFileSync(rig.file, withBitTurned(whole, 8 * at));
      rig.heard.length = 0;
      rig.start();
      await rig.clock.advance(MINUTE_MS);
      await rig.stop();

      const told = rig.heard.flatMap(({ message }) => message.tickets);
      expect(told.length, `byte ${at}`).toBeGreaterThan(1);
      if (quarantined(rig.file).length > 0) aside += 1;
      rmSync(join(dirname(rig.file), QUARANTINE), { recursive: true, force: true });
    }
    expect(places.length).toBeGreaterThan(40);
    expect(aside).toBeGreaterThan(10);
  });
});

describe('a row that a bit on the card has made into one that must not be', () => {
  it('ends nothing when it is to be written, and what waits is told', async () => {
    await started();
    rig.answer({ kind: 'failed', reason: RARE_TEXT });
    rig.book.write('opened', { key: KEY }, rig.clock.wallMs());
    await rig.clock.advance(10_000);
    await rig.stop();
    writeFileSync(rig.file, withTextAsBlob(readFileSync(rig.file)));
    rig.answer(WELL);
    rig.start();
    await rig.clock.advance(2 * MINUTE_MS);

    expect(told()).toEqual(['open']);
    expect(quarantined(rig.file)).toMatchObject([{ reason: expect.stringContaining('non-TEXT value') }]);
  });
});

const LETTERS_APART = 23;

/** Where the letters of JSON texts stand. */
function jsonIn(bytes: Buffer): number[] {
  return [...bytes.toString('latin1').matchAll(/\{"[ -~]{20,}\}/g)].flatMap(({ index, 0: text }) =>
    Array.from(text, (_, i) => index + i),
  );
}

describe('a disk that refuses', () => {
  it('is said once, and what was under way is told when it gives again', async () => {
    await started();
    rig.book.write('opened', { key: KEY }, rig.clock.wallMs());
    rig.refuse(true);
    await rig.clock.advance(HOUR_MS);
    const meanwhile = rig.heard.length;
    rig.refuse(false);
    await rig.clock.advance(10_000);

    expect(meanwhile).toBe(0);
    expect(told()).toEqual(['open']);
    expect(rig.events.map(({ type }) => type)).toEqual(['disk_failed', 'sent']);
  });

  it('what it reads, again and again, leaves no file open', async () => {
    rig = notifyRig();
    rig.failReads(true);
    rig.start();
    await rig.clock.advance(10 * MINUTE_MS);
    const meanwhile = rig.openLedgers();
    rig.failReads(false);
    rig.book.write('opened', { key: KEY }, rig.clock.wallMs());
    await rig.clock.advance(10_000);

    expect([meanwhile, rig.openLedgers()]).toEqual([0, 1]);
    expect(told()).toEqual(['open']);
    expect(rig.events.map(({ type }) => type)).toEqual(['disk_failed', 'sent']);
  });

  it('when a message is to be counted keeps it from being sent at all', async () => {
    await started();
    rig.answer(UNAVAILABLE);
    rig.book.write('opened', { key: KEY }, rig.clock.wallMs());
    await rig.clock.advance(10_000);
    rig.answer('lost');
    const held = new Database(rig.file);
    held.exec('BEGIN IMMEDIATE');
    await rig.clock.advance(MINUTE_MS);
    const meanwhile = rig.heard.length;
    held.close();
    await rig.clock.advance(20 * MINUTE_MS);

    expect([meanwhile, rig.heard.length]).toEqual([0, 1]);
  });
});

describe('a clock that is set', () => {
  it('back by a year does not silence what was told', async () => {
    await started();
    rig.book.write('opened', { key: KEY }, rig.clock.wallMs());
    await rig.clock.advance(10_000);
    rig.clock.stepWall(-365 * 24 * HOUR_MS);
    rig.book.write('resolved', { key: KEY }, rig.clock.wallMs());
    await rig.clock.advance(10_000);
    rig.book.write('opened', { key: KEY }, rig.clock.wallMs());
    await rig.clock.advance(10_000);

    expect(told()).toEqual(['open', 'resolved', 'open']);
  });
});

describe('killed at any moment', () => {
  it('it loses nothing, and what is told twice is the same under the same id', async () => {
    rig = notifyRig();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('open', 'resolve', 'step', 'kill', 'lost', 'down', 'well'), {
          maxLength: 40,
        }),
        fc.integer({ min: 1, max: 1_000 }),
        async (steps, seed) => {
          await rig.stop();
          rig = notifyRig(seed);
          rig.start();
          let isOpen = false;
          for (const step of steps) {
            if (step === 'open' && !isOpen) rig.book.write('opened', { key: KEY }, rig.clock.wallMs());
            if (step === 'resolve' && isOpen) rig.book.write('resolved', { key: KEY }, rig.clock.wallMs());
            if (step === 'open' || step === 'resolve') isOpen = step === 'open';
            if (step === 'lost') rig.answer('lost');
            if (step === 'down') rig.answer(UNAVAILABLE);
            if (step === 'well') rig.answer(WELL);
            if (step === 'step') await rig.clock.advance(7_000);
            if (step === 'kill') {
              rig.kill();
              rig.start();
            }
          }
          rig.kill();
          rig.answer(WELL);
          rig.start();
          await rig.clock.advance(3 * HOUR_MS);

          const byId = new Map(rig.heard.map(({ message }) => [message.id, JSON.stringify(message)]));
          for (const { message } of rig.heard) expect(byId.get(message.id)).toBe(JSON.stringify(message));
          // What was told last is what is true.
          const once = [...byId.values()].flatMap((text) => JSON.parse(text).tickets);
          if (steps.includes('open')) expect(once.at(-1)?.state).toBe(isOpen ? 'open' : 'resolved');
        },
      ),
      { numRuns: 30 },
    );
  });
});
