/** The lines about an outbox that somebody has deleted: what waited in it, by name, for that may be the only place left. */

import type { FlowEvent, WaitingRows } from '../flow/flow-event.ts';
import { countOf, formatRanges } from '../flow/seq-ranges.ts';
import { fieldsOf, type LineLog } from './line-log.ts';

type MissingEvent = Extract<
  FlowEvent,
  { type: 'outbox.deleted' | 'outbox.missed' | 'outbox.missed_compared' }
>;

/** Runs and destinations in one line; the fields beside it have them all. */
const NAMED_MAX = 5;

export function sayOfMissing(event: MissingEvent, log: Pick<LineLog, 'info' | 'warn' | 'error'>): void {
  const fields = fieldsOf(event);
  if (event.type === 'outbox.missed_compared') {
    const { destination, stream, highest, lacking } = event;
    log.warn(
      fields,
      `of the outbox that was deleted ${destination} has stream ${stream} up to reading ${highest}; ${countOf(lacking)} readings are lost and named in the ledger: ${formatRanges(lacking)}`,
    );
    return;
  }
  const names = namesOf(event.waiting);
  if (event.type === 'outbox.deleted') {
    if (names === '') log.warn(fields, 'the outbox was deleted while it was open; nothing waited in it');
    else
      log.error(
        fields,
        `the outbox was deleted while it was open, and this is lost with it${event.isSalvageable ? ', but for what its log has' : ''}: ${names}`,
      );
    return;
  }
  const { stream, firstSeq, rows } = event;
  const what = `the outbox of stream ${stream} is missing: somebody has deleted it`;
  if (rows === null)
    log.error(
      fields,
      `${what}. It had not been closed: what it held from reading ${firstSeq} on and had not delivered is lost, and nobody can count it`,
    );
  else if (rows === 0) log.warn(fields, `${what}. Nothing waited in it`);
  else log.error(fields, `${what}. What waited in it is lost, and named in the ledger: ${names}`);
}

/** `readings 5-9 of stream abc for local`. */
function namesOf(waiting: readonly WaitingRows[]): string {
  const named = waiting.slice(0, NAMED_MAX).map(({ destination, stream, seqs }) => {
    const readings = countOf(seqs) === 1 ? 'reading' : 'readings';
    return `${readings} ${formatRanges(seqs)} of stream ${stream} for ${destination}`;
  });
  const more = waiting.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}
