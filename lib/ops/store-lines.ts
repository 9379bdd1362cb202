/**
 * What the log says of the store's own affairs: its age, its log, its damage. Each line stands for something that
 * happens once a day at most, and says what becomes of the readings.
 */

import type { FlowEvent } from '../flow/flow-event.ts';
import { fieldsOf, type LineLog } from './line-log.ts';
import { saySalvageFailed } from './salvage-lines.ts';

export type StoreEvent = Exclude<
  Extract<FlowEvent, { type: `store.${string}` }>,
  // The reader's word about a store.
  { type: 'store.rolled_back' }
>;

export function sayOfStore(event: StoreEvent, log: LineLog): void {
  const fields = fieldsOf(event);
  switch (event.type) {
    case 'store.aged': {
      const since =
        event.rawFromAt === undefined ? '' : `; readings are kept from ${dayOf(event.rawFromAt)} on`;
      log.info(
        fields,
        `removed because of their age: ${event.readings} readings and ${event.rollups} rollups${since}`,
      );
      break;
    }
    case 'store.partitions_dropped': {
      const since =
        event.rawFromAt === undefined ? '' : `; readings are kept from ${dayOf(event.rawFromAt)} on`;
      log.info(
        fields,
        `removed because of their age: ${event.partitions.length} partitions and ${event.readings} readings${since}`,
      );
      break;
    }
    case 'store.unreachable':
      log.error(fields, `nothing can be stored, readers keep their readings: ${event.message}`);
      break;
    case 'store.reachable':
      log.info(fields, `the database is back after ${Math.round(event.downMs / 1_000)} s`);
      break;
    case 'store.rolled_up':
      log.info(
        fields,
        'what came as a backlog, or before this version, is summed up by minute, hour and day',
      );
      break;
    case 'store.log_held':
      log.warn(
        fields,
        `the log of the store has ${inMiB(event.bytes)} and cannot be emptied: some program has been reading from an earlier state since (see fuser on store.db)`,
      );
      break;
    case 'store.log_emptied':
      log.info(fields, `the log of the store is empty again, after ${inMiB(event.bytes)}`);
      break;
    case 'store.quarantined':
      log.error(
        fields,
        `the store's file is unusable (${event.reason}) and has been moved to ${event.dir}; a fresh one takes readings`,
      );
      break;
    case 'store.salvaged':
      log.warn(
        fields,
        `salvaged from ${event.dir}: ${event.saved} readings are in the store again, ${event.lost} are lost and named`,
      );
      break;
    case 'store.quarantine_removed':
      log.info(fields, `removed ${event.dir}, ${inMiB(event.bytes)}: the quarantine is bounded`);
      break;
    case 'store.salvage_failed':
      saySalvageFailed(event, log);
      break;
  }
}

const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);

const inMiB = (bytes: number) => `${Math.round(bytes / 1_048_576)} MiB`;
