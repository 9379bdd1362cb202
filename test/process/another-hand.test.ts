/**
 * Somebody else in the files of a reader at work, with a program that knows nothing of ours: the SQLite of Python. It
 * keeps the outbox locked, reads from one state of it for long, or changes what is in it.
 */

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ChildProgram, startCommand, startProgram } from '../support/child-program.ts';
import { createGateway, isAppended, isEvent, isStored, seqsOf, upTo } from '../support/gateway.ts';
import type { OnTestFinished } from '../support/temp-dir.ts';

const ROUNDS = 3;
const isRound = isEvent('round.sampled');
/** As many readings in each round, however busy the machine is. */
const SIMULATED = { SENSORGW_SOURCES: '[simulated]' };

/** Runs statements one after the other, says so, and stays connected until it is killed. */
async function otherHand(
  finished: OnTestFinished,
  file: string,
  ...statements: readonly string[]
): Promise<ChildProgram> {
  const script = `
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
for one in sys.argv[2:]:
    print(db.execute(one).fetchone(), flush=True)
print("DONE", flush=True)
time.sleep(600)`;
  const hand = startCommand('python3', ['-c', script, file, ...statements], {}, finished);
  await hand.line(({ text }) => text === 'DONE');
  return hand;
}

test.concurrent('somebody who keeps the outbox locked costs no reading: rounds are held in memory until it is free', async ({
  onTestFinished,
}) => {
  const gateway = await createGateway({ onTestFinished });
  await gateway.startApi();
  const reader = await gateway.startReader(SIMULATED);
  await reader.count(isStored, 2);

  const hand = await otherHand(onTestFinished, join(gateway.dir, 'outbox.db'), 'BEGIN IMMEDIATE');
  const held = await reader.line(isEvent('outbox.held'));
  await reader.count(isRound, reader.lines.filter(isRound).length + ROUNDS);
  hand.kill('SIGKILL');
  const released = await reader.line(isEvent('outbox.released'));
  const { accepted } = await gateway.finish(reader);

  expect(held).toMatchObject({ code: 'SQLITE_BUSY' });
  expect(released.readings).toBeGreaterThanOrEqual(ROUNDS * Number(held.readings));
  expect(reader.lines.filter(isEvent('reading.dropped'))).toEqual([]);
  expect(seqsOf(await gateway.stored())).toEqual(upTo(accepted));
  // Waiting for the lock stops the only thread, and never for long enough to be taken for stuck.
  expect(reader.lines.filter((line) => /withheld/.test(String(line.msg)))).toEqual([]);
});

test.concurrent('rows that somebody has changed or deleted are not sent, and are named; all others are stored', async ({
  onTestFinished,
}) => {
  const gateway = await createGateway({ onTestFinished });
  const reader = await gateway.startReader(SIMULATED);
  await reader.count(isAppended, ROUNDS);

  const hand = await otherHand(
    onTestFinished,
    join(gateway.dir, 'outbox.db'),
    'UPDATE readings SET value = value + 1 WHERE seq = 3',
    'DELETE FROM readings WHERE seq = 5',
  );
  hand.kill('SIGKILL');
  await gateway.startApi();
  await reader.line(isEvent('breaker.closed'));
  const { accepted } = await gateway.finish(reader);
  const gaps = startProgram('sensorctl', { args: ['gaps', '--json'], env: gateway.env, onTestFinished });
  await gaps.exited;

  expect(seqsOf(await gateway.stored())).toEqual(upTo(accepted).filter((seq) => ![3, 5].includes(seq)));
  expect(gaps.lastWords()).toContain('corrupt');
});
