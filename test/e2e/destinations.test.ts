/** Four destinations, three of them unwell in three ways at once: the fourth never notices. */

import { expect, test } from 'vitest';
import { about, batchesBeforeFresh, nothingWaits, until } from '../support/delivery-log.ts';
import { createFaultSite } from '../support/fault-site.ts';
import { isAppended, isEvent, seqsOf, upTo } from '../support/gateway.ts';
import { sizeOf } from '../support/process-size.ts';
import { problem } from '../support/stand-in-api.ts';

const NAMES = ['well', 'refuses', 'stalls', 'fails'] as const;

test('three destinations that fail in three ways cost the fourth nothing, and catch up exactly once', async (context) => {
  const [well, refuses, stalls, fails] = await Promise.all([
    createFaultSite(context),
    createFaultSite(context),
    createFaultSite(context),
    createFaultSite(context),
  ]);
  const sites = [well, refuses, stalls, fails];
  // The one that is well may be slow: its machine runs four others beside.
  const patience: Record<string, string> = { well: ', request_timeout: 20s, batch_timeout: 20s' };
  const list = NAMES.map(
    (name, i) => `{name: ${name}, url: "http://127.0.0.1:${sites[i]?.proxy.port}"${patience[name] ?? ''}}`,
  );
  const env = { SENSORGW_DESTINATIONS: `[${list.join(', ')}]` };
  const reader = await well.startReader(env);
  const of = (name: string) => about(reader.lines, name);
  const settled = () => until(reader, () => NAMES.every((name) => nothingWaits(of(name))));

  await reader.count(isAppended, 2);
  await settled();
  const before = sizeOf(reader.pid);
  await refuses.proxy.mode('refuse');
  await stalls.proxy.mode('stall');
  fails.answer(() => problem(500, 'oops'));
  const sick = NAMES.filter((name) => name !== 'well');
  await until(reader, () => sick.every((name) => of(name).filter(isEvent('breaker.opened')).length >= 3));
  await refuses.proxy.mode('pass');
  await stalls.proxy.mode('pass');
  fails.proxy.target(fails.gateway.port);
  await settled();
  const after = sizeOf(reader.pid);
  const rounds = reader.lines.filter(isAppended).length;
  await reader.count(isAppended, rounds + 2);
  await settled();
  const { accepted, deadLetters, transitions } = await well.gateway.finish(reader, env);

  const waitedFor = batchesBeforeFresh(of('well'));
  expect(waitedFor.length).toBeGreaterThanOrEqual(10);
  expect(Math.max(...waitedFor)).toBeLessThanOrEqual(1);
  expect(of('well').filter((line) => line.outcome === 'unavailable')).toEqual([]);
  for (const name of sick) {
    const opened = of(name).find(isEvent('breaker.opened'));
    expect(opened?.failures).toBe(3);
  }
  expect(new Set(transitions.map(({ destination }) => destination))).toEqual(new Set(sick));
  expect(deadLetters).toEqual([]);
  for (const site of sites) {
    expect(seqsOf(await site.gateway.stored())).toEqual(upTo(accepted));
  }
  // One connection for each lane at the most, whatever was tried in between.
  expect(after.sockets).toBeLessThanOrEqual(before.sockets + NAMES.length);
});
