/**
 * `sensorctl sensors read`: one source, or one sensor of it, now. A chip that the running reader talks to is not
 * asked a second time, because two masters would spoil each other's measurements: then the reader's own last
 * value is shown. The kernel's sensors can be read by as many as like.
 */

import { type Clock, systemClock } from '../../lib/base/clock.ts';
import { EXIT, GatewayError } from '../../lib/base/errors.ts';
import { didYouMean } from '../../lib/base/nearest.ts';
import { printable, printableJson } from '../../lib/base/printable.ts';
import { systemRandom } from '../../lib/base/random.ts';
import { createCalibrator } from '../../lib/flow/acquire/calibration.ts';
import type { SensorSource } from '../../lib/flow/acquire/sensor-source.ts';
import { type CreateSourcesDeps, createSources } from '../../lib/flow/acquire/sources/create-sources.ts';
import { READER } from '../wiring/names.ts';
import { type Command, type CommandContext, countOption, operandOf } from './command.ts';
import { findPlaces, type Places } from './places.ts';
import { programState } from './running.ts';
import { readContained, type ShownMeasurement, type SourceAnswer } from './sensors-reading.ts';
import { sourceStates, stateInWords } from './sensors-state.ts';
import { isoTime, localTime, shortNumber } from './words.ts';

export interface ReadDeps extends Omit<CreateSourcesDeps, 'world' | 'stateDir'> {
  readonly clock: Clock;
}

/** Something that can be asked again and again. */
interface Subject {
  readonly name: string;
  readonly intervalMs: number;
  read(): Promise<SourceAnswer>;
}

export function createSensorsRead(deps: ReadDeps): Command {
  const command: Command = {
    name: 'sensors read',
    about: 'read a source (or one of its sensors) now, as it is configured; exits with 1 if it gives nothing',
    operand: 'NAME',
    options: {
      watch: { about: 'again and again, at its interval, until Ctrl-C' },
      rounds: { value: 'N', about: 'with --watch: end after so many' },
    },
    examples: [
      ['sensorctl sensors read kernel', 'all sensors of the kernel'],
      ['sensorctl sensors read terrarium --watch', 'is the wire loose? Move it and look'],
    ],
    async run(context) {
      const name = operandOf(context, command);
      const rounds = countOption(context, 'rounds', Number.POSITIVE_INFINITY, 'sensors read');
      const places = findPlaces(context);
      const { clock, ...others } = deps;
      const world = { clock, random: systemRandom };
      const sources = createSources(places.config.sources, {
        ...others,
        world,
        stateDir: places.dataDir,
        i2c: { exchangeMaxMs: places.config.i2c.timeoutMs },
      });
      try {
        const asked = askedFor({ name, all: sources.all, places, context, clock });
        const times = context.options.watch === true ? rounds : 1;
        const { exitCode, hangs } = await watch(context, clock, asked, times);
        if (hangs || sources.buses().some(({ state }) => state === 'stuck')) context.leave?.();
        return exitCode;
      } finally {
        sources.close();
      }
    },
  };
  return command;
}

export const sensorsRead = createSensorsRead({ clock: systemClock });

interface Asked {
  readonly subjects: readonly Subject[];
  /** Only this sensor of theirs, if not all. */
  readonly sensor: string | undefined;
  readonly name: string;
  readonly known: readonly string[];
}

interface AskOptions {
  readonly name: string;
  readonly all: readonly SensorSource[];
  readonly places: Places;
  readonly context: CommandContext;
  readonly clock: Clock;
}

/** By the name of a source, of an entry of the configuration (`kernel`), or of a sensor. */
function askedFor({ name, all, places, context, clock }: AskOptions): Asked {
  const { config } = places;
  const kernels = config.sources.filter(({ type }) => type === 'kernel').map((one) => one.name);
  const isOf = (source: SensorSource, kernel: string) => source.name.startsWith(`${kernel}-`);
  const isOfKernel = (source: SensorSource) => kernels.some((kernel) => isOf(source, kernel));

  const meant = all.filter(
    (source) => source.name === name || (kernels.includes(name) && isOf(source, name)),
  );
  const calibrator = createCalibrator(config.calibration);
  const calibrated = (one: ShownMeasurement): ShownMeasurement => {
    const said = calibrator.calibrated(one);
    return said === undefined ? one : { ...said, raw: one.value };
  };
  const subjects = (meant.length > 0 ? meant : all).map((source): Subject => {
    const now = async () => {
      const answer = await readContained(clock, source);
      return { ...answer, measurements: answer.measurements.map(calibrated) };
    };
    return {
      name: source.name,
      intervalMs: source.intervalMs ?? config.sampling.intervalMs,
      read: isOfKernel(source) ? now : async () => ofReader(source.name, places, context) ?? (await now()),
    };
  });
  const known = [...new Set([...config.sources.map((one) => one.name), ...all.map((one) => one.name)])];
  return { name, subjects, sensor: meant.length > 0 ? undefined : name, known };
}

/** What the running reader has of a source; `undefined` if it does not read it. */
function ofReader(name: string, { runDir }: Places, context: CommandContext): SourceAnswer | undefined {
  const nowMs = context.wallMs();
  const reader = programState(runDir, READER, nowMs);
  const state = reader.state === 'running' ? sourceStates(reader).get(name) : undefined;
  if (state === undefined) return undefined;
  const failure = state.failures > 0 ? stateInWords(state, nowMs) : undefined;
  return {
    source: name,
    measurements: failure === undefined ? state.latest : [],
    troubles: state.troubles,
    failure,
    hangs: false,
    takenAt: state.lastOkAt ?? nowMs,
  };
}

async function watch(context: CommandContext, clock: Clock, asked: Asked, rounds: number) {
  const { name, known, sensor } = asked;
  let { subjects } = asked;
  let hangs = false;
  for (let round = 1; ; round += 1) {
    const startMono = clock.monotonicMs();
    const all = await Promise.all(subjects.map((subject) => subject.read()));
    hangs ||= all.some((answer) => answer.hangs);
    const answers = sensor === undefined ? all : all.map((answer) => narrowed(answer, sensor));
    const told = answers.filter((answer) => saysSomething(answer, sensor === undefined));
    if (round === 1 && sensor !== undefined) {
      if (told.length === 0) throw unknownName(name, known, all);
      // From here on only whoever knows that sensor is asked.
      subjects = subjects.filter((one) => told.some(({ source }) => source === one.name));
    }
    const exitCode = (await tell(context, name, told)) ? EXIT.ok : EXIT.failed;
    if (round >= rounds) return { exitCode, hangs };
    const intervalMs = Math.min(...subjects.map((one) => one.intervalMs));
    await clock.sleep('sensors read', startMono + intervalMs - clock.monotonicMs());
  }
}

/** A kind of kernel sensors that this machine lacks says nothing; a failure speaks for the whole source. */
function saysSomething({ measurements, troubles, failure }: SourceAnswer, failureCounts: boolean): boolean {
  return (
    measurements.length > 0 || Object.keys(troubles).length > 0 || (failureCounts && failure !== undefined)
  );
}

function narrowed(answer: SourceAnswer, sensor: string): SourceAnswer {
  const mine = Object.entries(answer.troubles).filter(([of]) => of === sensor || of.startsWith(`${sensor} `));
  return {
    ...answer,
    measurements: answer.measurements.filter((one) => one.sensor === sensor),
    troubles: Object.fromEntries(mine),
  };
}

function unknownName(name: string, known: readonly string[], answers: readonly SourceAnswer[]): GatewayError {
  const silent = answers.flatMap(({ source, failure }) =>
    failure === undefined ? [] : [`${source} ${failure}`],
  );
  const but = silent.length === 0 ? '' : ` (${silent[0]})`;
  const hint = didYouMean(name, known).trim() || `Sources: ${known.join(', ')}.`;
  return new GatewayError(
    'SGW_USAGE',
    `there is no source named "${printable(name, 60)}", and no source gave a sensor of that name${but}`,
    { hint: `${hint} See: sensorctl sensors list` },
  );
}

/** Whether every source gave something. */
async function tell(
  context: CommandContext,
  name: string,
  answers: readonly SourceAnswer[],
): Promise<boolean> {
  const { out, note } = context.terminal;
  if (answers.length === 0) note(`${name}: there is nothing to measure on this machine`);
  for (const { source, measurements, troubles, failure, takenAt } of answers) {
    const at = takenAt ?? context.wallMs();
    for (const one of measurements) {
      const { sensor, metric, value, unit, raw } = one;
      const remark = raw === undefined ? '' : ` (raw ${shortNumber(raw)})`;
      const words = `${localTime(at)}  ${sensor.padEnd(32)}  ${metric.padEnd(12)}  ${shortNumber(value)} ${unit}${remark}`;
      const json = JSON.stringify({ at: isoTime(at), source, ...one });
      await out(context.json ? printableJson(json) : printable(words));
    }
    for (const [sensor, why] of Object.entries(troubles)) {
      const json = JSON.stringify({ at: isoTime(at), source, sensor, trouble: why });
      await out(
        context.json ? printableJson(json) : printable(`${localTime(at)}  ${sensor.padEnd(32)}  ${why}`),
      );
    }
    if (failure !== undefined && context.json) await out(printableJson(JSON.stringify({ source, failure })));
    else if (failure !== undefined) note(printable(`${source}: ${failure}`));
    else if (measurements.length + Object.keys(troubles).length === 0)
      note(`${source}: nothing to measure here`);
    if (takenAt !== undefined && !context.json)
      note(`(${source} as the running reader has it, which writes it down every 10 s)`);
  }
  return answers.length > 0 && answers.every(({ measurements }) => measurements.length > 0);
}
