/** What the parts of a reader are like at the moment at which its metrics are made. */

import type { BreakerState } from '../../flow/flow-event.ts';
import type { GaugeName } from './metric-definitions.ts';
import { one } from './process-metrics.ts';
import type { Metrics, Shown } from './registry.ts';

/** As the parts say of themselves; only what is shown is named. */
export interface ReaderLook {
  readonly sources: readonly SourceLook[];
  readonly destinations: readonly DestinationLook[];
  readonly clockTrusted: boolean;
  readonly buses: readonly { readonly bus: number; readonly state: 'free' | 'stuck' }[];
  readonly outboxBytes: number | undefined;
}

interface SourceLook {
  readonly name: string;
  readonly lastOkAt: number | undefined;
  readonly failures: number;
  readonly rejected: number;
  readonly quiet?: unknown;
  readonly latest: readonly MeasuredLook[];
}

interface MeasuredLook {
  readonly sensor: string;
  readonly metric: string;
  readonly unit: string;
  readonly value: number;
}

interface DestinationLook {
  readonly name: string;
  readonly breaker: { readonly state: BreakerState; readonly held: boolean };
  readonly backlog: { readonly rows: number; readonly oldestAt: number | undefined };
}

/** What is measured in so many places that it has a metric of its own, in its base unit. */
const MEASURED = [
  { metric: 'temperature', unit: 'celsius', name: 'sensorgw_temperature_celsius', factor: 1 },
  { metric: 'humidity', unit: 'percent', name: 'sensorgw_humidity_ratio', factor: 0.01 },
  { metric: 'pressure', unit: 'pascal', name: 'sensorgw_pressure_pascals', factor: 1 },
  { metric: 'illuminance', unit: 'lux', name: 'sensorgw_illuminance_lux', factor: 1 },
  { metric: 'voltage', unit: 'volt', name: 'sensorgw_voltage_volts', factor: 1 },
  { metric: 'current', unit: 'ampere', name: 'sensorgw_current_amperes', factor: 1 },
  { metric: 'power', unit: 'watt', name: 'sensorgw_power_watts', factor: 1 },
] as const satisfies readonly { metric: string; unit: string; name: GaugeName; factor: number }[];

export function showReader(metrics: Metrics, look: ReaderLook, states: readonly BreakerState[]): void {
  showSources(metrics, look.sources);
  showValues(metrics, look.sources);
  showDestinations(metrics, look.destinations, states);
  metrics.set('sensorgw_clock_synchronized', {}, Number(look.clockTrusted));
  metrics.show('sensorgw_backlog_bytes', one(look.outboxBytes));
  metrics.show(
    'sensorgw_i2c_bus_stuck',
    look.buses.map(({ bus, state }) => ({ labels: { bus: String(bus) }, value: Number(state === 'stuck') })),
  );
}

function showSources(metrics: Metrics, sources: readonly SourceLook[]): void {
  const each = (numberOf: (source: SourceLook) => number | undefined) =>
    sources.flatMap((source) => {
      const value = numberOf(source);
      return value === undefined ? [] : [{ labels: { source: source.name }, value }];
    });
  metrics.show(
    'sensorgw_sensor_failures',
    each(({ failures }) => failures),
  );
  metrics.show(
    'sensorgw_sensor_last_success_timestamp_seconds',
    each(({ lastOkAt }) => seconds(lastOkAt)),
  );
  metrics.show(
    'sensorgw_sensor_quiet',
    each(({ quiet }) => Number(quiet !== undefined)),
  );
  metrics.show(
    'sensorgw_readings_rejected_total',
    each(({ rejected }) => rejected),
  );
}

/** A value that nobody has measured now is not shown as if somebody had. */
function showValues(metrics: Metrics, sources: readonly SourceLook[]): void {
  const measured = sources
    .filter(({ failures, quiet }) => failures === 0 && quiet === undefined)
    .flatMap(({ latest }) => latest);
  const nameOf = ({ metric, unit }: MeasuredLook) =>
    MEASURED.find((known) => known.metric === metric && known.unit === unit);
  for (const known of MEASURED) {
    metrics.show(
      known.name,
      measured
        .filter((reading) => nameOf(reading) === known)
        .map(({ sensor, value }) => ({ labels: { sensor }, value: value * known.factor })),
    );
  }
  metrics.show(
    'sensorgw_sensor_value',
    measured
      .filter((reading) => nameOf(reading) === undefined)
      .map(({ sensor, metric, unit, value }) => ({ labels: { sensor, metric, unit }, value })),
  );
}

function showDestinations(
  metrics: Metrics,
  destinations: readonly DestinationLook[],
  states: readonly BreakerState[],
): void {
  const state: Shown<'sensorgw_circuit_state'>[] = destinations.flatMap(({ name, breaker }) =>
    states.map((one) => ({
      labels: { destination: name, state: one },
      value: Number(one === breaker.state),
    })),
  );
  metrics.show('sensorgw_circuit_state', state);
  metrics.show(
    'sensorgw_circuit_held',
    destinations.map(({ name, breaker }) => ({ labels: { destination: name }, value: Number(breaker.held) })),
  );
  metrics.show(
    'sensorgw_backlog_rows',
    destinations.map(({ name, backlog }) => ({ labels: { destination: name }, value: backlog.rows })),
  );
  metrics.show(
    'sensorgw_backlog_oldest_timestamp_seconds',
    destinations.flatMap(({ name, backlog }) => {
      const value = seconds(backlog.oldestAt);
      return value === undefined ? [] : [{ labels: { destination: name }, value }];
    }),
  );
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1_000;
}
