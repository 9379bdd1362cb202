import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseTicketName, ticketName } from './ticket-name.ts';

it('what a ticket is called leads back to it, in any spelling that people use', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999_999_999_999_999 }), (id) => {
      for (const text of [ticketName(id), `tkt-${id}`, String(id)]) expect(parseTicketName(text)).toBe(id);
    }),
  );
});

it.each(['', '0', '012', 'TKT', 'TKT-0', 'TKT--1', '1e3', ' 1', '1 ', '0x1', '1234567890123456'])(
  '"%s" is none',
  (text) => {
    expect(parseTicketName(text)).toBeUndefined();
  },
);
