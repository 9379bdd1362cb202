/** What is wrong within a body: texts that are nearly JSON, JSON that is nearly a batch, and bytes that are neither. */

import fc from 'fast-check';

export const anyNumber = fc.oneof(
  fc.integer({ min: -2, max: 40 }),
  fc.constantFrom(0.5, 1e308, -1e308, 2 ** 53, 253_402_300_800_000),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** Written in the place of a number or a word: what JSON has not, and what it has and nobody expects. */
const LITERALS = [
  'NaN',
  'Infinity',
  '-Infinity',
  'undefined',
  '1e400',
  '-1e400',
  '1e-400',
  '1e1000000000',
  '9007199254740993',
  '99999999999999999999999999',
  '-0',
  '-1',
  '0x10',
  '007',
  '.5',
  '1.',
  '1_000',
  "'1'",
  'true',
  'null',
  '[]',
  '{}',
  '""',
  '"1"',
  '"\\ud800"',
  '"\\udfff\\ud800"',
  '"\\u0000"',
  '"../../../etc/passwd"',
  '"\' OR 1=1 --"',
  '"\\u001b[2J"',
  '{"toString":1}',
  '[[[[[[[[1]]]]]]]]',
] as const;

/** Put at the beginning of an object: names that prototypes are poisoned by, and names that come twice. */
const ENTRIES = [
  '"__proto__":{"gateway":"x"},',
  '"\\u005f_proto__":{"x":1},',
  '"constructor":{"prototype":{"x":1}},',
  '"__proto__":null,',
  '"stream":"twicestream",',
  '"readings":[[1,0,1,1]],',
  '"gateway":"attic","gateway":"cellar",',
  '"hasOwnProperty":1,',
  '"":1,',
  '"toJSON":1,',
] as const;

const WHOLE = [
  '',
  ' ',
  '\ufeff',
  'null',
  '"text"',
  '[]',
  '[[]]',
  '{}',
  '{"":{}}',
  '['.repeat(20_000),
  '{"a":'.repeat(5_000),
  `"${'x'.repeat(10_000)}"`,
  '/* a comment */ {}',
  '{"readings":[,]}',
] as const;

/** Made once: what it is made of takes fast-check a tenth of a second. */
const ANY_JSON = fc.json({ maxDepth: 2 });
export const anyValue = fc.jsonValue({ maxDepth: 1 });

/** Any text with something done to it. */
export function spoiled(text: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  const anywhere = fc.nat({ max: 100_000 });
  return fc
    .oneof(
      { weight: 6, arbitrary: fc.tuple(text, anywhere, fc.constantFrom(...LITERALS)).map(withLiteral) },
      {
        weight: 3,
        arbitrary: fc
          .tuple(text, fc.constantFrom(...ENTRIES))
          .map(([whole, entry]) => whole.replace('{', `{${entry}`)),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(text, fc.constantFrom(...ENTRIES), anywhere)
          .map(
            ([whole, entry, at]) =>
              `${whole.slice(0, at % whole.length)}${entry}${whole.slice(at % whole.length)}`,
          ),
      },
      // Cut off, or with some bytes changed: what a broken link makes of a good request.
      {
        weight: 2,
        arbitrary: fc.tuple(text, anywhere).map(([whole, at]) => whole.slice(0, at % whole.length)),
      },
      { weight: 3, arbitrary: fc.tuple(text, anywhere, fc.uint8Array({ maxLength: 3 })).map(withBytes) },
      { weight: 1, arbitrary: fc.constantFrom(...WHOLE) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) },
      { weight: 1, arbitrary: ANY_JSON },
      { weight: 1, arbitrary: text.map((whole) => `\ufeff${whole}`) },
    )
    .map((made) => (typeof made === 'string' ? Buffer.from(made) : Buffer.from(made)));
}

/** In the place of one of the numbers and words in it, chosen by `at`. */
function withLiteral([text, at, literal]: [string, number, string]): string {
  const places = [...text.matchAll(/-?\d+(\.\d+)?([eE][+-]?\d+)?|"[^"]*"(?!:)/g)];
  const place = places[at % Math.max(1, places.length)];
  if (place === undefined) return literal;
  return text.slice(0, place.index) + literal + text.slice(place.index + place[0].length);
}

function withBytes([text, at, bytes]: [string, number, Uint8Array]): Buffer {
  const whole = Buffer.from(text);
  const index = at % whole.length;
  return Buffer.concat([whole.subarray(0, index), bytes, whole.subarray(index + 1)]);
}
