/**
 * The units as systemd itself sees them, the oldest that we support and a newer one: it understands every
 * line, and the programs do their work inside the sandbox whose exposure is measured.
 */

import { join } from 'node:path';
import { beforeAll, describe, it } from 'vitest';
import { bootableRoot, MAKING_MS, type Release, whyNoBootedMachine } from '../support/booted-machine.ts';
import {
  API,
  installGateway,
  isStored,
  MONITOR,
  QUICK_CONFIG,
  READER,
  runningGateway,
} from './installed-gateway.ts';

const why = whyNoBootedMachine();

const RELEASES: readonly (readonly [version: number, release: Release])[] = [
  [252, 'bookworm'],
  [257, 'trixie'],
];

const RESTART_DELAY = join(import.meta.dirname, '../../deploy/restart-delay.conf');

const WITH_TOKEN = `destinations:
  - {name: local, url: "http://127.0.0.1:8470", token_file: /run/credentials/sensor-main.service/token}
`;

const RECOVERY = 'sensor-recover.service';

/** Exposure in tenths: what `systemd-analyze security --threshold` takes. */
const EXPOSURE_MAX = { [READER]: 20, [API]: 15, [MONITOR]: 15, [RECOVERY]: 15 };

beforeAll(() => {
  if (why === undefined) for (const [, release] of RELEASES) bootableRoot(release);
}, MAKING_MS);

describe.skipIf(why !== undefined).concurrent(`the units${why === undefined ? '' : ` (${why})`}`, () => {
  it.for(RELEASES)(
    'are understood by systemd %d, work in their sandbox, and expose little',
    async ([version, release], { expect, onTestFinished }) => {
      const gateway = await installGateway({ release, onTestFinished });
      if (version >= 254) {
        for (const unit of [READER, API, MONITOR])
          gateway.copy(RESTART_DELAY, `/etc/systemd/system/${unit}.d/50-restart-delay.conf`);
      }
      gateway.put('/etc/credstore/sensor-gateway.token', 'a-token-of-the-test\n', 0o600);
      gateway.put('/etc/sensor-gateway/config.yaml', `${QUICK_CONFIG}${WITH_TOKEN}`);
      await gateway.do('systemctl', 'daemon-reload');
      await gateway.do('systemctl', 'start', API, READER, MONITOR);
      await gateway.said(READER, isStored, 2);

      await gateway.do('systemctl', 'start', RECOVERY);
      const latest = await gateway.do('curl', '-sf', 'http://127.0.0.1:8471/api/v1/latest');

      expect(await gateway.do('systemctl', '--version')).toContain(`systemd ${version} `);
      const units = [READER, API, MONITOR, RECOVERY, 'sensor-recover.timer'].map(
        (unit) => `/etc/systemd/system/${unit}`,
      );
      expect(await gateway.run('systemd-analyze', 'verify', '--man=no', ...units)).toMatchObject({
        code: 0,
        stderr: '',
      });
      for (const [unit, threshold] of Object.entries(EXPOSURE_MAX)) {
        const { code, stdout } = await gateway.run(
          'systemd-analyze',
          'security',
          `--threshold=${threshold}`,
          unit,
        );
        expect({ unit, code, last: stdout.trim().split('\n').at(-1) }).toMatchObject({ code: 0 });
      }
      for (const unit of [READER, API, MONITOR])
        expect(await gateway.show(unit)).toMatchObject({ ActiveState: 'active', NRestarts: '0' });
      // It found both well from within its own sandbox: whatever it could not see, it would have said.
      expect(await gateway.show(RECOVERY)).toMatchObject({ Result: 'success', ExecMainStatus: '0' });
      expect(await gateway.run('journalctl', '--quiet', '-t', 'sensor-gateway-recover')).toMatchObject({
        stdout: '',
      });
      if (version >= 254)
        expect(await gateway.show(READER)).toMatchObject({
          RestartSteps: '5',
          RestartMaxDelayUSec: '2min 40s',
        });
      expect(JSON.parse(latest).series.length).toBeGreaterThan(0);
      expect(await gateway.accountForAll()).toBeGreaterThan(0);
    },
  );

  it('answer an operator: a line of status, and the transitions of the circuit in the journal', async ({
    expect,
    onTestFinished,
  }) => {
    const gateway = await runningGateway(onTestFinished);
    await gateway.do('systemctl', 'stop', API);
    await gateway.said(READER, (entry) => entry.event === 'breaker.opened');
    await gateway.do('systemctl', 'start', API);
    await gateway.said(READER, (entry) => entry.event === 'breaker.closed');
    await gateway.until(async () =>
      /backlog 0, last stored/.test((await gateway.show(READER)).StatusText ?? ''),
    );

    const status = await gateway.do('systemctl', 'status', READER);
    const circuit = await gateway.do('sh', '-c', 'journalctl -u sensor-main | grep -i "circuit breaker"');

    expect(status).toMatch(/Status: "closed, (\d+)\/\1 sensors, backlog 0, last stored \d+ s ago"/);
    for (const state of [
      'OPEN - API failures exceeded threshold (3)',
      'HALF_OPEN - ',
      'CLOSED - API recovered',
    ])
      expect(circuit).toContain(`Circuit breaker ${state}`);
  });
});
