/**
 * One program on a simulated machine, under a supervisor that starts it again: the wiring of the real program, in
 * surroundings that are not real. A kill takes it out of time: it never wakes again, and nobody hears of it.
 */

import { codeOf, EXIT, GatewayError, messageOf } from '../../lib/base/errors.ts';
import type { Random } from '../../lib/base/random.ts';
import type { Supervisor } from '../../lib/ops/sd-notify.ts';
import type { Config } from '../../src/wiring/config.ts';
import type { ProgramContext, RunningProgram } from '../../src/wiring/program.ts';
import type { Surroundings } from '../../src/wiring/surroundings.ts';
import { loggerTo } from '../support/logger-to.ts';
import type { Card, Machine } from './machine.ts';
import { paced } from './pace.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface ProgramHost {
  readonly name: string;
  readonly card: Card;
  isUp(): boolean;
  /** Does nothing on a machine without power. */
  start(): Promise<void>;
  /** SIGKILL, or the end of the power: its files are as they are. It stays away until it is started. */
  die(death: 'kill' | 'power cut'): void;
  /** SIGTERM. */
  stop(): Promise<void>;
}

export interface HostOptions {
  readonly name: string;
  readonly machine: Machine;
  readonly time: VirtualTime;
  readonly random: Random;
  readonly card: Card;
  readonly program: (context: ProgramContext) => Promise<RunningProgram>;
  /** Of a start; the directories are those of the machine and the card. */
  readonly config: () => Config;
  /** `isAlive` of the life that begins. */
  readonly surroundings: (isAlive: () => boolean) => Surroundings;
  /** A sensor has not come back since the start, and will not: to be killed for it is right. */
  readonly hasHung: () => boolean;
  readonly onHeartbeat: (overdue: readonly string[]) => void;
  readonly onUp: () => void;
  readonly onDown: () => void;
  readonly say: (what: string) => void;
}

/** Twice the beat of this world, as a unit has it. */
const WATCHDOG_MS = 2 * paced(1_800_000);
/** As in the unit. */
const RESTART_MS = 5_000;

export function createProgramHost(options: HostOptions): ProgramHost {
  const { name, machine, time, random, card, say } = options;
  let life = 0;
  let running: RunningProgram | undefined;
  let pid = 100;
  let unwatched = () => {};
  /** Since it was dead the last time. */
  let hasLived = false;

  async function start(): Promise<void> {
    if (!machine.isOn()) return;
    life += 1;
    pid += 1;
    hasLived = true;
    const mine = life;
    const isAlive = () => life === mine;
    const loops = createLoopWatch(machine.awakeMs);
    const clock = machine.clocks(isAlive);
    const context: ProgramContext = {
      config: options.config(),
      clock: { ...clock, sleep: (who, ms, signal) => loops.asleep(who, clock.sleep(who, ms, signal)) },
      random,
      log: logTo(say),
      supervisor: supervisorTo(() => {
        options.onHeartbeat(loops.overdue());
        watchdog(mine);
      }),
      pid,
      bootId: machine.bootId,
      suspendedMs: machine.suspendedMs,
      stopping: new AbortController().signal,
      surroundings: options.surroundings(isAlive),
    };
    try {
      const started = await time.during(options.program(context));
      if (!isAlive()) return;
      running = started;
      say('is up');
      options.onUp();
      started.failed.catch((error: unknown) => isAlive() && ended(error));
    } catch (error) {
      if (isAlive()) ended(error);
    }
  }

  /** It has ended by itself, with an error: the supervisor starts it again, unless the error says that this is no use. */
  function ended(error: unknown): void {
    if (!(error instanceof GatewayError)) say(`BUG ${error instanceof Error ? error.stack : String(error)}`);
    say(`ends: ${codeOf(error) ?? 'no code'}: ${messageOf(error)}`);
    const isHopeless = error instanceof GatewayError && error.exitCode === EXIT.config;
    die('kill');
    if (!isHopeless) later();
  }

  /** Without another heartbeat in time it is killed, and started again. */
  function watchdog(mine: number): void {
    unwatched();
    unwatched = machine.after(WATCHDOG_MS, () => {
      if (life !== mine || running === undefined) return;
      // Nothing else that goes wrong in this world may keep a loop from moving.
      say(options.hasHung() ? 'gave no heartbeat in time' : 'BUG gave no heartbeat in time');
      die('kill');
      later();
    });
  }

  function later(): void {
    const mine = life;
    machine.after(RESTART_MS, () => {
      if (life === mine) void start();
    });
  }

  function die(death: 'kill' | 'power cut'): void {
    life += 1;
    running = undefined;
    options.onDown();
    // Nothing was on its way to the disk of who was dead already.
    card.afterDeath(hasLived ? death : 'kill');
    hasLived = false;
    say(`is dead: ${death}`);
  }

  return {
    name,
    card,
    isUp: () => running !== undefined,
    start,
    die,
    async stop() {
      const stopping = running;
      running = undefined;
      options.onDown();
      await stopping?.stop();
      life += 1;
      say('has stopped');
    },
  };
}

/**
 * Which loops have been at work for longer than any loop may, seen from outside: by when they last fell asleep. Their
 * own word on it is what is being tested.
 */
function createLoopWatch(nowMs: () => number) {
  const awakeSince = new Map<string, number>();
  return {
    async asleep(who: string, sleep: Promise<void>): Promise<void> {
      awakeSince.delete(who);
      await sleep;
      if (LOOPS.test(who)) awakeSince.set(who, nowMs());
    },
    overdue: () => [...awakeSince].filter(([, since]) => nowMs() - since > TURN_MAX_MS).map(([who]) => who),
  };
}

/** Others sleep only once, until a deadline. */
const LOOPS = /^(sampling|clock|salvage|store upkeep|peer-watch|place-watch|(live|backfill|handshake) .*)$/;

/** The longest turn that any loop allows itself, many times over; a loop that has been ended on purpose says so by name. */
const TURN_MAX_MS = 30 * 60_000;

function supervisorTo(onHeartbeat: () => void): Supervisor {
  return {
    watchdogMs: WATCHDOG_MS,
    hangs: false,
    extendStart() {},
    ready() {},
    heartbeat: onHeartbeat,
    status() {},
    stopping() {},
  };
}

/** What it says of a usual day is in its events already. */
const UNSAID: ReadonlySet<string> = new Set(['debug', 'info']);

const logTo = (say: (what: string) => void) =>
  loggerTo((level, message) => {
    if (!UNSAID.has(level)) say(`${level}: ${message}`);
  });
