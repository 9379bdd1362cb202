import { describe, expect, test } from 'vitest';
import type { FlowEvent, OutcomeKind } from '../flow-event.ts';
import { createBackpressure } from './backpressure.ts';

const opened = (step: number, destination = 'local'): FlowEvent => ({
  type: 'breaker.opened',
  destination,
  failures: 3,
  step,
  pauseMs: 10_000,
  reason: 'refused',
  held: false,
});
const halfOpened = (destination = 'local'): FlowEvent => ({ type: 'breaker.half_opened', destination });
const closed = (destination = 'local'): FlowEvent => ({ type: 'breaker.closed', destination, openMs: 1 });
const delivered = (outcome: OutcomeKind, destination = 'local'): FlowEvent => ({
  type: 'batch.delivered',
  destination,
  lane: 'live',
  outcome,
  rows: 1,
  bytes: 1,
  stored: 1,
  duplicate: 0,
  durationMs: 1,
});
const stored = (destination = 'local') => delivered('stored', destination);

interface Case {
  readonly title: string;
  readonly destinations?: readonly string[];
  readonly baseMs?: number;
  readonly mode?: 'slow' | 'keep';
  readonly events: readonly FlowEvent[];
  /** What was asked of the sampling loop, in order: seconds, or `fresh`. */
  readonly asked: readonly (number | 'fresh')[];
}

const two = ['local', 'remote'];
const TABLE: readonly Case[] = [
  { title: 'asks for nothing while all is well', events: [stored(), stored()], asked: [] },
  { title: 'stays at 10 s on the first step, which is the base', events: [opened(0)], asked: [] },
  {
    title: 'follows the ladder up and stays on its last step',
    events: [opened(0), halfOpened(), opened(1), halfOpened(), opened(2), halfOpened(), opened(2)],
    asked: [30, 60],
  },
  { title: 'takes a step beyond the ladder as its last', events: [opened(9)], asked: [60] },
  { title: 'takes a negative step as the first', events: [opened(-1)], asked: [] },
  {
    title: 'is never faster than a base interval above the ladder',
    baseMs: 120_000,
    events: [opened(2), halfOpened(), stored(), closed()],
    asked: [],
  },
  {
    title: 'slows a fast base on the first step already',
    baseMs: 1_000,
    events: [opened(0)],
    asked: [10],
  },
  {
    title: 'returns to base with a fresh round on the acknowledgement that closes the breaker',
    events: [opened(2), halfOpened(), stored(), closed()],
    asked: [60, 10, 'fresh'],
  },
  {
    title: 'does the same when the breaker closes first',
    events: [opened(2), halfOpened(), closed(), stored()],
    asked: [60, 10, 'fresh'],
  },
  {
    title: 'asks for one fresh round, however many batches are stored after',
    events: [opened(1), halfOpened(), stored(), closed(), stored(), stored()],
    asked: [30, 10, 'fresh'],
  },
  {
    title: 'stays slow while a probe is under way',
    events: [opened(1), halfOpened()],
    asked: [30],
  },
  {
    title: 'stays slow when the API lives but stores nothing: refused',
    events: [opened(1), halfOpened(), delivered('refused'), closed()],
    asked: [30],
  },
  {
    title: 'stays slow when the API lives but stores nothing: misconfigured',
    events: [opened(1), halfOpened(), delivered('misconfigured'), closed()],
    asked: [30],
  },
  {
    title: 'stays slow when the probe finds it unavailable',
    events: [opened(1), halfOpened(), delivered('unavailable')],
    asked: [30],
  },
  {
    title: 'does not believe a late acknowledgement from before the breaker opened',
    events: [opened(1), stored()],
    asked: [30],
  },
  {
    title: 'goes through a second outage as through the first',
    events: [opened(1), halfOpened(), stored(), closed(), opened(0), halfOpened(), opened(1)],
    asked: [30, 10, 'fresh', 30],
  },
  {
    title: 'does not slow while one destination of two is alive',
    destinations: two,
    events: [opened(2, 'remote'), stored('local')],
    asked: [],
  },
  {
    title: 'does not slow a fast base either while one of two is alive, before or after a common outage',
    destinations: two,
    baseMs: 1_000,
    events: [
      opened(2, 'remote'),
      opened(0, 'local'),
      halfOpened('local'),
      stored('local'),
      closed('local'),
      halfOpened('remote'),
      opened(2, 'remote'),
    ],
    asked: [10, 1, 'fresh'],
  },
  {
    title: 'slows when the last destination goes, at the pace of the one that is tried first',
    destinations: two,
    events: [opened(2, 'remote'), opened(1, 'local')],
    asked: [30],
  },
  {
    title: 'slows no further than the one that is tried first',
    destinations: two,
    events: [opened(1, 'local'), opened(1, 'remote'), halfOpened('remote'), opened(2, 'remote')],
    asked: [30],
  },
  {
    title: 'returns to base when the first of two stores again',
    destinations: two,
    events: [
      opened(2, 'remote'),
      opened(2, 'local'),
      halfOpened('remote'),
      stored('remote'),
      closed('remote'),
    ],
    asked: [60, 10, 'fresh'],
  },
  {
    title: 'does not slow again when the other of two fails its probe',
    destinations: two,
    events: [
      opened(2, 'remote'),
      opened(2, 'local'),
      halfOpened('remote'),
      stored('remote'),
      closed('remote'),
      halfOpened('local'),
      opened(2, 'local'),
    ],
    asked: [60, 10, 'fresh'],
  },
  {
    title: 'keeps on at full rate when told to',
    mode: 'keep',
    events: [opened(2), halfOpened(), stored(), closed()],
    asked: [],
  },
  {
    title: 'ignores destinations that it was not told of',
    events: [opened(2, 'stranger'), stored('stranger')],
    asked: [],
  },
];

describe('backpressure', () => {
  test.each(TABLE)(
    '$title',
    ({ destinations = ['local'], baseMs = 10_000, mode = 'slow', events, asked }) => {
      const seen: (number | 'fresh')[] = [];
      const backpressure = createBackpressure({
        baseMs,
        stepsMs: [10_000, 30_000, 60_000],
        mode,
        destinations,
        onPace: (intervalMs) => seen.push(intervalMs / 1_000),
        onFresh: () => seen.push('fresh'),
      });

      for (const event of events) backpressure.observe(event);

      expect(seen).toEqual(asked);
      const lastAsked = seen.filter((one) => one !== 'fresh').at(-1);
      expect(backpressure.intervalMs()).toBe(lastAsked === undefined ? baseMs : Number(lastAsked) * 1_000);
    },
  );
});
