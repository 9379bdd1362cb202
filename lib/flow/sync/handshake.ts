/**
 * Compares notes with a destination that has just been delivered to: what it has received of the latest
 * streams, against what this file has assigned and believes to be stored there.
 *
 *   it knows seqs that were never assigned here   this file was restored from a backup, or cloned
 *   it lacks what it had acknowledged             its store was restored: sent again, or named
 *   it lacks some of an outbox that was deleted   that is lost, and named
 *
 * One small request at a time on a connection of its own, with a pause in between; nothing waits for it. A
 * destination that cannot answer this is left alone for an hour.
 */

import { createLoop, type Loop, type Pulse } from '../../base/loop.ts';
import type { World } from '../flow-event.ts';
import type { MissedOutbox } from '../outbox/account.ts';
import type { Run } from '../outbox/comparing.ts';
import type { Outbox } from '../outbox/outbox.ts';
import {
  countOf,
  difference,
  intersection,
  NO_SEQS,
  type SeqRange,
  type SeqRanges,
  union,
} from '../seq-ranges.ts';
import type { HttpDelivery } from './deliver.ts';
import { differenceFrom, readStreamThere, type StreamThere } from './stream-reading.ts';
import { unlessDiskFails } from './unless-disk-fails.ts';

export interface HandshakeDeps {
  /** The destination's name. */
  readonly name: string;
  readonly outbox: Pick<Outbox, 'runs' | 'reconcile' | 'noteRollback' | 'beginStream' | 'stream' | 'restore'>;
  /** Outboxes of this place that were deleted without having been closed: nobody knows what was delivered of them. */
  readonly missed?: readonly MissedOutbox[];
  readonly readStream: HttpDelivery['readStream'];
  /** Between two looks whether there has been contact; 10 s if left out. */
  readonly everyMs?: number | undefined;
  /** Whether a delivery of this run has been stored: before, the destination may not know anything yet. */
  readonly contacted: () => boolean;
  readonly world: Pick<World, 'clock' | 'observe'>;
  readonly pulse: Pulse;
  /** Rows wait again. */
  readonly onResend: () => void;
}

/** A copy is mostly some runs old; each costs one request, once a start. */
const RUNS_COMPARED = 20;
/** 4,000 ranges: a stream that is more torn than that is compared as far as they go. */
const PAGES_MAX = 4;
const DEADLINE_MS = 10_000;
/** What follows from the answers is written in one transaction. */
const COMPARING_MAX_MS = 5_000;
/** Leaves the store most of its time. */
const PAUSE_MS = 1_000;
const CONTACT_EVERY_MS = 10_000;
/** So often the stream of this run is looked at again: for a program that goes on running in two places. */
const AGAIN_MS = 3_600_000;

export function createHandshake(deps: HandshakeDeps): Loop {
  const { name, outbox, world, everyMs = CONTACT_EVERY_MS } = deps;
  const { clock, observe } = world;
  /** Whether the latest runs have all been compared; from then on only the present one is. */
  let introduced = false;
  /** Still to be compared. */
  let left: readonly Run[] = [];

  let unclear = (deps.missed ?? []).flatMap((one) => unclearIn(one, name));

  const latest = () => outbox.runs(name, RUNS_COMPARED);
  const isPresent = (run: Run) => run.stream === outbox.stream;
  const runOf = (stream: string) => latest().find((run) => run.stream === stream);

  function compare(before: Run, there: StreamThere): void {
    const { stream } = before;
    // What was appended and delivered while the answer was on its way is ours, too.
    const assigned: SeqRange = [before.seqs[0], Math.max(before.seqs[1], runOf(stream)?.seqs[1] ?? 0)];
    const { missing, lacking } = differenceFrom(before, there, assigned);
    if (there.highest > assigned[1]) {
      const rollback = { stream, ours: assigned[1], theirs: there.highest, lacking };
      // Another copy counts on in the stream of this very run: from now on each has one of its own.
      if (isPresent(before)) outbox.beginStream();
      if (outbox.noteRollback(name, rollback)) {
        observe({
          type: 'outbox.rolled_back',
          destination: name,
          ...rollback,
          lacking: countOf(lacking),
        });
      }
    }
    if (missing.length === 0) return;
    const { again, lost } = outbox.reconcile(name, stream, { missing, received: NO_SEQS });
    if (again.length + lost.length === 0) return;
    observe({
      type: 'store.rolled_back',
      destination: name,
      stream,
      again: countOf(again),
      lost: countOf(lost),
    });
    if (again.length > 0) deps.onResend();
  }

  /** Of a stream that no file here knows any more. Says whether the destination could tell. */
  async function askFor({ stream, seqs, firstSeq }: UnclearStream, stopping: AbortSignal): Promise<boolean> {
    const from = Math.min(firstSeq, seqs[0]?.[0] ?? firstSeq);
    const options = { from, deadlineMs: DEADLINE_MS, pagesMax: PAGES_MAX, stopping };
    const there = await readStreamThere(deps, stream, options);
    if (typeof there === 'string') return false;
    const { highest } = there;
    const assigned = union(seqs, highest >= firstSeq ? [[firstSeq, highest]] : NO_SEQS);
    const explained = union(there.received, there.gone);
    const lacking = difference(intersection(assigned, [there.told]), explained);
    if (lacking.length === 0) return true;
    const entry = { destination: name, stream, cause: 'deleted', at: clock.wallMs() } as const;
    // What the disk does not take now is found again by the next start.
    unlessDiskFails(() => {
      outbox.restore({ gone: lacking.map(([lo, hi]) => ({ ...entry, lo, hi })) });
      observe({ type: 'outbox.missed_compared', destination: name, stream, highest, lacking });
    });
    return true;
  }

  return createLoop({
    name: `handshake ${name}`,
    clock,
    pulse: deps.pulse,
    turnMaxMs: PAGES_MAX * DEADLINE_MS + COMPARING_MAX_MS,
    async turn(stopping) {
      if (!deps.contacted()) return clock.monotonicMs() + everyMs;
      const [missed, ...further] = unclear;
      if (missed !== undefined) {
        const told = await askFor(missed, stopping);
        if (stopping.aborted) return clock.monotonicMs();
        // Who cannot answer now is asked by the next start.
        unclear = told ? further : [];
        return clock.monotonicMs() + PAUSE_MS;
      }
      if (left.length === 0) left = introduced ? latest().filter(isPresent) : latest();
      const [run, ...others] = left;
      if (run === undefined) return clock.monotonicMs() + AGAIN_MS;
      const options = { from: run.seqs[0], deadlineMs: DEADLINE_MS, pagesMax: PAGES_MAX, stopping };
      const there = await readStreamThere(deps, run.stream, options);
      if (stopping.aborted) return clock.monotonicMs();
      if (typeof there === 'string') {
        left = [];
        return clock.monotonicMs() + AGAIN_MS;
      }
      // What the disk does not take now is found again in an hour, or with the next start.
      unlessDiskFails(() => compare(run, there));
      left = others;
      introduced ||= others.length === 0;
      return clock.monotonicMs() + (others.length > 0 ? PAUSE_MS : AGAIN_MS);
    },
  });
}

/** What a destination may have been sent of a deleted outbox: these, and whatever it has from `firstSeq` on. */
interface UnclearStream {
  readonly stream: string;
  readonly seqs: SeqRanges;
  /** Beyond every seq for a stream that had ended before the run in which it was deleted. */
  readonly firstSeq: number;
}

function unclearIn({ stream, firstSeq, unclear }: MissedOutbox, name: string): readonly UnclearStream[] {
  const older = unclear.filter(({ destination }) => destination === name);
  return [
    ...older.map((one) => ({ ...one, firstSeq: Number.MAX_SAFE_INTEGER })),
    { stream, seqs: NO_SEQS, firstSeq },
  ];
}
