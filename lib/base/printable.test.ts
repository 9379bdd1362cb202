import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable, printableJson } from './printable.ts';

const CONTROLS = ['\n', '\r', '\u001b[31m', '\u009b31m', '\u007f', '\u0000', '\u202e', '\u2028', '\ufeff'];

describe('printable', () => {
  it('shows a line break instead of making one', () => {
    expect(printable('a\nINFO forged')).toBe('a\\nINFO forged');
  });

  it.each(CONTROLS)('leaves nothing of %j that a terminal would act on', (control) => {
    expect(printable(`a${control}b`)).toMatch(/^a\\.*b$/);
  });

  it('leaves ordinary text of any language alone', () => {
    expect(printable('Büro 温度 21.5 °C 🌡')).toBe('Büro 温度 21.5 °C 🌡');
  });

  it('cuts what is too long', () => {
    expect(printable('x'.repeat(100), 10)).toBe(`${'x'.repeat(9)}…`);
  });
});

describe('printableJson', () => {
  it('changes how the text is written, never what it means', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...CONTROLS))),
        (texts) => {
          const json = printableJson(JSON.stringify(texts));

          expect(JSON.parse(json)).toEqual(texts);
          expect(printable(json)).toBe(json);
        },
      ),
    );
  });
});
