/**
 * `sensorctl outbox import FILE`: the readings of an export, sent to the destinations under the identity that
 * they were accepted with. They do not go through the outbox of this machine, whose own readings have the same
 * seqs: the file is what keeps them until they are stored, and what is stored already is recognised, so an
 * import can be broken off and repeated (docs/decisions/0016-an-import-goes-straight-to-the-destinations.md).
 */

import { systemClock } from '../../lib/base/clock.ts';
import { EXIT, GatewayError } from '../../lib/base/errors.ts';
import { printable, printableJson } from '../../lib/base/printable.ts';
import { batchOfRows } from '../../lib/flow/outbox/row-line.ts';
import { NAME_PATTERN, NAME_RULE } from '../../lib/flow/reading.ts';
import { countOf, rangesOfSeqs } from '../../lib/flow/seq-ranges.ts';
import type { HttpDelivery } from '../../lib/flow/sync/deliver.ts';
import type { DeliveryOutcome } from '../../lib/flow/sync/delivery-outcome.ts';
import { readSecrets } from '../wiring/secrets.ts';
import { VERSION } from '../wiring/version.ts';
import { type Command, type CommandContext, operandOf, textOption, usageError } from './command.ts';
import { destinationsOf } from './destination-option.ts';
import { type NumberedRow, readRows } from './import-file.ts';
import { findPlaces, type Places } from './places.ts';
import { createProgress } from './progress.ts';
import { count } from './words.ts';

/** Leaves the store time for what comes from the reader: some milliseconds each. */
const BATCH_ROWS = 1_000;
const DEADLINE_MS = 30_000;
/** Longer than a restart of the API takes. */
const PAUSES_MS = [1_000, 2_000, 5_000, 10_000];
/** The rest is a number. */
const REFUSALS_SHOWN = 20;

interface Sent {
  readonly name: string;
  stored: number;
  duplicate: number;
  refused: number;
}

export const outboxImport: Command = {
  name: 'outbox import',
  about: 'send the readings of an export to the destinations, each once',
  operand: 'FILE',
  options: {
    gateway: { value: 'NAME', about: 'the gateway that measured them (else this one)' },
    destination: { value: 'NAME', about: 'only to this destination (else to each)' },
    'dry-run': { about: 'only check the file' },
  },
  examples: [
    ['sensorctl outbox import outbox.ndjson --gateway attic', 'what the Pi in the attic had not delivered'],
  ],
  async run(context) {
    const file = operandOf(context, outboxImport);
    const places = findPlaces(context);
    const gateway = gatewayOf(context, places);
    const wanted = destinationsOf(context, places, outboxImport.name);
    const { total, streams } = await check(file);
    const dryRun = context.options['dry-run'] === true;
    const sent: Sent[] = [];
    if (!dryRun) {
      const progress = createProgress(context);
      const { createHttpDelivery } = await import('../../lib/flow/sync/deliver.ts');
      for (const one of wanted) {
        const http = createHttpDelivery({ url: one.url, version: VERSION, ...readSecrets(one) });
        const result = { name: one.name, stored: 0, duplicate: 0, refused: 0 };
        sent.push(result);
        try {
          for await (const batch of batchesOf(file)) {
            await send(batch, { gateway, http, result, context });
            progress(result.stored + result.duplicate + result.refused, total, `rows to ${one.name}`);
          }
        } finally {
          await http.close();
        }
      }
    }
    const { out } = context.terminal;
    if (context.json) {
      const answer = { file, dry_run: dryRun, readings: total, streams, gateway, destinations: sent };
      await out(printableJson(JSON.stringify(answer)));
    } else if (dryRun) {
      await out(
        printable(`${file}: good, ${count(total, 'reading')} of ${count(streams, 'stream')} by ${gateway}`),
      );
    } else for (const one of sent) await out(printable(inWords(one)));
    return sent.every(({ refused }) => refused === 0) ? EXIT.ok : EXIT.failed;
  },
};

function gatewayOf(context: CommandContext, { config }: Places): string {
  const name = textOption(context, 'gateway') ?? config.gateway;
  if (NAME_PATTERN.test(name)) return name;
  throw usageError(`--gateway: "${printable(name, 60)}" is not ${NAME_RULE}`, outboxImport.name);
}

/** The whole file, before anything of it is sent. */
async function check(file: string): Promise<{ total: number; streams: number }> {
  let total = 0;
  const streams = new Set<string>();
  for await (const { row } of readRows(file)) {
    total += 1;
    streams.add(row.stream);
  }
  return { total, streams: streams.size };
}

/** Neighbours of one stream. */
async function* batchesOf(file: string): AsyncGenerator<NumberedRow[]> {
  let batch: NumberedRow[] = [];
  for await (const one of readRows(file)) {
    const first = batch[0];
    if (first !== undefined && (first.row.stream !== one.row.stream || batch.length >= BATCH_ROWS)) {
      yield batch;
      batch = [];
    }
    batch.push(one);
  }
  if (batch.length > 0) yield batch;
}

interface Sending {
  readonly gateway: string;
  readonly http: Pick<HttpDelivery, 'deliver'>;
  readonly result: Sent;
  readonly context: CommandContext;
}

async function send(batch: readonly NumberedRow[], sending: Sending): Promise<void> {
  const { result, context } = sending;
  const outcome = await deliver(batch, sending);
  if (outcome.kind === 'refused' && outcome.tooLarge && batch.length > 1) {
    const middle = Math.ceil(batch.length / 2);
    await send(batch.slice(0, middle), sending);
    await send(batch.slice(middle), sending);
    return;
  }
  if (outcome.kind !== 'stored') throw unfinished(batch, result.name, outcome);
  const { stored, duplicate, refused } = outcome.answer;
  result.stored += countOf(stored);
  result.duplicate += countOf(duplicate);
  for (const { seq, code, message } of refused) {
    result.refused += 1;
    if (result.refused > REFUSALS_SHOWN) continue;
    const line = batch.find(({ row }) => row.seq === seq)?.line ?? 0;
    context.terminal.note(printable(`line ${line}: ${result.name} refuses it: ${code}: ${message}`));
  }
}

/** Once more after each pause, for as long as the other side is only unavailable. */
async function deliver(batch: readonly NumberedRow[], { gateway, http }: Sending): Promise<DeliveryOutcome> {
  const rows = batch.map(({ row }) => row);
  const stream = rows[0]?.stream ?? '';
  const seqs = rangesOfSeqs(rows.map(({ seq }) => seq));
  const times = rows.map(({ at }) => at);
  const body = batchOfRows(gateway, stream, rows);
  const [oldestAt, newestAt] = [Math.min(...times), Math.max(...times)];
  for (const pauseMs of [...PAUSES_MS, undefined]) {
    const outgoing = { stream, seqs, rows: rows.length, body, oldestAt, newestAt };
    const outcome = await http.deliver.backfill(outgoing, DEADLINE_MS);
    if (outcome.kind !== 'unavailable' || pauseMs === undefined) return outcome;
    await systemClock.sleep('import', pauseMs);
  }
  throw new Error('the last attempt has no pause after it');
}

function unfinished(
  batch: readonly NumberedRow[],
  name: string,
  outcome: Exclude<DeliveryOutcome, { kind: 'stored' }>,
): GatewayError {
  const why = outcome.kind === 'refused' ? `${outcome.code}: ${outcome.message}` : outcome.reason;
  const message = `${name} has taken everything before line ${batch[0]?.line ?? 1}, and not the rest: ${why}`;
  return new GatewayError('SGW_IMPORT_UNFINISHED', message, {
    hint: 'Nothing is lost, the file has it all. Say it again when that is mended: what is stored is recognised.',
  });
}

function inWords({ name, stored, duplicate, refused }: Sent): string {
  const wrong = refused === 0 ? '' : `, ${count(refused, 'reading')} refused`;
  return `${name}: ${count(stored, 'reading')} stored, ${count(duplicate, 'reading')} there already${wrong}`;
}
