import { expect, it } from 'vitest';
import { INSTALLED } from '../../../../test/support/doctor-rig.ts';
import { recordedProbe } from '../../../../test/support/recorded-probe.ts';
import { shippedMachine } from '../../../../test/support/shipped-machine.ts';
import { createVirtualClock } from '../../../../test/support/virtual-clock.ts';
import { PROGRAMS } from '../../limits/limits.ts';
import { examine } from '../examine.ts';
import { configLimits, diskLimits, memoryLimits, systemdLimits } from './limits.ts';

const ALL = [configLimits, diskLimits, systemdLimits, memoryLimits];

/** A subject of its own for each diagnosis, as the command makes one. */
const diagnose = (probe: ReturnType<typeof recordedProbe>) =>
  examine(ALL, probe, { ...INSTALLED }, createVirtualClock());

it('all limits of a machine as we ship it go together', async () => {
  const found = await diagnose(recordedProbe(shippedMachine()));

  expect(found.map(({ check, verdict }) => `${check} ${verdict}`)).toEqual([
    'config-limits pass',
    'disk-limits pass',
    'systemd-limits pass',
    'memory-limits pass',
  ]);
});

it('each contract that is violated is a finding of its own, with its fix', async () => {
  const differing = { TimeoutStopUSec: '1s', TasksMax: '5' };
  const found = await diagnose(recordedProbe(shippedMachine({ units: { 'sensor-main': differing } })));

  expect(found.filter(({ check }) => check === 'systemd-limits')).toEqual([
    expect.objectContaining({ verdict: 'warn', evidence: expect.stringMatching(/^sensor-main stop: /) }),
    expect.objectContaining({ verdict: 'warn', evidence: expect.stringMatching(/^sensor-main threads: /) }),
  ]);
  expect(found.filter(({ verdict }) => verdict === 'warn').every(({ fix }) => fix !== undefined)).toBe(true);
});

it('a start that would be cut off again and again is a failure', async () => {
  const differing = { TimeoutStartUSec: '20s' };
  const found = await diagnose(recordedProbe(shippedMachine({ units: { 'sensor-main': differing } })));

  expect(found).toContainEqual(expect.objectContaining({ check: 'systemd-limits', verdict: 'fail' }));
});

it('systemd is asked once for all of them', async () => {
  const probe = recordedProbe(shippedMachine());

  await diagnose(probe);

  expect(probe.asked.filter((line) => line.startsWith('systemctl show'))).toHaveLength(PROGRAMS.length);
});
