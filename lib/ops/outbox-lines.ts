/**
 * What the log says of the outbox's own affairs: its damage, what a failing or full disk costs, and what had to go. An
 * outbox that somebody has deleted is told of in `missing-lines.ts`.
 */

import type { FlowEvent } from '../flow/flow-event.ts';
import { formatRanges } from '../flow/seq-ranges.ts';
import { fieldsOf, type LineLog } from './line-log.ts';
import { saySalvageFailed } from './salvage-lines.ts';
import type { SayTrouble } from './trouble-lines.ts';

type OutboxEvent = Extract<
  FlowEvent,
  {
    type:
      | 'outbox.opened'
      | 'outbox.quarantined'
      | 'outbox.salvaged'
      | 'outbox.salvage_failed'
      | 'outbox.quarantine_removed'
      | 'outbox.mended'
      | 'outbox.corrupted'
      | 'outbox.rolled_back'
      | 'outbox.append_failed'
      | 'outbox.held'
      | 'outbox.released'
      | 'reading.dropped'
      | 'reading.thinned'
      | 'reading.shed'
      | 'letter.shed';
  }
>;

/** What a damaged row of a small table leads to. */
const MENDED = {
  acknowledged: (rows: number) =>
    `${rows} notes of what was delivered are damaged on the disk: what they covered is sent again`,
  gone: (rows: number) =>
    `${rows} lines of the ledger are damaged on the disk: what has left is named as lost once more`,
  destinations: (rows: number) =>
    `${rows} notes of what destinations were told are damaged on the disk: they are told the ledger again`,
};

export function sayOfOutbox(event: OutboxEvent, log: LineLog, trouble: SayTrouble): void {
  const fields = fieldsOf(event);
  switch (event.type) {
    case 'outbox.opened':
      log.info(
        fields,
        event.fresh ? 'new outbox, new stream' : `outbox opened with ${event.rows} readings waiting`,
      );
      break;
    case 'outbox.quarantined':
      log.error(fields, `the outbox file is unusable (${event.reason}) and has been moved to ${event.dir}`);
      break;
    case 'outbox.salvaged':
      log.warn(
        fields,
        `salvaged from ${event.dir}: ${event.saved} readings and ${event.deadLetters} dead letters saved, ${event.lost} readings lost`,
      );
      break;
    case 'outbox.salvage_failed':
      saySalvageFailed(event, log);
      break;
    case 'outbox.quarantine_removed':
      log.info(
        fields,
        `removed ${event.dir} (${event.state === 'salvaged' ? 'salvaged before' : 'could not be salvaged'}): the quarantine is bounded`,
      );
      break;
    case 'outbox.mended':
      log.error(fields, MENDED[event.table](event.rows));
      break;
    case 'outbox.corrupted':
      trouble(
        'corrupted',
        fields,
        `readings ${formatRanges(event.seqs)} are damaged on the disk and will not be sent`,
        'error',
      );
      break;
    case 'outbox.rolled_back':
      log.warn(
        fields,
        `the outbox has been rolled back, or cloned: ${event.destination} has stream ${event.stream} up to ${event.theirs}, and only ${event.ours} was assigned here. Nothing new is lost; ${event.lacking} readings of the other copy are named in the ledger`,
      );
      break;
    case 'outbox.append_failed':
      trouble('append', fields, `${event.readings} readings could not be kept: ${event.message}`, 'error');
      break;
    case 'outbox.held':
      trouble(
        'held',
        fields,
        `the disk takes no readings (${event.message}): ${event.held} are held in memory`,
        'error',
      );
      break;
    case 'outbox.released':
      log.info(fields, `the disk is back: ${event.readings} readings held in memory are kept`);
      break;
    case 'reading.dropped':
      trouble(
        'dropped',
        fields,
        `${event.readings} readings are lost: the disk did not take them, and memory holds no more`,
        'error',
      );
      break;
    case 'reading.thinned':
      trouble(
        'thinned',
        fields,
        `the outbox is full: its ${event.rows} oldest rows are thinned to ${event.into}, each of ${event.tier === 'minute' ? 'a minute' : 'ten minutes'}`,
      );
      break;
    case 'reading.shed':
      trouble(
        'shed',
        fields,
        `the outbox is full (${event.cause}): ${event.hi - event.lo + 1} of the oldest readings are given up undelivered`,
      );
      break;
    case 'letter.shed':
      trouble(
        'letters shed',
        fields,
        `${event.destination} has more dead letters than the outbox keeps: the ${event.letters} oldest are deleted, and stay named in the ledger`,
        'error',
      );
      break;
  }
}
