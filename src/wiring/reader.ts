/**
 * The reader, put together: sample -> outbox -> deliver, and what looks after it. Everything the parts
 * need is handed to them here, so this is also where their arrows can be seen: sources know `append`,
 * destinations know the outbox, and all of them report to `observe` and know nobody who listens.
 */

import { join } from 'node:path';
import type { Loop } from '../../lib/base/loop.ts';
import { RELEASED_AT } from '../../lib/base/released-at.ts';
import { createAppraiser } from '../../lib/flow/acquire/appraisal.ts';
import { createBackpressure } from '../../lib/flow/acquire/backpressure.ts';
import { createSamplingLoop } from '../../lib/flow/acquire/sampling-loop.ts';
import { createSilenceWatch } from '../../lib/flow/acquire/silence-watch.ts';
import { stampFrom } from '../../lib/flow/acquire/stamp.ts';
import type { FlowEvent, World } from '../../lib/flow/flow-event.ts';
import { unclearBefore } from '../../lib/flow/outbox/account.ts';
import { createBallast } from '../../lib/flow/outbox/ballast.ts';
import { createClockLoop } from '../../lib/flow/outbox/clock-loop.ts';
import { createKeeper } from '../../lib/flow/outbox/keeper.ts';
import { openOutboxSafely } from '../../lib/flow/outbox/quarantine.ts';
import { createSalvageLoop } from '../../lib/flow/outbox/salvage-loop.ts';
import type { Reading } from '../../lib/flow/reading.ts';
import { createAppendTimes } from '../../lib/ops/append-times.ts';
import { createControlWatch } from '../../lib/ops/control-watch.ts';
import { createEventLog } from '../../lib/ops/event-log.ts';
import { createLiveness } from '../../lib/ops/liveness.ts';
import { createPeerWatch } from '../../lib/ops/peer-watch.ts';
import { createPlaceWatch } from '../../lib/ops/place-watch.ts';
import { createVitalSigns } from '../../lib/ops/vital-signs.ts';
import { awaitDamage, checkMaxMs, type DamageWatch } from './damage.ts';
import { prepareDirectories } from './directories.ts';
import { connectLink, readSecrets } from './link.ts';
import { BALLAST_FILE, controlPath, OUTBOX_FILE, READER, WRITE_API } from './names.ts';
import { ordersTo } from './orders.ts';
import { checkOutbox } from './outbox-check.ts';
import { poolThreads } from './pool-threads.ts';
import type { ProgramContext, RunningProgram } from './program.ts';
import { hasQuietHours, planQuietHours } from './quiet-hours.ts';
import { createReaderHealth } from './reader-health.ts';
import { lockDirectories } from './reader-locks.ts';
import { writeReaderMetrics } from './reader-metrics.ts';
import { awaitReadiness } from './readiness.ts';
import { roundLine } from './round-line.ts';

export { READER };

/** Throws `SGW_DATA_DIR_UNUSABLE`, `SGW_DATA_DIR_IN_USE`, and whatever the outbox finds wrong with its file. */
export async function startReader(context: ProgramContext): Promise<RunningProgram> {
  const damage = awaitDamage();
  try {
    return await assembled(context, damage);
  } catch (error) {
    throw damage.inWords(error);
  }
}

async function assembled(context: ProgramContext, damage: DamageWatch): Promise<RunningProgram> {
  const { config, clock, log, supervisor, surroundings } = context;
  const { cadence } = surroundings;
  const secrets = config.destinations.map(readSecrets);
  prepareDirectories(config);
  const ballast = createBallast({
    file: join(config.dataDir, BALLAST_FILE),
    diskReserveBytes: config.outbox.diskReserve,
  });
  const locks = lockDirectories(config, context.pid, ballast);

  const liveness = createLiveness(clock);
  const destinationNames = config.destinations.map((one) => one.name);
  const signs = createVitalSigns(clock.monotonicMs);
  const appends = createAppendTimes();
  const metrics = writeReaderMetrics(context, liveness);
  const listeners = [
    signs.observe,
    appends.observe,
    metrics.observe,
    surroundings.observe,
    createEventLog({
      log,
      monotonicMs: clock.monotonicMs,
      rounds: config.log.rounds,
      breakerFailures: config.breaker.failures,
    }),
  ];
  const world: World = {
    clock,
    random: context.random,
    observe: (event: FlowEvent) => {
      for (const listen of listeners) listen(event);
    },
  };

  const outboxFile = join(config.dataDir, OUTBOX_FILE);
  const checked = await checkOutbox({ file: outboxFile, clock, supervisor, stopping: context.stopping });
  const outbox = ballast.spendIfFull(() =>
    openOutboxSafely({
      file: outboxFile,
      gateway: config.gateway,
      destinations: destinationNames,
      world,
      bootId: context.bootId(),
      clockHoldMs: config.clock.holdMs,
      bounds: { bytesMax: config.outbox.bytesMax, diskReserveBytes: config.outbox.diskReserve },
      onCheck: (bytes) => supervisor.extendStart(checkMaxMs(bytes)),
      checked,
      onDamage: damage.noticed,
    }),
  );
  const missed = unclearBefore(outboxFile, clock.wallMs());
  const keeper = createKeeper({ outbox, ballast, world });
  // The clock that it asks is made below, and nothing asks before the loops run.
  const quietPlan = planQuietHours(config, () => clockLoop.wall.moment());
  const links = config.destinations.map((one, index) => {
    const quiet = quietPlan.ofDestination(one);
    return connectLink(one, secrets[index] ?? {}, {
      config,
      world,
      surroundings,
      outbox,
      missed,
      pulse: liveness,
      quiet,
    });
  });
  const destinations = links.map((link) => link.destination);

  const wakeAll = () => {
    for (const destination of destinations) destination.nudge();
  };
  const clockLoop = createClockLoop({
    trust: surroundings.trustClock({ mode: config.clock.trust, floorAt: RELEASED_AT, clock }),
    outbox,
    world,
    pulse: liveness,
    bootId: context.bootId,
    suspendedMs: context.suspendedMs,
    holdMs: config.clock.holdMs,
    everyMs: cadence.clockMs,
    onReleased: wakeAll,
  });
  await clockLoop.look();
  if (hasQuietHours(config) && !clockLoop.status().trusted)
    log.warn(`quiet hours do not hold until the clock is trusted: ${clockLoop.status().why}`);

  const configured = config.sources.map((one) => ({ ...one, quiet: quietPlan.ofSource(one) }));
  const sources = surroundings.openSources(configured, {
    world,
    stateDir: config.dataDir,
    pulse: liveness,
    poolThreads: poolThreads(process.env.UV_THREADPOOL_SIZE),
    i2c: { exchangeMaxMs: config.i2c.timeoutMs, restartAfterMs: config.i2c.restartAfterMs },
  });
  const silences = createSilenceWatch({
    book: outbox.silences,
    clock,
    bootId: context.bootId(),
    intervalMs: config.sampling.intervalMs,
    sources: sources.all,
  });
  listeners.push(silences.observe);
  const appraiser = createAppraiser({
    calibrations: config.calibration,
    quality: config.quality,
    observe: world.observe,
  });
  listeners.push(appraiser.observe);
  const sampling = createSamplingLoop({
    sources: sources.all,
    stamp: stampFrom(clockLoop.wall),
    appraiser,
    intervalMs: config.sampling.intervalMs,
    world,
    pulse: liveness,
    onRead(source, sensors) {
      silences.onRead(source, sensors);
      metrics.onRead(source, sensors !== undefined);
    },
    append(readings: readonly Reading[]) {
      if (!keeper.keep(readings)) return;
      wakeAll();
      if (config.log.rounds === 'each') log.info(roundLine(readings));
    },
  });
  const backpressure = createBackpressure({
    baseMs: config.sampling.intervalMs,
    stepsMs: config.breaker.pausesMs,
    mode: config.backpressure.sampling,
    destinations: destinationNames,
    onPace: (intervalMs, reason) => sampling.pace(intervalMs, reason),
    onFresh: () => sampling.sampleNow(),
  });
  listeners.push(backpressure.observe);

  metrics.lookAt({ sampling, buses: sources.buses, clockLoop, destinations });
  const health = createReaderHealth({
    context,
    liveness,
    signs,
    appends,
    sampling,
    appraiser,
    buses: sources.buses,
    clockLoop,
    destinations,
    metrics,
  });
  const peerWatch = createPeerWatch({
    file: join(config.runDir, `${WRITE_API}.health.json`),
    everyMs: cadence.peerMs,
    clock,
    pulse: liveness,
    wanted: () => links.some((link) => link.local && link.destination.status().breaker.state !== 'closed'),
    onBack: () => {
      for (const link of links) if (link.local) link.destination.probeNow();
    },
  });

  const stopping = new AbortController();
  const readiness = awaitReadiness(clock, config.sampling.intervalMs, stopping.signal);
  listeners.push(readiness.observe);
  void readiness.ready.then((ready) => {
    if (ready) supervisor.ready();
    health.heartbeat.nudge();
  });

  const salvage = createSalvageLoop({
    file: outboxFile,
    destinations: destinationNames,
    outbox,
    world,
    pulse: liveness,
    // Room for the latest damaged file and for the one before it.
    bounds: { bytesMax: 2 * config.outbox.bytesMax, diskReserveBytes: config.outbox.diskReserve },
    everyMs: cadence.salvageMs,
    onSaved: wakeAll,
  });
  const control = surroundings.controlSocket(controlPath(config.runDir), ordersTo(destinations, outbox));
  const noOrders = (error: unknown) =>
    log.warn({ err: error }, 'sensorctl cannot give orders: no control socket');
  await control?.listen().catch(noOrders);
  const controlWatch =
    control &&
    createControlWatch({
      socket: control,
      clock,
      pulse: liveness,
      onMended: () => {
        log.info('the control socket was gone, and is back: run_dir has been cleared');
        health.heartbeat.nudge();
      },
      onFailed: noOrders,
    });
  const loops: readonly Loop[] = [
    sampling,
    clockLoop,
    salvage,
    ...destinations.flatMap((one) => [one.live, one.backfill]),
    ...links.map((link) => link.handshake),
    peerWatch,
    createPlaceWatch({
      file: outboxFile,
      everyMs: cadence.placeMs,
      onGone: () => outbox.noteDeleted(),
      clock,
      pulse: liveness,
    }),
    ...(controlWatch === undefined ? [] : [controlWatch]),
    health.heartbeat,
  ];
  const runs = loops.map((loop) => loop.run());
  const anyCallHangs = () =>
    sources.hangs() ||
    links.some((link) => link.isLookingUp()) ||
    sampling
      .status()
      .sources.some((one) => clock.monotonicMs() - (one.busySinceMono ?? Infinity) > SLOW_READ_MS);

  return {
    failed: Promise.race([firstFailure(runs), damage.failed]),
    lastWords: () => keeper.close(),
    async hangs() {
      const untilMono = clock.monotonicMs() + SLOW_READ_MS;
      while (anyCallHangs() && clock.monotonicMs() < untilMono)
        await clock.sleep('reads to end', READS_LOOK_MS);
      return anyCallHangs();
    },
    async stop() {
      stopping.abort();
      await control?.close();
      for (const loop of loops) loop.stop();
      await Promise.allSettled(runs);
      for (const destination of destinations) destination.close();
      await Promise.allSettled(links.map((link) => link.close()));
      sources.close();
      keeper.close();
      silences.close();
      outbox.close();
      health.remove();
      for (const lock of locks) lock.release();
    },
  };
}

/** A read that was under way when the stop came is not one that hangs: it ends by itself, mostly in milliseconds. */
const SLOW_READ_MS = 1_000;
const READS_LOOK_MS = 20;

/** Resolves never, rejects with the first failure: loops only end when they are stopped or broken. */
function firstFailure(runs: readonly Promise<void>[]): Promise<never> {
  return new Promise((_resolve, reject) => {
    for (const run of runs) run.catch(reject);
  });
}
