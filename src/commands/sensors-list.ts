/** `sensorctl sensors list`: the configured sources, what each gave last, and how the running reader finds them. */

import { systemClock } from '../../lib/base/clock.ts';
import { EXIT } from '../../lib/base/errors.ts';
import { printable, printableJson } from '../../lib/base/printable.ts';
import { systemRandom } from '../../lib/base/random.ts';
import { createSources } from '../../lib/flow/acquire/sources/create-sources.ts';
import type { SourceHealth } from '../../lib/ops/health-shape.ts';
import { READER } from '../wiring/names.ts';
import type { Command } from './command.ts';
import { findPlaces, type Places } from './places.ts';
import { programState } from './running.ts';
import { qualityInWords, unmetCalibrations } from './sensors-quality.ts';
import { sourceStates, stateInWords, stuckBuses, stuckInWords } from './sensors-state.ts';
import { ageInWords, isoTime, shortNumber } from './words.ts';

export const sensorsList: Command = {
  name: 'sensors list',
  about: 'the configured sources, their sensors, last values and state',
  options: {},
  examples: [['sensorctl sensors list', 'what is read, and does it answer?']],
  async run(context) {
    const places = findPlaces(context);
    const nowMs = context.wallMs();
    const reader = programState(places.runDir, READER, nowMs);
    const states = sourceStates(reader);
    const rows = configuredSources(places).map(
      (one): Row => ({ ...one, configured: true, state: states.get(one.name) }),
    );
    for (const state of states.values()) {
      if (!rows.some(({ name }) => name === state.name))
        rows.push({ name: state.name, intervalMs: undefined, configured: false, state });
    }
    const { out, note } = context.terminal;
    if (context.json) {
      const sources = rows.map(asJson);
      await out(
        printableJson(
          JSON.stringify({
            reader: reader.state,
            sources,
            stuck_buses: stuckBuses(reader).map(({ bus }) => bus),
          }),
        ),
      );
      return EXIT.ok;
    }
    for (const row of rows) {
      for (const line of inWords(row, nowMs, places.config.sampling.intervalMs)) await out(printable(line));
    }
    for (const bus of stuckBuses(reader)) await out(stuckInWords(bus, nowMs));
    for (const unmet of unmetCalibrations(reader)) note(printable(unmet));
    if (reader.state !== 'running') {
      note(`The reader is ${reader.state}, so nobody has values: sensorctl sensors read NAME reads one now.`);
    } else if (rows.some(({ state }) => state === undefined)) {
      note('The reader runs with another configuration: restart it (sudo systemctl restart sensor-main).');
    }
    return EXIT.ok;
  },
};

interface Row {
  readonly name: string;
  readonly intervalMs: number | undefined;
  readonly configured: boolean;
  /** `undefined`: the reader knows nothing of it. */
  readonly state: SourceHealth | undefined;
}

/** As the reader would create them. Opens nothing. */
function configuredSources({ config, dataDir }: Pick<Places, 'config' | 'dataDir'>) {
  const sources = createSources(config.sources, {
    world: { clock: systemClock, random: systemRandom },
    stateDir: dataDir,
  });
  const all = sources.all.map(({ name, intervalMs }) => ({ name, intervalMs }));
  sources.close();
  return all;
}

function inWords({ name, intervalMs, configured, state }: Row, nowMs: number, usualMs: number): string[] {
  const every = configured
    ? `every ${ageInWords(intervalMs ?? usualMs)}`
    : 'not in the configuration any more';
  const said = state === undefined ? 'not read' : stateInWords(state, nowMs);
  const lines = [`${name} (${every}): ${said}`];
  if (state === undefined) return lines;
  const named = (sensor: string, metric: string) => `  ${sensor.padEnd(32)}  ${metric.padEnd(12)}`;
  for (const { sensor, metric, value, unit } of state.latest)
    lines.push(`${named(sensor, metric)}  ${shortNumber(value)} ${unit}`);
  const more = state.latestCount - state.latest.length;
  if (more > 0) lines.push(`  and ${more} more: sensorctl sensors read ${name}`);
  for (const one of state.quality) lines.push(`${named(one.sensor, one.metric)}  ${qualityInWords(one)}`);
  for (const [sensor, why] of Object.entries(state.troubles)) lines.push(`  ${sensor.padEnd(32)}  ${why}`);
  return lines;
}

function asJson({ name, intervalMs, configured, state }: Row): object {
  return {
    name,
    configured,
    interval_ms: intervalMs ?? null,
    state:
      state === undefined
        ? null
        : {
            last_ok_at: isoTime(state.lastOkAt),
            failures: state.failures,
            failure: state.failures > 0 ? (state.failure ?? null) : null,
            breaker: state.breaker ?? null,
            next_try_at: isoTime(state.nextTryAt),
            quiet_until: isoTime(state.quiet?.untilAt),
            faults: state.faults,
            troubles: state.troubles,
            quality: state.quality,
            latest: state.latest,
            latest_count: state.latestCount,
          },
  };
}
