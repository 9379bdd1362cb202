/**
 * `sensorctl doctor`: looks at everything that the gateway needs, and says of each part whether it is well,
 * what was seen, and the command that mends it. Changes nothing and needs no root; it says where root would
 * see more. What is checked is in `lib/ops/doctor/checks`.
 */

import { styleText } from 'node:util';
import { systemClock } from '../../lib/base/clock.ts';
import { EXIT } from '../../lib/base/errors.ts';
import { CHECKS } from '../../lib/ops/doctor/checks/index.ts';
import { type Diagnosis, examine } from '../../lib/ops/doctor/examine.ts';
import { type Check, STEPS, type Verdict } from '../../lib/ops/doctor/finding.ts';
import { createSystemProbe } from '../../lib/ops/doctor/system-probe.ts';
import { type Command, type CommandContext, textOption, usageError } from './command.ts';
import { writeBundle } from './doctor-bundle.ts';
import { subjectOf } from './doctor-subject.ts';
import { createProgress, type Progress } from './progress.ts';
import { count } from './words.ts';

/** What a Nagios plugin ends with; the worst that was found counts. */
const NAGIOS_EXIT: Readonly<Record<Verdict, number>> = { pass: 0, warn: 1, fail: 2, unknown: 3 };
const NAGIOS_WORD: Readonly<Record<Verdict, string>> = {
  pass: 'OK',
  warn: 'WARNING',
  fail: 'CRITICAL',
  unknown: 'UNKNOWN',
};

export const doctor: Command = {
  name: 'doctor',
  about: 'examine the machine and the installation: what is wrong, and which command mends it',
  options: {
    step: {
      value: 'STEP',
      about: `only one part: ${STEPS.join(', ')} (else all)`,
      choices: [...STEPS, 'all'],
    },
    bundle: {
      value: 'FILE',
      about: 'put findings, journal and states into this .tar.gz, with secrets masked',
    },
    check: { about: 'one line and the exit codes of a Nagios plugin: 0, 1, 2 or 3' },
  },
  examples: [
    ['sensorctl doctor', 'is this machine fit for it, and what mends it?'],
    ['sensorctl doctor --step disk', 'only the disk'],
    ['sensorctl doctor --bundle report.tar.gz', 'for somebody who helps'],
  ],
  async run(context) {
    const checks = chosen(context);
    const probe = createSystemProbe({ clock: systemClock, environment: context.environment });
    const subject = subjectOf(context);
    const found = await examine(withProgress(checks, createProgress(context)), probe, subject, systemClock);
    const file = textOption(context, 'bundle');
    if (file !== undefined) {
      const words = diagnosesInWords(found, false).join('\n');
      const report = { words, json: JSON.stringify(diagnosesAsJson(found)), atMs: context.wallMs() };
      const made = await writeBundle({ file, option: '--bundle FILE.tar.gz' }, report, probe, subject);
      context.terminal.note(`Written: ${made}. Look into it before you send it.`);
    }
    if (context.json) await context.terminal.out(JSON.stringify(diagnosesAsJson(found)));
    if (context.options.check === true) {
      if (!context.json) await context.terminal.out(nagiosLine(found));
      return NAGIOS_EXIT[worst(found)];
    }
    if (!context.json)
      for (const line of diagnosesInWords(found, context.terminal.colours)) await context.terminal.out(line);
    return found.some(({ verdict }) => verdict === 'fail') ? EXIT.failed : EXIT.ok;
  },
};

/** The same checks, which tell as each is done. */
export function withProgress(checks: readonly Check[], tell: Progress): readonly Check[] {
  let done = 0;
  return checks.map((check) => ({
    ...check,
    async run(...args) {
      try {
        return await check.run(...args);
      } finally {
        done += 1;
        tell(done, checks.length, 'checks');
      }
    },
  }));
}

/** Throws `SGW_USAGE` for a step that there is not. */
function chosen(context: CommandContext): readonly Check[] {
  const step = textOption(context, 'step') ?? 'all';
  if (step === 'all') return CHECKS;
  const checks = CHECKS.filter((check) => check.step === step);
  if (checks.length > 0) return checks;
  throw usageError(`--step: there is no "${step}"; there is ${STEPS.join(', ')} and all`, 'doctor');
}

/** What cannot be seen is better news than what is seen to be wrong. */
function worst(found: readonly Diagnosis[]): Verdict {
  const order: readonly Verdict[] = ['fail', 'warn', 'unknown'];
  return order.find((verdict) => found.some((one) => one.verdict === verdict)) ?? 'pass';
}

export function tally(found: readonly Diagnosis[], verdict: Verdict): number {
  return found.filter((one) => one.verdict === verdict).length;
}

const COLOURS = { pass: 'green', warn: 'yellow', fail: 'red', unknown: 'cyan' } as const;

export function diagnosesInWords(found: readonly Diagnosis[], colours: boolean): string[] {
  const width = Math.max(...found.map(({ check }) => check.length));
  const lines = found.flatMap(({ verdict, check, evidence, fix }) => {
    const word = verdict.toUpperCase().padEnd(7);
    const shown = colours ? styleText(COLOURS[verdict], word) : word;
    const line = `${shown}  ${check.padEnd(width)}  ${evidence}`;
    return fix === undefined ? [line] : [line, `${' '.repeat(9)}${' '.repeat(width)}  -> ${fix}`];
  });
  return [...lines, '', summary(found)];
}

function summary(found: readonly Diagnosis[]): string {
  const unknown = tally(found, 'unknown');
  const more = unknown > 0 ? `, ${unknown} unknown (sudo sensorctl doctor sees more)` : '';
  const warnings = count(tally(found, 'warn'), 'warning');
  return `${tally(found, 'pass')} passed, ${warnings}, ${tally(found, 'fail')} failed${more}`;
}

function nagiosLine(found: readonly Diagnosis[]): string {
  const verdict = worst(found);
  const first = found.find((one) => one.verdict === verdict && verdict !== 'pass');
  const said = first === undefined ? summary(found) : `${first.check}: ${first.evidence}`;
  // A bar begins the numbers in this format.
  const numbers = (['pass', 'warn', 'fail', 'unknown'] as const).map((one) => `${one}=${tally(found, one)}`);
  return `SENSORGW ${NAGIOS_WORD[verdict]} - ${said.replaceAll('|', '/')} | ${numbers.join(' ')}`;
}

export function diagnosesAsJson(found: readonly Diagnosis[]): object {
  return {
    ok: tally(found, 'fail') === 0,
    passed: tally(found, 'pass'),
    warnings: tally(found, 'warn'),
    failed: tally(found, 'fail'),
    unknown: tally(found, 'unknown'),
    findings: found.map(({ fix, ...one }) => ({ ...one, fix: fix ?? null })),
  };
}
