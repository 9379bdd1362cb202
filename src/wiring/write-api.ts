/** The write API, put together: HTTP in front of a store, and what looks after it. */

import { join } from 'node:path';
import { acquireInstanceLock } from '../../lib/base/instance-lock.ts';
import type { FlowEvent, World } from '../../lib/flow/flow-event.ts';
import { createWriteApi } from '../../lib/flow/write-api/server.ts';
import { createSqliteStore } from '../../lib/flow/write-api/sqlite-store.ts';
import { createWatchedStore } from '../../lib/flow/write-api/watched-store.ts';
import { createEventLog } from '../../lib/ops/event-log.ts';
import { createHealthFile } from '../../lib/ops/health-file.ts';
import { createHeartbeat } from '../../lib/ops/heartbeat.ts';
import { createLiveness } from '../../lib/ops/liveness.ts';
import { PEER_BEAT_MS } from '../../lib/ops/peer-watch.ts';
import { createPlaceWatch } from '../../lib/ops/place-watch.ts';
import { checkMaxMs } from './damage.ts';
import { prepareDirectories } from './directories.ts';
import { STORE_FILE, WRITE_API } from './names.ts';
import { noting, type ProgramContext, type RunningProgram } from './program.ts';
import { VERSION } from './version.ts';

export { WRITE_API };

/** Throws `SGW_DATA_DIR_UNUSABLE`, `SGW_DATA_DIR_IN_USE`, `SGW_PORT_IN_USE`, and what the store finds wrong with its file. */
export async function startWriteApi(context: ProgramContext): Promise<RunningProgram> {
  const { config, clock, log, supervisor } = context;
  prepareDirectories(config);
  const lock = acquireInstanceLock({ dir: config.dataDir, name: WRITE_API, pid: context.pid });

  const eventLog = createEventLog({
    log,
    monotonicMs: clock.monotonicMs,
    rounds: config.log.rounds,
    breakerFailures: config.breaker.failures,
  });
  let stored = 0;
  const world: World = {
    clock,
    random: context.random,
    observe(event: FlowEvent) {
      if (event.type === 'batch.ingested') stored += event.stored;
      eventLog(event);
    },
  };

  const storeFile = join(config.dataDir, STORE_FILE);
  // A request is as alive as the store's work for it. That the event loop turns, the heartbeat proves itself.
  const liveness = createLiveness(clock);
  const sqliteStore = createSqliteStore({
    file: storeFile,
    world,
    onUpgrading: (bytes) => supervisor.extendStart(checkMaxMs(bytes)),
  });
  const store = createWatchedStore(sqliteStore, { clock, pulse: liveness });
  const api = createWriteApi({
    store,
    world,
    version: VERSION,
    defaultGateway: config.api.defaultGateway,
    limits: { futureMaxMs: config.api.futureMaxMs },
  });
  const { url } = await api.listen(config.api);
  log.info({ url, data_dir: config.dataDir }, `write API listens on ${url}`);

  const health = createHealthFile({
    dir: config.runDir,
    program: WRITE_API,
    pid: context.pid,
    version: VERSION,
    wallMs: clock.wallMs,
    monotonicMs: clock.monotonicMs,
  });
  const statusLine = () => `listening on ${url}, ${stored} readings stored since start`;
  const heartbeat = createHeartbeat({
    clock,
    liveness,
    supervisor,
    statusLine,
    // The reader beside us looks at our health file to notice that we are back.
    intervalMaxMs: PEER_BEAT_MS,
    onWithheld: (stuck) =>
      log.error({ stuck }, `heartbeat withheld: ${stuck.map((one) => one.loop).join(', ')} stuck`),
    onBeat: () => noting(log, 'health file', () => health.write({ status: statusLine(), url, stored })),
  });
  supervisor.ready();
  const placeWatch = createPlaceWatch({ file: storeFile, clock, pulse: liveness });
  const runs = [heartbeat.run(), placeWatch.run()];

  return {
    failed: new Promise((_resolve, reject) => {
      for (const run of runs) run.catch(reject);
    }),
    async stop() {
      for (const loop of [heartbeat, placeWatch]) loop.stop();
      await Promise.allSettled([...runs, api.close()]);
      await store.close();
      noting(log, 'health file', () => health.remove());
      lock.release();
    },
  };
}
