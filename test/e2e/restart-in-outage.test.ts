/** A reader that is killed in the middle of an outage goes on where it was, with the built programs. */

import { expect, test } from 'vitest';
import { nothingWaits } from '../support/delivery-log.ts';
import { createFaultSite } from '../support/fault-site.ts';
import { isAppended, isEvent, seqsOf, upTo } from '../support/gateway.ts';
import { problem } from '../support/stand-in-api.ts';

/** The second pause outlasts what the test watches: whatever is asked meanwhile is asked too early. */
const LONG_PAUSE = { SENSORGW_BREAKER_PAUSES: '[1s, 1m]' };

test('a restart in an outage asks once and then waits, and in the end nothing is lost or twice', async (context) => {
  const site = await createFaultSite(context);
  const heard = () => site.standIn.heard.length;
  site.answer(() => problem(503, 'busy'));

  const first = await site.startReader(LONG_PAUSE);
  await first.count(isEvent('breaker.opened'), 2);
  const byFirst = heard();
  first.kill('SIGKILL');
  await first.exited;
  const second = await site.startReader(LONG_PAUSE);
  await second.line(isEvent('breaker.opened'));
  await second.count(isAppended, 5);
  const bySecond = heard() - byFirst;
  second.kill('SIGKILL');
  await second.exited;
  site.proxy.target(site.gateway.port);
  const third = await site.startReader();
  await third.line(isEvent('backlog.drained'));
  const { accepted } = await site.gateway.finish(third);

  expect(byFirst).toBe(3 + 1);
  expect(bySecond).toBe(1);
  expect(second.lines.filter(isEvent('breaker.opened')).map(({ failures }) => failures)).toEqual([5]);
  expect(nothingWaits(second.lines)).toBe(false);
  expect(third.lines.find(isEvent('breaker.closed'))?.msg).toBe('Circuit breaker CLOSED - API recovered');
  expect(seqsOf(await site.gateway.stored())).toEqual(upTo(accepted));
});
