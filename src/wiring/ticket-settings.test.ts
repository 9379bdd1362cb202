import { expect, it } from 'vitest';
import { FLAPPING } from '../../lib/ops/tickets/flapping.ts';
import { KEEP_MS } from '../../lib/ops/tickets/retention.ts';
import { loadConfig } from './config.ts';

const load = (environment: Record<string, string>) =>
  loadConfig({ environment, hostName: 'attic', usualFile: '/nonexistent' }).config;

it('has the rule that the ticket book has when nothing is said', () => {
  expect(load({}).tickets).toEqual({ keepMs: KEEP_MS, flapping: FLAPPING });
});

it('refuses less quiet than the time in which openings are counted, and names both', () => {
  const short = { SENSORGW_TICKETS_FLAPPING_QUIET: '2m', SENSORGW_TICKETS_FLAPPING_WITHIN: '4m' };

  expect(() => load(short)).toThrow(
    expect.objectContaining({
      code: 'SGW_CONFIG_INVALID',
      message: expect.stringContaining('tickets.flapping.quiet (120 s) is less than'),
    }),
  );
  expect(load({ ...short, SENSORGW_TICKETS_FLAPPING_QUIET: '4m' }).tickets.flapping.quietMs).toBe(240_000);
});
