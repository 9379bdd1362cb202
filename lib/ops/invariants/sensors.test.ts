import { expect, it } from 'vitest';
import { describeInvariant } from '../../../test/support/invariant-scenario.ts';
import { createWatchRig, source, type WatchRig } from '../../../test/support/watch-rig.ts';

const failing = (name: string, failures = 30) =>
  source(name, { failures, lastFailure: { reason: 'error', message: 'no answer at 0x76' } });
const says = (...sources: object[]) => ({ sampling: { sources } });
const climateWith = (quality: object) => says(source('climate', { quality: [quality] }), source('light'));
const temperature = { sensor: 'climate', metric: 'temperature' };
const suspect = (check: string) =>
  climateWith({ ...temperature, suspect: { check, message: 'is odd' }, counts: {} });

describeInvariant({
  of: 'bus_stuck',
  subject: '1',
  when: 'an exchange hangs, and says nothing of the sensors on that bus',
  breaks: (rig) =>
    rig.reader({
      i2c_buses: [{ bus: 1, state: 'stuck', stuckSinceAt: rig.world.clock.wallMs() }],
      ...says(failing('climate'), failing('light'), source('kernel-cpu')),
    }),
  heals: (rig) =>
    rig.reader({
      i2c_buses: [{ bus: 1, state: 'free' }],
      ...says(source('climate'), source('light'), source('kernel-cpu')),
    }),
  twin: [
    'it waits for its turn',
    (rig) => rig.reader({ i2c_buses: [{ bus: 1, state: 'free', waiting: 12 }] }),
  ],
});

describeInvariant({
  of: 'sensor_silent',
  subject: 'climate',
  when: 'a source has failed for two minutes on end',
  breaks: (rig) => rig.reader(says(failing('climate', 12), source('light'))),
  heals: (rig) => rig.reader(says(source('climate'), source('light'))),
  twin: ['it fails now and then', (rig) => rig.reader(says(failing('climate', 11), source('light')))],
});

describeInvariant({
  of: 'sensor_silent',
  subject: 'kernel-cpu',
  when: 'one of several that an entry stands for fails',
  breaks: (rig) => rig.reader(says(source('climate'), failing('kernel-cpu'))),
  heals: (rig) => rig.reader(says(source('climate'), source('kernel-cpu'))),
  twin: [
    'it has its quiet hours',
    (rig) =>
      rig.reader(says(source('climate', { failures: 30, quiet: { untilAt: 0, words: 'until 06:00' } }))),
  ],
});

/** A tenth of its answers are garbled from now on, or less. */
function garble(rig: WatchRig, share: number): void {
  let reads = 0;
  rig.eachRound(() => {
    reads += 1;
    const faults = { checksum: Math.floor(reads * share), garbled: 1, no_answer: reads };
    rig.reader(says(source('climate', { statistics: { faults } }), source('light')));
  });
}

describeInvariant({
  of: 'sensor_garbled',
  subject: 'climate',
  // 90 reads are half an hour of looks.
  patience: 30,
  when: 'a tenth of its answers are garbled',
  breaks: (rig) => garble(rig, 0.1),
  heals: (rig) => garble(rig, 0),
  heedless: 120,
  twin: ['one in fifty is, and many are not there at all', (rig) => garble(rig, 0.02)],
});

it('a source whose answers are garbled is named with its bus and address', async () => {
  const rig = createWatchRig();
  await rig.looks(1);
  garble(rig, 0.5);

  await rig.looks(10);

  expect(rig.tickets()).toMatchObject([
    {
      key: 'sensor_garbled:climate',
      title: expect.stringMatching(/ answers of climate \(bus 1, 0x76\) were garbled/),
    },
  ]);
});

describeInvariant({
  of: 'sensor_stuck',
  subject: 'climate/climate/temperature',
  when: 'its value stands still',
  breaks: (rig) => rig.reader(suspect('unchanged')),
  heals: (rig) => rig.reader(climateWith({ ...temperature, counts: { unchanged: 40 } })),
  twin: ['it warms up', (rig) => rig.reader(suspect('warm_up'))],
});

describeInvariant({
  of: 'sensor_out_of_range',
  subject: 'climate/climate/temperature',
  when: 'its value cannot be',
  breaks: (rig) => rig.reader(suspect('range')),
  heals: (rig) => rig.reader(says(source('climate'), source('light'))),
  twin: [
    'it could not be an hour ago',
    (rig) => rig.reader(climateWith({ ...temperature, counts: { range: 9 } })),
  ],
});

const spikes = (rig: WatchRig, spike: number) =>
  rig.reader(climateWith({ ...temperature, counts: { spike } }));

describeInvariant({
  of: 'sensor_spiking',
  subject: 'climate/climate/temperature',
  when: 'it jumps five times in a quarter of an hour',
  breaks: (rig) => spikes(rig, 5),
  heals: () => {},
  heedless: 30,
  twin: ['it jumps four times', (rig) => spikes(rig, 4)],
});
