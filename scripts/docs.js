// @ts-check
/**
 * `npm run docs`: writes every file that follows from the code: the settings, the commands, the man page, the
 * completions and the formats of `--json`. Tests hold each of them to what this would write.
 */

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, runMain, setUp } from './setup.js';

/** @type {Readonly<Record<string, readonly string[]>>} */
const FILES = {
  'docs/settings.md': ['config', 'docs'],
  'config.example.yaml': ['config', 'sample'],
  'docs/commands.md': ['commands', 'docs'],
  'docs/json-formats.json': ['commands', 'formats'],
  'deploy/man/sensorctl.1': ['commands', 'man'],
  'deploy/completions/sensorctl.bash': ['completion', 'bash'],
  'deploy/completions/_sensorctl': ['completion', 'zsh'],
  'deploy/completions/sensorctl.fish': ['completion', 'fish'],
};

await runMain(async () => {
  await setUp();
  for (const [file, args] of Object.entries(FILES)) {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(ROOT, 'dist/src/sensorctl.js'), ...args],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`sensorctl ${args.join(' ')} has failed:\n${stderr}`);
    writeFileSync(join(ROOT, file), stdout);
    console.log(file);
  }
  return 0;
});
