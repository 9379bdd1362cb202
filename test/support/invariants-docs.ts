/** docs/invariants.md, from the invariants themselves: a test holds the file to it, and writes it with `-u`. */

import { INVARIANTS } from '../../lib/ops/invariants/index.ts';
import type { Invariant } from '../../lib/ops/invariants/invariant.ts';
import { certificatesPart } from '../../lib/ops/monitor/parts/certificates.ts';
import { gapsPart } from '../../lib/ops/monitor/parts/databases.ts';
import { recoveryPart } from '../../lib/ops/monitor/parts/services.ts';
import { LOOK_MS } from './watch-rig.ts';

/** What these go by is not looked at with each look, and one that leaves it out counts for neither. */
const SELDOM_MS: Readonly<Record<string, number | undefined>> = {
  gaps_unexplained: gapsPart.everyMs,
  recovery_silent: recoveryPart.everyMs,
  recovery_gave_up: recoveryPart.everyMs,
  certificate_expires: certificatesPart.everyMs,
};

export function invariantsMarkdown(): string {
  return `${[
    '# Invariants',
    '',
    '<!-- Written by `npx vitest run lib/ops/invariants/docs.test.ts -u`. Change lib/ops/invariants/ instead. -->',
    '',
    'What holds while all is well. `sensor-monitor` looks at the machine from outside every 30 s (`invariants.every`): the',
    'health files of the programs, both databases, systemd and the kernel. What is broken in so many looks opens a',
    '[ticket](tickets.md); what is seen whole in so many looks on end resolves it. A look that cannot tell, because a',
    'program is stopped or a file is not there, counts for neither; what costs more is looked at less often, and its looks',
    'are that far apart. While a parent is broken, for the same thing or at all, what follows from it is not said as well:',
    'a bus that hangs is one ticket, and not one for each of its sensors.',
    '',
    'The key of a ticket is the name below, and what it is about: `sensor_silent:climate`. Thresholds are settings',
    '(`invariants` in [settings.md](settings.md)); `invariants.skip` takes out what does not matter on a machine.',
    '',
    '| name | holds while all is well | severity | opens when broken in | resolves after | not said while broken |',
    '| --- | --- | --- | --- | --- | --- |',
    ...INVARIANTS.map(row),
    '',
    '## What to do',
    '',
    ...INVARIANTS.flatMap(({ name, hint }) => [`- \`${name}\`: ${hint}`]),
  ].join('\n')}\n`;
}

function row({ name, about, severity, opens, resolvesAfter, parents }: Invariant): string {
  const inTime = (looks: number) => inWords((looks - 1) * (SELDOM_MS[name] ?? LOOK_MS));
  const seen = opens.seen === 1 ? 'a look' : `${opens.seen} of ${opens.of} looks (${inTime(opens.seen)})`;
  const looks = resolvesAfter === 1 ? 'a look' : `${resolvesAfter} looks (${inTime(resolvesAfter)})`;
  const above = parents.map((parent) => `\`${parent}\``).join(', ') || '-';
  return `| \`${name}\` | ${about} | ${severity} | ${seen} | ${looks} | ${above} |`;
}

/** From the first of so many looks to the last. */
function inWords(ms: number): string {
  const seconds = ms / 1_000;
  return seconds < 120 ? `${seconds} s` : `${seconds / 60} min`;
}
