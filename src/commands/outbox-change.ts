/**
 * A change of the outbox on a person's behalf: made by the reader if it runs, else in the file, under the
 * reader's own lock, so that none begins to run meanwhile.
 */

import { existsSync } from 'node:fs';
import { systemClock } from '../../lib/base/clock.ts';
import { GatewayError } from '../../lib/base/errors.ts';
import { systemRandom } from '../../lib/base/random.ts';
import type { Outbox } from '../../lib/flow/outbox/outbox.ts';
import { askProgram, type ControlRequest } from '../../lib/ops/control-socket.ts';
import { readBootId } from '../wiring/boot-id.ts';
import { controlPath } from '../wiring/names.ts';
import { belongLike } from './file-owner.ts';
import type { Places } from './places.ts';
import { lockReader } from './reader-lock.ts';

/** One step of a change: how much was done, or is left to do. Steps are bounded, so that no round waits long. */
export interface OutboxStep {
  /** As the reader is asked for it; the answer is a number. */
  readonly request: ControlRequest;
  /** The same, done here. */
  readonly inFile: (outbox: Outbox) => number;
}

/** Takes a step again and again until `isLast` says so of its answer. Says whether the reader took them. */
export async function changeOutbox(
  places: Places,
  { request, inFile }: OutboxStep,
  isLast: (answer: number) => boolean,
): Promise<{ readerRuns: boolean }> {
  const ask = async () => numberOf(await askProgram(controlPath(places.runDir), request));
  const first = await ask();
  if (first !== undefined) {
    for (let answer = first; !isLast(answer); ) {
      const next = await ask();
      if (next === undefined) throw stopped();
      answer = next;
    }
    return { readerRuns: true };
  }
  await underLock(places, (outbox) => {
    while (!isLast(inFile(outbox)));
  });
  return { readerRuns: false };
}

/** Takes each of these steps once, in order: all by the reader, or all in the file. Returns the answers. */
export async function takeSteps(
  places: Places,
  steps: readonly OutboxStep[],
): Promise<{ readerRuns: boolean; answers: readonly number[] }> {
  const answers: number[] = [];
  for (const { request } of steps) {
    const answer = numberOf(await askProgram(controlPath(places.runDir), request));
    if (answer === undefined && answers.length > 0) throw stopped();
    if (answer === undefined) break;
    answers.push(answer);
  }
  if (answers.length > 0 || steps.length === 0) return { readerRuns: answers.length > 0, answers };
  await underLock(places, (outbox) => {
    for (const { inFile } of steps) answers.push(inFile(outbox));
  });
  return { readerRuns: false, answers };
}

/** Opens the outbox while nobody runs on it. Throws `SGW_DATABASE_MISSING` if there is none, and what `lockReader` throws. */
export async function underLock(places: Places, work: (outbox: Outbox) => void): Promise<void> {
  const { config, outboxFile } = places;
  // Created here it would belong to whoever typed this, and the reader could not open it.
  if (!existsSync(outboxFile)) {
    throw new GatewayError('SGW_DATABASE_MISSING', `${outboxFile} does not exist`, {
      hint: 'Is the data directory right, and has the gateway run on it? See `sensorctl --help` on --data-dir.',
    });
  }
  const { openOutbox } = await import('../../lib/flow/outbox/open-outbox.ts');
  const { accountOf, withAccount } = await import('../../lib/flow/outbox/account.ts');
  const lock = await lockReader(places);
  try {
    const bootId = readBootId();
    const world = { clock: systemClock, random: systemRandom, observe() {} };
    const opened = openOutbox({
      file: outboxFile,
      gateway: config.gateway,
      destinations: config.destinations.map((one) => one.name),
      world,
      bootId,
    });
    const outbox = withAccount(opened, { file: outboxFile, world, bootId });
    try {
      work(outbox);
    } finally {
      outbox.close();
      if (existsSync(accountOf(outboxFile))) belongLike(accountOf(outboxFile), outboxFile);
    }
  } finally {
    lock.release();
  }
}

/** `undefined`: nobody listens. */
function numberOf(answer: unknown): number | undefined {
  if (answer === undefined || typeof answer === 'number') return answer;
  throw new GatewayError('SGW_PROGRAM_REFUSED', 'the reader answers, but not with a number', {
    hint: 'Is it of the same version? See sensorctl status.',
  });
}

function stopped(): GatewayError {
  return new GatewayError('SGW_PROGRAM_REFUSED', 'the reader has stopped in the middle of this', {
    hint: 'Nothing is lost: what was done is done. Say it again for the rest.',
  });
}
