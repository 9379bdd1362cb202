/**
 * The power of a whole machine goes while two outboxes are written to, again and again on the same disks:
 * its kernel, its page cache and its journal are gone in one instant, and only what it had flushed stays.
 * One outbox is as the product opens it; its twin has synchronous=NORMAL, which better-sqlite3 sets by itself.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { whyNoCard } from '../crash/card.ts';
import { addFindings, type CutFindings, noFindings } from '../crash/cut-findings.ts';
import { run } from '../support/debian-root.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';
import { appImage } from './app-image.ts';
import { guestImage } from './guest-image.ts';
import { startMachine, whyNoMachine } from './machine.ts';
import { CUTS, SEED } from './settings.ts';

/** From the first round of both: time for many commits, and for the machine to write some of them back by itself. */
const WRITING_MIN_MS = 500;
const WRITING_MAX_MS = 4_000;
const DISK_SIZE = '64M';
/**
 * Further cuts while the twin has been lucky: one that has just checkpointed has synced all it ever
 * acknowledged, and nothing else decides whether a single cut finds it so.
 */
const LUCKY_CUTS_MAX = 9;
/** The first machine is made from packages. */
const MAKING_MS = 300_000;
/** On a host that others use, too: beside a dozen others a boot has taken two minutes. */
const CUT_MS = 180_000;

const reason = whyNoMachine() ?? whyNoCard();

test('the power of a whole machine goes, and nothing that was acknowledged is lost; with NORMAL it is', {
  timeout: MAKING_MS + (CUTS + LUCKY_CUTS_MAX) * CUT_MS,
}, async (context) => {
  if (reason !== undefined) context.skip(reason);
  const random = createSeededRandom(SEED);
  const dir = tempDir();
  const image = guestImage();
  const app = appImage(dir, ['test/crash/outbox-writer.ts']);
  const full = createDisk(dir, 'FULL');
  const normal = createDisk(dir, 'NORMAL');

  let cuts = 0;
  while (cuts < CUTS || (normal.found.lost.length === 0 && cuts < CUTS + LUCKY_CUTS_MAX)) {
    cuts += 1;
    const machine = await startMachine({
      image,
      app,
      dir,
      bare: true,
      disks: [full.image, normal.image],
      notes: [full.notes, normal.notes],
    });
    onTestFinished(() => machine.cutPower());
    await machine.do(writing('vdc', 'FULL', 'vport1p2'));
    await machine.do(writing('vdd', 'NORMAL', 'vport1p3'));
    await machine.process.count(({ text }) => text === 'appending', 2);
    await sleep(WRITING_MIN_MS + random.fraction() * (WRITING_MAX_MS - WRITING_MIN_MS));
    await machine.cutPower();
    full.look(cuts);
    normal.look(cuts);
  }

  const { lost, wrong, reassigned, damaged } = full.found;
  expect({ lost, wrong, reassigned, damaged }).toEqual({ lost: [], wrong: [], reassigned: [], damaged: [] });
  expect(full.found.accepted).toBeGreaterThan(cuts);
  expect(normal.found.lost.length).toBeGreaterThan(0);
  console.log(
    `${cuts} power cuts (seed ${SEED}): FULL lost none of ${full.found.accepted} acknowledged; ` +
      `NORMAL lost some in ${normal.found.lost.length}, ${normal.found.lost.join('; ')}`,
  );
});

/** Appends to an outbox on this disk until the power goes, and notes what was acknowledged through this port. */
function writing(device: string, synchronous: 'FULL' | 'NORMAL', port: string): string {
  const place = `/run/${synchronous}`;
  const orders = { file: `${place}/outbox.db`, notes: `/dev/${port}`, rows: 20, synchronous };
  return `
    mkdir ${place}
    mount -t ext4 /dev/${device} ${place}
    node test/crash/outbox-writer.js '${JSON.stringify(orders)}' >/dev/hvc0 2>&1 &
  `;
}

interface Disk {
  readonly image: string;
  readonly notes: string;
  readonly found: CutFindings;
  /** Mounts what the cut has left, so that the journal is replayed, and looks. */
  look(cut: number): void;
}

function createDisk(dir: string, name: string): Disk {
  const image = join(dir, `${name}.ext4`);
  const notes = join(dir, `${name}.notes`);
  const mounted = join(dir, name);
  const found = noFindings();
  mkdirSync(mounted);
  run('truncate', ['-s', DISK_SIZE, image]);
  run('mke2fs', ['-q', '-F', '-t', 'ext4', image]);
  return {
    image,
    notes,
    found,
    look(cut) {
      run('mount', ['-o', 'loop', image, mounted]);
      try {
        addFindings(found, cut, join(mounted, 'outbox.db'), notes);
      } finally {
        spawnSync('umount', [mounted]);
      }
    },
  };
}
