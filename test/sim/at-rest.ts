/** What must be true some hours after the last fault: nothing waits, nothing is open, nothing is unexplained. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RAW } from '../../lib/flow/outbox/tiers.ts';
import { lookAtGaps } from '../../lib/ops/monitor/database-looks.ts';
import { READER } from '../../src/wiring/names.ts';
import type { Audit } from './custody.ts';
import type { World } from './world.ts';

/** What the reader says of itself, as far as it is asked for here. */
interface Health {
  readonly overdue: readonly unknown[];
  readonly sampling: {
    readonly intervalMs: number;
    readonly sources: readonly { readonly name: string; readonly failures: number }[];
  };
  readonly destinations: readonly {
    readonly name: string;
    readonly breaker: { readonly state: string };
    readonly backlog: { readonly rows: number };
  }[];
}

/** A round is on its way: one interval's readings. */
const ROWS_ON_THEIR_WAY = 8;

export function assertRest(world: World, problem: (what: string) => void): Audit | undefined {
  for (const host of [world.reader, world.api, world.collector?.api])
    if (host?.isUp() === false) problem(`${host.name} is not up`);
  const outbox = world.outbox();
  if (outbox === undefined) {
    problem('the reader has no outbox open');
    return undefined;
  }
  const health = JSON.parse(
    readFileSync(join(world.machine.runDir, `${READER}.health.json`), 'utf8'),
  ) as Health;
  for (const { name, breaker, backlog } of health.destinations) {
    if (breaker.state !== 'closed') problem(`the breaker of ${name} is ${breaker.state}`);
    if (backlog.rows > ROWS_ON_THEIR_WAY) problem(`${backlog.rows} rows still wait for ${name}`);
  }
  if (health.overdue.length > 0) problem(`overdue: ${JSON.stringify(health.overdue)}`);
  if (health.sampling.intervalMs !== world.plan.intervalMs)
    problem(`samples each ${health.sampling.intervalMs} ms, and not each ${world.plan.intervalMs} ms`);
  for (const { name, failures } of health.sampling.sources)
    if (failures > 0 && !world.sensors.isLost(name))
      problem(`${name} has given no reading ${failures} times, and it is well`);
  const left = Number(
    outbox.prepare('SELECT count(*) FROM readings WHERE seq > ?').pluck().get(RAW.space[1]),
  );
  if (left > 0) problem(`${left} means still wait`);
  for (const store of world.stores().values()) {
    const gaps = lookAtGaps(outbox.name, store.name);
    if (gaps !== undefined && gaps.unexplained > 0)
      problem(`${gaps.unexplained} readings that nobody can explain: ${gaps.ranges.join(', ')}`);
    if (store.pragma('quick_check(1)', { simple: true }) !== 'ok') problem(`${store.name} is damaged`);
  }
  if (outbox.pragma('quick_check(1)', { simple: true }) !== 'ok') problem('the outbox is damaged');
  return world.custody.audit(outbox, world.stores());
}
