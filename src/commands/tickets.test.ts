import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../lib/base/sqlite.ts';
import { TICKET_MIGRATIONS, TICKETS_APPLICATION_ID } from '../../lib/ops/tickets/schema.ts';
import { commandRig } from '../../test/support/command-rig.ts';
import { ticketRig } from '../../test/support/ticket-rig.ts';
import { INCIDENT_AT } from '../../test/support/virtual-clock.ts';
import type { Command, CommandContext } from './command.ts';
import { FORMATS } from './formats/index.ts';
import { ticketsList } from './tickets-list.ts';
import { ticketsAck, ticketsDiagnose, ticketsHold, ticketsRelease, ticketsResolve } from './tickets-move.ts';
import { ticketsShow } from './tickets-show.ts';
import { createTicketsWatch } from './tickets-watch.ts';

const MINUTE_MS = 60_000;

/** A gateway whose monitor has found things, and the terminal in front of it. */
function gateway() {
  const rig = commandRig();
  rig.environment.USER = 'pi';
  return { ...rig, ...ticketRig({ file: join(rig.dataDir, 'tickets.db') }) };
}

type Gateway = ReturnType<typeof gateway>;

const about = (ticket: string, more: object = {}) => ({ TICKET: ticket, ...more });

/** What it prints with --json, held to its format. */
async function jsonOf(rig: Pick<Gateway, 'run'>, command: Command, options: CommandContext['options'] = {}) {
  const { out } = await rig.run(command, { ...options, json: true });
  const parsed: unknown = JSON.parse(out[0] ?? '');
  return FORMATS[command.name]?.parse(parsed);
}

describe('sensorctl tickets list', () => {
  it('shows what is open, the worst first, and says how much that is', async () => {
    const rig = gateway();
    rig.find({ key: 'disk_space', title: 'the disk has 2 GiB left', severity: 'critical' });
    rig.find({});
    rig.find({ key: 'clock', title: 'nobody vouches for the clock', severity: 'info' });

    const { exitCode, out, notes } = await rig.run(ticketsList);

    expect(out).toEqual([
      'TKT-1  critical  open  0 s  the disk has 2 GiB left',
      'TKT-2  warning   open  0 s  climate has given no reading for 4 min',
      'TKT-3  info      open  0 s  nobody vouches for the clock',
    ]);
    expect(notes[0]).toBe('3 tickets open (1 critical). More about one: sensorctl tickets show TKT-1');
    expect(exitCode).toBe(0);
    expect(await jsonOf(rig, ticketsList)).toMatchObject({
      open: 3,
      critical: 1,
      tickets: [{ ticket: 'TKT-1' }, {}, {}],
    });
  });

  it('leaves out what is resolved, until it is asked for by --all, by its state, or by when it was seen', async () => {
    const rig = gateway();
    rig.find({ key: 'old' });
    rig.recover('old');
    await rig.clock.advance(60 * MINUTE_MS);
    rig.find({ key: 'new' });
    const names = async (options: CommandContext['options']) =>
      (await rig.run(ticketsList, options)).out.map((line) => line.split(' ')[0]);

    expect(await names({})).toEqual(['TKT-2']);
    expect(await names({ all: true })).toEqual(['TKT-2', 'TKT-1']);
    expect(await names({ state: 'resolved' })).toEqual(['TKT-1']);
    expect(await names({ all: true, limit: '1' })).toEqual(['TKT-2']);
    expect(await names({ all: true, since: '2026-01-15T16:30:00Z' })).toEqual(['TKT-2']);
    await expect(rig.run(ticketsList, { state: 'closed' })).rejects.toMatchObject({ code: 'SGW_USAGE' });
  });

  it('says that nothing is open, and where to find what was', async () => {
    const rig = gateway();
    rig.find({});
    rig.recover('sensor_silent:climate');

    const { out, notes } = await rig.run(ticketsList);

    expect(out).toEqual([]);
    expect(notes[0]).toBe('No tickets are open. Those that were: sensorctl tickets list --all');
    const asked = await rig.run(ticketsList, { all: true, since: '2026-01-15T17:30:00Z' });
    expect(asked.notes[0]).toBe('No tickets are open, and no others are as asked for.');
  });

  it('says that there was none where there was none', async () => {
    const rig = gateway();
    // The first question makes the file of an empty book.
    rig.recover('nothing');

    const { out, notes } = await rig.run(ticketsList, { all: true });

    expect([out, notes[0]]).toEqual([[], 'No tickets are open, and there were none.']);
  });

  it('says that nobody looks any more while the monitor does not run', async () => {
    const rig = gateway();
    rig.find({});

    const without = await rig.run(ticketsList);
    const health = { pid: process.pid, version: '1.2.3', generated_at: INCIDENT_AT };
    writeFileSync(join(rig.dataDir, 'sensor-monitor.health.json'), JSON.stringify(health));
    const running = await rig.run(ticketsList);

    expect(without.notes.at(-1)).toBe(
      'The monitor is not running: nothing new is found, and nothing is resolved by itself.',
    );
    expect(running.notes).toHaveLength(1);
    expect(await jsonOf(rig, ticketsList)).toMatchObject({ monitor: 'running' });
  });

  it('has two lines for each on a narrow terminal, so that a title is read whole', async () => {
    const rig = gateway();
    rig.find({});
    const narrow: Command = {
      ...ticketsList,
      run: (context) => ticketsList.run({ ...context, terminal: { ...context.terminal, columns: 40 } }),
    };

    expect((await rig.run(narrow)).out).toEqual([
      'TKT-1  warning   open  0 s',
      '  climate has given no reading for 4 min',
    ]);
  });

  it('says who makes the file where there is none, and that a damaged one is the monitor’s affair', async () => {
    const rig = commandRig();
    await expect(rig.run(ticketsList)).rejects.toMatchObject({
      code: 'SGW_DATABASE_MISSING',
      hint: expect.stringContaining('systemctl status sensor-monitor'),
    });

    const { file, book } = ticketRig({ file: join(rig.dataDir, 'tickets.db') });
    book.close();
    truncateSync(file, 8_192);

    await expect(rig.run(ticketsList)).rejects.toMatchObject({
      code: 'SGW_TICKET_DAMAGED',
      hint: expect.stringContaining('systemctl restart sensor-monitor'),
    });
  });

  it('lets nothing that others wrote reach the terminal as anything but text', async () => {
    const rig = gateway();
    rig.find({ title: 'boo\u001b[2J\nforged line', hint: 'x\u009b1m', evidence: { said: '\u001b[31m' } });

    const list = await rig.run(ticketsList);
    const show = await rig.run(ticketsShow, about('1'));
    const json = await rig.run(ticketsShow, { ...about('1'), json: true });

    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
    const controls = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/;
    for (const line of [...list.out, ...show.out, ...json.out]) expect(line).not.toMatch(controls);
    expect(list.out).toHaveLength(1);
  });
});

describe('sensorctl tickets show', () => {
  it('says what is wrong, what to do, what was measured, and what became of it', async () => {
    const rig = gateway();
    rig.find({});
    await rig.clock.advance(MINUTE_MS);
    rig.find({
      severity: 'critical',
      title: 'climate has given no reading for 5 min',
      evidence: { silent_s: 300, since_at: Date.UTC(2026, 0, 15, 12) },
    });
    await rig.run(ticketsAck, about('tkt-1', { note: 'on my way' }));

    const { exitCode, out } = await rig.run(ticketsShow, about('TKT-1'));
    const said = out.join('\n');

    expect(out[0]).toBe('TKT-1  critical  acknowledged');
    expect(out[1]).toBe('climate has given no reading for 5 min');
    expect(said).toContain('what to do  sensorctl sensors read climate');
    expect(said).toMatch(/seen {8}2 times, first /);
    expect(said).toMatch(/ {2}silent s: 300\n {2}since at: 2026-01-1\d \d\d:\d\d:00\n/);
    expect(said).toMatch(/opened: climate has given no reading for 4 min\n/);
    expect(said).toMatch(/worsened: critical: climate has given no reading for 5 min\n/);
    expect(said).toMatch(/acknowledged by pi: on my way$/);
    expect(exitCode).toBe(0);
    expect(await jsonOf(rig, ticketsShow, about('1'))).toMatchObject({
      ticket: 'TKT-1',
      evidence: { silent_s: 300 },
      history: [{ change: 'opened' }, { change: 'worsened' }, { change: 'acknowledged', by: 'pi' }],
    });
  });

  it.each(['TKT-7', 'tkt-7', '7'])('understands %s, and says when there is no such ticket', async (name) => {
    const rig = gateway();

    await expect(rig.run(ticketsShow, about(name))).rejects.toMatchObject({
      code: 'SGW_TICKET_MISSING',
      message: 'there is no ticket TKT-7',
      exitCode: 65,
    });
  });

  it.each(['', '0', 'TKT', 'TKT-', '-1', '1.5', 'TKT-1x', '99999999999999999999'])(
    'refuses "%s" as wrong usage',
    async (name) => {
      await expect(gateway().run(ticketsShow, about(name))).rejects.toMatchObject({ code: 'SGW_USAGE' });
    },
  );
});

describe('a person and a ticket', () => {
  it('acknowledges, diagnoses, holds, releases: and what was well meanwhile is resolved with the release', async () => {
    const rig = gateway();
    rig.find({});

    const said = [
      await rig.run(ticketsAck, about('1')),
      await rig.run(ticketsDiagnose, about('1', { note: 'the plug was loose' })),
      await rig.run(ticketsHold, about('1', { note: 'watch it overnight' })),
    ];
    rig.recover('sensor_silent:climate');
    const held = await jsonOf(rig, ticketsShow, about('1'));
    const released = await jsonOf(rig, ticketsRelease, about('1'));

    expect(said.map(({ out }) => out[0])).toEqual([
      'TKT-1: acknowledged. climate has given no reading for 4 min',
      'TKT-1: diagnosed. climate has given no reading for 4 min',
      'TKT-1: held; now diagnosed, held. climate has given no reading for 4 min',
    ]);
    expect(held).toMatchObject({ state: 'diagnosed', held: true, recovered_at: '2026-01-15T16:09:35.000Z' });
    expect(released).toMatchObject({ state: 'resolved', held: false, diagnosis: 'the plug was loose' });
    expect(rig.changes()).toEqual(['opened', 'acknowledged', 'diagnosed', 'held', 'released', 'resolved']);
  });

  it('is refused what the state does not allow, and nothing is changed', async () => {
    const rig = gateway();
    rig.find({});
    await rig.run(ticketsResolve, about('1', { note: 'sensor removed' }));

    for (const command of [ticketsAck, ticketsHold, ticketsRelease, ticketsResolve])
      await expect(rig.run(command, about('1'))).rejects.toMatchObject({
        code: 'SGW_TICKET_MOVE',
        exitCode: 1,
      });
    await expect(rig.run(ticketsDiagnose, about('1'))).rejects.toMatchObject({ code: 'SGW_USAGE' });
    expect(rig.changes()).toEqual(['opened', 'resolved']);
  });

  it('is named as who typed it, also behind sudo', async () => {
    const rig = gateway();
    rig.environment.SUDO_USER = 'anna';
    rig.environment.USER = 'root';
    rig.find({});

    await rig.run(ticketsAck, about('1'));

    expect(rig.book.changesAfter(0, 10).at(-1)).toMatchObject({ by: 'anna' });
  });

  it('waits while the monitor writes, and says so when that takes too long', async () => {
    const rig = gateway();
    rig.find({});
    const other = openDatabase({
      file: rig.file,
      applicationId: TICKETS_APPLICATION_ID,
      migrations: TICKET_MIGRATIONS,
    });
    onTestFinished(() => {
      other.close();
    });
    other.exec('BEGIN IMMEDIATE');

    await expect(rig.run(ticketsAck, about('1'))).rejects.toMatchObject({
      code: 'SGW_TICKET_BUSY',
      exitCode: 75,
    });
    const waiting = rig.run(ticketsAck, about('1'));
    setImmediate(() => other.exec('ROLLBACK'));

    expect((await waiting).exitCode).toBe(0);
  });
});

describe('sensorctl tickets watch', () => {
  /** Watches while these things happen, one before each look, and ends with the last. */
  async function watching(
    rig: Pick<Gateway, 'run'>,
    options: CommandContext['options'],
    ...events: (() => unknown)[]
  ) {
    let readers = true;
    const clock = {
      async sleep() {
        const next = events.shift();
        if (next === undefined) readers = false;
        else await next();
      },
    };
    const watch = createTicketsWatch({ clock });
    return rig.run(
      {
        ...watch,
        run: (context) => watch.run({ ...context, terminal: { ...context.terminal, isRead: () => readers } }),
      },
      options,
    );
  }

  it('begins with what is open, and then tells each change once', async () => {
    const rig = gateway();
    rig.find({});

    const { out, exitCode } = await watching(
      rig,
      {},
      () => rig.find({ key: 'disk_space', title: 'the disk is full', severity: 'critical' }),
      () => rig.find({}),
      () => rig.run(ticketsAck, about('2', { note: 'on it' })),
      () => rig.recover('disk_space'),
    );

    expect(exitCode).toBe(0);
    expect(out.map((line) => line.replace(/^\d{4}-\S+ \S+ {2}/, ''))).toEqual([
      'TKT-1  warning   open  0 s  climate has given no reading for 4 min',
      'TKT-2  critical  opened: the disk is full',
      'TKT-2  critical  acknowledged by pi: on it (the disk is full)',
      'TKT-2  critical  resolved: seen well again (the disk is full)',
    ]);
  });

  it('waits for a file that is not there yet, and follows one that takes its place', async () => {
    const rig = commandRig();
    const file = join(rig.dataDir, 'tickets.db');

    const { out } = await watching(
      rig,
      { json: true },
      () => {},
      () => {
        const first = ticketRig({ file });
        first.find({ key: 'one' });
        first.book.close();
      },
      () => {
        for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
        ticketRig({ file, firstId: 1_000_001 }).find({ key: 'two' });
      },
    );

    const told = out.map((line) => FORMATS['tickets watch']?.parse(JSON.parse(line)));
    expect(told).toMatchObject([
      { change: 'opened', ticket: { key: 'one', ticket: 'TKT-1' } },
      { change: 'opened', ticket: { key: 'two', ticket: 'TKT-1000001' } },
    ]);
  });
});
