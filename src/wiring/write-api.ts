/** The write API, put together: HTTP in front of a store, and what looks after it. */

import { acquireInstanceLock } from '../../lib/base/instance-lock.ts';
import type { FlowEvent, World } from '../../lib/flow/flow-event.ts';
import { createGatewayWatch } from '../../lib/flow/write-api/gateway-watch.ts';
import { createGroupCommit } from '../../lib/flow/write-api/group-commit.ts';
import { createWriteApi } from '../../lib/flow/write-api/server.ts';
import { createStoreUpkeep } from '../../lib/flow/write-api/store/store-upkeep.ts';
import { createWatchedStore } from '../../lib/flow/write-api/watched-store.ts';
import { createControlWatch } from '../../lib/ops/control-watch.ts';
import { createEventLog } from '../../lib/ops/event-log.ts';
import { createLiveness } from '../../lib/ops/liveness.ts';
import { createApiMetrics } from '../../lib/ops/metrics/api-metrics.ts';
import { PEER_BEAT_MS } from '../../lib/ops/peer-watch.ts';
import { openFront } from './api-front.ts';
import { ownApiUrl } from './api-settings.ts';
import { prepareDirectories } from './directories.ts';
import { apiSocketPath, WRITE_API } from './names.ts';
import { noting, type ProgramContext, type RunningProgram } from './program.ts';
import { createProgramHealth } from './program-health.ts';
import { openStore } from './store.ts';
import { VERSION } from './version.ts';

export { WRITE_API };

/** Throws `SGW_DATA_DIR_UNUSABLE`, `SGW_DATA_DIR_IN_USE`, `SGW_PORT_IN_USE`, and what the store finds wrong with its file. */
export async function startWriteApi(context: ProgramContext): Promise<RunningProgram> {
  const { config, clock, log, supervisor, surroundings } = context;
  const { cadence } = surroundings;
  const front = openFront({ config, clock, log });
  prepareDirectories(config);
  const lock = acquireInstanceLock({ dir: config.dataDir, name: WRITE_API, pid: context.pid });

  const liveness = createLiveness(clock);
  const gauge = surroundings.gauge({ config, clock, liveness });
  const metrics = createApiMetrics();
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
      surroundings.observe(event);
      noting(log, 'metrics', () => metrics.observe(event));
    },
  };

  const backing = await openStore(context, world, liveness);
  // Inside the groups: a commit promises to be over in time, not a request that waits for its turn.
  // A request is as alive as the store's work for it. That the event loop turns, the heartbeat proves itself.
  const store = createGroupCommit(createWatchedStore(backing.store, { clock, pulse: liveness }));
  const gateways = createGatewayWatch(world);
  const api = createWriteApi({
    gateways,
    store,
    world,
    version: VERSION,
    defaultGateway: config.api.defaultGateway,
    limits: { futureMaxMs: config.api.futureMaxMs },
    overdue: () => liveness.overdue().map(({ loop }) => loop),
    metrics: async () => metrics.text({ ...(await store.health()), bytes: backing.bytes() }, gauge.look()),
    ...front,
  });
  const { url } = await surroundings.listen(api, config.api);
  const socket = surroundings.socketAt(api, apiSocketPath(config.runDir));
  const noSocket = (error: unknown) =>
    log.warn({ err: error }, `readings are taken at ${url} alone: no socket in run_dir`);
  await socket?.listen().catch(noSocket);
  const socketWatch =
    socket &&
    createControlWatch({
      socket,
      clock,
      pulse: liveness,
      onMended: () => log.info('the socket for readings was gone, and is back: run_dir has been cleared'),
      onFailed: noSocket,
    });
  log.info({ url, data_dir: config.dataDir }, `write API listens on ${url}`);

  const { heartbeat, remove } = createProgramHealth({
    context,
    program: WRITE_API,
    liveness,
    statusLine: () => `listening on ${url}, ${stored} readings stored since start`,
    state: () => ({
      url: ownApiUrl(config),
      stored,
      guesses: front.guard?.guesses.told(),
      doubled: gateways.doubled(),
    }),
    // The reader beside us looks at our health file to notice that we are back.
    beatMs: cadence.beatMs ?? PEER_BEAT_MS,
    onBeat: gauge.beat,
  });
  supervisor.ready();
  const upkeep = createStoreUpkeep({
    store: backing.store,
    everyMs: cadence.upkeepMs,
    clock,
    pulse: liveness,
  });
  const loops = [heartbeat, ...backing.loops, upkeep, ...(socketWatch === undefined ? [] : [socketWatch])];
  const runs = loops.map((loop) => loop.run());

  return {
    failed: new Promise((_resolve, reject) => {
      for (const run of [...runs, backing.failed]) run.catch(reject);
    }),
    async stop() {
      for (const loop of loops) loop.stop();
      await Promise.allSettled([...runs, api.close()]);
      await store.close();
      remove();
      lock.release();
    },
  };
}
