/**
 * The installer under a real systemd, on a Debian that has never heard of us: from nothing to readings in
 * the store, over upgrades that come up and upgrades that do not, back, and to nothing again.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import {
  bootableRoot,
  bootMachine,
  MAKING_MS,
  type Machine,
  whyNoBootedMachine,
} from '../support/booted-machine.ts';
import type { OnTestFinished } from '../support/temp-dir.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Between two looks that start a program each: half of a processor for looking is enough. */
const A_PROGRAM_MS = 1_000;

const READER = 'sensor-main.service';
const API = 'sensor-api-write.service';
const MONITOR = 'sensor-monitor.service';
const PREFIX = '/opt/sensor-gateway';
const CONFIG = '/etc/sensor-gateway/config.yaml';
/** An archive as one would unpack it: built, with what production needs. */
const SHIPPED = '/mnt/shipped';
const NEXT = '/root/next';

/** The fastest that a configuration may ask for. */
const QUICK_CONFIG = `
gateway: test-gateway
clock: {trust: always}
sampling: {interval: 1s, deadline: 500ms}
breaker: {pauses: [1s, 2s]}
backpressure: {sampling: keep}
`;

const why = whyNoBootedMachine();
let place = '';

beforeAll(() => {
  if (why !== undefined) return;
  bootableRoot('bookworm');
  place = mkdtempSync(join(tmpdir(), 'sensorgw-shipped-'));
  const make = join(ROOT, 'deploy/make-release.sh');
  execFileSync(make, [process.execPath, join(place, 'shipped')], { stdio: 'pipe' });
}, MAKING_MS);

afterAll(() => {
  if (place !== '') rmSync(place, { recursive: true, force: true });
});

interface FreshMachine extends Machine {
  /** Runs the installer that lies in `from`. */
  install(from: string, ...args: string[]): Promise<{ code: number | null; said: string }>;
  /** A copy of the archive that has another version, with this done to it. */
  next(version: string, ...sed: readonly (readonly [file: string, expression: string])[]): Promise<void>;
  release(): Promise<string>;
  /** The seq of every reading in the store. One outbox counts on over its streams. */
  stored(): Promise<number[]>;
  /** The same with their streams: an outbox that is put back counts on in a stream of its own. */
  ids(): Promise<string[]>;
  /** Resolves when all that was accepted is stored without a hole, and is more than `count`. */
  storedWithoutHole(count: number): Promise<number[]>;
  invocations(): Promise<(string | undefined)[]>;
}

async function freshMachine(onTestFinished: OnTestFinished, config = true): Promise<FreshMachine> {
  const machine = await bootMachine({ onTestFinished, binds: { [join(place, 'shipped')]: SHIPPED } });
  if (config) machine.put(CONFIG, QUICK_CONFIG);
  const fresh: FreshMachine = {
    ...machine,
    async install(from, ...args) {
      const { code, stdout, stderr } = await machine.run(`${from}/deploy/install.sh`, '--yes', ...args);
      return { code, said: `${stdout}${stderr}` };
    },
    async next(version, ...sed) {
      await machine.do('rm', '-rf', NEXT);
      await machine.do('cp', '-a', SHIPPED, NEXT);
      const changes = [['package.json', `s/"version": ".*"/"version": "${version}"/`] as const, ...sed];
      for (const [file, expression] of changes) await machine.do('sed', '-i', expression, `${NEXT}/${file}`);
    },
    release: async () => (await machine.do('readlink', `${PREFIX}/current`)).trim(),
    stored: async () => (await fresh.ids()).map((id) => Number(id.split(' ')[1])),
    async ids() {
      const lines = (await machine.do('sensorctl', 'readings', '--since', '1h', '--json')).trim().split('\n');
      const readings = lines.filter((line) => line !== '').map((line) => JSON.parse(line));
      return readings.map(({ stream, seq }) => `${stream} ${seq}`);
    },
    async storedWithoutHole(count) {
      let stored: number[] = [];
      await machine.until(async () => {
        stored = await fresh.stored();
        return stored.length > count && Math.max(...stored) === new Set(stored).size;
      }, A_PROGRAM_MS);
      return stored;
    },
    invocations: () =>
      Promise.all([API, READER].map(async (unit) => (await machine.show(unit)).InvocationID)),
  };
  return fresh;
}

/** Every file with its mode and owner, but for what systemd, the log and the editors of accounts keep for themselves. */
async function tree(machine: Machine): Promise<string[]> {
  const own = [
    '/proc',
    '/sys',
    '/dev',
    '/run',
    '/tmp',
    '/var/tmp',
    '/mnt',
    '/root',
    '/var/log',
    '/var/lib/systemd',
  ];
  const prune = own.flatMap((dir) => ['-path', dir, '-prune', '-o']);
  const found = await machine.do('find', '/', ...prune, '-printf', '%p %y %m %u %g\n');
  return found
    .trim()
    .split('\n')
    .filter((line) => !/^\/etc\/(\.pwd\.lock|\w+-) /.test(line))
    .sort();
}

const beyond = (before: readonly string[], after: readonly string[]) => {
  const known = new Set(before);
  return after.filter((line) => !known.has(line));
};

describe.skipIf(why !== undefined).concurrent(`install.sh${why === undefined ? '' : ` (${why})`}`, () => {
  it('brings a machine from nothing to readings in the store, and a second run changes nothing', async ({
    expect,
    onTestFinished,
  }) => {
    const machine = await freshMachine(onTestFinished, false);
    // Its clock is nobody's: no NTP reaches it, and readings would wait for that.
    machine.put(
      '/etc/systemd/system/sensor-main.service.d/own.conf',
      '[Service]\nEnvironment=SENSORGW_CLOCK_TRUST=always\n',
    );

    const first = await machine.install(SHIPPED);
    expect(first).toMatchObject({ code: 0, said: expect.stringContaining(`ready: ${READER}`) });
    expect(first.said).toContain('readings are kept until somebody does, at most clock.hold');
    await machine.until(async () => (await machine.stored()).length > 0, A_PROGRAM_MS);
    const [before, running] = [await tree(machine), await machine.invocations()];
    const second = await machine.install(SHIPPED);

    expect(second).toMatchObject({ code: 0, said: expect.stringContaining('Nothing to change.') });
    expect(beyond(before, await tree(machine))).toEqual([]);
    expect(await machine.invocations()).toEqual(running);
    expect(first.said).toContain(`ready: ${MONITOR}`);
    expect(await machine.do('systemctl', 'is-enabled', API, READER, MONITOR)).toBe(
      'enabled\nenabled\nenabled\n',
    );
    expect(await machine.do('stat', '-c', '%a %U:%G', CONFIG)).toBe('640 root:sensor-gateway\n');
  });

  it('upgrades with a backlog: nothing is lost or stored twice, and --rollback goes back', async ({
    expect,
    onTestFinished,
  }) => {
    const machine = await freshMachine(onTestFinished);
    await machine.install(SHIPPED);
    const [release, early] = [await machine.release(), await machine.storedWithoutHole(5)];
    await machine.do('systemctl', 'stop', API);
    await machine.until(async () => {
      const { rows } = JSON.parse(await machine.do('sensorctl', 'outbox', 'stat', '--json'));
      return rows > 30;
    }, A_PROGRAM_MS);

    await machine.next('0.2.0');
    const upgrade = await machine.install(NEXT);
    expect(upgrade).toMatchObject({ code: 0, said: expect.stringContaining('0.2.0') });
    const drained = await machine.storedWithoutHole(early.length + 30);
    expect(new Set(drained).size).toBe(drained.length);
    expect(drained).toEqual(expect.arrayContaining(early));
    expect(machine.read(CONFIG)).toBe(QUICK_CONFIG);

    expect(await machine.install(NEXT, '--rollback')).toMatchObject({ code: 0 });
    expect(await machine.release()).toBe(release);
    const after = await machine.storedWithoutHole(drained.length);
    expect(after).toEqual(expect.arrayContaining(drained));
  });

  it.for([
    ['a reader that ends at once', ['dist/src/sensor-main.js', '1i process.exit(1);']],
    [
      'a write API that never becomes ready',
      ['dist/lib/ops/sd-notify.js', 's/READY=1/STATUS=1/; s/\\.ready()/.sendStatus("never")/'],
    ],
  ] as const)(
    'an upgrade to %s is taken back by itself',
    async ([, sabotage], { expect, onTestFinished }) => {
      const machine = await freshMachine(onTestFinished);
      await machine.install(SHIPPED);
      const [release, early] = [await machine.release(), await machine.storedWithoutHole(5)];
      await machine.next(
        '0.3.0',
        sabotage,
        ['sensor-main.service', 's/^TimeoutStartSec=.*/TimeoutStartSec=5/'],
        ['sensor-api-write.service', 's/^TimeoutStartSec=.*/TimeoutStartSec=5/'],
      );

      const upgrade = await machine.install(NEXT);

      expect(upgrade).toMatchObject({ code: 1, said: expect.stringContaining('going back to') });
      expect(await machine.release()).toBe(release);
      expect(await machine.install(SHIPPED, '--rollback')).toMatchObject({ code: 78 });
      expect(await machine.do('systemctl', 'is-active', API, READER)).toBe('active\nactive\n');
      const stored = await machine.storedWithoutHole(early.length);
      expect(new Set(stored).size).toBe(stored.length);
    },
  );

  it('an upgrade that starts slowly is waited for, and it is said that it goes on', async ({
    expect,
    onTestFinished,
  }) => {
    const machine = await freshMachine(onTestFinished);
    await machine.install(SHIPPED);
    await machine.next(
      '0.3.1',
      [
        'sensor-api-write.service',
        "s#^ExecStart=#ExecStartPre=/bin/sh -c 'until [ -e /run/go ]; do sleep 0.1; done'\\n&#",
      ],
      ['deploy/starting.sh', 's/^readonly TELL_S=.*/readonly TELL_S=1/'],
    );

    const upgrade = machine.run('sh', '-c', `${NEXT}/deploy/install.sh --yes >/run/said 2>&1`);
    await machine.until(
      async () => (await machine.run('grep', '-q', 'still starting', '/run/said')).code === 0,
    );
    await machine.do('touch', '/run/go');
    const { code } = await upgrade;

    expect({ code, said: machine.read('/run/said') }).toMatchObject({
      code: 0,
      said: expect.stringContaining(`ready: ${READER}`),
    });
    expect(await machine.release()).toContain('0.3.1');
  });

  it('goes back over a changed schema, to the copy that was made before it', async ({
    expect,
    onTestFinished,
  }) => {
    const machine = await freshMachine(onTestFinished);
    await machine.install(SHIPPED);
    const early = await machine.storedWithoutHole(5);
    const another = "OUTBOX_MIGRATIONS.push('CREATE TABLE later (x INTEGER) STRICT');";
    await machine.next('0.4.0', ['dist/lib/flow/outbox/migrations.js', `$a ${another}`]);
    expect(await machine.install(NEXT)).toMatchObject({ code: 0 });
    await machine.storedWithoutHole(early.length + 5);
    const before = await machine.ids();

    const back = await machine.install(NEXT, '--rollback');

    expect(back).toMatchObject({
      code: 0,
      said: expect.stringContaining('restored: /var/lib/sensor-gateway/outbox.db'),
    });
    await machine.until(async () => (await machine.ids()).length > before.length + 5, A_PROGRAM_MS);
    const after = await machine.ids();
    expect(new Set(after).size).toBe(after.length);
    expect(after).toEqual(expect.arrayContaining(before));
  });

  it('--uninstall leaves configuration, data and their owner, and --purge leaves nothing', async ({
    expect,
    onTestFinished,
  }) => {
    const machine = await freshMachine(onTestFinished, false);
    const accounts = ['/etc/passwd', '/etc/group', '/etc/shadow', '/etc/gshadow'];
    const [before, owners] = [await tree(machine), accounts.map((file) => machine.read(file))];
    await machine.install(SHIPPED);
    await machine.do('test', '-e', '/var/lib/sensor-gateway/outbox.db');
    await machine.do('test', '-e', '/usr/local/share/man/man1/sensorctl.1');
    await machine.do('test', '-e', '/usr/local/share/bash-completion/completions/sensorctl');
    const channel = '{name: phone, type: ntfy, url: "https://ntfy.example/topic"}';
    await machine.do('sh', '-c', `echo 'notifications: {channels: [${channel}]}' >>${CONFIG}`);
    const shut = (await machine.show(MONITOR)).IPAddressDeny;
    const again = await machine.install(SHIPPED);
    expect(again).toMatchObject({ code: 0, said: expect.stringContaining('60-network.conf') });
    expect([shut, (await machine.show(MONITOR)).IPAddressDeny]).toEqual([
      expect.stringContaining('0.0.0.0/0'),
      undefined,
    ]);

    expect(await machine.install(SHIPPED, '--uninstall')).toMatchObject({ code: 0 });
    const left = beyond(before, await tree(machine)).map((line) => line.split(' ')[0] ?? '');
    expect(left.filter((path) => !path.startsWith('/var/lib/sensor-gateway/'))).toEqual([
      '/etc/sensor-gateway',
      '/etc/sensor-gateway/.made-group-i2c',
      CONFIG,
      '/etc/sysusers.d',
      '/etc/sysusers.d/sensor-gateway.conf',
      '/var/lib/sensor-gateway',
    ]);
    expect(left).toContain('/var/lib/sensor-gateway/store.db');

    await machine.install(SHIPPED);
    expect(await machine.install(SHIPPED, '--purge')).toMatchObject({ code: 0 });
    expect(beyond(before, await tree(machine))).toEqual([]);
    expect(beyond(await tree(machine), before)).toEqual([]);
    expect(accounts.map((file) => machine.read(file))).toEqual(owners);
    expect(await machine.run('systemctl', 'cat', READER)).not.toMatchObject({ code: 0 });
  });
});
