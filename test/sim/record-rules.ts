/**
 * What a breaker tells is in its file when it tells it, and what a run finds there it obeys: one that was open goes on
 * with a single probe, on the step that it had reached, and does not need three more failures to know what it knew.
 */

import type { SqliteDatabase } from '../../lib/base/sqlite.ts';
import type { FlowEvent } from '../../lib/flow/flow-event.ts';
import { openOutboxReadOnly } from '../../lib/flow/outbox/outbox-view.ts';

export interface RecordRules {
  /** A reader is about to open this outbox. */
  starts(file: string): void;
  onPost(destination: string): void;
  observe(event: FlowEvent): void;
}

export interface RecordRulesDeps {
  readonly stepsMax: number;
  /** The file of the outbox, if the reader has it open. */
  readonly outbox: () => SqliteDatabase | undefined;
  readonly problem: (what: string) => void;
}

/** Of a breaker that was not closed when its run ended. */
interface Found {
  readonly step: number;
  probes: boolean;
}

const STATES = {
  'breaker.opened': 'open',
  'breaker.half_opened': 'half_open',
  'breaker.closed': 'closed',
} as const;

export function createRecordRules({ stepsMax, outbox, problem }: RecordRulesDeps): RecordRules {
  const found = new Map<string, Found>();

  function expectWritten(destination: string, state: string): void {
    const file = outbox();
    if (file === undefined || !isWritable(file)) return;
    const written = file
      .prepare<[string], string>('SELECT state FROM breakers WHERE destination = ?')
      .pluck()
      .get(destination);
    if (written === state || !isSound(file)) return;
    problem(`RECORD: the breaker of ${destination} is ${state}, and ${written ?? 'nothing'} in its file`);
  }

  return {
    starts(file) {
      found.clear();
      for (const { destination, breaker } of destinationsIn(file))
        if (breaker !== undefined && breaker.state !== 'closed')
          found.set(destination, { step: breaker.step, probes: false });
    },
    onPost(destination) {
      if (found.get(destination)?.probes === false)
        problem(`RECORD: the breaker of ${destination} was open at the start, and lets a request through`);
    },
    observe(event) {
      // Of a file that was set aside nothing is known any more.
      if (event.type === 'outbox.quarantined') found.clear();
      if (
        event.type !== 'breaker.opened' &&
        event.type !== 'breaker.half_opened' &&
        event.type !== 'breaker.closed'
      )
        return;
      const { destination } = event;
      expectWritten(destination, STATES[event.type]);
      const before = found.get(destination);
      if (before === undefined) return;
      if (event.type === 'breaker.half_opened') before.probes = true;
      else found.delete(destination);
      if (event.type === 'breaker.opened' && event.step !== Math.min(before.step + 1, stepsMax))
        problem(`RECORD: step ${event.step} after a restart, and it was step ${before.step} before`);
    },
  };
}

/** What a sound file of this reader says; of any other nothing is expected. */
function destinationsIn(file: string) {
  try {
    const view = openOutboxReadOnly(file);
    try {
      return view.stats().destinations;
    } finally {
      view.close();
    }
  } catch {
    return [];
  }
}

/** Whether the disk takes what is written there: a disk fault of this world is a limit of the connection. */
export function isWritable(file: SqliteDatabase): boolean {
  const ask = (pragma: string) => Number(file.pragma(pragma, { simple: true }));
  return ask('query_only') === 0 && ask('max_page_count') - ask('page_count') > PAGES_TO_SPARE;
}

/** A full disk leaves none. */
const PAGES_TO_SPARE = 1_000;

/** A record cannot be expected of a file whose bits the card has changed. */
function isSound(file: SqliteDatabase): boolean {
  return file.pragma('quick_check(1)', { simple: true }) === 'ok';
}
