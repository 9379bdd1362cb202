/**
 * Goal: whatever is sent to the write API, it is answered honestly, never with a fault of its own, and the store
 * has exactly what the answers call stored. Method: the built program, its port that asks for a token and its socket
 * that does not; a crowd of clients over real connections, each with one request after the other, good ones and
 * hostile ones mixed; then the store is held against all answers. Nothing is made smaller after a failure: each
 * request is judged by its own answer, so it is its own smallest example.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashOf, writeTokens } from '../../lib/flow/write-api/token-file.ts';
import { TOKENS_FILE } from '../../src/wiring/names.ts';
import { createGateway } from '../support/gateway.ts';
import { type HostileRequest, hostileRequests } from './hostile-requests.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { REQUESTS, SEED } from './settings.ts';
import { createWireClient, type WireClient } from './wire.ts';

const TOKEN = `sgw_${'0123456789abcdefghijklmnop'.repeat(2)}`;
const DOORS = ['socket', 'port'] as const;
/** They send at the same moment, and so into few commits; while one crowd reads its answers, the others are served. */
const CROWDS = 4;
/** At each door. All together are more than may wait for the store, and fewer than may be connected. */
const CROWD = 20;
/** Made at once: what is waiting to be sent fits into memory. */
const MADE_AT_ONCE = 1_000;
/** Little more than 1 ms each on two quiet cores, and many times that on busy ones. */
const TEST_MAX_MS = 120_000 + REQUESTS * 30;

const AFTER = { whole: 'keep', odd: 'drop', cut: 'die' } as const;

/** All of them, each once, to whoever asks next for one through that door. */
function createSupply(nowAt: number) {
  const made: Record<HostileRequest['door'], HostileRequest[]> = { socket: [], port: [] };
  let count = 0;

  function make(): void {
    const numRuns = Math.min(MADE_AT_ONCE, REQUESTS - count);
    const requests = hostileRequests({ token: TOKEN, nowAt, seqsAfter: count });
    for (const one of fc.sample(requests, { numRuns, seed: SEED + count })) made[one.door].push(one);
    count += numRuns;
  }

  return {
    isUsedUp: () => count === REQUESTS && DOORS.every((door) => made[door].length === 0),
    next(door: HostileRequest['door']): HostileRequest | undefined {
      while (made[door].length === 0 && count < REQUESTS) make();
      return made[door].pop();
    },
  };
}

async function sendAndJudge(client: WireClient, request: HostileRequest, ledger: Ledger): Promise<void> {
  const { bytes, kind, method } = request;
  try {
    const answers = await client.exchange({ bytes, methods: [method], after: AFTER[kind] });
    for (const answer of answers) ledger.take(request, answer);
    if (kind !== 'cut') expect(answers).toHaveLength(1);
  } catch (error) {
    const shown = JSON.stringify(bytes.toString('latin1').slice(0, 3_000));
    throw new Error(`seed ${SEED}, through the ${request.door}: ${shown}`, { cause: error });
  }
}

/** It is worth something only if it gets to the store, to the guards and to the refusals alike. */
function expectBreadth(met: Ledger['met']): void {
  if (process.env.FUZZ_TELL !== undefined) console.log(Object.fromEntries([...met].sort()));
  const rare = [
    '403',
    '413',
    '415',
    '417',
    '431',
    'future',
    'gateway_refused',
    'seq_conflict',
    'url_invalid',
  ];
  expect(rare.filter((one) => !met.has(one))).toEqual([]);
  // Of wrong tokens most are not looked at any more after a while (429), and count as neither.
  for (const [usual, least] of Object.entries({ 200: 0.2, 400: 0.2, 401: 0.03, 404: 0.04, 405: 0.03 }))
    expect(met.get(usual), usual).toBeGreaterThan(REQUESTS * least);
}

test(
  `${REQUESTS} hostile requests are answered honestly, and the store has exactly what was called stored`,
  async () => {
    const gateway = await createGateway();
    const tokensFile = join(gateway.dir, TOKENS_FILE);
    writeTokens(tokensFile, [{ gateway: 'attic', hash: hashOf(TOKEN).toString('hex'), addedAt: 0 }]);
    const api = await gateway.startApi({
      SENSORGW_API_BEHIND_PROXY: 'true',
      SENSORGW_API_REQUESTS_PER_SECOND: '10000',
      SENSORGW_LOG_LEVEL: 'info',
    });
    const ledger = createLedger();
    const supply = createSupply(Date.now());

    const addresses = {
      socket: { path: join(gateway.runDir, 'sensor-api.sock') },
      port: { port: gateway.port, host: '127.0.0.1' },
    };
    let repeats = 0;
    async function work(): Promise<void> {
      const crowd = DOORS.flatMap((door) =>
        Array.from({ length: CROWD }, () => ({ door, client: createWireClient(addresses[door]) })),
      );
      while (!supply.isUsedUp()) {
        await Promise.all(
          crowd.map(async ({ door, client }) => {
            const one = supply.next(door);
            if (one !== undefined) await sendAndJudge(client, one, ledger);
          }),
        );
      }
      for (const { client } of crowd) {
        repeats += client.repeats();
        client.close();
      }
    }
    await Promise.all(Array.from({ length: CROWDS }, work));
    const peakKiB = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${api.pid}/status`, 'utf8'))?.[1]);
    api.kill('SIGTERM');

    expect(await api.exited).toEqual({ code: 0, signal: null });
    await ledger.audit(join(gateway.dir, 'store.db'));
    expect(api.lines.filter((line) => line.text.includes('internal'))).toEqual([]);
    // The limit of its unit.
    expect(peakKiB).toBeLessThan(256 * 1_024);
    // What an idle connection or a busy machine explains. A server that hangs up on requests does it more often.
    expect(repeats).toBeLessThan(10 + REQUESTS / 1_000);
    expectBreadth(ledger.met);
  },
  TEST_MAX_MS,
);
