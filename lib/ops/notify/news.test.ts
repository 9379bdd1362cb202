import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Severity, TicketChange } from '../tickets/ticket.ts';
import { isDue, isNews, type News, rankOf, type TicketFacts, type Told, toldOf, withChange } from './news.ts';

const INTERVAL_MS = 3_600_000;

const TICKET: TicketFacts = {
  id: 1,
  key: 'sensor_silent:climate',
  severity: 'warning',
  title: 'climate is silent',
  hint: '',
  flapping: false,
  firstSeenAt: 0,
  resolvedAt: undefined,
};

interface Step {
  readonly afterMs: number;
  readonly change: 'came' | 'worsened' | 'over' | 'none';
  readonly severity: Severity;
  readonly isQuiet: boolean;
}

const steps = fc.array(
  fc.record<Step>({
    afterMs: fc.integer({ min: 1, max: INTERVAL_MS }),
    change: fc.constantFrom('came', 'worsened', 'over', 'none'),
    severity: fc.constantFrom('info', 'warning', 'critical'),
    isQuiet: fc.boolean(),
  }),
  { maxLength: 60 },
);

interface Said {
  readonly at: number;
  readonly isOpen: boolean;
  readonly severity: Severity;
  /** It answers one that was told to be wrong. */
  readonly answers: boolean;
  readonly isQuiet: boolean;
}

/** One thing, lived through: changes as a book would make them, and what is told of it by the rules. */
function live(
  given: readonly Step[],
  due: typeof isDue,
): { said: Said[]; isOpen: boolean; told: Told | undefined } {
  const said: Said[] = [];
  let news: News | undefined;
  let told: Told | undefined;
  let [at, isOpen] = [0, false];
  let severity: Severity = 'info';
  const quietlyOver: Step[] = [
    { afterMs: 2 * INTERVAL_MS, change: 'none', severity: 'info', isQuiet: false },
  ];
  for (const step of [...given, ...quietlyOver]) {
    at += step.afterMs;
    const change = legal(step, isOpen, severity);
    if (change === 'opened') severity = step.severity;
    if (change === 'worsened') severity = step.severity;
    if (change !== undefined) {
      isOpen = change !== 'resolved';
      news = withChange(news, { change, at, ticket: { ...TICKET, severity } });
    }
    if (news === undefined || !due(news, told, { nowAt: at, intervalMs: INTERVAL_MS, isQuiet: step.isQuiet }))
      continue;
    const answers = !news.isOpen && told?.isOpen === true;
    said.push({ at, isOpen: news.isOpen, severity, answers, isQuiet: step.isQuiet });
    told = toldOf(news, told, at);
    news = undefined;
  }
  return { said, isOpen, told };
}

function legal(
  { change, severity }: Step,
  isOpen: boolean,
  now: Severity,
): TicketChange['change'] | undefined {
  if (change === 'came') return isOpen ? undefined : 'opened';
  if (change === 'over') return isOpen ? 'resolved' : undefined;
  return change === 'worsened' && isOpen && rankOf(severity) > rankOf(now) ? 'worsened' : undefined;
}

/** Two that were told too close to each other: in an interval only what is worse may follow. */
function tooClose(said: readonly Said[]): boolean {
  const wrong = said.filter(({ answers }) => !answers);
  return wrong.some((one, i) => {
    const before = wrong[i - 1];
    if (before === undefined || one.at - before.at >= INTERVAL_MS) return false;
    return rankOf(one.severity) <= rankOf(before.severity);
  });
}

it('a thing is told to be wrong once in an interval, unless it is worse, and each of these is answered once', () => {
  fc.assert(
    fc.property(steps, (given) => {
      const { said } = live(given, isDue);
      expect(tooClose(said)).toBe(false);
      for (const [i, one] of said.entries()) if (one.answers) expect(said[i - 1]?.isOpen).toBe(true);
    }),
    { numRuns: 500 },
  );
});

it('what was told last is what is true, however it came and went', () => {
  fc.assert(
    fc.property(steps, (given) => {
      const { told, isOpen } = live(given, isDue);
      expect(told?.isOpen ?? false).toBe(isOpen);
    }),
    { numRuns: 500 },
  );
});

it('nothing but what is critical is told while it is quiet', () => {
  fc.assert(
    fc.property(steps, (given) => {
      for (const one of live(given, isDue).said) if (one.isQuiet) expect(one.severity).toBe('critical');
    }),
    { numRuns: 500 },
  );
});

it('without the interval a thing that flaps would be told each time', () => {
  const flapping = Array.from(
    { length: 10 },
    (_, i): Step => ({
      afterMs: 1_000,
      change: i % 2 === 0 ? 'came' : 'over',
      severity: 'warning',
      isQuiet: false,
    }),
  );

  expect(tooClose(live(flapping, () => true).said)).toBe(true);
  expect(live(flapping, isDue).said.length).toBeLessThan(4);
});

it('what a person does to a ticket is no news', () => {
  for (const change of ['acknowledged', 'diagnosed', 'held', 'released'] as const) {
    expect(isNews({ change })).toBe(false);
    expect(withChange(undefined, { change, at: 0, ticket: TICKET })).toBeUndefined();
  }
});
