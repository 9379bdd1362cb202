import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { compileForChild } from '../../test/support/compiled.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { createLogger, type Logger, type LoggerOptions } from './logger.ts';

/** A stalled process may grow by its queue and some garbage; 90 MB are written between the two measurements. */
const GROWTH_MAX_BYTES = 45 * 1_048_576;

interface Round {
  readonly rss: number;
  readonly dropped: number;
}

const AT = Date.UTC(2026, 0, 15, 16, 9, 35);

/** A logger that writes to a file, and what is in it. */
function logTo(options: Partial<LoggerOptions> = {}): { log: Logger; lines(): string[]; fd: number } {
  const file = join(tempDir(), 'log');
  const fd = openSync(file, 'a');
  onTestFinished(() => closeSync(fd));
  const usual = {
    level: 'info',
    format: 'json',
    program: 'sensor-main',
    wallMs: () => AT,
    environment: {},
  } as const;
  const log = createLogger({ ...usual, fd, ...options });
  return { log, fd, lines: () => readFileSync(file, 'utf8').split('\n').slice(0, -1) };
}

describe('the log', () => {
  it('is one JSON object a line', () => {
    const { log, lines } = logTo();

    log.info({ destination: 'local', rows: 3 }, 'batch delivered');

    expect(lines().map((line) => JSON.parse(line))).toEqual([
      {
        level: 'info',
        time: '2026-01-15T16:09:35.000Z',
        program: 'sensor-main',
        destination: 'local',
        rows: 3,
        msg: 'batch delivered',
      },
    ]);
  });

  it('leaves out what is below its level', () => {
    const { log, lines } = logTo({ level: 'warn' });

    log.info('no');
    log.warn('yes');

    expect(lines()).toHaveLength(1);
  });

  it.each([
    ['fatal', 2],
    ['error', 3],
    ['warn', 4],
    ['info', 6],
    ['debug', 7],
  ] as const)('tells journald that %s is priority %i', (level, priority) => {
    const { log, lines } = logTo({ level: 'debug', format: 'journal' });

    log[level]('a message');

    expect(lines()[0]).toMatch(new RegExp(`^<${priority}>\\{.*"msg":"a message"\\}$`));
  });

  it('is readable in the pretty form, with the stack of an error beneath', () => {
    const { log, lines } = logTo({ format: 'pretty' });

    log.error({ destination: 'local', reason: 'no answer', err: new Error('refused') }, 'not delivered');

    const [first, ...stack] = lines();
    expect(first).toBe(
      '16:09:35.000 ERROR sensor-main not delivered destination=local reason="no answer" err="refused"',
    );
    expect(stack.length).toBeGreaterThan(0);
    expect(stack.every((line) => line.startsWith('    at '))).toBe(true);
  });

  it('is in the pretty form only its message when it is good news', () => {
    const { log, lines } = logTo({ format: 'pretty' });

    log.info({ rows: 5 }, 'stored 5 readings');

    expect(lines()).toEqual(['16:09:35.000 INFO  sensor-main stored 5 readings']);
  });

  it.each(['json', 'journal', 'pretty'] as const)(
    'in the %s form nobody can forge a line or move the cursor',
    (format) => {
      const { log, lines } = logTo({ format });
      const evil = 'x\n<2>{"msg":"forged"}\r\u001b[2J\u009b2J\u202e';

      log.info({ [evil]: evil, nested: { [evil]: [evil] }, err: new Error(evil, { cause: evil }) }, evil);

      const text = lines().join('\n');
      expect(['\r', '\u001b', '\u009b', '\u202e'].filter((one) => text.includes(one))).toEqual([]);
      expect(lines().filter((line) => !line.startsWith('    '))).toHaveLength(1);
    },
  );

  it('redacts secrets by name', () => {
    const { log, lines } = logTo();

    log.info(
      { headers: { authorization: 'Bearer hunter2hunter2' }, api_token: 'hunter2' },
      'Bearer hunter2hunter2',
    );

    expect(lines()[0]).not.toContain('hunter2');
  });

  it('uses the journal form only if journald is what reads this descriptor', () => {
    const { fd, lines } = logTo();
    const { dev, ino } = fstatSync(fd);
    const options = { fd, level: 'info', format: 'auto', program: 'x', wallMs: () => AT } as const;

    createLogger({ ...options, environment: { JOURNAL_STREAM: `${dev}:${ino}` } }).info('read by journald');
    createLogger({ ...options, environment: { JOURNAL_STREAM: `${dev}:1` } }).info('inherited variable');

    expect(lines()[0]).toMatch(/^<6>\{/);
    expect(lines()[1]).toMatch(/^\{/);
  });
});

/**
 * Goal: a real process whose standard output nobody reads goes on, stays small, and can exit; whoever
 * reads later is told how much was dropped. Method: the child logs in rounds and reports each over its
 * IPC channel; the test reads the pipe only when it wants to.
 */
describe('a process that logs to a pipe', () => {
  function start(body: string): ChildProcess {
    const loggerUrl = pathToFileURL(join(compileForChild('lib/base/logger.ts'), 'lib/base/logger.js')).href;
    const script = join(tempDir(), 'child.mjs');
    writeFileSync(
      script,
      `import { createLogger } from ${JSON.stringify(loggerUrl)};
       const log = createLogger({ level: 'info', format: 'json', fd: 1, program: 'child', wallMs: Date.now, environment: {} });
       ${body}`,
    );
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  }

  /** Ten rounds of 10 MB each that nobody reads; resolves with what each round reported. */
  async function stallFor10Rounds(
    say: string,
  ): Promise<{ child: ChildProcess; rounds: Round[]; grownBytes: number }> {
    const child = start(`
      const filler = 'x'.repeat(1_000);
      process.on('message', async (order) => {
        if (order === 'end') return log.flush(10_000).then(() => process.exit(0));
        for (let n = 0; n < 10_000; n += 1) ${say};
        process.send({ rss: process.memoryUsage.rss(), dropped: log.dropped });
      });
      process.send('ready');`);
    await once(child, 'message');
    const rounds: Round[] = [];
    for (let round = 0; round < 10; round += 1) {
      child.send('round');
      const [report] = await once(child, 'message');
      rounds.push(report);
    }
    return { child, rounds, grownBytes: (rounds.at(-1)?.rss ?? 0) - (rounds[0]?.rss ?? 0) };
  }

  it('goes on in bounded memory while nobody reads, and then reports what was dropped', async () => {
    const { child, rounds, grownBytes } = await stallFor10Rounds(`log.info({ filler }, 'line')`);
    const dropped = rounds.at(-1)?.dropped ?? 0;
    expect(dropped).toBeGreaterThan(90_000);
    expect(grownBytes).toBeLessThan(GROWTH_MAX_BYTES);

    let text = '';
    child.stdout?.on('data', (data) => {
      text += data;
    });
    child.send('end');
    const [exitCode] = await once(child, 'close');

    const entries = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(entries.reduce((sum, entry) => sum + (entry.dropped ?? 0), 0)).toBe(dropped);
    expect(entries.filter((entry) => entry.msg === 'line').length + dropped).toBe(100_000);
    expect(exitCode).toBe(0);
  });

  it('(twin) would grow with every line if it used the standard output stream', async () => {
    const { grownBytes } = await stallFor10Rounds(`process.stdout.write(JSON.stringify({ n, filler }))`);

    expect(grownBytes).toBeGreaterThan(GROWTH_MAX_BYTES);
  });

  it('ends in bounded time although nobody reads', async () => {
    const child = start(`
      for (let n = 0; n < 10_000; n += 1) log.info({ filler: 'x'.repeat(1_000) }, 'line');
      await log.flush(100);
      process.exit(7);`);

    expect(await once(child, 'exit')).toEqual([7, null]);
  });

  it('survives a reader that leaves', async () => {
    const child = start(`
      log.info('first');
      process.on('message', () => {
        log.info('to nobody');
        log.info('to nobody');
        process.send({ dropped: log.dropped });
      });`);
    await once(child.stdout ?? child, 'data');
    child.stdout?.destroy();
    await once(child.stdout ?? child, 'close');

    child.send('go on');
    const [{ dropped }] = await once(child, 'message');

    expect(dropped).toBe(2);
    expect(child.exitCode).toBeNull();
  });
});
