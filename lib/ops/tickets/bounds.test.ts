import fc from 'fast-check';
import { expect, it } from 'vitest';
import { someFinding } from '../../../test/support/ticket-rig.ts';
import { bounded, cut } from './bounds.ts';

const EVIDENCE_BYTES_MAX = 4_096;

const evidenceOf = (evidence: Record<string, unknown>): Record<string, unknown> =>
  JSON.parse(bounded(someFinding({ evidence })).evidence);

it('whatever the evidence is, what is kept is JSON within its bound, and each part is whole or named as left out', () => {
  const evidence = fc.dictionary(
    fc.string({ minLength: 1, maxLength: 60 }).filter((name) => name !== 'left_out'),
    fc.oneof(fc.jsonValue(), fc.string({ minLength: 1_000, maxLength: 6_000 })),
    { maxKeys: 12 },
  );

  fc.assert(
    fc.property(evidence, (found) => {
      const text = bounded(someFinding({ evidence: found })).evidence;
      const kept: Record<string, unknown> = JSON.parse(text);

      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(EVIDENCE_BYTES_MAX);
      const lost = Object.keys(found).filter((name) => !Object.hasOwn(kept, name));
      expect(lost.length === 0).toBe(!Object.hasOwn(kept, 'left_out'));
      for (const [name, value] of Object.entries(kept))
        if (name !== 'left_out') expect(value).toEqual(JSON.parse(JSON.stringify(found[name])));
    }),
  );
});

it('keeps the small parts and names the large ones', () => {
  expect(evidenceOf({ page: 'x'.repeat(9_000), rows: 312, why: 'no answer' })).toEqual({
    rows: 312,
    why: 'no answer',
    left_out: ['page'],
  });
});

it('what cannot be written as JSON is said to be there', () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;

  expect(evidenceOf({ cycle, big: 1n, nothing: undefined })).toEqual({
    cycle: 'cannot be shown',
    big: 'cannot be shown',
    nothing: null,
  });
});

it('cuts texts that are too long, and no character in two', () => {
  expect(cut('short', 5)).toBe('short');
  expect(cut('longer', 5)).toBe('long…');
  expect(cut('abc\u{1f600}efg', 5)).toBe('abc…');
  expect(bounded(someFinding({ title: 'x'.repeat(500) })).title).toHaveLength(240);
});
