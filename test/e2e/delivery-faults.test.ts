/**
 * Every way in which a write API can be unwell, one row each, played with the built programs: two good
 * rounds, then the fault for as long as it takes to show what it does, then health again. Whatever it was,
 * each reading is stored once or lies in the dead letters with a reason, and the reader is as it was.
 */

import { expect, test, vi } from 'vitest';
import type { BatchRequest } from '../../lib/flow/batch.ts';
import type { OutcomeKind } from '../../lib/flow/flow-event.ts';
import type { ChildProgram } from '../support/child-program.ts';
import { batchesBeforeFresh, firstOutage, nothingWaits, until } from '../support/delivery-log.ts';
import type { FaultMode } from '../support/fault-proxy.ts';
import { createFaultSite, type FaultSite } from '../support/fault-site.ts';
import { isEvent, isStored, seqsOf, upTo } from '../support/gateway.ts';
import { sizeOf } from '../support/process-size.ts';
import { type Answer, type Behaviour, OURS, problem } from '../support/stand-in-api.ts';

/** Begins the fault; returns what ends it. */
type Cause = (site: FaultSite) => Promise<Heal> | Heal;
type Heal = () => Promise<unknown> | unknown;
type Until = (site: FaultSite, reader: ChildProgram) => Promise<unknown>;

interface Fault {
  /** Completes the sentence "a write API that ...". */
  readonly name: string;
  readonly cause: Cause;
  /** What the reader must make of it. */
  readonly outcome: OutcomeKind;
  readonly opensBreaker: boolean;
  /** When it has lasted long enough. */
  readonly until: Until;
  /** Readings that end as dead letters. */
  readonly buried?: number;
  readonly alsoExpect?: (site: FaultSite) => void;
}

/** The breaker has opened, and a probe has failed. */
const openedTwice: Until = (_site, reader) => reader.count(isEvent('breaker.opened'), 2);
const asked =
  (times: number): Until =>
  (site) =>
    site.standIn.hears((_heard, index) => index + 1 >= times);
const buriedOne: Until = (_site, reader) => reader.line(isEvent('reading.buried'));
const failedOnOneAlone: Until = (_site, reader) =>
  reader.line(
    (line) => isEvent('batch.delivered')(line) && line.outcome === 'unavailable' && line.rows === 1,
  );

const unavailable = { outcome: 'unavailable', opensBreaker: true, until: openedTwice } as const;
const misconfigured = { outcome: 'misconfigured', opensBreaker: false, until: asked(3) } as const;

/** First the one that takes a minute; the others run beside it. */
const FAULTS: readonly Fault[] = [
  {
    name: 'answers 500 for one poisoned row',
    cause: answering(() => failingOnOneRow(500)),
    outcome: 'unavailable',
    opensBreaker: false,
    until: failedOnOneAlone,
  },
  { name: 'is down', cause: killed, ...unavailable },
  { name: 'is frozen', cause: frozen, ...unavailable },
  { name: 'refuses connections', cause: network('refuse'), ...unavailable },
  { name: 'never answers', cause: network('stall'), ...unavailable },
  { name: 'resets in mid body', cause: network('resetMidBody'), ...unavailable },
  { name: 'closes in mid body', cause: network('cut'), ...unavailable },
  { name: 'drips one byte a second', cause: network('drip'), ...unavailable },
  { name: 'does not speak HTTP', cause: network('garbage'), ...unavailable },
  { name: 'stores and loses the reply', cause: network('swallowReply'), ...unavailable },
  {
    name: 'answers 200 with HTML',
    cause: always(() => ({
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<h1>It works</h1>',
    })),
    ...misconfigured,
  },
  {
    name: 'answers 200 without naming what was stored',
    cause: always(() => ({ status: 200, headers: OURS, body: '{"stored":[],"duplicate":[],"refused":[]}' })),
    ...unavailable,
  },
  {
    name: 'stores and answers 200 with 10 MB',
    cause: answering(() => async (_batch, real) => {
      const answer = await real();
      return { ...answer, body: `${answer.body}${' '.repeat(10_000_000)}` };
    }),
    ...unavailable,
  },
  {
    name: 'redirects (301) to a write API that would take it',
    cause: always(({ gateway }) => ({
      status: 301,
      headers: { ...OURS, location: `http://127.0.0.1:${gateway.port}/api/v1/batches` },
    })),
    ...misconfigured,
  },
  { name: 'answers 401', cause: always(() => problem(401, 'wrong token')), ...misconfigured },
  { name: 'answers 404', cause: always(() => problem(404, 'no such path')), ...misconfigured },
  {
    name: 'answers 413 for more than 4 rows',
    cause: answering(() => (batch, real) => (batch.readings.length > 4 ? problem(413, 'too large') : real())),
    outcome: 'refused',
    opensBreaker: false,
    until: asked(20),
  },
  {
    name: 'answers 413 in the name of a proxy',
    cause: always(() => ({ status: 413, headers: { 'content-type': 'text/html' }, body: 'too large' })),
    ...misconfigured,
  },
  {
    name: 'answers 422 for one row',
    cause: answering(() => failingOnOneRow(422)),
    outcome: 'refused',
    opensBreaker: false,
    until: buriedOne,
    buried: 1,
  },
  {
    name: 'answers 429 with Retry-After',
    cause: always(() => ({ ...problem(429, 'slow down'), headers: { ...OURS, 'retry-after': '2' } })),
    ...unavailable,
    alsoExpect: ({ standIn }) => {
      const gapsMs = standIn.heard.slice(1).map(({ atMs }, i) => atMs - (standIn.heard[i]?.atMs ?? 0));
      expect(Math.min(...gapsMs)).toBeGreaterThanOrEqual(2_000 - TIMER_SLACK_MS);
    },
  },
  { name: 'answers 500 for everything', cause: always(() => problem(500, 'oops')), ...unavailable },
  { name: 'answers 503', cause: always(() => problem(503, 'busy')), ...unavailable },
];

/** Four pairs of programs are what two cores carry without being late themselves. */
vi.setConfig({ maxConcurrency: 4 });
const TEST_TIMEOUT_MS = 150_000;
/** Between the clocks of two processes that both read milliseconds. */
const TIMER_SLACK_MS = 20;
/** What a heap may grow by on its own; ten answers of 10 MB kept would be more. */
const GROWTH_MAX_KIB = 30 * 1_024;
/** Connections that stay for some seconds after a drain: the backfill lane's, and the one for comparing notes. */
const SOCKETS_MORE_MAX = 2;

test.concurrent.for(FAULTS.map((fault) => [fault.name, fault] as const))(
  'a write API that %s costs no reading, and leaves no trace',
  { timeout: TEST_TIMEOUT_MS },
  async ([, fault], context) => {
    const site = await createFaultSite(context);
    const reader = await site.startReader();
    await reader.count(isStored, 2);
    const before = sizeOf(reader.pid);

    const heal = await fault.cause(site);
    await fault.until(site, reader);
    await heal();
    const healedAt = reader.lines.length;
    if (fault.opensBreaker) await reader.line(isEvent('breaker.closed'));
    await until(reader, () => nothingWaits(reader.lines));
    await reader.count(isStored, reader.lines.filter(isStored).length + 2);
    const after = sizeOf(reader.pid);
    const { accepted, deadLetters, transitions } = await site.gateway.finish(reader);

    const buried = deadLetters.map(({ seq }) => seq);
    const stored = seqsOf(await site.gateway.stored());
    expect([...stored, ...buried].sort((a, b) => a - b)).toEqual(upTo(accepted));
    expect(buried).toHaveLength(fault.buried ?? 0);
    for (const { message } of deadLetters) expect(message).not.toBe('');

    const outcomes = reader.lines.filter(isEvent('batch.delivered')).map(({ outcome }) => outcome);
    expect(outcomes).toContain(fault.outcome);
    const outage = firstOutage(reader.lines);
    if (fault.opensBreaker) {
      const probes = outage?.probes ?? 0;
      expect(outage).toMatchObject({ failuresToOpen: 3, probes, successesWhileOpen: 0 });
      // The other lane may have had a request on its way when the third failure opened the breaker.
      expect([0, 1]).toContain(Number(outage?.failures) - (3 + probes - 1));
      expect(transitions.map(({ from, to }) => `${from} -> ${to}`)).toEqual(story(probes));
    } else {
      expect(transitions).toEqual([]);
    }

    expect(after.residentKiB).toBeLessThan(1.5 * before.residentKiB + GROWTH_MAX_KIB);
    expect(after.sockets).toBeLessThanOrEqual(before.sockets + SOCKETS_MORE_MAX);
    const firstStored = reader.lines.findIndex((line, at) => at >= healedAt && isStored(line));
    // Each round waited at most for the batch that was on its way when it came.
    expect(Math.max(...batchesBeforeFresh(reader.lines.slice(firstStored)))).toBeLessThanOrEqual(1);
    fault.alsoExpect?.(site);
  },
);

/** The breaker's transitions over one outage: every probe but the last one fails. */
function story(probes: number): string[] {
  const failed = Array.from({ length: probes - 1 }, () => ['open -> half_open', 'half_open -> open']).flat();
  return ['closed -> open', ...failed, 'open -> half_open', 'half_open -> closed'];
}

async function killed(site: FaultSite): Promise<Heal> {
  await site.killApi();
  return site.startApi;
}

function frozen(site: FaultSite): Heal {
  site.api().kill('SIGSTOP');
  return () => site.api().kill('SIGCONT');
}

function network(mode: FaultMode): Cause {
  return async ({ proxy }) => {
    await proxy.mode(mode);
    return () => proxy.mode('pass');
  };
}

function answering(behaviourAt: (site: FaultSite) => Behaviour): Cause {
  return (site) => {
    site.answer(behaviourAt(site));
    return () => site.proxy.target(site.gateway.port);
  };
}

function always(answerAt: (site: FaultSite) => Answer): Cause {
  return answering((site) => () => answerAt(site));
}

/** Turns away every batch that holds the second row of the first batch, as a database would choke on it. */
function failingOnOneRow(status: 422 | 500): Behaviour {
  let bad: number | undefined;
  return (batch: BatchRequest, real) => {
    const seqs = batch.readings.map(([seq]) => seq);
    bad ??= seqs[1];
    return bad !== undefined && seqs.includes(bad) ? problem(status, `row ${bad} is bad`) : real();
  };
}
