/** The end of every drill: everything is delivered, and the books of both sides are compared. */

import { systemClock } from '../../lib/base/clock.ts';
import type { Finding } from './drill-plans.ts';
import type { Sandbox } from './drill-sandbox.ts';
import { gaps } from './gaps.ts';
import { count } from './words.ts';

/** A round that is appended in the instant of a stop is left for the next reader; on a busy machine most are. */
const ATTEMPTS_MAX = 20;
const DRAIN_MAX_MS = 60_000;
/** Nothing arrives any more: more attempts would only take longer to say so. */
const IDLE_ATTEMPTS_MAX = 2;

/** Starts what does not run. Afterwards nothing runs any more. */
export async function* settled(sandbox: Sandbox): AsyncGenerator<Finding> {
  let idle = 0;
  for (let attempt = 0; attempt < ATTEMPTS_MAX && idle < IDLE_ATTEMPTS_MAX; attempt += 1) {
    for (const program of ['api', 'reader'] as const) if (!sandbox.runs(program)) sandbox.start(program);
    const before = (await sandbox.stored()).length;
    const arrived = await sandbox.until(async () => (await sandbox.stored()).length > before, DRAIN_MAX_MS);
    idle = arrived ? 0 : idle + 1;
    await sandbox.stop('reader');
    if ((await waitingIn(sandbox)) === 0) break;
  }
  await sandbox.stop('api');
  const accepted = (await sandbox.outbox((_, stats) => stats.nextSeq - 1)) ?? 0;
  const stored = await sandbox.stored();
  const distinct = new Set(stored.map(({ stream, seq }) => `${stream} ${seq}`)).size;
  const [twice, missing] = [stored.length - distinct, accepted - distinct];
  const named = missing === 0 || (await explained(sandbox));
  const lacking =
    missing === 0
      ? 'none missing'
      : `${missing} missing, ${named ? 'all of them named' : 'not all of them named'}`;
  yield {
    promised: 'every reading that was accepted is stored once, or accounted for by name',
    kept: accepted > 0 && twice === 0 && missing >= 0 && named,
    observed: `${count(accepted, 'reading')} accepted, ${distinct.toLocaleString('en')} stored, ${twice} of them twice, ${lacking}`,
  };
}

async function waitingIn(sandbox: Sandbox): Promise<number> {
  const waiting = await sandbox.outbox((_, { destinations }) =>
    Math.max(0, ...destinations.map(({ rows }) => rows)),
  );
  return waiting ?? 0;
}

/** What `sensorctl gaps` says of the sandbox. */
async function explained(sandbox: Sandbox): Promise<boolean> {
  const exitCode = await gaps.run({
    options: { config: sandbox.configFile, since: '1d' },
    json: true,
    terminal: { out: async () => {}, note() {}, colours: false },
    environment: {},
    wallMs: systemClock.wallMs,
    hostName: 'drill',
    packageDir: sandbox.dir,
  });
  return exitCode === 0;
}
