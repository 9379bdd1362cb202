/** Which dead letters a command means, and how each is shown. */

import { GatewayError } from '../../lib/base/errors.ts';
import { printableJson } from '../../lib/base/printable.ts';
import type { DeadLetter } from '../../lib/flow/outbox/outbox.ts';
import { type CommandContext, countOption, type OptionSpec, usageError } from './command.ts';
import { destinationOf, destinationOption } from './destination-option.ts';
import { lookAtOutbox } from './outbox-file.ts';
import type { Places } from './places.ts';
import { isoTime, localTime } from './words.ts';

export const chosenOptions: Readonly<Record<string, OptionSpec>> = {
  ...destinationOption,
  seq: { value: 'N', about: 'only this one' },
  all: { about: 'all of the destination' },
  'dry-run': { about: 'only say what would be done' },
};

export interface Chosen {
  readonly destination: string;
  /** `undefined`: all. */
  readonly seq: number | undefined;
  /** How many that are; for one that is named, 0 or 1. */
  readonly letters: number;
}

/** Throws `SGW_USAGE` unless exactly one of `--seq` and `--all` is given. */
export async function chosenLetters(
  context: CommandContext,
  places: Places,
  command: string,
): Promise<Chosen> {
  const destination = destinationOf(context, places, command);
  const all = context.options.all === true;
  const seq = context.options.seq === undefined ? undefined : countOption(context, 'seq', 1, command);
  if (all === (seq !== undefined)) throw usageError('which dead letters? --seq N, or --all', command);
  const letters = await lookAtOutbox(places, (view) => view.countDeadLetters(destination, seq));
  if (seq !== undefined && letters === 0) throw noSuchLetter(destination, seq);
  return { destination, seq, letters };
}

export function noSuchLetter(destination: string, seq: number): GatewayError {
  return new GatewayError('SGW_USAGE', `${destination} has no dead letter with seq ${seq}`, {
    hint: 'sensorctl dead list shows those there are.',
  });
}

export function letterInWords({ seq, destination, reading, code, message }: DeadLetter): string {
  const { sensor, metric, value, unit, at } = reading;
  return `${String(seq).padStart(8)}  ${localTime(at)}  ${sensor} ${metric} ${value} ${unit}  ${destination}: ${code}, ${message}`;
}

export function letterAsJson({ reading, buriedAt, bootId, ...rest }: DeadLetter): string {
  const { at, monoMs, ...measured } = reading;
  return printableJson(
    JSON.stringify({
      ...rest,
      ...measured,
      at: isoTime(at),
      buried_at: isoTime(buriedAt),
      mono_ms: monoMs,
      boot_id: bootId,
    }),
  );
}
