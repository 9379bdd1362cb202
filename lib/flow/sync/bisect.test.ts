import fc from 'fast-check';
import { expect, test } from 'vitest';
import { normalized, rangesOfSeqs, seqsOf } from '../seq-ranges.ts';
import { narrowed, type Piece, rowsToTry, type Suspects, suspectsIn } from './bisect.ts';

/** Plays the search against a server that turns away whatever has a culprit in it. Counts the requests. */
function search(seqs: readonly number[], culprits: ReadonlySet<number>) {
  const unacknowledged = new Set(seqs);
  let requests = 0;
  const send = (piece: Piece) => {
    requests += 1;
    const accepted = ![...seqsOf(piece.seqs)].some((seq) => culprits.has(seq));
    if (accepted) for (const seq of seqsOf(piece.seqs)) unacknowledged.delete(seq);
    return accepted;
  };
  const pieceOf = (rows: number[]): Piece => ({ seqs: rangesOfSeqs(rows), rows: rows.length });

  let suspects: Suspects | undefined = suspectsIn(pieceOf([...seqs]));
  send(pieceOf([...seqs]));
  while (suspects !== undefined) {
    const [lo, hi] = suspects.within;
    const waiting = [...unacknowledged].filter((seq) => seq >= lo && seq <= hi).sort((a, b) => a - b);
    const piece = pieceOf(waiting.slice(0, rowsToTry(suspects)));
    const accepted = send(piece);
    if (!accepted && piece.rows === 1) return { requests, found: piece.seqs[0]?.[0], unacknowledged };
    suspects = narrowed(suspects, piece, accepted);
  }
  return { requests, found: undefined, unacknowledged };
}

test('one culprit among 1000 is found with at most 12 requests, wherever it is', () => {
  const seqs = Array.from({ length: 1_000 }, (_, i) => i + 1);

  const worst = Math.max(
    ...seqs.map((culprit) => {
      const { requests, found } = search(seqs, new Set([culprit]));
      expect(found).toBe(culprit);
      return requests;
    }),
  );

  expect(worst).toBeLessThanOrEqual(12);
});

test('of several culprits, in any set with holes, it finds one', () => {
  const seqs = fc.uniqueArray(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(seqs, fc.array(fc.nat(), { minLength: 1, maxLength: 5 }), (unsorted, picks) => {
      const sorted = unsorted.toSorted((a, b) => a - b);
      const culprits = new Set(picks.map((pick) => sorted[pick % sorted.length] as number));

      const { requests, found, unacknowledged } = search(sorted, culprits);

      expect(culprits).toContain(found);
      expect(requests).toBeLessThanOrEqual(Math.ceil(Math.log2(sorted.length)) + 2);
      for (const culprit of culprits) expect(unacknowledged).toContain(culprit);
    }),
  );
});

test('a server that changes its mind leaves nobody under suspicion', () => {
  let suspects = suspectsIn({ seqs: normalized([[1, 8]]), rows: 8 });
  for (const seqs of [
    [1, 4],
    [5, 6],
    [7, 7],
    [8, 8],
  ] as const) {
    expect(suspects).toBeDefined();
    if (suspects !== undefined)
      suspects = narrowed(suspects, { seqs: [seqs], rows: seqs[1] - seqs[0] + 1 }, true);
  }
  expect(suspects).toBeUndefined();
});

test('an empty batch has no suspects', () => {
  expect(suspectsIn({ seqs: [], rows: 0 })).toBeUndefined();
});
