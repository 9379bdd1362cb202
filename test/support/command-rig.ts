/**
 * Runs a command of `sensorctl` in this process, on directories of its own, and keeps what it said. Whatever it prints
 * as JSON must be of the format that it promises: every test that asks for JSON holds that, too.
 */

import type { Command, CommandContext } from '../../src/commands/command.ts';
import { FORMATS } from '../../src/commands/formats/index.ts';
import { formatOf } from '../../src/commands/json-format.ts';
import { tempDir } from './temp-dir.ts';
import { INCIDENT_AT } from './virtual-clock.ts';

export interface Said {
  readonly exitCode: number;
  readonly out: string[];
  readonly notes: string[];
}

export interface CommandRig {
  readonly dataDir: string;
  readonly environment: Record<string, string>;
  run(command: Command, options?: CommandContext['options']): Promise<Said>;
}

/** `packageDir` has no `data` unless the test makes one. */
export function commandRig(more: { packageDir?: string; wallMs?: () => number } = {}): CommandRig {
  const dataDir = tempDir();
  const environment = { SENSORGW_DATA_DIR: dataDir, SENSORGW_RUN_DIR: dataDir };
  return {
    dataDir,
    environment,
    async run(command, options = {}) {
      const out: string[] = [];
      const notes: string[] = [];
      const exitCode = await command.run({
        options,
        json: options.json === true,
        terminal: {
          out: async (line) => void out.push(line),
          note: (line) => void notes.push(line),
          colours: false,
        },
        environment,
        wallMs: () => INCIDENT_AT,
        hostName: 'pi',
        packageDir: dataDir,
        ...more,
      });
      if (options.json === true) for (const line of out) assertFormat(command, line);
      return { exitCode, out, notes };
    },
  };
}

function assertFormat(command: Command, line: string): void {
  if (formatOf(command) === undefined) return;
  const judged = FORMATS[command.name]?.safeParse(JSON.parse(line));
  if (judged?.success === true) return;
  const why = judged?.error.message ?? 'it has no format: see src/commands/formats';
  throw new Error(`sensorctl ${command.name} --json: ${why}\n${line}`);
}
