import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { createTerminal, OutputClosed } from './terminal.ts';

/** A pipe whose reader leaves after so many lines. */
function pipe(linesRead: number, code = 'EPIPE') {
  const read: string[] = [];
  const stream = new Writable({
    autoDestroy: false,
    write(chunk, _encoding, done) {
      if (read.length >= linesRead) return done(Object.assign(new Error(code), { code }));
      read.push(String(chunk).trimEnd());
      done();
    },
  });
  return { stream, read };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

it('lets a report run to its end when its reader leaves, so that its exit code is said', async () => {
  const { stream, read } = pipe(1);
  const terminal = createTerminal({
    stdout: stream,
    stderr: pipe(9).stream,
    colours: false,
    onFailure: () => {},
  });

  for (let line = 0; line < 20; line += 1) {
    await terminal.out(`line ${line}`);
    await turn();
  }

  expect(read).toEqual(['line 0']);
});

it('ends a long listing that nobody reads any more', async () => {
  const { stream } = pipe(3);
  const terminal = createTerminal({
    stdout: stream,
    stderr: pipe(9).stream,
    colours: false,
    onFailure: () => {},
  });
  const listing = async () => {
    for (let line = 0; line < 100_000; line += 1) {
      await terminal.out(`line ${line}`);
      if (line < 10) await turn();
    }
  };

  await expect(listing()).rejects.toBeInstanceOf(OutputClosed);
});

it('does not fail over a closed standard error, and calls a full disk a failure', async () => {
  let failures = 0;
  const terminal = createTerminal({
    stdout: pipe(0, 'ENOSPC').stream,
    stderr: pipe(0).stream,
    colours: false,
    onFailure: () => {
      failures += 1;
    },
  });

  terminal.note('nobody hears this');
  terminal.note('nor this');
  await turn();
  expect(failures).toBe(0);
  await terminal.out('this does not fit');
  await turn();
  expect(failures).toBe(1);
});
