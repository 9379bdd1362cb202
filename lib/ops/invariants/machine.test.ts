import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeInvariant } from '../../../test/support/invariant-scenario.ts';
import { noSmallDisk, smallDisk } from '../../../test/support/small-disk.ts';
import { someReadings, successorOutbox } from '../../../test/support/temp-outbox.ts';
import { createWatchRig, type WatchRig } from '../../../test/support/watch-rig.ts';
import { moveAside } from '../../base/damaged-file.ts';
import { noteSalvaged } from '../../base/quarantine-shelf.ts';

const MIB = 1_048_576;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describeInvariant({
  of: 'disk_space',
  when: 'the disk is nearly full',
  breaks: (rig) => rig.room({ bytesFree: 120 * MIB }),
  heals: (rig) => rig.room({}),
  twin: ['a tenth of it is free', (rig) => rig.room({ bytesFree: 3_200 * MIB })],
});

describeInvariant({
  of: 'disk_space',
  severity: 'critical',
  when: 'the reserve is reached',
  breaks: (rig) => rig.room({ bytesFree: 60 * MIB }),
  heals: (rig) => rig.room({}),
  twin: ['all of it is free', (rig) => rig.room({ bytesFree: 32e9 })],
});

describeInvariant({
  of: 'disk_inodes',
  when: 'hardly a file can be made any more',
  breaks: (rig) => rig.room({ inodesFree: 999 }),
  heals: (rig) => rig.room({}),
  twin: ['a thousand can', (rig) => rig.room({ inodesFree: 1_000 })],
});

const mount = (rig: WatchRig, options: string) =>
  rig.file('/proc/self/mountinfo', `25 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 ${options}\n`);

describeInvariant({
  of: 'disk_read_only',
  when: 'the kernel has turned it read-only',
  breaks: (rig) => mount(rig, 'ro,errors=remount-ro'),
  heals: (rig) => mount(rig, 'rw'),
  twin: [
    'another one is',
    (rig) =>
      rig.file(
        '/proc/self/mountinfo',
        '25 1 179:2 / / rw - ext4 /dev/mmcblk0p2 rw\n26 25 179:1 / /boot ro - vfat /dev/mmcblk0p1 ro\n',
      ),
  ],
});

const ERRORS = '/sys/fs/ext4/mmcblk0p2/errors_count';

describeInvariant({
  of: 'disk_errors',
  when: 'ext4 has met one',
  breaks: (rig) => rig.file(ERRORS, '1\n'),
  heals: (rig) => rig.file(ERRORS, '0\n'),
  twin: ['nobody counts', (rig) => rig.without(ERRORS)],
});

describeInvariant({
  of: 'disk_refuses',
  when: 'readings are only in memory',
  breaks: (rig) => rig.reader({ held: 72 }),
  heals: (rig) => rig.reader({ held: 0 }),
  twin: [
    'it has for a moment, and then took them',
    async (rig) => {
      rig.reader({ held: 12 });
      await rig.looks(1);
      rig.reader({ held: 0 });
    },
  ],
});

const appends = (rig: WatchRig, medianMs: number) =>
  rig.reader({ appends: { median_ms: medianMs, slowest_ms: 2 * medianMs } });

describeInvariant({
  of: 'disk_slow',
  when: 'an append takes more than half a second',
  breaks: (rig) => appends(rig, 501),
  heals: (rig) => appends(rig, 4),
  twin: ['it takes a little less, and always has', (rig) => appends(rig, 90)],
});

it('a disk that has become much slower than it was is told of, and one that always was is not', async () => {
  const [worn, slow] = [createWatchRig(), createWatchRig()];
  appends(worn, 20);
  appends(slow, 200);
  for (const rig of [worn, slow]) await rig.looks(70);

  appends(worn, 200);
  for (const rig of [worn, slow]) await rig.looks(10);

  expect(worn.tickets()).toMatchObject([
    { key: 'disk_slow', title: 'the disk is slow: an append takes 200 ms, after 20 ms half an hour before' },
  ]);
  expect(slow.tickets()).toEqual([]);
});

const available = (rig: WatchRig, kib: number) =>
  rig.file('/proc/meminfo', `MemTotal: 1000000 kB\nMemAvailable: ${kib} kB\nSwapTotal: 0 kB\n`);

describeInvariant({
  of: 'memory_low',
  when: 'there is hardly enough for a shell',
  breaks: (rig) => available(rig, 65_535),
  heals: (rig) => available(rig, 600_000),
  twin: ['there is', (rig) => available(rig, 65_536)],
});

const pressure = (rig: WatchRig, percent: number) =>
  rig.file(
    '/proc/pressure/memory',
    `some avg10=90.00 avg60=60.00 avg300=${percent} total=9\nfull avg300=0\n`,
  );

describeInvariant({
  of: 'memory_low',
  when: 'everything waits for it',
  breaks: (rig) => pressure(rig, 31.5),
  heals: (rig) => pressure(rig, 2),
  twin: ['it was so for a few seconds', (rig) => pressure(rig, 12)],
});

const THROTTLED = '/sys/devices/platform/soc/soc:firmware/get_throttled';

describeInvariant({
  of: 'under_voltage',
  when: 'the firmware says so, and says nothing of the throttling that follows from it',
  breaks: (rig) => rig.file(THROTTLED, '50005\n'),
  heals: (rig) => rig.file(THROTTLED, '50000\n'),
  twin: ['it was too low once since the boot', (rig) => rig.file(THROTTLED, '10000\n')],
});

describeInvariant({
  of: 'cpu_throttled',
  when: 'the firmware slows it down',
  breaks: (rig) => rig.file(THROTTLED, '4\n'),
  heals: (rig) => rig.file(THROTTLED, '40000\n'),
  twin: ['there is no such firmware', (rig) => rig.without(THROTTLED)],
});

const celsius = (rig: WatchRig, degrees: number) =>
  rig.file('/sys/class/thermal/thermal_zone0/temp', `${degrees * 1_000}\n`);

describeInvariant({
  of: 'cpu_hot',
  when: 'it has 80 °C, until it has cooled down for good',
  breaks: (rig) => celsius(rig, 80),
  async heals(rig) {
    celsius(rig, 78);
    await rig.looks(10);
    expect(rig.open()).toEqual(['cpu_hot']);
    celsius(rig, 70);
  },
  twin: ['it has 79', (rig) => celsius(rig, 79)],
});

describeInvariant({
  of: 'oom_kills',
  when: 'the kernel has killed for memory',
  breaks: (rig) => rig.file('/proc/vmstat', 'oom_kill 1\n'),
  heals: () => {},
  heedless: 120,
  twin: ['it has before the monitor was started', (rig) => rig.file('/proc/vmstat', 'oom_kill 0\n')],
});

function damage(rig: WatchRig, file: string): string {
  writeFileSync(join(rig.dataDir, file), 'this was a database once');
  return moveAside(join(rig.dataDir, file), {
    reason: 'its header is damaged',
    at: rig.world.clock.wallMs(),
  });
}

let dir = '';

describeInvariant({
  of: 'file_damaged',
  subject: 'store.db',
  when: 'a store was put aside, until what it held is back and a day has gone by',
  breaks: (rig) => {
    dir = damage(rig, 'store.db');
  },
  async heals(rig) {
    noteSalvaged(dir, {});
    await rig.looks(2);
    expect(rig.open()).toEqual(['file_damaged:store.db']);
    rig.world.clock.stepWall(DAY_MS);
  },
  twin: ['nothing lies in quarantine', (rig) => void mkdirSync(join(rig.dataDir, 'quarantine'))],
});

/** Somebody deletes an outbox in which so many readings wait, and the reader starts again. */
function deleteOutbox({ outbox, place, world }: WatchRig, rows: number): void {
  outbox.close();
  const before = successorOutbox(place.outboxFile, world);
  before.append(someReadings(rows));
  before.close();
  rmSync(place.outboxFile);
  successorOutbox(place.outboxFile, world).close();
}

describeInvariant({
  of: 'outbox_deleted',
  when: 'readings waited in it, until a day has gone by',
  breaks: (rig) => deleteOutbox(rig, 3),
  async heals(rig) {
    await rig.looks(2);
    expect(rig.tickets()).toMatchObject([
      { title: 'an outbox was deleted: 3 readings that waited in it are lost, and named in the ledger' },
    ]);
    rig.world.clock.stepWall(DAY_MS);
  },
  twin: ['nothing waited in it', (rig) => deleteOutbox(rig, 0)],
});

/** The power fails in each of these boots. */
function cutPower({ outbox, place, world }: WatchRig, bootIds: readonly string[]): void {
  outbox.close();
  for (const bootId of ['before', ...bootIds]) successorOutbox(place.outboxFile, world, { bootId });
}

describeInvariant({
  of: 'boots_often',
  when: 'the power has failed three times within an hour',
  breaks: (rig) => cutPower(rig, ['a', 'b', 'c']),
  heals: () => {},
  heedless: 120,
  twin: [
    'it has failed twice, the reader was killed, also after the machine had slept, and somebody has rebooted',
    (rig) => {
      cutPower(rig, ['a', 'b', 'b', 'b+60', 'b+90']);
      for (const bootId of ['b', 'c', 'd', 'e'])
        successorOutbox(rig.place.outboxFile, rig.world, { bootId }).close();
    },
  ],
});

const clockSays = (rig: WatchRig, more: object) =>
  rig.reader({ clock: { trusted: true, why: 'NTP has synchronised it', jumpedMs: 0, ...more } });
const UNTRUSTED = { trusted: false, why: 'NTP has not synchronised it yet' };

describeInvariant({
  of: 'clock_untrusted',
  patience: 30,
  when: 'nobody has vouched for it for a quarter of an hour',
  breaks: (rig) => clockSays(rig, UNTRUSTED),
  heals: (rig) => clockSays(rig, {}),
  twin: [
    'somebody does after ten minutes',
    async (rig) => {
      clockSays(rig, UNTRUSTED);
      await rig.looks(20);
      clockSays(rig, {});
    },
  ],
});

describeInvariant({
  of: 'clock_jumped',
  when: 'it was set by nobody who vouches for it',
  breaks: (rig) => clockSays(rig, { jumpedMs: 3_600_000 }),
  heals: (rig) => clockSays(rig, {}),
  twin: ['it was, and a time service stands behind it', (rig) => rig.world.clock.stepWall(3_600_000)],
});

it('nothing is said of a clock that a person has called untrustworthy', async () => {
  const rig = createWatchRig({ watched: { clockTrust: 'never' } });
  clockSays(rig, { ...UNTRUSTED, jumpedMs: 3_600_000 });

  await rig.looks(60);

  expect(rig.tickets()).toEqual([]);
});

const REMOTE = 'https://collector.example';
const valid = (rig: WatchRig, days: number) =>
  rig.answer(`${REMOTE}/health`, {
    status: 200,
    headers: {},
    body: '',
    certificateUntilAt: rig.world.clock.wallMs() + days * DAY_MS,
  });
const remotely = {
  // It is asked once an hour.
  everyMs: HOUR_MS / 2,
  place: { destinations: [{ name: 'collector', url: REMOTE, caFile: undefined }] },
};

describeInvariant({
  of: 'certificate_expires',
  subject: 'collector',
  rare: 2,
  rig: remotely,
  when: 'it ends in less than two weeks',
  breaks: (rig) => valid(rig, 13),
  heals: (rig) => valid(rig, 90),
  twin: [
    'the other side does not answer',
    (rig) => rig.answer(`${REMOTE}/health`, { error: 'ECONNREFUSED' }),
  ],
});

describeInvariant({
  of: 'certificate_expires',
  subject: 'collector',
  severity: 'critical',
  rare: 2,
  rig: remotely,
  when: 'it ends in less than three days',
  breaks: (rig) => valid(rig, 2.9),
  heals: (rig) => valid(rig, 90),
  twin: ['it has a month', (rig) => valid(rig, 30)],
});

it('a real disk that is filled is told of, and resolves when there is room again', async (context) => {
  const refused = noSmallDisk();
  context.skip(refused !== undefined, refused);
  const disk = smallDisk('tmpfs', { mib: 64, inodes: 5_000 });
  const bounds = { bytesMax: 16 * MIB, diskReserve: 4 * MIB };
  const rig = createWatchRig({
    place: { dataDir: disk.dir, bounds },
    watched: { diskReserveBytes: bounds.diskReserve },
  });
  rig.override('roomAt', undefined);
  await rig.looks(4);
  expect(rig.open()).toEqual([]);

  disk.fill();
  await rig.looks(4);
  expect(rig.tickets()).toMatchObject([{ key: 'disk_space', severity: 'critical' }]);
  disk.empty();
  await rig.looks(5);

  expect(rig.open()).toEqual([]);
});
