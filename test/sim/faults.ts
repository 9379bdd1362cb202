/**
 * What goes wrong in a simulated world, and how it is put right again. Each run has some of these kinds, each comes at
 * its own times and lasts as long as chance has it; several may hold at once.
 */

import { isSamePowerOn } from '../../lib/base/boot-id.ts';
import type { Random } from '../../lib/base/random.ts';
import { OUTBOX_FILE } from '../../src/wiring/names.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { paced } from './pace.ts';
import type { ProgramHost } from './program-host.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { World } from './world.ts';

/** Begins, and returns what ends it; `undefined` if it is over at once, or cannot be now. */
type Fault = (world: World, chance: Chance) => (() => void | Promise<void>) | undefined;

export interface Chance {
  /** Uniform in [from, to). */
  between(from: number, to: number): number;
  /** As often short as long: uniform in the logarithm. */
  duration(fromMs: number, toMs: number): number;
  oneOf<T>(things: readonly T[]): T;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export function chanceOf(random: Random): Chance {
  const between = (from: number, to: number) => from + random.fraction() * (to - from);
  return {
    between,
    duration: (fromMs, toMs) => Math.exp(between(Math.log(fromMs), Math.log(toMs))),
    oneOf: (things) => {
      const thing = things[Math.floor(random.fraction() * things.length)];
      if (thing === undefined) throw new Error('nothing to choose from');
      return thing;
    },
  };
}

const linkOf = (world: World, chance: Chance) => chance.oneOf([...world.links.values()]);

const onLink =
  (make: (chance: Chance) => Parameters<ReturnType<typeof linkOf>['fault']>[0]): Fault =>
  (world, chance) => {
    const link = linkOf(world, chance);
    link.fault(make(chance));
    return () => link.fault(undefined);
  };

const onSensor =
  (fault: Parameters<World['sensors']['fault']>[0]): Fault =>
  (world) => {
    world.sensors.fault(fault);
    return () => world.sensors.fault(undefined);
  };

const restart = (host: ProgramHost) => async () => {
  if (!host.isUp()) await host.start();
};

const death =
  (hostOf: (world: World) => ProgramHost | undefined): Fault =>
  (world) => {
    const host = hostOf(world);
    if (host?.isUp() !== true) return undefined;
    host.die('kill');
    return restart(host);
  };

const diskFault =
  (begin: string, end: string): Fault =>
  (world, chance) => {
    const host = chance.oneOf([world.reader, world.api]);
    const apply = (pragma: string) => {
      for (const database of host.card.databases()) database.pragma(pragma);
    };
    apply(begin);
    return () => apply(end);
  };

/** A page count that is never reached, SQLite's own limit. */
const PAGES_MAX = 4_294_967_294;

const stop =
  (hostOf: (world: World) => ProgramHost | undefined): Fault =>
  (world) => {
    const host = hostOf(world);
    if (host?.isUp() !== true) return undefined;
    void host.stop();
    return restart(host);
  };

const powerCut =
  (hasBatteryClock: boolean): Fault =>
  (world, chance) => {
    const { machine, reader, api, monitor } = world;
    const [wentAt, boot] = [machine.wallAt(), machine.bootId()];
    for (const host of [reader, api, monitor]) host?.die('power cut');
    machine.powerOff();
    return async () => {
      // The other kind has brought it back meanwhile: a machine that runs does not boot.
      if (!isSamePowerOn(machine.bootId(), boot)) return;
      if (hasBatteryClock) machine.boot({ wallAt: undefined });
      else {
        // As the kernel begins, or as a file that was written at the last shutdown has it.
        machine.boot({ wallAt: chance.oneOf([0, wentAt]) });
        world.timeService(false);
        world.after(chance.duration(paced(MINUTE_MS), paced(6 * HOUR_MS)), () => world.timeService(true));
      }
      await restart(api)();
      await restart(reader)();
      if (monitor !== undefined) await restart(monitor)();
    };
  };

const SUSPENDED = 'suspended';

const CROWDED_MS = 100 * MINUTE_MS;

/** The names are those of the trace. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  refused: onLink(() => ({ kind: 'refused' })),
  slow: onLink((chance) => ({ kind: 'slow', ms: chance.duration(100, 40_000) })),
  silent: onLink(() => ({ kind: 'silent' })),
  reset: onLink(() => ({ kind: 'reset' })),
  'reply lost': onLink(() => ({ kind: 'reply lost' })),
  lossy: onLink((chance) => ({ kind: 'lossy', share: chance.between(0.1, 0.9) })),
  'server error': onLink((chance) => ({ kind: 'answer', status: chance.oneOf([500, 502, 503, 504]) })),
  'too many requests': onLink((chance) => ({
    kind: 'answer',
    status: 429,
    retryAfter: chance.oneOf(['1', '90', '600', '-5', '315360000', 'Thu, 01 Jan 1970 00:00:00 GMT']),
  })),
  unauthorized: onLink((chance) => ({ kind: 'answer', status: chance.oneOf([401, 403, 404]) })),
  'too large': onLink(() => ({ kind: 'answer', status: 413 })),
  stranger: onLink(() => ({ kind: 'stranger' })),
  poison: onLink((chance) => {
    const [of, rest] = [Math.floor(chance.between(5, 50)), Math.floor(chance.between(0, 5))];
    const status = chance.oneOf([422, 500] as const);
    return { kind: 'poison', status, isPoison: (seq) => seq % of === rest };
  }),
  'api killed': death((world) => world.api),
  'collector killed': death((world) => world.collector?.api),
  'reader killed': death((world) => world.reader),
  'monitor killed': death((world) => world.monitor),
  'api stopped': stop((world) => world.api),
  'reader stopped': stop((world) => world.reader),
  'monitor stopped': stop((world) => world.monitor),
  'power cut': powerCut(true),
  'power cut, and 1970 afterwards': powerCut(false),
  crowded: (world) => {
    const { links, reader } = world;
    if (!reader.isUp()) return undefined;
    const restartAs = async (isCrowded: boolean) => {
      world.crowd(isCrowded);
      if (!reader.isUp()) return;
      await reader.stop();
      await reader.start();
    };
    for (const link of links.values()) link.fault({ kind: 'refused' });
    void restartAs(true);
    // By itself: less would not fill the room, and more costs as much as a month.
    world.after(CROWDED_MS, () => {
      for (const link of links.values()) link.fault(undefined);
      void restartAs(false);
    });
    return undefined;
  },
  'outbox put back': (world) => {
    const { reader, custody } = world;
    const [putBack, excuse] = [reader.card.copy(), custody.copied()];
    return async () => {
      if (reader.isUp()) reader.die('kill');
      putBack();
      excuse();
      await reader.start();
    };
  },
  'card flips bits': (world, chance) => {
    const { reader } = world;
    if (!reader.isUp()) return undefined;
    reader.die('power cut');
    reader.card.spoil(OUTBOX_FILE, Math.ceil(chance.duration(1, 30)));
    return restart(reader);
  },
  'disk full': (world, chance) => {
    const host = chance.oneOf([world.reader, world.api]);
    for (const database of host.card.databases())
      database.pragma(`max_page_count = ${Number(database.pragma('page_count', { simple: true }))}`);
    return () => {
      for (const database of host.card.databases()) database.pragma(`max_page_count = ${PAGES_MAX}`);
    };
  },
  'disk read-only': diskFault('query_only = 1', 'query_only = 0'),
  'sensor hangs': onSensor('hangs'),
  'sensor throws': onSensor('throws'),
  'sensor talks nonsense': onSensor('nonsense'),
  'no time service': (world) => {
    world.timeService(false);
    return () => world.timeService(true);
  },
  [SUSPENDED]: ({ machine }) => {
    if (!machine.isOn()) return undefined;
    machine.suspend();
    return machine.resume;
  },
  'clock stepped': (world, chance) => {
    const hours = chance.oneOf([-30, -3, -1, 0.01, 1, 3, 200]);
    world.timeService(false);
    world.machine.stepWall(hours * HOUR_MS);
    return () => world.timeService(true);
  },
};

/** How long one holds: a minute, or a week. */
const LASTS_MS = [paced(5_000), paced(0.6 * DAY_MS)] as const;
/** From the end of one to the beginning of the next of its kind. */
const RESTS_MS = [paced(HOUR_MS), paced(10 * DAY_MS)] as const;

export interface FaultsDeps {
  readonly world: World;
  readonly time: VirtualTime;
  readonly seed: number;
  readonly kinds: readonly string[];
  readonly note: (what: string) => void;
}

export interface Faults {
  /** Ends all that hold, and lets none begin. */
  end(): Promise<void>;
}

/** A kind has its own chance: a new kind among the others changes nothing of theirs, and old seeds go on to find what they found. */
export function chanceOfKind(seed: number, kind: string): Chance {
  let hash = seed >>> 0;
  for (const letter of kind) hash = (Math.imul(hash, 31) + (letter.codePointAt(0) ?? 0)) >>> 0;
  return chanceOf(createSeededRandom(hash));
}

export function letLoose({ world, time, seed, kinds, note }: FaultsDeps): Faults {
  const holding = new Map<string, () => void | Promise<void>>();
  let isOver = false;
  // To a machine that is suspended nothing happens but that it resumes.
  const after = (kind: string) => (kind === SUSPENDED ? time.after : world.machine.after);

  function begin(kind: string, chance: Chance): void {
    if (isOver) return;
    const end = FAULTS[kind]?.(world, chance);
    const lastsMs = chance.duration(...LASTS_MS);
    note(`begins: ${kind}${end === undefined ? '' : `, for ${Math.round(lastsMs / 1_000)} s`}`);
    if (end !== undefined) holding.set(kind, end);
    after(kind)(lastsMs, () => {
      if (isOver) return;
      const ending = holding.get(kind);
      holding.delete(kind);
      if (ending !== undefined) {
        note(`ends: ${kind}`);
        void ending();
      }
      after(kind)(chance.duration(...RESTS_MS), () => begin(kind, chance));
    });
  }

  for (const kind of kinds) {
    const chance = chanceOfKind(seed, `when ${kind}`);
    after(kind)(chance.duration(...RESTS_MS), () => begin(kind, chance));
  }
  return {
    async end() {
      isOver = true;
      world.machine.resume();
      for (const [kind, ending] of holding) {
        note(`ends: ${kind}`);
        await ending();
      }
    },
  };
}
