/** Runs a command of `sensorctl` in this process, on directories of its own, and keeps what it said. */

import type { Command, CommandContext } from '../../src/commands/command.ts';
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
      return { exitCode, out, notes };
    },
  };
}
