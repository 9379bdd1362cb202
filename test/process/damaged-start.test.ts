/**
 * An outbox that opens, and turns out to be damaged while the reader is still starting: a clean stop is followed by no
 * check, and the first to ask for the page is whoever reads how the breaker stood.
 */

import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startProgram } from '../support/child-program.ts';
import { createGateway, isStored } from '../support/gateway.ts';
import { rawOutbox } from '../support/temp-outbox.ts';

const PAGE_BYTES = 4_096;

test('a reader that meets damage in its start says so and exits 74, and the next start replaces the file', async ({
  onTestFinished,
}) => {
  const gateway = await createGateway({ onTestFinished });
  await gateway.startApi();
  const first = await gateway.startReader();
  await first.count(isStored, 2);
  first.kill('SIGTERM');
  await first.exited;
  const before = await gateway.stored();
  spoilTable(join(gateway.dir, 'outbox.db'), 'breakers');

  const met = startProgram('sensor-main', { env: gateway.env, onTestFinished });
  const exit = await met.exited;
  const next = await gateway.startReader();
  await next.count(isStored, 2);
  next.kill('SIGTERM');
  await next.exited;

  expect(exit).toEqual({ code: 74, signal: null });
  expect(met.lines.map(({ text }) => text).join('\n')).toMatch(/the outbox file is damaged/);
  expect(next.lines.some(({ event }) => event === 'outbox.quarantined')).toBe(true);
  expect((await gateway.stored()).length).toBeGreaterThan(before.length);
});

function spoilTable(file: string, table: string): void {
  const raw = rawOutbox(file);
  const page = raw.prepare<[string], number>('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck();
  const at = ((page.get(table) ?? 0) - 1) * PAGE_BYTES;
  raw.close();
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(PAGE_BYTES, 0x5a), 0, PAGE_BYTES, at);
  closeSync(handle);
}
