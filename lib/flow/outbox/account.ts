/**
 * What an outbox says of itself in a small file beside it, so that it is missed when somebody deletes it: which
 * stream it writes and what waited at its beginning, and once it has been closed, what waits in it. Written at the
 * beginning and at the end of a run, and never in between: a round costs nothing.
 *
 * A file that is gone after a clean end is accounted for to the reading: all that waited is named in the ledger of the
 * next one, and every destination is told. After a kill or a power cut nobody can say how far it had come; that is
 * said instead, with the stream and where it began, and each destination is asked what it has of it.
 */

import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { syncPath } from '../../base/sync-path.ts';
import type { WaitingRows, World } from '../flow-event.ts';
import { NAME_PATTERN, STREAM_PATTERN } from '../reading.ts';
import { countOf, normalized } from '../seq-ranges.ts';
import type { Outbox } from './outbox.ts';

/** An outbox that was not there any more. */
export interface MissedOutbox {
  /** Wall time at which it was missed. */
  readonly at: number;
  /** That of its latest run, and the first seq of it. */
  readonly stream: string;
  readonly firstSeq: number;
  /** Rows that a destination was waiting for; `null`: it had not been closed, and nobody can say. */
  readonly rows: number | null;
  /** Then: what waited at its beginning, some of which may have been delivered since. */
  readonly unclear: readonly WaitingRows[];
}

/** A run that ended without closing its outbox: by a power cut, a kill or a crash. */
export interface CutOff {
  /** Wall time at which the run after it began, and its boot. */
  readonly at: number;
  readonly bootId: string;
}

/** What the account tells of earlier runs, the oldest first. */
export interface AccountHistory {
  readonly missed: readonly MissedOutbox[];
  readonly cutOffs: readonly CutOff[];
}

/** A machine that boots every 30 s is known for what it is long before; 1 KiB. */
const CUT_OFFS_KEPT = 20;
/** For people: who deletes an outbox eleven times knows. */
const MISSED_KEPT = 10;

const seq = z.int().min(1).max(Number.MAX_SAFE_INTEGER);
const stream = z.string().regex(STREAM_PATTERN);
/** As many ranges as the outbox itself has in memory. */
const Waiting = z
  .array(
    z.object({
      destination: z.string().regex(NAME_PATTERN),
      stream,
      seqs: z.array(z.tuple([seq, seq]).readonly()).readonly(),
    }),
  )
  .readonly();
const Missed = z.object({
  at: z.int(),
  stream,
  firstSeq: seq,
  rows: z.int().min(0).nullable(),
  unclear: Waiting,
});
const Cut = z.object({ at: z.int(), bootId: z.string().max(64) });
const Account = z.object({
  stream,
  firstSeq: seq,
  /** At the beginning of the run. */
  waitedThen: Waiting,
  /** At its end; left out while it is open. */
  waiting: Waiting.optional(),
  /** There was no file any more when somebody was about to open it. */
  isMissed: z.boolean().default(false),
  missed: z.array(Missed).max(MISSED_KEPT).readonly(),
  cutOffs: z.array(Cut).max(CUT_OFFS_KEPT).readonly(),
});
type Account = z.infer<typeof Account>;

/** Where the account of the outbox in `file` is: under a name that no pattern has which is meant for the database. */
export const accountOf = (file: string) => join(dirname(file), `account-of-${basename(file)}.json`);

/** Empty if there is no account that can be read. */
export function accountHistory(file: string): AccountHistory {
  const { missed = [], cutOffs = [] } = readAccount(file) ?? {};
  return { missed, cutOffs };
}

/** Not too long ago for its destinations to be asked, and few. */
const UNCLEAR_FOR_MS = 7 * 86_400_000;
const UNCLEAR_MAX = 3;

/** Those of which nobody knows what was delivered, as far as destinations are still to be asked. */
export function unclearBefore(file: string, nowAt: number): readonly MissedOutbox[] {
  const isDue = ({ rows, at }: MissedOutbox) => rows === null && Math.abs(nowAt - at) < UNCLEAR_FOR_MS;
  return accountHistory(file).missed.filter(isDue).slice(-UNCLEAR_MAX);
}

/**
 * Notes that there is no file where there was an outbox. To be called before a new one is made: should that be cut off,
 * the next start finds a file, and by this note that it is not the one which is missed.
 */
export function noteMissing(file: string): void {
  const account = readAccount(file);
  if (account !== undefined && !account.isMissed && !existsSync(file))
    unlessItFails(() => write(file, { ...account, isMissed: true }));
}

/** Whatever is in the file from now on is accounted for by whoever salvages it: it has been moved aside. */
export function closeAccount(file: string): void {
  const account = readAccount(file);
  if (account !== undefined && !account.isMissed) tryWrite(file, { ...account, waiting: [] });
}

export interface AccountedOutbox extends Outbox {
  /** Its file is not there any more: says and notes, for the next start, what waits in it. */
  noteDeleted(): void;
}

export interface AccountOptions {
  readonly file: string;
  readonly world: Pick<World, 'clock' | 'observe'>;
  readonly bootId: string;
}

/**
 * The outbox, with an account of it from now to its end. What is known of one that is missing goes into the ledger of
 * this one before the account tells of anything else, so that a crash in between only repeats it.
 */
export function withAccount(outbox: Outbox, { file, world, bootId }: AccountOptions): AccountedOutbox {
  const at = world.clock.wallMs();
  const before = readAccount(file);
  const missed = before?.isMissed ? missedFrom(before, at) : undefined;
  const entries = missed === undefined ? [] : (before?.waiting ?? []).flatMap(entriesOf);
  if (missed !== undefined && entries.length > 0)
    outbox.restore({ gone: entries.map((one) => ({ ...one, at })) });
  const wasCutOff = before !== undefined && before.waiting === undefined;
  const own = {
    stream: outbox.stream,
    firstSeq: outbox.silences.lastSeq() + 1,
    waitedThen: outbox.waiting(),
    missed: [...(before?.missed ?? []), ...(missed === undefined ? [] : [missed])].slice(-MISSED_KEPT),
    cutOffs: [...(before?.cutOffs ?? []), ...(wasCutOff ? [{ at, bootId }] : [])].slice(-CUT_OFFS_KEPT),
  };
  tryWrite(file, own);
  if (missed !== undefined)
    world.observe({ type: 'outbox.missed', ...missed, waiting: before?.waiting ?? [] });

  function sayDeleted(waiting: readonly WaitingRows[]): void {
    // Rows that its log still has are salvaged by the next start, which names the others.
    const isSalvageable = existsSync(`${file}-wal`);
    tryWrite(file, { ...own, waitedThen: [], waiting, isMissed: !isSalvageable });
    world.observe({ type: 'outbox.deleted', waiting, isSalvageable });
  }
  const ours = {
    noteDeleted: () => sayDeleted(outbox.waiting()),
    close() {
      // What was asked of it after its file had gone is in memory, and counts.
      const waiting = outbox.waiting();
      outbox.close();
      if (existsSync(file)) tryWrite(file, { ...own, waitedThen: [], waiting });
      else sayDeleted(waiting);
    },
  };
  return withCalls(outbox, ours);
}

/** `of`, but for these calls. */
function withCalls<T extends object, C extends object>(of: T, calls: C): T & C {
  return new Proxy(of, {
    get: (target, name): unknown => Reflect.get(name in calls ? calls : target, name),
  }) as T & C;
}

function missedFrom({ stream, firstSeq, waiting, waitedThen }: Account, at: number): MissedOutbox {
  if (waiting === undefined) return { at, stream, firstSeq, rows: null, unclear: waitedThen };
  return {
    at,
    stream,
    firstSeq,
    rows: countOf(normalized(waiting.flatMap(({ seqs }) => seqs))),
    unclear: [],
  };
}

function entriesOf({ destination, stream, seqs }: WaitingRows) {
  return seqs.map(([lo, hi]) => ({ destination, stream, lo, hi, cause: 'deleted' as const }));
}

/** `undefined`: there is none, or somebody else has written there. */
function readAccount(file: string): Account | undefined {
  try {
    return Account.safeParse(JSON.parse(readFileSync(accountOf(file), 'utf8'))).data;
  } catch {
    return undefined;
  }
}

/** A disk that does not take it must not keep a reader from its work; an account of an earlier run would be a lie. */
function tryWrite(file: string, account: z.input<typeof Account>): void {
  try {
    write(file, account);
  } catch {
    unlessItFails(() => rmSync(accountOf(file), { force: true }));
  }
}

function write(file: string, account: z.input<typeof Account>): void {
  const [path, part] = [accountOf(file), `${accountOf(file)}.tmp`];
  // Left by a run that was killed, or a link that would have us write elsewhere.
  rmSync(part, { force: true });
  writeFileSync(part, `${JSON.stringify(account)}\n`, { mode: 0o640, flag: 'wx', flush: true });
  renameSync(part, path);
  syncPath(dirname(path));
}

function unlessItFails(act: () => void): void {
  try {
    act();
  } catch {
    // The disk takes nothing at all: what is lost with it is said by whoever writes readings there.
  }
}
