/** Twins of the runs with kills: each thing that a kill could do to a book of tickets is seen. */

import { expect, it } from 'vitest';
import { auditTickets, NO_BOOK, type TicketsBook } from './tickets-audit.ts';

const KEY = 'file_damaged:store.db';
const BOOK: TicketsBook = {
  tickets: [
    { id: 1, key: KEY, state: 'resolved', flapping: true, recoveredAt: undefined },
    { id: 2, key: KEY, state: 'open', flapping: false, recoveredAt: undefined },
  ],
  changes: [
    { id: 1, ticket: 1, key: KEY, change: 'opened', at: 10 },
    { id: 2, ticket: 1, key: KEY, change: 'resolved', at: 20 },
    { id: 3, ticket: 1, key: KEY, change: 'flapping', at: 30 },
    { id: 4, ticket: 1, key: KEY, change: 'resolved', at: 40 },
    { id: 5, ticket: 2, key: KEY, change: 'opened', at: 50 },
  ],
};
const WELL = {
  before: BOOK,
  now: BOOK,
  said: [{ ticket: 'TKT-1', change: 'flapping' }],
  timesWrong: new Map([[KEY, 3]]),
};
const [first, second] = BOOK.tickets;

it('says nothing of a book that is as it should be', () => {
  expect(auditTickets(WELL)).toEqual([]);
  expect(auditTickets({ ...WELL, before: NO_BOOK })).toEqual([]);
});

it.each([
  ['a line of history is lost', { now: { ...BOOK, changes: BOOK.changes.slice(1) } }, 'not what they were'],
  ['a ticket is lost', { now: { ...BOOK, tickets: [second] } }, 'tickets are lost'],
  [
    'two tickets of a key are unresolved',
    { now: { ...BOOK, tickets: [{ ...first, state: 'open' }, second] } },
    'doubled',
  ],
  [
    'a ticket is resolved twice',
    { now: { ...BOOK, changes: [...BOOK.changes, { ...BOOK.changes[3], id: 6 }] } },
    'the history of',
  ],
  [
    'a ticket is open that its history calls resolved',
    { now: { ...BOOK, tickets: [first, { ...second, state: 'resolved' }] } },
    'is resolved after opened',
  ],
  ['more is opened than was wrong', { timesWrong: new Map([[KEY, 2]]) }, 'wrong 2 times, and opened 3 times'],
  [
    'a monitor has said what is not there',
    { said: [{ ticket: 'TKT-2', change: 'resolved' }] },
    'said and not in the book',
  ],
])('sees that %s', (_, differing, problem) => {
  expect(auditTickets({ ...WELL, ...(differing as object) }).join()).toContain(problem);
});
