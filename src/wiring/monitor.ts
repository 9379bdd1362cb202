/**
 * The monitor, put together: the watch and its tickets, who is told of them, the stream of events, and the read API
 * in front of the store. It only looks at reader and write API; if it ends, or cannot read, nothing else changes.
 */

import type { FlowEvent } from '../../lib/flow/flow-event.ts';
import { createEventLog } from '../../lib/ops/event-log.ts';
import { createLiveness } from '../../lib/ops/liveness.ts';
import { readMetricsFile } from '../../lib/ops/metrics/metrics-file.ts';
import { createMonitorMetrics } from '../../lib/ops/metrics/monitor-metrics.ts';
import { QUESTION_URLS } from '../../lib/ops/read-api/routes/index.ts';
import { createReadApi } from '../../lib/ops/read-api/server.ts';
import { openBackups } from './backups.ts';
import { prepareDirectories } from './directories.ts';
import { openEvents } from './events.ts';
import { openLooks } from './looks.ts';
import { MONITOR, READER } from './names.ts';
import type { Notifications } from './notify.ts';
import { noting, type ProgramContext, type RunningProgram } from './program.ts';
import { createProgramHealth } from './program-health.ts';
import { VERSION } from './version.ts';
import { openWatch } from './watch.ts';

export { MONITOR };

/** Throws `SGW_DATA_DIR_UNUSABLE`, `SGW_PORT_IN_USE`. That there is no store yet is no reason not to start. */
export async function startMonitor(context: ProgramContext): Promise<RunningProgram> {
  const { config, clock, log, supervisor, surroundings } = context;
  prepareDirectories(config);
  const observe: (event: FlowEvent) => void = createEventLog({
    log,
    monotonicMs: clock.monotonicMs,
    rounds: config.log.rounds,
    breakerFailures: config.breaker.failures,
  });

  const liveness = createLiveness(clock);
  const watch = openWatch(context, liveness, () => notifications?.looks() ?? []);
  const notifications: Notifications | undefined =
    config.notifications.channels.length === 0
      ? undefined
      : await (await import('./notify.ts')).openNotifications(context, liveness, watch.book);
  if (notifications !== undefined) watch.onChecked(notifications.nudge);
  const events = openEvents(context, liveness, watch.book);
  const gauge = surroundings.gauge({ config, clock, liveness });
  const metrics = createMonitorMetrics({
    routes: QUESTION_URLS,
    reader: () => readMetricsFile({ dir: config.runDir, program: READER, clock }),
    tickets: () => watch.openTickets(),
  });
  const store = await openLooks(context, liveness);
  const backups = openBackups(context);
  let answered = 0;
  const api = createReadApi({
    ask: store.ask,
    events,
    backups,
    clock,
    program: MONITOR,
    version: VERSION,
    onRefused(refused) {
      observe({ type: 'request.refused', ...refused });
      noting(log, 'metrics', () => metrics.refused(refused.code));
    },
    onAnswered(url, durationMs) {
      answered += 1;
      noting(log, 'metrics', () => metrics.answered(url, durationMs));
    },
    overdue: () => liveness.overdue().map(({ loop }) => loop),
    metrics: () => metrics.text(gauge.look()),
  });
  const { url } = await surroundings.listen(api, config.monitor);
  log.info({ url, data_dir: config.dataDir }, `monitor listens on ${url}`);

  const { heartbeat, remove } = createProgramHealth({
    context,
    program: MONITOR,
    liveness,
    statusLine: () => `${watch.statusLine()}, listening on ${url}`,
    state: () => ({
      url,
      answered,
      watch: watch.status(),
      notifications: notifications?.status() ?? [],
      listeners: events.clients,
    }),
    onBeat: gauge.beat,
  });
  supervisor.ready();
  const loops = [heartbeat, watch.loop, events.loop, ...(notifications?.loops ?? [])];
  const runs = loops.map((loop) => loop.run());

  return {
    failed: new Promise((_resolve, reject) => {
      for (const run of runs) run.catch(reject);
    }),
    async stop() {
      for (const loop of loops) loop.stop();
      // Those who listen would not leave by themselves.
      const unheard = events.close();
      await Promise.allSettled([...runs, backups?.close(), api.close(), unheard]);
      notifications?.close();
      await Promise.all([store.close(), watch.close()]);
      remove();
    },
    hangs: () => store.hangs || backups?.hangs === true || watch.hangs() || events.hangs,
  };
}
