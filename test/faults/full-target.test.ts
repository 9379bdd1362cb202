/**
 * Goal: a command that writes where no room is left says where that is and what else can be done, and leaves nothing
 * there. Method: the file of a stick (tmpfs) that is full to the last byte.
 */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { backupCreate } from '../../src/commands/backup-create.ts';
import { backupRestore } from '../../src/commands/backup-restore.ts';
import type { Command, CommandContext } from '../../src/commands/command.ts';
import { outboxExport } from '../../src/commands/outbox-export.ts';
import { supportBundle } from '../../src/commands/support-bundle.ts';
import { commandRig } from '../support/command-rig.ts';
import { noSmallDisk, smallDisk } from '../support/small-disk.ts';
import { someReadings, tempOutbox } from '../support/temp-outbox.ts';

const reason = noSmallDisk();

/** A gateway with an outbox on a disk that has room, and a stick that has none. */
function withFullStick() {
  const rig = commandRig();
  const { outbox } = tempOutbox({ file: join(rig.dataDir, 'outbox.db') });
  outbox.append(someReadings(500));
  outbox.close();
  const stick = smallDisk('tmpfs', { mib: 1 });
  stick.fill();
  return { ...rig, stick };
}

type Case = readonly [name: string, command: Command, options: (stick: string) => CommandContext['options']];
const CASES: readonly Case[] = [
  ['backup create', backupCreate, (stick) => ({ output: stick })],
  ['outbox export', outboxExport, (stick) => ({ output: join(stick, 'outbox.ndjson') })],
  ['support bundle', supportBundle, (stick) => ({ output: join(stick, 'report.tar.gz') })],
];

describe.skipIf(reason !== undefined)(`on a full stick${reason === undefined ? '' : ` (${reason})`}`, () => {
  test.each(CASES)('%s says that no room is left there, and leaves nothing', async (_, command, options) => {
    const { run, stick } = withFullStick();

    await expect(run(command, options(stick.dir))).rejects.toMatchObject({
      code: 'SGW_DATA_DIR_UNUSABLE',
      message: expect.stringContaining(`cannot write ${stick.dir}/`),
      hint: expect.stringMatching(/^No room is left: make some, or name another place: --output /),
    });
    expect(readdirSync(stick.dir)).toEqual(['filler']);
  });

  test('backup restore into a full data directory says so, and what was there stays', async () => {
    const { run, dataDir, environment, stick } = withFullStick();
    const [made = ''] = (await run(backupCreate)).out;
    environment.SENSORGW_DATA_DIR = stick.dir;

    await expect(run(backupRestore, { FILE: made.replace('made: ', '') })).rejects.toMatchObject({
      code: 'SGW_DATA_DIR_UNUSABLE',
      message: expect.stringContaining(`cannot write in ${stick.dir}: `),
    });
    expect(readdirSync(dataDir)).toContain('outbox.db');
    expect(readdirSync(stick.dir)).not.toContain('outbox.db');
  });
});
