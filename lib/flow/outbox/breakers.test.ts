import { describe, expect, it } from 'vitest';
import { crashed, tempOutbox } from '../../../test/support/temp-outbox.ts';
import { TRANSITIONS_KEPT } from './outage.ts';

describe('breakers', () => {
  const record = {
    state: 'open',
    streak: 3,
    step: 0,
    reason: 'connect ECONNREFUSED',
    sinceAt: 1_000,
    held: false,
    nextTryAt: 11_000,
  } as const;

  it('are remembered across a crash, with their transitions', () => {
    const { outbox, file, world } = tempOutbox();

    outbox.saveBreaker('local', { ...record, state: 'closed', streak: 2 });
    outbox.saveBreaker('local', record);
    outbox.saveBreaker('local', { ...record, step: 1 });
    outbox.saveBreaker('local', { ...record, state: 'half_open', sinceAt: 2_000 });
    const { outbox: survivor } = tempOutbox({ file: crashed(file), world });

    expect(survivor.breaker('nobody')).toBeUndefined();
    expect(survivor.breaker('local')).toEqual({ ...record, state: 'half_open', sinceAt: 2_000 });
    expect(survivor.breakerTransitions(10)).toEqual([
      { destination: 'local', from: 'open', to: 'half_open', at: 2_000, reason: record.reason, step: 0 },
      { destination: 'local', from: 'closed', to: 'open', at: 1_000, reason: record.reason, step: 0 },
    ]);
  });

  it('keep the last thousand transitions', () => {
    const { outbox } = tempOutbox({ synchronous: 'NORMAL' });

    for (let i = 1; i <= TRANSITIONS_KEPT + 3; i += 1) {
      outbox.saveBreaker('local', { ...record, state: i % 2 === 1 ? 'open' : 'closed', sinceAt: i });
    }

    const kept = outbox.breakerTransitions(5_000);
    expect([kept.length, kept[0]?.at, kept.at(-1)?.at]).toEqual([TRANSITIONS_KEPT, TRANSITIONS_KEPT + 3, 4]);
  });
});
