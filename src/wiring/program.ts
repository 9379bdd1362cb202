/**
 * What every daemon of ours has around its work: arguments, configuration, logger, supervisor, signals,
 * and an end with an exit code that says why. The work itself gets all of it handed in and knows no
 * process (`reader.ts`, `write-api.ts`), so that two copies can run in one test.
 */

import { hostname } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Clock, systemClock, systemSuspendedMs } from '../../lib/base/clock.ts';
import { unusableDir } from '../../lib/base/disk-condition.ts';
import { EXIT, GatewayError, messageOf } from '../../lib/base/errors.ts';
import { createLogger, type Logger } from '../../lib/base/logger.ts';
import { type Random, systemRandom } from '../../lib/base/random.ts';
import { createSystemProbe } from '../../lib/ops/doctor/system-probe.ts';
import type { Program } from '../../lib/ops/limits/limits.ts';
import { createMemoryGuard } from '../../lib/ops/memory-guard.ts';
import { connectSupervisor, type Supervisor } from '../../lib/ops/sd-notify.ts';
import { readBootId } from './boot-id.ts';
import { type Config, type LoadedConfig, loadConfig, UNIT_MEMORY_VARIABLE } from './config.ts';
import { STOP_MAX_MS, sayViolations } from './limits.ts';
import { giveMemoryBack, memoryLimit } from './memory-limit.ts';
import { OUTBOX_FILE } from './names.ts';
import { realSurroundings, type Surroundings } from './surroundings.ts';
import { PACKAGE_DIR, VERSION } from './version.ts';

/** Everything a program's work is made from. */
export interface ProgramContext {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly supervisor: Supervisor;
  readonly pid: number;
  /** What monotonic times count from at present. */
  readonly bootId: () => string;
  /** How long the machine has slept in this boot, in milliseconds: monotonic time does not count it. */
  readonly suspendedMs: () => number;
  /** Aborts when a stop is asked for: for what may take long in a start; its reason is to be thrown. */
  readonly stopping: AbortSignal;
  readonly surroundings: Surroundings;
}

export interface RunningProgram {
  /** Rejects when something broke that must not: the program then ends, and is started afresh. */
  readonly failed: Promise<never>;
  /** Finishes what is in hand and releases everything. */
  stop(): Promise<void>;
  /** Saves or names what is only in memory, when nothing else is finished any more because something broke. */
  lastWords?(): void;
  /** Whether a thread of Node's pool hangs in a call that does not end. Asked after the stop. */
  hangs?(): boolean | Promise<boolean>;
}

/** A message to the supervisor takes microseconds to leave if it leaves at all. */
const LAST_WORDS_MS = 200;

/** To who asks for a reload: what is wrong in a new configuration shows before anything has been stopped for it. */
const NO_RELOAD =
  'SIGHUP changes nothing: settings are read at a start. sensorctl config check, then systemctl restart';

/** Runs a program until a signal or a failure ends it; never returns. */
export async function runProgram(
  name: Program,
  start: (context: ProgramContext) => Promise<RunningProgram>,
): Promise<never> {
  let log: Logger | undefined;
  let supervisor: Supervisor | undefined;
  let running: RunningProgram | undefined;
  const end = async (exitCode: number): Promise<never> => {
    await log?.flush();
    if (supervisor?.hangs) await systemClock.sleep('last words', LAST_WORDS_MS);
    // An exit waits for the thread that speaks to it, for ever if that hangs. Everything is on the disk.
    if (supervisor?.hangs) process.kill(process.pid, 'SIGKILL');
    // It waits for the threads of the pool as well. To die of SIGTERM counts as a clean end, and asks no thread.
    if ((await running?.hangs?.()) === true) {
      process.removeAllListeners('SIGTERM');
      process.kill(process.pid, exitCode === EXIT.ok ? 'SIGTERM' : 'SIGKILL');
    }
    process.exit(exitCode);
  };
  const fail = (error: unknown): Promise<never> => {
    sayFailure(name, log, error);
    try {
      running?.lastWords?.();
    } catch (late) {
      log?.error({ err: late }, 'what was only in memory is lost, and cannot be named');
    }
    return end(error instanceof GatewayError ? error.exitCode : EXIT.internal);
  };
  process.on('uncaughtException', (error) => void fail(error));
  process.on('unhandledRejection', (error) => void fail(error));
  // systemd takes a death by SIGHUP for a clean end, after which it starts nothing again.
  if (process.env.NOTIFY_SOCKET !== undefined) process.on('SIGHUP', () => log?.warn(NO_RELOAD));

  try {
    const loaded = loadConfig({
      file: readArguments(name),
      environment: process.env,
      hostName: hostname(),
    });
    const { config } = loaded;
    log = createLogger({
      ...config.log,
      fd: process.stdout.fd,
      program: name,
      wallMs: systemClock.wallMs,
      environment: process.env,
    });
    supervisor = await connectSupervisor({ notifySocket: process.env.NOTIFY_SOCKET });
    const stopped = firstStopSignal();
    const stopping = new AbortController();
    void stopped.then((signal) => stopping.abort(new StoppedEarly(signal)));
    running = await start({
      config,
      log,
      supervisor,
      clock: systemClock,
      random: systemRandom,
      pid: process.pid,
      bootId: readBootId,
      suspendedMs: systemSuspendedMs,
      stopping: stopping.signal,
      surroundings: realSurroundings,
    }).catch((error: unknown) => {
      throw unusableDir(config.dataDir, error);
    });
    checkLimits(name, loaded, supervisor, log);
    const cause = await Promise.race([stopped, running.failed, memoryExhausted(config, log)]);
    if (typeof cause !== 'string') sayFailure(name, log, cause);
    log.info({ signal: String(cause) }, 'stopping');
    supervisor.stopping();
    await Promise.race([running.stop(), tooLate(log)]);
    return end(typeof cause === 'string' ? EXIT.ok : cause.exitCode);
  } catch (error) {
    if (!(error instanceof StoppedEarly)) return fail(error);
    log?.info({ signal: error.message }, 'stopping, before the start was over');
    supervisor?.stopping();
    return end(EXIT.ok);
  }
}

/** A stop was asked for while the start still waited for something that may take long. */
class StoppedEarly extends Error {}

/** Returns the file of `--config`, if given. `--help` and `--version` answer and end. */
function readArguments(name: string): string | undefined {
  try {
    const { values } = parseArgs({
      options: {
        config: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    });
    if (values.help)
      answer(`Usage: ${name} [--config FILE]\n\nSettings: docs/settings.md, or sensorctl config sample.`);
    if (values.version) answer(`${name} ${VERSION}`);
    return values.config;
  } catch (error) {
    throw new GatewayError('SGW_USAGE', messageOf(error), { hint: `${name} --help`, cause: error });
  }
}

function answer(text: string): never {
  process.stdout.write(`${text}\n`);
  process.exit(EXIT.ok);
}

/** Resolves with the first signal that asks us to stop; a second one does not wait any longer. */
function firstStopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let asked = false;
    for (const [signal, code] of [
      ['SIGTERM', 143],
      ['SIGINT', 130],
    ] as const) {
      process.on(signal, () => {
        if (asked) process.exit(code);
        asked = true;
        resolve(signal);
      });
    }
  });
}

/** Resolves when the program has almost all the memory that it may have; never, if nobody limits it. */
function memoryExhausted(config: Config, log: Logger): Promise<GatewayError> {
  const settingBytes = config.memory.max;
  const limitBytes = memoryLimit({ settingBytes, unitMiB: process.env[UNIT_MEMORY_VARIABLE] });
  return new Promise((resolve, reject) => {
    if (limitBytes === undefined) return;
    const guard = createMemoryGuard({
      clock: systemClock,
      // It only looks, and the heartbeat already vouches for the event loop that lets it.
      pulse: { promise() {}, release() {} },
      limitBytes,
      rssBytes: () => process.memoryUsage.rss(),
      shed: giveMemoryBack,
      onShed: (beforeBytes, afterBytes) =>
        log.warn(
          { beforeBytes, afterBytes, limitBytes },
          'close to the memory limit: gave back what can be had again',
        ),
    });
    guard.run().catch((error) => (error instanceof GatewayError ? resolve(error) : reject(error)));
  });
}

/** Says which limits do not go together; beside the work, because it only observes. */
function checkLimits(program: Program, loaded: LoadedConfig, supervisor: Supervisor, log: Logger): void {
  const { dataDir } = loaded.config;
  sayViolations({
    program,
    loaded,
    probe: createSystemProbe({ clock: systemClock, environment: process.env }),
    place: {
      dataDir,
      outboxFile: join(dataDir, OUTBOX_FILE),
      packageDir: PACKAGE_DIR,
      units: process.env.NOTIFY_SOCKET !== undefined,
    },
    watchdogMs: supervisor.watchdogMs,
    log,
  }).catch((error: unknown) => log.debug({ err: error }, `limits: ${messageOf(error)}`));
}

async function tooLate(log: Logger): Promise<void> {
  await systemClock.sleep('stop', STOP_MAX_MS);
  log.warn(
    { stopMaxMs: STOP_MAX_MS },
    'not everything has stopped in time; what is accepted is safe on the disk',
  );
}

/** Before there is a log, a failure is said on standard error, as a person would want to read it. */
function sayFailure(name: string, log: Logger | undefined, error: unknown): void {
  const known = error instanceof GatewayError;
  if (log === undefined || known) {
    const code = known ? `${error.code}: ` : '';
    const hint = known && error.hint !== undefined ? `\n${error.hint}` : '';
    // systemd reads the priority from the line; without it a failure would be filed as information.
    const priority = process.env.JOURNAL_STREAM === undefined ? '' : '<3>';
    const text = `${name}: ${code}${messageOf(error)}${hint}`;
    process.stderr.write(
      `${text
        .split('\n')
        .map((line) => priority + line)
        .join('\n')}\n`,
    );
  } else {
    log.fatal({ err: error }, `ends because of a bug: ${messageOf(error)}`);
  }
}

/** What only observes must never stop the work: its failure is a line in the log. */
export function noting(log: Logger, what: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    log.debug({ err: error }, `${what}: ${messageOf(error)}`);
  }
}
