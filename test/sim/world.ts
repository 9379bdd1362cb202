/**
 * A gateway and its surroundings, put together: a machine with sensors, a reader and a write API; perhaps a collector
 * elsewhere with a write API of its own; and the links between them. Everything in it follows from its seed.
 */

import { join } from 'node:path';
import { unsalvaged } from '../../lib/base/quarantine-shelf.ts';
import type { Random } from '../../lib/base/random.ts';
import type { SqliteDatabase } from '../../lib/base/sqlite.ts';
import type { FlowEvent } from '../../lib/flow/flow-event.ts';
import { MONITOR, OUTBOX_FILE, STORE_FILE } from '../../src/wiring/names.ts';
import { READER, startReader } from '../../src/wiring/reader.ts';
import type { Surroundings } from '../../src/wiring/surroundings.ts';
import { startWriteApi, WRITE_API } from '../../src/wiring/write-api.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { createBoundRules, usedBytes } from './bound-rules.ts';
import { CADENCE, CROWDED, createCircumstances } from './circumstances.ts';
import { type Custody, createCustody, type Stores } from './custody.ts';
import { createMachine, type Machine } from './machine.ts';
import { createMonitorHost, type MonitorHost } from './monitor-host.ts';
import { createLink, type Link } from './network.ts';
import { createProgramHost, type ProgramHost } from './program-host.ts';
import { createRecordRules, isWritable } from './record-rules.ts';
import { createRoadRules } from './road-rules.ts';
import { createSensors, type Sensors } from './sensors.ts';
import { createTicketRules, type TicketRules } from './ticket-rules.ts';
import type { Trace } from './trace.ts';
import { createVerdictRules } from './verdict-rules.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What differs from run to run besides its faults. */
export interface WorldPlan {
  readonly intervalMs: number;
  readonly collector: boolean;
  /** The ladder of the breaker: its own, or one that makes an outage of days cheap. */
  readonly pausesMs: readonly number[];
  readonly order: 'oldest' | 'newest';
  readonly sampling: 'slow' | 'keep';
  readonly outboxBytesMax: number | undefined;
  readonly monitor: boolean;
}

export interface World {
  readonly plan: WorldPlan;
  readonly machine: Machine;
  readonly sensors: Sensors;
  readonly reader: ProgramHost;
  readonly api: ProgramHost;
  readonly collector: { readonly machine: Machine; readonly api: ProgramHost } | undefined;
  readonly monitor: MonitorHost | undefined;
  readonly tickets: TicketRules | undefined;
  readonly links: ReadonlyMap<string, Link>;
  readonly custody: Custody;
  /** Whether a time service can be reached, which sets the clock of the machine and vouches for it. */
  timeService(isThere: boolean): void;
  /** From its next start on the reader samples three times a minute, whatever happens, and has room for little of it. */
  crowd(isCrowded: boolean): void;
  after(ms: number, act: () => void): void;
  /** The file of the outbox, if the reader has it open. */
  outbox(): SqliteDatabase | undefined;
  /** Stores that are open, by the destination that they stand for. */
  stores(): Stores;
  /** To be called after each step of time: what has happened is held to the promise. */
  afterStep(): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface WorldOptions {
  readonly dir: string;
  readonly plan: WorldPlan;
  readonly seed: number;
  /** What may go wrong in it. */
  readonly kinds: readonly string[];
  readonly time: VirtualTime;
  readonly trace: Trace;
  readonly problem: (what: string) => void;
}

const LOCAL_URL = 'http://127.0.0.1:8470';
const COLLECTOR_URL = 'http://collector.example:8470';

export function createWorld(options: WorldOptions): World {
  const { plan, time, trace, problem } = options;
  let seeds = options.seed;
  const chance = (): Random => {
    seeds = (seeds * 1_103_515_245 + 12_345) >>> 0;
    return createSeededRandom(seeds);
  };
  const newMachine = (name: string) =>
    createMachine({ name, dir: join(options.dir, name), time, random: chance() });
  const machine = newMachine('pi');
  const sensors = createSensors(time.nowMs, machine.awakeMs);
  const custody = createCustody({ measuredMs: sensors.measuredMs, problem });
  const verdicts = createVerdictRules(problem);
  const bounds = createBoundRules(problem);
  const records = createRecordRules({
    stepsMax: plan.pausesMs.length - 1,
    outbox: () => world.outbox(),
    problem,
  });
  const rules = createRoadRules({ nowMs: machine.awakeMs, stepsMs: plan.pausesMs, problem });
  let hasTime = true;
  let crowdedBytes: number | undefined;
  let happened = false;

  const linkTo = (name: string, url: string) =>
    createLink({
      url,
      time,
      after: machine.after,
      random: chance(),
      onRequest(request) {
        rules.onRequest(name, request);
        if (request.method === 'POST') records.onPost(name);
      },
      onAnswer: (body, answer) => verdicts.onAnswer(name, body, answer),
    });
  const links = new Map([['local', linkTo('local', LOCAL_URL)]]);
  if (plan.collector) links.set('collector', linkTo('collector', COLLECTOR_URL));

  const { configOf, around } = createCircumstances({
    plan,
    machine,
    links,
    sensors,
    hasTime: () => hasTime,
    crowdedBytes: () => crowdedBytes,
  });

  function noteEvent(who: string, event: FlowEvent): void {
    happened ||=
      !TELLS_NOTHING.test(event.type) &&
      !(event.type === 'batch.delivered' && event.stored + event.duplicate === 0);
    trace.note(who, JSON.stringify(event));
  }

  const onHeartbeatOf = (who: string) => (overdue: readonly string[]) => {
    if (overdue.length > 0) problem(`${who} says that it lives, and ${overdue.join(', ')} does not move`);
  };
  const sayAs = (who: string) => (what: string) => {
    if (what.startsWith('BUG')) problem(`${who}: ${what}`);
    trace.note(who, what);
  };

  function hostOf(
    name: string,
    on: Machine,
    program: Parameters<typeof createProgramHost>[0]['program'],
    own: {
      readonly listen: Surroundings['listen'];
      readonly observe: Surroundings['observe'];
      readonly onDown: () => void;
    },
  ): ProgramHost {
    const who = `${on.name}/${name}`;
    const host: ProgramHost = createProgramHost({
      name: who,
      machine: on,
      time,
      random: chance(),
      card: on.newCard(name),
      program,
      config() {
        const config = configOf(host, on);
        if (name === READER) {
          records.starts(join(host.card.dir(), OUTBOX_FILE));
          bounds.starts(config.outbox.bytesMax);
        }
        return config;
      },
      surroundings: (isAlive) =>
        around(on, isAlive, {
          listen: own.listen,
          observe(event) {
            if (!isAlive()) return;
            noteEvent(who, event);
            own.observe(event);
          },
        }),
      hasHung: () => name === READER && sensors.haveHung(),
      onHeartbeat: (overdue) =>
        onHeartbeatOf(who)([...overdue, ...(name === READER ? sensors.hangingFor(HANGS_MAX_MS) : [])]),
      onUp() {
        happened = true;
      },
      onDown: own.onDown,
      say: sayAs(who),
    });
    return host;
  }

  const reader = hostOf(READER, machine, startReader, {
    listen: () => Promise.reject(new Error('a reader listens nowhere')),
    observe(event) {
      for (const held of [rules, records, verdicts, tickets]) held?.observe(event);
      const outbox = world.outbox();
      if (event.type === 'outbox.appended' && outbox !== undefined && event.hi >= event.lo)
        custody.accepted(outbox, event.stream, event.lo, event.hi);
    },
    onDown() {
      rules.readerGone();
      tickets?.readerGone();
    },
  });
  const apiBehind = (name: string, on: Machine) =>
    hostOf(WRITE_API, on, startWriteApi, {
      async listen(server) {
        await server.app.ready();
        links.get(name)?.serve(server.app);
        rules.apiBack(name);
        return { url: links.get(name)?.url ?? '' };
      },
      observe() {},
      onDown: () => links.get(name)?.serve(undefined),
    });
  const api = apiBehind('local', machine);
  const far = plan.collector ? newMachine('far') : undefined;
  const collector = far && { machine: far, api: apiBehind('collector', far) };

  const monitor = plan.monitor
    ? createMonitorHost({
        machine,
        time,
        random: chance(),
        beatMs: CADENCE.beatMs,
        outbox: reader.card,
        store: api.card,
        config: (host) => configOf(host, machine),
        surroundings: (isAlive) =>
          around(machine, isAlive, { listen: async () => ({ url: 'http://127.0.0.1:8471' }), observe() {} }),
        onHeartbeat: onHeartbeatOf(`${machine.name}/${MONITOR}`),
        onUp() {},
        onDown() {},
        say: sayAs(`${machine.name}/${MONITOR}`),
      })
    : undefined;

  const tickets =
    monitor &&
    createTicketRules({
      nowMs: machine.awakeMs,
      monitor,
      machine,
      outbox: () => world.outbox(),
      isWritable,
      isLost: sensors.isLost,
      kinds: options.kinds,
      problem,
      note: (what) => trace.note(`${machine.name}/tickets`, what),
    });

  const databaseOf = (host: ProgramHost, file: string) =>
    host.card.databases().find(({ name }) => name.endsWith(`/${file}`));

  const world: World = {
    plan,
    machine,
    sensors,
    reader,
    api,
    collector,
    monitor,
    tickets,
    links,
    custody,
    timeService(isThere) {
      hasTime = isThere;
      if (hasTime) machine.stepWall(-machine.wallErrorMs());
    },
    crowd(isCrowded) {
      const file = world.outbox();
      crowdedBytes = isCrowded && file !== undefined ? usedBytes(file) + CROWDED.roomBytes : undefined;
    },
    after: (ms, act) => void machine.after(ms, act),
    outbox: () => databaseOf(reader, OUTBOX_FILE),
    stores() {
      const hosts = [
        ['local', api],
        ['collector', collector?.api],
      ] as const;
      return new Map(
        hosts.flatMap(([name, host]) => {
          const store = host?.isUp() ? databaseOf(host, STORE_FILE) : undefined;
          return store === undefined ? [] : [[name, store] as const];
        }),
      );
    },
    afterStep() {
      tickets?.afterStep();
      if (!happened) return;
      happened = false;
      const outbox = world.outbox();
      if (outbox === undefined) return;
      // What lies in a damaged file is nobody's until it has been brought back, for which room is made, or named.
      if (unsalvaged(outbox.name).length > 0) {
        happened = true;
        return;
      }
      custody.check(outbox, world.stores());
      bounds.check(outbox);
    },
    async start() {
      machine.boot({ wallAt: undefined });
      far?.boot({ wallAt: undefined });
      for (const host of [api, collector?.api, reader, monitor]) await host?.start();
    },
    async stop() {
      for (const host of [monitor, reader, api, collector?.api]) await host?.stop();
    },
  };
  return world;
}

/** A read that has not ended after a minute will not end; a driver on a starved machine is given that long. */
const HANGS_MAX_MS = 120_000;

/** After which every reading is where it was. */
const TELLS_NOTHING = /^(breaker|source|series|round|sampling|request|clock)\./;
