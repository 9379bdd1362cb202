import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { stateAfter } from './moves.ts';
import { TICKET_MOVES, TICKET_STATES } from './ticket.ts';

/** Every pair that is legal, as the document has it; `held` and `released` also ask for the mark. */
const LEGAL = new Map(
  [...readDocument().matchAll(/^\| (\w+) \| [^|]+ \| ([\w, ]*)\|$/gm)].map(([, state, moves]) => [
    state,
    moves?.trim().split(', ') ?? [],
  ]),
);

function readDocument(): string {
  return readFileSync(join(import.meta.dirname, '../../../docs/tickets.md'), 'utf8');
}

it('docs/tickets.md has a row for each state', () => {
  for (const state of TICKET_STATES) expect(LEGAL.has(state), state).toBe(true);
});

const CASES = TICKET_STATES.flatMap((state) =>
  TICKET_MOVES.flatMap((move) => [true, false].map((held) => ({ state, move, held }))),
);

it.each(CASES)('$state, held $held: $move', ({ state, move, held }) => {
  const legal =
    LEGAL.get(state)?.includes(move) === true &&
    !(move === 'held' && held) &&
    !(move === 'released' && !held);
  const after = () => stateAfter({ id: 12, state, held }, move, 'a fuse');

  if (!legal) {
    expect(after).toThrow(
      expect.objectContaining({ code: 'SGW_TICKET_MOVE', message: expect.stringContaining('TKT-12') }),
    );
  } else if (move === 'held' || move === 'released') expect(after()).toBe(state);
  else expect(after()).toBe(move);
});

it.each([undefined, '', '  '])('a diagnosis without words (%j) is none', (note) => {
  expect(() => stateAfter({ id: 1, state: 'open', held: false }, 'diagnosed', note)).toThrow(
    expect.objectContaining({ code: 'SGW_TICKET_MOVE' }),
  );
});
