/**
 * `sensorctl drill WHAT`: rehearses a failure with the real programs in a sandbox, and says what was promised and
 * what was observed. The gateway of this machine is not touched. Exits with 1 if a promise was broken; the sandbox
 * is then kept, to look into.
 */

import { styleText } from 'node:util';
import { EXIT } from '../../lib/base/errors.ts';
import { type Command, type CommandContext, operandOf } from './command.ts';
import { DRILLS, type Finding } from './drill-plans.ts';
import { isRoot, runAsOwnRoot } from './drill-root.ts';
import { createSandbox } from './drill-sandbox.ts';

export const drill: Command = {
  name: 'drill',
  about: 'rehearse a failure in a sandbox: what is promised, and what happens (about a minute)',
  operand: 'WHAT',
  operandChoices: Object.keys(DRILLS),
  options: { keep: { about: 'keep the sandbox, also when every promise was kept' } },
  examples: [
    ['sensorctl drill api-down', 'what happens when the write API dies?'],
    ['sensorctl drill power-cut', 'and when somebody pulls the plug?'],
    ['sensorctl drill disk-full', 'and when the disk is full to the last byte?'],
  ],
  async run(context) {
    const what = operandOf(context, drill);
    const plan = DRILLS[what];
    if (plan === undefined) throw new Error(`there is no drill "${what}"`);
    if (plan.needsRoot === true && !isRoot()) return runAsOwnRoot(context);
    const { out, note } = context.terminal;
    const say = (line: string) => {
      if (!context.json) note(line);
    };
    const sandbox = await createSandbox(plan.sandbox());
    const forget = context.onInterrupt?.(() => sandbox.close(false));
    const findings: Finding[] = [];
    let broken = true;
    try {
      say(`${plan.about} In ${sandbox.dir}, with simulated sensors; your gateway is not touched.`);
      for (const line of plan.cannot) say(`Not rehearsed: ${line}`);
      for await (const finding of plan.run(sandbox, say)) {
        findings.push(finding);
        if (!context.json) await out(inWords(finding, context));
      }
      broken = findings.some(({ kept }) => !kept);
    } finally {
      forget?.();
      sandbox.close(context.options.keep === true || broken);
    }
    const kept = findings.filter((one) => one.kept).length;
    const stays = broken || context.options.keep === true ? sandbox.dir : null;
    if (context.json) await out(JSON.stringify({ drill: what, ok: !broken, sandbox: stays, findings }));
    else await out(`${kept} promises kept, ${findings.length - kept} broken`);
    if (stays !== null) say(`Kept to look into, with the logs of both programs: ${stays}`);
    return broken ? EXIT.failed : EXIT.ok;
  },
};

function inWords({ promised, observed, kept }: Finding, { terminal }: CommandContext): string {
  const word = kept ? 'kept  ' : 'BROKEN';
  const shown = terminal.colours ? styleText(kept ? 'green' : 'red', word, { validateStream: false }) : word;
  return `${shown}  ${promised}\n        observed: ${observed}`;
}
