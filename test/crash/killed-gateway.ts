/**
 * One gateway of built programs, killed and started again by plan on the same files. It listens for what
 * the reader says that it has accepted, and looks into the outbox after each death of the reader, so
 * that in the end every reading can be asked for, with the value it had.
 */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openOutboxReadOnly } from '../../lib/flow/outbox/outbox-view.ts';
import type { SeqRanges } from '../../lib/flow/seq-ranges.ts';
import type { ChildProgram } from '../support/child-program.ts';
import { until } from '../support/delivery-log.ts';
import { type Gateway, isAppended, isStored } from '../support/gateway.ts';
import { prefillOutbox } from '../support/prefilled-outbox.ts';
import { type Audit, addRange, audit, remember } from './audit.ts';
import { outboxBooks, outboxSince, storeBooks } from './books.ts';
import type { Kill, KillPlan, Victim } from './kill-plan.ts';

/** An anchor that does not come, because the other program is down or busy, is not waited for. */
const ANCHOR_MAX_MS = 1_500;

/** Some fifty readings in each round. */
const LOAD = {
  SENSORGW_SOURCES: `[kernel, simulated${['a', 'b', 'c', 'd'].map((name) => `, {type: simulated, name: ${name}}`).join('')}]`,
};

/** Starts `sensor-main` or `sensor-api-write`, at once and without waiting for anything. */
export type Start = (name: ProgramName, env: Gateway['env']) => ChildProgram;
type ProgramName = 'sensor-main' | 'sensor-api-write';

export interface KilledGateway {
  /** Carries out the plan; both programs are dead when it resolves. Rejects if one of them ended by itself. */
  run(plan: KillPlan): Promise<void>;
  /** Starts both, `victim` with `orders` to kill itself, and takes the other one along when it has. */
  dieIn(victim: ProgramName, orders: Gateway['env'], backlog: number): Promise<void>;
  /** What the files say now. Both programs must be dead. */
  audit(): Audit;
  /** Lets both programs finish their work in peace. */
  finish(): Promise<void>;
}

export function createKilledGateway(gateway: Gateway, start: Start): KilledGateway {
  const accepted = new Map<string, SeqRanges>();
  const seen = new Map<string, string>();
  let lookedTo = 0;
  const prefill = (rows: number) => {
    if (rows === 0) return;
    prefillOutbox(gateway.dir, rows);
    look();
  };

  /** Takes in what is new in the outbox, while no reader has it open. */
  function look(): void {
    const { rows, assigned } = outboxSince(gateway.dir, lookedTo + 1);
    remember(seen, rows);
    for (const [stream, ranges] of assigned) {
      for (const [lo, hi] of ranges) addRange(accepted, stream, lo, hi);
    }
    lookedTo = rows.at(-1)?.seq ?? lookedTo;
  }

  function listen(reader: ChildProgram): void {
    for (const line of reader.lines.filter(isAppended)) {
      addRange(accepted, String(line.stream), Number(line.lo), Number(line.hi));
    }
  }

  return {
    async run(plan) {
      const env = { ...gateway.env, ...LOAD, SENSORGW_DRAIN_SHARE: String(plan.drainShare) };
      prefill(plan.backlogAtFirst);
      let api = start('sensor-api-write', env);
      let reader = start('sensor-main', env);
      for (const [index, kill] of plan.kills.entries()) {
        // The last one takes both: the files are then looked into.
        const victim: Victim = index === plan.kills.length - 1 ? 'both' : kill.victim;
        await moment(kill, reader);
        const victims = [...(victim === 'api' ? [] : [reader]), ...(victim === 'reader' ? [] : [api])];
        await killed(victims);
        if (victim !== 'api') {
          listen(reader);
          look();
        }
        if (index === plan.kills.length - 1) break;
        if (victim !== 'api') prefill(kill.backlog);
        if (victim !== 'reader') api = start('sensor-api-write', env);
        if (victim !== 'api') reader = start('sensor-main', env);
      }
    },
    async dieIn(victim, orders, backlog) {
      prefill(backlog);
      const env = (name: ProgramName) => ({ ...gateway.env, ...LOAD, ...(name === victim ? orders : {}) });
      const api = start('sensor-api-write', env('sensor-api-write'));
      const reader = start('sensor-main', env('sensor-main'));
      const { signal } = await (victim === 'sensor-main' ? reader : api).exited;
      if (signal !== 'SIGKILL') throw new Error(`it has not killed itself: ${reader.lastWords()}`);
      await killed([reader, api]);
      listen(reader);
      look();
    },
    audit: () => audit({ accepted, seen, outbox: outboxBooks(gateway.dir), store: storeBooks(gateway.dir) }),
    async finish() {
      const api = await gateway.startApi();
      const reader = await gateway.startReader();
      const view = openOutboxReadOnly(join(gateway.dir, 'outbox.db'));
      try {
        // What is acknowledged is written with the next round: then only that round still waits.
        await until(reader, () => {
          const line = reader.lines.at(-1);
          if (line === undefined || !isAppended(line)) return false;
          const waiting = Math.max(...view.stats().destinations.map(({ rows }) => rows));
          return waiting <= Number(line.hi) - Number(line.lo) + 1;
        });
      } finally {
        view.close();
      }
      await gateway.finish(reader);
      listen(reader);
      look();
      api.kill('SIGTERM');
      await api.exited;
    },
  };
}

async function moment({ anchor, delayMs }: Kill, reader: ChildProgram): Promise<void> {
  if (anchor !== 'started') {
    const came = reader.line(anchor === 'appended' ? isAppended : isStored).catch(() => {});
    await Promise.race([came, sleep(ANCHOR_MAX_MS)]);
  }
  await sleep(delayMs);
}

/** All of them at the same moment. */
async function killed(victims: readonly ChildProgram[]): Promise<void> {
  for (const victim of victims) victim.kill('SIGKILL');
  for (const victim of victims) {
    const { signal } = await victim.exited;
    if (signal !== 'SIGKILL') throw new Error(`it ended before it was killed: ${victim.lastWords()}`);
  }
}
