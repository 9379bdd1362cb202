import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../test/support/watch-rig.ts';
import { createEngine, type OpenTicket } from './engine.ts';
import type { Invariant, Verdict } from './invariant.ts';
import type { Look } from './look.ts';

const LOOK_MS = 30_000;
const BROKEN: Verdict = { title: 'it is broken', evidence: {} };
const NOTHING = {
  sources: [],
  destinations: [],
  intervalMs: 1,
  diskReserveBytes: 0,
  clockTrust: 'auto',
} as const;

/** An invariant of one thing that is judged as the test says. */
function judged(differing: Partial<Invariant> & { judge: Invariant['judge'] }): Invariant {
  return {
    name: 'thing',
    about: 'It is well.',
    severity: 'warning',
    hint: 'Look.',
    opens: { seen: 3, of: 5 },
    resolvesAfter: 5,
    parents: [],
    subjects: () => [''],
    ...differing,
  };
}

/** An engine beside a book that does as it is told, look by look. */
function watching(invariants: readonly Invariant[]) {
  let look = 0;
  let engine = createEngine({ invariants, limits: LIMITS });
  const open = new Map<string, OpenTicket>();
  const opened: string[] = [];
  return {
    open,
    opened,
    restart() {
      engine = createEngine({ invariants, limits: LIMITS });
    },
    look(differing: Partial<Look> = {}) {
      look += 1;
      const at = look * LOOK_MS;
      const seen: Look = { at, atMono: at, watched: NOTHING, unanswered: [], ...differing };
      const checked = engine.check(seen, [...open.values()]);
      for (const finding of checked.findings) {
        if (!open.has(finding.key)) opened.push(finding.key);
        open.set(finding.key, finding);
      }
      for (const { key } of checked.recovered) open.delete(key);
      return checked;
    },
  };
}

/** b: broken, w: whole, u: unknown. */
const asVerdict = (letter: string): Verdict =>
  letter === 'b' ? BROKEN : letter === 'w' ? 'whole' : 'unknown';

function run(letters: string) {
  let now = 0;
  const watch = watching([judged({ judge: () => asVerdict(letters[now] ?? 'u') })]);
  const states = [...letters].map((_letter, i) => {
    now = i;
    watch.look();
    return watch.open.size === 1;
  });
  return { states, opened: watch.opened.length };
}

describe('N of M, and hysteresis', () => {
  it.each([
    ['bbb', [false, false, true]],
    ['bwbwb', [false, false, false, false, true]],
    ['bwwbwwb', [false, false, false, false, false, false, false]],
    ['bububu', [false, false, false, false, true, true]],
    ['bbbwwww', [false, false, true, true, true, true, true]],
    ['bbbwwwww', [false, false, true, true, true, true, true, false]],
    ['bbbwwuww' + 'w', [false, false, true, true, true, true, true, true, false]],
    ['bbbwwwwbwwwww', [...'..#########'].map((one) => one === '#').concat(true, false)],
  ])('%s', (letters, states) => {
    expect(run(letters).states).toEqual(states);
  });

  const letters = fc.array(fc.constantFrom('b', 'w', 'u'), { maxLength: 25 }).map((all) => all.join(''));

  it('a ticket opens only on three broken of the last five that could tell, and never in a look that is not broken', () => {
    fc.assert(
      fc.property(letters, (text) => {
        const { states } = run(text);
        for (const [i, isOpen] of states.entries()) {
          if (!isOpen || states[i - 1] === true) continue;
          const known = [...text.slice(0, i + 1)].filter((one) => one !== 'u').slice(-5);
          expect(text[i]).toBe('b');
          expect(known.filter((one) => one === 'b').length).toBeGreaterThanOrEqual(3);
        }
      }),
    );
  });

  it('it closes only after five whole ones with none broken between them, and then always', () => {
    fc.assert(
      fc.property(letters, (text) => {
        const { states } = run(text);
        for (const [i, isOpen] of states.entries()) {
          const known = [...text.slice(0, i + 1)].filter((one) => one !== 'u');
          const isWell = known.slice(-5).join('') === 'wwwww';
          if (isWell) expect(isOpen).toBe(false);
          if (!isOpen && states[i - 1] === true) expect(isWell).toBe(true);
        }
      }),
    );
  });

  it('looks that cannot tell change nothing, wherever they are put in', () => {
    fc.assert(
      fc.property(letters, (text) => {
        const last = (one: string) => run(one).states.at(-1) ?? false;

        expect(last(`${text}u`)).toBe(last(text));
        expect(run(text).opened).toBe(run(text.replaceAll('u', '')).opened);
      }),
    );
  });

  it('what was seen a quarter of an hour ago does not help to open a ticket', () => {
    const unknown = 'u'.repeat(31);

    expect(run(`bb${unknown}b`).opened).toBe(0);
    expect(run('bbub').opened).toBe(1);
  });
});

describe('after a restart', () => {
  it('a ticket of before is followed: it is counted at once, and resolves after as many looks as ever', () => {
    let verdict: Verdict = BROKEN;
    const watch = watching([judged({ judge: () => verdict })]);
    for (let i = 0; i < 3; i += 1) watch.look();

    watch.restart();
    expect(watch.look().findings).toMatchObject([{ key: 'thing' }]);
    verdict = 'whole';
    watch.restart();
    for (let i = 0; i < 4; i += 1) expect(watch.look().recovered).toEqual([]);

    expect(watch.look().recovered).toMatchObject([{ key: 'thing' }]);
  });

  it('tickets of what is no longer configured, or no longer an invariant, are resolved with that reason', () => {
    const watch = watching([judged({ judge: ({ subject }) => (subject === '' ? 'whole' : 'gone') })]);
    watch.open.set('thing:old', { key: 'thing:old', invariant: 'thing', subject: 'old' });
    watch.open.set('former', { key: 'former', invariant: 'former', subject: '' });

    expect(watch.look().recovered).toEqual([
      { key: 'thing:old', reason: 'no longer configured' },
      { key: 'former', reason: 'no longer configured' },
    ]);
  });

  it('one that somebody has closed while it is broken is opened again with the next look', () => {
    const watch = watching([judged({ judge: () => BROKEN })]);
    for (let i = 0; i < 3; i += 1) watch.look();

    watch.open.clear();
    watch.look();

    expect(watch.opened).toEqual(['thing', 'thing']);
  });
});

describe('parents', () => {
  const always = { opens: { seen: 1, of: 1 }, resolvesAfter: 1 };
  const bus = (verdict: () => Verdict) => judged({ name: 'bus', ...always, judge: verdict });
  const sensors = judged({
    name: 'sensor',
    ...always,
    parents: ['bus'],
    subjects: () => ['a', 'b', 'b/part'],
    judge: () => BROKEN,
  });

  it('a bus that is down is one ticket, and not one for each of its sensors', () => {
    const watch = watching([bus(() => BROKEN), sensors]);

    watch.look();

    expect(watch.opened).toEqual(['bus']);
  });

  it('without parents it would be a storm', () => {
    const watch = watching([bus(() => BROKEN), { ...sensors, parents: [] }]);

    watch.look();

    expect(watch.opened).toEqual(['bus', 'sensor:a', 'sensor:b', 'sensor:b/part']);
  });

  it('it explains what it says that it explains, with all its parts, and no more', () => {
    const watch = watching([bus(() => ({ title: 'down', evidence: {}, explains: ['b'] })), sensors]);

    watch.look();

    expect(watch.opened).toEqual(['bus', 'sensor:a']);
  });

  it('one that is skipped explains nothing, and its tickets are resolved', () => {
    const engine = createEngine({
      invariants: [bus(() => BROKEN), sensors],
      limits: LIMITS,
      skip: ['bus'],
    });
    const look = { at: 1, atMono: 1, watched: NOTHING, unanswered: [] };

    const { findings, recovered } = engine.check(look, [{ key: 'bus', invariant: 'bus', subject: '' }]);

    expect(findings.map(({ key }) => key)).toEqual(['sensor:a', 'sensor:b', 'sensor:b/part']);
    expect(recovered).toEqual([{ key: 'bus', reason: 'no longer configured' }]);
  });

  it('grandchildren are explained, too, and a ticket that is not over goes on explaining', () => {
    let verdict: Verdict = BROKEN;
    const child = judged({ name: 'child', ...always, parents: ['bus'], judge: () => 'unknown' });
    const grandchild = judged({ name: 'grandchild', ...always, parents: ['child'], judge: () => BROKEN });
    const watch = watching([bus(() => verdict), child, grandchild]);

    watch.look();
    verdict = 'unknown';
    watch.look();
    expect(watch.opened).toEqual(['bus']);
    verdict = 'whole';
    watch.look();

    expect(watch.opened).toEqual(['bus', 'grandchild']);
  });

  it('a child that was told of before its parent broke is neither counted nor resolved meanwhile', () => {
    let verdict: Verdict = 'whole';
    const watch = watching([bus(() => verdict), sensors]);
    watch.look();
    verdict = BROKEN;

    const { findings, recovered } = watch.look();

    expect(findings.map(({ key }) => key)).toEqual(['bus']);
    expect(recovered).toEqual([]);
    expect(watch.open.size).toBe(4);
  });

  it.each([
    ['a parent that comes after its child', [judged({ judge: () => 'whole', parents: ['later'] })]],
    ['two of a name', [judged({ judge: () => 'whole' }), judged({ judge: () => 'whole' })]],
    ['one that would resolve before it forgets', [judged({ judge: () => 'whole', resolvesAfter: 4 })]],
  ])('refuses %s', (_what, invariants) => {
    expect(() => createEngine({ invariants, limits: LIMITS })).toThrow(TypeError);
  });
});
