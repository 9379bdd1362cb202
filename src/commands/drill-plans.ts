/**
 * The failures that can be rehearsed, each as what is done to a sandbox and what is promised meanwhile. Every one
 * ends with the same question: is each reading that was accepted stored once, or accounted for by name?
 */

import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../lib/base/clock.ts';
import { GatewayError } from '../../lib/base/errors.ts';
import { FLAG } from '../../lib/flow/reading.ts';
import { READER } from '../wiring/names.ts';
import { fakeClockLibrary, setFakeClock } from './drill-clock.ts';
import type { Sandbox, SandboxOptions } from './drill-sandbox.ts';
import { settled } from './drill-settle.ts';
import { programState } from './running.ts';
import { sourceStates } from './sensors-state.ts';
import { ageInWords, count } from './words.ts';

export interface Finding {
  readonly promised: string;
  readonly observed: string;
  readonly kept: boolean;
}

type Say = (line: string) => void;

interface Plan {
  readonly about: string;
  /** What a real failure has besides, that this cannot show. */
  readonly cannot: readonly string[];
  /** It mounts something. */
  readonly needsRoot?: boolean;
  /** Throws where this machine cannot rehearse it. */
  sandbox(): SandboxOptions;
  run(sandbox: Sandbox, say: Say): AsyncGenerator<Finding>;
}

/** A busy machine takes seconds to start a program; a promise is not about that. */
const START_MAX_MS = 60_000;
const SOON_MS = 30_000;
/** Five rounds of the simulated sensors: enough to see something go on. */
const MORE_READINGS = 40;

const SOURCES = 'sources: [{type: simulated}]';
/** Whatever vouches for the clock of this machine, or does not: that has a drill of its own. */
const CLOCK = 'clock: {trust: always, hold: 0s}';

const acceptedIn = async (sandbox: Sandbox): Promise<number> =>
  (await sandbox.outbox((_, stats) => stats.nextSeq - 1)) ?? 0;
const storedIn = async (sandbox: Sandbox): Promise<number> => (await sandbox.stored()).length;

/** Both programs run, and readings arrive. Throws if they do not: then there is nothing to rehearse on. */
async function begin(sandbox: Sandbox, say: Say): Promise<void> {
  sandbox.start('api');
  sandbox.start('reader');
  if (await sandbox.until(async () => (await storedIn(sandbox)) > 0, START_MAX_MS)) return;
  say(`Nothing arrives: see the logs in ${sandbox.dir}`);
  throw new GatewayError(
    'SGW_PROGRAM_REFUSED',
    'the programs do not run in the sandbox, so nothing can be rehearsed',
    {
      hint: `Look into ${sandbox.dir}, and run: sensorctl doctor`,
    },
  );
}

/** Whether so many rounds more are accepted, and what was seen. */
async function goesOn(sandbox: Sandbox, promised: string): Promise<Finding> {
  const before = await acceptedIn(sandbox);
  const from = systemClock.monotonicMs();
  const more = async () => (await acceptedIn(sandbox)) - before;
  const kept = await sandbox.until(async () => (await more()) >= MORE_READINGS, SOON_MS);
  return { promised, kept, observed: `${count(await more(), 'reading')} more within ${since(from)}` };
}

function since(fromMono: number): string {
  return ageInWords(Math.max(1_000, systemClock.monotonicMs() - fromMono));
}

const breakerOf = (sandbox: Sandbox) => sandbox.outbox((_, { destinations }) => destinations[0]?.breaker);

const apiDown: Plan = {
  about: 'The write API is killed while readings arrive, and comes back.',
  cannot: [],
  sandbox: () => ({ settings: [SOURCES, CLOCK] }),
  async *run(sandbox, say) {
    await begin(sandbox, say);
    say('The write API is killed.');
    await sandbox.kill('api');
    const from = systemClock.monotonicMs();
    const opened = await sandbox.until(async () => (await breakerOf(sandbox))?.state === 'open', SOON_MS);
    const breaker = await breakerOf(sandbox);
    yield {
      promised: 'three failures in a row open the breaker',
      kept: opened && (breaker?.streak ?? 0) >= 3,
      observed: opened ? `open after ${since(from)}: ${breaker?.reason ?? ''}` : 'it did not open',
    };
    yield await goesOn(sandbox, 'readings go on being accepted, as long as the disk lasts');
    say('The write API starts again.');
    sandbox.start('api');
    const upMono = systemClock.monotonicMs();
    const closed = await sandbox.until(
      async () => (await breakerOf(sandbox))?.state === 'closed',
      START_MAX_MS,
    );
    yield {
      promised: 'the breaker closes by itself, and the backlog is delivered',
      kept: closed,
      observed: closed ? `closed after ${since(upMono)}` : 'still open',
    };
    yield* settled(sandbox);
  },
};

const CUTS = 3;

const powerCut: Plan = {
  about: `Both programs are killed at once, ${CUTS} times, while readings arrive.`,
  cannot: [
    'what a disk loses that had not written yet. `npm run test:crash` in a clone cuts a whole file system off.',
  ],
  sandbox: () => ({ settings: [SOURCES, CLOCK] }),
  async *run(sandbox, say) {
    await begin(sandbox, say);
    let least = 0;
    for (let cut = 1; cut <= CUTS; cut += 1) {
      await systemClock.sleep('drill', 1_000 + 700 * cut);
      least = await acceptedIn(sandbox);
      say(`Power cut ${cut} of ${CUTS}.`);
      await Promise.all([sandbox.kill('reader'), sandbox.kill('api')]);
      const from = systemClock.monotonicMs();
      sandbox.start('api');
      sandbox.start('reader');
      const kept = await sandbox.until(async () => (await acceptedIn(sandbox)) > least, START_MAX_MS);
      const now = await acceptedIn(sandbox);
      yield {
        promised: 'both start again on their files by themselves, and nothing that was accepted is gone',
        kept: kept && now > least,
        observed: kept
          ? `${count(least, 'reading')} before it, and ${now.toLocaleString('en')} after ${since(from)}`
          : `no reading within ${since(from)}`,
      };
    }
    yield* settled(sandbox);
  },
};

const DISK_MIB = 48;

const diskFull: Plan = {
  about: `A disk of ${DISK_MIB} MiB fills up to the last byte, and is emptied again.`,
  cannot: ['a card that fails: see the quarantine in docs/operations.md.'],
  needsRoot: true,
  sandbox: () => ({
    settings: [SOURCES, CLOCK, 'outbox: {disk_reserve: 1MiB, bytes_max: 16MiB}'],
    diskMib: DISK_MIB,
  }),
  async *run(sandbox, say) {
    await begin(sandbox, say);
    say('The disk is filled.');
    const filler = join(sandbox.dataDir, 'filler');
    fill(filler);
    const from = systemClock.monotonicMs();
    await systemClock.sleep('drill', 12_000);
    fill(filler);
    yield {
      promised: 'the reader and the write API live on',
      kept: sandbox.runs('reader') && sandbox.runs('api'),
      observed: `after ${since(from)} the reader ${sandbox.runs('reader') ? 'runs' : 'has ended'}, and the write API ${sandbox.runs('api') ? 'runs' : 'has ended'}`,
    };
    say('There is room again.');
    rmSync(filler, { force: true });
    yield await goesOn(sandbox, 'as soon as there is room, readings go on being accepted');
    yield* settled(sandbox);
  },
};

/** To the last byte. */
function fill(file: string): void {
  const handle = openSync(file, 'a');
  try {
    for (const size of [1_048_576, 4_096, 512]) {
      try {
        for (;;) writeSync(handle, Buffer.alloc(size, 1));
      } catch {
        // Full, which is what was wanted.
      }
    }
  } finally {
    closeSync(handle);
  }
}

const JUMP_S = 86_400;
/** Far more than a delivery takes, far less than the jump. */
const WRONG_MS = 3_600_000;

const clockJump: Plan = {
  about: 'The clock of the reader jumps a day ahead, and back, and nobody vouches for it.',
  cannot: [
    'a clock that a time service vouched for before: its readings do not move at all (docs/robustness.md).',
  ],
  sandbox() {
    return { settings: [SOURCES, 'clock: {trust: never, hold: 0s}'], readerUnder: fakeClockLibrary() };
  },
  async *run(sandbox, say) {
    setFakeClock(sandbox.dir, 0);
    await begin(sandbox, say);
    for (const [way, offsetS] of [
      ['a day ahead', JUMP_S],
      ['back', 0],
    ] as const) {
      say(`The clock jumps ${way}.`);
      setFakeClock(sandbox.dir, offsetS);
      yield await goesOn(sandbox, `with the clock ${way}, readings go on being accepted`);
    }
    await sandbox.until(async () => (await storedIn(sandbox)) >= (await acceptedIn(sandbox)) - 2, SOON_MS);
    const nowMs = systemClock.wallMs();
    const wrong = (await sandbox.stored()).filter(({ at }) => Math.abs(at - nowMs) > WRONG_MS);
    const unmarked = wrong.filter(({ flags }) => (flags & FLAG.clockUntrusted) === 0).length;
    yield {
      promised: 'no wrong time passes for a right one: what nobody vouches for is marked',
      kept: unmarked === 0,
      observed: `${count(wrong.length, 'reading')} a day off, ${unmarked} of them without the mark`,
    };
    yield* settled(sandbox);
  },
};

/** Answers at once, unless a file says otherwise; then not at all, until its deadline. */
const STUCK_DRIVER = `import { existsSync } from 'node:fs';
export function createSource({ name }) {
  return {
    async read(signal) {
      if (existsSync(new URL('./stuck', import.meta.url)))
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('no answer'))));
      return [{ sensor: name, metric: 'temperature', unit: 'celsius', value: 20 }];
    },
  };
}
`;
const STUCK = 'stuck-one';

const sensorStuck: Plan = {
  about: 'One sensor stops answering, and answers again.',
  cannot: ['a wedged I2C bus, which takes the hardware: see docs/operations.md.'],
  sandbox: () => ({ settings: [CLOCK] }),
  async *run(sandbox, say) {
    const file = join(sandbox.dir, 'driver.mjs');
    const flag = join(sandbox.dir, 'stuck');
    writeFileSync(file, STUCK_DRIVER);
    writeFileSync(
      sandbox.configFile,
      `sources: [{type: simulated}, {type: module, name: ${STUCK}, path: ${file}}]\n`,
      { flag: 'a' },
    );
    const ofStuck = async () => (await sandbox.stored()).filter(({ sensor }) => sensor === STUCK).length;
    const others = async () => (await storedIn(sandbox)) - (await ofStuck());
    await begin(sandbox, say);
    await sandbox.until(async () => (await ofStuck()) > 0, START_MAX_MS);

    say('The sensor stops answering.');
    writeFileSync(flag, '');
    const before = await others();
    const kept = await sandbox.until(async () => (await others()) - before >= MORE_READINGS, SOON_MS);
    yield {
      promised: 'the other sensors are read in every round, as before',
      kept,
      observed: `${count((await others()) - before, 'reading')} of the others meanwhile`,
    };
    const stateNow = () =>
      sourceStates(programState(sandbox.runDir, READER, systemClock.wallMs())).get(STUCK);
    const named = await sandbox.until(() => (stateNow()?.failures ?? 0) >= 3, SOON_MS);
    yield {
      promised: 'it is named, with what is wrong, within half a minute',
      kept: named,
      observed: named ? `${STUCK}: ${stateNow()?.failure ?? 'no answer'}` : 'nobody says anything of it',
    };
    say('It answers again.');
    rmSync(flag);
    const until = await ofStuck();
    const back = await sandbox.until(async () => (await ofStuck()) > until, START_MAX_MS);
    yield {
      promised: 'it is taken up again by itself',
      kept: back,
      observed: back ? 'its readings arrive' : 'none of its readings within a minute',
    };
    yield* settled(sandbox);
  },
};

export const DRILLS: Readonly<Record<string, Plan>> = {
  'api-down': apiDown,
  'power-cut': powerCut,
  'disk-full': diskFull,
  'clock-jump': clockJump,
  'sensor-stuck': sensorStuck,
};
