/** Names that a command is about to write to, and at which somebody has put a link: sudo must not write through it. */

import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EXIT } from '../../lib/base/errors.ts';
import { type CommandRig, commandRig } from '../../test/support/command-rig.ts';
import { prefillOutbox } from '../../test/support/prefilled-outbox.ts';
import { configSet } from './config-set.ts';
import { outboxExport } from './outbox-export.ts';

const COMMANDS: readonly (readonly [
  link: string,
  run: (rig: CommandRig) => Promise<{ exitCode: number }>,
])[] = [
  ['out.ndjson.part', (rig) => rig.run(outboxExport, { output: join(rig.dataDir, 'out.ndjson') })],
  ['config.yaml.new', setsInterval],
  ['config.yaml.draft', setsInterval],
];

test.each(COMMANDS)('a link at %s is taken away, and what it leads to stays as it was', async (link, run) => {
  const rig = commandRig();
  prefillOutbox(rig.dataDir, 3);
  writeFileSync(join(rig.dataDir, 'config.yaml'), 'gateway: attic\n');
  const secret = join(rig.dataDir, 'secret');
  writeFileSync(secret, 'as it was');
  symlinkSync(secret, join(rig.dataDir, link));

  const { exitCode } = await run(rig);

  expect(exitCode).toBe(EXIT.ok);
  expect(readFileSync(secret, 'utf8')).toBe('as it was');
});

function setsInterval({ run, dataDir }: CommandRig) {
  return run(configSet, { config: join(dataDir, 'config.yaml'), KEY: 'sampling.interval', VALUE: '20s' });
}
