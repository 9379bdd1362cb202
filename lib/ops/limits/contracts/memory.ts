/** Between what programs may hold and what unit, settings and machine grant them. */

import type { Contract } from '../contract.ts';
import { type Limits, PROGRAMS, type Program } from '../limits.ts';
import { least, type Quantity, shareOf, sum } from '../quantity.ts';
import { inUnit } from './units.ts';

/** The smallest that somebody has set: the one that the program keeps to. */
function limitOf({ settings, units }: Limits, program: Program): Quantity | undefined {
  const { memoryMax, memoryTold } = units[program];
  return least(settings.memoryMax, memoryTold, memoryMax);
}

function ofProgram(program: Program): readonly Contract[] {
  return [
    {
      name: 'memory told',
      program,
      step: 'memory',
      verdict: 'warn',
      relation: 'exactly',
      sides: ({ units }) => [units[program].memoryTold, units[program].memoryMax],
      otherwise: 'the program keeps to another limit than its unit grants',
      fix: inUnit(program, 'MemoryMax= and Environment=SENSORGW_UNIT_MEMORY_MIB= with the same MiB'),
    },
    {
      name: 'caches',
      program,
      step: 'memory',
      verdict: 'warn',
      relation: 'less than',
      sides: (limits) => {
        const { atRest, held, endShare } = limits.fixed;
        return [
          sum(`what ${program} has at rest and holds in a bad hour`, atRest, held[program]),
          shareOf(limitOf(limits, program), endShare, `${endShare * 100} % of`),
        ];
      },
      otherwise: 'it is started afresh for want of memory just when there is the most to do',
      fix: `Raise memory.max if it is set, or the limit: ${inUnit(program, 'MemoryMax=')}`,
    },
  ];
}

/** Those that must not be given up for others. */
const KEPT: readonly Program[] = ['sensor-api-write', 'sensor-main'];

export const MEMORY_CONTRACTS: readonly Contract[] = [
  ...PROGRAMS.flatMap(ofProgram),
  {
    name: 'memory setting',
    step: 'memory',
    verdict: 'warn',
    relation: 'at most',
    // Of both the one that is granted more: the setting is for both.
    sides: ({ settings, units }) => [settings.memoryMax, units['sensor-main'].memoryMax],
    otherwise: 'the setting has no effect, because the units grant less',
    fix: `Lower memory.max, or raise the limit: ${inUnit('sensor-main', 'MemoryMax=')}`,
  },
  {
    name: 'machine memory',
    step: 'memory',
    verdict: 'warn',
    relation: 'at most',
    sides: (limits) => [
      sum(
        'the memory limits of reader and write API and what others need',
        // The monitor is the first that the kernel takes when there is no more: see its OOMScoreAdjust=.
        ...KEPT.map((program) => limitOf(limits, program)),
        limits.fixed.forOthers,
      ),
      limits.machine.memory,
    ],
    otherwise: 'a leak takes the machine along before it meets its limit, and nobody can log in any more',
    fix: `${inUnit('sensor-main', 'MemoryMax=150M and Environment=SENSORGW_UNIT_MEMORY_MIB=150')}; the same for sensor-api-write, with 200`,
  },
];
