/**
 * What the answers have promised, and whether the store keeps it. Every seq that was called stored must be there
 * once, with the value that the request said which was answered so; and nothing else may be there at all.
 */

import { expect } from 'vitest';
import { BatchRequest } from '../../lib/flow/batch.ts';
import { BatchAnswer, FLAG, ProblemAnswer, ReadingsAnswer } from '../../lib/flow/reading.ts';
import { openStoreReadOnly } from '../../lib/flow/write-api/store/sqlite-reader.ts';
import type { HostileRequest } from './hostile-requests.ts';
import { BATCHES } from './paths.ts';
import type { Answer } from './wire.ts';

export interface Ledger {
  /** Takes an answer down. Throws if no honest server could have given it. */
  take(request: HostileRequest, answer: Answer): void;
  /** How often each was met: statuses, codes of problems, and of refused readings. */
  readonly met: ReadonlyMap<string, number>;
  /** Holds the store against all that was taken down. */
  audit(file: string): Promise<void>;
}

/** By seq, and not by ranges: they are scattered, and a set of ranges would be walked through with each answer. */
interface Stream {
  /** What readings were said to be that are stored as they were; `undefined`: in another form. */
  readonly stored: Map<number, number | undefined>;
  /** Called stored or a duplicate. A duplicate may be new as a seq: what it says is there in another form. */
  readonly named: Set<number>;
}

/** Promised with a Retry-After: neither is a fault. */
const BUSY_CODES = new Set(['overloaded', 'store_busy']);

export function createLedger(): Ledger {
  const met = new Map<string, number>();
  const streams = new Map<string, Stream>();

  const count = (what: string) => met.set(what, (met.get(what) ?? 0) + 1);

  function streamOf(name: string): Stream {
    let stream = streams.get(name);
    if (stream === undefined) {
      stream = { stored: new Map(), named: new Set() };
      streams.set(name, stream);
    }
    return stream;
  }

  /** Every seq of a request is in exactly one part of its answer, and nothing is called stored twice, ever. */
  function note(
    name: string,
    { stored, duplicate, refused }: BatchAnswer,
    values: ReadonlyMap<number, number>,
  ) {
    const stream = streamOf(name);
    const told = new Set<number>();
    const tell = (seq: number) => {
      if (told.has(seq)) throw new Error(`${seq} is in two parts of the answer`);
      told.add(seq);
    };
    for (const { seq, code } of refused) {
      tell(seq);
      count(code);
    }
    for (const seq of seqsIn(duplicate)) {
      tell(seq);
      stream.named.add(seq);
    }
    for (const seq of seqsIn(stored)) {
      tell(seq);
      if (stream.stored.has(seq)) throw new Error(`${name} ${seq} was called stored before`);
      stream.stored.set(seq, values.get(seq));
      stream.named.add(seq);
    }
  }

  function takeBatch(text: string, body: unknown, isGuarded: boolean): void {
    const said = BatchRequest.parse(jsonOf(text));
    if (isGuarded) expect(said.gateway).toBe('attic');
    const values = said.readings.flatMap(([seq, , , value, flags = 0]): [number, number][] =>
      (flags & FLAG.thinned) === 0 ? [[seq, value]] : [],
    );
    note(said.stream, BatchAnswer.parse(body), new Map(values));
  }

  return {
    met,
    take(request, answer) {
      const { status, headers } = answer;
      count(String(status));
      expect(headers.has('sensorgw-api')).toBe(true);
      // 1xx and 2xx, or a problem.
      if (status >= 300) {
        if (request.method === 'HEAD') return;
        const { code } = ProblemAnswer.parse(JSON.parse(answer.body));
        count(code);
        if (status >= 500) {
          expect(BUSY_CODES).toContain(code);
          expect(headers.get('retry-after')).toMatch(/^\d+$/);
        }
        if (request.path === BATCHES && code === 'body_invalid')
          expect(isWellFormed(request.text)).toBe(false);
        return;
      }
      expect(status).toBe(200);
      if (request.method === 'HEAD') return;
      const body: unknown = JSON.parse(answer.body);
      if (typeof body !== 'object' || body === null) throw new Error(`not an object: ${answer.body}`);
      // Whether it is well is everybody's business.
      if ('status' in body) return;
      expect(request.mayEnter).toBe(true);
      if ('results' in body) {
        for (const { stream, ...result } of ReadingsAnswer.parse(body).results)
          note(stream, result, NO_VALUES);
      } else if ('stored' in body) {
        takeBatch(request.text, body, request.door === 'port');
      }
    },
    async audit(file) {
      const reader = openStoreReadOnly(file);
      let found = 0;
      for await (const { stream, seq, value, flags } of reader.readings({ sinceAt: 0 })) {
        found += 1;
        const said = streams.get(stream)?.stored;
        const wanted = (flags & FLAG.thinned) === 0 ? (said?.get(seq) ?? value) : value;
        // Plain comparisons: a call of `expect` for each of millions takes longer than all requests.
        if (said?.has(seq) !== true || value !== wanted || !Number.isFinite(value))
          throw new Error(`${stream} ${seq} is stored as ${value}, and ${wanted} was called stored`);
      }
      const all = [...streams.values()];
      expect(found).toBe(all.reduce((sum, { stored }) => sum + stored.size, 0));
      expect((await reader.summary()).received).toBe(all.reduce((sum, { named }) => sum + named.size, 0));
      await reader.close();
    },
  };
}

const NO_VALUES: ReadonlyMap<number, number> = new Map();

function* seqsIn(ranges: readonly (readonly [lo: number, hi: number])[]): Generator<number> {
  for (const [lo, hi] of ranges) for (let seq = lo; seq <= hi; seq += 1) yield seq;
}

/** As the server reads it: a mark of the byte order before it is none of its words. */
function jsonOf(text: string): unknown {
  return JSON.parse(text.replace(/^\ufeff/, ''));
}

/** By the schemas alone: an opinion that owes nothing to the check by hand. */
function isWellFormed(text: string): boolean {
  return BatchRequest.safeParse(jsonOf(text)).success;
}
