/**
 * Somebody deletes the data directory under both programs. They end, as another test shows, and systemd makes the
 * directory anew and starts them: this is how they go on, and what they can know of what is lost.
 */

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openStreamBooks } from '../../lib/flow/write-api/store/stream-books.ts';
import { createGateway, isAppended, isStored, seqsOf, upTo } from '../support/gateway.ts';
import { removeDir } from '../support/temp-dir.ts';

test('after the data directory was deleted both programs begin afresh, and mix nothing with what was there before', async () => {
  const gateway = await createGateway();
  const before = [await gateway.startApi(), await gateway.startReader()] as const;
  await before[1].count(isStored, 2);
  const streamBefore = before[1].lines.find(({ event }) => event === 'outbox.opened')?.stream;

  removeDir(gateway.dir);
  const exits = await Promise.all(before.map(({ exited }) => exited));
  mkdirSync(gateway.dir);
  await gateway.startApi();
  const reader = await gateway.startReader();
  await reader.count(isStored, 2);
  const { accepted } = await gateway.finish(reader);

  expect(exits).toEqual([
    { code: 73, signal: null },
    { code: 73, signal: null },
  ]);
  for (const { lines } of before)
    expect(lines.map(({ text }) => text).join('\n')).toContain('What it held went with it');
  const stored = await gateway.stored();
  expect(seqsOf(stored)).toEqual(upTo(accepted));
  expect(stored.map(({ stream }) => stream)).not.toContain(streamBefore);
});

test('what waited in an outbox that was deleted under the reader is named in the store, and by the reader', async () => {
  const gateway = await createGateway();
  const before = await gateway.startReader();
  await before.count(isAppended, 3);
  const stream = String(before.lines.find(isAppended)?.stream);

  for (const suffix of ['', '-wal', '-shm']) rmSync(join(gateway.dir, `outbox.db${suffix}`));
  const exit = await before.exited;
  const assigned = before.lines.filter(isAppended).map(({ hi }) => Number(hi));
  await gateway.startApi();
  const after = await gateway.startReader();
  await after.count(isStored, 3);
  await gateway.finish(after);

  expect(exit.code).toBe(73);
  const name = `readings 1-${Math.max(...assigned)} of stream ${stream} for local`;
  const saidOf = ({ lines }: typeof before, type: string) => lines.find(({ event }) => event === type)?.msg;
  expect(saidOf(before, 'outbox.deleted')).toContain(`this is lost with it: ${name}`);
  expect(saidOf(after, 'outbox.missed')).toContain(`named in the ledger: ${name}`);
  const books = openStreamBooks(join(gateway.dir, 'store.db'));
  const book = books.streams.find((one) => one.stream === stream);
  books.close();
  expect(book?.gone).toEqual([[1, Math.max(...assigned), 'deleted']]);
});

test('an outbox that was deleted after a kill is missed by its stream, and it is said that nobody can count what it held', async () => {
  const gateway = await createGateway();
  await gateway.startApi();
  const before = await gateway.startReader();
  await before.count(isStored, 2);
  const stream = String(before.lines.find(isAppended)?.stream);
  before.kill('SIGKILL');
  await before.exited;

  for (const suffix of ['', '-wal', '-shm']) rmSync(join(gateway.dir, `outbox.db${suffix}`), { force: true });
  const after = await gateway.startReader();
  await after.count(isStored, 1);
  await gateway.finish(after);

  const missed = after.lines.find(({ event }) => event === 'outbox.missed');
  expect(missed).toMatchObject({ stream, rows: null, firstSeq: 1 });
  expect(missed?.msg).toContain('nobody can count it');
});
