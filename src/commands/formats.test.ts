/**
 * What commands print with `--json` is of the format that it names. The rig holds every JSON of every test against it;
 * here each command is really asked for some, or it is said which test does that.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createSqliteStore } from '../../lib/flow/write-api/store/sqlite-store.ts';
import { type CommandRig, commandRig } from '../../test/support/command-rig.ts';
import { someReadings, tempOutbox } from '../../test/support/temp-outbox.ts';
import { createTestWorld } from '../../test/support/test-world.ts';
import { INCIDENT_AT } from '../../test/support/virtual-clock.ts';
import type { Command, CommandContext } from './command.ts';
import { FORMATS } from './formats/index.ts';
import { COMMANDS } from './index.ts';
import { formatOf, withFormat } from './json-format.ts';

/** How each is asked; `{}`: without options. A function is handed the directory of the gateway. */
const ASKED: Readonly<
  Record<string, CommandContext['options'] | ((dir: string) => CommandContext['options'])>
> = {
  status: {},
  why: {},
  doctor: { step: 'config' },
  readings: { since: '2026-01-01' },
  tail: { 'no-follow': true },
  chart: { SENSOR: 'roof', METRIC: 'temperature', since: '2h' },
  gaps: { since: '2026-01-01' },
  'breaker show': {},
  'breaker hold': { reason: 'a test' },
  'breaker release': {},
  'outbox stat': {},
  'outbox peek': {},
  'outbox export': {},
  'outbox compact': { 'dry-run': true },
  'dead list': {},
  'dead show': { seq: '3' },
  'dead redrive': { all: true, 'dry-run': true },
  'dead drop': { seq: '3', 'dry-run': true },
  'sensors list': {},
  'backup create': {},
  'backup verify': (dir) => ({ FILE: join(dir, 'backups', readdirSync(join(dir, 'backups'))[0] ?? '') }),
  'backup restore': (dir) => ({
    FILE: join(dir, 'backups', readdirSync(join(dir, 'backups'))[0] ?? ''),
    'dry-run': true,
  }),
  'token add': { GATEWAY: 'greenhouse' },
  'token list': {},
  'token revoke': { GATEWAY: 'greenhouse' },
  'config check': {},
  'config show': {},
  'config set': (dir) => ({ config: join(dir, 'config.yaml'), KEY: 'log.level', VALUE: 'debug' }),
  'support bundle': (dir) => ({ output: join(dir, 'report.tar.gz') }),
};

/** Asked for JSON by a test that has what they need: another program, hardware, a minute. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  verify: 'src/commands/verify.test.ts',
  drill: 'test/process/drill.test.ts',
  'outbox import': 'src/commands/outbox-import.test.ts',
  'sensors scan': 'src/commands/sensors-scan.test.ts',
  'sensors read': 'src/commands/sensors-read.test.ts',
  'sensors check-driver': 'src/commands/sensors-check-driver.test.ts',
};

/** A gateway with some of everything: delivered, waiting, dead, stored. */
async function gateway(): Promise<CommandRig> {
  const rig = commandRig();
  const { outbox } = tempOutbox({ file: join(rig.dataDir, 'outbox.db') });
  const { stream } = outbox.append(someReadings(10));
  outbox.acknowledge('local', stream, [[1, 2]]);
  outbox.bury('local', stream, [{ seq: 3, code: 'value_invalid', message: 'no' }]);
  outbox.flush();
  // What changes the file asks for it alone.
  outbox.close();
  const store = createSqliteStore({ file: join(rig.dataDir, 'store.db'), world: createTestWorld() });
  const series = [{ gateway: 'attic', sensor: 'roof', metric: 'temperature', unit: 'celsius' }];
  const rows = [1, 2].map((seq): [number, number, number, number] => [
    seq,
    0,
    INCIDENT_AT - seq * 60_000,
    seq,
  ]);
  const nothing = { refused: [], gone: [], sources: [], corrections: [] };
  await store.ingest([{ stream: 'formatstream', gateway: 'attic', series, rows, ...nothing }]);
  await store.close();
  return rig;
}

describe('the formats of --json', () => {
  it('each command prints some, of the format that it names', async () => {
    const rig = await gateway();

    for (const [name, asked] of Object.entries(ASKED)) {
      const command = COMMANDS.find((one) => one.name === name) ?? expect.fail(`there is no "${name}"`);
      const options = typeof asked === 'function' ? asked(rig.dataDir) : asked;
      const { out } = await rig.run(command, { ...options, json: true });

      expect(out.length, name).toBeGreaterThan(0);
    }
  });

  it('no command is left out: those that are not asked here are asked elsewhere', () => {
    const left = Object.keys(FORMATS).filter((name) => !(name in ASKED) && !(name in ELSEWHERE));

    expect(left.filter((name) => !/^(tickets|notify) /.test(name))).toEqual([]);
    for (const file of Object.values(ELSEWHERE))
      expect(readFileSync(file, 'utf8')).toMatch(/json: true|--json/);
    expect(existsSync('src/commands/tickets.test.ts')).toBe(true);
  });

  it('a key that nobody promised is found', async () => {
    const rig = await gateway();
    const status = COMMANDS.find(({ name }) => name === 'status') ?? expect.fail('there is no status');
    const more = {
      ...status,
      run: async (context: CommandContext) => {
        await context.terminal.out('{"ok":true,"secret":1}');
        return 0;
      },
    };

    await expect(rig.run(more, { json: true })).rejects.toThrow(/sensorctl status --json: .*secret/s);
  });

  it('the name of the format goes before everything else of each object, and into nothing that is none', async () => {
    const said: string[] = [];
    const terminal = { out: async (line: string) => void said.push(line), note() {}, colours: false };
    const command = { name: 'sensors list', jsonVersion: 2 };
    const out = withFormat(terminal, command as Command).out;

    for (const line of ['{"a":1}', '{}', 'words']) await out(line);

    expect(said).toEqual(['{"format":"sensors-list/2","a":1}', '{"format":"sensors-list/2"}', 'words']);
    expect(formatOf({ name: 'status' })).toBe('status/1');
    expect(formatOf({ name: 'config sample', jsonVersion: null })).toBeUndefined();
  });
});

it('support bundle writes one file, only for who asked, and never over another', async () => {
  const rig = await gateway();
  const command = COMMANDS.find(({ name }) => name === 'support bundle') ?? expect.fail('it is not there');
  const file = join(rig.dataDir, 'report.tar.gz');
  mkdirSync(rig.dataDir, { recursive: true });

  const { exitCode, out, notes } = await rig.run(command, { output: file });

  expect({ exitCode, out }).toEqual({ exitCode: 0, out: [file] });
  expect(notes.at(-1)).toContain('Look into it before you send it');
  writeFileSync(file, 'something else');
  await expect(rig.run(command, { output: file })).rejects.toMatchObject({ exitCode: 64 });
  expect(readFileSync(file, 'utf8')).toBe('something else');
});
