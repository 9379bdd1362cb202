/**
 * Goal: whatever the monitor is asked, the answer is one, or a problem that is the fault of the question, or a promised
 * 503. Method: the built program over a store with readings of a week, a few clients over real connections, each with
 * one question after the other. Each is judged by its own answer, so it is its own smallest example.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProblemAnswer } from '../../lib/flow/reading.ts';
import { startProgram } from '../support/child-program.ts';
import { createGateway, freePort } from '../support/gateway.ts';
import { hostileQuestions } from './hostile-questions.ts';
import { REQUESTS, SEED } from './settings.ts';
import { type Answer, createWireClient } from './wire.ts';

const QUESTIONS = Math.ceil(REQUESTS / 10);
/** One more than are answered at the same time. */
const CLIENTS = 9;
const MADE_AT_ONCE = 500;
const TEST_MAX_MS = 120_000 + QUESTIONS * 60;
const BUSY_CODES = new Set(['too_busy', 'answer_timeout', 'backup_running']);

const HOUR_MS = 3_600_000;

/** A reading a minute, of two series. */
async function fill(port: number): Promise<void> {
  const series = ['temperature', 'humidity'].map((metric) => ({ sensor: 'roof', metric, unit: 'unit' }));
  const nowAt = Date.now();
  for (let hour = 0; hour < 7 * 24; hour += 40) {
    const readings = Array.from({ length: 2 * 40 * 60 }, (_, i) => {
      const minute = hour * 60 + Math.floor(i / 2);
      return [hour * 120 + i + 1, i % 2, nowAt - 8 * 24 * HOUR_MS + minute * 60_000, i];
    }).slice(0, 4_000);
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/batches`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ gateway: 'attic', stream: 'fuzzstream', series, readings }),
    });
    expect(answer.status).toBe(200);
  }
}

function judge(method: string, { status, headers, body }: Answer): void {
  expect(headers.has('sensorgw-api')).toBe(true);
  // Without a body nobody is told why it is busy: that is held where there is one.
  if (method === 'HEAD') expect(status < 500 || status === 503).toBe(true);
  if (status < 400 || method === 'HEAD') return;
  const isProblem = headers.get('content-type')?.startsWith('application/problem+json') === true;
  // Probes say what is wrong in a line of text.
  if (!isProblem) {
    expect(headers.get('content-type')).toMatch(/^text\/plain/);
    return;
  }
  const { code, hint } = ProblemAnswer.parse(JSON.parse(body));
  expect(hint).not.toBe('');
  if (status >= 500) expect(BUSY_CODES).toContain(code);
}

test(
  `${QUESTIONS} hostile questions are answered, or are problems of who asks`,
  async () => {
    const gateway = await createGateway();
    await gateway.startApi();
    await fill(gateway.port);
    const port = await freePort();
    const monitor = startProgram('sensor-monitor', {
      env: { ...gateway.env, SENSORGW_MONITOR_PORT: String(port), SENSORGW_LOG_LEVEL: 'info' },
    });
    await monitor.line((line) => String(line.msg).startsWith('monitor listens'));
    const met = new Map<number, number>();
    const waiting: ReturnType<typeof make> = [];
    let asked = 0;

    function make() {
      const numRuns = Math.min(MADE_AT_ONCE, QUESTIONS - asked);
      return numRuns === 0 ? [] : fc.sample(hostileQuestions, { numRuns, seed: SEED + asked });
    }
    function next() {
      if (waiting.length === 0) {
        const made = make();
        asked += made.length;
        waiting.push(...made);
      }
      return waiting.pop();
    }
    async function work(): Promise<void> {
      const client = createWireClient({ port, host: '127.0.0.1' });
      for (let one = next(); one !== undefined; one = next()) {
        const { method, bytes } = one;
        try {
          const answers = await client.exchange({ bytes, methods: [method], after: 'keep' });
          expect(answers).toHaveLength(1);
          for (const answer of answers) {
            met.set(answer.status, (met.get(answer.status) ?? 0) + 1);
            judge(method, answer);
          }
        } catch (error) {
          throw new Error(`seed ${SEED}: ${JSON.stringify(bytes.toString().slice(0, 2_000))}`, {
            cause: error,
          });
        }
      }
      client.close();
    }
    await Promise.all(Array.from({ length: CLIENTS }, work));
    monitor.kill('SIGTERM');

    expect(await monitor.exited).toEqual({ code: 0, signal: null });
    expect(monitor.lines.filter((line) => line.text.includes('internal'))).toEqual([]);
    if (process.env.FUZZ_TELL !== undefined) console.log(Object.fromEntries(met));
    for (const usual of [200, 400, 404, 405, 421]) expect(met.get(usual), `${usual}`).toBeGreaterThan(0);
  },
  TEST_MAX_MS,
);
