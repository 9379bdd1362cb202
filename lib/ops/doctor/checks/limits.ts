/** Whether limits that are set in different places go together: a check for each part of the doctor that has some. */

import { judge, titleOf } from '../../limits/contract.ts';
import { CONTRACTS } from '../../limits/contracts/index.ts';
import { lookAtLimits } from '../../limits/look.ts';
import { type Check, type Finding, notApplicable, pass, type Step } from '../finding.ts';

function limitsOf(step: Step, asks: string): Check {
  return {
    name: `${step}-limits`,
    step,
    asks,
    async run(probe, subject) {
      const { dataDir, outboxFile, packageDir, clone } = subject;
      const place = { dataDir, outboxFile, packageDir, units: !clone };
      const limits = await lookAtLimits(probe, subject.limits, place);
      const judged = CONTRACTS.filter((one) => one.step === step).map((one) => judge(one, limits));
      const violated = judged.filter(({ state }) => state === 'violated');
      if (violated.length > 0) {
        return violated.map(({ contract, evidence }): Finding => {
          const { verdict, fix } = contract;
          return { verdict, evidence: `${titleOf(contract)}: ${evidence}`, fix };
        });
      }
      const kept = judged.filter(({ state }) => state === 'kept').length;
      const unseen = judged.length - kept;
      if (kept === 0) return notApplicable('none of its contracts has both its limits here');
      const rest = unseen === 0 ? '' : `; ${unseen} more do not apply here, or cannot be seen`;
      return pass(`${kept} contracts between limits are kept${rest}`);
    },
  };
}

export const configLimits = limitsOf(
  'config',
  'do the settings go together, and with what the programs take for granted?',
);
export const diskLimits = limitsOf(
  'disk',
  'do the bounds of what is written go together with the room for it?',
);
export const systemdLimits = limitsOf(
  'systemd',
  'do the limits of units, programs and recovery script go together?',
);
export const memoryLimits = limitsOf(
  'memory',
  'do the memory limits go together with what is held, and with the machine?',
);
