/**
 * A greenhouse and the weather around it that do not exist, for a machine without sensors. Every sensor
 * name starts with `simulated-`, so that nobody can take these readings for measured ones. The weather
 * follows from the seed and the wall time alone (the same after a restart); the noise of the imaginary
 * sensors comes from the injected chance.
 */

import type { Clock } from '../../../base/clock.ts';
import type { Random } from '../../../base/random.ts';
import type { Measurement, SensorSource } from '../sensor-source.ts';
import { nameOf } from './names.ts';

export interface SimulatedSourceOptions {
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly random: Pick<Random, 'fraction'>;
  /** Told apart from the usual one, `simulated`, by its name in the sensors' names. */
  readonly name?: string | undefined;
  /** Another seed, another climate. A whole number. */
  readonly seed?: number | undefined;
  /** How often to read it; with every round if left out. */
  readonly intervalMs?: number | undefined;
  readonly deadlineMs?: number | undefined;
}

/** It only computes, but a deadline there must be. */
const DEADLINE_MS = 1_000;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function createSimulatedSource(options: SimulatedSourceOptions): SensorSource {
  const { clock, random, name = 'simulated', seed = 1, intervalMs, deadlineMs = DEADLINE_MS } = options;
  const label = name === 'simulated' ? [] : [name.replace(/^simulated-?/, '')];
  const outside = nameOf('simulated', ...label, 'outdoor');
  const inside = nameOf('simulated', ...label, 'greenhouse');

  /** A reading of an imaginary sensor: the truth, its noise (plus or minus), and the digits it shows. */
  const measured = (truth: number, noise: number, digits: number) =>
    Number((truth + noise * (2 * random.fraction() - 1)).toFixed(digits));

  const measure = (atMs: number): readonly Measurement[] => {
    const outdoor = weatherAt(seed, atMs);
    const indoor = greenhouseAt(outdoor, seed, atMs);
    return [
      on(outside, 'temperature', 'celsius', measured(outdoor.celsius, 0.05, 2)),
      on(outside, 'humidity', 'percent', inPercent(measured(outdoor.humidity, 0.3, 1))),
      on(outside, 'pressure', 'pascal', measured(outdoor.pascal, 6, 0)),
      on(outside, 'illuminance', 'lux', Math.max(0, measured(outdoor.lux, outdoor.lux * 0.02, 0))),
      on(inside, 'temperature', 'celsius', measured(indoor.celsius, 0.05, 2)),
      on(inside, 'humidity', 'percent', inPercent(measured(indoor.humidity, 0.3, 1))),
      on(inside, 'pressure', 'pascal', measured(outdoor.pascal, 6, 0)),
      on(inside, 'soil_moisture', 'percent', inPercent(measured(indoor.soil, 0.2, 1))),
    ];
  };

  return {
    name,
    deadlineMs,
    ...(intervalMs === undefined ? {} : { intervalMs }),
    read: async (signal) => {
      signal.throwIfAborted();
      return measure(clock.wallMs());
    },
  };
}

function on(sensor: string, metric: string, unit: string, value: number): Measurement {
  return { sensor, metric, unit, value };
}

interface Weather {
  readonly celsius: number;
  readonly humidity: number;
  readonly pascal: number;
  readonly lux: number;
}

/** A temperate place at longitude zero: the sun is highest at 12:00 UTC, the air warmest at 15:00. */
function weatherAt(seed: number, atMs: number): Weather {
  const hour = (atMs % DAY_MS) / HOUR_MS;
  const clouds = drift(seed, 1, atMs, 5 * HOUR_MS);
  const front = drift(seed, 2, atMs, 3 * DAY_MS);
  const swing = 7 - 4 * clouds;
  const celsius = 9 + 10 * front + swing * Math.cos(((hour - 15) / 12) * Math.PI);
  // Air keeps its water over the day: the dew point follows the front, and humidity falls as it warms.
  const dewPoint = 4 + 7 * front + 3 * clouds;
  const sun = Math.max(0, Math.sin(((hour - 6) / 12) * Math.PI));
  return {
    celsius,
    humidity: relativeHumidity(Math.min(dewPoint, celsius), celsius),
    pascal: 101_300 + 1_800 * (2 * drift(seed, 3, atMs, 2 * DAY_MS) - 1),
    lux: 80_000 * sun * (1 - 0.8 * clouds),
  };
}

/** Glass keeps the night out and the sun in; the soil dries for three days and is then watered at six. */
function greenhouseAt(outdoor: Weather, seed: number, atMs: number) {
  const celsius = Math.max(7, outdoor.celsius + 3 + outdoor.lux / 8_000);
  const daysSinceWatering = ((atMs - 6 * HOUR_MS + (Math.abs(seed) % 3) * DAY_MS) % (3 * DAY_MS)) / DAY_MS;
  const soil = 22 + 43 * Math.exp(-daysSinceWatering / 2);
  return {
    celsius,
    soil,
    humidity: relativeHumidity(Math.min(celsius, outdoor.celsius + 1 + soil / 12), celsius),
  };
}

/** Percent, from dew point and temperature in celsius (Magnus formula, Sonntag 1990, above water). */
function relativeHumidity(dewPoint: number, celsius: number): number {
  const pressureAt = (t: number) => Math.exp((17.62 * t) / (243.12 + t));
  return inPercent((100 * pressureAt(dewPoint)) / pressureAt(celsius));
}

function inPercent(value: number): number {
  return Math.min(100, Math.max(0, value));
}

/** A smooth walk in [0, 1] that wall time and seed decide: random points, one each `spanMs`, joined by cosines. */
function drift(seed: number, channel: number, atMs: number, spanMs: number): number {
  const index = Math.floor(atMs / spanMs);
  const share = (1 - Math.cos((atMs / spanMs - index) * Math.PI)) / 2;
  return hashed(seed, channel, index) * (1 - share) + hashed(seed, channel, index + 1) * share;
}

/** Uniform in [0, 1) for each triple: the finalizer of MurmurHash3 over their mix. */
function hashed(seed: number, channel: number, index: number): number {
  let h = Math.imul(seed, 0x9e3779b1) ^ Math.imul(channel, 0x85ebca77) ^ Math.imul(index, 0xc2b2ae3d);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 4_294_967_296;
}
