import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut, drawFrame } from './screen-frame.ts';

const SIZE = { columns: 20, rows: 5 };
const ESCAPE = '\u001b';

describe('a frame', () => {
  it('is drawn in full on a screen of which nothing is known, and then only where it has changed', () => {
    const first = drawFrame([], ['one', 'two'], SIZE);
    const second = drawFrame(first.now, ['one', 'three'], SIZE);

    expect(first.bytes).toBe(
      `${ESCAPE}[H${ESCAPE}[2J${ESCAPE}[1;1Hone${ESCAPE}[K${ESCAPE}[2;1Htwo${ESCAPE}[K`,
    );
    expect(second.bytes).toBe(`${ESCAPE}[2;1Hthree${ESCAPE}[K`);
    expect(drawFrame(second.now, ['one', 'three'], SIZE).bytes).toBe('');
  });

  it('takes away lines that are there no more, and does not take the last character of a full line with it', () => {
    const full = 'x'.repeat(SIZE.columns);
    const before = drawFrame([], ['one', 'two', 'three'], SIZE);

    expect(drawFrame(before.now, ['one'], SIZE).bytes).toBe(
      `${ESCAPE}[2;1H${ESCAPE}[K${ESCAPE}[3;1H${ESCAPE}[K`,
    );
    expect(drawFrame(before.now, [full, 'two', 'three'], SIZE).bytes).toBe(`${ESCAPE}[1;1H${full}`);
  });

  it('shows what a terminal would show of it, whatever was there before', () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '▁', 'ü'), maxLength: 30 });
    const lines = fc.array(line, { maxLength: 8 });
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const first = drawFrame([], before, SIZE);
        const second = drawFrame(first.now, after, SIZE);

        const wanted = after
          .slice(0, SIZE.rows)
          .map((text) => [...text].slice(0, SIZE.columns).join('').trimEnd());
        expect(shownAfter(first.bytes + second.bytes)).toEqual(wanted.join('\n').trimEnd());
      }),
    );
  });
});

describe('a line that is cut', () => {
  it('keeps so many characters, counts no colours, and ends those that it cuts through', () => {
    expect(cut('abcdef', 3)).toBe('abc');
    expect(cut(`${ESCAPE}[31mabc${ESCAPE}[39mdef`, 4)).toBe(`${ESCAPE}[31mabc${ESCAPE}[39md${ESCAPE}[0m`);
    expect(cut(`${ESCAPE}[31mabc${ESCAPE}[39m`, 3)).toBe(`${ESCAPE}[31mabc${ESCAPE}[39m`);
  });
});

/** As much of a terminal as a frame asks for. */
function shownAfter(bytes: string): string {
  let rows: string[][] = [];
  let [row, column] = [0, 0];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what terminals read.
  for (const [part, place, erase] of bytes.matchAll(/\u001b\[(\d+);1H|\u001b\[(K|2J|H)|./gsu)) {
    if (place !== undefined) [row, column] = [Number(place) - 1, 0];
    else if (erase === 'K') rows[row] = (rows[row] ?? []).slice(0, column);
    else if (erase === '2J') rows = [];
    else if (erase === 'H') [row, column] = [0, 0];
    else {
      rows[row] ??= [];
      (rows[row] as string[])[column] = part;
      column = Math.min(column + 1, SIZE.columns - 1);
    }
  }
  const text = Array.from(rows, (cells) =>
    Array.from(cells ?? [], (cell) => cell ?? ' ')
      .join('')
      .trimEnd(),
  );
  return text.join('\n').trimEnd();
}
