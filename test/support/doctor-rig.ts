/** One check, on a machine as it was recorded, for a gateway that is installed in the usual way. */

import { examine } from '../../lib/ops/doctor/examine.ts';
import type { Check, Examined, Finding } from '../../lib/ops/doctor/finding.ts';
import { loadConfig } from '../../src/wiring/config.ts';
import { settledLimits } from '../../src/wiring/limits.ts';
import { type Recording, recordedProbe } from './recorded-probe.ts';
import { createVirtualClock, INCIDENT_AT } from './virtual-clock.ts';

/** Accounts as `install.sh` makes them. */
export const ACCOUNTS = {
  '/etc/passwd':
    'root:x:0:0:root:/root:/bin/bash\nsensor-gateway:x:999:999::/var/lib/sensor-gateway:/usr/sbin/nologin\n',
  '/etc/group': 'root:x:0:\ni2c:x:994:sensor-gateway\nsensor-gateway:x:999:\n',
};

export const INSTALLED: Examined = {
  configFile: '/etc/sensor-gateway/config.yaml',
  configProblem: undefined,
  dataDir: '/var/lib/sensor-gateway',
  runDir: '/run/sensor-gateway',
  outboxFile: '/var/lib/sensor-gateway/outbox.db',
  storeFile: '/var/lib/sensor-gateway/store.db',
  diskReserve: 64 * 1_048_576,
  clockHoldMs: 300_000,
  limits: settledLimits(loadConfig({ environment: {}, hostName: 'pi', usualFile: '/nonexistent' })),
  apiUrl: 'http://127.0.0.1:8470',
  api: {
    reachable: false,
    tokensFile: '/var/lib/sensor-gateway/tokens.json',
    tlsCertFile: undefined,
    tlsKeyFile: undefined,
  },
  destinations: [{ name: 'local', url: 'http://127.0.0.1:8470', tokenFile: undefined, caFile: undefined }],
  i2cBuses: [],
  clone: false,
  packageDir: '/opt/sensor-gateway/current',
  version: '0.1.0',
  node: '/usr/bin/node',
  sensorctl: '/opt/sensor-gateway/current/dist/src/sensorctl.js',
  uid: 0,
  nowMs: INCIDENT_AT,
  nowMono: 86_400_000,
  floorAt: Date.UTC(2026, 0, 1),
};

/** `differing` says what differs from a usual installation. */
export async function found(
  check: Check,
  recording: Recording,
  differing: Partial<Examined> = {},
): Promise<Finding> {
  const subject = { ...INSTALLED, ...differing };
  const clock = createVirtualClock({ wallMs: subject.nowMs, monotonicMs: subject.nowMono });
  const [diagnosis] = await examine([check], recordedProbe(recording), subject, clock);
  if (diagnosis === undefined) throw new Error(`${check.name} found nothing`);
  return diagnosis;
}
