/** The doctor on a machine that is really broken: what it finds, as root and as nobody, and that its words mend it. */

import { join } from 'node:path';
import { beforeAll, describe, it } from 'vitest';
import { bootableRoot, MAKING_MS, type Machine, whyNoBootedMachine } from '../support/booted-machine.ts';
import { API, type Entry, installGateway, isStored, MONITOR, READER } from './installed-gateway.ts';

const ROOT = join(import.meta.dirname, '../..');
const PLACE = '/opt/sensor-gateway/current';
const DATA = '/var/lib/sensor-gateway';
const TOKEN = '/etc/sensor-gateway/token';
const DOCTOR = ['/usr/bin/node', `${PLACE}/dist/src/sensorctl.js`, 'doctor', '--json'] as const;

const why = whyNoBootedMachine();

beforeAll(() => {
  if (why === undefined) bootableRoot('bookworm');
}, MAKING_MS);

const DROP_IN = '/etc/systemd/system/sensor-main.service.d/own.conf';
const DROP_IN_OF_API = '/etc/systemd/system/sensor-api-write.service.d/own.conf';
const NOT_TOGETHER = 'limits do not go together';
const saysOfLimit = (contract: string) => (entry: Entry) =>
  String(entry.msg).startsWith(`${NOT_TOGETHER} (${contract})`);

interface Found {
  readonly check: string;
  readonly verdict: string;
  readonly evidence: string;
  readonly fix: string | null;
}

async function examined(machine: Machine, ...as: string[]): Promise<Map<string, Found>> {
  const [command = '', ...args] = [...as, ...DOCTOR];
  const { stdout, stderr } = await machine.run(command, ...args);
  if (!stdout.startsWith('{')) throw new Error(`no findings: ${stderr}`);
  const { findings } = JSON.parse(stdout) as { findings: Found[] };
  return new Map(findings.map((found) => [found.check, found]));
}

describe.skipIf(why !== undefined)(`sensorctl doctor${why === undefined ? '' : ` (${why})`}`, () => {
  it('finds what is really broken, names what mends it, and does not mind being nobody', async ({
    expect,
    onTestFinished,
  }) => {
    const gateway = await installGateway({ onTestFinished });
    for (const unit of [API, READER, MONITOR]) gateway.copy(join(ROOT, unit), `${PLACE}/${unit}`);
    await gateway.do('systemctl', 'enable', '--now', API, READER, MONITOR);
    await gateway.said(READER, isStored, 1);

    const well = await examined(gateway);
    const failures = [...well.values()].filter(({ verdict }) => verdict === 'fail');
    expect(failures).toEqual([]);
    for (const check of [
      'config-file',
      'data-directory',
      'data-engine',
      'data-outbox',
      'systemd-units',
      'systemd-limits',
      'api-port',
      'api-reader',
    ])
      expect(well.get(check)).toMatchObject({ verdict: 'pass' });

    // Nothing that is set on this machine stays out of sight. The test's own short pauses are what is said.
    expect(well.get('systemd-limits')?.evidence).toMatch(/^[2-9]\d contracts between limits are kept$/);
    await gateway.said(READER, saysOfLimit('pause'));
    expect(
      gateway.journal.lines.filter(({ MESSAGE }) => String(MESSAGE).includes(NOT_TOGETHER)),
    ).toHaveLength(1);

    const nobody = await examined(gateway, 'runuser', '-u', 'nobody', '--');
    expect(nobody.get('data-outbox')).toMatchObject({
      verdict: 'unknown',
      fix: 'sudo sensorctl doctor --step data',
    });
    expect(nobody.get('disk-mount')?.verdict).toBe(well.get('disk-mount')?.verdict);

    gateway.put(TOKEN, 'canary-secret\n', 0o644);
    gateway.put(
      '/etc/sensor-gateway/config.yaml',
      `clock: {trust: always}\ndestinations: [{name: local, url: "http://127.0.0.1:8470", token_file: ${TOKEN}}]\n`,
    );
    gateway.put(`${DATA}/of-root`, '');
    await gateway.do('systemctl', 'stop', API);
    await gateway.do('systemctl', 'disable', API);
    await gateway.do('sed', '-i', 's/^TasksMax=.*/TasksMax=99/', `/etc/systemd/system/${API}`);
    gateway.put(DROP_IN, '[Service]\nTimeoutStopSec=2\n');
    gateway.put(DROP_IN_OF_API, '[Service]\nTimeoutStopSec=3\n');
    await gateway.do('systemctl', 'daemon-reload');
    await gateway.do(
      'systemd-run',
      '--unit=stranger',
      '/usr/bin/node',
      '-e',
      "require('http').createServer((_, a) => a.end('hello')).listen(8470, '127.0.0.1')",
    );
    await gateway.until(
      async () => (await gateway.run('curl', '-s', 'http://127.0.0.1:8470')).stdout === 'hello',
    );

    const broken = await examined(gateway);
    expect(Object.fromEntries([...broken].map(([check, { verdict }]) => [check, verdict]))).toMatchObject({
      'config-secrets': 'fail',
      'data-directory': 'fail',
      'systemd-units': 'warn',
      'systemd-files': 'warn',
      'systemd-state': 'fail',
      'systemd-limits': 'warn',
      'api-port': 'fail',
    });
    expect(broken.get('systemd-limits')?.evidence).toContain(
      `sensor-main stop: what a stop takes (4.5 s, fixed) must be less than TimeoutStopSec= of sensor-main (2 s, ${DROP_IN})`,
    );

    await gateway.do('systemctl', 'stop', 'stranger');
    for (const check of ['config-secrets', 'data-directory', 'systemd-units']) {
      const fix = broken.get(check)?.fix ?? 'false';
      await gateway.do('sh', '-c', fix.replaceAll('sudo ', ''));
    }
    await gateway.do('systemctl', 'restart', API, READER);
    await gateway.said(READER, isStored, 2);
    await gateway.said(READER, saysOfLimit('sensor-main stop'));
    await gateway.said(API, saysOfLimit('sensor-api-write stop'));
    const mended = await examined(gateway);
    expect([...mended.values()].filter(({ verdict }) => verdict === 'fail')).toEqual([]);
    expect(mended.get('systemd-units')).toMatchObject({ verdict: 'pass' });
  });
});
