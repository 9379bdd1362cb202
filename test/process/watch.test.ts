/** The watch of the real monitor, beside a real reader and write API: what goes wrong is one ticket, and is resolved. */

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openTicketsReadOnly } from '../../lib/ops/tickets/ticket-view.ts';
import type { ChildProgram, Line } from '../support/child-program.ts';
import { createGateway, type Gateway, isEvent, isStored, type RunningMonitor } from '../support/gateway.ts';

const BREAKER_OPEN = 'breaker_open:local';
const FLAPPING = 'breaker_flapping:local';

/** A reader that gives up after half a second, so that a frozen write API shows within two. */
const HASTY = { SENSORGW_DELIVERY_REQUEST_TIMEOUT: '500ms', SENSORGW_DELIVERY_BATCH_TIMEOUT: '1s' };

/** A monitor that looks once a second, and opens a ticket after three. */
const WATCHFUL = {
  SENSORGW_INVARIANTS_EVERY: '1s',
  SENSORGW_INVARIANTS_BREAKER_OPEN: '3s',
  // Of this machine, not of the gateway.
  SENSORGW_INVARIANTS_SKIP: '[memory_low, cpu_hot, oom_kills, disk_space, disk_slow, program_silent]',
};

const says = (key: string, change: string) => (line: Line) => line.key === key && line.change === change;

function ticketsOf(gateway: Gateway) {
  const view = openTicketsReadOnly(join(gateway.dir, 'tickets.db'));
  try {
    return view.list({ limit: 100 });
  } finally {
    view.close();
  }
}

/** Frozen until the reader has given it up, and whatever `meanwhile` takes. */
async function freeze(api: ChildProgram, reader: ChildProgram, meanwhile: () => Promise<unknown>) {
  const closings = reader.lines.filter(isEvent('breaker.closed')).length;
  const openings = reader.lines.filter(isEvent('breaker.opened')).length;
  api.kill('SIGSTOP');
  await reader.count(isEvent('breaker.opened'), openings + 1);
  await meanwhile();
  api.kill('SIGCONT');
  await reader.count(isEvent('breaker.closed'), closings + 1);
}

test.concurrent('a write API that freezes is one ticket, which resolves once all that has waited is delivered', async ({
  onTestFinished,
}) => {
  const gateway = await createGateway({ onTestFinished });
  const api = await gateway.startApi();
  const reader = await gateway.startReader(HASTY);
  await reader.count(isStored, 2);
  const { program: monitor } = await gateway.startMonitor(WATCHFUL);

  await freeze(api, reader, () => monitor.line(says(BREAKER_OPEN, 'opened')));
  await monitor.line(says(BREAKER_OPEN, 'resolved'));

  expect(ticketsOf(gateway)).toMatchObject([{ key: BREAKER_OPEN, state: 'resolved', severity: 'warning' }]);
});

test.concurrent('a write API that comes and goes is one ticket, and not one each time', async ({
  onTestFinished,
}) => {
  const gateway = await createGateway({ onTestFinished });
  const api = await gateway.startApi();
  const reader = await gateway.startReader(HASTY);
  await reader.count(isStored, 2);
  const { program: monitor } = await gateway.startMonitor({
    ...WATCHFUL,
    SENSORGW_INVARIANTS_BREAKER_OPEN: '1m',
  });

  for (let i = 0; i < 3; i += 1) await freeze(api, reader, async () => {});
  await monitor.line(says(FLAPPING, 'opened'));
  await freeze(api, reader, async () => {});
  await reader.count(isStored, reader.lines.filter(isStored).length + 3);

  expect(ticketsOf(gateway)).toMatchObject([{ key: FLAPPING, state: 'open' }]);
});

test.concurrent('a monitor that is killed while a ticket is open follows it afterwards, and opens no second one', async ({
  onTestFinished,
}) => {
  const gateway = await createGateway({ onTestFinished });
  const api = await gateway.startApi();
  const reader = await gateway.startReader(HASTY);
  await reader.count(isStored, 2);
  const { program: killed } = await gateway.startMonitor(WATCHFUL);
  let next: RunningMonitor | undefined;

  await freeze(api, reader, async () => {
    await killed.line(says(BREAKER_OPEN, 'opened'));
    killed.kill('SIGKILL');
    await killed.exited;
    next = await gateway.startMonitor(WATCHFUL);
  });
  await next?.program.line(says(BREAKER_OPEN, 'resolved'));

  expect(ticketsOf(gateway)).toMatchObject([{ key: BREAKER_OPEN, state: 'resolved' }]);
});
